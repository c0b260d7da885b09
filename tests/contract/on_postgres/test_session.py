"""See `tests/service/test_session.py`."""

from tests.service.test_session import *  # noqa: F403
