"""What applications that bind are told of their messages and devices, as notifications to their accounts. The words of SMPP are smppd's."""

from collections.abc import Iterable, Sequence

import msgspec

from heliograph.model import esme_body
from heliograph.model.account import Door
from heliograph.model.esme import system_id_of
from heliograph.model.esme_body import Alert, Kind, Receipt, Received
from heliograph.model.message import State, Verdict, read_terms
from heliograph.service.arrived import Arrived
from heliograph.service.report import Report
from heliograph.store import smpp_account as store
from heliograph.store.database import Database
from heliograph.store.message import Locked, NewMessage, Party
from heliograph.store.transaction import Transaction

METHOD = "deliver_sm"
ALERTS_KEPT_MS = 3_600_000
ALERTS_AT_ONCE = 500
_encode = msgspec.json.Encoder().encode


def of_end(message: Locked, state: State, verdict: Verdict, now_ms: int) -> Report | None:
    """The receipt of a message that ended, to the application that sent it over SMPP and asked for one."""
    return _receipt(message, state, now_ms, verdict)


def of_waiting(message: Locked, now_ms: int) -> Report | None:
    """The intermediate notification of a message that waits now, where it was asked for."""
    return _receipt(message, State.BUFFERED, now_ms, None)


def of_inbound(account: str, arrived: Arrived, sender: Party, new: NewMessage) -> Report:
    """What a device sent, to an account."""
    is_single = bool(arrived.user_data) or not arrived.payload
    body = Received(
        source=arrived.source,
        dest=arrived.destination or "",
        dcs=arrived.dcs,
        pid=arrived.pid,
        payload="" if is_single else arrived.payload,
        udh=arrived.udh,
        user_data=arrived.user_data if is_single else None,
        from_imsi=sender.msisdn is None and arrived.source == sender.imsi,
    )
    return _report(account, sender.organisation_id, new.id, Kind.RECEIVED, body)


def of_alert(account: str, organisation_id: int, source: str, now_ms: int) -> Report:
    """A device is back for which something waited."""
    return _report(account, organisation_id, 0, Kind.ALERT, Alert(source, now_ms))


def account_of(tx: Transaction, policy_id: int, organisation_id: int) -> str:
    """Which account hears from the devices of a policy: its own, else the organisation's, whether there is one yet or not."""
    own = system_id_of(organisation_id, policy_id)
    return own if store.account(tx, organisation_id, own) is not None else system_id_of(organisation_id, None)


def alerts(tx: Transaction, device_ids: Iterable[int], now_ms: int) -> Sequence[Report]:
    """What is to be told of devices that are back, where an account asks for it and something was tried in vain. To be asked before their
    ladders begin anew."""
    found = store.alerted(tx, device_ids)
    return [of_alert(each.system_id, each.organisation_id, each.number, now_ms) for each in found]


async def forget_old_alerts(database: Database, now_ms: int) -> None:
    """Delete alerts that are over for an hour. A reader looks first, since mostly there are none."""
    while ids := await database.read(store.old_alerts, now_ms - ALERTS_KEPT_MS, ALERTS_AT_ONCE):
        await database.write(store.delete_alerts, ids)


def _receipt(message: Locked, state: State, now_ms: int, end: Verdict | None) -> Report | None:
    """A final receipt, or an intermediate notification where there is no end yet."""
    if message.door != Door.SMPP:
        return None
    asked = read_terms(message.terms).asked
    if asked is None:
        return None
    if not (esme_body.wants_intermediate(asked) if end is None else esme_body.wants_receipt(asked, state)):
        return None
    error, network_error = (None, None) if end is None else (end.error, end.network_error)
    body = Receipt(
        message.id, int(state), message.submitted_at_ms, now_ms, asked, message.reason_code, end is None, error, network_error
    )  # fmt: skip
    return _report(asked.account, message.organisation_id, message.id, Kind.RECEIPT, body)


def _report(account: str, organisation_id: int, message_id: int, kind: Kind, body: msgspec.Struct) -> Report:
    return Report(
        organisation_id=organisation_id, account=account, message_id=message_id, type=kind.value, method=METHOD, body=_encode(body).decode()
    )
