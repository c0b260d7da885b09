"""Accept a message to a device: policy, segments, route; one transaction, then the lane's owner knows."""

from collections.abc import Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.esme import Asked
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import Direction, State, Terms, TrafficClass, fresh_segments, is_strict, written
from heliograph.model.permission import Right, require
from heliograph.model.policy import Question, Traffic, decide
from heliograph.model.problem import Code, Problem
from heliograph.service import fault
from heliograph.service.core import Core
from heliograph.service.draft import Draft
from heliograph.service.encode import Encoded, encode, source_of
from heliograph.service.fitting import Uncut, require_fit
from heliograph.service.idempotency import Claims, Once, Told
from heliograph.service.ledger import Ledger
from heliograph.service.meter import Meter, Wanted, is_limited, terms_of
from heliograph.service.side import side_of
from heliograph.service.validity import start, validity
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store import schedule as schedule_store
from heliograph.store.lane import Lane
from heliograph.store.message import Head, NewMessage, Party
from heliograph.store.transaction import Transaction


class Submission(msgspec.Struct, frozen=True):
    """A draft that was encoded, on its way into the database. `note`: what of it was changed, in plain words. `resend_of`: the message of
    which it is another sending. `once`: its request brought a key. `asked`: what an application asked for with it over SMPP."""

    core: Core
    actor: Actor
    device_id: DeviceId
    draft: Draft
    encoded: Encoded
    expiry_at_ms: int
    note: str | None
    now_ms: int
    resend_of: MessageId | None = None
    once: Once | None = None
    asked: Asked | None = None


async def submit(core: Core, actor: Actor, device_id: DeviceId, draft: Draft) -> MessageId:
    """Accept a message to one device; when this returns, it survives power loss. Raises Problem, and then nothing was kept."""
    return await accepted(prepare(core, actor, device_id, draft))


def prepare(
    core: Core, actor: Actor, device_id: DeviceId, draft: Draft, resend_of: MessageId | None = None, encoded: Encoded | None = None
) -> Submission:
    """All that can be said of a draft without the database. `encoded`: where a face took it from the wire as it goes on the air. Raises
    Problem."""
    require(actor, Right.CHANGE)
    now_ms = core.clock.now_ms()
    encoded = encoded or encode(draft)
    expiry_at_ms, note = validity(draft.expiry_at_ms, start(draft.scheduled_at_ms, now_ms))
    return Submission(core, actor, device_id, draft, encoded, expiry_at_ms, note, now_ms, resend_of)


async def accepted(submission: Submission) -> MessageId:
    """The id of a submission once it survives power loss. Raises Problem, and then nothing was kept."""
    answer: MessageId | Told = await submission.core.database.write_item(accept, submission, overtakes=True)
    assert not isinstance(answer, Told)
    fault.point("submit.after_commit")
    return answer


async def accepted_once(submission: Submission) -> Told:
    """What the request of a submission with a key is told, by this sending or by an earlier one. Raises Problem."""
    answer: MessageId | Told = await submission.core.database.write_item(accept, submission, overtakes=True)
    assert isinstance(answer, Told)
    fault.point("submit.after_commit")
    return answer


def accept(tx: Transaction, items: Sequence[Submission], ids: Sequence[int] | None = None) -> list[MessageId | Told | Exception]:
    """The batch use case: an id, what is told where there is a key, or a Problem, for each submission. Serialised by its key, then by the
    lane of its device. `ids`: where the caller has taken them already."""
    core = items[0].core
    ids = tx.ids("message", len(items)) if ids is None else ids
    keyed = {position: (item.once, ids[position]) for position, item in enumerate(items) if item.once is not None}
    claims = Claims(tx, keyed, items[0].now_ms)
    wanted = [(position, item.device_id, item.actor.scope) for position, item in enumerate(items) if position not in claims]
    parties = {party.position: party for party in message_store.lock_parties(tx, wanted)}
    lanes: dict[int, Lane] = {}
    ledger = Ledger(tx, core, items[0].now_ms)
    intake = Intake(tx, core, lanes, ledger)
    intake.meter.lock(Wanted(each, Traffic.MT, items[at].now_ms) for at, each in parties.items() if is_limited(each))
    answers: list[MessageId | Told | Exception] = []
    for position, (item, message_id) in enumerate(zip(items, ids, strict=True)):
        party = parties.get(position)
        try:
            answers.append(MessageId(message_id) if position in claims else _accept_one(intake, item, party, MessageId(message_id)))
        except Problem as problem:
            answers.append(problem)
    intake.write()
    answers = claims.settle(answers)
    fault.point("submit.before_commit")
    return answers


