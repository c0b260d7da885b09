"""What an operator may set on an SMPP link, and what the queue is told of it. What a preset sets is in presets.py.

What each means is said in words.py. Times are in seconds. Codes are numbers, or text such as "0x0B".
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from heliograph.gsm.dcs import LinkStyle
from heliograph.links import form
from heliograph.links.smpp.presets import PRESETS
from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, ErrorClass, LinkProfile, LinkRole, OnUnknown, Receipts, number_space_faults
from heliograph.model.link_form import Faults
from heliograph.smpp.long_message import Style
from heliograph.smpp.text import DefaultAlphabet
from heliograph.smpp.tlv import GSM_NETWORK, NetworkError
from heliograph.smpp.value import VERSION_33, VERSION_34, VERSION_50

USUAL = "generic-3.4"
HEADS = 1000
"""Messages that the queue holds ready at least: a commit may take as long as many answers. With 200 under a full disk 790 messages/s went
through a window of 100."""

Octet = Annotated[int, Meta(ge=0, le=255)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class BindType(StrEnum):
    """What each bind of the link is; `tx+rx` makes a transmitter and a receiver of each."""

    TRX = "trx"
    TX = "tx"
    RX = "rx"
    TX_RX = "tx+rx"


class Version(StrEnum):
    V33 = "3.3"
    V34 = "3.4"
    V50 = "5.0"

    @property
    def octet(self) -> int:
        return {"3.3": VERSION_33, "3.4": VERSION_34, "5.0": VERSION_50}[self.value]


class DeviceAddress(StrEnum):
    """How devices are addressed."""

    MSISDN = "msisdn"
    IMSI = "imsi"


class Mode(StrEnum):
    """The message mode in esm_class (SMPP 3.4 5.2.12)."""

    DEFAULT = "default"
    DATAGRAM = "datagram"
    TRANSACTION = "transaction"
    STORE = "store"


class AskReceipts(StrEnum):
    """Which receipts are asked for."""

    ALL = "all"
    FAILURES = "failures"
    NONE = "none"


class ReceiptPer(StrEnum):
    """What one receipt is about: the part whose id it has, or the whole message."""

    PART = "part"
    MESSAGE = "message"


class IdUse(StrEnum):
    """How an id is read so that response and receipt say the same; `ignored`: it is no id at all."""

    RAW = "raw"
    DECIMAL = "decimal"
    HEX = "hex"
    IGNORED = "ignored"


class ReceiptKey(StrEnum):
    """By what a receipt names its message."""

    TLV = "tlv"
    TEXT = "text"
    REFERENCE = "reference"


class Validity(StrEnum):
    """How the remaining validity is written."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    NONE = "none"


class AddressKind(StrEnum):
    """What an address is, and so which TON and NPI it gets."""

    INTERNATIONAL = "international"
    NATIONAL = "national"
    SHORT = "short"
    ALPHANUMERIC = "alphanumeric"
    IMSI = "imsi"


class Refusal(StrEnum):
    """Why an SMS from the network is refused."""

    POLICY = "policy"
    DESTINATION = "destination"
    NOT_READY = "not_ready"


