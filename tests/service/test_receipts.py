"""Which message a receipt is about, and what it makes of it (rules: Links, receipts)."""

import asyncio
import json

import pytest

from heliograph.model.ids import DeviceId
from heliograph.model.link import Accepted, Delivery, ErrorClass, ReceiptState, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service import receipt
from heliograph.service.cancel import cancel
from heliograph.service.receipt import receive_receipts
from tests.core_world import DAY, HOUR, MINUTE, Setting, World

LONG = "0123456789" * 40  # three segments
GRACE = 10 * MINUTE
pytestmark = pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)


@pytest.fixture(autouse=True)
def a_network_that_names_each_segment(world: World) -> None:
    """ref1, ref2, ... in the order of sending."""
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}")


@pytest.mark.parametrize(
    ("state", "final"),
    [
        (ReceiptState.DELIVERED, State.DELIVERED),
        (ReceiptState.FAILED, State.FAILED),
        (ReceiptState.DELETED, State.FAILED),
        (ReceiptState.EXPIRED, State.EXPIRED),
    ],
)
async def test_a_receipt_ends_its_message_with_its_event_and_is_reported(world: World, state: ReceiptState, final: State) -> None:
    message_id = await world.submit()
    assert await world.receipt("id:ref1", state=state, word="WORD") == message_id
    message = world.message(message_id)
    assert (message.state, message.final_at_ms) == (final, world.now_ms)
    assert world.events(message_id) == ["sms.accepted", "sms.sent", f"sms.{final.name.lower()}"]
    (notification,) = world.notifications(message_id)
    assert json.loads(notification.body)["status"] == {"id": int(final), "status": final.name}
    assert world.receipts()[0].disposition == "matched"


async def test_receipts_that_come_together_wait_for_others_to_be_written_with_and_one_alone_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt, "TOGETHER_PATIENCE_S", 3600.0)
    first, second, third = [await world.submit(device) for device in (1, 2, 3)]
    together = [world.heard("id:ref1", device=1), world.heard("id:ref2", device=2)]
    waiting = asyncio.ensure_future(receive_receipts(world.core, together))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert world.receipts() == [], "nothing is written of them"
    assert await world.receipt("id:ref3", device=3) == third
    assert [answer.message_id for answer in await waiting] == [first, second]
    assert [row.message_id for row in world.receipts()] == [first, second, third], "in the order in which they came"


async def test_receipts_that_come_together_are_written_when_their_patience_is_over(world: World) -> None:
    assert receipt.TOGETHER_PATIENCE_S == 0.005
    message_ids = [await world.submit(device) for device in (1, 2)]
    answers = await asyncio.wait_for(receive_receipts(world.core, [world.heard(f"id:ref{device}", device=device) for device in (1, 2)]), 30)
    assert [answer.message_id for answer in answers] == message_ids


async def test_a_failure_says_what_the_network_reported(world: World) -> None:
    message_id = await world.submit()
    await world.receipt("id:ref1", state=ReceiptState.FAILED, word="REJECTD")
    message = world.message(message_id)
    assert "REJECTD" in message.reason
    assert message.reason_code == "receipt_failed"


async def test_words_on_the_way_are_kept_in_the_timeline_and_change_nothing(world: World) -> None:
    message_id = await world.submit()
    assert await world.receipt("id:ref1", state=ReceiptState.TIMELINE, word="ENROUTE") == message_id
    assert world.message(message_id).state == State.BUFFERED
    assert [(row.disposition, row.message_id) for row in world.receipts()] == [("timeline", message_id)]
    await world.receipt("id:ref1")
    assert world.message(message_id).state == State.DELIVERED


async def test_a_long_message_is_delivered_when_all_its_segments_are(world: World) -> None:
    message_id = await world.submit(text=LONG)
    for key, states in (("id:ref3", "aad"), ("id:ref1", "dad")):
        await world.receipt(key)
        assert (world.message(message_id).state, world.message(message_id).segment_states) == (State.BUFFERED, states)
    await world.receipt("id:ref2")
    assert world.message(message_id).state == State.DELIVERED
    assert world.events(message_id) == ["sms.accepted", "sms.sent", "sms.delivered"]
    assert len(world.notifications(message_id)) == 1


