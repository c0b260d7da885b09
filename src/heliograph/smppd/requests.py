"""query_sm, cancel_sm and replace_sm: what an application asks about a message it sent. SMPP 3.4 4.8 to 4.10."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

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
    """What became of a message. Of those of a submit_multi one that is not over speaks for all, then one that was not delivered."""
    found = min(await _find(esme, pdu.message_id, pdu.source_addr), key=_rank)
    state = STATES[State(found.state)]
    if found.scheduled_at_ms is not None and esme.version >= VERSION_50:
        state = MessageState.SCHEDULED
    final_date = time.absolute(found.final_at_ms) if found.final_at_ms is not None else ""
    error_code = ERRORS.get(found.reason_code or "", 0) if state is MessageState.UNDELIVERABLE else 0
    return QuerySmResp(pdu.sequence_number, 0, (), pdu.message_id, final_date, state, error_code)


def _rank(found: Sent) -> tuple[bool, bool]:
    state = State(found.state)
    return state.is_final, state is State.DELIVERED


async def cancel(esme: "Esme", pdu: CancelSm) -> Pdu:
    """Take a message back, or those of a submit_multi; or, without an id, all that wait between two addresses."""
    account = esme.account
    assert account is not None
    core = esme.house.core
    if pdu.message_id:
        found = await _find(esme, pdu.message_id, pdu.source_addr)
    else:
        number, _ = number_of(pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr)
        found = await asked.waiting(core, account.actor, account.system_id, pdu.source_addr, number, pdu.service_type)
    if not found:
        raise Problem(Code.ALREADY_FINAL, "nothing waits between these addresses")
    await _one_at_least([cancel_one(core, account.actor, DeviceId(each.device_id or 0), MessageId(each.id)) for each in found])
    return response_to(pdu)


async def replace(esme: "Esme", pdu: ReplaceSm) -> Pdu:
    """Give a message that waits, or those of a submit_multi, another text, validity, time and receipt."""
    account = esme.account
    assert account is not None
    core = esme.house.core
    found = await _find(esme, pdu.message_id, pdu.source_addr)
    draft = replacing(pdu, account.coder, core.clock.now_ms())
    await _one_at_least([replace_one(core, account.actor, each, draft, pdu.registered_delivery) for each in found])
    return response_to(pdu)


async def _one_at_least(doing: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do the same to each. Raises the Problem of the last where it came to nothing with all of them."""
    results = await asyncio.gather(*doing, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Problem):
            raise result
    if all(isinstance(result, Problem) for result in results) and isinstance(last := results[-1], Problem):
        raise last


async def _find(esme: "Esme", message_id: str, source: str) -> list[Sent]:
    account = esme.account
    assert account is not None
    base = 16 if esme.version <= VERSION_33 else 10
    digits = "0123456789abcdefABCDEF" if base == 16 else "0123456789"
    if not message_id or message_id.strip(digits) or len(message_id) > MOST_DIGITS:
        raise Refused(status.RINVMSGID, f"'{message_id}' is no id of a message: give the one that the submit was answered with")
    return await asked.find(esme.house.core, account.actor, account.system_id, int(message_id, base), source)
