"""What a command_status means for a message and for the link (rules: Links, error classes): the table, and a link's own tables over it."""

from collections.abc import Mapping
from typing import Final

from heliograph.links.smpp.settings import SmppSettings, network_error_of, number_of
from heliograph.model.link import Delivery, ErrorClass, Refused
from heliograph.smpp import status, tlv
from heliograph.smpp.pdu import Pdu

THROTTLE = (status.RTHROTTLED, status.RMSGQFUL)
FAULT = (
    *(status.RINVCMDLEN, status.RINVCMDID, status.RINVBNDSTS, status.RALYBND),
    *(status.RBINDFAIL, status.RINVPASWD, status.RINVSYSID, status.RINVSYSTYP),
)
PERMANENT = (
    *(status.RINVMSGLEN, status.RINVPRTFLG, status.RINVREGDLVFLG, status.RINVSRCADR, status.RINVDSTADR, status.RINVSERTYP),
    *(status.RINVNUMDESTS, status.RINVDLNAME, status.RINVDESTFLAG, status.RINVSUBREP, status.RINVESMCLASS, status.RCNTSUBDL),
    *(status.RINVSRCTON, status.RINVSRCNPI, status.RINVDSTTON, status.RINVDSTNPI, status.RINVREPFLAG, status.RINVSCHED),
    *(status.RINVEXPIRY, status.RINVDFTMSGID, status.RX_P_APPN, status.RX_R_APPN, status.RINVOPTPARSTREAM),
    *(status.ROPTPARNOTALLWD, status.RINVPARLEN, status.RMISSINGOPTPARAM, status.RINVOPTPARAMVAL),
    *(status.RSERTYPUNAUTH, status.RPROHIBITED, status.RSERTYPDENIED, status.RINVDCS),
    *(status.RINVSRCADDRSUBUNIT, status.RINVDSTADDRSUBUNIT),
)
UNDELIVERED = (status.RSUBMITFAIL, status.RDELIVERYFAILURE)
"""No more than that it did not work: on a live link the device is away, on a stored one the link is tried a few times."""

TABLE: Final[Mapping[int, ErrorClass]] = (
    dict.fromkeys(THROTTLE, ErrorClass.THROTTLE)
    | dict.fromkeys(FAULT, ErrorClass.FAULT)
    | dict.fromkeys(PERMANENT, ErrorClass.PERMANENT)
    | dict.fromkeys(status.VENDOR_SPECIFIC, ErrorClass.PERMANENT)
)
"""What is not named is UNKNOWN: tried again after 30 s, 2 min, 10 min. A vendor's own codes are permanent until a link says otherwise."""

UNDELIVERED_TRIES: Final = 5


class Classes:
    """The tables of one link."""

    def __init__(self, settings: SmppSettings) -> None:
        self._own = {number_of(code): error_class for code, error_class in settings.errors.items()}
        self._network = {network_error_of(code): error_class for code, error_class in settings.network_errors.items()}
        self._is_live = settings.delivery is Delivery.LIVE

    def refused(self, response: Pdu) -> Refused:
        """What a response with an error status, or a generic_nack, says."""
        code = response.command_status
        meaning = status.meaning_of(code)
        reason = meaning.words
        network = tlv.NETWORK_ERROR_CODE.find(response.tlvs)
        if network is not None:
            reason += f", network error {network.words}"
        said = None if network is None else network.number
        error_class = self._network.get(said) if said is not None else None
        most = None
        if error_class is None:
            error_class = self._own.get(code)
        if error_class is None and code in UNDELIVERED:
            error_class = ErrorClass.DEVICE_ABSENT if self._is_live else ErrorClass.LINK
            most = None if self._is_live else UNDELIVERED_TRIES
        return Refused(error_class or TABLE.get(code, ErrorClass.UNKNOWN), f"{reason} ({meaning.name})", code, most, said)
