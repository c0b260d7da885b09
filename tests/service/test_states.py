"""What an answer of the network makes of a message (rules: States; Links, error classes)."""

import json

import pytest

from heliograph.model.account import Door
from heliograph.model.ids import DeviceId
from heliograph.model.link import Accepted, Delivery, ErrorClass, OnUnknown, Refused, Unknown
from heliograph.model.message import State
from heliograph.service import history
from tests.core_world import MINUTE, Setting, World, msisdn
from tests.scripted import TAKEN

STORED = Setting(delivery=Delivery.STORED)
ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber", 27)
LONG = "0123456789" * 40  # three segments


async def test_a_message_that_the_device_took_is_delivered_at_once(world: World) -> None:
    message = world.message(await world.submit())
    assert (message.state, message.segment_states, message.attempts, message.retries) == (State.DELIVERED, "d", 1, 0)
    assert message.final_at_ms == message.last_attempt_at_ms == world.now_ms
    assert world.events(message.id) == ["sms.accepted", "sms.delivered"]


async def test_the_segment_goes_out_as_it_was_submitted(world: World) -> None:
    message_id = await world.submit(2, "Grüße", source="Meter", pid=64)
    (sent,) = world.link.sent
    outgoing = sent.outgoing
    assert (outgoing.message_id, outgoing.number, outgoing.total) == (message_id, 1, 1)
    assert (outgoing.source, outgoing.source_type, outgoing.destination) == ("Meter", 208, msisdn(2))
    assert (sent.text, outgoing.dcs, outgoing.pid, outgoing.udh) == ("Grüße", 0, 64, b"")
    assert outgoing.expiry_at_ms == world.now_ms + 86_400_000
    assert outgoing.want_receipt


async def test_a_permanent_refusal_fails_the_message_with_its_reason(world: World) -> None:
    world.link.says(Refused(ErrorClass.PERMANENT, "unknown subscriber", 1))
    message = world.message(await world.submit())
    assert (message.state, message.reason, message.reason_code) == (State.FAILED, "unknown subscriber", "permanent")
    assert world.events(message.id) == ["sms.accepted", "sms.failed"]
    (attempt,) = world.attempts(message.id)
    assert (attempt.outcome, attempt.error_class, attempt.reason) == ("refused", "permanent", "unknown subscriber")


@pytest.mark.parametrize(
    ("error_class", "pause_s"),
    [
        (ErrorClass.DEVICE_ABSENT, 20),
        (ErrorClass.DEVICE_BUSY, 300),
        (ErrorClass.UNKNOWN, 30),
    ],
)
async def test_a_temporary_refusal_waits_buffered_and_says_until_when(world: World, error_class: ErrorClass, pause_s: int) -> None:
    world.link.says(Refused(error_class, "not now"))
    message = world.message(await world.submit())
    assert (message.state, message.attempts, message.retries) == (State.BUFFERED, 1, 1)
    assert message.retry_at_ms == world.now_ms + pause_s * 1000
    assert (message.reason, message.reason_code) == ("not now", error_class.value)
    assert world.events(message.id) == ["sms.accepted", "sms.waiting"]


@pytest.mark.parametrize("error_class", [ErrorClass.THROTTLE, ErrorClass.LINK, ErrorClass.FAULT])
async def test_what_is_the_links_fault_burns_no_attempt(world: World, error_class: ErrorClass) -> None:
    world.link.says(Refused(error_class, "later"))
    message = world.message(await world.submit())
    assert (message.state, message.retries) == (State.PENDING, 0)
    assert world.now_ms < message.retry_at_ms <= world.now_ms + 30_000
    await world.advance(31)
    assert world.message(message.id).state == State.DELIVERED
    assert world.events(message.id) == ["sms.accepted", "sms.delivered"]


async def test_a_hundred_throttles_burn_nothing_of_a_messages_ladder(world: World) -> None:
    world.link.otherwise = Refused(ErrorClass.THROTTLE, "slow down")
    message_id = await world.submit()
    for _ in range(100):
        await world.jump(2)
    assert len(world.link.sent) > 50
    assert world.message(message_id).retries == 0
    world.link.otherwise = ABSENT
    await world.jump(2)
    assert world.message(message_id).retry_at_ms - world.link.sent[-1].at_ms == 20_000