class Intake:
    """Puts accepted MT messages into their lanes, for a batch: used here, and by `receive` for what phones and devices send to devices."""

    def __init__(self, tx: Transaction, core: Core, lanes: dict[int, Lane], ledger: Ledger) -> None:
        self.tx = tx
        self.core = core
        self.ledger = ledger
        self._lanes = lanes
        self._heads: dict[int, list[Head]] = {}
        self.meter = Meter(tx)
        self._hints: set[int] = set()
        self._room: dict[int, tuple[int, int] | None] = {}
        self._scheduled: list[tuple[int, int]] = []
        self._resent: list[tuple[int, int]] = []

    def put(self, found: Lane, link_id: int, new: NewMessage) -> None:
        """Keep `new` and give it the next place in a locked lane of a link."""
        self.place(found, link_id, new)
        self._keep(new)

    def hold(self, new: NewMessage, scheduled_at_ms: int) -> None:
        """Keep `new`, which takes a place in a lane when its time has come (`service/schedule.py`)."""
        self._scheduled.append((new.id, scheduled_at_ms))
        self._keep(new)

    def place(self, found: Lane, link_id: int, new: NewMessage) -> None:
        """Give `new` the next place in a locked lane of a link; where this process owns the link and has room, it is taken at once, unless
        it may have to wait for the receipt of another."""
        lane = self._lanes.setdefault(found.id, found)
        new.lane_id, new.lane_seq, new.link_id = lane.id, lane.next_seq, link_id
        was_idle = lane.is_idle
        if was_idle:
            lane.head_seq = lane.next_seq
        lane.next_seq += 1
        lane.expire_by(new.expiry_at_ms)
        epoch = self._slot(link_id) if was_idle and not is_strict(new.terms) else None
        if epoch is not None:
            lane.take(epoch)
            self._heads.setdefault(link_id, []).append(_head(new))
        elif was_idle:
            lane.wait(self.ledger.now_ms, self.ledger.now_ms)
            self._hints.add(link_id)
        elif lane.due_at_ms is not None and lane.taken_epoch is None:
            lane.due_at_ms = min(lane.due_at_ms, new.expiry_at_ms)

    def resent(self, message_id: int, resend_of: int) -> None:
        """Note that a message is another sending of an earlier one."""
        self._resent.append((message_id, resend_of))

    def refuse(self, new: NewMessage, problem: Problem) -> None:
        """Keep `new` with the rule that refused it; nothing of it is sent."""
        new.state, new.final_at_ms = State.FAILED, self.ledger.now_ms
        new.reason, new.reason_code = problem.text, problem.code
        self.ledger.insert(new, "sms.refused")

    def write(self) -> None:
        """Write lanes, counters, messages, in the order in which rows are locked."""
        lane_store.save(self.tx, self._lanes.values())
        self.meter.write()
        self.ledger.write()
        schedule_store.insert(self.tx, self._scheduled)
        schedule_store.insert_resent(self.tx, self._resent)
        for link_id, heads in self._heads.items():
            self.tx.after_commit(self.core.queues.take, link_id, heads)
        for link_id in self._hints:
            self.tx.after_commit(self.core.queues.hint, link_id)

    def _keep(self, new: NewMessage) -> None:
        self.ledger.insert(new, "sms.accepted")

    def _slot(self, link_id: int) -> int | None:
        """The epoch to take a lane with, while the link is owned here and there is room; holds the lease until the commit."""
        if link_id not in self._room:
            self._room[link_id] = self.core.queues.room(self.tx, link_id)
        slot = self._room[link_id]
        if slot is None or slot[1] <= 0:
            return None
        self._room[link_id] = (slot[0], slot[1] - 1)
        return slot[0]


