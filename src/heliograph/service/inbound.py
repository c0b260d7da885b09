"""Where an inbound SMS goes: to the application, to another device, or nowhere, by the rules of numbers and classes."""

from collections.abc import Sequence

import msgspec

from heliograph.gsm.segment import Segment
from heliograph.model import retry, webhook_body
from heliograph.model.account import Door
from heliograph.model.device import ready
from heliograph.model.ids import MessageId
from heliograph.model.link import Answer, Inbound, LinkProfile
from heliograph.model.message import DEFAULT_VALIDITY_MS, Direction, SourceType, State, TrafficClass, fresh_segments
from heliograph.model.message import Segment as SegmentState
from heliograph.model.number import is_dialled, matches
from heliograph.model.policy import Question, decide
from heliograph.model.policy_settings import read
from heliograph.model.problem import Code, Problem
from heliograph.model.route import Destination, Target, destination_of
from heliograph.service.core import Core
from heliograph.service.encode import encode_onward, text_of
from heliograph.service.ledger import Ledger, Report
from heliograph.service.submit import Intake, side_of, subscriber_of
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store import part as part_store
from heliograph.store.lane import Lane
from heliograph.store.message import NewMessage, Party
from heliograph.store.part import Part, PartSet, Unmatched
from heliograph.store.transaction import Transaction


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound SMS that is handed on as one: a single one, a joined one, or a part whose others never came.

    `udh` is hex: of a single SMS or a lone part. `part`: number and total of a lone part, with the id of its set.
    `is_third`: it, or the part that was missing, came twice in the 60 s before."""

    link_id: int
    source: str
    destination: str | None
    payload: str
    udh: str
    user_data: str
    dcs: int
    pid: int
    segments: int
    received_at_ms: int
    part: tuple[int, int, str] | None = None
    is_third: bool = False

    @classmethod
    def of_single(cls, inbound: Inbound, *, is_third: bool = False) -> "Arrived":
        payload = text_of([Segment(1, 1, inbound.udh, inbound.user_data)], inbound.dcs)
        return cls(
            link_id=inbound.link_id,
            source=inbound.source,
            destination=inbound.destination,
            payload=payload,
            udh=inbound.udh.hex().upper(),
            user_data=inbound.user_data.hex().upper(),
            dcs=inbound.dcs,
            pid=inbound.pid,
            segments=1,
            received_at_ms=inbound.received_at_ms,
            is_third=is_third,
        )

    @classmethod
    def of_set(cls, parts: PartSet, held: Sequence[Part], received_at_ms: int, *, is_third: bool = False) -> "Arrived":
        """All parts of a set."""
        first = held[0]
        return cls(
            link_id=parts.link_id,
            source=parts.source,
            destination=parts.dest or None,
            payload=text_of([_segment(part, part.number, parts.total) for part in held], first.dcs),
            udh="",
            user_data="",
            dcs=first.dcs,
            pid=first.pid,
            segments=len(held),
            received_at_ms=received_at_ms,
            is_third=is_third,
        )

    @classmethod
    def of_lone_part(cls, parts: PartSet, part: Part) -> "Arrived":
        """One part of a set whose others never came."""
        return cls(
            link_id=parts.link_id,
            source=parts.source,
            destination=parts.dest or None,
            payload=text_of([_segment(part, 1, 1)], part.dcs),
            udh=part.udh,
            user_data=part.user_data,
            dcs=part.dcs,
            pid=part.pid,
            segments=1,
            received_at_ms=part.received_at_ms,
            part=(part.number, parts.total, str(parts.id)),
        )


def _segment(part: Part, number: int, total: int) -> Segment:
    return Segment(number, total, bytes.fromhex(part.udh), bytes.fromhex(part.user_data))


class Mailroom:
    """Sorts the inbound SMS of one batch. `sort` each, then `write`."""

    def __init__(self, tx: Transaction, core: Core, arrived: Sequence[Arrived], now_ms: int) -> None:
        self.tx = tx
        self.core = core
        self.now_ms = now_ms
        numbers = {each.source for each in arrived} | {each.destination for each in arrived if each.destination}
        self._devices = message_store.devices_by_number(tx, numbers)
        wanted = [(position, device_id, 0) for position, device_id in enumerate(sorted(set(self._devices.values())))]
        self._parties = {party.device_id: party for party in message_store.lock_parties(tx, wanted)}
        self._lanes: dict[int, Lane] = {}
        self._phones: dict[tuple[int, str], tuple[int, Lane]] = {}
        self._ledger = Ledger(tx, core, now_ms)
        self._intake = Intake(tx, core, self._lanes, self._ledger)
        self._ids = iter(tx.ids("message", 2 * len(arrived)) if arrived else ())
        self._awake: set[int] = set()
        self._unmatched: list[Unmatched] = []

    def sort(self, arrived: Arrived) -> Answer:
        """Decide about one SMS and keep it."""
        sender = self._party(arrived.source)
        receiver = self._party(arrived.destination) if arrived.destination else None
        if sender is not None:
            self._awake.add(sender.device_id)
            return self._from_device(arrived, sender, receiver)
        if receiver is not None:
            return self._from_phone(arrived, receiver)
        return self._from_nobody(arrived)

    def write(self) -> None:
        """Write everything that `sort` decided."""
        self._intake.write()
        part_store.keep_unmatched(self.tx, self._unmatched)
        climbed = {party.device_id for party in self._parties.values() if party.ladder_step > 0}
        lane_store.begin_ladder_anew(self.tx, self._awake & climbed)
        for link_id, due_at_ms in lane_store.wake(self.tx, self._awake, self.now_ms, retry.WAKE_GAP):
            self.tx.after_commit(self.core.queues.hint, link_id, due_at_ms)

    def _party(self, number: str | None) -> Party | None:
        device_id = self._devices.get(number or "")
        return None if device_id is None else self._parties.get(device_id)

    def _from_device(self, arrived: Arrived, sender: Party, receiver: Party | None) -> Answer:
        link = self._link(arrived.link_id)
        settings = read(sender.settings)
        destination = destination_of(arrived.destination, link, self.core.numbers, settings, is_device=receiver is not None)
        traffic_class = _class_of(destination, sender, receiver)
        problem = self._refusal(arrived, sender, receiver, destination, traffic_class)
        new = self._mo(arrived, sender, traffic_class, problem)
        self._ledger.insert(new, "sms.refused" if problem else "sms.received")
        if problem is not None:
            return Answer(refused=problem.code.value, message_id=MessageId(new.id))
        self._intake.count(sender.device_id, "mo", arrived.segments, new.submitted_at_ms)
        if destination.target is Target.DEVICE and receiver is not None:
            internal = traffic_class is TrafficClass.P2P_INTERNAL
            mt = self._mt(arrived, receiver, traffic_class if internal else TrafficClass.P2P_EXTERNAL_IN, peer_id=new.id)
            new.peer_id = mt.id
            self._intake.put(receiver.lane(), receiver.link_id, mt)
        elif destination.target is Target.NETWORK:
            self._to_phone(arrived, sender, new)
        else:
            self._tell_application(arrived, sender, new)
        return Answer(message_id=MessageId(new.id))

    def _from_phone(self, arrived: Arrived, receiver: Party) -> Answer:
        question = Question(
            TrafficClass.P2P_EXTERNAL_IN, None, side_of(receiver), arrived.source, arrived.destination or "", arrived.segments, self.now_ms
        )
        problem = ready(subscriber_of(receiver)) or _loop(arrived) or decide(question)
        mt = self._mt(arrived, receiver, TrafficClass.P2P_EXTERNAL_IN, peer_id=None)
        if isinstance(problem, Problem):
            mt.state, mt.final_at_ms, mt.reason, mt.reason_code = int(State.FAILED), self.now_ms, problem.text, problem.code.value
            mt.link_id = arrived.link_id
            self._ledger.insert(mt, "sms.refused")
            return Answer(refused=problem.code.value, message_id=MessageId(mt.id))
        self._intake.put(receiver.lane(), receiver.link_id, mt)
        return Answer(message_id=MessageId(mt.id))

    def _from_nobody(self, arrived: Arrived) -> Answer:
        """An unknown source: kept for the operator; refused unless it wrote to a number of an application."""
        number = arrived.destination or ""
        known = not number or matches(number, self.core.numbers.application_numbers) or matches(number, self._link(arrived.link_id).numbers)
        reason = "unmatched" if known else Code.NO_RELAY.value
        message_id = next(self._ids)
        self._unmatched.append(
            Unmatched(
                message_id=message_id,
                link_id=arrived.link_id,
                source=arrived.source,
                dest=arrived.destination,
                udh=arrived.udh,
                user_data=arrived.user_data or arrived.payload,
                dcs=arrived.dcs,
                received_at_ms=arrived.received_at_ms,
                reason=reason,
            )
        )  # fmt: skip
        return Answer(refused=None if known else Code.NO_RELAY.value, message_id=MessageId(message_id))

    def _refusal(
        self, arrived: Arrived, sender: Party, receiver: Party | None, destination: Destination, traffic_class: TrafficClass
    ) -> Problem | None:
        if problem := ready(subscriber_of(sender)):
            return problem
        if destination.target is Target.NETWORK and not self._link(arrived.link_id).may_return:
            return Problem(
                Code.NO_ROUTE, f"{destination.why}, and the link it came by takes no SMS back: let the link return SMS, or add one"
            )
        if destination.target is Target.DEVICE and receiver is not None and (problem := ready(subscriber_of(receiver))):
            return problem
        if destination.target is not Target.APPLICATION and (problem := _loop(arrived)):
            return problem
        receiving = side_of(receiver) if receiver is not None and destination.target is Target.DEVICE else None
        question = Question(
            traffic_class, side_of(sender), receiving, arrived.source, arrived.destination or "", arrived.segments, self.now_ms
        )
        decision = decide(question)
        return decision if isinstance(decision, Problem) else None

    def _mo(self, arrived: Arrived, sender: Party, traffic_class: TrafficClass, problem: Problem | None) -> NewMessage:
        """The sender's row: final at its commit."""
        state = State.DELIVERED if problem is None else State.FAILED
        return NewMessage(
            id=next(self._ids),
            organisation_id=sender.organisation_id,
            device_id=sender.device_id,
            sim_id=sender.sim_id,
            direction=Direction.MO,
            traffic_class=traffic_class,
            link_id=arrived.link_id,
            door=Door.LINK,
            source=arrived.source,
            source_type=SourceType.INTERNATIONAL,
            dest=arrived.destination or "",
            payload=arrived.payload,
            dcs=arrived.dcs,
            pid=arrived.pid,
            udh=arrived.udh,
            segments=arrived.segments,
            segment_states=SegmentState.DELIVERED * arrived.segments,
            state=state,
            reason=problem.text if problem else None,
            reason_code=problem.code if problem else None,
            submitted_at_ms=arrived.received_at_ms,
            expiry_at_ms=arrived.received_at_ms + DEFAULT_VALIDITY_MS,
            final_at_ms=self.now_ms,
            callback_id=sender.api_callback_id,
            secret_id=sender.api_secret_id,
        )

    def _mt(self, arrived: Arrived, receiver: Party, traffic_class: TrafficClass, peer_id: int | None) -> NewMessage:
        """The receiver's row, which waits in its lane. A P2P message is forwarded with its header; parts that were joined are cut anew."""
        new = self._onward(arrived, receiver, traffic_class, peer_id)
        new.device_id, new.sim_id, new.dest = receiver.device_id, receiver.sim_id, subscriber_of(receiver).address or ""
        return new

    def _to_phone(self, arrived: Arrived, sender: Party, mo: NewMessage) -> None:
        """A row of its own, without a device, that waits in the lane of the phone's number within the organisation."""
        onward = self._onward(arrived, sender, TrafficClass.P2P_EXTERNAL_OUT, mo.id)
        mo.peer_id = onward.id
        phone = (sender.organisation_id, onward.dest)
        if phone not in self._phones:  # what this batch puts into a lane is not written yet, so a second look would find it idle
            self._phones[phone] = lane_store.lock_for_number(self.tx, sender.organisation_id, arrived.link_id, onward.dest)
        link_id, lane = self._phones[phone]
        self._intake.put(lane, link_id, onward)

    def _onward(self, arrived: Arrived, party: Party, traffic_class: TrafficClass, peer_id: int | None) -> NewMessage:
        """The row of what goes on to a device or a phone, still without a device."""
        encoded = encode_onward(arrived.payload, arrived.dcs, arrived.udh)
        return NewMessage(
            id=next(self._ids),
            organisation_id=party.organisation_id,
            device_id=None,
            sim_id=None,
            direction=Direction.MT,
            traffic_class=traffic_class,
            door=Door.LINK,
            source=arrived.source,
            source_type=SourceType.INTERNATIONAL if is_dialled(arrived.source) else SourceType.ALPHANUMERIC,
            dest=arrived.destination or "",
            payload=arrived.payload,
            dcs=encoded.dcs,
            pid=arrived.pid,
            udh=encoded.udh,
            segments=encoded.segments,
            segment_states=fresh_segments(encoded.segments),
            state=State.PENDING,
            submitted_at_ms=self.now_ms,
            expiry_at_ms=self.now_ms + DEFAULT_VALIDITY_MS,
            peer_id=peer_id,
        )

    def _tell_application(self, arrived: Arrived, sender: Party, new: NewMessage) -> None:
        if sender.api_callback_id is None or sender.url is None:
            return
        body = webhook_body.inbound(
            message_id=new.id, organisation_id=sender.organisation_id, device_id=sender.device_id, device_name=sender.name,
            source=arrived.source, dest=arrived.destination or "", payload=arrived.payload, dcs=arrived.dcs, pid=arrived.pid,
            submitted_at_ms=arrived.received_at_ms, part=arrived.part,
        )  # fmt: skip
        self._ledger.report(
            Report(
                organisation_id=sender.organisation_id,
                callback_id=sender.api_callback_id,
                secret_id=sender.api_secret_id,
                url=sender.url,
                secret=sender.secret,
                message_id=new.id,
                type="sms.received",
                method="POST",
                body=body,
            )
        )

    def _link(self, link_id: int) -> LinkProfile:
        return self.core.queues.profile(link_id)


def _loop(arrived: Arrived) -> Problem | None:
    """For what goes on to a device or a phone: an application may be told the same thing as often as a meter likes."""
    if not arrived.is_third:
        return None
    text = f"the same SMS from {arrived.source} to {arrived.destination} came a third time within 60 s, as it does in a loop"
    return Problem(Code.LOOP, f"{text}: find out who sends it again, or send it again after a minute")


def _class_of(destination: Destination, sender: Party, receiver: Party | None) -> TrafficClass:
    if destination.target is Target.APPLICATION:
        return TrafficClass.A2P_MO
    if destination.target is Target.DEVICE and receiver is not None and receiver.organisation_id == sender.organisation_id:
        return TrafficClass.P2P_INTERNAL
    return TrafficClass.P2P_EXTERNAL_OUT
