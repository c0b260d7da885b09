"""Octets of PDUs and back: `decode`, `encode`.

Theory of operation. The annotations of a struct of pdu.py are the table of its fields. When this module is loaded, each struct's table is
written out once as a reader and a writer of its own, as `dataclasses` does with an `__init__`: a run of integers becomes one call of a
compiled `struct`, a C-octet string one `find`. The usual case stands in the reader itself; everything odd goes through field.py, which
says what is wrong. So a table is read in one place, and nobody pays for it per PDU (docs/decisions/0029: a loop over the table takes
half again as long). Nothing of the source so made comes from outside this package.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from heliograph.smpp import field, tlv
from heliograph.smpp.command import BROADCAST, HEADER, HEADER_OCTETS, RESPONSE_BIT, name_of
from heliograph.smpp.errors import PduError, ValueNotAllowedError, unknown_command
from heliograph.smpp.field import STRICT, CString, FlawError, Integer, Kind, List, Octets, Reading
from heliograph.smpp.pdu import PDUS, BindReceiverResp, BindTransceiverResp, BindTransmitterResp, Pdu, SubmitSmResp
from heliograph.smpp.status import RINVCMDLEN, RINVMSGLEN, RPROHIBITED
from heliograph.smpp.value import VERSION_34

_read_header = HEADER.unpack_from
_SHORT_BODY = (IndexError, struct.error)


def decode(octets: bytes, reading: Reading = STRICT) -> Pdu:
    """The PDU that is exactly these octets. PduError, whose `answer` the peer is due, where they are none; no other error.

    A response may come without its body, and the body of a response with an error status is read only as far as it makes sense.
    """
    if len(octets) < HEADER_OCTETS:
        raise PduError(f"a PDU has {HEADER_OCTETS} octets at least, here are {len(octets)}", RINVCMDLEN)
    length, command_id, command_status, sequence_number = _read_header(octets)
    if length != len(octets):
        raise PduError(f"command_length says {length}, here are {len(octets)} octets", RINVCMDLEN, command_id, sequence_number)
    reader = _READERS.get(command_id)
    if reader is None:
        raise _not_served(command_id, sequence_number)
    if length == HEADER_OCTETS and command_id >= RESPONSE_BIT:
        return PDUS[command_id](sequence_number, command_status)
    try:
        return reader(octets, sequence_number, command_status, reading)
    except FlawError as error:
        flaw = error
    except _SHORT_BODY:
        flaw = FlawError("its fields run over the end of the PDU", RINVCMDLEN)
    if command_status and command_id >= RESPONSE_BIT:
        return PDUS[command_id](sequence_number, command_status)
    raise PduError(f"{name_of(command_id)}: {flaw}", flaw.command_status, command_id, sequence_number) from None


def encode(pdu: Pdu, sequence_number: int | None = None, version: int = VERSION_34) -> bytes:
    """The octets of a PDU for a peer of this version, with this sequence number if one is given. ValueNotAllowedError names what is wrong.

    3.4 alone leaves out the body of a bind's and a submit_sm's response with an error status (SMPP 3.4 4.1.2, 4.1.4, 4.1.6, 4.4.2); in 3.3
    and 5.0 there is its NUL. Who reads must take both.
    """
    try:
        octets = _WRITERS[pdu.command_id](pdu, pdu.sequence_number if sequence_number is None else sequence_number)
    except (ValueError, TypeError, AttributeError, OverflowError, struct.error):
        raise _refusal(pdu, sequence_number) from None
    if pdu.command_status and version == VERSION_34 and octets[HEADER_OCTETS:] == b"\0" and pdu.command_id in _WITHOUT_BODY:
        return HEADER.pack(HEADER_OCTETS, *_read_header(octets)[1:])
    return octets


_WITHOUT_BODY = frozenset(kind.command_id for kind in (BindTransmitterResp, BindReceiverResp, BindTransceiverResp, SubmitSmResp))


def fields_of(kind: type[Pdu]) -> dict[str, Kind]:
    """Its mandatory fields in the order of the wire, header and TLVs left out."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in kind.__struct_fields__ if hasattr(hints[name], "__metadata__")}


def _not_served(command_id: int, sequence_number: int) -> PduError:
    if command_id in BROADCAST:
        return PduError(f"{name_of(command_id)}: broadcast is not served here", RPROHIBITED, command_id, sequence_number)
    return unknown_command(command_id, sequence_number)


def _refusal(pdu: Pdu, sequence_number: int | None) -> ValueNotAllowedError:
    whole = Integer(4)
    number = pdu.sequence_number if sequence_number is None else sequence_number
    header = {"sequence_number": (whole, number), "command_status": (whole, pdu.command_status)}
    body = {name: (kind, getattr(pdu, name)) for name, kind in fields_of(type(pdu)).items()}
    for name, (kind, value) in (header | body).items():
        if flaw := kind.flaw(value):
            return ValueNotAllowedError(f"{pdu.name}: {name} {flaw}")
    return ValueNotAllowedError(f"{pdu.name}: a tag is a number from 0 to 65535, and a TLV has 65535 octets at most")


