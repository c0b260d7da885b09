"""What a technician link opens: one device, without an account, for as long as the link is good.

No `Actor` leaves this module, so that nothing but these few functions can be done by a link. Each asks anew whether the link is still
good, within the transaction that acts, so a revocation holds from its commit on. What is sent is kept together with the link and the
address it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from heliograph.model.account import Actor, Door, Role
from heliograph.model.command import fill
from heliograph.model.ids import DeviceId, MessageId, OrganisationId
from heliograph.model.problem import Code, Problem
from heliograph.service import audit, cancel
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.history import shown
from heliograph.service.idempotency import Told
from heliograph.service.secret import hash_of
from heliograph.service.submit import Submission, accept, prepare
from heliograph.service.tail import Follower
from heliograph.store import account as account_store
from heliograph.store import command as command_store
from heliograph.store import feed
from heliograph.store import message as message_store
from heliograph.store import search as search_store
from heliograph.store import technician as store
from heliograph.store.command import Command
from heliograph.store.search import FoundMessage, Place, Range
from heliograph.store.technician import TechnicianLink
from heliograph.store.transaction import Transaction

THREAD_MOST = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One request by a link that is good, and where it comes from."""

    link: TechnicianLink
    organisation_name: str
    address: str

    @property
    def is_restricted(self) -> bool:
        """Whether only chosen saved commands may be sent."""
        return self.link.commands is not None


class Thread(msgspec.Struct, frozen=True):
    """`messages`: the latest first. `own`: those that came by this link. `number`: of the last event that they show."""

    messages: list[FoundMessage]
    own: frozenset[int]
    number: int


async def visit(core: Core, token: str, address: str) -> Visit | None:
    """The visit that a link's secret opens; None where it opens nothing any more, or never did."""
    return await core.database.read(_visit, hash_of(token), address, core.clock.now_ms())


async def opened(core: Core, at: Visit) -> None:
    """Keep that a link was opened. Raises Problem where it is over."""
    await core.database.write(_opened, at, core.clock.now_ms())


async def thread(core: Core, at: Visit) -> Thread:
    """What the device sent and received: all, or, where only commands may be sent, since the link was made."""
    return await core.database.read(_thread, at)


async def message(core: Core, at: Visit, message_id: int) -> FoundMessage | None:
    """One of these, None for any other."""
    return await core.database.read(_message, at, message_id)


async def follow(core: Core, at: Visit, after: int) -> Follower:
    """Follow what happens in the organisation behind an event, of which `message` then says what may be seen. Raises Problem for one
    follower too many of this link."""
    return await core.tail.follow(_actor(at), OrganisationId(at.link.organisation_id), {at.link.organisation_id: after})


async def commands(core: Core, at: Visit) -> list[Command]:
    """The saved commands that may be sent: those that were chosen, or all of the organisation."""
    found = await core.database.read(command_store.of_organisation, at.link.organisation_id)
    chosen = at.link.command_ids
    return [each for each in found if chosen is None or each.id in chosen]


async def send_command(core: Core, at: Visit, command_id: int, values: Mapping[str, str]) -> MessageId:
    """Send a saved command with a value at each of its places. Raises Problem, also for one that the link does not offer."""
    found = next((each for each in await commands(core, at) if each.id == command_id), None)
    if found is None:
        raise Problem(Code.INVALID_REFERENCE, "this command is not offered by your link")
    filled = fill(found.text, values)
    return await _sent(core, at, Draft(filled.text, secrets=filled.secrets))


async def send(core: Core, at: Visit, draft: Draft) -> MessageId:
    """Send what the technician wrote. Raises Problem, also where only chosen commands may be sent."""
    if at.is_restricted:
        raise Problem(Code.FORBIDDEN, "this link sends the commands that are offered, and nothing else")
    return await _sent(core, at, draft)


async def take_back(core: Core, at: Visit, message_id: MessageId) -> None:
    """Cancel what was sent by this link and still waits. Raises Problem."""
    await core.database.write(_may_take_back, at, message_id, core.clock.now_ms())
    await cancel.cancel(core, _actor(at), DeviceId(at.link.device_id), message_id)


async def _sent(core: Core, at: Visit, draft: Draft) -> MessageId:
    submission = prepare(core, _actor(at), DeviceId(at.link.device_id), draft)
    answer = await core.database.write(_submit, at, submission)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _actor(at: Visit) -> Actor:
    home = OrganisationId(at.link.organisation_id)
    return Actor(home, at.organisation_name, Role.USER, Door.TECHNICIAN, email=at.link.who, address=at.address)


def _visit(tx: Transaction, token_hash: str, address: str, now_ms: int) -> Visit | None:
    link = store.by_hash(tx, token_hash)
    if link is None or not link.is_good(now_ms):
        return None
    organisation = account_store.organisation(tx, link.organisation_id)
    if organisation is None or not message_store.device_exists(tx, link.organisation_id, link.device_id):
        return None
    return Visit(link, organisation.name, address)


def _opened(tx: Transaction, at: Visit, now_ms: int) -> None:
    _use(tx, at, now_ms)
    audit.record(tx, _actor(at), "technician_link.opened", at.link.organisation_id, now_ms, object_id=at.link.id)


def _thread(tx: Transaction, at: Visit) -> Thread:
    link = at.link
    heads = feed.heads(tx, [link.organisation_id])  # first: what comes behind it may be told twice, never not at all
    where = Range(link.organisation_id, link.device_id, from_ms=_since_ms(at))
    found, _ = search_store.step(tx, where, {}, Place(), THREAD_MOST, THREAD_MOST)
    own = frozenset(store.sent_by(tx, link.id))
    return Thread([shown(each) for each in found], own, heads[0].number if heads else 0)


def _message(tx: Transaction, at: Visit, message_id: int) -> FoundMessage | None:
    found = search_store.one(tx, at.link.organisation_id, message_id)
    if found is None or found.device_id != at.link.device_id or found.submitted_at_ms < _since_ms(at):
        return None
    return shown(found)


def _since_ms(at: Visit) -> int:
    return at.link.created_at_ms if at.is_restricted else 0


def _submit(tx: Transaction, at: Visit, submission: Submission) -> MessageId | Exception:
    """The id, or the rule that refused it, which is then kept with the message."""
    _use(tx, at, submission.now_ms)
    taken = tx.next_id("message")  # by a batch of one; where it is refused, the answer does not name it
    (answer,) = accept(tx, [submission])
    assert not isinstance(answer, Told)
    store.insert_sent(tx, at.link.id, taken if isinstance(answer, Exception) else answer, at.address)
    return answer


def _may_take_back(tx: Transaction, at: Visit, message_id: int, now_ms: int) -> None:
    _use(tx, at, now_ms)
    if not store.has_sent(tx, at.link.id, message_id):
        raise cancel.unknown(message_id)
    audit.record(
        tx, _actor(at), "technician_link.canceled", at.link.organisation_id, now_ms, object_id=at.link.id, after={"sms": message_id}
    )


def _use(tx: Transaction, at: Visit, now_ms: int) -> None:
    if not store.use(tx, at.link.id, now_ms):
        raise Problem(Code.FORBIDDEN, "this link was revoked, or its time is over: ask for another one")
