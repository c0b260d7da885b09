"""The courier of webhooks (`model.notification.Courier`): one signed HTTP request for each delivery. Makes no retries, keeps no schedule.

Theory of operation. Deliveries wait in a queue per receiver (scheme, host, port) and leave it while the receiver has less than its share
under way and all together less than the whole; receivers with something waiting take turns, so a slow one takes no more than its share.
How much waits is for the caller to bound: it claims no more than it wants under way. A name is looked up before its first delivery leaves
the queue. What a delivery is signed with is the moment it leaves, not the moment it was given.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial

from heliograph.clock import Clock
from heliograph.model.notification import Answered, Delivery
from heliograph.model.problem import Problem
from heliograph.webhooks.authorities import Authorities
from heliograph.webhooks.egress import Target, blocked_text, parse_target
from heliograph.webhooks.names import Known, Lookup, Names, system_lookup
from heliograph.webhooks.settings import NOT_SENT, CourierSettings
from heliograph.webhooks.sign import bearer_token, standard_signature
from heliograph.webhooks.transfer import Ended, Request, TransferLimits, Transfers
from heliograph.webhooks.words import of_status

CUT_OFF = "the service stopped before an answer came"
CA_NOT_KEPT = "this machine could not write its certificate authority to a file"

URLS_REMEMBERED = 4096
MOST_BODY = 64 * 1024

Done = Callable[[Answered], None]


@dataclass(slots=True, eq=False)
class _Job:
    """One delivery until it is answered."""

    delivery: Delivery
    body: bytes
    done: Done
    is_sent: bool = False
    started_at: float = 0.0


@dataclass(slots=True, eq=False)
class _Receiver:
    """What shares one scheme, host and port. `is_in_turn`: it stands in the courier's queue of turns, at most once."""

    target: Target
    waiting: deque[_Job] = field(default_factory=deque)
    under_way: int = 0
    is_in_turn: bool = False
    lookup: asyncio.TimerHandle | None = None
    lookup_began_at: float = 0.0
    lookup_took_s: float = 0.0


