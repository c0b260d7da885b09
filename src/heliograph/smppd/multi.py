"""submit_multi: one text to many, and an answer that names those it did not reach. SMPP 3.4 4.5."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from heliograph.model.problem import Problem
from heliograph.service.submit_to import Accepted
from heliograph.smpp import status
from heliograph.smpp.field import DistributionList, UnsuccessSme
from heliograph.smpp.pdu import SubmitMulti, SubmitMultiResp
from heliograph.smpp.tlv import Tlv
from heliograph.smppd.drafts import Refused


class Destination(NamedTuple):
    """An address as it was written."""

    ton: int
    npi: int
    address: str


def destinations_of(pdu: SubmitMulti) -> list[Destination]:
    """The addresses, each once. Raises Refused for none, and for distribution lists, of which there are none here."""
    found: dict[Destination, None] = {}
    for each in pdu.dest_address:
        if isinstance(each, DistributionList):
            raise Refused(status.RINVDLNAME, "there are no distribution lists here: name the addresses")
        found[Destination(each.dest_addr_ton, each.dest_addr_npi, each.destination_addr)] = None
    if not found:
        raise Refused(status.RINVNUMDESTS, "no destination is named")
    return list(found)


def multi_response(
    pdu: SubmitMulti, destinations: Sequence[Destination], answers: Sequence[Accepted], id_text: Callable[[int], str],
    status_of: Callable[[Problem], int], tlvs: tuple[Tlv, ...],
) -> SubmitMultiResp:  # fmt: skip
    """One id, by which all that were accepted are known, and a status for each that was not. Where none was, the first one's status is that
    of the response."""
    ids = [answer for answer in answers if isinstance(answer, int)]
    failed = []
    for destination, answer in zip(destinations, answers, strict=True):
        if isinstance(answer, Problem):
            failed.append(UnsuccessSme(destination.address, status_of(answer), destination.ton, destination.npi))
        elif isinstance(answer, Exception):
            raise answer
    return SubmitMultiResp(
        pdu.sequence_number, 0 if ids else failed[0].error_status_code, tlvs, id_text(ids[0]) if ids else "", tuple(failed)
    )
