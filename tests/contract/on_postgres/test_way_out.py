"""See `tests/service/test_way_out.py`."""

from tests.service.test_way_out import *  # noqa: F403
