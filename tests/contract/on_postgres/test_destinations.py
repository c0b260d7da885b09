"""See `tests/service/test_destinations.py`."""

import pytest

from tests.service.test_destinations import *  # noqa: F403

pytestmark = pytest.mark.long
