"""Deliveries to receivers that do all that receivers do."""

import asyncio
import hashlib
import os
import resource
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import jwt
import pytest
import standardwebhooks
import uvloop

from heliograph import __version__
from heliograph.clock import SystemClock
from heliograph.model.notification import Answered, Delivery
from heliograph.webhooks.courier import CUT_OFF, WebhookCourier
from heliograph.webhooks.egress import LOOPBACK, EgressPolicy
from heliograph.webhooks.names import Lookup, NameLookupError
from heliograph.webhooks.settings import NOT_SENT, CourierSettings
from heliograph.webhooks.words import of_status
from tests.ports import refusing_port
from tests.webhooks.receiver import Connection, Received, Receiver, answer, delivery, hold

QUICK = CourierSettings(egress=LOOPBACK, connect_timeout_s=0.3, timeout_s=0.6)
SOON_MS = 10_000
"""Far from never, on a machine that does something else for a while."""
PATIENT = CourierSettings(egress=LOOPBACK)


def directory(**names: list[str]) -> Lookup:
    """A name service that knows `hooks_test` as `hooks.test`."""

    def lookup(name: str) -> list[str]:
        try:
            return names[name.replace(".", "_")]
        except KeyError:
            raise NameLookupError(f"the name {name} was not found") from None

    return lookup


@asynccontextmanager
async def running(settings: CourierSettings = PATIENT, lookup: Lookup | None = None) -> AsyncIterator[WebhookCourier]:
    courier = WebhookCourier(settings, SystemClock(), lookup or directory())
    yield courier
    await courier.stop(0)


async def send(courier: WebhookCourier, given: Delivery) -> Answered:
    answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    courier.deliver(given, answered.set_result)  # a second call would raise InvalidStateError
    return await asyncio.wait_for(answered, 10)


async def send_to(mood: Callable[..., object], settings: CourierSettings = PATIENT) -> Answered:
    async with Receiver(mood=mood) as receiver, running(settings) as courier:  # type: ignore[arg-type]
        return await send(courier, delivery(receiver.url))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


# What is sent


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
async def test_a_delivery_arrives_as_json_by_its_method(receiver: Receiver, method: str) -> None:
    async with running() as courier:
        answered = await send(courier, delivery(receiver.url + "?a=b", 42, method=method))
    assert answered.is_success
    assert (answered.status, answered.address, answered.error, answered.retry_after_ms) == (200, "127.0.0.1", None, None)
    got = receiver.received[0]
    assert (got.method, got.path, got.body.decode()) == (method, "/hook?a=b", '{"payload":"Grüße"}')
    wanted = {
        "content-type": "application/json", "user-agent": f"heliograph/{__version__}", "webhook-id": "42",
        "host": f"127.0.0.1:{receiver.port}", "content-length": "21", "accept": "*/*",
    }  # fmt: skip
    assert got.headers == {**wanted, "webhook-timestamp": got.headers["webhook-timestamp"]}


async def test_with_a_secret_both_signatures_verify(receiver: Receiver) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    async with running() as courier:
        await send(courier, delivery(receiver.url, secret=secret))
        await send(courier, delivery(receiver.url, secret=secret))
    tokens = set()
    for got in receiver.received:
        standardwebhooks.Webhook(secret).verify(got.body, got.headers)
        claims = jwt.decode(got.headers["authorization"].removeprefix("Bearer "), secret, algorithms=["HS256"])
        assert claims["bsha256"] == hashlib.sha256(got.body).hexdigest()
        assert claims["exp"] == claims["iat"] + 300
        assert got.headers["webhook-id"] == "1"
        tokens.add(claims["jti"])
    assert len(tokens) == 2, "each try has a token of its own"


async def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    async with running() as courier:
        await send(courier, delivery(receiver.url, secret=None))
        await send(courier, delivery(receiver.url, secret=""))
    for got in receiver.received:
        assert not {"authorization", "webhook-signature"} & got.headers.keys()


async def test_a_body_of_64_kb_arrives_whole_and_without_expect(receiver: Receiver) -> None:
    async with running() as courier:
        await send(courier, delivery(receiver.url, body="x" * 65536))
    assert len(receiver.received[0].body) == 65536
    assert "expect" not in receiver.received[0].headers


# What receivers answer


