"""How numbers and things are named on the terminal."""


def plural(noun: str) -> str:
    """Write a noun for several, whatever comes after it: runs of the best trials."""
    first, space, rest = noun.partition(" ")
    return f"{first}s{space}{rest}"


def count(number: int, noun: str) -> str:
    """Write how many there are: 1 run, 2 runs, 1,000 runs."""
    return f"{number:,} {noun if number == 1 else plural(noun)}"
