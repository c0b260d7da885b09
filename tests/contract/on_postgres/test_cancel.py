"""See `tests/service/test_cancel.py`."""

import pytest

from tests.service.test_cancel import *  # noqa: F403

pytestmark = pytest.mark.long
