"""Why applications were refused over SMPP, added up. Who notes it, and how seldom: `service/smpp_refusal.py`."""

from collections.abc import Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("smpp_refusal")
KEPT_MOST = 40
"""Of one account, and of all who named none that there is: the latest."""


class SmppRefusal(msgspec.Struct, array_like=True, frozen=True):
    """Refusals that are alike: `count` of them since `first_at_ms`. `request`: bind, or the name of a PDU. `reason`: see
    `model/esme_refusal.py`. `address` is empty where nobody knows it. `detail`: the system_id that was named where there is no such
    account, OpenSSL's word for a handshake, or the number a submit was for."""

    system_id: str
    request: str
    reason: str
    address: str
    command_status: int
    detail: str
    count: int
    first_at_ms: int
    last_at_ms: int


def note(tx: Transaction, refusals: Sequence[SmppRefusal]) -> None:
    """Add refusals to those that are alike, and keep the latest of each account."""
    in_order: list[SmppRefusal] = sorted(refusals, key=_key)
    tx.apply(Q["note"], in_order)
    for system_id in sorted({each.system_id for each in refusals}):
        tx.run(Q["prune"], system_id=system_id, most=KEPT_MOST)


def _key(refusal: SmppRefusal) -> tuple[str, str, str, str]:
    return refusal.system_id, refusal.request, refusal.reason, refusal.address


def forget_old(tx: Transaction, before_ms: int) -> None:
    """Delete those that did not come again since a time."""
    tx.run(Q["forget_old"], before=before_ms)


def forget(tx: Transaction, system_id: str) -> None:
    """Delete those of an account."""
    tx.run(Q["forget"], system_id=system_id)


def forget_of_policy(tx: Transaction, policy_id: int) -> None:
    """Delete those of a policy's account, while it is still there."""
    tx.run(Q["forget_of_policy"], policy_id=policy_id)


def refusals(tx: Transaction, organisation_id: int, most: int) -> list[SmppRefusal]:
    """Of the accounts of an organisation, the latest first; 0: of all, and of who named none that there is."""
    return [SmppRefusal(*row) for row in tx.run(Q["refusals"], organisation_id=organisation_id, most=most)]


def refusals_of(tx: Transaction, system_id: str) -> list[SmppRefusal]:
    """Of one account, the latest first."""
    return [SmppRefusal(*row) for row in tx.run(Q["refusals_of"], system_id=system_id)]