async def test_a_long_message_fails_as_soon_as_one_segment_did_and_says_how_many_arrived(world: World) -> None:
    message_id = await world.submit(text=LONG)
    await world.receipt("id:ref1")
    await world.receipt("id:ref3")
    await world.receipt("id:ref2", state=ReceiptState.FAILED, word="UNDELIV")
    assert world.message(message_id).state == State.FAILED
    assert "2 of 3 delivered" in world.message(message_id).reason
    assert world.events(message_id)[-1] == "sms.failed"


async def test_a_receipt_after_the_end_is_kept_as_late_and_changes_nothing(world: World) -> None:
    message_id = await world.submit()
    await world.receipt("id:ref1", state=ReceiptState.FAILED)
    await world.receipt("id:ref1")
    assert world.message(message_id).state == State.FAILED
    assert [row.disposition for row in world.receipts()] == ["matched", "late"]
    assert len(world.notifications(message_id)) == 1


async def test_without_a_receipt_the_message_expires_after_expiry_and_grace(world: World) -> None:
    message_id = await world.submit(validity_s=HOUR)
    await world.jump(HOUR + GRACE - 2)
    await world.sweep()
    assert world.message(message_id).state == State.BUFFERED
    await world.jump(2)
    await world.sweep()
    message = world.message(message_id)
    assert (message.state, message.reason_code) == (State.EXPIRED, "no_receipt")
    assert world.events(message_id)[-1] == "sms.expired"


async def test_a_late_delivered_after_no_receipt_counts_and_is_reported_again(world: World) -> None:
    message_id = await world.submit(validity_s=HOUR)
    await world.jump(HOUR + GRACE)
    await world.sweep()
    await world.jump(2 * HOUR)
    await world.sweep()
    assert await world.receipt("id:ref1") == message_id
    assert world.message(message_id).state == State.DELIVERED
    assert world.events(message_id)[-2:] == ["sms.expired", "sms.delivered"]
    assert [json.loads(row.body)["status"]["id"] for row in world.notifications(message_id)] == [6, 4]


@pytest.mark.parametrize("state", [ReceiptState.FAILED, ReceiptState.EXPIRED])
async def test_any_other_late_receipt_after_no_receipt_is_late(world: World, state: ReceiptState) -> None:
    message_id = await world.submit(validity_s=HOUR)
    await world.jump(HOUR + GRACE)
    await world.sweep()
    await world.receipt("id:ref1", state=state)
    assert world.message(message_id).state == State.EXPIRED
    assert world.receipts()[0].disposition == "late"


async def test_a_long_message_after_no_receipt_counts_as_delivered_only_when_all_segments_are(world: World) -> None:
    message_id = await world.submit(text=LONG, validity_s=HOUR)
    await world.receipt("id:ref1")
    await world.jump(HOUR + GRACE)
    await world.sweep()
    expired = world.message(message_id)
    await world.receipt("id:ref2")
    still = world.message(message_id)
    assert (still.state, still.reason_code, still.final_at_ms) == (State.EXPIRED, "no_receipt", expired.final_at_ms)
    await world.receipt("id:ref3")
    assert world.message(message_id).state == State.DELIVERED


async def test_keys_are_forgotten_in_the_end(world: World) -> None:
    await world.submit(validity_s=HOUR)
    await world.submit(2, validity_s=HOUR)
    await world.receipt("id:ref2", device=2)
    await world.receipt("id:nobody")
    for _ in range(10):
        await world.jump(DAY)
        await world.sweep()
    assert world.rows("SELECT key FROM correlation") == []


