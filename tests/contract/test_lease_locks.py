"""What waits for what at a link's lease, on PostgreSQL, where locks are rows (architecture: one owner per link)."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from heliograph.model.ids import NodeId
from heliograph.store import link as link_store
from heliograph.store.database import engine_of
from heliograph.store.engine import Session
from heliograph.store.ids import IdBlocks
from heliograph.store.transaction import Transaction
from tests.contract.test_two_processes import seeded

WAITING_S = 0.3


@pytest.fixture
def sessions(new_postgres_database: Callable[..., str]) -> Iterator[list[Session]]:
    """Three connections to one installation; link 1 is node 1's, in epoch 1."""
    engine = engine_of(new_postgres_database(seeded))
    made = [engine.connect() for _ in range(3)]
    made[0].begin()
    assert link_store.acquire(Transaction(made[0], IdBlocks()), 1, NodeId(1), 0, 0, 0) == 1
    made[0].commit()
    yield made
    for session in made:
        session.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def in_transaction(session: Session, call: Callable[[Transaction], object]) -> object:
    session.begin()
    result = call(Transaction(session, IdBlocks()))
    session.commit()
    return result


def is_done(future: "Future[object]") -> bool:
    try:
        future.result(WAITING_S)
    except TimeoutError:
        return False
    return True


def test_a_takeover_waits_for_a_settle_under_way_and_a_beat_does_not(sessions: list[Session], pool: ThreadPoolExecutor) -> None:
    settling, taking, beating = sessions
    settling.begin()
    assert link_store.hold(Transaction(settling, IdBlocks()), 1, 1)
    beat = pool.submit(in_transaction, beating, lambda tx: link_store.beat(tx, 1, NodeId(1), 1))
    assert beat.result(5) is True
    takeover = pool.submit(in_transaction, taking, lambda tx: link_store.acquire(tx, 1, NodeId(2), 1, 2, 0))
    assert not is_done(takeover)
    settling.commit()
    assert takeover.result(5) == 2


def test_settles_of_one_owner_do_not_wait_for_each_other(sessions: list[Session], pool: ThreadPoolExecutor) -> None:
    settling, other, _ = sessions
    settling.begin()
    assert link_store.hold(Transaction(settling, IdBlocks()), 1, 1)
    assert pool.submit(in_transaction, other, lambda tx: link_store.hold(tx, 1, 1)).result(5) is True
    settling.commit()


def test_a_settle_that_waited_for_a_takeover_finds_its_lease_lost(sessions: list[Session], pool: ThreadPoolExecutor) -> None:
    taking, settling, _ = sessions
    taking.begin()
    assert link_store.acquire(Transaction(taking, IdBlocks()), 1, NodeId(2), 1, 1, 0) == 2
    held = pool.submit(in_transaction, settling, lambda tx: link_store.hold(tx, 1, 1))
    assert not is_done(held)
    taking.commit()
    assert held.result(5) is False
