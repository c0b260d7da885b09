"""See `tests/service/test_accounts.py`."""

import pytest

from tests.service.test_accounts import *  # noqa: F403

pytestmark = pytest.mark.long
