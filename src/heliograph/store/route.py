"""Routes: which link the messages of a device, or those to a phone, go by. Of those that fit the first by position counts."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("route")
LAST_ID = 2**62


class Route(msgspec.Struct, array_like=True, frozen=True):
    """`link_ids`: JSON, in the order in which they are wanted; `link_id`: the one taken now. `value`: what its kind compares with."""

    id: int
    position: int
    kind: str
    value: str
    link_ids: str
    link_id: int

    @property
    def links(self) -> list[int]:
        return msgspec.json.decode(self.link_ids, type=list[int])


class LinkState(msgspec.Struct, array_like=True, frozen=True):
    id: int
    disabled_at_ms: int | None
    state: str
    changed_at_ms: int


def every(tx: Transaction) -> list[Route]:
    """All, in the order in which they are asked."""
    return [Route(*row) for row in tx.run(Q["all"])]


def to_phones(tx: Transaction, organisation_id: int) -> list[tuple[str, int]]:
    """By which link an organisation's devices text phones: the beginning of the number, the link; the first that fits counts."""
    return [(str(prefix), int(link_id)) for prefix, link_id in tx.run(Q["to_phones"], organisation_id=organisation_id)]


def insert(tx: Transaction, position: int, kind: str, value: str, link_ids: list[int], now_ms: int) -> int:
    """A new route, by the first of its links for now."""
    route_id = tx.ids("route")[0]
    written = msgspec.json.encode(link_ids).decode()
    tx.run(Q["insert"], id=route_id, position=position, kind=kind, value=value, link_ids=written, link_id=link_ids[0], now=now_ms)
    return route_id


def update(tx: Transaction, route: Route) -> None:
    """Have a route be as this one of its id."""
    texts = {"kind": route.kind, "value": route.value, "link_ids": route.link_ids}
    tx.run(Q["update"], id=route.id, position=route.position, link_id=route.link_id, **texts)


def place(tx: Transaction, route_id: int, position: int) -> None:
    """Have a route asked at another place."""
    tx.run(Q["place"], id=route_id, position=position)


def of_device(tx: Transaction, device_id: int) -> tuple[int, int | None] | None:
    """The link by which a device goes, 0 for none, and the route that says so, if one does; None where there is no such device."""
    row = tx.one(Q["of_device"], device_id=device_id)
    return (int(row[0]), row[1]) if row else None


def delete(tx: Transaction, route_id: int) -> bool:
    """False where there is none."""
    return tx.one(Q["delete"], id=route_id) is not None


def choose(tx: Transaction, route_id: int, link_id: int) -> None:
    """Have a route take this one of its links."""
    tx.run(Q["choose"], id=route_id, link_id=link_id)


def states(tx: Transaction) -> list[LinkState]:
    """How all links are."""
    return [LinkState(*row) for row in tx.run(Q["states"])]


def stranded(tx: Transaction) -> list[tuple[str, int]]:
    """How many devices with a SIM no link reaches, by number space."""
    return [(str(space), int(count)) for space, count in tx.run(Q["stranded"])]


def reassign(tx: Transaction, device_id: int | None = None) -> None:
    """Give the lane of a device, or those of all devices and phones, to the link that routes and reservations say; but for what may be on
    its way."""
    first, last = (0, LAST_ID) if device_id is None else (device_id, device_id)
    tx.run(Q["reassign"], first=first, last=last)
    if device_id is None:
        tx.run(Q["reassign_phones"])


def is_held_elsewhere(tx: Transaction, device_id: int) -> bool:
    """Whether the lane of a device could not leave a link of another number space than its SIM's."""
    return tx.one(Q["held_elsewhere"], device_id=device_id) is not None
