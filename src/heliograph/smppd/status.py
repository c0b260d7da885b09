"""What a peer is told where a service refuses: one table, each Problem's command_status. docs/smpp.md shows it to those who bind."""

from typing import Final

from heliograph.model.problem import Code, Problem
from heliograph.smpp import status
from heliograph.smpp.command import Command
from heliograph.smpp.value import VERSION_50

OWN: Final = -1
"""The failure of the request itself: RSUBMITFAIL, RQUERYFAIL, RCANCELFAIL, RREPLACEFAIL, RBINDFAIL."""

TABLE: Final[dict[Code, int]] = {
    Code.BAD_REQUEST: OWN,
    Code.TOO_LARGE: status.RINVMSGLEN,
    Code.INVALID: OWN,
    Code.REQUIRED: OWN,
    Code.INVALID_FORMAT: OWN,
    Code.INVALID_QUERY: OWN,
    Code.INVALID_SORT: OWN,
    Code.INVALID_REFERENCE: status.RINVDSTADR,
    Code.NOT_FOUND: status.RINVMSGID,
    Code.DUPLICATED: OWN,
    Code.IN_USE: OWN,
    Code.NOT_ALLOWED: OWN,
    Code.KEY_REUSED: OWN,
    Code.FORBIDDEN: OWN,
    Code.INVALID_CREDENTIALS: status.RBINDFAIL,
    Code.INVALID_TOKEN: status.RBINDFAIL,
    Code.TOKEN_EXPIRED: status.RBINDFAIL,
    Code.LOCKED_OUT: status.RBINDFAIL,
    Code.TOO_MANY_REQUESTS: status.RTHROTTLED,
    Code.UNAVAILABLE: status.RSYSERR,
    Code.DEVICE_DISABLED: status.RINVDSTADR,
    Code.SIM_NOT_ACTIVE: status.RINVDSTADR,
    Code.NO_SIM: status.RINVDSTADR,
    Code.NO_ROUTE: status.RINVDSTADR,
    Code.NOT_A_DEVICE: status.RINVDSTADR,
    Code.NO_RELAY: status.RINVDSTADR,
    Code.LOOP: OWN,
    Code.MT_OFF: OWN,
    Code.MO_OFF: OWN,
    Code.A2P_OFF: OWN,
    Code.P2P_INTERNAL_OFF: OWN,
    Code.P2P_EXTERNAL_OFF: OWN,
    Code.SENDER_NOT_ALLOWED: status.RINVSRCADR,
    Code.P2P_RATE: OWN,
    Code.MT_LIMIT: OWN,
    Code.MO_LIMIT: OWN,
    Code.ORGANISATION_LIMIT: OWN,
    Code.QUOTA: OWN,
    Code.QUOTA_NOT_SET: OWN,
    Code.RECEIVER_REFUSES: OWN,
    Code.NOT_SUPPORTED: OWN,
    Code.ALREADY_FINAL: OWN,
    Code.ON_ITS_WAY: OWN,
    Code.HANDED_OVER: OWN,
}

FIELDS: Final[dict[str, int]] = {
    "source_address": status.RINVSRCADR,
    "default_source": status.RINVSRCADR,
    "dest_address": status.RINVDSTADR,
    "payload": status.RINVMSGLEN,
    "udh": status.RINVESMCLASS,
    "expiry_date": status.RINVEXPIRY,
    "scheduled_at": status.RINVSCHED,
}
"""Of an input that is not taken, by the field at fault: this counts before the table."""
FIELDS_OF_50: Final[dict[str, int]] = {"dcs": status.RINVDCS}
"""The same, where the peer speaks SMPP 5.0."""

FAILURES: Final[dict[int, int]] = {
    int(Command.SUBMIT_SM): status.RSUBMITFAIL,
    int(Command.DATA_SM): status.RSUBMITFAIL,
    int(Command.SUBMIT_MULTI): status.RSUBMITFAIL,
    int(Command.QUERY_SM): status.RQUERYFAIL,
    int(Command.CANCEL_SM): status.RCANCELFAIL,
    int(Command.REPLACE_SM): status.RREPLACEFAIL,
    int(Command.BIND_TRANSMITTER): status.RBINDFAIL,
    int(Command.BIND_RECEIVER): status.RBINDFAIL,
    int(Command.BIND_TRANSCEIVER): status.RBINDFAIL,
}
"""What `OWN` is for each request. A bind above max_binds is not told RALYBND: Kannel takes that for success, and tells its users that what
it then submits is rejected (tests/peers/test_kannel.py)."""


def status_of(problem: Problem, command_id: int, version: int) -> int:
    """The command_status for a peer of that version whose request was refused."""
    if problem.field is not None:
        field = FIELDS.get(problem.field) or (FIELDS_OF_50.get(problem.field) if version >= VERSION_50 else None)
        if field is not None:
            return field
    found = TABLE[problem.code]
    return FAILURES.get(command_id, status.RSYSERR) if found == OWN else found
