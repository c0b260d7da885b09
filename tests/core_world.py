"""The durable core without its faces: one database, links and a courier that do as a test says, and a clock moved by hand.

    async with World(path) as world:
        world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent"))
        message_id = await world.submit()
        await world.jump_to(world.message(message_id).retry_at_ms)

Only the outer edge is made up: `ScriptedLink` keeps the contract of `model.link.Link`, `ScriptedCourier` that of
`model.notification.Courier`. The loops of the core run as in the daemon. `jump` moves the wall clock, which all times of messages
follow, and lets a second pass on the monotonic one, which polls and beats follow: a day costs one poll.
"""

import asyncio
from collections import namedtuple
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, Self

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.links.catalogue import Catalogue
from heliograph.model.account import Actor, Door, Role
from heliograph.model.ids import DeviceId, LinkId, MessageId, OrganisationId
from heliograph.model.link import Answer, Delivery, Inbound, LinkProfile, LinkRole, OnUnknown, Receipt, Receipts, ReceiptState
from heliograph.model.p2p import P2pRates
from heliograph.model.route import NumberRules
from heliograph.service import housekeeping, lease, receive
from heliograph.service.core import Core
from heliograph.service.dispatch import LinkQueue, Queues
from heliograph.service.draft import Draft
from heliograph.service.fan_out import FanOut
from heliograph.service.notify import Notifier
from heliograph.service.receipt import receive_receipts
from heliograph.service.settle import LaneUseCases
from heliograph.service.submit import submit
from heliograph.service.wake import reachable
from heliograph.store import lane as lane_store
from heliograph.store import link as link_store
from heliograph.store import webhook as webhook_store
from heliograph.store.database import Database, engine_of
from heliograph.store.engine import Session
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.manual_clock import TestClock
from tests.scripted import ScriptedCourier, ScriptedLink
from tests.store.engines import migrated_if_new

MINUTE = 60
HOUR = 3600
DAY = 86_400


NO_RATES = P2pRates(0, 0)


def msisdn(device: int) -> str:
    return f"88563{device:07}"


def imsi(device: int) -> str:
    return f"90140{device:010}"


