"""How numbers and things are named on the terminal."""


def count(number: int, noun: str) -> str:
    """Write how many there are: 1 run, 2 runs, 1,000 runs."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"
