"""Peers that die, hang, lie or come a thousand at once: no message that was answered is lost, no session wedges, the others go on."""

import asyncio
import contextlib
import random
import resource
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.smpp import status
from heliograph.smpp.aio import MOST_OCTETS, SLICE_OCTETS
from heliograph.smpp.codec import encode
from heliograph.smpp.command import GENERIC_NACK, HEADER
from heliograph.smpp.pdu import BindTransceiver, DeliverSm, EnquireLink, QuerySm, SubmitSm, Unbind
from heliograph.smppd.server import ServerSettings
from heliograph.store import smpp_account as store
from tests.core_world import Setting, msisdn
from tests.scripted import DELIVERED
from tests.smppd.house import PASSWORD, App, House, until
from tests.waits import PATIENCE_S
from tests.webhooks.receiver import certificate

BIND = BindTransceiver(system_id="org_1", password=PASSWORD, interface_version=0x34)


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    settings = ServerSettings(session_init_ms=10_000, enquire_link_ms=5000, inactivity_ms=60_000, response_ms=5000)
    async with House(smpp_url, Setting(devices=3), settings, org_1={"max_binds": 1000, "window": 1000}) as made:
        await made.policy(1, esme_interface_type_id=2)
        yield made


def to(device: int = 1, text: bytes = b"hello") -> SubmitSm:
    return SubmitSm(source_addr="1000", destination_addr=msisdn(device), short_message=text, registered_delivery=1)