class WatchedDatabase(Database):
    """A database that knows whether a caller waits for it, so that the clock can wait too."""

    def __init__(self, url: str) -> None:
        super().__init__(engine_of(url))
        self.waiting = 0

    def is_busy(self) -> bool:
        """Whether a caller waits for it. Asked when nothing else is left to do, so what may wait for others to go with has waited: on a
        clock that is moved by hand nobody comes any more, and its 50 ms are real ones."""
        if self._patient:
            self._hand_over_all()
        return self.waiting > 0

    def _ended(self, handed: int, took_s: float) -> None:
        """Without the rest in which others may come, for the same reason."""
        super()._ended(handed, 0.0)

    def _leave(self, _: object = None) -> None:
        self.waiting -= 1

    async def write(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.waiting += 1
        try:
            return await super().write(function, *args, **kwargs)
        finally:
            self._leave()

    def write_item(self, function: Callable[..., Any], item: Any, **how: Any) -> asyncio.Future[Any]:
        future = super().write_item(function, item, **how)
        self.waiting += 1
        future.add_done_callback(self._leave)
        return future

    async def read(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.waiting += 1
        try:
            return await super().read(function, *args, **kwargs)
        finally:
            self._leave()


@dataclass
class Setting:
    """What of the seeded world a test may want otherwise. Device n belongs to organisation 1 + (n - 1) % organisations."""

    devices: int = 3
    organisations: int = 1
    webhook: bool = True
    link: bool = True
    alone: bool = True  # whoever else is listed as a process is dead
    secret: str | None = None
    delivery: Delivery = Delivery.LIVE
    on_unknown: OnUnknown = OnUnknown.RETRY
    window: int = 1000
    numbers: tuple[str, ...] = ()
    may_return: bool = False
    receipts: Receipts = Receipts.EXPECTED
    receipts_by_reference: bool = False
    rules: NumberRules = field(default_factory=NumberRules)
    p2p: P2pRates = NO_RATES


class World:
    """One process of an installation. After `async with`, everything runs."""

    def __init__(self, url: str, setting: Setting | None = None, clock: TestClock | None = None) -> None:
        self.url = url
        self.setting = setting or Setting()
        self.clock = clock or TestClock()
        self.courier = ScriptedCourier(self.clock)
        self.link = ScriptedLink(self.clock)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._reader: Session | None = None

    async def __aenter__(self) -> Self:
        migrated_if_new(self.url)
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.crash()

    async def start(self, *, own: bool = True) -> None:
        """Start the process, over the database as it is; it owns the link unless `own` is False."""
        self.database = WatchedDatabase(self.url)
        self.clock.busy = [self.database.is_busy]
        await self.database.open()
        node_id = await housekeeping.start_node(self.database, "test", self.clock.now_ms())
        use_cases = LaneUseCases()
        notifier = Notifier(self.database, self.clock, node_id, self.courier, self.spawn)
        queues = Queues(self.clock, self.spawn, use_cases)
        self.core = Core(self.database, self.clock, node_id, queues, notifier, self.setting.rules, self.setting.p2p)
        self.core.link_kinds = Catalogue(self.clock)
        use_cases.core = self.core
        if self.setting.alone:
            await housekeeping.bury_all_others(self.core)
        self.link_id = await self.database.write(seed, self.setting, self.clock.now_ms())
        self.housekeeping = housekeeping.Housekeeping(self.core)
        if own and self.setting.link:
            await self.own()
        self.spawn(notifier.run())
        self.spawn(FanOut(self.database, self.clock, node_id, notifier).run())
        self.spawn(self.housekeeping.run())
        await self.clock.settle()

    async def own(self) -> LinkQueue:
        """Acquire the link and run its queue."""
        (row,) = await lease.links(self.core)
        acquired = await lease.acquire(self.core, row)
        assert acquired is not None
        self.queue = self.core.queues.own(self.profile, acquired.epoch, self.link)
        self.spawn(self.queue.run())
        return self.queue

    async def own_another(self, name: str, number_space: str = "") -> int:
        """A second link like the first, with a queue of its own over the same scripted link; its id."""
        settings = msgspec.json.encode({"number_space": number_space}).decode()
        link_id = await self.database.write(link_store.insert, name, "scripted", settings, self.clock.now_ms())
        (row,) = [row for row in await lease.links(self.core) if row.id == link_id]
        acquired = await lease.acquire(self.core, row)
        assert acquired is not None
        profile = msgspec.structs.replace(self.profile, link_id=link_id, name=name, number_space=number_space)
        self.spawn(self.core.queues.own(profile, acquired.epoch, self.link).run())
        await self.clock.settle()
        return link_id

    @property
    def profile(self) -> LinkProfile:
        setting = self.setting
        return LinkProfile(
            LinkId(self.link_id),
            "Link",
            LinkRole.NETWORK,
            setting.delivery,
            setting.on_unknown,
            "link",
            setting.numbers,
            window=setting.window,
            may_return=setting.may_return,
            receipts=setting.receipts,
            receipts_by_reference=setting.receipts_by_reference,
        )

    async def crash(self) -> None:
        """End the process as a power loss does, but for what waits for the writer already. Raises what a loop died of."""
        failed = [task for task in self._tasks if task.done() and not task.cancelled() and task.exception() is not None]
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for queue in self.core.queues.owned():
            queue.lose()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        await self.database.close()
        for task in failed:
            task.result()

    async def restart(self, *, own: bool = True) -> None:
        """Crash, and start again with a new link."""
        await self.crash()
        self.link = ScriptedLink(self.clock)
        self.courier = ScriptedCourier(self.clock)
        await self.start(own=own)

    def spawn(self, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(call)
        self._tasks.add(task)
        task.add_done_callback(lambda done: None if not done.cancelled() and done.exception() else self._tasks.discard(done))
        return task

    # time

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    async def settle(self) -> None:
        await self.clock.settle()

    async def jump(self, seconds: float) -> None:
        """Move the wall clock, then let one second pass, so that every loop that polls looks once or more."""
        await self.jump_to(self.now_ms + round(seconds * 1000))

    async def jump_to(self, at_ms: int) -> None:
        """Have the wall clock show `at_ms` after a second in which everybody polls; everybody polled at its end too."""
        await self.clock.settle()
        assert at_ms >= self.now_ms, "the past is gone"
        last_ms = min(1000, at_ms - self.now_ms)
        self.clock.set_wall_clock(at_ms - last_ms)
        await self.clock.advance(last_ms / 1000)

    async def sweep(self) -> None:
        """Have housekeeping do its sweep now."""
        await self.housekeeping.sweep()
        await self.clock.settle()

    # traffic

    def actor(self, organisation: int = 1, door: Door = Door.REST, role: Role = Role.USER) -> Actor:
        return Actor(OrganisationId(organisation), f"Organisation {organisation}", role, door)

    async def submit(
        self, device: int = 1, text: str = "hello", *, validity_s: float | None = None, door: Door = Door.REST, **draft: Any
    ) -> MessageId:
        """Submit to a device and let everything happen that needs no time."""
        if validity_s is not None:
            draft["expiry_at_ms"] = self.now_ms + round(validity_s * 1000)
        actor = self.actor(self.organisation_of(device), door)
        message_id = await submit(self.core, actor, DeviceId(device), Draft(text, **draft))
        await self.clock.settle()
        return message_id

    async def hear(
        self,
        source: str,
        destination: str | None,
        text: str = "hello",
        *,
        udh: bytes = b"",
        dcs: int = 0,
        octets: bytes | None = None,
        link_id: int | None = None,
    ) -> Answer:
        """An SMS that the link heard, or another link."""
        user_data = octets if octets is not None else text.encode("utf-16-be") if dcs == 8 else gsm7.encode(text)
        inbound = self.inbound(source, destination, user_data, udh=udh, dcs=dcs)
        answer = await receive.receive(self.core, msgspec.structs.replace(inbound, link_id=LinkId(link_id or self.link_id)))
        await self.clock.settle()
        return answer

    def inbound(self, source: str, destination: str | None, user_data: bytes, *, udh: bytes = b"", dcs: int = 0) -> Inbound:
        return Inbound(LinkId(self.link_id), source, destination, udh, user_data, dcs, 0, self.now_ms)

    async def receipt(self, *keys: str, **said: Any) -> MessageId | None:
        """A receipt that the link heard (`heard`); the message it was found to be about."""
        (answer,) = await receive_receipts(self.core, [self.heard(*keys, **said)])
        await self.clock.settle()
        return answer.message_id

    def heard(
        self,
        *keys: str,
        state: ReceiptState = ReceiptState.DELIVERED,
        device: int = 1,
        word: str = "",
        source: str | None = None,
        group: str = "link",
        error: str | None = None,
        network_error: int | None = None,
    ) -> Receipt:
        """A receipt as the link reads it."""
        return Receipt(
            LinkId(self.link_id),
            group,
            keys,
            source if source is not None else msisdn(device),
            "",
            state,
            word or state.name,
            error,
            self.now_ms,
            network_error,
        )

    async def reachable(self, device: int = 1) -> None:
        await reachable(self.core, LinkId(self.link_id), msisdn(device))
        await self.clock.settle()

    def organisation_of(self, device: int) -> int:
        return 1 + (device - 1) % self.setting.organisations

    async def change_webhook(self, webhook_id: int = 1, **fields: Any) -> None:
        """Change a webhook as its owners do, and let the process hear of it."""
        await self.database.write(_change_webhook, webhook_id, fields)
        self.core.notifier.wake()
        await self.clock.settle()

    def webhook(self, webhook_id: int = 1) -> Any:
        """How a webhook fares."""
        columns = "failures, failed, failing_since_ms, degraded_at_ms, probe_at_ms, disabled_at_ms, disabled_reason, deleted_at_ms"
        (row,) = self.rows(f"SELECT {columns} FROM api_callback WHERE id = :id", id=webhook_id)
        return row

    # what the database says

    def rows(self, text: str, **values: Any) -> list[Any]:
        """Rows of a SELECT, as named tuples, read on a connection beside the process."""
        if self._reader is None:
            self._reader = self.database.engine.connect(read_only=True)
        row = _row_of(text)
        return [row(*found) for found in self._reader.run(Query(f"test.{text}", text), values)]

    def message(self, message_id: int) -> Any:
        columns = (
            "id, state, reason, reason_code, segment_states, attempts, retries, retry_at_ms, final_at_ms, expiry_at_ms, submitted_at_ms,"
            " last_attempt_at_ms, lane_seq, peer_id, payload, source, dest, segments, direction, traffic_class, device_id, organisation_id,"
            " note, udh"
        )
        (row,) = self.rows(f"SELECT {columns} FROM message WHERE id = :id", id=message_id)
        return row

    def events(self, message_id: int) -> list[str]:
        """Types of the events of a message, in the order of the feed."""
        return [row.type for row in self.rows("SELECT type FROM event WHERE message_id = :id ORDER BY number", id=message_id)]

    def notifications(self, message_id: int) -> list[Any]:
        columns = "id, type, method, state, tries, due_at_ms, body, claimed_by, final_at_ms"
        return self.rows(f"SELECT {columns} FROM notification WHERE message_id = :id ORDER BY id", id=message_id)

    def attempts(self, message_id: int) -> list[Any]:
        columns = "number, segment, outcome, error_class, reason, ref, at_ms"
        return self.rows(f"SELECT {columns} FROM attempt WHERE message_id = :id ORDER BY number, segment", id=message_id)

    def receipts(self) -> list[Any]:
        return self.rows("SELECT id, message_id, segment, disposition, state FROM receipt ORDER BY id")

    def lane(self, device: int = 1) -> Any:
        columns = "id, next_seq, head_seq, taken_epoch, due_at_ms, retry_at_ms, ladder_step"
        (row,) = self.rows(f"SELECT {columns} FROM lane WHERE device_id = :id", id=device)
        return row

    def used(self, device: int, traffic: str = "mt") -> int:
        found = self.rows(
            "SELECT sum(used) AS used FROM usage_counter"
            " WHERE scope = 'device' AND scope_id = :id AND traffic = :traffic AND length(period) = 7",
            id=device,
            traffic=traffic,
        )
        return found[0].used or 0


def _change_webhook(tx: Transaction, webhook_id: int, fields: dict[str, Any]) -> None:
    webhook = webhook_store.lock(tx, [webhook_id])[webhook_id]
    for name, value in fields.items():
        setattr(webhook, name, value)
    webhook_store.update(tx, [webhook])


def statement(text: str) -> Query:
    """A statement of a test that returns nothing."""
    return Query(f"test.{text}", text, writes=True, returns_rows=False)


def insert(tx: Transaction, table: str, **values: int | str | None) -> None:
    names = ", ".join(values)
    tx.run(statement(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in values)})"), **values)


def seed(tx: Transaction, setting: Setting, now_ms: int) -> int:
    """Organisations with a policy, devices with SIMs and lanes, and one link; its id. Finds what is there already."""
    if found := link_store.enabled(tx):
        return found[0].id
    link_id = link_store.insert(tx, "Link", "scripted", "{}", now_ms) if setting.link else 0
    for organisation in range(1, setting.organisations + 1):
        insert(tx, "organisation", id=organisation, name=f"Organisation {organisation}", created_at_ms=0)
        insert(tx, "tariff_profile", id=organisation, organisation_id=organisation, name="Tariff")
        callback_id = organisation if setting.webhook else None
        secret_id = organisation if setting.secret else None
        if callback_id:
            url = f"http://hook{organisation}.example/sms"
            insert(tx, "api_callback", id=callback_id, organisation_id=organisation, url=url, purpose="SMS", created_at_ms=0)
        if secret_id:
            insert(tx, "api_secret", id=secret_id, organisation_id=organisation, purpose="SMS", secret=setting.secret, created_at_ms=0)
        switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
        insert(
            tx, "service_profile", id=organisation, organisation_id=organisation, name="Policy", api_callback_id=callback_id,
            api_secret_id=secret_id, created_at_ms=0, **switches,
        )  # fmt: skip
    for device in range(1, setting.devices + 1):
        add_device(tx, device, 1 + (device - 1) % setting.organisations)
    return link_id


def add_device(tx: Transaction, device: int, organisation: int) -> None:
    """Device, SIM, numbers and lane, all of the id `device`."""
    insert(
        tx, "device", id=device, organisation_id=organisation, name=f"Device {device}", status_id=0, service_profile_id=organisation,
        tariff_profile_id=organisation, created_at_ms=0, last_updated_at_ms=0,
    )  # fmt: skip
    insert(
        tx, "sim", id=device, organisation_id=organisation, iccid=f"89{device}", msisdn=msisdn(device), imsi=imsi(device), status_id=1,
        device_id=device, production_at_ms=0,
    )  # fmt: skip
    for kind, number in (("msisdn", msisdn(device)), ("imsi", imsi(device))):
        insert(tx, "sim_number", number=number, number_space="", kind=kind, sim_id=device)
    lane_store.create_for_device(tx, OrganisationId(organisation), DeviceId(device))


@cache
def _row_of(text: str) -> Callable[..., Any]:
    """A named tuple of the result columns of a simple SELECT."""
    listed = text[len("SELECT ") : text.index(" FROM ")]
    names = [column.split(" AS ")[-1].split(".")[-1].strip() for column in listed.split(",")]
    return namedtuple("row", names)  # type: ignore[no-any-return]  # noqa: PYI024
