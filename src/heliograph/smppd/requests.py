"""query_sm, cancel_sm and replace_sm: what an application asks about a message it sent. SMPP 3.4 4.8 to 4.10."""

from typing import TYPE_CHECKING, Final

from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service import asked
from heliograph.service.cancel import cancel as cancel_one
from heliograph.service.replace import replace as replace_one
from heliograph.smpp import status, time
from heliograph.smpp.pdu import CancelSm, Pdu, QuerySm, QuerySmResp, ReplaceSm, response_to
from heliograph.smpp.value import VERSION_33, VERSION_50, MessageState
from heliograph.smppd.deliveries import ERRORS
from heliograph.smppd.drafts import Refused, number_of, replacing
from heliograph.store.asked import Sent

if TYPE_CHECKING:
    from heliograph.smppd.esme import Esme

STATES: Final = {
    State.PENDING: MessageState.ENROUTE,
    State.IN_PROGRESS: MessageState.ENROUTE,
    State.BUFFERED: MessageState.ENROUTE,
    State.DELIVERED: MessageState.DELIVERED,
    State.FAILED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.CANCELED: MessageState.DELETED,
}
MOST_DIGITS: Final = 15


async def query(esme: "Esme", pdu: QuerySm) -> Pdu:
    """What became of a message."""
    found = await _find(esme, pdu.message_id, pdu.source_addr)
    state = STATES[State(found.state)]
    if found.scheduled_at_ms is not None and esme.version >= VERSION_50:
        state = MessageState.SCHEDULED
    final_date = time.absolute(found.final_at_ms) if found.final_at_ms is not None else ""
    error_code = ERRORS.get(found.reason_code or "", 0) if state is MessageState.UNDELIVERABLE else 0
    return QuerySmResp(pdu.sequence_number, 0, (), pdu.message_id, final_date, state, error_code)


async def cancel(esme: "Esme", pdu: CancelSm) -> Pdu:
    """Take a message back; or, without an id, all that wait between two addresses, of which one at least must be taken back."""
    account = esme.account
    assert account is not None
    core = esme.house.core
    if pdu.message_id:
        found = await _find(esme, pdu.message_id, pdu.source_addr)
        await cancel_one(core, account.actor, DeviceId(found.device_id or 0), MessageId(found.id))
        return response_to(pdu)
    number, _ = number_of(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
    problem = Problem(Code.ALREADY_FINAL, "nothing waits between these addresses")
    cancelled = 0
    for each in await asked.waiting(core, account.actor, account.system_id, pdu.source_addr, number, pdu.service_type):
        try:
            await cancel_one(core, account.actor, DeviceId(each.device_id or 0), MessageId(each.id))
            cancelled += 1
        except Problem as too_late:
            problem = too_late
    if not cancelled:
        raise problem
    return response_to(pdu)


async def replace(esme: "Esme", pdu: ReplaceSm) -> Pdu:
    """Give a message that waits another text, validity, time and receipt."""
    account = esme.account
    assert account is not None
    core = esme.house.core
    found = await _find(esme, pdu.message_id, pdu.source_addr)
    draft = replacing(pdu, account.coder, core.clock.now_ms())
    await replace_one(core, account.actor, found, draft, pdu.registered_delivery)
    return response_to(pdu)


async def _find(esme: "Esme", message_id: str, source: str) -> Sent:
    account = esme.account
    assert account is not None
    base = 16 if esme.version <= VERSION_33 else 10
    digits = "0123456789abcdefABCDEF" if base == 16 else "0123456789"
    if not message_id or message_id.strip(digits) or len(message_id) > MOST_DIGITS:
        raise Refused(status.RINVMSGID, f"'{message_id}' is no id of a message: give the one that the submit was answered with")
    return await asked.find(esme.house.core, account.actor, account.system_id, int(message_id, base), source)
