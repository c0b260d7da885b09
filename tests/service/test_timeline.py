"""The timeline of a message: every step in plain words, with its time."""

import msgspec
import pytest

from heliograph.model.explain import ENDS, ERRORS, advice_on
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.link import Accepted, Delivery, ErrorClass, ReceiptState, Refused, Unknown
from heliograph.model.notification import Answered
from heliograph.model.problem import Code, Problem
from heliograph.service.cancel import ask
from heliograph.service.receive import receive
from heliograph.service.step import Step
from heliograph.service.timeline import timeline
from tests.core_world import HOUR, Setting, World, msisdn, statement

RULES = list(Code)[list(Code).index(Code.DEVICE_DISABLED) : list(Code).index(Code.NOT_SUPPORTED)]


async def steps(world: World, message_id: int, organisation: int = 1) -> list[Step]:
    found = await timeline(world.core, world.actor(organisation), MessageId(message_id))
    assert [each.at_ms for each in found] == sorted(each.at_ms for each in found)
    return found


async def of_type(world: World, message_id: int, kind: str) -> list[Step]:
    return [each for each in await steps(world, message_id) if each.type == kind]


async def only(world: World, message_id: int, kind: str) -> Step:
    (found,) = await of_type(world, message_id, kind)
    return found


async def test_a_delivered_message_tells_all_its_steps_in_order(world: World) -> None:
    message_id = await world.submit()
    found = await steps(world, message_id)
    assert [each.type for each in found] == ["accepted", "decision", "encoding", "route", "attempt", "final", "webhook", "webhook_try"]
    accepted, decision, encoding, route, attempt, final, webhook, tried = found
    assert accepted.text == "Accepted over the REST API, valid until 2027-01-16 08:00:00 UTC"
    assert decision.text == "Allowed by the service policy, from an application to a device (A2P MT)"
    assert encoding.text == "Written in GSM 7-bit: 5 characters, 1 segment; one holds 160"
    assert route.text == f"Goes to {msisdn(1)} by the link Link"
    assert attempt.text == "Try 1 by the link Link: the network took it"
    assert final.text == "Delivered"
    assert webhook.text == "The application is to be told: PATCH http://hook1.example/sms"
    assert tried.text.startswith("Webhook, try 1: answered 204")


async def test_ucs2_is_explained_by_the_characters_that_need_it(world: World) -> None:
    step = await only(world, await world.submit(text="Привет, 5 €"), "encoding")
    assert (
        step.text == "Written in UCS-2, since GSM 7-bit has no 'П', 'р', 'и', 'в', 'е', 'т': 11 units of 16 bits, 1 segment; one holds 70"
    )
    assert step.fields["not_in_gsm_7_bit"] == ["П", "р", "и", "в", "е", "т"]
    assert "as it was asked for" in (await only(world, await world.submit(text="hi", dcs=8), "encoding")).text
    assert ": 1 character, 1 segment;" in (await only(world, await world.submit(text="a"), "encoding")).text
    assert "2 segments" in (await only(world, await world.submit(text="a" * 161), "encoding")).text


@pytest.mark.parametrize("error_class", ErrorClass)
async def test_each_error_is_explained_and_says_what_to_do(world: World, error_class: ErrorClass) -> None:
    world.link.says(Refused(error_class, "its own words", 27))
    step = await only(world, await world.submit(), "attempt")
    meaning, advice = ERRORS[error_class]
    assert step.text == f"Try 1 by the link Link: {meaning} (its own words, code 0x1B)"
    assert (step.fields["error_class"], step.fields["code"], step.fields["advice"]) == (error_class.value, 27, advice)


@pytest.mark.parametrize("code", [*RULES, "expired", "no_receipt", "canceled"])
def test_the_rules_that_end_a_message_say_what_to_do(code: str) -> None:
    assert advice_on(code)


async def test_a_wait_says_why_and_until_when(world: World) -> None:
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
    message_id = await world.submit()
    waiting = await only(world, message_id, "waiting")
    assert waiting.text == "Waits: it is tried again at 2027-01-15 08:00:20 UTC, or at once when the device is heard of"
    assert waiting.fields["next_try_at_ms"] == world.message(message_id).retry_at_ms
    behind = await only(world, await world.submit(), "waiting")
    assert (behind.text, behind.fields["ahead"]) == ("Waits for its turn: 1 of the same destination go first", 1)


@pytest.mark.parametrize(("change", "word"), [("state = 'down'", "down"), ("state = 'fault'", "out of order")])
async def test_a_wait_for_a_link_names_it_and_how_it_is(world: World, change: str, word: str) -> None:
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
    message_id = await world.submit()
    await world.database.write(lambda tx: tx.run(statement(f"UPDATE link_lease SET {change}")))
    waiting = await only(world, message_id, "waiting")
    assert waiting.text == f"Waits: the link Link is {word}, and no other of its route has taken over"
    assert waiting.fields["link"] == "Link"


async def test_what_is_on_its_way_says_so_and_that_it_is_asked_back(world: World) -> None:
    world.link.says(None)
    message_id = await world.submit()
    assert (await only(world, message_id, "waiting")).text.startswith("On its way")
    await world.database.write(ask, world.core, world.actor(), DeviceId(1), message_id, world.now_ms)
    assert (await only(world, message_id, "cancel_asked")).text == "Asked to take it back while it was on its way"


