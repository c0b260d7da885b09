"""One SMS to many devices in one transaction: each is accepted or refused by itself, and all that is accepted is kept, or nothing is."""

from collections.abc import Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import idempotency
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.idempotency import Once, Told
from heliograph.service.submit import Submission, accept, prepare
from heliograph.store import audience
from heliograph.store.transaction import Transaction

MOST = 2000


class Sent(msgspec.Struct, frozen=True):
    """What became of the sending to one device: its id, or why it was refused."""

    device_id: DeviceId
    result: MessageId | Problem


async def devices_of(core: Core, actor: Actor, tag: str | None, service_profile_id: int | None) -> list[DeviceId]:
    """The devices of the actor's organisation with a tag, of a policy, or both. Raises Problem for none, or too many."""
    require(actor, Right.CHANGE)
    found = await core.database.read(audience.devices, actor.organisation_id, tag, service_profile_id, MOST + 1)
    if not found:
        raise Problem(
            Code.INVALID, "filter: no device has what it names: look at GET /api/v1/endpoint which tag and policy they have", field="filter"
        )
    if len(found) > MOST:
        raise Problem(
            Code.INVALID, f"filter: more than {MOST} devices are like that: narrow it, or give lists of endpoints", field="filter"
        )
    return [DeviceId(each) for each in found]


def prepare_all(core: Core, actor: Actor, device_ids: Sequence[DeviceId], draft: Draft) -> list[Submission]:
    """What goes to each device, to each once. Raises Problem for what is wrong with all."""
    wanted = list(dict.fromkeys(device_ids))
    if not wanted:
        raise Problem(Code.INVALID, "endpoints is empty: name at least one device", field="endpoints")
    if len(wanted) > MOST:
        text = f"endpoints holds {len(wanted)} devices, at most {MOST} go in one call: send the rest in another"
        raise Problem(Code.INVALID, text, field="endpoints")
    first = prepare(core, actor, wanted[0], draft)
    return [msgspec.structs.replace(first, device_id=device_id) for device_id in wanted]


async def send_all(submissions: Sequence[Submission]) -> list[Sent]:
    """What became of each; when this returns, all that was accepted survives power loss."""
    return await submissions[0].core.database.write(accept_all, submissions)


async def send_all_once(submissions: Sequence[Submission], once: Once) -> Told:
    """What the request of the submissions is told, by this sending or by an earlier one with its key. Raises Problem."""
    return await submissions[0].core.database.write(_accept_all_once, submissions, once)


def accept_all(tx: Transaction, submissions: Sequence[Submission]) -> list[Sent]:
    """What became of each: part of a transaction."""
    return [Sent(each.device_id, _result(answer)) for each, answer in zip(submissions, accept(tx, submissions), strict=True)]


def _accept_all_once(tx: Transaction, submissions: Sequence[Submission], once: Once) -> Told:
    return idempotency.run(tx, once, submissions[0].now_ms, lambda: accept_all(tx, submissions))


def _result(answer: MessageId | Told | Exception) -> MessageId | Problem:
    if isinstance(answer, Problem):
        return answer
    if isinstance(answer, Exception):
        raise answer
    assert not isinstance(answer, Told), "the key is that of the whole call"
    return answer
