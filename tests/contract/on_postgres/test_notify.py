"""See `tests/service/test_notify.py`."""

import pytest

from tests.service.test_notify import *  # noqa: F403

pytestmark = pytest.mark.long
