"""See `tests/smppd/test_server.py`."""

import pytest

from tests.smppd.test_server import *  # noqa: F403

pytestmark = pytest.mark.long
