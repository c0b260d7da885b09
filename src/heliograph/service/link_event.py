"""What happens to links, for the operator's feed: that of organisation 0, since links belong to the installation."""

import msgspec

from heliograph.model.ids import OrganisationId
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction

OPERATOR = OrganisationId(0)

_encode = msgspec.json.Encoder().encode


def tell(tx: Transaction, state: str, link_id: int, name: str, reason: str | None, now_ms: int) -> None:
    """Emit that a link is up, down or at fault, and why."""
    detail = _encode({"link": {"id": link_id, "name": name}, "reason": reason}).decode()
    tx.emit(Emitted(OPERATOR, f"link.{state}", now_ms, detail=detail))
