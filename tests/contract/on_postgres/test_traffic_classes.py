"""See `tests/service/test_traffic_classes.py`."""

import pytest

from tests.service.test_traffic_classes import *  # noqa: F403

pytestmark = pytest.mark.long
