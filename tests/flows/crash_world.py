"""An installation that is killed and started again: `heliograph serve` on a prepared database, its webhook receiver, and what is left.

with Hook() as hook:
    world = CrashWorld(folder, url, hook)
    with world.start(fault="settle.before_commit:20") as program: ...
"""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import msgspec
import requests

from heliograph.clock import SystemClock
from heliograph.links.simulator import Behaviour
from heliograph.model.account import Role
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import LinkId
from heliograph.service.secret import hash_of
from heliograph.store import account, device, link, policy, sim, webhook
from heliograph.store.database import engine_of
from heliograph.store.device import Device
from heliograph.store.engine import Session
from heliograph.store.ids import IdBlocks
from heliograph.store.migrate import migrate
from heliograph.store.policy import ServicePolicy
from heliograph.store.query import Query
from heliograph.store.sim import Sim
from heliograph.store.transaction import Transaction
from tests.flows.program import REPLY_S, START_S, Api, Program, try_arguments, wait_until
from tests.flows.receivers import Receivers

TOKEN = "a token of the crash tests"
DEVICES = (
    *(Behaviour.DELIVERS,) * 31,
    *(Behaviour.ABSENT_THEN_DELIVERS,) * 4,
    *(Behaviour.THROTTLED,) * 2,
    *(Behaviour.UNDELIVERABLE,) * 2,
    *(Behaviour.ABSENT,) * 3,
)
SHORT_WAYS = {"delay_ms": 3, "jitter_ms": 5, "window": 8, "returns_after_s": 0.3, "receipt_delay_ms": 30}
"""Of the simulator: a small window, so that lanes wait for room and are taken from the database."""
NUMBERS = count(1)
WITHIN_S = 60.0
STEP_S, STEP_MS = 0.25, 30_000


def device_ids(*behaviours: Behaviour) -> list[int]:
    """The devices of a prepared database that behave so."""
    return [number for number, behaviour in enumerate(DEVICES, 1) if behaviour in behaviours]


def msisdn(number: int) -> str:
    return f"4915100{number:07}"


def prepare(url: str) -> None:
    """Make of an empty database an installation with devices, one simulator link, a policy with a webhook, and a token."""
    engine = engine_of(url)
    migrate(engine)
    session = engine.connect()
    session.begin()
    _seed(Transaction(session, IdBlocks()), SystemClock().now_ms())
    session.commit()
    session.close()


def _seed(tx: Transaction, now_ms: int) -> None:
    organisation_id = account.insert_organisation(tx, "Fleet", now_ms)
    account.insert_token(tx, organisation_id, hash_of(TOKEN), Role.ADMINISTRATOR, now_ms)
    link.insert(tx, "Simulator", "simulator", "{}", now_ms)
    callback_id = webhook.insert(tx, organisation_id, "http://127.0.0.1/", "crash tests", "{}", now_ms)
    policy_id = policy.insert(tx, ServicePolicy(0, organisation_id, "All", mt=1, mo=1, api_callback_id=callback_id), now_ms)
    tariff_id = policy.insert_tariff(tx, organisation_id, "None", None)
    for number in range(1, len(DEVICES) + 1):
        new = Device(0, organisation_id, f"Meter {number}", None, None, 0, int(DeviceStatus.ENABLED), policy_id, tariff_id)
        device_id = device.insert(tx, new, now_ms)
        card = Sim(0, organisation_id, f"89490{number:014}", None, msisdn(number), int(SimStatus.ACTIVATED), device_id, None, None, now_ms)
        sim.insert(tx, card, now_ms)
        sim.update(tx, card)
        sim.replace_numbers(tx, card, ())


class Hook(Receivers):
    """A receiver of webhooks; each world has a path of its own."""

    def calls(self, path: str) -> Counter[tuple[str, int]]:
        """How often each (method, message) was told on this path."""
        return Counter((each.method, msgspec.json.decode(each.body)["id"]) for each in self.received(path.strip("/")))


