"""What the profile of a link changes of a message's life: how its network reports, or that it does not."""

import pytest

from heliograph.model.link import Accepted, Delivery, ErrorClass, OnUnknown, Receipts, Refused, Unknown
from heliograph.model.message import State
from tests.core_world import DAY, HOUR, Setting, World, statement

LONG = "0123456789" * 40  # three segments


@pytest.fixture(autouse=True)
def a_network_that_names_each_segment(world: World) -> None:
    """ref1, ref2, ... in the order of sending."""
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}")


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, receipts_by_reference=True)], indirect=True)
async def test_a_receipt_by_our_reference_alone_is_matched_where_the_link_says_that_there_are_such(world: World) -> None:
    first, second = await world.submit(text=LONG), await world.submit()
    assert await world.receipt(f"umr:{second % 65536}") == second
    assert world.message(second).state == State.DELIVERED
    for sent in world.link.sent[:3]:
        assert await world.receipt(f"umr:{sent.outgoing.reference}") == first
    assert world.message(first).state == State.DELIVERED
    third = await world.submit(text="third")
    assert await world.receipt("id:ref5", f"umr:{third % 65536}") == third
    await world.jump(DAY + HOUR)
    await world.sweep()
    assert world.rows("SELECT key FROM correlation") == []


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, receipts=Receipts.NONE)], indirect=True)
async def test_what_a_network_without_receipts_took_is_final_and_says_that_nothing_confirms_it(world: World) -> None:
    world.link.says(Accepted("a"), Refused(ErrorClass.UNKNOWN, "system error"), Accepted("c"))
    message_id = await world.submit(text=LONG)
    assert world.message(message_id).segment_states == "dwd"
    await world.jump(30)
    message = world.message(message_id)
    assert (message.state, message.reason_code) == (State.DELIVERED, "not_confirmed")
    assert message.reason.startswith("Sent, not confirmed")
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.delivered"]
    assert world.rows("SELECT key FROM correlation") == [], "no receipt is waited for"
    assert world.lane().due_at_ms is None


@pytest.mark.parametrize(
    ("says", "tries", "state"),
    [("fail", [0], State.FAILED), ("retry", [0, 0, 30], State.DELIVERED), ("wait", [0, 120], State.FAILED), (None, [0, 120], State.FAILED)],
)
@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)], indirect=True)
async def test_a_policy_says_otherwise_than_the_link_what_becomes_of_an_unknown(
    world: World, says: str | None, tries: list[int], state: State
) -> None:
    settings = f'{{"on_unknown":"{says}"}}' if says else "{}"
    await world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET settings = :settings"), settings=settings))
    world.link.says(Unknown("no answer"), Unknown("no answer"), Accepted("a"))
    message_id = await world.submit()
    await world.jump(30)
    await world.jump(90)
    if says == "retry":
        await world.receipt("id:a")
    submitted_at_ms = world.message(message_id).submitted_at_ms
    assert [(sent.at_ms - submitted_at_ms) // 1000 for sent in world.link.sent] == tries
    assert world.message(message_id).state == state
