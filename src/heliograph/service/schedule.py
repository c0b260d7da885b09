"""Messages that are not to be sent before a time of their own.

Until then such a message stands in no lane, so it holds up nothing; when its time has come it takes the next place in the lane of its
device, as if it were sent at that moment: what its device and the switches of its policy are then decides. It was counted when it was
accepted, so limits and quota are not asked again; what is refused is given back.
Whoever ends its waiting, by a release or by a cancel, changes its row of `scheduled` first.
"""

from heliograph.model.message import State, TrafficClass, Verdict
from heliograph.model.policy import still_refuses
from heliograph.model.problem import Code, Problem
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.service.side import side_of, subscriber_of
from heliograph.service.submit import Intake
from heliograph.store import message as message_store
from heliograph.store import schedule as store
from heliograph.store.message import Party
from heliograph.store.transaction import Transaction

BATCH = 100
"""Messages of one transaction: a bulk SMS is due at one moment, and others wait for the writer meanwhile."""


async def release_due(core: Core) -> None:
    """Send all whose time has come. A reader looks first, since mostly there is nothing to write."""
    while True:
        now_ms = core.clock.now_ms()
        due_ms = await core.database.read(store.next_due)
        if due_ms is None or due_ms > now_ms:
            return
        if await core.database.write(release, core, now_ms) < BATCH:
            return


def release(tx: Transaction, core: Core, now_ms: int) -> int:
    """Give messages whose time has come a place in the lane of their device; how many, at most BATCH. One that its device can not get
    any more ends. Serialised by the row that says it waits, then the lane, then the message."""
    due = store.take_due(tx, now_ms, BATCH)
    if not due:
        return 0
    wanted = sorted(set(store.devices(tx, due).values()))
    parties = {party.device_id: party for party in message_store.lock_parties(tx, [(at, each, 0) for at, each in enumerate(wanted)])}
    locked = message_store.lock(tx, due)
    ledger = Ledger(tx, core, now_ms)
    intake = Intake(tx, core, {}, ledger)
    placed = []
    for new in store.messages(tx, due):
        party = parties.get(new.device_id or 0)
        problem = _refusal(party, TrafficClass(new.traffic_class))
        if party is None or problem is not None:
            refused = problem or _gone()
            ledger.change(locked[new.id], Verdict(State.FAILED, refused.text, refused.code))
            continue
        new.sim_id, new.dest = party.sim_id, subscriber_of(party).address or ""
        intake.place(party.lane(), party.link_id, new)
        placed.append(new)
    store.place(tx, placed)
    intake.write()
    return len(due)


def _refusal(party: Party | None, traffic_class: TrafficClass) -> Problem | None:
    if party is None or party.deleted_at_ms is not None:
        return _gone()
    return still_refuses(side_of(party), traffic_class)


def _gone() -> Problem:
    return Problem(Code.INVALID_REFERENCE, "the device was deleted before the time the SMS was scheduled for")
