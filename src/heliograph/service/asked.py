"""What an application asks about messages it sent over SMPP: one by its id, or those that wait between two addresses.

It sees what was sent by its own account only: ids rise by one, so whoever could ask about any could count others' traffic.
"""

from heliograph.model.account import Actor
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.store import asked as store
from heliograph.store import number as number_store
from heliograph.store.asked import Sent
from heliograph.store.transaction import Transaction

MOST_WAITING = 1000
MOST_OF_ONE_ID = 255
"""Destinations of a submit_multi: their messages have ids that follow one another."""


async def find(core: Core, actor: Actor, account: str, message_id: int, source: str) -> list[Sent]:
    """The message that an account was told this id of, or those of a submit_multi, sent from `source` as it was written then ("": from
    any). Raises Problem where there is none."""
    told = await core.database.read(_told, actor.organisation_id, message_id)
    found = [each for each in told if is_of(each, account, source)]
    if not found:
        raise Problem(Code.NOT_FOUND, f"{account} sent no message with the id {message_id} from that source")
    return found


async def waiting(core: Core, actor: Actor, account: str, source: str, number: str, service_type: str) -> list[Sent]:
    """What an account sent between two addresses and is not over, newest first; with a service_type only what was sent with it."""
    found = await core.database.read(_waiting, actor.organisation_id, number)
    fitting = [each for each in found if is_of(each, account, source)]
    return [each for each in fitting if not service_type or (each.asked and each.asked.service_type == service_type)]


def is_of(found: Sent, account: str, source: str) -> bool:
    """Whether it was sent by that account and from that source."""
    asked = found.asked
    return asked is not None and asked.account == account and source in ("", asked.source)


def _told(tx: Transaction, organisation_id: int, message_id: int) -> list[Sent]:
    """The first of a submit_multi may have been refused: its row, if it was kept, has no `asked`, and is none of them."""
    found = store.one(tx, organisation_id, message_id)
    if found is not None and found.asked is not None and found.asked.message_id is None:
        return [found]
    several = store.following(tx, organisation_id, message_id, message_id + MOST_OF_ONE_ID - 1)
    return [each for each in several if each.asked is not None and each.asked.message_id == message_id]


def _waiting(tx: Transaction, organisation_id: int, number: str) -> list[Sent]:
    owners = number_store.owned(tx, [number]).get(number, [])
    devices = [each.device_id for each in owners if each.organisation_id == organisation_id]
    return [each for device_id in devices for each in store.waiting(tx, organisation_id, device_id, MOST_WAITING)]
