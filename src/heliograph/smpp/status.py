"""command_status: number, name of the specification, and what it means in plain words.

What a status makes of a message is decided elsewhere. SMPP 3.4 5.1.3, SMPP 5.0 4.7.6; 0x02 and its neighbours are 3.3's too. Some vendors
list 0x4A, 0x4B, 0x4D and 0x4E for TON, NPI and system_type of a destination; the specification has 0x50, 0x51 and 0x53.
"""

from typing import NamedTuple

ROK = 0x00
RINVMSGLEN = 0x01
RINVCMDLEN = 0x02
RINVCMDID = 0x03
RINVBNDSTS = 0x04
RALYBND = 0x05
RINVPRTFLG = 0x06
RINVREGDLVFLG = 0x07
RSYSERR = 0x08
RINVSRCADR = 0x0A
RINVDSTADR = 0x0B
RINVMSGID = 0x0C
RBINDFAIL = 0x0D
RINVPASWD = 0x0E
RINVSYSID = 0x0F
RCANCELFAIL = 0x11
RREPLACEFAIL = 0x13
RMSGQFUL = 0x14
RINVSERTYP = 0x15
RINVNUMDESTS = 0x33
RINVDLNAME = 0x34
RINVDESTFLAG = 0x40
RINVSUBREP = 0x42
RINVESMCLASS = 0x43
RCNTSUBDL = 0x44
RSUBMITFAIL = 0x45
RINVSRCTON = 0x48
RINVSRCNPI = 0x49
RINVDSTTON = 0x50
RINVDSTNPI = 0x51
RINVSYSTYP = 0x53
RINVREPFLAG = 0x54
RINVNUMMSGS = 0x55
RTHROTTLED = 0x58
RINVSCHED = 0x61
RINVEXPIRY = 0x62
RINVDFTMSGID = 0x63
RX_T_APPN = 0x64
RX_P_APPN = 0x65
RX_R_APPN = 0x66
RQUERYFAIL = 0x67
RINVOPTPARSTREAM = 0xC0
ROPTPARNOTALLWD = 0xC1
RINVPARLEN = 0xC2
RMISSINGOPTPARAM = 0xC3
RINVOPTPARAMVAL = 0xC4
RDELIVERYFAILURE = 0xFE
RUNKNOWNERR = 0xFF
RSERTYPUNAUTH = 0x100
RPROHIBITED = 0x101
RSERTYPUNAVAIL = 0x102
RSERTYPDENIED = 0x103
RINVDCS = 0x104
RINVSRCADDRSUBUNIT = 0x105
RINVDSTADDRSUBUNIT = 0x106

VENDOR_SPECIFIC = range(0x400, 0x500)


class Meaning(NamedTuple):
    """`name` as the specification has it, without ESME_; `words` for people; `since` the version that brought it, 3.4 standing for 3.3."""

    name: str
    words: str
    since: float = 3.4


