"""See `tests/service/test_restart.py`."""

from tests.service.test_restart import *  # noqa: F403
