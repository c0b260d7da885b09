"""See `tests/service/test_policies.py`."""

import pytest

from tests.service.test_policies import *  # noqa: F403

pytestmark = pytest.mark.long
