"""See `tests/service/test_expiry.py`."""

import pytest

from tests.service.test_expiry import *  # noqa: F403

pytestmark = pytest.mark.long