@pytest.mark.parametrize("status", [200, 201, 204, 301, 307, 400, 401, 404, 405, 410, 429, 500, 503])
async def test_the_status_is_told_as_it_came(status: int) -> None:
    answered = await send_to(answer(status, b"" if status == 204 else b"body", "Location: http://127.0.0.1:1/"))
    assert (answered.status, answered.error, answered.answer) == (status, of_status(status, "POST", None), "" if status == 204 else "body")
    assert answered.is_success == (200 <= status < 300)
    assert answered.is_gone == (status == 410)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with Receiver(mood=answer(302, b"", f"Location: {receiver.url}")) as first, running() as courier:
        assert (await send(courier, delivery(first.url))).status == 302
    assert receiver.received == []


@pytest.mark.parametrize(
    ("value", "least_ms", "most_ms"),
    [
        ("120", 120_000, 120_000),
        ("0", 0, 0),
        (" 7 ", 7000, 7000),
        ("99999999999999999999", 9_999_999_999_000, 9_999_999_999_000),
        ("in an hour", 3_500_000, 3_600_000),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0),
        ("-5", None, None),
        ("soon", None, None),
        ("Fri, 99 Dec 1999 23:59:59 GMT", None, None),
        ("", None, None),
    ],
)
async def test_retry_after_is_read_in_seconds_and_as_a_date(value: str, least_ms: int | None, most_ms: int | None) -> None:
    if value == "in an hour":  # of the time of this test, not of its collection minutes before
        value = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait_ms = (await send_to(answer(429, b"", f"retry-After:{value}"))).retry_after_ms
    if least_ms is None or most_ms is None:
        assert wait_ms is None
    else:
        assert wait_ms is not None
        assert least_ms <= wait_ms <= most_ms


async def test_retry_after_of_an_interim_answer_or_a_success_means_nothing() -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(b"HTTP/1.1 103 Early\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    answered = await send_to(mood)
    assert (answered.status, answered.retry_after_ms) == (503, None)
    assert (await send_to(answer(200, b"", "Retry-After: 9"))).retry_after_ms is None


async def test_of_an_answer_of_10_mb_the_start_is_kept_and_the_status_counts() -> None:
    written = 0

    async def mood(connection: Connection, _received: Received) -> None:
        nonlocal written
        await connection.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 10000000\r\n\r\n")
        for _ in range(1000):
            await connection.write(b"x" * 10_000)
            written += 10_000

    answered = await send_to(mood)
    assert (answered.status, answered.error, answered.answer) == (500, "the receiver failed; its own log says why", "x" * 16384)
    assert written < 9_000_000, "the rest was not read"


async def test_an_answer_of_exactly_16_kb_is_read_whole_and_its_connection_kept(receiver: Receiver) -> None:
    receiver.mood = answer(200, b"x" * 16384)
    async with running() as courier:
        assert (await send(courier, delivery(receiver.url))).answer == "x" * 16384
        await send(courier, delivery(receiver.url))
    assert receiver.connections == 1


async def test_an_answer_that_is_no_text_is_made_text_that_a_database_takes() -> None:
    assert (await send_to(answer(200, b"a\0\xff"))).answer == "a\ufffd\ufffd"


# What goes wrong


async def test_a_receiver_that_refuses() -> None:
    with refusing_port() as port:
        async with running() as courier:
            answered = await send(courier, delivery(f"http://127.0.0.1:{port}/"))
    assert (answered.status, answered.error, answered.address) == (None, f"connection refused by 127.0.0.1:{port}", "127.0.0.1")


async def test_a_receiver_that_resets() -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        connection.reset()

    error = (await send_to(mood)).error
    assert error is not None
    assert error.startswith("connection reset by 127.0.0.1:")


async def test_a_receiver_that_hangs() -> None:
    answered = await send_to(hold, QUICK)
    assert (answered.status, answered.error, answered.answer) == (None, "no answer in 0.6 s", None)
    assert 550 <= answered.duration_ms <= SOON_MS


async def test_a_deadline_holds_although_an_earlier_one_was_called_off(receiver: Receiver) -> None:
    async with running(QUICK) as courier:
        assert (await send(courier, delivery(receiver.url))).is_success
        await asyncio.sleep(0.2)
        receiver.mood = hold
        answered = await send(courier, delivery(receiver.url))
    assert answered.error == "no answer in 0.6 s"
    assert 550 <= answered.duration_ms <= SOON_MS


async def test_a_receiver_that_drips_is_cut_off_in_time() -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await connection.write(b"x")
            await asyncio.sleep(0.02)

    answered = await send_to(mood, QUICK)
    assert (answered.status, answered.error) == (None, "no complete answer in 0.6 s; it began with status 200")
    assert answered.duration_ms <= SOON_MS


async def test_a_receiver_that_drips_its_headers_is_cut_off_in_time() -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            await connection.write(b"X-Header: x\r\n")
            await asyncio.sleep(0.02)

    answered = await send_to(mood, QUICK)
    assert answered.status is None
    assert answered.duration_ms <= SOON_MS


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (b"", "the connection was closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "the connection was closed before the answer was complete"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "the answer is not HTTP"),
    ],
)
async def test_a_receiver_that_closes_too_early_or_speaks_something_else(octets: bytes, error: str) -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(octets)
        connection.writer.close()

    answered = await send_to(mood)
    assert (answered.status, answered.error) == (None, error)


