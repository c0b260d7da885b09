"""Devices and their events, on PostgreSQL."""

from tests.web.test_endpoint import *  # noqa: F403
from tests.web.test_event import *  # noqa: F403
from tests.web.test_fleet import *  # noqa: F403