async def test_a_receipt_before_the_answer_to_its_submit_is_kept_and_matched_when_that_comes(world: World) -> None:
    world.link.says(None)
    message_id = await world.submit()
    sent_ms = world.now_ms
    assert await world.receipt("id:early") is None
    assert world.receipts()[0].disposition == "early"
    await world.advance(1)
    world.link.sent[0].answer(Accepted("early"))
    await world.settle()
    message = world.message(message_id)
    assert (message.state, message.last_attempt_at_ms) == (State.DELIVERED, sent_ms)
    assert (world.receipts()[0].disposition, world.receipts()[0].message_id) == ("matched", message_id)
    assert world.events(message_id) == ["sms.accepted", "sms.sent", "sms.delivered"]


@pytest.mark.parametrize("order", [(ReceiptState.TIMELINE, ReceiptState.DELIVERED), (ReceiptState.DELIVERED, ReceiptState.TIMELINE)])
async def test_of_early_receipts_the_one_that_says_the_end_is_never_lost(world: World, order: tuple[ReceiptState, ReceiptState]) -> None:
    world.link.says(None)
    message_id = await world.submit()
    for state in order:
        await world.receipt("id:early", state=state)
    world.link.sent[0].answer(Accepted("early"))
    await world.settle()
    assert world.message(message_id).state == State.DELIVERED


async def test_an_early_receipt_that_is_about_something_else_does_not_keep_a_message_from_ending(world: World) -> None:
    world.link.says(None)
    message_id = await world.submit(validity_s=HOUR)
    await world.receipt("id:early", device=2)
    world.link.sent[0].answer(Accepted("early"))
    await world.settle()
    assert world.message(message_id).state == State.BUFFERED
    await world.jump(HOUR + GRACE)
    await world.sweep()
    assert world.message(message_id).state == State.EXPIRED


async def test_a_receipt_from_another_number_is_about_no_message(world: World) -> None:
    message_id = await world.submit(1)
    assert await world.receipt("id:ref1", device=2) is None
    assert world.message(message_id).state == State.BUFFERED
    assert world.receipts()[0].disposition == "ambiguous"


async def test_a_receipt_of_another_correlation_group_is_about_no_message(world: World) -> None:
    message_id = await world.submit(1)
    assert await world.receipt("id:ref1", group="another") is None
    assert world.message(message_id).state == State.BUFFERED


async def test_the_first_key_that_counts_decides(world: World) -> None:
    message_id = await world.submit(1)
    assert await world.receipt("id:unheard", "id:ref1") == message_id


async def test_without_a_reference_of_the_network_ours_is_the_key(world: World) -> None:
    world.link.otherwise = Accepted(None)
    message_id = await world.submit()
    assert await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}") == message_id
    assert world.message(message_id).state == State.DELIVERED


async def test_an_id_that_comes_twice_is_no_key_and_is_never_guessed(world: World) -> None:
    world.link.otherwise = Accepted("same")
    first, second = await world.submit(1), await world.submit(1)
    assert await world.receipt("id:same") is None
    assert world.message(first).state == world.message(second).state == State.BUFFERED
    assert world.receipts()[0].disposition == "ambiguous"


async def test_messages_whose_id_came_twice_end_each_in_its_own_time(world: World) -> None:
    world.link.otherwise = Accepted("same")
    first = await world.submit(1, validity_s=HOUR)
    second = await world.submit(2, validity_s=2 * HOUR)
    third = await world.submit(3, validity_s=HOUR)
    await world.jump(HOUR + GRACE)
    await world.sweep()
    assert [world.message(each).state for each in (first, second, third)] == [State.EXPIRED, State.BUFFERED, State.EXPIRED]
    assert await world.receipt("id:same", device=2) is None, "it came twice within the validity"
    await world.jump(HOUR)
    await world.sweep()
    assert world.message(second).state == State.EXPIRED