class Wire:
    """A connection without a session behind it: it says what it is told to, and may die at any moment."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, house: House) -> "Wire":
        return cls(*await asyncio.open_connection("127.0.0.1", house.port))

    async def bound(self) -> "Wire":
        self.writer.write(encode(BIND, 1))
        assert (await self.read())[2] == 0
        return self

    async def read(self) -> tuple[int, int, int, bytes]:
        """command_id, sequence_number, command_status and body of the next PDU."""
        length, command_id, command_status, number = HEADER.unpack(await asyncio.wait_for(self.reader.readexactly(16), 30))
        return command_id, number, command_status, await self.reader.readexactly(length - 16)

    def die(self) -> None:
        """Without a word, as a process that is killed: the kernel resets the connection."""
        if self.writer.transport.is_closing():
            return
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def is_closed(self) -> bool:
        """Whether the server has closed it, whatever it said before."""
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self.reader.read(), 30)
        self.writer.close()
        return True


async def nothing_is_left(house: House, *but: App) -> None:
    """The server keeps nothing of who has gone, and goes on with others."""
    await until(lambda: len(house.server._esmes) == len(but), "the end of the others")
    await house.world.advance(4)
    assert len(await house.world.database.read(store.sessions, 0)) == len(but)
    assert not house._running.done()
    app = but[0] if but else await house.bind()
    assert (await app.ask(to())).command_status == 0
    if not but:
        await app.leave()


# a peer dies


async def dies_connected(house: House) -> None:
    (await Wire.to(house)).die()


async def dies_in_the_middle_of_a_bind(house: House) -> None:
    wire = await Wire.to(house)
    wire.writer.write(encode(BIND, 1)[:20])
    await asyncio.sleep(0.01)
    wire.die()


async def dies_before_its_bind_is_answered(house: House) -> None:
    for _ in range(10):
        wire = await Wire.to(house)
        wire.writer.write(encode(BIND, 1))
        await wire.writer.drain()
        wire.die()


async def dies_bound(house: House) -> None:
    (await (await Wire.to(house)).bound()).die()


async def dies_with_submits_under_way(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    wire.writer.write(b"".join(encode(to(1, b"%d" % number), number) for number in range(2, 300)))
    await wire.writer.drain()
    wire.die()


async def dies_in_the_middle_of_a_submit(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    wire.writer.write(encode(to(), 2) + encode(to(), 3)[:-7])
    await wire.read()
    wire.die()


async def dies_with_a_query_under_way(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    wire.writer.write(b"".join(encode(QuerySm(message_id="1"), number) for number in range(2, 50)))
    await wire.writer.drain()
    wire.die()


async def dies_while_it_unbinds(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    wire.writer.write(encode(to(), 2) + encode(Unbind(), 3))
    await wire.writer.drain()
    wire.die()


DEATHS = (
    dies_connected,
    dies_in_the_middle_of_a_bind,
    dies_before_its_bind_is_answered,
    dies_bound,
    dies_with_submits_under_way,
    dies_in_the_middle_of_a_submit,
    dies_with_a_query_under_way,
    dies_while_it_unbinds,
)


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
async def test_a_peer_that_dies_leaves_nothing_behind(house: House, death: object) -> None:
    other = await house.bind()
    await death(house)  # type: ignore[operator]
    await nothing_is_left(house, other)


async def test_what_was_answered_before_a_peer_died_is_kept_and_its_receipts_wait(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    house.world.link.otherwise = None
    wire.writer.write(b"".join(encode(to(1, b"%d" % number), number) for number in range(2, 102)))
    answered = []
    while len(answered) < 40:
        _, _, command_status, body = await wire.read()
        assert command_status == 0
        answered.append(int(body.rstrip(b"\0")))
    wire.die()
    await until(lambda: not house.server._esmes, "its end")
    await house.world.settle()
    kept = {row.id for row in house.world.rows("SELECT id FROM message")}
    assert set(answered) <= kept
    while house.world.link.open:
        for sent in house.world.link.open:
            sent.answer(DELIVERED)
        await house.world.settle()
    again = await house.bind()
    await until(lambda: len(again.delivered) == len(kept), "a receipt for each that was kept")


async def test_what_was_being_delivered_when_a_peer_died_comes_again(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    for number in range(5):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    assert (await wire.read())[0] == DeliverSm.command_id
    wire.die()
    await until(lambda: not house.server._esmes, "its end")
    app = await house.bind()
    await until(lambda: len(app.delivered) == 5, "all five")
    assert {pdu.short_message for pdu in app.delivered} == {b"%d" % number for number in range(5)}


# a peer hangs


async def test_a_connection_that_never_binds_is_closed(house: House) -> None:
    wire = await Wire.to(house)
    await until(lambda: house.server._esmes, "the connection")
    await house.world.advance(11)
    assert await wire.is_closed()
    await nothing_is_left(house)


async def test_a_half_open_connection_is_found_out_and_what_waited_for_it_goes_to_another(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    await house.world.hear(msisdn(1), "1000")
    await wire.read()
    await house.world.advance(12)
    assert await wire.is_closed()
    app = await house.bind()
    await house.world.advance(40)
    await until(lambda: app.delivered, "the message")


async def test_a_peer_that_answers_enquire_link_lives(house: House) -> None:
    app = await house.bind()
    for _ in range(8):
        await house.world.advance(5)
        await asyncio.sleep(0.02)
    assert not app.closed
    assert (await app.ask(EnquireLink())).command_status == 0


async def test_a_peer_that_does_not_read_is_not_read_and_others_do_not_feel_it(house: House) -> None:
    other = await house.bind()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", house.port))
    deaf.sendall(encode(BIND, 1))
    await until(lambda: len(house.server._of_account.get("org_1", ())) == 2, "its bind")
    deaf.setblocking(False)
    (esme,) = (each for each in house.server._esmes.values() if each is not house.server._of_account["org_1"][0])
    asks = b"".join(encode(EnquireLink(), number) for number in range(2, 4000))

    def is_not_read() -> bool:
        with contextlib.suppress(BlockingIOError):
            while True:
                deaf.send(asks)  # a part of it is enough: octets that are cut anywhere are octets
        return esme.connection._is_full or esme.connection.is_over

    await until(is_not_read, "the server stops reading")
    transport = esme.connection._transport
    assert transport is None or transport.get_write_buffer_size() <= MOST_OCTETS, "what waits for it is bounded"
    assert (await other.ask(to())).command_status == 0
    deaf.close()
    await nothing_is_left(house, other)


async def test_a_peer_that_floods_is_read_less_and_less_and_has_all_its_answers_in_the_end(house: House) -> None:
    """It may want 5 at a time and asks for 4000; the clock moves only when told, so as long as it stands nothing more of it is read."""
    await house.add("pol_1", window=5)
    other, flood = await house.bind(), await house.bind("pol_1")
    (esme,) = house.server._of_account["pol_1"]
    asked: asyncio.Future[list[Any]] = house.world.spawn(flood.ask_all(*(to() for _ in range(4000))))
    await until(lambda: esme.connection._is_paused, "that it is not read")
    assert (await other.ask(to())).command_status == 0, "others are"
    answered = len(flood.settled)
    assert answered < 1000, "what one read brought is not told at once"
    pauses = 0
    async with asyncio.timeout(PATIENCE_S):
        while not asked.done():
            pauses += esme.connection._is_paused
            if esme.connection._is_paused:
                await house.world.advance(1)
            else:  # its octets are on their way, for which the system takes real time after a pause
                await asyncio.sleep(0.001)
    assert {each.command_status for each in await asked} == {0, status.RTHROTTLED}
    assert pauses >= 4
    assert esme._excess.slice_octets == esme.connection.slice_octets < SLICE_OCTETS
    await house.world.advance(1)
    assert (await flood.ask(to())).command_status == 0
    assert esme.connection.slice_octets == SLICE_OCTETS, "it holds to its window again"


# a peer lies


@pytest.mark.parametrize("length", [0, 15, 0x0100_0000, 0xFFFF_FFFF])
async def test_a_length_that_cannot_be_is_answered_and_ends_the_connection_without_waiting_for_it(house: House, length: int) -> None:
    wire = await (await Wire.to(house)).bound()
    wire.writer.write(struct.pack(">IIII", length, 4, 0, 3))
    assert (await wire.read())[:3] == (GENERIC_NACK, 3, status.RINVCMDLEN)
    assert await wire.is_closed()
    await nothing_is_left(house)


@pytest.mark.parametrize("seed", range(8))
async def test_garbage_ends_at_worst_the_connection_it_came_by(house: House, seed: int) -> None:
    chance = random.Random(seed)
    other = await house.bind()
    valid = encode(to(), 2)
    for bound in (False, True):
        wire = await Wire.to(house)
        if bound:
            await wire.bound()
        for _ in range(30):
            octets = bytearray(valid)
            for _ in range(chance.randrange(1, 6)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            wire.writer.write(bytes(octets) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 300)))
        await asyncio.sleep(0.02)
        wire.die()
    await nothing_is_left(house, other)


async def test_an_answer_to_nothing_and_an_answer_of_a_wrong_number_change_nothing(house: House) -> None:
    wire = await (await Wire.to(house)).bound()
    await house.world.hear(msisdn(1), "1000")
    _, number, _, _ = await wire.read()
    wire.writer.write(HEADER.pack(17, 0x8000_0005, 0, number + 1) + b"\0")
    wire.writer.write(HEADER.pack(17, 0x8000_0004, 0, number) + b"\0")
    wire.writer.write(HEADER.pack(17, 0x8000_0005, 0, number) + b"\0")
    wire.writer.write(HEADER.pack(17, 0x8000_0005, 0x65, number) + b"\0")
    await until(lambda: [row.state for row in house.world.rows("SELECT state FROM notification")] == [2], "its delivery")
    wire.die()
    await nothing_is_left(house)


# too many


@contextlib.contextmanager
def many_files() -> Iterator[None]:
    """Each connection is two descriptors of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this system allows fewer than 4096 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("many", [150, pytest.param(1000, marks=pytest.mark.long)])
