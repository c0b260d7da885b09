"""See `tests/service/test_states.py`."""

import pytest

from tests.service.test_states import *  # noqa: F403

pytestmark = pytest.mark.long
