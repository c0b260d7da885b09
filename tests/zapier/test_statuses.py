"""The statuses that a Zap may wait for are those that events tell."""

import re
from pathlib import Path

from heliograph.model.event import OF_MESSAGES

TRIGGER = Path(__file__).parents[2] / "integrations/zapier/triggers/sms_status_changed.js"
NO_CHANGE = {"sms.received", "sms.accepted"}
"""What begins an SMS."""


def test_a_zap_may_wait_for_each_status_that_is_told() -> None:
    assert set(re.findall(r"'(sms\.\w+)':", TRIGGER.read_text())) == OF_MESSAGES.keys() - NO_CHANGE
