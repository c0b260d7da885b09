"""Finds the resource of a path in as many steps as the path has segments. It knows nothing of methods and callers."""

from collections.abc import Iterable
from typing import Generic, TypeVar

R = TypeVar("R")


class _Node(Generic[R]):
    __slots__ = ("children", "name", "resource", "wild")

    def __init__(self) -> None:
        self.children: dict[str, _Node[R]] = {}
        self.wild: _Node[R] | None = None
        self.name = ""
        self.resource: R | None = None


class Routes(Generic[R]):
    """A tree of templates such as `/api/v1/endpoint/{endpoint_id}/sms`. A written segment is preferred to a variable one."""

    def __init__(self, templates: Iterable[tuple[str, R]]) -> None:
        self._root: _Node[R] = _Node()
        for template, resource in templates:
            node = self._root
            for segment in template.split("/"):
                if segment.startswith("{"):
                    node.wild = node.wild or _Node()
                    node = node.wild
                    node.name = segment.strip("{}")
                else:
                    node = node.children.setdefault(segment, _Node())
            if node.resource is not None:
                raise ValueError(f"two resources at {template}")
            node.resource = resource

    def find(self, path: str) -> tuple[R | None, dict[str, str]]:
        """The resource of `path`, or None, and the values of the template's variables."""
        node = self._root
        values: dict[str, str] = {}
        for segment in path.split("/"):
            following = node.children.get(segment)
            if following is None:
                if (following := node.wild) is None or not segment:
                    return None, values
                values[following.name] = segment
            node = following
        return node.resource, values