class Rewrite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule for an address that begins with `match` ("": any). `force` replaces it; else `strip` characters are cut off its front and
    `prefix` is put there. `ton` and `npi` replace what it would get."""

    match: str = ""
    force: str | None = None
    strip: Annotated[int, Meta(ge=0, le=20)] = 0
    prefix: str = ""
    ton: Octet | None = None
    npi: Octet | None = None


class SmppSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. What is None is chosen by others, as the comment beside it says."""

    preset: str = USUAL
    # where, and who we are
    host: str = ""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 2775
    tls: bool = False
    tls_ca_file: str | None = None
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    tls_server_name: str | None = None  # None: host
    tls_verify: bool = True
    outbind_listen: str | None = None  # HOST:PORT on which the message centre's outbind is waited for, in place of connecting
    outbind_system_id: str = ""
    outbind_password: str = ""
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    address_range: str = ""
    address_range_ton: Octet = 0
    address_range_npi: Octet = 0
    bind_type: BindType = BindType.TRX
    binds: Annotated[int, Meta(ge=1, le=64)] = 1
    version: Version = Version.V34
    # how much at once
    window: Annotated[int, Meta(ge=1, le=10_000)] = 10
    rate: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None
    # what it is for the installation
    role: LinkRole = LinkRole.INTERCONNECT
    delivery: Delivery = Delivery.STORED
    numbers: tuple[str, ...] = ()
    number_space: str = ""
    country: str | None = None
    national_prefix: str | None = None
    may_return: bool = False
    on_unknown: OnUnknown | None = None  # None: wait where delivery is stored, retry where it is live
    # addresses
    device_address: DeviceAddress = DeviceAddress.MSISDN
    addresses: dict[AddressKind, tuple[Octet, Octet]] = {}  # TON and NPI; what is not named: TON_NPI
    rewrite_source: tuple[Rewrite, ...] = ()
    rewrite_destination: tuple[Rewrite, ...] = ()
    rewrite_inbound_source: tuple[Rewrite, ...] = ()
    rewrite_inbound_destination: tuple[Rewrite, ...] = ()
    allowed_sources: tuple[str, ...] = ()
    # messages
    service_type: str = ""
    mode: Mode = Mode.DEFAULT
    data_coding: LinkStyle = LinkStyle.SMPP34
    default_alphabet: DefaultAlphabet = DefaultAlphabet.GSM7
    long_messages: Style = Style.UDH
    validity: Validity = Validity.RELATIVE
    max_validity_s: Annotated[int, Meta(ge=60)] | None = None
    send_reference: bool = True
    cancel: bool = False
    # receipts
    receipts: AskReceipts | None = None  # None: all where delivery is stored, none where it is live
    receipt_per: ReceiptPer = ReceiptPer.PART
    receipt_intermediate: bool = False
    receipt_keys: tuple[ReceiptKey, ...] = (ReceiptKey.TLV, ReceiptKey.TEXT, ReceiptKey.REFERENCE)
    receipt_grace_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 600
    receipts_by_reference: bool = False
    receipts_unmarked: bool = False
    receipts_unswapped: bool = False
    receipt_sender_differs: bool = False
    id_in_response: IdUse = IdUse.RAW
    id_in_tlv: IdUse = IdUse.RAW
    id_in_text: IdUse = IdUse.RAW
    correlation_group: str | None = None  # None: the link's own
    # errors and refusals
    errors: dict[str, ErrorClass] = {}
    network_errors: dict[str, ErrorClass] = {}
    refusals: dict[Refusal, str] = {}
    # time
    connect_s: Seconds = 10
    bind_s: Seconds = 10
    enquire_link_s: Seconds = 30
    inactivity_s: Seconds = 0
    response_s: Seconds | None = None  # None: 60 in transaction mode, else 30

    def __post_init__(self) -> None:
        if found := list(_faults(self)):
            raise Faults(found)

    @property
    def response_ms(self) -> int:
        return round(1000 * (self.response_s if self.response_s is not None else 60 if self.mode is Mode.TRANSACTION else 30))

    @property
    def asked_receipts(self) -> AskReceipts:
        return self.receipts or (AskReceipts.ALL if self.delivery is Delivery.STORED else AskReceipts.NONE)


def _faults(settings: SmppSettings) -> Iterator[tuple[str, str]]:
    """What is wrong with settings that are each of their type."""
    yield from number_space_faults(settings.number_space)
    if not settings.host and not settings.outbind_listen:
        yield "host", "host is missing: say which host the message centre is, or outbind_listen where it connects to us"
    if not settings.system_id:
        yield "system_id", "system_id is missing: give the one that the message centre knows us by"
    for name, most in (("system_id", 15), ("password", 8), ("system_type", 12), ("service_type", 5)):
        value = getattr(settings, name)
        if len(value) > most or not value.isascii():
            yield name, f"{name} has at most {most} ASCII characters in SMPP"
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        missing = "tls_key_file" if settings.tls_certificate_file else "tls_certificate_file"
        yield missing, "tls_certificate_file and tls_key_file belong together: give both, or neither"
    yield from _code_faults(settings)
    if settings.version is Version.V33 and settings.bind_type is BindType.TRX:
        yield "bind_type", "version 3.3 has no transceiver: use bind_type tx+rx"
    if settings.version is Version.V33 and settings.long_messages is not Style.UDH:
        yield "long_messages", "version 3.3 has no TLVs: use long_messages udh"


