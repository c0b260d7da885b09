"""Devices at a glance, as a person looks through them: found by whatever is known of them, each with its newest SMS."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.page import Page
from heliograph.service.manage.scope import Office, seen_by
from heliograph.store import device as store
from heliograph.store import sim as sim_store
from heliograph.store.device import Device, DeviceView, LastMessage
from heliograph.store.engine import Scalar
from heliograph.store.listing import Order, containing
from heliograph.store.transaction import Transaction

_SPACING = re.compile(r"[\s+\-]")


def searched(text: str | None) -> dict[str, Scalar]:
    """The filter of a search box. Only what may be a number is looked for among numbers: the others cost a third of the time."""
    if not text:
        return {}
    compact = _SPACING.sub("", text)
    return {"anything": containing(compact)} if compact.isascii() and compact.isdigit() else {"words": containing(text)}


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of devices is to hold. `anything`: in the name, a tag, or a number; None: whatever it is."""

    anything: str | None = None
    name: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    msisdn: str | None = None
    tag: str | None = None
    policy_id: int | None = None
    status_id: int | None = None

    def filters(self) -> Mapping[str, Scalar]:
        """As the list knows them."""
        parts = {name: getattr(self, name) for name in ("name", "iccid", "imsi", "msisdn")}
        found: dict[str, Scalar] = {name: containing(text) for name, text in parts.items() if text}
        found |= searched(self.anything)
        if self.tag:
            found["tag"] = containing(f",{self.tag},")
        if self.policy_id is not None:
            found["service_profile"] = self.policy_id
        if self.status_id is not None:
            found["status"] = self.status_id
        return found


class Glance(msgspec.Struct, frozen=True):
    """A device and its newest message, if it has one."""

    device: DeviceView
    last: LastMessage | None


async def page(office: Office, actor: Actor, sought: Sought, order: Sequence[Order], page: int, per_page: int) -> Page[Glance]:
    """One page of the devices the actor sees. Raises Problem for an order that is not offered."""
    return await office.database.read(_page, seen_by(actor), sought, order, page, per_page)


async def ids(office: Office, actor: Actor, sought: Sought, most: int) -> list[int]:
    """The devices of a list, at most so many, by their ids."""
    found = await office.database.read(store.first, seen_by(actor), sought.filters(), (Order("id"),), most)
    return [each.id for each in found]


async def of_ids(office: Office, actor: Actor, device_ids: Sequence[int]) -> list[Device]:
    """Those of these devices that the actor sees, in this order."""
    found = await office.database.read(store.of_ids, seen_by(actor), device_ids)
    return [found[each] for each in device_ids if each in found]


async def pages(office: Office, actor: Actor, sought: Sought, per_page: int) -> AsyncIterator[list[tuple[DeviceView, list[str]]]]:
    """A whole list, page by page, by the ids of its devices, each with the other numbers of its SIM."""
    number, last = 1, 1
    while number <= last:
        found, last = await office.database.read(_with_aliases, seen_by(actor), sought, number, per_page)
        yield found
        number += 1


def _with_aliases(tx: Transaction, scope: int, sought: Sought, page: int, per_page: int) -> tuple[list[tuple[DeviceView, list[str]]], int]:
    found = store.page(tx, scope, sought.filters(), (Order("id"),), page, per_page)
    aliases = sim_store.aliases_of(tx, [each.sim_id for each in found.items if each.sim_id is not None])
    return [(each, aliases.get(each.sim_id or 0, [])) for each in found.items], found.pages


def _page(tx: Transaction, scope: int, sought: Sought, order: Sequence[Order], page: int, per_page: int) -> Page[Glance]:
    found = store.page(tx, scope, sought.filters(), order, page, per_page)
    last = store.last_messages(tx, [each.id for each in found.items])
    return Page([Glance(each, last.get(each.id)) for each in found.items], found.page, found.per_page, found.total)
