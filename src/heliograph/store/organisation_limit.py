"""The limits of an organisation."""

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("organisation_limit")


def limits(tx: Transaction, organisation_id: int) -> tuple[int | None, int | None] | None:
    """What it may receive and send in a month; None where there is no such organisation."""
    row = tx.one(Q["limits"], id=organisation_id)
    return None if row is None else (row[0], row[1])


def set_limits(tx: Transaction, organisation_id: int, mt_limit: int | None, mo_limit: int | None) -> None:
    """Change them."""
    tx.run(Q["set_limits"], id=organisation_id, mt_limit=mt_limit, mo_limit=mo_limit)