@dataclass
class CrashWorld:
    """One installation. `simulator`: what its link has beside behaviours and log."""

    folder: Path
    database: str
    hook: Hook
    simulator: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.engine = engine_of(self.database)
        self._kept: Session | None = None
        self._base_url: str | None = None
        self.path = f"/{next(NUMBERS)}"
        self.received_log = self.folder / "received"
        config = (
            f'data_dir = "{self.folder}"\ndatabase = "{self.database}"\nstop_grace_s = 4\n[http]\nlisten = "127.0.0.1:0"\n'
            f'[webhooks]\negress_allow = ["127.0.0.0/8"]\nports = [{self.hook.port}]\n'
        )
        (self.folder / "heliograph.toml").write_text(config)
        self.execute("UPDATE api_callback SET url = :url", url=f"http://127.0.0.1:{self.hook.port}{self.path}")
        self.set_simulator(**self.simulator)

    def set_simulator(self, **simulator: Any) -> None:
        """Have the link behave so from its next start on."""
        behaviours = {msisdn(number): behaviour.value for number, behaviour in enumerate(DEVICES, 1)}
        logs = {"received_log": str(self.received_log), "network_log": str(self.folder / "network")}
        settings = {"behaviours": behaviours} | logs | SHORT_WAYS | simulator
        with self._transaction() as tx:
            link.update_settings(tx, LinkId(1), msgspec.json.encode(settings).decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connection of the test's own; the next look opens another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.name == "sqlite"

    @property
    def is_stored(self) -> bool:
        return self.simulator.get("delivery") == "stored"

    @property
    def url(self) -> str:
        """The API; each process has a port of its own. Raises requests.ConnectionError where none runs."""
        if self._base_url is None:
            raise requests.ConnectionError("no process runs")
        return f"{self._base_url}/api"

    def wait_until_ready(self) -> None:
        """Return once a process owns the link."""
        wait_until(lambda: requests.get(f"{self._base_url}/health/ready", timeout=REPLY_S).ok, "a link that is up", START_S)

    @contextmanager
    def start(self, fault: str | None = None) -> Iterator[Program]:
        """The program, once it answers; `fault`: the point and passage at which it kills itself."""
        environ = {"FAULT_POINT": fault} if fault else {}
        with Program("serve", "--config", str(self.folder / "heliograph.toml"), environ=environ, wait_for_line=False) as program:
            wait_until(lambda: program.process.poll() is not None or program.url is not None, "an answer", START_S)
            with self._answering_at(program.url):
                yield program

    @contextmanager
    def start_as_try(self) -> Iterator[Program]:
        """The same installation as `try` runs it."""
        with Program(*try_arguments(self.folder)) as program, self._answering_at(program.ready["portal_url"]):
            yield program

    @contextmanager
    def _answering_at(self, url: str | None) -> Iterator[None]:
        self._base_url = url
        try:
            yield
        finally:
            self._base_url = None

    def api(self) -> Api:
        return Api(self.url, TOKEN)

    # what the database says

    def rows(self, text: str, **values: int | str | None) -> list[Any]:
        """Rows of a SELECT on a connection of its own."""
        with self._transaction() as tx:
            return tx.run(Query(f"test.{text}", text), **values)

    def rows_of_the_dead(self, text: str) -> list[Any]:
        """The same while no process runs, and without a trace in its files: the next start must find them as the kill left them."""
        if not self.is_sqlite:
            wait_until(lambda: self.rows(OTHERS)[0][0] == 0, "the end of the dead process' sessions")
            return self.rows(text)
        copied = self.folder / "copy"
        copied.mkdir(exist_ok=True)
        original = Path(self.database)
        for file in (original, original.with_name(f"{original.name}-wal")):
            if file.exists():
                shutil.copy(file, copied)
        session = engine_of(str(copied / original.name)).connect()
        try:
            return session.run(Query(f"test.{text}", text), {})
        finally:
            session.close()

    def execute(self, text: str, **values: int | str | None) -> None:
        with self._transaction() as tx:
            tx.run(Query(f"test.{text}", text, writes=True, returns_rows=False), **values)

    def age(self, ms: int) -> None:
        """Have everything that waits be so much older."""
        self.execute("UPDATE message SET expiry_at_ms = expiry_at_ms - :ms WHERE state < 4", ms=ms)
        self.pass_time(ms)

    def pass_time(self, ms: int = STEP_MS) -> None:
        """Have what waits for a later try wait so much less, as if that time had passed; not what a transaction holds at this moment."""
        waiting = "SELECT id FROM lane WHERE due_at_ms IS NOT NULL" + ("" if self.is_sqlite else " FOR UPDATE SKIP LOCKED")
        columns = ", ".join(f"{column} = {column} - :ms" for column in ("due_at_ms", "retry_at_ms", "woken_at_ms"))
        self.execute(f"UPDATE lane SET {columns} WHERE id IN ({waiting})", ms=ms)

    # what is left

    def open(self) -> dict[str, int]:
        """What is not at its end: messages, lanes, notifications."""
        ((messages, lanes, notifications),) = self.rows(
            "SELECT (SELECT count(*) FROM message WHERE state < 4),"
            " (SELECT count(*) FROM lane WHERE due_at_ms IS NOT NULL OR taken_epoch IS NOT NULL),"
            " (SELECT count(*) FROM notification WHERE state = 1)"
        )
        return {"messages": messages, "lanes": lanes, "notifications": notifications}

    def heads_taken(self) -> set[int]:
        """The messages that a process which is dead may have sent without knowing the answer."""
        text = (
            "SELECT min(message.id) FROM lane JOIN message ON message.lane_id = lane.id AND message.lane_seq >= lane.head_seq"
            " WHERE lane.taken_epoch IS NOT NULL AND message.state < 4 GROUP BY lane.id"
        )
        return {row[0] for row in self.rows_of_the_dead(text)}

    def received(self) -> Counter[int]:
        """How often each message arrived at its device."""
        if not self.received_log.exists():
            return Counter()
        segments = Counter(self.received_log.read_text().splitlines())
        return _by_message(segments)

    def wait_until_all_is_over(self, within_s: float = WITHIN_S) -> None:
        """Have time pass until nothing is open any more."""
        until = time.monotonic() + within_s
        while any(self.open().values()):
            assert time.monotonic() < until, f"not at its end: {self.open()}"
            time.sleep(STEP_S)
            self.pass_time()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """On a connection of the test's own, which stays open on PostgreSQL, where each costs a process."""
        session = self._kept or self.engine.connect()
        self._kept = None
        try:
            session.begin()
            yield Transaction(session, IdBlocks())
            session.commit()
        except BaseException:
            session.close()
            raise
        if self.is_sqlite:
            session.close()
        else:
            self._kept = session


OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def _by_message(segments: Counter[str]) -> Counter[int]:
    """Of each message, how often the segment came that came most often."""
    most: Counter[int] = Counter()
    for line, times in segments.items():
        message = int(line.split()[0])
        most[message] = max(most[message], times)
    return most
