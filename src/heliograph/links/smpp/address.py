"""Addresses on an SMPP link: which TON and NPI ours get and how they are rewritten, and numbers of the peer's in our form."""

from functools import lru_cache
from typing import Final, NamedTuple

from heliograph.links.smpp.settings import AddressKind, DeviceAddress, Rewrite, SmppSettings
from heliograph.model.link import LinkProfile, without_nul
from heliograph.model.number import complete, is_dialled, is_short, matches
from heliograph.smpp.value import Npi, Ton

TON_NPI: Final = {
    AddressKind.INTERNATIONAL: (int(Ton.INTERNATIONAL), int(Npi.ISDN)),
    AddressKind.NATIONAL: (int(Ton.NATIONAL), int(Npi.ISDN)),
    AddressKind.SHORT: (int(Ton.UNKNOWN), int(Npi.ISDN)),
    AddressKind.ALPHANUMERIC: (int(Ton.ALPHANUMERIC), int(Npi.UNKNOWN)),
    AddressKind.IMSI: (int(Ton.UNKNOWN), int(Npi.LAND_MOBILE)),
}
NATIONAL: Final = 161
"""A national number, as `Outgoing.source_type` has it: the type-of-address octet (3GPP TS 23.040 9.1.2.5). emnify's API has it for any
number without a plus, so a short one is no national number for it."""
IMSI_DIGITS: Final = 15
REMEMBERED: Final = 65_536


class Address(NamedTuple):
    """An address as it stands in a PDU."""

    text: str
    ton: int
    npi: int


NOBODY: Final = Address("", 0, 0)


class Addresses:
    """The addresses of one link. What a sender or a device was written as once, it is the next time: looked up, not made again."""

    def __init__(self, settings: SmppSettings, profile: LinkProfile) -> None:
        self._settings = settings
        self._profile = profile
        self._ton_npi = TON_NPI | settings.addresses
        self.source = lru_cache(REMEMBERED)(self._source)
        self.destination = lru_cache(REMEMBERED)(self._destination)
        self.number = lru_cache(REMEMBERED)(self._number)

    def is_allowed(self, source: str) -> bool:
        """Whether the peer takes SMS from this sender."""
        return not self._settings.allowed_sources or matches(source, self._settings.allowed_sources)

    def _source(self, source: str, source_type: int) -> Address:
        if not source:
            return self._rewritten(NOBODY, self._settings.rewrite_source)
        kind = AddressKind.NATIONAL if source_type == NATIONAL and not is_short(source) else _kind(source)
        return self._rewritten(Address(source, *self._ton_npi[kind]), self._settings.rewrite_source)

    def _destination(self, destination: str) -> Address:
        is_imsi = self._settings.device_address is DeviceAddress.IMSI and len(destination) == IMSI_DIGITS
        kind = AddressKind.IMSI if is_imsi else _kind(destination)
        return self._rewritten(Address(destination, *self._ton_npi[kind]), self._settings.rewrite_destination)

    def _number(self, text: str, ton: int, npi: int, *, is_source: bool) -> str:
        """A number of the peer's: digits without `+`, completed by the link's country; a name, an IMSI or a short number as it came."""
        settings = self._settings
        rules = settings.rewrite_inbound_source if is_source else settings.rewrite_inbound_destination
        text, ton, npi = self._rewritten(Address(without_nul(text), ton, npi), rules)
        if ton == Ton.ALPHANUMERIC or npi == Npi.LAND_MOBILE:
            return text
        is_international = ton == Ton.INTERNATIONAL
        if text.startswith("+"):
            text, is_international = text[1:], True
        return complete(text, international=is_international, national=ton == Ton.NATIONAL, link=self._profile)

    @staticmethod
    def _rewritten(address: Address, rules: tuple[Rewrite, ...]) -> Address:
        """By the first rule that fits."""
        for rule in rules:
            if address.text.startswith(rule.match):
                text = rule.force if rule.force is not None else rule.prefix + address.text[rule.strip :]
                ton = address.ton if rule.ton is None else rule.ton
                return Address(text, ton, address.npi if rule.npi is None else rule.npi)
        return address


def _kind(address: str) -> AddressKind:
    if not is_dialled(address):
        return AddressKind.ALPHANUMERIC
    return AddressKind.SHORT if is_short(address) else AddressKind.INTERNATIONAL
