"""Links and their leases: which process owns a link, and in which epoch.

An epoch is part of the lease's key as far as locks go: a settle holds (link, epoch) with FOR KEY SHARE, which a beat does not wait for
and a takeover, which changes the epoch, does. The unique index on (link_id, epoch) is what makes PostgreSQL see it so.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from heliograph.model.ids import LinkId, NodeId
from heliograph.store.engine import Request
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("link")
LATEST_TOLD: Final = 500
"""How many of the latest events of all links those of one are looked for among."""


class Held(msgspec.Struct, array_like=True, frozen=True):
    link_id: int
    epoch: int


class LinkRow(msgspec.Struct, array_like=True, frozen=True):
    """A link with its lease. `settings`: JSON of its kind's settings type."""

    id: int
    name: str
    kind: str
    settings: str
    epoch: int
    node_id: int | None
    beat: int
    state: str
    reason: str | None
    changed_at_ms: int
    trace_until_ms: int | None = None


class LinkView(msgspec.Struct, array_like=True, frozen=True):
    """A link as people see it, switched off or not. `node_name`: the process that owns it, HOST/PID, or None; `beat_at_ms`: when that last
    showed that it lives, by its own clock."""

    id: int
    name: str
    kind: str
    settings: str
    created_at_ms: int
    disabled_at_ms: int | None
    state: str
    reason: str | None
    changed_at_ms: int
    node_name: str | None
    beat_at_ms: int | None = None


class Told(msgspec.Struct, frozen=True):
    """What befell a link: `kind` up, down or fault."""

    kind: str
    at_ms: int
    reason: str | None


class _Detail(msgspec.Struct, frozen=True):
    link: dict[str, Any]
    reason: str | None = None


_detail_of = msgspec.json.Decoder(_Detail).decode


class LockedLink(msgspec.Struct, array_like=True, frozen=True):
    """What people set of a link, locked by the transaction that read it."""

    name: str
    kind: str
    settings: str
    disabled_at_ms: int | None


class Traced(msgspec.Struct, array_like=True, frozen=True):
    """A PDU of a link, decoded. `bind`: which of its connections."""

    id: int
    at_ms: int
    bind: str
    is_sent: int
    pdu: str


def insert(tx: Transaction, name: str, kind: str, settings: str, now_ms: int) -> LinkId:
    """A new link, owned by nobody."""
    link_id = LinkId(tx.ids("link")[0])
    tx.run(Q["insert"], id=link_id, name=name, kind=kind, settings=settings, number_space=_number_space(settings), now=now_ms)
    tx.run(Q["insert_lease"], link_id=link_id, now=now_ms)
    return link_id


def update_settings(tx: Transaction, link_id: LinkId, settings: str) -> None:
    """Replace the settings of a link."""
    tx.run(Q["update_settings"], id=link_id, settings=settings, number_space=_number_space(settings))


def _number_space(settings: str) -> str:
    """The one setting that routes compare, so that it stands in a column of its own."""
    return msgspec.json.decode(settings, type=_Spaced).number_space


class _Spaced(msgspec.Struct, frozen=True):
    number_space: str = ""


def number_spaces(tx: Transaction) -> list[str]:
    """Those that links have, "" among them where one has none."""
    return [row[0] for row in tx.run(Q["number_spaces"])]


def enabled(tx: Transaction) -> list[LinkRow]:
    """All links that are to run, with their leases."""
    return [LinkRow(*row) for row in tx.run(Q["list"])]


def views(tx: Transaction) -> list[LinkView]:
    """All links, those that are switched off too."""
    return [LinkView(*row) for row in tx.run(Q["views"])]


def view(tx: Transaction, link_id: int) -> LinkView | None:
    """One link, switched off or not."""
    row = tx.one(Q["view"], id=link_id)
    return LinkView(*row) if row else None


def lock(tx: Transaction, link_id: int) -> LockedLink | None:
    row = tx.one(Q["lock"], id=link_id)
    return LockedLink(*row) if row else None


def rename(tx: Transaction, link_id: int, name: str) -> None:
    tx.run(Q["rename"], id=link_id, name=name)


def delete(tx: Transaction, link_id: int) -> None:
    """Take a link away, with its lease and reservations. What was sent by it keeps its number."""
    for name in ("delete_reservations", "delete_lease", "delete"):
        tx.run(Q[name], id=link_id)


def trace_until(tx: Transaction, link_id: int, until_ms: int) -> bool:
    """Have the owner write down the link's PDUs until then; False where there is no such link."""
    return tx.one(Q["trace_until"], id=link_id, until=until_ms) is not None


def keep_trace(tx: Transaction, link_id: int, pdus: Sequence[tuple[int, str, bool, str]]) -> None:
    """Write down (time, bind, sent or received, PDU in words) each."""
    ids = tx.ids("link_trace", len(pdus))
    rows = [(id_, link_id, at_ms, bind, int(sent), pdu) for id_, (at_ms, bind, sent, pdu) in zip(ids, pdus, strict=True)]
    tx.apply(Q["keep_trace"], rows)


def trace(tx: Transaction, link_id: int, after: int, most: int) -> list[Traced]:
    """What was written down of a link after that id, oldest first."""
    return [Traced(*row) for row in tx.run(Q["trace"], link_id=link_id, after=after, most=most)]


