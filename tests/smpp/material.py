"""What the tests of this package share: golden vectors, and every PDU for Hypothesis, made from the table of fields."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from heliograph.smpp import tlv
from heliograph.smpp.codec import fields_of
from heliograph.smpp.field import (
    CString,
    Destination,
    DistributionList,
    Integer,
    Kind,
    List,
    Octets,
    SmeAddress,
    UnsuccessItem,
    UnsuccessSme,
)
from heliograph.smpp.pdu import PDUS, Pdu

VECTORS = Path(__file__).parent.parent / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


octet = st.integers(0, 0xFF)
characters = st.characters(min_codepoint=1, max_codepoint=0xFF)
addresses = st.text(characters, max_size=20)
destinations = st.builds(SmeAddress, addresses, octet, octet) | st.builds(DistributionList, addresses)
unsuccess = st.builds(UnsuccessSme, addresses, st.integers(0, 0xFFFFFFFF), octet, octet)


def values(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Integer():
            return st.integers(0, (1 << 8 * kind.octets) - 1)
        case CString():
            return st.text(characters, max_size=kind.maximum - 1)
        case Octets():
            return st.binary(max_size=255)
        case List(item=Destination()):
            return st.lists(destinations, max_size=5).map(tuple)
        case List(item=UnsuccessItem()):
            return st.lists(unsuccess, max_size=5).map(tuple)
        case List(item=CString() as item):
            return st.lists(st.text(characters, max_size=item.maximum - 1), max_size=5).map(tuple)


def known_tlv(kind: Any) -> st.SearchStrategy[tlv.Tlv]:
    return st.binary(min_size=kind.shortest, max_size=min(kind.longest, 80)).map(lambda octets: tlv.Tlv(kind.tag, octets))


unknown_tlvs = st.builds(tlv.Tlv, st.integers(0x1400, 0x3FFF), st.binary(max_size=20))
tlvs = st.lists(st.sampled_from(list(tlv.KINDS.values())).flatmap(known_tlv) | unknown_tlvs, max_size=4).map(tuple)
numbers = st.integers(0, 0xFFFFFFFF)


def pdus_of(kind: type[Pdu], command_status: st.SearchStrategy[int] = numbers) -> st.SearchStrategy[Pdu]:
    fields = {name: values(field) for name, field in fields_of(kind).items()}
    return st.builds(kind, sequence_number=numbers, command_status=command_status, tlvs=tlvs, **fields)


pdus = st.sampled_from(list(PDUS.values())).flatmap(pdus_of)