@pytest.mark.parametrize(("device", "is_key"), [(2, True), (1, False)])
async def test_an_id_that_comes_again_after_the_end_of_its_first_message_is_a_key_for_another_device(
    world: World, device: int, is_key: bool
) -> None:
    """For the same device the receipt may be the late one of the first."""
    world.link.otherwise = Accepted("same")
    first = await world.submit(1, validity_s=HOUR)
    await world.jump(HOUR + GRACE)
    await world.sweep()
    second = await world.submit(device)
    assert await world.receipt("id:same", device=device) == (second if is_key else None)
    assert [world.message(each).state for each in (first, second)] == [State.EXPIRED, State.DELIVERED if is_key else State.BUFFERED]


@pytest.mark.parametrize("at_once", [True, False])
async def test_of_an_id_that_comes_twice_the_operator_is_told_once(world: World, at_once: bool) -> None:
    world.link.otherwise = None
    for device in (1, 2, 3):
        await world.submit(device)
    for sent in world.link.open:
        sent.answer(Accepted("same"))
        if not at_once:
            await world.settle()
    await world.settle()
    (event,) = world.rows("SELECT type, detail FROM event WHERE organisation_id = 0")
    assert event.type == "link.fault"
    assert "same" in json.loads(event.detail)["reason"]


async def test_u_0000_in_what_the_network_says_stands_in_no_ones_way(world: World) -> None:
    world.link.otherwise = Accepted("a\0b")
    message_id = await world.submit()
    assert await world.receipt("id:no\0ne", word="\0") is None
    assert await world.receipt("id:a\0b", state=ReceiptState.FAILED, word="UN\0DELIV") == message_id
    assert world.message(message_id).reason == "the network reports UN\ufffdDELIV"
    world.link.otherwise = Refused(ErrorClass.PERMANENT, "no\0way")
    assert world.message(await world.submit()).reason == "no\ufffdway"


async def test_one_batch_with_one_id_for_two_messages_is_ambiguous_too(world: World) -> None:
    world.link.otherwise = None
    first, second = await world.submit(1), await world.submit(2)
    for sent in world.link.open:
        sent.answer(Accepted("same"))
    await world.settle()
    assert await world.receipt("id:same") is None
    assert {world.message(each).state for each in (first, second)} == {State.BUFFERED}


async def test_deleted_after_our_cancel_is_canceled(world: World) -> None:
    world.link.says(None)
    message_id = await world.submit()
    canceling = world.spawn(_cancel(world, message_id))
    await world.advance(3)
    assert canceling.result() is Code.ON_ITS_WAY
    world.link.sent[0].answer(Accepted("abc"))
    await world.settle()
    assert world.message(message_id).state == State.BUFFERED
    await world.receipt("id:abc", state=ReceiptState.DELETED)
    assert (world.message(message_id).state, world.events(message_id)[-1]) == (State.CANCELED, "sms.canceled")
    assert world.notifications(message_id) == []


async def test_a_receipt_for_a_part_of_a_waiting_message_leaves_its_plan_as_it_is(world: World) -> None:
    world.link.says(Accepted("a"), Refused(ErrorClass.UNKNOWN, "system error"), Accepted("c"))
    message_id = await world.submit(text=LONG)
    planned = world.message(message_id)
    await world.receipt("id:a")
    message = world.message(message_id)
    assert message.segment_states == "dwa"
    assert (message.retry_at_ms, message.reason) == (planned.retry_at_ms, "system error")


async def test_a_message_that_failed_by_receipt_while_it_waited_makes_room_for_the_next(world: World) -> None:
    world.link.says(Accepted("a"), Refused(ErrorClass.UNKNOWN, "system error"), Accepted("c"))
    first = await world.submit(text=LONG)
    second = await world.submit(text="next")
    await world.receipt("id:c", state=ReceiptState.FAILED)
    assert world.message(first).state == State.FAILED
    assert world.link.sent[-1].text == "next", "at once: nothing is ahead of it any more"
    assert world.message(second).state == State.BUFFERED
    assert world.lane().due_at_ms is None


async def _cancel(world: World, message_id: int) -> Code | None:
    try:
        await cancel(world.core, world.actor(), DeviceId(1), message_id)  # type: ignore[arg-type]
    except Problem as problem:
        return problem.code
    return None