def _code_faults(settings: SmppSettings) -> Iterator[tuple[str, str]]:
    for name, codes in (("errors", settings.errors), ("refusals", settings.refusals.values())):
        for code in codes:
            if not _is_read(number_of, code):
                yield name, f"{code!r} is no code: write it as 0x0B or 11"
    for code in settings.network_errors:
        if not _is_read(network_error_of, code):
            yield "network_errors", f"{code!r} is no network error: write 27 or 0x1B of GSM's, 8:27 of those of network 8"


SECRETS = frozenset({"password", "outbind_password"})
"""Settings that are written and never shown."""


def number_of(code: str, most: int = 0xFFFF_FFFF) -> int:
    """The number of a code as operators write it: 11, "11" or "0x0B". ValueError where it is none, or above `most`."""
    number = int(code, 0)
    if not 0 <= number <= most:
        raise ValueError(f"{code} is not from 0 to {most}")
    return number


def network_error_of(code: str) -> int:
    """The number of a network error as operators write it (`tlv.NetworkError.words`): a code of GSM alone, one of another network
    behind the number of that. ValueError where it is none."""
    network, colon, own = code.rpartition(":")
    return NetworkError(number_of(network, 0xFF) if colon else GSM_NETWORK, number_of(own, 0xFFFF)).number


def faults(given: dict[str, Any]) -> list[tuple[str, str]]:
    """Each setting at fault and why, the preset's values counted in."""
    if unknown := _unknown_preset(given):
        return [("preset", unknown)]
    return form.faults(SmppSettings, merged(given.get("preset", USUAL), given))


def parse(text: str) -> SmppSettings:
    """The settings of a link row, its preset filled in. Raises msgspec.ValidationError, which names the setting at fault."""
    given = msgspec.json.decode(text, type=dict[str, Any])
    if unknown := _unknown_preset(given):
        raise msgspec.ValidationError(f"{unknown} - at `$.preset`")
    return msgspec.convert(merged(given.get("preset", USUAL), given), SmppSettings)


def merged(preset: str, given: dict[str, Any]) -> dict[str, Any]:
    """The preset's values with what was given over them; tables are merged row by row."""
    found: dict[str, Any] = {name: fact.value for name, fact in PRESETS[preset].items()}
    for name, value in given.items():
        both = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = found[name] | value if both else value
    return found


def _unknown_preset(given: dict[str, Any]) -> str:
    name = given.get("preset", USUAL)
    return "" if name in PRESETS else f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}"


def _is_read(read: Callable[[str], int], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def profile(link_id: LinkId, name: str, settings: SmppSettings) -> LinkProfile:
    """What the queue needs to know of the link."""
    is_live = settings.delivery is Delivery.LIVE
    receipts = {AskReceipts.ALL: Receipts.EXPECTED, AskReceipts.FAILURES: Receipts.FAILURES, AskReceipts.NONE: Receipts.NONE}
    return LinkProfile(
        link_id,
        name,
        settings.role,
        settings.delivery,
        settings.on_unknown or (OnUnknown.RETRY if is_live else OnUnknown.WAIT),
        correlation_group=settings.correlation_group or f"link-{link_id}",
        numbers=settings.numbers,
        number_space=settings.number_space,
        receipt_grace_s=settings.receipt_grace_s,
        max_validity_s=settings.max_validity_s,
        country=settings.country,
        national_prefix=settings.national_prefix,
        may_return=settings.may_return,
        window=max(HEADS, 2 * settings.window * settings.binds),
        receipts=receipts[settings.asked_receipts],
        receipts_by_reference=settings.receipts_by_reference,
        receipt_of_message=settings.receipt_per is ReceiptPer.MESSAGE,
        whole_messages=settings.long_messages is Style.PAYLOAD,
        cancels=settings.cancel,
        by_imsi=settings.device_address is DeviceAddress.IMSI,
        charset=settings.default_alphabet.charset,
    )
