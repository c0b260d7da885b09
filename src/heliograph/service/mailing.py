"""A mailing: one SMS that a person sends to many devices, kept with what became of each, and sent again to those it did not reach.

The messages and the rows that remember them are written in one transaction, so that after a crash there are both or neither; a form that
comes twice makes one mailing, by its key.
"""

from collections.abc import Mapping, Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId
from heliograph.model.message import State
from heliograph.model.page import Page, page_within
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service.bulk import Sent, accept_all, prepare_all
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.manage.scope import not_found
from heliograph.service.submit import Submission
from heliograph.store import mailing as store
from heliograph.store.mailing import Item, Mailing, NewItem
from heliograph.store.transaction import Transaction

UNDER_WAY = (State.PENDING, State.IN_PROGRESS, State.BUFFERED)


class Progress(msgspec.Struct, frozen=True):
    """A mailing as it stands. `counts`: devices by the state of their message, `store.REFUSED` for those without one."""

    mailing: Mailing
    counts: Mapping[int, int]

    def count(self, *states: int) -> int:
        return sum(self.counts.get(int(state), 0) for state in states)

    @property
    def delivered(self) -> int:
        return self.count(State.DELIVERED)

    @property
    def under_way(self) -> int:
        return self.count(*UNDER_WAY)

    @property
    def unreached(self) -> int:
        """Of these a retry makes sense: they failed or expired, or were refused."""
        return self.count(store.REFUSED, State.FAILED, State.EXPIRED)

    @property
    def canceled(self) -> int:
        return self.count(State.CANCELED)


async def send(core: Core, actor: Actor, device_ids: Sequence[DeviceId], draft: Draft, key: str, again_of: int | None = None) -> int:
    """Send it; the id of the mailing. Raises Problem for what is wrong with all, and then nothing was sent."""
    submissions = prepare_all(core, actor, device_ids, draft)
    return await core.database.write(_send, submissions, key, again_of)


async def send_again(core: Core, actor: Actor, mailing_id: int, key: str) -> int:
    """Send the same to the devices that it did not reach; the id of the new mailing. Raises Problem."""
    require(actor, Right.CHANGE)
    mailing, device_ids = await core.database.read(_unreached, actor.scope, mailing_id)
    if not device_ids:
        raise Problem(Code.NOT_ALLOWED, "there is no device that it did not reach: nothing is to be sent again")
    if not mailing.payload:
        raise Problem(Code.NOT_ALLOWED, "its text was deleted when its time was over: send a new one")
    expiry_at_ms = None if mailing.validity_ms is None else core.clock.now_ms() + mailing.validity_ms
    draft = Draft(mailing.payload, source=mailing.source or None, dcs=mailing.dcs, expiry_at_ms=expiry_at_ms)
    return await send(core, actor, [DeviceId(each) for each in device_ids], draft, key, mailing_id)


async def progress(core: Core, actor: Actor, mailing_id: int) -> Progress:
    """How far it is. Raises Problem."""
    return await core.database.read(_progress, actor.scope, mailing_id)


async def items(core: Core, actor: Actor, mailing_id: int, page: int, per_page: int) -> Page[Item]:
    """Its devices, those that were not reached first. Raises Problem."""
    return await core.database.read(_items, actor.scope, mailing_id, page, per_page)


async def latest(core: Core, actor: Actor, most: int) -> list[Progress]:
    """The latest of the organisation; for the operator, of the installation."""
    found = await core.database.read(store.latest, actor.scope, most)
    return [Progress(each, await core.database.read(store.counts, each.id)) for each in found]


def _send(tx: Transaction, submissions: Sequence[Submission], key: str, again_of: int | None) -> int:
    first = submissions[0]
    home, draft = first.actor.organisation_id, first.draft
    if (earlier := store.by_key(tx, home, key)) is not None:
        return earlier
    new = Mailing(
        id=0,
        organisation_id=home,
        user_id=first.actor.user_id,
        again_of=again_of,
        payload=draft.payload,
        source=draft.source or "",
        total=len(submissions),
        created_at_ms=first.now_ms,
        dcs=draft.dcs,
        validity_ms=None if draft.expiry_at_ms is None else draft.expiry_at_ms - (draft.scheduled_at_ms or first.now_ms),
        email=None,
    )
    mailing_id = store.insert(tx, new, key)
    store.insert_items(tx, [_kept(mailing_id, each) for each in accept_all(tx, submissions)])
    return mailing_id


def _kept(mailing_id: int, sent: Sent) -> NewItem:
    if isinstance(sent.result, Problem):
        return NewItem(mailing_id, sent.device_id, None, sent.result.text, sent.result.code.value)
    return NewItem(mailing_id, sent.device_id, sent.result, None, None)


def _one(tx: Transaction, scope: int, mailing_id: int) -> Mailing:
    found = store.one(tx, scope, mailing_id)
    if found is None:
        raise not_found("Mailing", mailing_id)
    return found


def _unreached(tx: Transaction, scope: int, mailing_id: int) -> tuple[Mailing, list[int]]:
    return _one(tx, scope, mailing_id), store.unreached(tx, mailing_id)


def _progress(tx: Transaction, scope: int, mailing_id: int) -> Progress:
    return Progress(_one(tx, scope, mailing_id), store.counts(tx, mailing_id))


def _items(tx: Transaction, scope: int, mailing_id: int, page: int, per_page: int) -> Page[Item]:
    total = _one(tx, scope, mailing_id).total
    page = page_within(page, per_page, total)
    return Page(store.items(tx, mailing_id, (page - 1) * per_page, per_page), page, per_page, total)
