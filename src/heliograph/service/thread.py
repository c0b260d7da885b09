"""The messages of one device as a person follows them: from new to old, with how the hand-over of each stands, and the number of the event
behind which a stream goes on, so that nothing is missed between a page and its stream.
"""

from collections.abc import Sequence

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import Alphabet, parse
from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.problem import Problem
from heliograph.service.core import Core
from heliograph.service.cut import segments_of
from heliograph.service.glance import Glance, searched
from heliograph.service.history import shown
from heliograph.service.manage.scope import not_found
from heliograph.store import device as device_store
from heliograph.store import feed
from heliograph.store import policy as policy_store
from heliograph.store import search as search_store
from heliograph.store import thread as store
from heliograph.store.device import DeviceView
from heliograph.store.listing import Order
from heliograph.store.policy import PolicyView
from heliograph.store.search import FoundMessage, Place, Range
from heliograph.store.thread import HandedOver
from heliograph.store.transaction import Transaction

STEP = 5000


class Line(msgspec.Struct, frozen=True):
    """A message, and its hand-over to the application where there is one."""

    message: FoundMessage
    handed_over: HandedOver | None


class Thread(msgspec.Struct, frozen=True):
    """`lines`: from old to new. `older`: whether there are more before them. `number`: of the last event that these lines show."""

    device: DeviceView
    policy: PolicyView
    lines: Sequence[Line]
    older: bool
    number: int


class Part(msgspec.Struct, frozen=True):
    """One segment as it goes over the air. `octets`: the user data behind the header, packed; `text`: what it says, "" for binary data."""

    number: int
    state: str
    header: str
    octets: str
    text: str


async def thread(core: Core, actor: Actor, device_id: DeviceId, before: int | None, most: int) -> Thread:
    """The latest messages of a device, or those before a message. Raises Problem."""
    return await core.database.read(_thread, actor.scope, device_id, before, most)


async def line(core: Core, actor: Actor, device_id: DeviceId, message_id: MessageId) -> Line | None:
    """One message of a device, None where it is not there, or another's."""
    return await core.database.read(_line, actor.scope, device_id, message_id)


async def neighbours(core: Core, actor: Actor, sought: str, most: int) -> list[Glance]:
    """Devices to go on to: those that a text finds, or else those in touch lately, and what there is beside them."""
    return await core.database.read(_neighbours, actor, sought, most)


def parts(message: FoundMessage) -> list[Part]:
    """The segments of a message as Heliograph writes them; none where its text was deleted."""
    if not message.payload and not message.udh:
        return []
    try:
        tp_dcs, segments = segments_of(message.payload, message.dcs, message.udh, message.id & 0xFF, message.segment_states)
    except (ValueError, Problem):  # an SMS from a device may hold what nobody would write
        return []
    found = []
    for each in segments:
        state = message.segment_states[each.number - 1] if each.number <= len(message.segment_states) else ""
        found.append(Part(each.number, state, each.udh.hex(" ").upper(), *_shown(each.user_data, len(each.udh), parse(tp_dcs).alphabet)))
    return found


def _shown(user_data: bytes, header_octets: int, alphabet: Alphabet) -> tuple[str, str]:
    match alphabet:
        case Alphabet.GSM7:
            packed = gsm7.pack(user_data, -(header_octets * 8) % 7)
            return packed.hex(" ").upper(), gsm7.decode(user_data)
        case Alphabet.UCS2:
            return user_data.hex(" ").upper(), gsm7.decode_ucs2(user_data)
        case Alphabet.OCTET:
            return user_data.hex(" ").upper(), ""


def _thread(tx: Transaction, scope: int, device_id: DeviceId, before: int | None, most: int) -> Thread:
    device = device_store.view(tx, scope, device_id)
    if device is None:
        raise not_found("Endpoint", device_id)
    heads = feed.heads(tx, [device.organisation_id])  # first: what comes behind it may be told twice, never not at all
    policy = policy_store.view(tx, 0, device.service_profile_id)
    assert policy is not None, "a device has a policy"
    place = Place() if before is None else Place(id=before)
    found, following = search_store.step(tx, Range(scope, device_id), {}, place, most, STEP)
    lines = _lines(tx, found)
    lines.reverse()
    return Thread(device, policy, lines, following is not None, heads[0].number if heads else 0)


def _line(tx: Transaction, scope: int, device_id: DeviceId, message_id: MessageId) -> Line | None:
    found = search_store.one(tx, scope, message_id)
    if found is None or found.device_id != device_id:
        return None
    return _lines(tx, [found])[0]


def _lines(tx: Transaction, found: Sequence[FoundMessage]) -> list[Line]:
    handed_over = store.deliveries(tx, [each.id for each in found])
    return [Line(shown(each), handed_over.get(each.id)) for each in found]


def _neighbours(tx: Transaction, actor: Actor, sought: str, most: int) -> list[Glance]:
    found = device_store.first(tx, actor.scope, searched(sought), (Order("id"),), most)
    devices = {each.id: each for each in found}
    if not sought:
        recent = store.recent_devices(tx, actor.organisation_id, most)
        seen = {each: devices.get(each) or device_store.view(tx, actor.scope, each) for each in recent}
        devices = {each: device for each, device in seen.items() if device is not None} | devices
    chosen = list(devices.values())[:most]
    last = device_store.last_messages(tx, [each.id for each in chosen])
    return [Glance(each, last.get(each.id)) for each in chosen]
