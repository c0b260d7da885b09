"""The hot use cases take a fixed number of statements however many they are given (architecture: the hot use cases take a batch)."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from heliograph.model.ids import DeviceId, LinkId
from heliograph.model.link import Accepted, Delivery, ErrorClass, Receipt, ReceiptState, Refused
from heliograph.model.notification import Answered
from heliograph.service.draft import Draft
from heliograph.service.receipt import receive_receipts
from heliograph.service.receive import receive
from heliograph.service.share import Limits, Shares
from heliograph.service.submit import submit
from heliograph.store.sqlite import SqliteSession
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, World, msisdn

FEW, MANY = 2, 40
ALL = 1 + FEW + MANY
STORED = Setting(devices=100, delivery=Delivery.STORED)
pytestmark = pytest.mark.parametrize("setting", [STORED], indirect=True)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the queries of the writer that are run within."""
    names: list[str] = []
    with monkeypatch.context() as patched:
        for method in ("run", "many"):
            original = getattr(SqliteSession, method)

            def spy(self: SqliteSession, query: Any, *arguments: Any, original: Any = original) -> Any:
                if threading.current_thread().name == "database-writer":
                    names.append(query.name)
                return original(self, query, *arguments)

            patched.setattr(SqliteSession, method, spy)
        yield names


async def as_one_group(world: World, calls: Sequence[Callable[[], Coroutine[Any, Any, Any] | None]]) -> None:
    """Have all that the calls write wait for each other."""
    entered, release = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        entered.set()
        release.wait(10)

    holding = asyncio.ensure_future(world.database.write(hold))
    await asyncio.to_thread(entered.wait, 10)
    for call in calls:
        if coroutine := call():
            world.spawn(coroutine)
    for _ in range(5):
        await asyncio.sleep(0)
    release.set()
    await holding
    await world.settle()


async def few_and_many(world: World, monkeypatch: pytest.MonkeyPatch, calls: Sequence[Callable[[], Any]]) -> tuple[list[str], list[str]]:
    """The statements that a few calls take in one group, and those that many take. The first call takes ids for all."""
    await as_one_group(world, calls[:1])
    taken: list[list[str]] = []
    for group in (calls[1 : 1 + FEW], calls[1 + FEW :]):
        with counted(monkeypatch) as names:
            await as_one_group(world, group)
        taken.append(sorted(name for name in names if not name.startswith("ids.")))
    return taken[0], taken[1]


async def test_of_submit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.link.otherwise = None
    draft = Draft("hi")
    calls = [lambda device=device: submit(world.core, world.actor(), DeviceId(device), draft) for device in range(1, ALL + 1)]
    few, many = await few_and_many(world, monkeypatch, calls)
    assert many == few
    assert len(many) < 15


@pytest.mark.parametrize("outcome", [Accepted("ref"), Refused(ErrorClass.DEVICE_ABSENT, "absent"), Refused(ErrorClass.PERMANENT, "no")])
async def test_of_settle(world: World, monkeypatch: pytest.MonkeyPatch, outcome: Accepted | Refused) -> None:
    world.link.otherwise = None
    world.courier.otherwise = None
    for device in range(1, ALL + 1):
        await world.submit(device)
    answers = [
        lambda sent=sent, number=number: sent.answer(Accepted(f"ref{number}") if isinstance(outcome, Accepted) else outcome)
        for number, sent in enumerate(world.link.open)
    ]
    few, many = await few_and_many(world, monkeypatch, answers)
    assert many == few
    assert len(many) < 25


async def test_of_receipt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.courier.otherwise = None
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}")
    for device in range(1, ALL + 1):
        await world.submit(device)
    receipts = [
        Receipt(
            LinkId(world.link_id), "link", (f"id:ref{device}",), msisdn(device), "", ReceiptState.DELIVERED, "DELIVRD", None, world.now_ms
        )
        for device in range(1, ALL + 1)
    ]
    calls = [lambda each=each: receive_receipts(world.core, [each]) for each in receipts]
    few, many = await few_and_many(world, monkeypatch, calls)
    assert many == few
    assert len(world.rows("SELECT id FROM message WHERE state = 4")) == ALL


async def test_of_receive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.courier.otherwise = None
    heard = [world.inbound(msisdn(device), "12345", b"hi") for device in range(1, ALL + 1)]
    calls = [lambda each=each: receive(world.core, each) for each in heard]
    few, many = await few_and_many(world, monkeypatch, calls)
    assert many == few
    assert len(many) < 20


async def test_of_settling_a_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.courier.otherwise = None
    world.core.notifier._shares = Shares(Limits(least=ALL, most_of_one=ALL))
    for device in range(1, ALL + 1):
        await world.hear(msisdn(device), "12345")
    calls = [lambda done=done: done(Answered(200, 1)) for done in world.courier.open]
    few, many = await few_and_many(world, monkeypatch, calls)
    assert many == few
    assert len(many) < 10
