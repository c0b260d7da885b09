"""What was sent and received, for those who may see it."""

from typing import TypeVar

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import State
from heliograph.model.page import Page, page_within
from heliograph.model.problem import Code, Problem
from heliograph.service.cancel import unknown
from heliograph.service.core import Core
from heliograph.store import message as store
from heliograph.store.message import MessageView
from heliograph.store.transaction import Transaction

V = TypeVar("V", bound=MessageView)


async def list_of_device(core: Core, actor: Actor, device_id: DeviceId, page: int, per_page: int) -> Page[MessageView]:
    """Messages of a device, newest first; `page` from 1. Raises Problem where the device is unknown to the actor."""
    return await core.database.read(_page, actor.scope, device_id, page, per_page)


async def message(core: Core, actor: Actor, device_id: DeviceId, message_id: MessageId) -> MessageView:
    """One message of a device. Raises Problem where it is not there, or another device's."""
    found = await core.database.read(store.view, actor.scope, device_id, message_id)
    if found is None:
        raise unknown(message_id)
    return shown(found)


def _page(tx: Transaction, organisation_id: int, device_id: DeviceId, page: int, per_page: int) -> Page[MessageView]:
    if not store.device_exists(tx, organisation_id, device_id):
        raise Problem(Code.INVALID_REFERENCE, f"Endpoint with Id '{device_id}' not found.")
    total = store.count_of_device(tx, device_id)
    page = page_within(page, per_page, total)
    views = store.views_of_device(tx, organisation_id, device_id, (page - 1) * per_page, per_page)
    return Page([shown(view) for view in views], page, per_page, total)


def shown(view: V) -> V:
    """With IN_PROGRESS where the message is the head of a lane that is taken; that state is never written."""
    on_its_way = view.taken_epoch is not None and view.head_seq == view.lane_seq and not State(view.state).is_final
    if on_its_way:
        view.state = int(State.IN_PROGRESS)
    return view
