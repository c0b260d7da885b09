"""A session on a real connection: what is told, what is written, and what a peer that does not read can do."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from heliograph.smpp import aio
from heliograph.smpp.aio import Connection, Timers
from heliograph.smpp.codec import encode
from heliograph.smpp.event import Closed, Ending, Received
from heliograph.smpp.pdu import DeliverSm, Pdu, SubmitSm, SubmitSmResp, Unbind, response_to
from heliograph.smpp.session import OutOfTurnError, Profile
from heliograph.smpp.state import Role, State
from tests.manual_clock import TestClock
from tests.smpp.wires import Joined, Noted, joined, until
from tests.webhooks.receiver import certificate


def answering(connection: Connection, pdu: Pdu) -> None:
    connection.send(response_to(pdu))


def written(end: Connection) -> list[bytes]:
    """Notes each write of an end from now on."""
    writes: list[bytes] = []
    end.trace = lambda is_sent, octets: writes.append(octets) if is_sent else None
    return writes


async def test_a_request_goes_over_and_its_answer_comes_back() -> None:
    async with joined() as ends:
        ends.mc.on_pdu = answering
        number = ends.end(ends.esme).send(SubmitSm(short_message=b"up"))
        await until(lambda: ends.esme.settled, "the answer")
        (settled,) = ends.esme.settled
        assert settled.sequence_number == number
        assert isinstance(settled.response, SubmitSmResp)
        assert ends.end(ends.mc).peer.startswith("127.0.0.1:")


async def test_requests_of_one_turn_go_out_in_one_write_and_all_answers_of_one_read_in_one() -> None:
    async with joined() as ends:
        ends.mc.on_pdu = answering
        esme, mc = written(ends.end(ends.esme)), written(ends.end(ends.mc))
        for _ in range(50):
            ends.end(ends.esme).send(SubmitSm(short_message=b"up"))
        assert esme == []
        await until(lambda: len(ends.esme.settled) == 50, "the answers")
        assert len(esme) == 1
        assert len(mc) == 1


async def test_answers_that_are_given_later_go_out_together() -> None:
    async with joined() as ends:
        for _ in range(20):
            ends.end(ends.esme).send(SubmitSm())
        await until(lambda: sum(isinstance(event, Received) for event in ends.mc.events) == 21, "the requests")
        mc = written(ends.end(ends.mc))
        for event in ends.mc.events[-20:]:
            assert isinstance(event, Received)
            ends.end(ends.mc).send(response_to(event.pdu))
        await until(lambda: len(ends.esme.settled) == 20, "the answers")
        assert len(mc) == 1


async def test_an_unbind_ends_both_ends_and_the_connection() -> None:
    async with joined() as ends:
        ends.mc.on_pdu = answering
        ends.end(ends.esme).send(Unbind())
        await until(lambda: ends.esme.closed and ends.mc.closed, "the end")
        assert ends.esme.closed == ["unbound"]
        assert ends.mc.closed == ["the peer unbound"]
        assert ends.end(ends.esme).session.state is State.CLOSED or ends.end(ends.esme).is_over


async def test_a_connection_that_breaks_settles_what_waits_and_is_told_once() -> None:
    async with joined() as ends:
        ends.end(ends.esme).send(SubmitSm())
        await until(lambda: ends.end(ends.mc).session._owed, "the request")
        ends.end(ends.mc)._transport.abort()  # type: ignore[union-attr]
        await until(lambda: ends.esme.closed, "the loss")
        assert [settled.ending for settled in ends.esme.settled] == [Ending.SESSION_ENDED]
        assert len(ends.esme.closed) == 1
        with pytest.raises(OutOfTurnError):
            ends.end(ends.esme).send(SubmitSm())
        assert ends.end(ends.esme).room == 0


async def test_what_an_owner_causes_is_told_after_what_it_is_being_told() -> None:
    async with joined() as ends:

        def close_at_the_first(connection: Connection, pdu: Pdu) -> None:
            connection.close("enough")

        ends.mc.on_pdu = close_at_the_first
        for _ in range(3):
            ends.end(ends.esme).send(SubmitSm())
        await until(lambda: ends.mc.closed, "the end")
        assert isinstance(ends.mc.events[-1], Closed)
        assert sum(isinstance(event, Received) for event in ends.mc.events) == 4
        assert ends.mc.closed == ["enough"]


async def test_what_was_sent_before_a_close_arrives() -> None:
    async with joined() as ends:
        ends.end(ends.mc).send(DeliverSm(short_message=b"last words"))
        ends.end(ends.mc).close("done")
        await until(lambda: ends.esme.closed, "the end")
        assert any(isinstance(event, Received) for event in ends.esme.events)


async def test_a_connection_closed_before_it_was_made_is_closed_when_it_is() -> None:
    async with joined(bind=False) as ends:
        late = Noted()
        connection = Connection(Role.ESME, Profile(), late, ends.timers)
        connection.close("given up")
        port = ends.end(ends.mc).get_extra_info("sockname")[1]  # type: ignore[index]
        await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)
        await until(lambda: connection._transport is None, "the end")
        assert late.connection is None
        assert late.closed == ["given up"]


@pytest.mark.needs("openssl")
async def test_over_tls_it_is_the_same(tmp_path: Path) -> None:
    ca_file, server = certificate(tmp_path, "smsc", "IP:127.0.0.1")
    async with joined(tls=(server, ssl.create_default_context(cafile=ca_file))) as ends:
        ends.mc.on_pdu = answering
        for _ in range(50):
            ends.end(ends.esme).send(SubmitSm(short_message=bytes(200)))
        await until(lambda: len(ends.esme.settled) == 50, "the answers")
        ends.end(ends.esme).send(Unbind())
        await until(lambda: ends.esme.closed and ends.mc.closed, "the end")


# time


async def test_timers_of_a_session_are_kept_without_anything_being_read() -> None:
    clock = TestClock()
    profile = Profile(enquire_link_ms=1000, response_ms=500)
    async with joined(profile, clock) as ends:
        ends.end(ends.mc).pause_reading()
        await clock.advance(1.499)
        assert not ends.esme.closed
        await clock.advance(0.001)
        assert ends.esme.closed == ["the peer did not answer enquire_link within 500 ms"]


async def test_a_response_that_does_not_come_times_out_before_the_next_enquire_link() -> None:
    clock = TestClock()
    async with joined(Profile(enquire_link_ms=60_000, inactivity_ms=0, response_ms=500), clock) as ends:
        await clock.advance(10)
        ends.end(ends.esme).send(SubmitSm())
        await clock.advance(0.5)
        assert [settled.ending for settled in ends.esme.settled] == [Ending.TIMED_OUT]


async def test_a_quiet_connection_has_one_wake_up_whatever_it_sends() -> None:
    async with joined() as ends:
        ends.mc.on_pdu = answering
        for turn in range(100):
            ends.end(ends.esme).send(SubmitSm())
            await until(lambda turn=turn: len(ends.esme.settled) == turn + 1, "the answer")  # type: ignore[misc]
        assert len([wake for _, _, wake in ends.timers._heap if wake.call is not None]) <= 2


async def test_timers_wake_in_order_and_forget_what_was_cancelled() -> None:
    clock = TestClock()
    timers = Timers(clock)
    ticking = asyncio.create_task(timers.run())
    woken: list[int] = []
    for due in (30, 10, 20, 10):
        timers.at(due, lambda due=due: woken.append(due))  # type: ignore[misc]
    timers.at(15, lambda: woken.append(15)).cancel()
    await clock.advance(0.02)
    assert woken == [10, 10, 20]
    timers.at(5, lambda: woken.append(5))
    await clock.settle()
    assert woken == [10, 10, 20, 5]
    ticking.cancel()
    await asyncio.wait([ticking])


async def test_what_one_read_brought_is_told_in_slices_and_waits_while_the_owner_reads_no_more() -> None:
    async with joined(Profile(window=10**4, owed=10**4)) as ends:
        server = ends.end(ends.mc)
        told = len(ends.mc.batches)
        ends.mc.on_pdu = lambda connection, _pdu: connection.pause_reading()
        octets = b"".join(encode(SubmitSm(short_message=bytes(140)), number) for number in range(2, 1002))
        server.data_received(octets)
        first = sum(isinstance(event, Received) for batch in ends.mc.batches[told:] for event in batch)
        assert 30 < first < 60, "8 kB of them"
        slices = 1
        while len(received := [event for event in ends.mc.events if isinstance(event, Received)]) < 1001:
            before = len(received)
            server.resume_reading()
            await until(lambda before=before: sum(isinstance(each, Received) for each in ends.mc.events) > before, "the next")  # type: ignore[misc]
            slices += 1
        assert slices == -(-len(octets) // aio.SLICE_OCTETS)
        assert [event.pdu.sequence_number for event in received[1:]] == list(range(2, 1002))


async def test_an_error_in_what_is_told_later_closes_the_connection_too() -> None:
    async with joined(Profile(window=10**4, owed=10**4)) as ends:
        server = ends.end(ends.mc)
        ends.mc.on_pdu = lambda connection, _pdu: connection.pause_reading()
        server.data_received(b"".join(encode(SubmitSm(short_message=bytes(140)), number) for number in range(2, 302)))
        ends.mc.on_pdu = lambda _connection, _pdu: 1 // 0
        errors: list[BaseException | None] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context.get("exception")))
        server.resume_reading()
        await until(lambda: ends.esme.closed, "the end")
        assert isinstance(errors[0], ZeroDivisionError)


# a peer that does not read


def submit(ends: Joined) -> None:
    ends.end(ends.esme).send(SubmitSm(short_message=bytes(250)))


async def test_of_a_peer_that_does_not_read_nothing_more_is_read_and_there_is_no_room_until_it_reads_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aio, "HIGH_OCTETS", 10_000)
    monkeypatch.setattr(aio, "MOST_OCTETS", 10**9)
    async with joined(Profile(window=10**6, owed=10**6)) as ends:
        ends.end(ends.mc).pause_reading()
        while ends.end(ends.esme).room:
            submit(ends)
            await asyncio.sleep(0)
        assert not ends.end(ends.esme)._transport.is_reading()  # type: ignore[union-attr]
        ends.end(ends.mc).resume_reading()
        await until(lambda: ends.esme.writable_again, "room")
        assert ends.end(ends.esme).room > 0
        assert ends.end(ends.esme)._transport.is_reading()  # type: ignore[union-attr]


async def test_a_peer_that_never_reads_is_cut_off_when_too_much_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "HIGH_OCTETS", 10_000)
    monkeypatch.setattr(aio, "MOST_OCTETS", 100_000)
    async with joined(Profile(window=10**6, owed=10**6)) as ends:
        ends.end(ends.esme)._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10_000)  # type: ignore[union-attr]
        ends.end(ends.mc).pause_reading()
        while not ends.esme.closed:
            for _ in range(10):  # in one turn, before it is known that there is no room
                submit(ends)
            await asyncio.sleep(0)
        assert ends.esme.closed == [aio.NOT_READ]
        assert all(settled.ending is Ending.SESSION_ENDED for settled in ends.esme.settled)


async def test_a_close_that_cannot_be_written_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "HIGH_OCTETS", 1000)
    clock = TestClock()
    async with joined(Profile(window=10**6, owed=10**6, inactivity_ms=0, enquire_link_ms=0, response_ms=0), clock) as ends:
        ends.end(ends.mc).pause_reading()
        while ends.end(ends.esme).room:
            submit(ends)
            await asyncio.sleep(0)
        ends.end(ends.esme).close("done")
        await clock.advance(aio.LINGER_MS / 1000 - 0.001)
        assert ends.end(ends.esme)._transport is not None
        await clock.advance(0.001)
        await until(lambda: ends.end(ends.esme)._transport is None, "the end")
        assert ends.esme.closed == ["done"]
