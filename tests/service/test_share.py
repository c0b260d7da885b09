"""How much this process may have of each webhook's deliveries."""

import pytest

from heliograph.service.share import AHEAD, AHEAD_IN_ALL, LEAST, MOST, Limits, Shares
from heliograph.store.notification import Claimed


def claimed(number: int, webhook_id: int = 1) -> Claimed:
    return Claimed(
        id=number, organisation_id=1, callback_id=webhook_id, account=None, message_id=0, tries=0, type="sms.received", method="POST",
        secret=None, body="{}", created_at_ms=0,
    )  # fmt: skip


@pytest.fixture
def shares() -> Shares:
    return Shares(Limits())


def fill(shares: Shares, webhook_id: int, count: int) -> None:
    for number in range(count):
        shares.claim(claimed(number, webhook_id))


def test_what_is_left_for_a_webhook_without_room_has_nobody_look_until_half_of_it_is_settled(shares: Shares) -> None:
    most = LEAST * AHEAD
    fill(shares, 1, most)
    assert shares.room(1) == 0
    assert not shares.left_waiting(1), "or each message for one that is dead would cost a claim"
    for _ in range(most // 2 - 1):
        shares.settled(1)
        assert not shares.has_room_again(1)
    shares.settled(1)
    assert shares.has_room_again(1)


def test_what_is_left_where_room_came_meanwhile_is_claimed_at_once(shares: Shares) -> None:
    """The writer's thread saw no room; by the time its commit is told, all was settled."""
    assert shares.left_waiting(1)
    assert shares.room_for_new(1) == 0, "older ones wait"


def test_what_is_left_since_all_together_have_too_much_waits_for_any_of_them(shares: Shares) -> None:
    webhooks = MOST * AHEAD_IN_ALL // (LEAST * AHEAD) + 1
    for webhook_id in range(webhooks):
        fill(shares, webhook_id, min(LEAST * AHEAD, shares.room_in_all))
    assert not shares.left_waiting(webhooks)
    for webhook_id in range(webhooks // 2 + 1):
        assert not shares.has_room_again(webhook_id)
        for _ in range(LEAST * AHEAD):
            shares.settled(webhook_id)
    assert shares.has_room_again(0)
