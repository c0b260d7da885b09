"""Ask the network to forget what it took: by the owner of the link, where the link says that this works."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from heliograph.model.link import Canceller, LinkProfile, Taken
from heliograph.model.message import Segment, State, Verdict
from heliograph.service.core import Core
from heliograph.service.dispatch import LinkQueue
from heliograph.service.ledger import Ledger
from heliograph.store import attempt as attempt_store
from heliograph.store import message as message_store
from heliograph.store.database import DatabaseLost
from heliograph.store.transaction import Transaction

P = ParamSpec("P")
R = TypeVar("R")

RETRY_S = 1.0


async def cancel_in_network(core: Core, queue: LinkQueue, message_id: int) -> None:
    """Ask for each segment that the network took and has not reported on; CANCELED where it agrees to all. Of what a link cannot cancel
    nothing becomes. A task of its own, so it outlives a database that does not answer."""
    link = queue.link
    if not isinstance(link, Canceller):
        return
    taken = await _written(core, taken_by, message_id, queue.profile)
    answers = [await link.cancel(each) for each in taken]
    if answers and all(answers):
        await _written(core, end, core, message_id, core.clock.now_ms())


async def _written(core: Core, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function that may run twice, once the database confirms it."""
    while True:
        try:
            return await core.database.write(function, *args, **kwargs)
        except DatabaseLost:
            await core.clock.sleep_until(core.clock.monotonic() + RETRY_S)


def taken_by(tx: Transaction, message_id: int, profile: LinkProfile) -> list[Taken]:
    """What the network of this link took of a message and has not reported on, with the addresses that `cut` sends it with."""
    locked = message_store.lock(tx, [message_id]).get(message_id)
    if locked is None:
        return []
    refs = {
        each.segment: each.ref
        for each in attempt_store.of_message(tx, message_id)
        if each.outcome == "accepted" and each.link_id == profile.link_id and each.ref
    }
    still = [ref for segment, ref in refs.items() if locked.segment_states[max(segment, 1) - 1] == Segment.ACCEPTED and ref]
    sent = message_store.addresses(tx, message_id)
    destination = sent.imsi if profile.by_imsi and sent.imsi else sent.address
    return [Taken(ref, sent.source, sent.source_type, destination) for ref in still]


def end(tx: Transaction, core: Core, message_id: int, now_ms: int) -> None:
    """The network has forgotten it. Serialised by the message; a receipt that came meanwhile counts."""
    message = message_store.lock(tx, [message_id])[message_id]
    if State(message.state).is_final:
        return
    ledger = Ledger(tx, core, now_ms)
    ledger.change(message, Verdict(State.CANCELED, "cancelled in the network", "canceled"))
    ledger.write()
