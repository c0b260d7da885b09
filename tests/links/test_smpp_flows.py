"""What an SMPP link makes of messages, from octets to states: stored and live networks, SMS from them, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.model.account import Door, Role
from heliograph.model.ids import DeviceId
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service.cancel import cancel
from heliograph.service.manage import link as links
from heliograph.service.manage import route as routes
from heliograph.service.manage.route import NewRoute, RouteKind
from heliograph.smpp import status, tlv
from heliograph.smpp.pdu import AlertNotification, CancelSm, DeliverSm, Pdu, SubmitSm, response_to
from heliograph.store import link as link_store
from tests.core_world import DAY, HOUR, MINUTE, msisdn
from tests.smpp_world import SmppWorld

LONG = "0123456789" * 40  # three segments
OSMOMSC = {"preset": "osmomsc"}


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SmppWorld]:
    async with SmppWorld(str(tmp_path / "heliograph.db"), **getattr(request, "param", {})) as world:
        yield world


def using(**settings: Any) -> Any:
    return pytest.mark.parametrize("world", [settings], indirect=True)


def mo(device: int, text: bytes, destination: str = "1000", **fields: Any) -> DeliverSm:
    return DeliverSm(
        source_addr=msisdn(device), source_addr_ton=1, source_addr_npi=1, destination_addr=destination, dest_addr_npi=1,
        short_message=text, **fields,
    )  # fmt: skip


def received(world: SmppWorld) -> list[str]:
    return [row.payload for row in world.rows("SELECT payload FROM message WHERE direction = 2 ORDER BY id")]


# a stored network


async def test_a_device_that_is_absent_there_is_submitted_once_and_delivered_by_its_receipt(world: SmppWorld) -> None:
    message_id = await world.submit(validity_s=DAY)
    (submit,) = world.smsc.submits
    assert (submit.validity_period, submit.registered_delivery, submit.esm_class) == ("000001000000000R", 1, 0)
    await world.jump(HOUR)
    await world.report(submit, "1", "ENROUTE")
    assert world.message(message_id).state == State.BUFFERED
    await world.jump(6 * HOUR)
    assert len(world.smsc.submits) == 1
    await world.report(submit, "1", "DELIVRD")
    assert world.message(message_id).state == State.DELIVERED
    assert [(row.disposition, row.state) for row in world.receipts()] == [("timeline", "timeline"), ("matched", "delivered")]


async def test_a_message_expires_by_its_receipt_or_by_its_validity_and_the_links_grace(world: SmppWorld) -> None:
    told = await world.submit(device=1, validity_s=HOUR)
    untold = await world.submit(device=2, validity_s=HOUR)
    await world.report(world.smsc.submits[0], "1", "EXPIRED")
    assert world.message(told).state == State.EXPIRED
    await world.jump(HOUR + 9 * MINUTE)
    await world.sweep()
    assert world.message(untold).state == State.BUFFERED
    await world.jump(2 * MINUTE)
    await world.sweep()
    assert (world.message(untold).state, world.message(untold).reason_code) == (State.EXPIRED, "no_receipt")
    assert len(world.smsc.submits) == 2


@using(receipts="failures")
async def test_where_failures_alone_are_told_silence_is_delivered_and_not_confirmed(world: SmppWorld) -> None:
    silent, failed = await world.submit(device=1, validity_s=HOUR), await world.submit(device=2, validity_s=HOUR)
    assert [submit.registered_delivery for submit in world.smsc.submits] == [2, 2]
    await world.report(world.smsc.submits[1], "2", "UNDELIV")
    await world.jump(HOUR + 11 * MINUTE)
    await world.sweep()
    assert (world.message(silent).state, world.message(silent).reason_code) == (State.DELIVERED, "not_confirmed")
    assert world.message(failed).state == State.FAILED


async def test_a_refusal_that_says_no_more_than_that_is_tried_five_times(world: SmppWorld) -> None:
    world.smsc.on_submit = lambda submit: status.RSUBMITFAIL
    message_id = await world.submit()
    for _ in range(8):
        await world.jump(10)
    assert len(world.smsc.submits) == 5
    assert world.message(message_id).state == State.FAILED
    assert "RSUBMITFAIL" in world.message(message_id).reason


async def test_throttling_slows_the_link_and_burns_no_attempt(world: SmppWorld) -> None:
    answers = iter((status.RTHROTTLED, status.RMSGQFUL))
    world.smsc.on_submit = lambda submit: next(answers, status.ROK)
    message_id = await world.submit()
    await world.advance(5)
    assert len(world.smsc.submits) == 3
    assert (world.message(message_id).state, world.message(message_id).retries) == (State.BUFFERED, 0)


async def test_credentials_that_are_wrong_hold_the_queue_and_are_a_fault(world: SmppWorld) -> None:
    world.smsc.on_bind = lambda bind: status.RINVPASWD
    world.smsc.lose()
    await world.advance(2)
    message_id = await world.submit()
    await world.advance(3)
    (row,) = world.rows("SELECT state, reason FROM link_lease")
    assert row.state == "fault"
    assert "the password is wrong" in row.reason
    assert world.message(message_id).state == State.PENDING
    world.smsc.on_bind = lambda bind: status.ROK
    await world.advance(35)
    assert world.message(message_id).state == State.BUFFERED


@using(cancel=True)
async def test_the_network_is_asked_to_forget_what_it_took(world: SmppWorld) -> None:
    message_id = await world.submit()
    asked = asyncio.create_task(cancel(world.core, world.actor(), DeviceId(1), message_id))
    await world.advance(2)
    await asked
    (pdu,) = [each for each in world.smsc.others if isinstance(each, CancelSm)]
    assert (pdu.message_id, pdu.destination_addr) == ("1", msisdn(1))
    assert world.message(message_id).state == State.CANCELED
    assert world.events(message_id)[-1] == "sms.canceled"


@using(cancel=True, country="49", national_prefix="0")
@pytest.mark.parametrize(("sender", "kind"), [("017012345678", 161), ("4917012345678", 145), ("1000", 161), ("Meters", None)])
async def test_the_network_is_asked_with_the_addresses_of_the_submit(world: SmppWorld, sender: str, kind: int | None) -> None:
    message_id = await world.submit(source=sender, source_type=kind)
    asked = asyncio.create_task(cancel(world.core, world.actor(), DeviceId(1), message_id))
    await world.advance(2)
    await asked
    (submit,), (pdu,) = world.smsc.submits, [each for each in world.smsc.others if isinstance(each, CancelSm)]
    assert _addresses(pdu) == _addresses(submit)


@using(cancel=True, device_address="imsi")
async def test_the_network_is_asked_by_imsi_where_devices_are_addressed_so(world: SmppWorld) -> None:
    message_id = await world.submit()
    asked = asyncio.create_task(cancel(world.core, world.actor(), DeviceId(1), message_id))
    await world.advance(2)
    await asked
    (submit,), (pdu,) = world.smsc.submits, [each for each in world.smsc.others if isinstance(each, CancelSm)]
    assert _addresses(pdu) == _addresses(submit)
    assert (pdu.destination_addr, pdu.dest_addr_npi) == ("901400000000001", 6)


def _addresses(pdu: SubmitSm | CancelSm) -> list[object]:
    fields = ("source_addr_ton", "source_addr_npi", "source_addr", "dest_addr_ton", "dest_addr_npi", "destination_addr")
    return [getattr(pdu, field) for field in fields]


@using(cancel=True, id_in_response="hex", id_in_text="decimal")
@pytest.mark.parametrize("written", ["0000B6AF", "0000b6af", "B6AF", "b6af"])
async def test_the_network_is_asked_with_the_id_as_it_wrote_it(world: SmppWorld, written: str) -> None:
    def forget(pdu: Pdu) -> Pdu:
        return response_to(pdu, status.ROK if isinstance(pdu, CancelSm) and pdu.message_id == written else status.RINVMSGID)

    world.smsc.on_submit = lambda submit: msgspec.structs.replace(response_to(submit), message_id=written)
    world.smsc.on_other = forget
    message_id = await world.submit()
    asked = asyncio.create_task(cancel(world.core, world.actor(), DeviceId(1), message_id))
    await world.advance(2)
    await asked
    assert world.message(message_id).state == State.CANCELED


@using(cancel=True)
async def test_a_network_that_does_not_forget_leaves_it_to_the_receipt(world: SmppWorld) -> None:
    world.smsc.on_other = lambda pdu: response_to(pdu, status.RCANCELFAIL)
    message_id = await world.submit()
    asked = asyncio.create_task(cancel(world.core, world.actor(), DeviceId(1), message_id))
    await world.advance(3)
    with pytest.raises(Problem) as refused:
        await asked
    assert refused.value.code is Code.HANDED_OVER
    await world.settle()
    assert world.message(message_id).state == State.BUFFERED
    await world.report(world.smsc.submits[0], "1", "DELETED")
    assert world.message(message_id).state == State.CANCELED


# a live network: OsmoMSC in transaction mode


@using(**OSMOMSC)
@pytest.mark.parametrize("absent", [status.RINVDSTADR, status.RDELIVERYFAILURE])
async def test_with_osmomsc_an_absent_device_waits_on_the_ladder_and_is_reached_when_it_returns(world: SmppWorld, absent: int) -> None:
    world.smsc.on_submit = lambda submit: absent
    message_id = await world.submit()
    (submit,) = world.smsc.submits
    assert (submit.esm_class, submit.registered_delivery, submit.validity_period) == (2, 0, "")
    assert (submit.dest_addr_ton, submit.dest_addr_npi, submit.source_addr_npi) == (1, 1, 0)
    assert world.message(message_id).state == State.BUFFERED
    await world.jump(21)
    assert len(world.smsc.submits) == 2
    await world.jump(2 * MINUTE)
    assert len(world.smsc.submits) == 2, "the second step is five minutes"
    world.smsc.on_submit = lambda submit: status.ROK
    attached = AlertNotification(source_addr=msisdn(1), source_addr_ton=1, source_addr_npi=1, tlvs=(tlv.MS_AVAILABILITY_STATUS.make(0),))
    world.smsc.bound[0].send(attached)
    await world.advance(2)
    assert len(world.smsc.submits) == 3
    assert world.message(message_id).state == State.DELIVERED


@using(**OSMOMSC)
async def test_a_device_that_detaches_wakes_nobody(world: SmppWorld) -> None:
    world.smsc.on_submit = lambda submit: status.RINVDSTADR
    await world.submit()
    await world.jump(21)
    gone = AlertNotification(source_addr=msisdn(1), source_addr_ton=1, source_addr_npi=1, tlvs=(tlv.MS_AVAILABILITY_STATUS.make(2),))
    world.smsc.bound[0].send(gone)
    await world.advance(30)
    assert len(world.smsc.submits) == 2


@using(**OSMOMSC, device_address="imsi")
async def test_devices_are_addressed_by_imsi_where_the_link_says_so(world: SmppWorld) -> None:
    message_id = await world.submit(device=2)
    await world.advance(1.5)
    (submit,) = world.smsc.submits
    assert (submit.destination_addr, submit.dest_addr_ton, submit.dest_addr_npi) == ("901400000000002", 0, 6)
    assert world.message(message_id).state == State.DELIVERED


# from the network


@using(role="interconnect", numbers=["49157000000"])
async def test_by_an_aggregator_a_long_number_of_ours_reaches_the_application(world: SmppWorld) -> None:
    assert await world.tell(mo(1, b"Hi", "49157000000", dest_addr_ton=1)) == 0
    (row,) = world.rows("SELECT traffic_class, dest, state FROM message WHERE direction = 2")
    assert (row.traffic_class, row.dest, row.state) == ("a2p_mo", "49157000000", State.DELIVERED)


async def test_parts_come_by_header_by_sar_and_as_one_payload(world: SmppWorld) -> None:
    parts = (b"one, ", b"two, ", b"three")
    for number in (3, 1, 2):
        header = udh.concat(7, 3, number)
        assert await world.tell(mo(1, header + parts[number - 1], esm_class=0x40)) == 0
    for number in (2, 3, 1):
        sar = (tlv.SAR_MSG_REF_NUM.make(9), tlv.SAR_TOTAL_SEGMENTS.make(3), tlv.SAR_SEGMENT_SEQNUM.make(number))
        assert await world.tell(mo(1, parts[number - 1], tlvs=sar)) == 0
    payload = "ä".encode("utf-16-be") * 200
    assert await world.tell(mo(1, b"", data_coding=8, tlvs=(tlv.MESSAGE_PAYLOAD.make(payload),))) == 0
    assert received(world) == ["one, two, three", "one, two, three", "ä" * 200]


@pytest.mark.parametrize(("data_coding", "text"), [(0, "0123456789abcdef_" * 18), (8, "0123456789łćéñöß№€" * 7 + "żółw" * 2)])
async def test_full_parts_by_sar_are_one_sms_whatever_their_reference(world: SmppWorld, data_coding: int, text: str) -> None:
    """Their senders leave room for a reference of eight bits, though that of SAR has 16: beside a wide one a full part was cut in two."""
    octets, room = (gsm7.encode(text), 153) if data_coding == 0 else (text.encode("utf-16-be"), 134)
    assert len(octets) == 2 * room
    for number in (2, 1):
        sar = (tlv.SAR_MSG_REF_NUM.make(0x1234), tlv.SAR_TOTAL_SEGMENTS.make(2), tlv.SAR_SEGMENT_SEQNUM.make(number))
        assert await world.tell(mo(1, octets[(number - 1) * room : number * room], data_coding=data_coding, tlvs=sar)) == 0
    assert received(world) == [text]


@pytest.mark.parametrize(("world", "data_coding"), [({}, 3), ({"default_alphabet": "latin-1"}, 0)], indirect=["world"])
@pytest.mark.parametrize("style", ["udh", "sar"])
async def test_long_parts_in_latin_1_are_one_sms_though_only_some_fit_gsm_7_bit(world: SmppWorld, data_coding: int, style: str) -> None:
    parts = ["Zählerstand 4711, " * 7, "così così, " * 11 + "³ ", "£ 5, $ 7. "]
    for number in (2, 3, 1):
        octets = parts[number - 1].encode("latin-1")
        sar = (tlv.SAR_MSG_REF_NUM.make(9), tlv.SAR_TOTAL_SEGMENTS.make(3), tlv.SAR_SEGMENT_SEQNUM.make(number))
        how: dict[str, Any] = {"esm_class": 0x40} if style == "udh" else {"tlvs": sar}
        header = udh.concat(7, 3, number) if style == "udh" else b""
        assert await world.tell(mo(1, header + octets, data_coding=data_coding, **how)) == 0
    assert received(world) == ["".join(parts)]
    (row,) = world.rows("SELECT dcs, segments FROM message WHERE direction = 2")
    assert (row.dcs, row.segments) == (8, 3)


@pytest.mark.parametrize(
    ("world", "wanted"),
    [({"role": "network"}, 0x0B), ({"role": "interconnect"}, 0), ({"refusals": {"destination": "0x65"}}, 0x65)],
    indirect=["world"],
)
async def test_a_refusal_is_told_to_a_network_and_not_to_an_interconnect(world: SmppWorld, wanted: int) -> None:
    from_nobody = msgspec.structs.replace(mo(1, b"Hi", "4912345678901"), source_addr="49999")
    assert await world.tell(from_nobody) == wanted
    assert received(world) == []


async def test_what_the_database_does_not_keep_in_time_is_not_ready_and_is_not_kept_twice(world: SmppWorld) -> None:
    gate = asyncio.Event()
    receive = world.smpp._listener.inbound

    async def slow(inbound: Any) -> Any:
        await gate.wait()
        return await receive(inbound)

    world.smpp._listener.inbound = slow  # type: ignore[method-assign]
    key = world.smsc.send(mo(1, b"slow"))
    await world.settle()
    await world.advance(3.9)
    assert world.smsc.answers[key] is None
    await world.advance(0.2)
    assert (await world.smsc.answer(key)).command_status == status.RSYSERR
    gate.set()
    await world.settle()
    assert await world.tell(mo(1, b"slow")) == 0
    assert received(world) == ["slow"]


async def test_receipts_that_come_together_are_kept_together_and_answered_each(world: SmppWorld) -> None:
    told: list[int] = []
    keep = world.smpp._listener.receipts

    async def counted(receipts: Any) -> Any:
        told.append(len(receipts))
        return await keep(receipts)

    world.smpp._listener.receipts = counted  # type: ignore[method-assign]
    for device in (1, 2, 3):
        await world.submit(device)
    keys = [world.smsc.send(world.smsc.receipt(submit, str(number))) for number, submit in enumerate(world.smsc.submits, 1)]
    await world.settle()
    assert [(await world.smsc.answer(key)).command_status for key in keys] == [0, 0, 0]
    assert told == [3]
    assert [row.disposition for row in world.receipts()] == ["matched"] * 3


async def test_an_sms_whose_answer_the_connection_lost_is_kept_once_when_it_comes_again(world: SmppWorld) -> None:
    gate = asyncio.Event()
    receive = world.smpp._listener.inbound

    async def slow(inbound: Any) -> Any:
        answer = await receive(inbound)
        await gate.wait()
        return answer

    world.smpp._listener.inbound = slow  # type: ignore[method-assign]
    world.smsc.send(mo(1, b"again"))
    await world.settle()
    world.smsc.lose()
    await world.settle()
    gate.set()
    await world.advance(2)
    assert await world.tell(mo(1, b"again")) == 0
    assert received(world) == ["again"]
    assert await world.tell(mo(1, b"again")) == 0
    assert received(world) == ["again", "again"], "a meter repeats its text on purpose"


@pytest.mark.parametrize("is_part", [False, True])
async def test_a_header_of_any_length_is_kept_or_refused_and_ends_no_link(world: SmppWorld, is_part: bool) -> None:
    sar = (tlv.SAR_MSG_REF_NUM.make(7), tlv.SAR_TOTAL_SEGMENTS.make(2), tlv.SAR_SEGMENT_SEQNUM.make(1))
    kept: list[Any] = []
    receive = world.smpp._listener.inbound

    async def noted(inbound: Any) -> Any:
        kept.append(inbound)
        return await receive(inbound)

    link = world.smpp
    link._listener.inbound = noted  # type: ignore[method-assign]
    for length in (*range(0, 120, 30), *range(128, 144), 200, 252, 253, 255):
        for text in (b"", b"x"):
            kept.clear()
            octets = bytes((length,)) + (bytes((0x70, length - 2)) + bytes(length - 2) if length >= 2 else b"") + text
            told = mo(1, b"", esm_class=0x40, tlvs=(*(sar if is_part else ()), tlv.MESSAGE_PAYLOAD.make(octets)))
            answer = await world.tell(told)
            assert answer == (status.ROK if kept else status.RX_P_APPN), (length, text)
            assert kept or not text, (length, text)
    assert world.smpp is link


# long messages and more than one link


@using(long_messages="sar")
async def test_long_messages_go_by_sar_where_the_link_wants_them_so(world: SmppWorld) -> None:
    await world.submit(text=LONG)
    assert [tlv.SAR_SEGMENT_SEQNUM.find(submit.tlvs) for submit in world.smsc.submits] == [1, 2, 3]
    assert not [submit for submit in world.smsc.submits if submit.esm_class & 0x40]
    assert b"".join(submit.short_message for submit in world.smsc.submits) == LONG.encode()


async def test_while_a_link_is_down_its_messages_go_by_the_next_of_their_route(world: SmppWorld) -> None:
    (first,) = world.rows("SELECT id FROM link")
    settings = msgspec.json.encode({"host": "127.0.0.1", "port": world.smsc.port, "system_id": "second", "password": "x"}).decode()
    second = await world.database.write(link_store.insert, "Second", "smpp", settings, world.now_ms)
    await routes.add(world.core, _operator(world), NewRoute(kind=RouteKind.ALL, links=(first.id, second)))
    await world.advance(2)
    assert {bind.system_id for bind in world.smsc.binds} == {"meters", "second"}
    await world.submit()
    world.smsc.on_bind = lambda bind: status.ROK if bind.system_id == "second" else None
    world.smsc.on_submit = lambda submit: None
    held = await world.submit(device=2)
    for connection in world.smsc.bound:
        if _system_id(world, connection) == "meters":
            connection._transport.abort()  # type: ignore[union-attr]
    await world.advance(1)
    waiting = await world.submit(device=3)
    world.smsc.on_submit = lambda submit: status.ROK
    assert world.message(waiting).state == State.PENDING
    for _ in range(40):
        await world.jump(1)
    await world.sweep()
    await world.advance(2)
    assert world.message(waiting).state == State.BUFFERED
    links = {row.message_id: row.link_id for row in world.rows("SELECT message_id, link_id FROM attempt ORDER BY at_ms")}
    assert links[waiting] == second
    assert world.message(held).state == State.BUFFERED or links[held] == first.id
    world.smsc.on_bind = lambda bind: status.ROK
    await world.advance(40)
    await world.sweep()
    back = await world.submit(device=3)
    links = {row.message_id: row.link_id for row in world.rows("SELECT message_id, link_id FROM attempt ORDER BY at_ms")}
    assert links[back] == first.id


@using(bind_type="tx", correlation_group="centre")
async def test_a_receipt_that_comes_by_another_link_of_its_correlation_group_is_matched(world: SmppWorld) -> None:
    where = {"host": "127.0.0.1", "port": world.smsc.port, "password": "x"}
    for name, system_id, group in (("Hears", "hears", "centre"), ("Other", "other", "another centre")):
        settings = msgspec.json.encode(where | {"system_id": system_id, "bind_type": "rx", "correlation_group": group}).decode()
        await world.database.write(link_store.insert, name, "smpp", settings, world.now_ms)
    await world.advance(3)
    by = {_system_id(world, each): each for each in world.smsc.bound}
    message_id = await world.submit()
    (submit,) = world.smsc.submits
    for name, state in (("other", State.BUFFERED), ("hears", State.DELIVERED)):
        by[name].send(world.smsc.receipt(submit, "1"))
        await world.settle()
        await world.advance(0.1)
        assert world.message(message_id).state == state
    assert [row.message_id for row in world.receipts()] == [None, message_id]


@using(
    system_type="VMA", address_range="^4915", address_range_ton=1, address_range_npi=1, version="5.0", bind_type="tx+rx",
    service_type="M2M", binds=2,
)  # fmt: skip
async def test_binds_and_submits_say_what_the_link_says(world: SmppWorld) -> None:
    world.smsc.bind_tlvs = (tlv.SC_INTERFACE_VERSION.make(0x50),)
    said = {(each.system_type, each.address_range, each.addr_ton, each.addr_npi, each.interface_version) for each in world.smsc.binds}
    assert said == {("VMA", "^4915", 1, 1, 0x50)}
    assert sorted(each.name for each in world.smsc.binds) == ["bind_receiver"] * 2 + ["bind_transmitter"] * 2
    await world.submit()
    assert world.smsc.submits[0].service_type == "M2M"


def _operator(world: SmppWorld) -> Any:
    return world.actor(door=Door.CLI, role=Role.SUPER_ADMIN)


def _system_id(world: SmppWorld, connection: Any) -> str:
    """In the order in which they connected they bound."""
    return world.smsc.binds[world.smsc.connections.index(connection)].system_id


async def test_who_watches_a_link_sees_its_unbind_and_bind_when_it_is_stopped_and_started(world: SmppWorld) -> None:
    operator, link_id = _operator(world), world.link_id
    _, after = await links.trace(world.core, operator, link_id, None)
    await world.advance(1.1)
    for on in (False, True):
        await links.switch(world.core, operator, link_id, on=on)
        await world.advance(3)
    lines, _ = await links.trace(world.core, operator, link_id, after)
    heads = [(bool(line.is_sent), line.pdu.split()[0].strip(",")) for line in lines]
    assert heads == [
        (True, "unbind"), (False, "unbind_resp"), (True, "bind_transceiver"), (False, "bind_transceiver_resp"),
    ]  # fmt: skip


async def test_who_watches_a_link_sees_its_pdus_decoded_and_no_password(world: SmppWorld) -> None:
    operator, link_id = _operator(world), world.link_id
    _, after = await links.trace(world.core, operator, link_id, None)
    await world.advance(1.1)
    await world.submit()
    await world.report(world.smsc.submits[0], "1")
    world.smsc.lose()
    await world.advance(3)
    lines, following = await links.trace(world.core, operator, link_id, after)
    heads = [(bool(line.is_sent), line.pdu.split()[0].strip(",")) for line in lines]
    for wanted in (
        (True, "submit_sm"),
        (False, "submit_sm_resp"),
        (False, "deliver_sm"),
        (True, "deliver_sm_resp"),
        (True, "bind_transceiver"),
    ):
        assert wanted in heads, heads
    assert "secret" not in str(lines)
    assert "(hidden)" in str(lines)
    assert (await links.trace(world.core, operator, link_id, following))[0] == []
    await world.jump(HOUR + MINUTE)
    await world.sweep()
    assert world.rows("SELECT id FROM link_trace") == []
