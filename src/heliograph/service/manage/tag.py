"""Tags of devices: one truth, the text on the device, which the older API writes; a tag gives a name in it an id and a colour.

A name that stands in a text and has no tag yet gets one when the tags are listed.
"""

from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.device import DeviceChange, update_one
from heliograph.service.manage.scope import Office, changed_by, not_found, seen_by
from heliograph.store import device as device_store
from heliograph.store import route as route_store
from heliograph.store import tag as store
from heliograph.store.tag import Tag, names_of
from heliograph.store.transaction import Transaction

COLORS = {1: ("#4c6ef5", "Blue"), 2: ("#2b8a3e", "Green"), 3: ("#e67700", "Orange"), 4: ("#c92a2a", "Red"), 5: ("#862e9c", "Purple")}
MOST_NAME = 64
SLICE = 500


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag, and how many devices have it."""

    tag: Tag
    devices: int


async def views(office: Office, actor: Actor, name: str = "") -> list[TagView]:
    """The tags of the actor's organisation whose name contains `name`."""
    home = actor.organisation_id
    found, missing = await office.database.read(_views, home)
    if missing:
        await office.database.write(store.add, home, [(each, _color_of(each)) for each in missing])
        found, _ = await office.database.read(_views, home)
    return [view for view in found if name.lower() in view.tag.name.lower()]


async def views_of_device(office: Office, actor: Actor, device_id: DeviceId) -> list[TagView]:
    """The tags of a device, in their order. Raises Problem."""
    home, names = await office.database.read(_names_of, seen_by(actor), device_id)
    found, missing = await office.database.read(_views, home)
    if missing:
        await office.database.write(store.add, home, [(each, _color_of(each)) for each in missing])
        found, _ = await office.database.read(_views, home)
    by_name = {view.tag.name: view for view in found}
    return [by_name[name] for name in names if name in by_name]


async def create(office: Office, actor: Actor, name: str, color_id: int | None) -> Tag:
    """A new tag of the actor's organisation. Raises Problem."""
    changed_by(actor)
    return await office.database.write(_create, actor, _checked(name), color_id, office.clock.now_ms())


async def update(office: Office, actor: Actor, tag_id: int, *, name: str | UnsetType, color_id: int | UnsetType) -> None:
    """Give a tag another name, on all devices that have it, or another colour. Raises Problem."""
    scope = changed_by(actor)
    tag = await office.database.write(_update, actor, scope, tag_id, name, color_id, office.clock.now_ms())
    if isinstance(name, str) and tag.name != name.strip():
        await _replace(office, tag, name.strip())


async def delete(office: Office, actor: Actor, tag_id: int) -> None:
    """Delete a tag, on all devices that have it. Raises Problem."""
    tag = await office.database.write(_delete, actor, changed_by(actor), tag_id, office.clock.now_ms())
    await _replace(office, tag, None)


async def assign(office: Office, actor: Actor, device_id: DeviceId, tag_id: int) -> None:
    """Give a device a tag. Raises Problem, also where it has it."""
    await office.database.write(_assign, actor, changed_by(actor), device_id, tag_id, office.clock.now_ms())


async def unassign(office: Office, actor: Actor, device_id: DeviceId, tag_id: int) -> None:
    """Take a tag off a device. Raises Problem, also where it has not got it."""
    await office.database.write(_unassign, actor, changed_by(actor), device_id, tag_id, office.clock.now_ms())


async def _replace(office: Office, tag: Tag, new: str | None) -> None:
    """In slices, since many devices may have it."""
    now_ms = office.clock.now_ms()
    while await office.database.write(store.replace, tag.organisation_id, tag.name, new, SLICE, now_ms):
        continue
    await office.database.write(route_store.reassign)


def _views(tx: Transaction, organisation_id: int) -> tuple[list[TagView], list[str]]:
    counts = store.counts(tx, organisation_id)
    found = store.tags(tx, organisation_id)
    known = {tag.name for tag in found}
    return [TagView(tag, counts[tag.name]) for tag in found], [name for name in counts if name not in known]


