"""One page of a list, and which page that is; pages count from 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`total`: items of the whole list. `page` is the page that `items` are, which may not be the one asked for."""

    items: Sequence[T]
    page: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return last_page(self.total, self.per_page)


def last_page(total: int, per_page: int) -> int:
    """The number of the last page; 1 for an empty list."""
    return max(1, -(-total // per_page))


def page_within(page: int, per_page: int, total: int) -> int:
    """The page asked for, or the first or the last where it lies outside the list."""
    return min(max(page, 1), last_page(total, per_page))