class WebhookCourier:
    """Delivers over connections that stay open. Belongs to the event loop that runs when it is made."""

    def __init__(self, settings: CourierSettings, clock: Clock, lookup: Lookup = system_lookup) -> None:
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._parse = lru_cache(maxsize=URLS_REMEMBERED)(partial(parse_target, policy=settings.egress))
        self._names = Names(clock, partial(blocked_text, policy=settings.egress), lookup)
        self._transfers = Transfers(
            TransferLimits(settings.connect_timeout_s, settings.answer_octets, settings.in_flight, settings.ca_file, settings.proxy),
            settings.egress,
        )
        self._authorities = Authorities()
        self._receivers: dict[str, _Receiver] = {}
        self._turns: deque[_Receiver] = deque()
        self._jobs: set[_Job] = set()
        self._is_stopping = False
        self._drained = asyncio.Event()

    def deliver(self, delivery: Delivery, done: Done) -> None:
        """Send `delivery` when its turn comes; `done` is called once, on the event loop, not from inside this call."""
        if self._is_stopping:
            self._loop.call_soon(done, Answered(None, 0, error=NOT_SENT, is_tried=False))
            return
        target = self._parse(delivery.url)
        if isinstance(target, Problem):
            self._loop.call_soon(done, Answered(None, 0, error=target.text))
            return
        job = _Job(delivery, delivery.body.encode(), done)
        if len(job.body) > MOST_BODY:
            error = f"the body has {len(job.body)} octets, more than the {MOST_BODY} that are sent"
            self._loop.call_soon(done, Answered(None, 0, error=error, is_refused=True))
            return
        self._jobs.add(job)
        receiver = self._receivers.get(target.origin)
        if receiver is None:
            receiver = self._receivers[target.origin] = _Receiver(target)
        receiver.waiting.append(job)
        self._take_turn(receiver)
        self._start_waiting()

    async def stop(self, grace_s: float) -> None:
        """Take no more, let what waits and what is under way finish within the grace, then answer the rest with an error and close."""
        if self._is_stopping:
            return
        self._is_stopping = True
        if self._jobs:
            await self._clock.wait(self._drained, grace_s)
        self._transfers.close()
        self._authorities.close()
        self._turns.clear()
        for receiver in self._receivers.values():
            receiver.waiting.clear()
            if receiver.lookup is not None:
                receiver.lookup.cancel()
        self._receivers.clear()
        now = self._clock.monotonic()
        for job in list(self._jobs):
            cut_off = Answered(None, round((now - job.started_at) * 1000), error=CUT_OFF)
            self._settle(job, cut_off if job.is_sent else Answered(None, 0, error=NOT_SENT, is_tried=False))
        await asyncio.sleep(0)  # every `done` has run when this returns

    def _take_turn(self, receiver: _Receiver) -> None:
        has_room = receiver.under_way < self._settings.in_flight_per_receiver
        if receiver.waiting and has_room and not receiver.is_in_turn and receiver.lookup is None:
            receiver.is_in_turn = True
            self._turns.append(receiver)

    def _start_waiting(self) -> None:
        while self._turns and len(self._transfers) < self._settings.in_flight:
            receiver = self._turns.popleft()
            receiver.is_in_turn = False
            self._start_next(receiver)
            self._take_turn(receiver)

    def _start_next(self, receiver: _Receiver) -> None:
        known = None
        if receiver.target.address is None and self._settings.proxy is None:
            known = self._names.known(receiver.target.host)
            if known is None:
                self._look_up(receiver)
                return
            if known.error is not None:
                self._refuse_waiting(receiver, known.error)
                return
        job = receiver.waiting.popleft()
        try:
            ca_file = None if job.delivery.ca is None else self._authorities.file_of(job.delivery.ca)
        except OSError as error:  # this delivery fails, not whatever else the process has
            self._settle(job, Answered(None, 0, error=f"{CA_NOT_KEPT} ({os.strerror(error.errno or 0)})"))
            self._forget_idle(receiver)
            return
        job.is_sent = True
        job.started_at = self._clock.monotonic() - receiver.lookup_took_s
        receiver.under_way += 1
        timeout_ms = round((self._settings.timeout_s - receiver.lookup_took_s) * 1000)
        request = Request(
            job.delivery.method,
            job.delivery.url,
            receiver.target,
            _headers(job.delivery, job.body, self._clock.now_ms()),
            job.body,
            timeout_ms,
            known,
            ca_file,
        )
        self._transfers.start(request, partial(self._ended, receiver, job))

    def _ended(self, receiver: _Receiver, job: _Job, ended: Ended) -> None:
        receiver.under_way -= 1
        duration_ms = round((self._clock.monotonic() - job.started_at) * 1000)
        self._settle(job, _answered(ended, job.delivery.method, duration_ms, self._clock.now_ms()))
        self._take_turn(receiver)
        self._forget_idle(receiver)
        self._start_waiting()

    def _settle(self, job: _Job, answered: Answered) -> None:
        self._jobs.discard(job)
        self._loop.call_soon(job.done, answered)
        if self._is_stopping and not self._jobs:
            self._drained.set()

    def _forget_idle(self, receiver: _Receiver) -> None:
        if not receiver.waiting and not receiver.under_way:
            self._receivers.pop(receiver.target.origin, None)

    def _look_up(self, receiver: _Receiver) -> None:
        timeout_s = self._settings.connect_timeout_s
        receiver.lookup_began_at = self._clock.monotonic()
        receiver.lookup = self._loop.call_later(timeout_s, self._looked_up_too_long, receiver)
        self._names.find(receiver.target.host, partial(self._looked_up, receiver, receiver.lookup))

    def _looked_up(self, receiver: _Receiver, lookup: asyncio.TimerHandle, _known: Known) -> None:
        if receiver.lookup is not lookup:
            return  # given up before
        lookup.cancel()
        receiver.lookup = None
        receiver.lookup_took_s = self._clock.monotonic() - receiver.lookup_began_at
        self._take_turn(receiver)
        self._start_waiting()
        receiver.lookup_took_s = 0.0

    def _looked_up_too_long(self, receiver: _Receiver) -> None:
        receiver.lookup = None
        timeout_s = self._settings.connect_timeout_s
        self._refuse_waiting(receiver, f"the name {receiver.target.host} was not looked up in {timeout_s:g} s")

    def _refuse_waiting(self, receiver: _Receiver, error: str) -> None:
        took_ms = round(receiver.lookup_took_s * 1000)
        while receiver.waiting:
            self._settle(receiver.waiting.popleft(), Answered(None, took_ms, error=error))
        self._forget_idle(receiver)


def _headers(delivery: Delivery, body: bytes, now_ms: int) -> list[str]:
    now_s = now_ms // 1000
    webhook_id = str(delivery.notification_id)
    headers = ["Content-Type: application/json", "Expect:", f"webhook-id: {webhook_id}", f"webhook-timestamp: {now_s}", *delivery.headers]
    secrets = dict.fromkeys(secret for secret in (delivery.secret, delivery.previous_secret) if secret)
    if secrets:
        headers.append(f"webhook-signature: {' '.join(standard_signature(secret, webhook_id, now_s, body) for secret in secrets)}")
    if delivery.secret and delivery.has_token:
        headers.append(f"Authorization: Bearer {bearer_token(delivery.secret, body, os.urandom(12).hex(), now_s)}")
    return headers


def _answered(ended: Ended, method: str, duration_ms: int, now_ms: int) -> Answered:
    answer = ended.answer.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL keeps no NUL
    retry_after_ms, error = None, ended.error
    if ended.status is not None and ended.status >= 300:
        retry_after_ms = _retry_after_ms(ended.headers, now_ms)
        error = of_status(ended.status, method, retry_after_ms)
    return Answered(ended.status, duration_ms, error, ended.address, answer if answer or ended.status else None, retry_after_ms)


def _retry_after_ms(headers: list[bytes], now_ms: int) -> int | None:
    """How long the receiver asks to wait (RFC 9110 10.2.3: seconds or a date), None where it does not, or not in a form we read."""
    for line in reversed(headers):
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "retry-after":
            return _wait_ms(value.strip(), now_ms)
        if name.startswith("HTTP/"):
            break  # the lines before are those of an interim answer
    return None


def _wait_ms(value: str, now_ms: int) -> int | None:
    if value.isascii() and value.isdigit():
        return int(value[:10]) * 1000
    try:
        return max(0, round(parsedate_to_datetime(value).timestamp() * 1000) - now_ms)
    except (ValueError, OverflowError):
        return None
