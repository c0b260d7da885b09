"""See `tests/service/test_quota.py`."""

import pytest

from tests.service.test_quota import *  # noqa: F403

pytestmark = pytest.mark.long
