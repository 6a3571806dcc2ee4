"""Names for interchangeable parts, with refusals that help."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from bench.errors import UnknownNameError

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """Parts of one kind, each under a name of its own."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: dict[str, Part] = {}

    def register(self, name: str) -> Callable[[Part], Part]:
        """Decorate a part to file it under `name`; two parts never share one."""
        assert name not in self._parts

        def file(part: Part) -> Part:
            self._parts[name] = part
            return part

        return file

    def get(self, name: str, *, where: str) -> Part:
        """Return the part called `name`; `where` says in an error who asked for it."""
        if name not in self._parts:
            raise UnknownNameError(self._kind, name, self._parts, where=where)
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)