async def test_endless_headers_end() -> None:
    async def mood(connection: Connection, _received: Received) -> None:
        await connection.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(10_000):
            await connection.write(b"X-%d: %b\r\n" % (number, b"x" * 1000))

    error = (await send_to(mood)).error
    assert error is not None
    assert error.startswith("the answer could not be read (Too large response headers")


async def test_an_address_that_does_not_answer_is_given_up_after_the_connect_timeout() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        full = [socket.socket() for _ in range(3)]
        for filler in full:  # the backlog is full: the kernel drops what comes now
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        port = listening.getsockname()[1]
        async with running(QUICK) as courier:
            answered = await send(courier, delivery(f"http://127.0.0.1:{port}/"))
        for filler in full:
            filler.close()
    assert answered.error == f"no connection to 127.0.0.1:{port} in 0.3 s"
    assert answered.duration_ms <= SOON_MS


# Where it may go


async def test_a_url_that_is_not_allowed_is_not_called(receiver: Receiver) -> None:
    async with running(CourierSettings()) as courier:
        answered = await send(courier, delivery(f"http://127.0.0.1:{receiver.port}/"))
        assert answered.error == f"Port {receiver.port} may not be called; allowed: 80, 443, 8080, 8443 (webhooks.ports)."
    async with running(CourierSettings(egress=EgressPolicy(ports=None))) as courier:
        answered = await send(courier, delivery(f"http://127.0.0.1:{receiver.port}/"))
        assert (
            answered.error == "The address 127.0.0.1 may not be called: this machine. "
            "Give a public one, or have the operator allow it (webhooks.egress_allow)."
        )
    assert receiver.received == []


async def test_a_name_is_dialled_where_it_was_looked_up_and_keeps_its_name(receiver: Receiver) -> None:
    async with running(lookup=directory(hooks_test=["127.0.0.1"])) as courier:
        answered = await send(courier, delivery(receiver.url_of("Hooks.test")))
    assert (answered.status, answered.address) == (200, "127.0.0.1")
    assert receiver.received[0].headers["host"] == f"Hooks.test:{receiver.port}"


async def test_the_next_address_is_tried_when_the_first_refuses(receiver: Receiver) -> None:
    async with running(lookup=directory(hooks_test=["127.0.0.2", "127.0.0.1"])) as courier:
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
    assert (answered.status, answered.address) == (200, "127.0.0.1")


