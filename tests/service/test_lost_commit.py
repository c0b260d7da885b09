"""A commit whose answer is lost may have happened or not; either way the process goes on, forgets nothing and sends nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from heliograph.model.link import Accepted, Delivery, Taken, Unknown
from heliograph.model.message import State
from heliograph.model.notification import NotificationState
from heliograph.store.database import DatabaseLost, engine_of
from heliograph.store.engine import Engine, Session
from tests.core_world import Setting, World

KEPT, UNDONE = "kept", "undone"


class Interrupted(Exception):
    """The connection broke before COMMIT was answered."""


class Interruptible:
    """An engine whose next commit of a writer is interrupted once `fate` says what becomes of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.fate = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def connect(self, *, read_only: bool = False) -> Session:
        session = self._engine.connect(read_only=read_only)
        if not read_only:
            commit = session.commit
            session.commit = lambda: self._commit(session, commit)  # type: ignore[method-assign]
        return session

    def is_lost(self, error: BaseException) -> bool:
        return isinstance(error, Interrupted)

    def _commit(self, session: Session, commit: Any) -> None:
        fate, self.fate = self.fate, ""
        if fate == UNDONE:
            session.rollback()
        else:
            commit()
        if fate:
            session.close()
            raise Interrupted


@pytest.fixture
async def world(tmp_path: Path, setting: Setting, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """One that has sent a message, so that blocks of ids are at hand and a use case is one commit."""
    monkeypatch.setattr("tests.core_world.engine_of", lambda url: Interruptible(engine_of(url)))
    async with World(str(tmp_path / "heliograph.db"), setting) as world:
        await world.submit()
        world.link.sent.clear()
        world.courier.delivered.clear()
        yield world


def interrupt(world: World, fate: str) -> None:
    """Have the next commit interrupted."""
    engine = world.database.engine
    assert isinstance(engine, Interruptible)
    engine.fate = fate


def lanes_taken(world: World) -> int:
    return int(world.rows("SELECT count(*) AS lanes FROM lane WHERE taken_epoch IS NOT NULL")[0].lanes)


@pytest.mark.parametrize("fate", [KEPT, UNDONE])
async def test_a_submit_that_nobody_confirmed_is_not_acknowledged_and_is_sent_if_it_is_there(world: World, fate: str) -> None:
    interrupt(world, fate)
    with pytest.raises(DatabaseLost):
        await world.submit()
    await world.advance(2)
    assert [row.state for row in world.rows("SELECT state FROM message")] == [State.DELIVERED] * (1 + (fate == KEPT))
    assert len(world.link.sent) == (fate == KEPT)
    assert lanes_taken(world) == 0
    second = await world.submit()
    assert world.message(second).state == State.DELIVERED


@pytest.mark.parametrize("fate", [KEPT, UNDONE])
async def test_what_a_settle_took_and_told_unconfirmed_is_sent_and_told_once(world: World, fate: str) -> None:
    world.link.says(None)
    first, second = await world.submit(), await world.submit()
    interrupt(world, fate)
    world.link.sent[0].answer(Accepted())
    await world.advance(3)
    assert [sent.outgoing.message_id for sent in world.link.sent] == [first, second]
    assert [world.message(each).state for each in (first, second)] == [State.DELIVERED] * 2
    assert [each.message_id for _, each in world.courier.delivered] == [first, second]
    assert [row.state for each in (first, second) for row in world.notifications(each)] == [NotificationState.DELIVERED] * 2
    assert [world.message(each).attempts for each in (first, second)] == [1, 1]
    assert lanes_taken(world) == 0
    assert world.queue.taken == 0


@pytest.mark.parametrize("fate", [KEPT, UNDONE])
async def test_what_was_written_unconfirmed_is_not_written_again_over_the_next_try(world: World, fate: str) -> None:
    world.link.says(None, None)
    message_id = await world.submit()
    interrupt(world, fate)
    world.link.sent[0].answer(Unknown("no answer in time"))
    world.queue.hint()
    await world.advance(60)
    assert len(world.link.sent) == 2
    assert lanes_taken(world) == 1
    world.link.sent[1].answer(Accepted())
    await world.advance(1)
    assert world.message(message_id).state == State.DELIVERED
    assert [(attempt.number, attempt.outcome) for attempt in world.attempts(message_id)] == [(1, "unknown"), (2, "accepted")]
    assert world.queue.taken == 0


@pytest.mark.parametrize("setting", [Setting(window=2)], indirect=True)
@pytest.mark.parametrize("fate", [KEPT, UNDONE])
async def test_lanes_that_were_taken_unconfirmed_are_sent(world: World, fate: str) -> None:
    world.link.otherwise = None
    sent = [await world.submit(device) for device in (1, 2, 3)]
    assert len(world.link.sent) == 2
    take = world.queue._queues.use_cases.take

    async def interrupted(*arguments: Any) -> int | None:
        interrupt(world, fate)
        world.queue._queues.use_cases.take = take  # type: ignore[method-assign]
        return await take(*arguments)

    world.queue._queues.use_cases.take = interrupted  # type: ignore[method-assign]
    world.link.otherwise = Accepted()
    for each in list(world.link.sent):
        each.answer(Accepted())
    await world.advance(5)
    assert {world.message(each).state for each in sent} == {State.DELIVERED}
    assert len(world.link.sent) == 3
    assert lanes_taken(world) == 0


@pytest.mark.parametrize("fate", [KEPT, UNDONE])
async def test_deliveries_that_are_in_doubt_are_free_after_a_crash_too(world: World, fate: str) -> None:
    """A beat between the lost commit and its discovery does not put what was claimed out of sight."""
    world.link.says(None)
    message_id = await world.submit()
    interrupt(world, fate)
    world.link.sent[0].answer(Accepted())
    await world.settle()
    for _ in range(3):
        await world.housekeeping._beat()
    await world.restart()
    await world.advance(3)
    assert world.message(message_id).state == State.DELIVERED
    assert [row.state for row in world.notifications(message_id)] == [NotificationState.DELIVERED]


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)
@pytest.mark.parametrize("fate", [KEPT, UNDONE])
@pytest.mark.parametrize("when", ["before it was asked", "after it agreed"])
async def test_a_cancel_in_the_network_outlives_a_lost_commit(world: World, fate: str, when: str) -> None:
    """It is a task of the daemon's: what it raised would end that."""
    world.link.says(Accepted("77"))
    message_id = await world.submit()
    assert world.message(message_id).state == State.BUFFERED
    asked: list[Taken] = []

    async def cancel(taken: Taken) -> bool:
        asked.append(taken)
        if when == "after it agreed":
            interrupt(world, fate)
        return True

    world.link.cancel = cancel  # type: ignore[attr-defined]
    if when == "before it was asked":
        interrupt(world, fate)
    canceling = asyncio.create_task(world.queue._queues.use_cases.cancel(world.queue, message_id))
    await world.advance(3)
    await canceling
    assert (world.message(message_id).state, [each.ref for each in asked]) == (State.CANCELED, ["77"])
    assert world.events(message_id).count("sms.canceled") == 1