def latest_trace(tx: Transaction, link_id: int, most: int) -> list[Traced]:
    """The latest that was written down of a link, oldest first."""
    return [Traced(*row) for row in reversed(tx.run(Q["latest_trace"], link_id=link_id, most=most))]


def last_trace(tx: Transaction) -> int:
    """The highest id there is."""
    row = tx.one(Q["last_trace"])
    return int(row[0]) if row else 0


def forget_traces(tx: Transaction, before_ms: int) -> None:
    tx.run(Q["forget_traces"], before=before_ms)


def waiting(tx: Transaction, link_id: int) -> int:
    """How many destinations have messages that wait for this link or are on their way by it."""
    row = tx.one(Q["waiting"], link_id=link_id)
    return int(row[0]) if row else 0


def exists(tx: Transaction, name: str) -> bool:
    """Whether a link has this name."""
    return tx.one(Q["by_name"], name=name) is not None


def set_disabled(tx: Transaction, link_id: int, disabled_at_ms: int | None) -> bool:
    """Switch a link off, or on with None; False where there is none of this id."""
    return tx.one(Q["set_disabled"], id=link_id, disabled_at_ms=disabled_at_ms) is not None


def acquire(tx: Transaction, link_id: int, node_id: NodeId, seen_epoch: int, seen_beat: int, now_ms: int) -> int | None:
    """Take a link over if its lease is still as it was seen; the new epoch, or None when somebody was faster."""
    row = tx.one(Q["acquire"], link_id=link_id, node_id=node_id, epoch=seen_epoch, beat=seen_beat, now=now_ms)
    return int(row[0]) if row else None


def beat(tx: Transaction, link_id: int, node_id: NodeId, epoch: int) -> bool:
    """Show that the owner lives; False when it is the owner no more."""
    return tx.one(Q["beat"], link_id=link_id, node_id=node_id, epoch=epoch) is not None


def state(tx: Transaction, link_id: int) -> tuple[str, str]:
    """Name and state of a link."""
    ((name, found),) = tx.run(Q["state"], link_id=link_id)
    return name, found


def set_state(tx: Transaction, link_id: int, epoch: int, state: str, reason: str | None, now_ms: int) -> bool:
    """Note that the link is up, down or at fault."""
    return tx.one(Q["set_state"], link_id=link_id, epoch=epoch, state=state, reason=reason, now=now_ms) is not None


def release(tx: Transaction, link_id: int, node_id: NodeId, epoch: int, now_ms: int) -> None:
    """Give a link up, so that another process need not wait."""
    tx.run(Q["release"], link_id=link_id, node_id=node_id, epoch=epoch, now=now_ms)


def free_of_node(tx: Transaction, node_id: int) -> list[int]:
    """Give up all links of a process known to be dead; which those were."""
    return sorted(row[0] for row in tx.run(Q["free_of_node"], node_id=node_id))


def holding(leases: Iterable[tuple[int, int]]) -> Request[Held]:
    """Like `hold`, for many (link, epoch): the result has those that own their link."""
    return Request(Q["hold_all"], sorted(set(leases)), Held)


def hold(tx: Transaction, link_id: int, epoch: int) -> bool:
    """Whether `epoch` still owns the link; if so, nobody can take it over before this transaction ends."""
    return tx.one(Q["hold"], link_id=link_id, epoch=epoch) is not None


def told(tx: Transaction, link_id: int, most: int) -> list[Told]:
    """The latest that befell a link, newest first, as far as it stands among the latest of all links."""
    found = []
    for kind, at_ms, detail in tx.run(Q["told"], latest=LATEST_TOLD):
        if str(kind).startswith("link.") and (read := _detail_of(detail)).link["id"] == link_id:
            found.append(Told(str(kind).removeprefix("link."), int(at_ms), read.reason))
    return found[:most]


def latest_ms(tx: Transaction) -> int:
    """The latest time that the installation has written, as far as is quickly known; 0 where it has written none."""
    row = tx.one(Q["latest"])
    return int(row[0]) if row and row[0] is not None else 0


def views_of_organisation(tx: Transaction, organisation_id: int) -> list[LinkView]:
    """The links that an organisation's devices use: name and state, and nothing of what only the operator is to know."""
    return [LinkView(*row) for row in tx.run(Q["views_of_organisation"], organisation_id=organisation_id)]


def is_there(tx: Transaction, link_id: int) -> bool:
    """Whether there is such a link."""
    return tx.one(Q["exists_by_id"], id=link_id) is not None


def reservations(tx: Transaction) -> dict[int, list[int]]:
    """The organisations of each link that is for some only."""
    found: dict[int, list[int]] = {}
    for link_id, organisation_id in tx.run(Q["reservations"]):
        found.setdefault(int(link_id), []).append(int(organisation_id))
    return found


def reserve(tx: Transaction, link_id: int, organisation_id: int) -> bool:
    """Have a link for an organisation, beside others that it is for already; False where it was."""
    return tx.one(Q["reserve"], link_id=link_id, organisation_id=organisation_id) is not None


def unreserve(tx: Transaction, link_id: int, organisation_id: int) -> bool:
    """Take that back; False where it was not. A link that is for nobody in particular is for all."""
    return tx.one(Q["unreserve"], link_id=link_id, organisation_id=organisation_id) is not None