MEANINGS: dict[int, Meaning] = {
    ROK: Meaning("ROK", "no error"),
    RINVMSGLEN: Meaning("RINVMSGLEN", "the message is too long or its length is wrong"),
    RINVCMDLEN: Meaning("RINVCMDLEN", "the PDU has a wrong length"),
    RINVCMDID: Meaning("RINVCMDID", "the command is not known"),
    RINVBNDSTS: Meaning("RINVBNDSTS", "the command is not allowed in this state of the session"),
    RALYBND: Meaning("RALYBND", "the session is bound already"),
    RINVPRTFLG: Meaning("RINVPRTFLG", "the priority is not allowed"),
    RINVREGDLVFLG: Meaning("RINVREGDLVFLG", "registered_delivery has a value that is not allowed"),
    RSYSERR: Meaning("RSYSERR", "the other side has an error of its own"),
    RINVSRCADR: Meaning("RINVSRCADR", "the source address is not accepted"),
    RINVDSTADR: Meaning("RINVDSTADR", "the destination address is not accepted"),
    RINVMSGID: Meaning("RINVMSGID", "no message has this id"),
    RBINDFAIL: Meaning("RBINDFAIL", "the bind is refused"),
    RINVPASWD: Meaning("RINVPASWD", "the password is wrong"),
    RINVSYSID: Meaning("RINVSYSID", "the system_id is not known"),
    RCANCELFAIL: Meaning("RCANCELFAIL", "the message cannot be cancelled"),
    RREPLACEFAIL: Meaning("RREPLACEFAIL", "the message cannot be replaced"),
    RMSGQFUL: Meaning("RMSGQFUL", "the queue for messages is full"),
    RINVSERTYP: Meaning("RINVSERTYP", "the service_type is not known"),
    RINVNUMDESTS: Meaning("RINVNUMDESTS", "the number of destinations is not allowed"),
    RINVDLNAME: Meaning("RINVDLNAME", "the distribution list is not known"),
    RINVDESTFLAG: Meaning("RINVDESTFLAG", "a destination is neither an address nor a distribution list"),
    RINVSUBREP: Meaning("RINVSUBREP", "submit with replace is not possible"),
    RINVESMCLASS: Meaning("RINVESMCLASS", "esm_class has a value that is not allowed"),
    RCNTSUBDL: Meaning("RCNTSUBDL", "nothing can be submitted to a distribution list"),
    RSUBMITFAIL: Meaning("RSUBMITFAIL", "the message was not accepted, without a reason"),
    RINVSRCTON: Meaning("RINVSRCTON", "the source's type of number is not accepted"),
    RINVSRCNPI: Meaning("RINVSRCNPI", "the source's numbering plan is not accepted"),
    RINVDSTTON: Meaning("RINVDSTTON", "the destination's type of number is not accepted"),
    RINVDSTNPI: Meaning("RINVDSTNPI", "the destination's numbering plan is not accepted"),
    RINVSYSTYP: Meaning("RINVSYSTYP", "the system_type is not accepted"),
    RINVREPFLAG: Meaning("RINVREPFLAG", "replace_if_present_flag has a value that is not allowed"),
    RINVNUMMSGS: Meaning("RINVNUMMSGS", "the number of messages is not allowed"),
    RTHROTTLED: Meaning("RTHROTTLED", "more messages than the other side allows: slow down"),
    RINVSCHED: Meaning("RINVSCHED", "the scheduled delivery time is not accepted"),
    RINVEXPIRY: Meaning("RINVEXPIRY", "the validity period is not accepted"),
    RINVDFTMSGID: Meaning("RINVDFTMSGID", "the predefined message does not exist"),
    RX_T_APPN: Meaning("RX_T_APPN", "the receiver cannot take it now: send it again"),
    RX_P_APPN: Meaning("RX_P_APPN", "the receiver will never take it: do not send it again"),
    RX_R_APPN: Meaning("RX_R_APPN", "the receiver rejects this message"),
    RQUERYFAIL: Meaning("RQUERYFAIL", "the state of the message cannot be told"),
    RINVOPTPARSTREAM: Meaning("RINVOPTPARSTREAM", "the optional parameters cannot be read"),
    ROPTPARNOTALLWD: Meaning("ROPTPARNOTALLWD", "an optional parameter is not allowed here"),
    RINVPARLEN: Meaning("RINVPARLEN", "an optional parameter has a wrong length"),
    RMISSINGOPTPARAM: Meaning("RMISSINGOPTPARAM", "an optional parameter is missing"),
    RINVOPTPARAMVAL: Meaning("RINVOPTPARAMVAL", "an optional parameter has a value that is not allowed"),
    RDELIVERYFAILURE: Meaning("RDELIVERYFAILURE", "the message could not be delivered"),
    RUNKNOWNERR: Meaning("RUNKNOWNERR", "an error without a reason"),
    RSERTYPUNAUTH: Meaning("RSERTYPUNAUTH", "this account may not use the service_type", 5.0),
    RPROHIBITED: Meaning("RPROHIBITED", "this account may not do that", 5.0),
    RSERTYPUNAVAIL: Meaning("RSERTYPUNAVAIL", "the service_type is out of order for now", 5.0),
    RSERTYPDENIED: Meaning("RSERTYPDENIED", "the service_type is denied", 5.0),
    RINVDCS: Meaning("RINVDCS", "the data_coding is not accepted", 5.0),
    RINVSRCADDRSUBUNIT: Meaning("RINVSRCADDRSUBUNIT", "the source's subunit is not accepted", 5.0),
    RINVDSTADDRSUBUNIT: Meaning("RINVDSTADDRSUBUNIT", "the destination's subunit is not accepted", 5.0),
    0x107: Meaning("RINVBCASTFREQINT", "the broadcast's frequency interval is not accepted", 5.0),
    0x108: Meaning("RINVBCASTALIAS_NAME", "the broadcast's alias name is not accepted", 5.0),
    0x109: Meaning("RINVBCASTAREAFMT", "the broadcast's area format is not accepted", 5.0),
    0x10A: Meaning("RINVNUMBCAST_AREAS", "the number of broadcast areas is not allowed", 5.0),
    0x10B: Meaning("RINVBCASTCNTTYPE", "the broadcast's content type is not accepted", 5.0),
    0x10C: Meaning("RINVBCASTMSGCLASS", "the broadcast's message class is not accepted", 5.0),
    0x10D: Meaning("RBCASTFAIL", "the broadcast failed", 5.0),
    0x10E: Meaning("RBCASTQUERYFAIL", "the broadcast's state cannot be told", 5.0),
    0x10F: Meaning("RBCASTCANCELFAIL", "the broadcast cannot be cancelled", 5.0),
    0x110: Meaning("RINVBCAST_REP", "the broadcast's number of repetitions is not accepted", 5.0),
    0x111: Meaning("RINVBCASTSRVGRP", "the broadcast's service group is not accepted", 5.0),
    0x112: Meaning("RINVBCASTCHANIND", "the broadcast's channel is not accepted", 5.0),
}


def meaning_of(command_status: int) -> Meaning:
    """The row of a status; for one of a vendor, or a reserved one, a row that says so."""
    if known := MEANINGS.get(command_status):
        return known
    if command_status in VENDOR_SPECIFIC:
        return Meaning(f"vendor 0x{command_status:X}", "an error of this vendor's own: see the vendor's list")
    return Meaning(f"reserved 0x{command_status:X}", "no version of SMPP defines this")


def allowed_for(command_status: int, interface_version: int) -> int:
    """The status as a peer of that version knows it: what only 5.0 has becomes RUNKNOWNERR before 0x50, and so for whatever is reserved."""
    if command_status in VENDOR_SPECIFIC:
        return command_status
    known = MEANINGS.get(command_status)
    if known is None or (known.since >= 5.0 and interface_version < 0x50):
        return RUNKNOWNERR
    return command_status
