"""Accept messages to numbers, many at a time: what applications send over SMPP.

Which device a number leads to is looked up in the transaction that accepts, so that a SIM that was moved a moment ago is found where it is.
Whether the message may pass, `submit` decides as for any other door. A number that is no device of the account's is refused before
anything is kept: Heliograph is never a relay.
"""

from collections.abc import Sequence

import msgspec

from heliograph.model.esme import Asked
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.problem import Code, Problem
from heliograph.service.submit import Submission, accept
from heliograph.store import number as number_store
from heliograph.store.number import Owned
from heliograph.store.transaction import Transaction


class ToNumber(msgspec.Struct, frozen=True):
    """A submission whose device is still to be found, with what was asked for beside it. `by_imsi`: the number may be an IMSI; nobody dials
    one. `policy_id`: only a device of that policy will do. `group`: those with one number are told one id, that of the first of them
    (submit_multi)."""

    submission: Submission
    asked: Asked
    number: str
    policy_id: int | None = None
    by_imsi: bool = False
    group: int | None = None


Accepted = MessageId | Exception


def accept_to(tx: Transaction, items: Sequence[Sequence[ToNumber]]) -> list[list[Accepted]]:
    """The batch use case: for each batch, an id or a Problem for each of its messages. Serialised as `accept`."""
    wanted = [each for batch in items for each in batch]
    owned = number_store.owned(tx, {each.number for each in wanted})
    owners = [_owner(owned.get(each.number, ()), each) for each in wanted]
    found = [(each, owner) for each, owner in zip(wanted, owners, strict=True) if isinstance(owner, Owned)]
    ids = tx.ids("message", len(found)) if found else range(0)
    submissions = _submissions(found, ids)
    answers = iter([_answer(*each) for each in zip(submissions, accept(tx, submissions, ids), strict=True)] if found else ())
    said = iter([next(answers) if isinstance(owner, Owned) else owner for owner in owners])
    return [[next(said) for _ in batch] for batch in items]


def _owner(owned: Sequence[Owned], wanted: ToNumber) -> Owned | Problem:
    """The device of a number, if the sender may send to it."""
    mine = [each for each in owned if each.organisation_id == wanted.submission.actor.organisation_id]
    fitting = [each for each in mine if wanted.policy_id in (None, each.policy_id) and (each.is_dialled or wanted.by_imsi)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        text = f"{wanted.number} is a number of {len(fitting)} devices in different number spaces: send by the account of one's policy"
        return Problem(Code.NOT_A_DEVICE, text)
    return Problem(Code.NOT_A_DEVICE, f"{wanted.number} is no device of this account: send to the MSISDN of one of its devices")


def _submissions(found: Sequence[tuple[ToNumber, Owned]], ids: Sequence[int]) -> list[Submission]:
    first: dict[int, int] = {}
    made = []
    for (wanted, owner), message_id in zip(found, ids, strict=True):
        asked = wanted.asked
        if wanted.group is not None:
            asked = msgspec.structs.replace(asked, message_id=first.setdefault(wanted.group, message_id))
        made.append(msgspec.structs.replace(wanted.submission, device_id=DeviceId(owner.device_id), asked=asked))
    return made


def _answer(submission: Submission, answer: object) -> Accepted:
    """With the id that the application is told: where the first of several was refused, the others still go by its id."""
    assert isinstance(answer, int | Exception), "no key comes by SMPP"
    if isinstance(answer, Exception):
        return answer
    told = submission.asked.message_id if submission.asked is not None else None
    return MessageId(answer if told is None else told)