@pytest.mark.parametrize("bad", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%1", "64:ff9b::7f00:1"])
async def test_one_forbidden_address_refuses_the_whole_name(receiver: Receiver, bad: str) -> None:
    policy = EgressPolicy((ip_network("127.0.0.0/8"),), ports=None)
    async with running(CourierSettings(egress=policy), directory(hooks_test=["127.0.0.1", bad])) as courier:
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
    assert answered.error is not None
    assert answered.error.startswith(f"the name hooks.test leads where it may not: {ip_address(bad)} may not be called: ")
    assert receiver.received == []


async def test_a_name_that_is_bound_anew_between_check_and_connect_reaches_nothing(receiver: Receiver) -> None:
    """libcurl is made to dial another address than the one judged: the last check, on the socket, refuses it."""
    policy = EgressPolicy((ip_network("127.0.0.2/32"),), ports=None)
    async with running(CourierSettings(egress=policy), directory(hooks_test=["127.0.0.2"])) as courier:
        courier._names._judge = lambda _address: None
        courier._names._lookup = directory(hooks_test=["127.0.0.1"])
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
    assert answered.error == "127.0.0.1 may not be called: this machine"
    assert receiver.connections == 0


async def test_localhost_by_name_is_judged_like_any_other(receiver: Receiver) -> None:
    async with running(CourierSettings(egress=EgressPolicy(ports=None)), directory(localhost=["127.0.0.1"])) as courier:
        answered = await send(courier, delivery(receiver.url_of("localhost")))
    assert answered.error == "the name localhost leads where it may not: 127.0.0.1 may not be called: this machine"
    assert receiver.connections == 0


async def test_a_name_that_is_not_found_or_hangs_fails_all_that_waits_for_it() -> None:
    def hanging(_name: str) -> list[str]:
        time.sleep(1)
        return ["127.0.0.1"]

    async with running() as courier:
        assert (await send(courier, delivery("http://hooks.test/"))).error == "the name hooks.test was not found"
    async with running(QUICK, hanging) as courier:
        answers = await asyncio.gather(*(send(courier, delivery("http://hooks.test/", number)) for number in range(3)))
    assert {answered.error for answered in answers} == {"the name hooks.test was not looked up in 0.3 s"}


async def test_a_failed_name_is_answered_at_once_for_a_while() -> None:
    async with running() as courier:
        first, second = [await send(courier, delivery("http://hooks.test/")) for _ in range(2)]
    assert first.error == second.error == "the name hooks.test was not found"


async def test_looking_up_counts_towards_the_whole_time(receiver: Receiver) -> None:
    def slow(_name: str) -> list[str]:
        time.sleep(1)
        return ["127.0.0.1"]

    receiver.mood = hold
    async with running(CourierSettings(egress=LOOPBACK, timeout_s=1.5), slow) as courier:
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
    assert 1450 <= answered.duration_ms < 2400


async def test_a_proxy_of_the_environment_is_ignored(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_port() as port:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        async with running() as courier:
            assert (await send(courier, delivery(receiver.url))).status == 200


async def test_credentials_of_a_netrc_are_not_sent(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tmp_path.joinpath(".netrc").write_text("machine 127.0.0.1 login a password b\n")
    async with running() as courier:
        await send(courier, delivery(receiver.url))
    assert "authorization" not in receiver.received[0].headers


# Connections, turns and the end


async def soak(deliveries: int, at_once: int) -> tuple[Counter[int], Counter[object], Receiver]:
    """Give all at once; how often each was answered, with what, and by how many connections."""
    calls: Counter[int] = Counter()
    answers: Counter[object] = Counter()
    finished = asyncio.Event()
    inside = False

    def done(number: int) -> Callable[[Answered], None]:
        def called(answered: Answered) -> None:
            assert not inside
            calls[number] += 1
            answers[answered.status or answered.error] += 1
            if len(calls) == deliveries:
                finished.set()

        return called

    async with Receiver() as receiver, running(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=at_once)) as courier:
        for number in range(deliveries):
            inside = True
            courier.deliver(delivery(receiver.url, number, secret="s" * 32), done(number))
            inside = False
        await asyncio.wait_for(finished.wait(), 60)
        await asyncio.sleep(0.05)
    return calls, answers, receiver


def assert_kept_alive(calls: Counter[int], answers: Counter[object], receiver: Receiver) -> None:
    assert set(calls.values()) == {1}
    assert answers == {200: 2000}
    assert len(receiver.received) == 2000
    assert receiver.connections <= 16
    assert {got.headers["webhook-id"] for got in receiver.received} == {str(number) for number in range(2000)}


async def test_2000_deliveries_go_over_as_many_connections_as_may_be_used_at_once() -> None:
    assert_kept_alive(*await soak(2000, 16))


def test_2000_deliveries_under_uvloop() -> None:
    assert_kept_alive(*uvloop.run(soak(2000, 16)))


async def test_a_connection_that_the_receiver_closed_meanwhile_costs_no_delivery(receiver: Receiver) -> None:
    async def mood(connection: Connection, received: Received) -> None:
        await answer()(connection, received)
        connection.writer.close()

    receiver.mood = mood
    async with running() as courier:
        for number in range(20):
            assert (await send(courier, delivery(receiver.url, number))).status == 200
    assert receiver.connections == 20


async def test_a_kept_connection_that_breaks_under_a_request_is_replaced_by_a_new_one(receiver: Receiver) -> None:
    async def mood(connection: Connection, received: Received) -> None:
        if received.connection == 1 and len(receiver.received) > 1:
            connection.writer.close()
        else:
            await answer()(connection, received)

    receiver.mood = mood
    async with running() as courier:
        assert (await send(courier, delivery(receiver.url, 1))).status == 200
        assert (await send(courier, delivery(receiver.url, 2))).status == 200
    assert [got.headers["webhook-id"] for got in receiver.received] == ["1", "2", "2"]


async def test_a_receiver_has_no_more_under_way_than_its_share_and_a_hanging_one_slows_no_other(receiver: Receiver) -> None:
    settings = CourierSettings(egress=LOOPBACK, in_flight=8, in_flight_per_receiver=4)
    async with Receiver(mood=hold) as hanging, running(settings) as courier:
        for number in range(20):
            courier.deliver(delivery(hanging.url, number), lambda _answered: None)
        for number in range(50):
            assert (await send(courier, delivery(receiver.url, number))).status == 200
        assert len(hanging.received) == 4


async def test_receivers_take_turns_where_the_whole_is_full() -> None:
    order: list[str] = []
    finished = asyncio.Event()

    def done(name: str) -> Callable[[Answered], None]:
        def called(_answered: Answered) -> None:
            order.append(name)
            if len(order) == 40:
                finished.set()

        return called

    settings = CourierSettings(egress=LOOPBACK, in_flight=1, in_flight_per_receiver=4)
    async with Receiver() as first, Receiver() as second, running(settings) as courier:
        for number in range(20):
            courier.deliver(delivery(first.url, number), done("a"))
        for number in range(20):
            courier.deliver(delivery(second.url, number), done("b"))
        await asyncio.wait_for(finished.wait(), 10)
    assert "".join(order).count("aa") + "".join(order).count("bb") <= 3


async def test_stop_lets_what_is_under_way_and_what_waits_finish_and_takes_no_more(receiver: Receiver) -> None:
    async def slowly(connection: Connection, received: Received) -> None:
        await asyncio.sleep(0.1)
        await answer()(connection, received)

    receiver.mood = slowly
    answers: list[Answered] = []
    courier = WebhookCourier(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=1), SystemClock(), directory())
    for number in range(3):
        courier.deliver(delivery(receiver.url, number), answers.append)
    stopping = asyncio.ensure_future(courier.stop(5))
    await asyncio.sleep(0)
    assert (await send(courier, delivery(receiver.url, 9))).error == NOT_SENT
    await stopping
    assert [answered.status for answered in answers] == [200, 200, 200]
    assert len(receiver.received) == 3


async def test_stop_answers_the_rest_after_the_grace_and_nothing_is_answered_later(receiver: Receiver) -> None:
    receiver.mood = hold
    answers: list[Answered] = []
    courier = WebhookCourier(CourierSettings(egress=LOOPBACK, in_flight_per_receiver=1), SystemClock(), directory())
    for number in range(3):
        courier.deliver(delivery(receiver.url, number), answers.append)
    await asyncio.sleep(0.1)
    await courier.stop(0.05)
    assert sorted(answered.error or "" for answered in answers) == [NOT_SENT, NOT_SENT, CUT_OFF]
    assert max(answered.duration_ms for answered in answers) >= 100
    await courier.stop(1)
    await asyncio.sleep(0.05)
    assert len(answers) == 3


async def test_stop_answers_what_waits_for_a_name() -> None:
    def hanging(_name: str) -> list[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    answers: list[Answered] = []
    courier = WebhookCourier(PATIENT, SystemClock(), hanging)
    courier.deliver(delivery("http://hooks.test/"), answers.append)
    await courier.stop(0.01)
    assert [answered.error for answered in answers] == [NOT_SENT]
    await asyncio.sleep(0.4)
    assert len(answers) == 1


async def test_a_done_that_fails_harms_no_other_delivery(receiver: Receiver) -> None:
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))

    def broken(_answered: Answered) -> None:
        raise ZeroDivisionError

    async with running() as courier:
        courier.deliver(delivery(receiver.url, 1), broken)
        assert (await send(courier, delivery(receiver.url, 2))).status == 200
    assert [type(failure["exception"]) for failure in failures] == [ZeroDivisionError]