def _accept_one(intake: Intake, item: Submission, party: Party | None, message_id: MessageId) -> MessageId:
    if party is None or party.deleted_at_ms is not None:
        raise Problem(Code.INVALID_REFERENCE, f"Endpoint with Id '{item.device_id}' not found.")
    wanted = Wanted(party, Traffic.MT, item.now_ms)
    side = side_of(party, intake.meter.tally(wanted))
    new = _message(item, party, side.policy.settings.default_source or party.default_source, message_id)
    question = Question(TrafficClass.A2P_MT, None, side, new.source, new.segments, item.now_ms)
    decision = decide(question)
    if isinstance(decision, Problem):
        intake.meter.note_refusal(decision, wanted, question.rates)
        new.terms = written(Terms(secrets=item.draft.secrets))
        intake.refuse(new, decision)
        raise decision
    if new.udh or new.user_data is not None:
        require_fit(intake.tx, item.core, party.link_id, Uncut(new.payload, new.dcs, new.udh, new.user_data))
    intake.meter.count(question, decision)
    new.terms = written(_with_asked(terms_of(party, decision.counted[0]), item))
    if item.draft.scheduled_at_ms is None:
        intake.put(party.lane(), party.link_id, new)
    else:
        intake.hold(new, item.draft.scheduled_at_ms)
    if item.resend_of is not None:
        intake.resent(new.id, item.resend_of)
    return message_id


def _with_asked(terms: Terms, item: Submission) -> Terms:
    """The terms with what was asked for beside a text."""
    if item.asked is None and not item.draft.secrets:
        return terms
    return msgspec.structs.replace(terms, asked=item.asked, secrets=item.draft.secrets)


def _message(item: Submission, party: Party, default_source: str | None, message_id: MessageId) -> NewMessage:
    """The row of a submission, not yet in a lane. Raises Problem for a sender that is neither number nor name."""
    source, source_type = source_of(item.draft, default_source)
    wants_patch = item.actor.door.wants_patch
    return NewMessage(
        id=message_id,
        organisation_id=party.organisation_id,
        device_id=party.device_id,
        sim_id=party.sim_id,
        direction=Direction.MT,
        traffic_class=TrafficClass.A2P_MT,
        door=item.actor.door,
        user_id=item.actor.user_id,
        token_id=item.actor.token_id,
        source=source,
        source_type=source_type,
        dest=party.msisdn or party.imsi or "",
        payload=item.draft.payload,
        dcs=item.encoded.dcs,
        pid=item.draft.pid,
        udh=item.encoded.udh,
        segments=item.encoded.segments,
        segment_states=fresh_segments(item.encoded.segments),
        state=State.PENDING,
        submitted_at_ms=item.now_ms,
        expiry_at_ms=item.expiry_at_ms,
        callback_id=party.api_callback_id if wants_patch else None,
        secret_id=party.api_secret_id if wants_patch else None,
        note=item.note,
        user_data=item.draft.user_data,
    )


def _head(new: NewMessage) -> Head:
    """What the owner of the link needs of a message that was just accepted, without reading it back."""
    return Head(
        message_id=new.id,
        lane_id=new.lane_id or 0,
        lane_seq=new.lane_seq or 0,
        organisation_id=new.organisation_id,
        device_id=new.device_id,
        source=new.source,
        source_type=new.source_type,
        address=new.dest,
        payload=new.payload,
        dcs=new.dcs,
        pid=new.pid,
        udh=new.udh,
        segment_states=new.segment_states,
        expiry_at_ms=new.expiry_at_ms,
        user_data=new.user_data,
    )