async def test_a_message_on_its_way_is_shown_in_progress_and_stored_as_pending(world: World) -> None:
    world.link.otherwise = None
    message_id = await world.submit()
    assert world.message(message_id).state == State.PENDING
    shown = await history.message(world.core, world.actor(), DeviceId(1), message_id)
    listed = await history.list_of_device(world.core, world.actor(), DeviceId(1), 1, 10)
    assert shown.state == listed.items[0].state == State.IN_PROGRESS
    second = await world.submit()
    assert (await history.message(world.core, world.actor(), DeviceId(1), second)).state == State.PENDING


async def test_a_message_that_waits_for_its_device_is_shown_buffered(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    assert (await history.message(world.core, world.actor(), DeviceId(1), message_id)).state == State.BUFFERED


@pytest.mark.parametrize("setting", [STORED], indirect=True)
async def test_a_stored_link_that_took_it_has_it_and_never_gets_it_again(world: World) -> None:
    world.link.otherwise = Accepted("abc")
    message = world.message(await world.submit())
    assert (message.state, message.segment_states, message.retry_at_ms) == (State.BUFFERED, "a", None)
    assert world.events(message.id) == ["sms.accepted", "sms.sent"]
    await world.reachable()
    await world.jump(5 * MINUTE)
    assert len(world.link.sent) == 1
    assert world.lane().taken_epoch is None
    assert world.lane().due_at_ms is None


async def test_a_live_link_that_owes_a_receipt_has_it_too(world: World) -> None:
    world.link.otherwise = TAKEN
    message = world.message(await world.submit())
    assert (message.state, message.segment_states) == (State.BUFFERED, "a")
    assert world.events(message.id) == ["sms.accepted", "sms.sent"]


@pytest.mark.parametrize("setting", [STORED], indirect=True)
async def test_a_message_that_waited_first_is_reported_sent_once_the_network_took_it(world: World) -> None:
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"), Accepted("abc"))
    message_id = await world.submit()
    await world.jump(20)
    assert world.message(message_id).segment_states == "a"
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.sent"]


async def test_that_a_message_waits_is_told_once_however_often_it_is_tried(world: World) -> None:
    world.link.otherwise = ABSENT
    message_id = await world.submit()
    await world.jump(20)
    assert world.message(message_id).attempts == 2
    assert world.events(message_id) == ["sms.accepted", "sms.waiting"]


@pytest.mark.parametrize("setting", [STORED], indirect=True)
async def test_sent_is_reported_once_however_many_segments_are_confirmed(world: World) -> None:
    world.link.says(Accepted("a"), Accepted("b"), Accepted("c"))
    message_id = await world.submit(text=LONG)
    for key in ("id:a", "id:b", "id:c"):
        await world.receipt(key)
    assert world.events(message_id) == ["sms.accepted", "sms.sent", "sms.delivered"]


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)], indirect=True)
@pytest.mark.parametrize("answered_first", [True, False])
async def test_sent_is_reported_once_too_where_a_receipt_tells_that_the_last_segment_was_taken(world: World, answered_first: bool) -> None:
    world.link.says(Unknown("no answer"), Accepted("b"), None)
    message_id = await world.submit(text="0123456789" * 20)
    umr = f"umr:{world.link.sent[0].outgoing.reference}"
    if not answered_first:
        await world.jump(120)
    await world.receipt(umr)
    assert (world.message(message_id).state, world.message(message_id).segment_states) == (State.BUFFERED, "da")
    if not answered_first:
        world.link.open[0].answer(Accepted("late"))
        await world.settle()
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.sent"]
    assert world.message(message_id).retry_at_ms is None
    await world.receipt("id:b")
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.sent", "sms.delivered"]


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, on_unknown=OnUnknown.WAIT)], indirect=True)
async def test_what_is_known_to_be_delivered_before_it_was_known_to_be_sent_is_reported_delivered_only(world: World) -> None:
    world.link.says(Unknown("no answer"))
    message_id = await world.submit()
    await world.receipt(f"umr:{world.link.sent[0].outgoing.reference}")
    assert world.events(message_id) == ["sms.accepted", "sms.waiting", "sms.delivered"]


