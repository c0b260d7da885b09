"""See `tests/service/test_ladder.py`."""

import pytest

from tests.service.test_ladder import *  # noqa: F403

pytestmark = pytest.mark.long
