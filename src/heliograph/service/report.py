"""What an application is to be told: a row of the transaction that has something to tell, claimed by it where there is room."""

from collections.abc import Sequence

import msgspec

from heliograph.model.ids import NodeId
from heliograph.service.notify import Notifier
from heliograph.store import notification as store
from heliograph.store.notification import Claimed, NewNotification
from heliograph.store.transaction import Transaction


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`callback_id`: the webhook, or `account`: the SMPP account. `secret_id` and `secret`: that of the policy, if it names one.
    `message_id` 0: it is about none; `number`: of the event it tells, where it tells one of the feed. `body`: JSON text."""

    organisation_id: int
    callback_id: int = 0
    secret_id: int | None = None
    secret: str | None = None
    account: str | None = None
    message_id: int
    device_id: int | None = None
    number: int | None = None
    type: str
    method: str
    body: str


def write(tx: Transaction, notifier: Notifier, node_id: NodeId, reports: Sequence[Report], now_ms: int) -> None:
    """Claim for this process what it has room to deliver at once; the rest is due for any."""
    if not reports:
        return
    rooms = notifier.rooms()
    takes = [rooms.take(report.account or report.callback_id) for report in reports]
    ids = tx.ids("notification", len(reports))
    rows = [
        NewNotification(
            id=new_id,
            organisation_id=report.organisation_id,
            callback_id=report.callback_id,
            secret_id=report.secret_id,
            account=report.account,
            message_id=report.message_id,
            device_id=report.device_id,
            number=report.number,
            type=report.type,
            method=report.method,
            body=report.body,
            created_at_ms=now_ms,
            claimed_by=node_id if is_taken else None,
            due_at_ms=None if is_taken else now_ms,
        )
        for report, new_id, is_taken in zip(reports, ids, takes, strict=True)
    ]
    store.insert(tx, rows)
    for callback_id in {report.callback_id for report in reports if report.account is None}:
        notifier.webhooks.known(tx, callback_id)
    claimed = [_claimed(report, new_id, now_ms) for report, new_id, is_taken in zip(reports, ids, takes, strict=True) if is_taken]
    tx.after_commit(notifier.take, claimed, rooms.full)


def _claimed(report: Report, new_id: int, now_ms: int) -> Claimed:
    return Claimed(
        id=new_id,
        organisation_id=report.organisation_id,
        callback_id=report.callback_id,
        account=report.account,
        message_id=report.message_id,
        tries=0,
        type=report.type,
        method=report.method,
        secret=report.secret,
        body=report.body,
        created_at_ms=now_ms,
    )
