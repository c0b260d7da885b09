"""An application that binds to us by SMPP: its account, what limits it, and what it asked for with a message. Speaks no SMPP itself."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec

from heliograph.model.problem import Code, Problem

LONGEST_SYSTEM_ID = 15
PASSWORD_CHARACTERS = 8
"""SMPP leaves room for no more (3.4 4.1.1: 9 octets with the NUL)."""
_SYSTEM_ID = re.compile(r"(pol|org)_([1-9]\d{0,9})")
MOST_ADDRESSES = 100


class DefaultCoding(StrEnum):
    """What data_coding 0 means to an application."""

    GSM7 = "gsm7"
    GSM7_PACKED = "gsm7_packed"
    LATIN_1 = "latin-1"
    ASCII = "ascii"


class CodingOne(StrEnum):
    """What data_coding 1 means to an application: IA5, as the specification has it, or septets, which npm smpp writes and says 1."""

    ASCII = "ascii"
    GSM7 = "gsm7"


class LongMessages(StrEnum):
    """How an application gets a message that is longer than one segment."""

    UDH = "udh"
    SAR = "sar"
    PAYLOAD = "payload"


class EsmeSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account may do and how it wants to be spoken to. `allowed_addresses`: networks it may bind from; none: any.

    `max_binds`: sessions at a time, in the whole installation. `window`: requests that may wait for our answers, a session. `rate`:
    messages a second, a process of ours; None: any. `deliver_window`: our requests that may wait for the application's answers, a session.
    `alerts`: an alert_notification whenever a device is heard of again for which something waited."""

    allowed_addresses: tuple[str, ...] = ()
    max_binds: int = 10
    window: int = 100
    rate: int | None = None
    deliver_window: int = 10
    default_coding: DefaultCoding = DefaultCoding.GSM7
    coding_1: CodingOne = CodingOne.ASCII
    long_messages: LongMessages = LongMessages.UDH
    alerts: bool = False


NAMES = EsmeSettings.__struct_fields__
_RANGES = {"max_binds": (1, 1000), "window": (1, 10_000), "rate": (1, 1_000_000), "deliver_window": (1, 1000)}
_CHOICES: dict[str, type[StrEnum]] = {"default_coding": DefaultCoding, "coding_1": CodingOne, "long_messages": LongMessages}


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """What an application asked for with a message, kept with the message: its receipt goes back by the same account, with the addresses
    as they were written. `message_id`: the id it was told, where that is not the message's own (submit_multi). `service_type`: for
    cancel_sm without an id. `is_33`: it is told ids as SMPP 3.3 has them."""

    account: str
    registered_delivery: int = 0
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    dest: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    service_type: str = ""
    reference: int | None = None
    message_id: int | None = None
    is_33: bool = False


def system_id_of(organisation_id: int, policy_id: int | None) -> str:
    """`pol_12`, or `org_3` where it is no policy's."""
    return f"org_{organisation_id}" if policy_id is None else f"pol_{policy_id}"


def is_system_id(text: str) -> bool:
    """Whether an account may have this name."""
    return bool(_SYSTEM_ID.fullmatch(text))


def may_bind_from(settings: EsmeSettings, address: str) -> bool:
    """Whether the account may be used from an address."""
    if not settings.allowed_addresses:
        return True
    try:
        where = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(where, "ipv4_mapped", None)
    return any((mapped or where) in network for network in _networks(settings.allowed_addresses))


@lru_cache(maxsize=4096)
def read(settings: str) -> EsmeSettings:
    """Settings as they were kept."""
    return msgspec.json.decode(settings, type=EsmeSettings)


def changed(settings: EsmeSettings, changes: Mapping[str, object]) -> EsmeSettings:
    """`settings` with `changes` (name to value; None: back to the default). Raises Problem with a part for each that is not taken."""
    problems: list[Problem] = []
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        try:
            checked[name] = _checked(name, value)
        except Problem as problem:
            problems.append(problem)
    if problems:
        raise Problem(Code.INVALID, "SMPP account validation error", parts=tuple(problems))
    return msgspec.structs.replace(settings, **checked)


def written(settings: EsmeSettings) -> str:
    """Settings as they are kept."""
    return msgspec.json.encode(settings).decode()


def _checked(name: str, value: object) -> object:
    if name not in NAMES:
        raise Problem(Code.INVALID, f"'{name}' is no setting of an SMPP account: there are {', '.join(NAMES)}", field=name)
    if value is None:
        return getattr(_DEFAULTS, name)
    if name == "allowed_addresses":
        return _addresses(value, name)
    if name == "alerts":
        if not isinstance(value, bool):
            raise _bad(name, value, "give true or false")
        return value
    if name in _CHOICES:
        known = [each.value for each in _CHOICES[name]]
        if value not in known:
            raise _bad(name, value, f"give one of {', '.join(known)}, or null for {known[0]}")
        return _CHOICES[name](value)
    least, most = _RANGES[name]
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise _bad(name, value, f"give a whole number from {least} to {most}, or null")
    return number


def _addresses(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _bad(name, value, "give a list of addresses or networks, such as 203.0.113.0/24")
    if len(value) > MOST_ADDRESSES:
        raise Problem(Code.INVALID, f"{name} has {len(value)} entries, at most {MOST_ADDRESSES} are taken: use networks", field=name)
    try:
        return tuple(dict.fromkeys(str(ip_network(each.strip(), strict=False)) for each in value))
    except ValueError as error:
        raise Problem(Code.INVALID, f"{name}: {error}: give addresses or networks, such as 203.0.113.0/24", field=name) from None


def _bad(name: str, value: object, what: str) -> Problem:
    return Problem(Code.INVALID, f"{name} {msgspec.json.encode(value).decode()} is not taken: {what}", field=name)


@lru_cache(maxsize=1000)
def _networks(listed: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each) for each in listed)


_DEFAULTS = EsmeSettings()
