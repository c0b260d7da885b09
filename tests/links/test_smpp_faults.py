"""Peers that misbehave: whatever they do, every segment settles once, and the link is there again when they are."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from heliograph.links import KINDS
from heliograph.links.smpp.bind import UNANSWERED_MOST
from heliograph.links.smpp.link import SmppLink
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, Unknown
from heliograph.smpp import status
from heliograph.smpp.aio import Connection
from heliograph.smpp.pdu import BindReceiver, DeliverSm, EnquireLink, SubmitSm, Unbind
from tests.contract.link_contract import Listener, Sent, outgoing, send_many
from tests.links.smsc import Smsc, running
from tests.manual_clock import TestClock
from tests.smpp.wires import until
from tests.webhooks.receiver import certificate

FIELDS = {"host": "127.0.0.1", "system_id": "meters", "password": "secret", "delivery": "stored"}


class Rig:
    def __init__(self, smsc: Smsc, clock: TestClock, **settings: object) -> None:
        self.smsc, self.clock, self.listener = smsc, clock, Listener()
        text = msgspec.json.encode(FIELDS | {"port": smsc.port} | settings).decode()
        kind = KINDS["smpp"]
        made = kind.make(kind.profile(LinkId(1), "SMSC", text), text, self.listener, clock, Metrics())
        assert isinstance(made, SmppLink)
        self.link = made
        self.running = asyncio.create_task(made.run())

    async def up(self) -> None:
        """Let time pass until the link is up."""
        while self.listener.states[-1:] != ["up"]:
            await asyncio.sleep(0.002)
            if not any(bind.connection is not None for bind in self.link.binds):
                await self.clock.advance(0.5)

    async def end(self) -> None:
        await self.link.stop(0)
        await self.running


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with running() as made:
        yield made


@pytest.fixture
async def rig(smsc: Smsc) -> AsyncIterator[Rig]:
    made = Rig(smsc, TestClock())
    await made.up()
    yield made
    await made.end()


def raw(connection: Connection, octets: bytes) -> None:
    assert connection._transport is not None
    connection._transport.write(octets)


FLAWS: dict[str, Callable[[Connection, SubmitSm], None]] = {
    "it dies": lambda connection, submit: connection._transport.abort(),  # type: ignore[union-attr]
    "it unbinds and says nothing more": lambda connection, submit: connection.send(Unbind()) and None,
    "garbage": lambda connection, submit: raw(connection, b"GET / HTTP/1.1\r\nHost: smsc\r\n\r\n"),
    "a length of 4 GB": lambda connection, submit: raw(connection, b"\xff\xff\xff\xff" + bytes(12)),
    "half a PDU, and the end": lambda connection, submit: (raw(connection, b"\0\0\0\x20\x80\0\0\x04"), connection._transport.close()),  # type: ignore[union-attr]
}  # fmt: skip


@pytest.mark.parametrize("flaw", list(FLAWS))
async def test_what_waits_settles_as_unknown_and_the_link_comes_back(rig: Rig, flaw: str) -> None:
    done: list[bool] = []

    def misbehave(submit: SubmitSm) -> None:
        if not done:
            done.append(True)
            FLAWS[flaw](rig.smsc.bound[0], submit)

    rig.smsc.on_submit = misbehave
    sents = send_many(rig.link, 5)
    await until(lambda: all(sent.outcomes for sent in sents), "the outcomes")
    assert all(isinstance(sent.outcomes[0], Unknown) for sent in sents)
    rig.smsc.on_submit = lambda submit: status.ROK
    rig.listener.states.append("waiting")
    await rig.up()
    (sent,) = send_many(rig.link, 1)
    await until(lambda: sent.outcomes, "an answer")
    assert isinstance(sent.outcomes[0], Accepted)
    assert {len(each.outcomes) for each in sents} == {1}


async def test_a_peer_that_answers_nothing_is_asked_whether_it_lives_and_then_given_up(rig: Rig) -> None:
    rig.smsc.on_submit = lambda submit: None
    rig.smsc.on_other = lambda pdu: None
    for connection in rig.smsc.bound:
        connection.pause_reading()
    sents = send_many(rig.link, 3)
    await rig.clock.advance(29.9)
    assert not any(sent.outcomes for sent in sents)
    await rig.clock.advance(0.2)
    assert [type(sent.outcomes[0]) for sent in sents] == [Unknown] * 3
    await rig.clock.advance(30.1)
    await until(lambda: rig.listener.states[-1].startswith("down"), "the end of a half-open connection")
    assert "enquire_link" in rig.listener.states[-1]


@pytest.mark.parametrize("delivery", ["stored", "live"])
async def test_a_stored_network_that_speaks_and_answers_no_submit_is_connected_to_anew(smsc: Smsc, delivery: str) -> None:
    rig = Rig(smsc, TestClock(), delivery=delivery, window=UNANSWERED_MOST)
    await rig.up()
    smsc.on_submit = lambda submit: None
    sents = send_many(rig.link, UNANSWERED_MOST - 1)
    for _ in range(4):
        await rig.clock.advance(8)
        await smsc.answer(smsc.send(EnquireLink()))
    await until(lambda: all(sent.outcomes for sent in sents), "the end of what was not answered")
    assert rig.listener.states == ["up"], "that many may be bad luck"
    (last,) = send_many(rig.link, 1)
    for _ in range(4):
        await rig.clock.advance(8)
        for connection in smsc.bound:
            smsc.send(EnquireLink(), connection)
        await asyncio.sleep(0.01)
    await until(lambda: last.outcomes, "the end of the last")
    assert {type(sent.outcomes[0]) for sent in (*sents, last)} == {Unknown}
    if delivery == "stored":
        assert rig.listener.states[1] == f"down: {UNANSWERED_MOST} submits in a row had no answer within 30 s"
        await rig.up()
    smsc.on_submit = lambda submit: status.ROK
    (sent,) = send_many(rig.link, 1)
    await until(lambda: sent.outcomes, "an answer")
    assert isinstance(sent.outcomes[0], Accepted)
    assert len(smsc.binds) == (2 if delivery == "stored" else 1)
    await rig.end()


async def test_answers_to_nothing_and_of_the_wrong_number_settle_nobody(rig: Rig) -> None:
    rig.smsc.on_submit = lambda submit: None
    sents = send_many(rig.link, 2)
    await until(lambda: len(rig.smsc.held) == 2, "the submits")
    connection = rig.smsc.bound[0]
    raw(connection, bytes.fromhex("00000012800000040000000000ABCDEF3100"))
    raw(connection, bytes.fromhex("00000010800000150000000000000777"))
    await until(lambda: rig.link._flaws is not None and len(rig.smsc.held) == 2, "nothing")
    await asyncio.sleep(0.05)
    assert not any(sent.outcomes for sent in sents)
    rig.smsc.release()
    await until(lambda: all(sent.outcomes for sent in sents), "the answers")
    assert all(isinstance(sent.outcomes[0], Accepted) for sent in sents)


async def test_a_response_that_cannot_be_read_is_unknown_and_the_session_goes_on(rig: Rig) -> None:
    def broken(submit: SubmitSm) -> None:
        raw(rig.smsc.bound[0], bytes.fromhex("00000011800000040000000000000000")[:12] + submit.sequence_number.to_bytes(4) + b"x")

    rig.smsc.on_submit = broken
    (sent,) = send_many(rig.link, 1)
    await until(lambda: sent.outcomes, "an outcome")
    rig.smsc.on_submit = lambda submit: status.ROK
    (other,) = send_many(rig.link, 1)
    await until(lambda: other.outcomes, "an answer")
    assert isinstance(other.outcomes[0], Accepted)


async def test_a_peer_that_floods_us_is_told_to_wait_and_does_not_fill_memory(rig: Rig) -> None:
    rig.listener.gate.clear()
    for number in range(3000):
        rig.smsc.bound[0].send(DeliverSm(source_addr="423663920000001", destination_addr="1000", short_message=str(number).encode()))
    await until(lambda: sum(answer is not None for answer in rig.smsc.answers.values()) >= 2000, "refusals")
    assert len(rig.listener.heard) == 1000
    assert {answer.command_status for answer in rig.smsc.answers.values() if answer is not None and answer.name == "deliver_sm_resp"} == {
        status.RTHROTTLED
    }
    rig.listener.gate.set()
    await until(lambda: all(answer is not None for answer in rig.smsc.answers.values()), "the answers")


@pytest.mark.parametrize("state", ["connected", "bound"])
async def test_a_peer_that_is_silent_before_or_after_the_bind_wedges_nothing(smsc: Smsc, state: str) -> None:
    if state == "connected":
        smsc.on_bind = lambda bind: None
    clock = TestClock()
    rig = Rig(smsc, clock)
    await until(lambda: smsc.binds, "the bind")
    if state == "connected":
        await clock.advance(10.1)
        await until(lambda: rig.listener.states, "the end of the wait")
        assert "no bind within" in rig.listener.states[-1]
    else:
        await rig.up()
        smsc.on_other = lambda pdu: None
        smsc.bound[0].pause_reading()
        await clock.advance(61)
        await until(lambda: any(each.startswith("down") for each in rig.listener.states), "the end")  # it may be up again by now
    smsc.on_bind = lambda bind: status.ROK
    await rig.up()
    await rig.end()


async def test_a_port_that_nobody_listens_on_is_said_in_words_and_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    smsc = Smsc()
    smsc.port = port
    clock = TestClock()
    rig = Rig(smsc, clock)
    await until(lambda: rig.listener.states, "the state")
    assert (
        rig.listener.states == [f"down: cannot connect to 127.0.0.1:{port}: Connection refused"]
        or "cannot connect" in rig.listener.states[0]
    )
    await smsc.start()
    await rig.up()
    await rig.end()
    await smsc.stop()


@pytest.mark.needs("openssl")
async def test_over_tls_a_link_binds_where_the_certificate_is_accepted_and_says_why_where_it_is_not(tmp_path: Path) -> None:
    ca_file, server = certificate(tmp_path, "smsc", "IP:127.0.0.1")
    server.load_verify_locations(ca_file)
    server.verify_mode = ssl.CERT_OPTIONAL
    key_file = ca_file.with_suffix(".key")
    async with running(tls=server) as smsc:
        for taken in ({"tls_ca_file": str(ca_file)}, {"tls_verify": False}, {"tls_verify": False, "tls_certificate_file": str(ca_file)}):
            both = taken | ({"tls_key_file": str(key_file)} if "tls_certificate_file" in taken else {})
            rig = Rig(smsc, TestClock(), tls=True, **both)
            await rig.up()
            (sent,) = send_many(rig.link, 1)
            await until(lambda: sent.outcomes, "an answer")  # noqa: B023
            assert isinstance(sent.outcomes[0], Accepted)
            shown = smsc.bound[-1].get_extra_info("ssl_object")
            assert isinstance(shown, ssl.SSLObject)
            assert bool(shown.getpeercert()) is ("tls_certificate_file" in taken)
            await rig.end()
        for settings, words in (
            ({"tls": True}, "is not accepted (self-signed certificate): name who signed it in tls_ca_file"),
            ({"tls": True, "tls_ca_file": str(ca_file), "tls_server_name": "smsc.example"}, "set tls_server_name to the name that it has"),
            ({"tls": True, "tls_ca_file": "/no/such.pem"}, "there is no file /no/such.pem"),
        ):
            rig = Rig(smsc, TestClock(), **settings)
            await until(lambda: rig.listener.states, "what is wrong")  # noqa: B023
            assert words in rig.listener.states[0]
            await rig.end()


async def test_a_port_that_speaks_no_tls_is_said_so(smsc: Smsc) -> None:
    rig = Rig(smsc, TestClock(), tls=True)
    await until(lambda: rig.listener.states, "what is wrong")
    assert "does this port speak TLS?" in rig.listener.states[0]
    await rig.end()


@pytest.mark.parametrize(
    ("bind_type", "binds", "wanted"),
    [
        ("trx", 2, ["bind_transceiver"] * 2),
        ("tx", 1, ["bind_transmitter"]),
        ("rx", 1, ["bind_receiver"]),
        ("tx+rx", 2, ["bind_receiver", "bind_receiver", "bind_transmitter", "bind_transmitter"]),
    ],
)
async def test_a_link_makes_the_binds_that_are_set_and_has_room_on_those_that_send(
    smsc: Smsc, bind_type: str, binds: int, wanted: list[str]
) -> None:
    rig = Rig(smsc, TestClock(), bind_type=bind_type, binds=binds, window=10)
    await rig.up()
    await until(lambda: len(smsc.binds) == len(wanted), "the binds")
    assert sorted(bind.name for bind in smsc.binds) == wanted
    await until(lambda: rig.link.room() == 10 * sum(name != "bind_receiver" for name in wanted), "the room")
    await rig.end()


async def test_a_link_with_two_directions_is_up_when_it_has_both(smsc: Smsc) -> None:
    smsc.on_bind = lambda bind: status.RSYSERR if isinstance(bind, BindReceiver) else status.ROK
    clock = TestClock()
    rig = Rig(smsc, clock, bind_type="tx+rx")
    await until(lambda: rig.listener.states, "a state")
    assert rig.listener.states[0].startswith("down")
    assert "up" not in rig.listener.states
    smsc.on_bind = lambda bind: status.ROK
    while rig.listener.states[-1] != "up":
        await asyncio.sleep(0.002)
        await clock.advance(0.5)
    await rig.end()


async def test_an_outbind_of_the_centre_makes_the_bind_and_a_wrong_one_none(smsc: Smsc) -> None:
    rig = Rig(smsc, TestClock(), host="", outbind_listen="127.0.0.1:0", outbind_system_id="centre", outbind_password="secret")
    await until(lambda: rig.link.listens_on, "the port")
    await smsc.outbind(rig.link.listens_on, password="wrong")
    await until(lambda: smsc.connections[0].is_over, "the refusal")
    assert not smsc.binds
    assert rig.listener.states[-1] == "down: an outbind has another system_id or password than outbind_system_id and outbind_password say"
    await smsc.outbind(rig.link.listens_on)
    await until(lambda: rig.listener.states[-1:] == ["up"], "the bind")
    (sent,) = send_many(rig.link, 1)
    await until(lambda: sent.outcomes, "an answer")
    assert isinstance(sent.outcomes[0], Accepted)
    stranger = await smsc.outbind(rig.link.listens_on, system_id="stranger")
    await until(lambda: stranger.is_over, "the refusal")
    assert rig.listener.states[-1] == "up", "a stranger takes nobody's place"
    await rig.end()


async def test_a_rate_is_kept(smsc: Smsc) -> None:
    clock = TestClock()
    rig = Rig(smsc, clock, rate=10, window=100)
    await rig.up()
    while rig.link.room():
        Sent().send(rig.link, outgoing())
    sent = 1
    for _ in range(100):
        await clock.advance(0.05)
        while rig.link.room():
            Sent().send(rig.link, outgoing())
            sent += 1
    assert 48 <= sent <= 52, "ten a second for five seconds"
    assert rig.listener.room_changes >= 10
    await until(lambda: len(smsc.submits) == sent, "the submits")
    await rig.end()


async def test_enquire_link_of_the_peer_is_answered(rig: Rig) -> None:
    key = rig.smsc.send(EnquireLink())
    assert (await rig.smsc.answer(key)).command_status == status.ROK