async def test_a_machine_out_of_file_descriptors_says_so(receiver: Receiver) -> None:
    async with running() as courier:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            answered = await send(courier, delivery(receiver.url))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert answered.error == "this machine could not open a socket (Too many open files)"


def open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


async def test_no_connection_or_watch_outlives_the_courier() -> None:
    before = open_files()
    async with Receiver() as receiver, running() as courier:
        await asyncio.gather(*(send(courier, delivery(receiver.url, number)) for number in range(30)))
        assert open_files() > before + 30
    await asyncio.sleep(0)
    assert open_files() == before


async def test_receivers_that_outnumber_the_connections_leave_none_open() -> None:
    """libcurl 8.21 leaked a third of the sockets that it put out of a small connection cache (curl issue 22306)."""
    async with AsyncExitStack() as stack, running(CourierSettings(egress=LOOPBACK, in_flight=4)) as courier:
        receivers = [await stack.enter_async_context(Receiver()) for _ in range(16)]
        before = open_files()
        for number in range(400):
            assert (await send(courier, delivery(receivers[number % 16].url, number))).status == 200
        await asyncio.sleep(0.05)
        assert open_files() - before <= 2 * (4 + 1)  # each connection has two ends in this process
        assert sum(receiver.connections for receiver in receivers) > 100
