"""Users, tokens, organisations and the audit, on PostgreSQL."""

from tests.web.test_application_token import *  # noqa: F403
from tests.web.test_audit import *  # noqa: F403
from tests.web.test_authenticate import (  # noqa: F401
    test_a_lost_answer_of_a_refresh_and_two_at_once_do_no_harm,
    test_a_refresh_token_whose_successor_was_used_ends_all_that_came_of_that_login,
    test_failures_are_counted_for_all_processes,
    test_no_number_of_processes_gives_more_than_three_guesses,
    test_refresh_tokens_go_on_for_30_days_after_the_login_and_old_ones_are_deleted,
)
from tests.web.test_organisation import *  # noqa: F403
from tests.web.test_second_factor import (  # noqa: F401
    test_a_code_is_taken_once_and_no_earlier_one_after_it,
    test_a_recovery_code_stands_for_a_code_once,
    test_a_trusted_device_needs_no_code_for_90_days,
)
from tests.web.test_user import (  # noqa: F401
    test_a_key_is_kept_as_a_hash_and_works_once_for_24_hours,
    test_a_new_link_resets_a_password_and_ends_all_logins,
    test_a_suspended_user_is_nobody_until_they_are_active_again,
    test_a_user_makes_a_second_factor_activates_it_and_is_asked_for_it,
    test_the_last_superadmin_stays_one,
    test_trusted_devices_are_listed_and_forgotten,
)
