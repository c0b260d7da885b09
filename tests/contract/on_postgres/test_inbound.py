"""See `tests/service/test_inbound.py`."""

from tests.service.test_inbound import *  # noqa: F403