async def test_a_thousand_binds_at_once_are_all_answered(house: House, many: int) -> None:
    with many_files():
        apps = await asyncio.gather(*(house.connect() for _ in range(many)))
        numbers = [app.wire.send(BIND) for app in apps]
        await until(lambda: all(number in app.settled for number, app in zip(numbers, apps, strict=True)), "all answers")
        assert all(app.is_bound for app in apps)
        answers = await asyncio.gather(*(app.ask(to(1 + number % 3)) for number, app in enumerate(apps)))
        assert {each.command_status for each in answers} == {0}
        for app in apps:
            app.wire.close("enough")
        await until(lambda: not house.server._esmes, "the end of all")
        await nothing_is_left(house)


async def test_wrong_binds_at_once_hold_no_right_one_up(house: House) -> None:
    guesses = [await house.connect(address="127.0.0.2") for _ in range(40)]
    for number, app in enumerate(guesses):
        app.wire.send(BindTransceiver(system_id="org_1", password=f"guess{number:03}", interface_version=0x34))
    waiting = asyncio.ensure_future(house.bind())
    await house.world.clock.advance_until(waiting.done, "its bind", 0.1, 0.005)
    assert (await waiting.result().ask(to())).command_status == 0
    for _ in range(60):
        await asyncio.sleep(0.005)
        await house.world.advance(0.2)
    await until(lambda: all(app.settled or app.closed for app in guesses), "an answer to each")
    refused = [event.response.command_status for app in guesses for event in app.settled.values() if event.response is not None]
    assert set(refused) == {status.RBINDFAIL, status.RTHROTTLED}


async def test_more_connections_than_there_may_be_are_closed(smpp_url: str) -> None:
    async with House(smpp_url, Setting(devices=1), ServerSettings(connections=3), org_1={}) as house:
        apps = [await house.connect() for _ in range(5)]
        await until(lambda: sum(bool(app.closed) for app in apps) == 2, "two are closed")
        assert len(house.server._esmes) == 3


async def test_connections_whose_tls_handshake_fails_are_not_counted(smpp_url: str, tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "smsc", "IP:127.0.0.1")
    async with House(smpp_url, Setting(devices=1), ServerSettings(connections=3), tls=tls, org_1={}) as house:
        for _ in range(5):
            wire = await Wire.to(house)
            wire.writer.write(encode(BIND, 1))
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(wire.reader.read(), 30)
            wire.die()
        assert not house.server._esmes
        app = await house.connect(tls=ssl.create_default_context(cafile=ca_file))
        assert (await app.ask(BIND)).command_status == 0
        assert [each.tls for each in house.server._esmes.values()] == [True]
