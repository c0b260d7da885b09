"""SIMs, tags, links and service policies, on PostgreSQL."""

from tests.web.test_link import *  # noqa: F403
from tests.web.test_service_profile import *  # noqa: F403
from tests.web.test_sim import *  # noqa: F403
from tests.web.test_tag import *  # noqa: F403
