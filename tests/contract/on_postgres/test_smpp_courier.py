"""See `tests/smppd/test_courier.py`."""

import pytest

from tests.smppd.test_courier import *  # noqa: F403

pytestmark = pytest.mark.long
