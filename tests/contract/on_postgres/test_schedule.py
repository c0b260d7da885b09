"""See `tests/service/test_schedule.py`."""

from tests.service.test_schedule import *  # noqa: F403
