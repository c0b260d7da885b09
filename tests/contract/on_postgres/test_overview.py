"""See `tests/service/test_overview.py`."""

from tests.service.test_overview import *  # noqa: F403
