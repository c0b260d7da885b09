"""Whose numbers are: of SIMs that are in a device."""

from collections.abc import Iterable

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("number")


class Known(msgspec.Struct, array_like=True, frozen=True):
    """A number (of kind msisdn, alias or imsi) of a device, and the settings and the webhook of the device's policy."""

    number: str
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


def owned(tx: Transaction, numbers: Iterable[str]) -> dict[str, Owned]:
    """Whose device each number is now, without any lock; numbers of nobody are absent."""
    return {row.number: row for row in tx.many(Q["owned"], [(number,) for number in sorted(set(numbers))], Owned)}


def known(tx: Transaction, numbers: Iterable[str]) -> dict[str, Known]:
    """Whose each number is now, without any lock; numbers of nobody are absent."""
    return {row.number: row for row in tx.many(Q["known"], [(number,) for number in sorted(set(numbers))], Known)}


def devices(tx: Transaction, numbers: Iterable[str]) -> dict[str, int]:
    """The device that each number (MSISDN, alias or IMSI) belongs to now; numbers of nobody are absent."""
    rows = tx.many(Q["by_number"], [(number,) for number in sorted(set(numbers))], _Numbered)
    return {row.number: row.device_id for row in rows}


def address_of_device(tx: Transaction, organisation_id: int, device_id: int) -> tuple[bool, str | None]:
    """Whether the organisation (0: any) has the device, and what a link addresses it by."""
    row = tx.one(Q["numbers_of_device"], organisation_id=organisation_id, device_id=device_id)
    return row is not None, (row[0] or row[1]) if row else None


class _Numbered(msgspec.Struct, array_like=True, frozen=True):
    number: str
    kind: str
    device_id: int
