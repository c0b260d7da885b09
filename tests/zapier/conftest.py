"""The stage's server: one `heliograph try` for all of it."""

from collections.abc import Iterator

import pytest

from tests.flows.program import Program, try_arguments


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    with Program(*try_arguments()) as program:
        yield program