def _names_of(tx: Transaction, scope: int, device_id: int) -> tuple[int, list[str]]:
    device = device_store.view(tx, scope, device_id)
    if device is None:
        raise not_found("Endpoint", device_id)
    return device.organisation_id, names_of(device.tags)


def _create(tx: Transaction, actor: Actor, name: str, color_id: int | None, now_ms: int) -> Tag:
    home = actor.organisation_id
    color_id = _color_of(name) if color_id is None else _checked_color(color_id)
    made = store.add(tx, home, [(name, color_id)])
    if not made:
        raise Problem(Code.DUPLICATED, f"there is a tag '{name}' already: assign that one", field="name")
    tag = Tag(made[0], home, name, color_id)
    audit.record(tx, actor, "tag.created", home, now_ms, object_id=tag.id, after=tag)
    return tag


def _update(tx: Transaction, actor: Actor, scope: int, tag_id: int, name: str | UnsetType, color_id: int | UnsetType, now_ms: int) -> Tag:
    """The tag as it was."""
    before = _lock(tx, scope, tag_id)
    after = Tag(before.id, before.organisation_id, before.name, before.color_id)
    if name is not UNSET:
        after.name = _checked(name)
    if color_id is not UNSET:
        after.color_id = _checked_color(color_id)
    if after.name != before.name and any(tag.name == after.name for tag in store.tags(tx, before.organisation_id)):
        raise Problem(Code.DUPLICATED, f"there is a tag '{after.name}' already: assign that one, and delete this", field="name")
    store.update(tx, after)
    audit.record(tx, actor, "tag.changed", before.organisation_id, now_ms, object_id=tag_id, before=before, after=after)
    return before


def _delete(tx: Transaction, actor: Actor, scope: int, tag_id: int, now_ms: int) -> Tag:
    tag = _lock(tx, scope, tag_id)
    store.delete(tx, tag_id)
    audit.record(tx, actor, "tag.deleted", tag.organisation_id, now_ms, object_id=tag_id, before=tag)
    return tag


def _assign(tx: Transaction, actor: Actor, scope: int, device_id: DeviceId, tag_id: int, now_ms: int) -> None:
    home, names = _names_of(tx, scope, device_id)
    tag = _lock(tx, home, tag_id)
    if tag.name in names:
        raise Problem(Code.DUPLICATED, f"Endpoint with Id '{device_id}' has the tag '{tag.name}' already")
    update_one(tx, actor, scope, device_id, DeviceChange(tags=",".join([*names, tag.name])), now_ms)


def _unassign(tx: Transaction, actor: Actor, scope: int, device_id: DeviceId, tag_id: int, now_ms: int) -> None:
    home, names = _names_of(tx, scope, device_id)
    tag = _lock(tx, home, tag_id)
    if tag.name not in names:
        raise Problem(Code.INVALID_REFERENCE, f"Endpoint with Id '{device_id}' does not have the tag '{tag.name}'")
    names.remove(tag.name)
    update_one(tx, actor, scope, device_id, DeviceChange(tags=",".join(names) or None), now_ms)


def _lock(tx: Transaction, scope: int, tag_id: int) -> Tag:
    tag = store.lock(tx, scope, tag_id)
    if tag is None:
        raise not_found("Tag", tag_id)
    return tag


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or "," in name or not name.isprintable():
        raise Problem(Code.INVALID_FORMAT, f"the name of a tag has 1 to {MOST_NAME} printable characters and no comma", field="name")
    return name


def _checked_color(color_id: int) -> int:
    if color_id not in COLORS:
        raise not_found("Tag color", color_id)
    return color_id


def _color_of(name: str) -> int:
    """The colour of a tag for which none was chosen, always the same for one name."""
    return list(COLORS)[sum(name.encode()) % len(COLORS)]
