"""What any call may hold, on PostgreSQL."""

from tests.web.test_hostile_input import test_no_path_and_no_query_makes_any_call_fail, test_no_value_in_any_field_of_any_call_makes_it_fail  # noqa: F401
from tests.web.test_idempotency import *  # noqa: F403
