"""See `tests/service/test_receipts.py`."""

from tests.service.test_receipts import *  # noqa: F403
