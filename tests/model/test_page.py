"""Pages of lists: there is always one, and the one asked for is the nearest there is."""

from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.page import Page, page_within


@given(st.integers(-100, 10_000), st.integers(1, 1000), st.integers(0, 100_000))
def test_the_page_shown_exists_and_is_the_nearest_to_the_one_asked_for(page: int, per_page: int, total: int) -> None:
    shown = page_within(page, per_page, total)
    pages = Page([], shown, per_page, total).pages
    assert 1 <= shown <= pages
    assert shown == page or page < 1 or page > pages
    assert (pages - 1) * per_page < max(total, 1) <= pages * per_page


def test_an_empty_list_has_one_page() -> None:
    assert Page([], 1, 10, 0).pages == 1
