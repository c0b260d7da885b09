"""A list as a CSV file, made page by page while it is sent, so that its length costs no memory."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Self, TypeVar

from heliograph.web.portal.reply import Reply, download

T = TypeVar("T")


def csv_file(name: str, columns: Sequence[str], pages: AsyncIterator[Sequence[T]], row_of: Callable[[T], Sequence[str]]) -> Reply:
    """The file. `row_of` gives cells that no spreadsheet takes for formulas."""
    return download(_Lines(columns, pages, row_of), name)


class _Lines(Generic[T]):
    """Its octets."""

    def __init__(self, columns: Sequence[str], pages: AsyncIterator[Sequence[T]], row_of: Callable[[T], Sequence[str]]) -> None:
        self._columns = columns
        self._pages = pages
        self._row_of = row_of
        self._is_begun = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_begun:
            self._is_begun = True
            return _written([self._columns])
        return _written([self._row_of(each) for each in await anext(self._pages)])

    async def aclose(self) -> None:
        """There is nothing to close: a page is read whole."""


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
