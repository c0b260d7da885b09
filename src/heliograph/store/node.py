"""The processes of the installation, and their heartbeats."""

import msgspec

from heliograph.model.ids import NodeId
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("node")


class NodeRow(msgspec.Struct, array_like=True, frozen=True):
    """A process that has not been seen to end. `open_from`: no notification below it is claimed by it and still open."""

    id: int
    beat: int
    open_from: int


class Mark(msgspec.Struct, frozen=True):
    """What a process knew right after a beat: nothing below `open_from` was open, and it had claimed `claims` times."""

    open_from: int
    claims: int


def insert(tx: Transaction, name: str, open_from: int, now_ms: int) -> NodeId:
    """A process starts."""
    node_id = NodeId(tx.ids("node")[0])
    tx.run(Q["insert"], id=node_id, name=name, open_from=open_from, now=now_ms)
    return node_id


def beat(tx: Transaction, node_id: NodeId, mark: Mark, now_ms: int) -> int | None:
    """Show that the process lives, and raise its `open_from` to the mark unless it has claimed since. Returns its claims; None when
    another has declared it dead."""
    row = tx.one(Q["beat"], id=node_id, open_from=mark.open_from, claims=mark.claims, now=now_ms)
    return int(row[0]) if row else None


def beat_at(tx: Transaction, node_id: int) -> int | None:
    """When a process last showed that it lives, by its own clock; None for an unknown one."""
    row = tx.one(Q["beat_at"], id=node_id)
    return int(row[0]) if row else None


def lower(tx: Transaction, node_id: NodeId, open_from: int) -> bool:
    """The process claims notifications that were there before, from this id on; False where another has declared it dead."""
    return tx.one(Q["lower"], id=node_id, open_from=open_from) is not None


def others(tx: Transaction, node_id: NodeId) -> list[NodeRow]:
    """The other processes that have not been seen to end."""
    return [NodeRow(*row) for row in tx.run(Q["others"], id=node_id)]


def stop(tx: Transaction, node: NodeRow, now_ms: int, *, forced: bool) -> int | None:
    """Declare a process ended, unless it has beaten since `node` was read, or another declared it ended first (`forced`: even so). Returns
    its last `open_from`, else None."""
    row = tx.one(Q["stop"], id=node.id, beat=node.beat, now=now_ms, forced=int(forced))
    return int(row[0]) if row else None
