"""See `tests/service/test_webhook_engine.py`."""

import pytest

from tests.service.test_webhook_engine import *  # noqa: F403

pytestmark = pytest.mark.long