def _runs(fields: dict[str, Kind]) -> Iterator[tuple[list[str], str, str]]:
    """The table as runs: names of integers that stand together, their format, and the one field behind them that is no integer, or ""."""
    names: list[str] = []
    letters = ""
    for name, kind in fields.items():
        match kind:
            case Integer():
                names.append(name)
                letters += "B" if kind.octets == 1 else "I"
                continue
            case Octets():
                names.append("length")
                letters += "B"
            case _:
                pass
        yield names, letters, name
        names, letters = [], ""
    yield names, letters, ""


def _over_the_end() -> FlawError:
    return FlawError("short_message runs over the end of the PDU", RINVMSGLEN)


def _reader(pdu: type[Pdu]) -> Callable[[bytes, int, int, Reading], Pdu]:
    """decode(octets, sequence_number, command_status, reading) of one PDU; FlawError, IndexError or struct.error where it is none."""
    fields = fields_of(pdu)
    known: dict[str, Any] = {"make": pdu, "read_tlvs": tlv.read, "read_c_string": field.read_c_string, "read_list": field.read_list}
    known["over_the_end"] = _over_the_end
    lines = [f"at = {HEADER_OCTETS}", "end = len(octets)", "find = octets.find"]
    for number, (names, letters, last) in enumerate(_runs(fields)):
        if names:
            known[f"unpack{number}"] = struct.Struct(">" + letters).unpack_from
            lines.append(f"{', '.join(names)}, = unpack{number}(octets, at)")
            lines.append(f"at += {struct.calcsize('>' + letters)}")
        known[f"kind_{last}"] = kind = fields.get(last)
        match kind:
            case CString():
                lines += [
                    "stop = find(0, at)",
                    "if stop == at:",
                    f"    {last} = ''",
                    "    at += 1",
                    f"elif at < stop < at + {kind.maximum}:",
                    f"    {last} = octets[at:stop].decode('latin-1')",
                    "    at = stop + 1",
                    "else:",
                    f"    {last}, at = read_c_string(octets, at, kind_{last}, {last!r}, reading)",
                ]
            case Octets():
                lines += ["stop = at + length", "if stop > end:", "    raise over_the_end()", f"{last} = octets[at:stop]", "at = stop"]
            case List():
                lines.append(f"{last}, at = read_list(octets, at, kind_{last}, {last!r}, reading)")
            case _:
                pass
    lines.append("tlvs = () if at == end else read_tlvs(octets, at, reading)")
    lines.append(f"return make({', '.join(['sequence_number', 'command_status', 'tlvs', *fields])})")
    made: Callable[[bytes, int, int, Reading], Pdu] = _made("octets, sequence_number, command_status, reading", lines, known)
    return made


def _writer(pdu: type[Pdu]) -> Callable[[Pdu, int], bytes]:
    """encode(pdu, sequence_number) of one PDU; ValueError, TypeError, AttributeError or struct.error where a field cannot be written."""
    fields = fields_of(pdu)
    known: dict[str, Any] = {"write_tlvs": tlv.write, "pack_header": HEADER.pack, "write_list": field.write_list}
    lines: list[str] = []
    pieces: list[str] = []
    terminator = ""  # the NUL of the string before is packed with the integers behind it
    for number, (names, letters, last) in enumerate(_runs(fields)):
        if names:
            known[f"pack{number}"] = struct.Struct(">" + terminator + letters).pack
            pieces.append(f"pack{number}({', '.join(f'len(pdu.{last})' if name == 'length' else f'pdu.{name}' for name in names)})")
        elif terminator:
            pieces.append(r"b'\0'")
        terminator = ""
        known[f"kind_{last}"] = kind = fields.get(last)
        match kind:
            case CString():
                lines.append(f"{last} = pdu.{last}.encode('latin-1')")
                lines += [f"if len({last}) >= {kind.maximum} or 0 in {last}:", "    raise ValueError"]
                pieces.append(last)
                terminator = "x"
            case Octets():
                pieces.append(f"pdu.{last}")
            case List():
                pieces.append(f"write_list(pdu.{last}, kind_{last})")
            case _:
                pass
    lines.append(f"body = b''.join(({', '.join(pieces)},))" if pieces else "body = b''")
    lines += ["if pdu.tlvs:", "    body += write_tlvs(pdu.tlvs)"]
    lines.append(f"return pack_header({HEADER_OCTETS} + len(body), {pdu.command_id:d}, pdu.command_status, sequence_number) + body")
    made: Callable[[Pdu, int], bytes] = _made("pdu, sequence_number", lines, known)
    return made


def _made(parameters: str, lines: list[str], known: dict[str, Any]) -> Any:
    source = f"def made({parameters}):\n    " + "\n    ".join(lines)
    exec(compile(source, "<table of fields>", "exec"), known)  # noqa: S102  the source is made of this package's own tables
    return known["made"]


_READERS = {command_id: _reader(pdu) for command_id, pdu in PDUS.items()}
_WRITERS = {command_id: _writer(pdu) for command_id, pdu in PDUS.items()}