@pytest.mark.parametrize(
    ("outcome", "final"),
    [(Accepted(), State.DELIVERED), (Refused(ErrorClass.PERMANENT, "no"), State.FAILED), (Unknown("no answer"), None)],
)
async def test_the_next_message_of_a_device_goes_out_when_the_one_before_left(
    world: World, outcome: Accepted | Refused | Unknown, final: State | None
) -> None:
    world.link.otherwise = None
    first, second = await world.submit(text="one"), await world.submit(text="two")
    assert [sent.text for sent in world.link.sent] == ["one"]
    world.link.sent[0].answer(outcome)
    await world.settle()
    assert [sent.text for sent in world.link.sent] == (["one", "two"] if final else ["one", "one"])
    assert (world.message(first).state == final) == bool(final)
    assert world.message(second).state == State.PENDING


async def test_a_devices_messages_keep_their_order(world: World) -> None:
    texts = [str(number) for number in range(12)]
    world.link.says(ABSENT, Refused(ErrorClass.THROTTLE, "slow"), Unknown("lost"), Refused(ErrorClass.UNKNOWN, "system error"))
    for text in texts:
        await world.submit(text=text)
    for _ in range(20):
        await world.jump(60)
    delivered = [sent.text for sent in world.link.sent]
    assert list(dict.fromkeys(delivered)) == texts
    assert delivered[-11:] == texts[1:]


async def test_absent_devices_do_not_hold_others_up(world: World) -> None:
    world.link.otherwise = lambda outgoing: ABSENT if outgoing.destination == msisdn(1) else Accepted()
    absent, other = await world.submit(1), await world.submit(2)
    assert world.message(absent).state == State.BUFFERED
    assert world.message(other).state == State.DELIVERED


@pytest.mark.parametrize("setting", [Setting(devices=40, organisations=2)], indirect=True)
async def test_two_organisations_take_turns(world: World) -> None:
    """Organisation 1 comes first with 15 messages to as many devices; organisation 2 with 5 waits for none but its turn."""
    world.link.most = 0
    for number in range(15):
        await world.submit(1 + 2 * number)
    for number in range(5):
        await world.submit(2 + 2 * number)
    world.link.most = 1
    world.link.otherwise = None
    for _ in range(20):
        world.queue.room_changed()
        await world.settle()
        world.link.sent[-1].answer(Accepted())
        await world.settle()
    order = [world.organisation_of(int(sent.outgoing.destination[-7:])) for sent in world.link.sent]
    assert order[:10] == [1, 2] * 5
    assert order[10:] == [1] * 10


async def test_each_accept_is_counted_in_segments_in_its_month(world: World) -> None:
    await world.submit(1)
    await world.submit(1, LONG)
    await world.submit(2)
    assert (world.used(1), world.used(2), world.used(3)) == (4, 1, 0)
    assert world.rows("SELECT min(period) AS period FROM usage_counter")[0].period == "2027-01"


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED])
@pytest.mark.parametrize("door", Door)
async def test_a_receipt_is_posted_for_messages_of_rest_portal_and_zapier_only(world: World, door: Door, state: State) -> None:
    """A technician's link opens a page of the portal."""
    world.link.says(Accepted() if state is State.DELIVERED else Refused(ErrorClass.PERMANENT, "no"))
    message_id = await world.submit(door=door)
    found = world.notifications(message_id)
    assert len(found) == (door in (Door.REST, Door.PORTAL, Door.TECHNICIAN, Door.ZAPIER))
    for notification in found:
        assert notification.method == "PATCH"
        assert json.loads(notification.body) == {
            "id": message_id, "status": {"id": int(state), "status": state.name}, "endpoint": {"id": 1, "name": "Device 1"},
            "submit_date": "2027-01-15 08:00:00", "final_date": "2027-01-15 08:00:00", "organisation": {"id": 1},
        }  # fmt: skip


@pytest.mark.parametrize("setting", [Setting(webhook=False)], indirect=True)
async def test_without_a_webhook_nothing_is_posted(world: World) -> None:
    message_id = await world.submit()
    assert world.message(message_id).state == State.DELIVERED
    assert world.notifications(message_id) == []