async def test_a_scheduled_one_says_what_it_waits_for_and_when_it_was_released(world: World) -> None:
    message_id = await world.submit(scheduled_at_ms=world.now_ms + HOUR * 1000)
    assert (await only(world, message_id, "waiting")).text == "Waits for the time it is scheduled for, 2027-01-15 09:00:00 UTC"
    assert await of_type(world, message_id, "released") == []
    await world.jump(HOUR)
    await world.advance(3)
    types = [each.type for each in await steps(world, message_id)]
    assert types[:6] == ["accepted", "decision", "encoding", "scheduled", "released", "route"]


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)
async def test_receipts_are_told_whether_they_end_it_or_not(world: World) -> None:
    world.link.says(Accepted("abc", receipt_owed=True))
    message_id = await world.submit()
    assert "its receipt is awaited" in (await only(world, message_id, "waiting")).text
    await world.receipt("id:abc", state=ReceiptState.TIMELINE, word="ENROUTE")
    await world.receipt("id:abc", state=ReceiptState.FAILED, word="UNDELIV")
    await world.receipt("id:abc", state=ReceiptState.DELIVERED, word="DELIVRD")
    assert [each.text for each in await of_type(world, message_id, "receipt")] == [
        "The network reports ENROUTE; it is still under way there",
        "The network reports UNDELIV",
        "The network reports DELIVRD; it came after the end and changes nothing",
    ]
    final = await only(world, message_id, "final")
    assert (final.text, final.fields["advice"]) == ("Failed: the network reports UNDELIV", ENDS["receipt_failed"])


async def test_a_try_without_an_answer_says_that_nobody_knows(world: World) -> None:
    world.link.says(Unknown("no answer in 10 s"))
    (first, _) = await of_type(world, await world.submit(), "attempt")
    assert "nobody knows whether the network took it (no answer in 10 s)" in first.text


async def test_each_try_of_a_webhook_is_told_and_when_the_next_comes(world: World) -> None:
    world.courier.says(Answered(500, 12), Answered(None, 30, error="the name does not exist"))
    message_id = await world.submit()
    await world.advance(10)
    assert [each.text for each in await of_type(world, message_id, "webhook_try")] == [
        "Webhook, try 1: answered 500 after 12 ms",
        "Webhook, try 2: no answer: the name does not exist after 30 ms",
    ]
    assert (await only(world, message_id, "webhook_waiting")).text.startswith("The webhook is tried again at 2027-01-15 08:0")


async def test_both_ends_of_a_p2p_message_within_an_organisation_know_each_other(world: World) -> None:
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.message_id is not None
    peer = await only(world, answer.message_id, "peer")
    assert peer.text == f"Its receiver is the device Device 2: see the SMS {peer.fields['message']}"
    other = peer.fields["message"]
    assert isinstance(other, int)
    assert (await only(world, other, "peer")).fields["message"] == answer.message_id
    assert (await steps(world, answer.message_id))[0].text == f"Heard from {msisdn(1)} by the link Link, to {msisdn(2)}"


@pytest.mark.parametrize("setting", [Setting(organisations=2)], indirect=True)
async def test_of_another_organisations_end_nothing_is_said_but_what_became_of_the_sms(world: World) -> None:
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.message_id is not None
    mine = await only(world, answer.message_id, "peer")
    (theirs,) = world.rows("SELECT id FROM message WHERE organisation_id = 2")
    assert mine.text == "Its receiver is outside the organisation; the SMS there: DELIVERED"
    assert mine.fields == {"side": "receiver", "status": "DELIVERED"}
    with pytest.raises(Problem) as refused:
        await steps(world, theirs.id)
    assert refused.value.code is Code.INVALID_REFERENCE


async def test_what_a_device_sent_is_kept_and_told_to_the_application(world: World) -> None:
    answer = await world.hear(msisdn(1), "12345", "on")
    assert answer.message_id is not None
    types = [each.type for each in await steps(world, answer.message_id)]
    assert types == ["received", "decision", "encoding", "final", "webhook", "webhook_try"]
    assert (await only(world, answer.message_id, "final")).text == "Received and kept"


async def test_what_was_refused_names_the_rule_also_where_it_took_a_while_to_arrive(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE sim SET status_id = 2 WHERE id = 1")))
    heard = msgspec.structs.replace(world.inbound(msisdn(1), "12345", b"hi"), received_at_ms=world.now_ms - 7)
    answer = await receive(world.core, heard)
    assert (answer.refused, answer.message_id is not None) == ("sim_not_active", True)
    decision = await only(world, answer.message_id or 0, "decision")
    assert decision.text.startswith("Refused, from a device to its application (A2P MO), by the rule sim_not_active: ")
    assert decision.fields["rule"] == "sim_not_active"
    assert (await only(world, answer.message_id or 0, "final")).fields["advice"] == "activate the SIM"


async def test_one_that_failed_when_its_time_had_come_was_allowed_before(world: World) -> None:
    message_id = await world.submit(scheduled_at_ms=world.now_ms + HOUR * 1000)
    await world.database.write(lambda tx: tx.run(statement("UPDATE device SET status_id = 1 WHERE id = 1")))
    await world.jump(HOUR)
    await world.advance(3)
    assert (await only(world, message_id, "decision")).text.startswith("Allowed")
    assert (await only(world, message_id, "final")).fields["advice"] == "enable the device"
