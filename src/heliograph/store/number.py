"""Whose numbers are: of SIMs that are in a device. A number is unique within its number space; "" is that of the installation."""

from collections.abc import Iterable

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("number")


class Known(msgspec.Struct, array_like=True, frozen=True):
    """A number (of kind msisdn, alias or imsi) of a device, and the settings and the webhook of the device's policy."""

    number: str
    number_space: str
    kind: str
    device_id: int
    settings: str
    callback_id: int | None

    @property
    def is_dialled(self) -> bool:
        """Whether an SMS to this number is one to the device; nobody dials an IMSI."""
        return self.kind != "imsi"


class Owned(msgspec.Struct, array_like=True, frozen=True):
    """A number of a device, and whose that is."""

    number: str
    kind: str
    device_id: int
    organisation_id: int
    policy_id: int

    @property
    def is_dialled(self) -> bool:
        """As `Known.is_dialled`."""
        return self.kind != "imsi"


InSpace = tuple[str, str]
"""A number and its number space."""


def owned(tx: Transaction, numbers: Iterable[str]) -> dict[str, list[Owned]]:
    """Whose devices each number is now, one for each number space that has it, without any lock; numbers of nobody are absent."""
    found: dict[str, list[Owned]] = {}
    for row in tx.many(Q["owned"], [(number,) for number in sorted(set(numbers))], Owned):
        found.setdefault(row.number, []).append(row)
    return found


def known(tx: Transaction, numbers: Iterable[InSpace]) -> dict[InSpace, Known]:
    """Whose each number is now, without any lock; numbers of nobody are absent."""
    return {(row.number, row.number_space): row for row in tx.many(Q["known"], sorted(set(numbers)), Known)}


def device_of(tx: Transaction, number: str, number_space: str) -> int | None:
    """The device that a number (MSISDN, alias or IMSI) belongs to now."""
    row = tx.one(Q["by_number"], number=number, number_space=number_space)
    return int(row[0]) if row else None


def address_of_device(tx: Transaction, organisation_id: int, device_id: int) -> tuple[str | None, str] | None:
    """What a link addresses a device of the organisation (0: any) by, and in which number space; None where it has no such device."""
    row = tx.one(Q["numbers_of_device"], organisation_id=organisation_id, device_id=device_id)
    return (row[0] or row[1], row[2] or "") if row else None
