"""Where an inbound SMS goes: to the application, to another device, or nowhere, by the rules of numbers and classes.

What goes on to another subscriber goes as it came, each part for itself: octets, header and data coding. What is refused is kept with the
rule that refused it, at the sender and, where its rule was a receiver's, at the receiver; a sender of another organisation is told no more
than a phone's number would tell it.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from heliograph.model import retry, webhook_body
from heliograph.model.account import Door
from heliograph.model.ids import MessageId
from heliograph.model.link import Answer, LinkProfile
from heliograph.model.message import DEFAULT_VALIDITY_MS, Direction, SourceType, State, TrafficClass, fresh_segments, written
from heliograph.model.message import Segment as SegmentState
from heliograph.model.number import is_dialled, matches
from heliograph.model.policy import SMPP, Allowed, Question, Traffic, decide
from heliograph.model.policy_settings import read
from heliograph.model.problem import Code, Problem
from heliograph.model.route import Target, no_way_out, outside, way_out
from heliograph.service import contact, esme_report
from heliograph.service.arrived import Arrived
from heliograph.service.core import Core
from heliograph.service.directory import Directory, Way
from heliograph.service.ledger import Ledger
from heliograph.service.meter import Wanted, is_limited, terms_of
from heliograph.service.report import Report
from heliograph.service.side import side_of
from heliograph.service.submit import Intake
from heliograph.store import lane as lane_store
from heliograph.store import message as message_store
from heliograph.store import part as part_store
from heliograph.store import policy as policy_store
from heliograph.store import route as route_store
from heliograph.store.lane import Lane
from heliograph.store.message import NewMessage, Party
from heliograph.store.part import Unmatched
from heliograph.store.transaction import Transaction


class Verdicts(msgspec.Struct, frozen=True):
    """What the policies say of one SMS: what was allowed, or whose rule refuses it."""

    allowed: tuple[tuple[Question, Allowed], ...] = ()
    of_sender: Problem | None = None
    of_receiver: Problem | None = None


class Mailroom:
    """Sorts the inbound SMS of one batch. `sort` each, then `write`."""

    def __init__(self, tx: Transaction, core: Core, directory: Directory, arrived: Sequence[Arrived], now_ms: int) -> None:
        self.tx = tx
        self.core = core
        self.now_ms = now_ms
        concerned = {(each.link_id, number) for each in arrived for number in (each.source, each.destination) if number}
        devices = sorted(directory.devices(concerned))
        parties = message_store.lock_parties(tx, [(position, device_id, 0) for position, device_id in enumerate(devices)])
        self._directory = directory.with_parties(parties)
        self._lanes: dict[int, Lane] = {}
        self._phones: dict[tuple[int, str], tuple[int, Lane]] = {}
        self._ledger = Ledger(tx, core, now_ms)
        self._intake = Intake(tx, core, self._lanes, self._ledger)
        self._meter = self._intake.meter
        self._ways = {id(each): self._directory.way(each.link_id, each.source, each.destination) for each in arrived}
        self._meter.lock(self._wanted())
        self._ids = iter(tx.ids("message", 2 * len(arrived)) if arrived else ())
        self._awake: dict[int, Party] = {}
        self._accounts: dict[int, str] = {}
        self._to_phones: dict[int, list[tuple[str, int]]] = {}
        self._unmatched: list[Unmatched] = []
        self._of_policies: list[tuple[str, ...]] | None = None

    def sort(self, arrived: Arrived) -> Answer:
        """Decide about one SMS and keep it."""
        way = self._ways[id(arrived)]
        if way.sender is not None:
            self._awake[way.sender.device_id] = way.sender
            return self._from_device(arrived, way, way.sender)
        if way.receiver is not None:
            return self._from_phone(arrived, way, way.receiver)
        return self._from_nobody(arrived)

    def write(self) -> None:
        """Write everything that `sort` decided."""
        climbing = [device_id for device_id, party in self._awake.items() if party.ladder_step > 0]
        for report in esme_report.alerts(self.tx, climbing, self.now_ms):
            self._ledger.report(report)
        self._intake.write()
        part_store.keep_unmatched(self.tx, self._unmatched)
        lane_store.begin_ladder_anew(self.tx, climbing)
        contact.note(self.tx, [(each.device_id, each.organisation_id, each.heard_at_ms) for each in self._awake.values()], self.now_ms)
        for link_id, due_at_ms in lane_store.wake(self.tx, self._awake, self.now_ms, retry.WAKE_GAP):
            self.tx.after_commit(self.core.queues.hint, link_id, due_at_ms)

    def _wanted(self) -> Iterable[Wanted]:
        """What may be used up and stands under a limit or a rate."""
        for way in self._ways.values():
            is_p2p = way.traffic_class is not TrafficClass.A2P_MO
            for party, traffic in ((way.sender, Traffic.MO), (way.receiver, Traffic.MT)):
                if party is not None and (is_p2p or is_limited(party)):
                    yield Wanted(party, traffic, self.now_ms, p2p=is_p2p)

    # from a device

    def _from_device(self, arrived: Arrived, way: Way, sender: Party) -> Answer:
        mo = self._mo(arrived, sender, way.traffic_class)
        verdicts = self._verdicts(arrived, way)
        if verdicts.of_sender is not None or verdicts.of_receiver is not None:
            return self._refuse(arrived, way, mo, verdicts)
        self._count(verdicts)
        self._ledger.insert(mo, "sms.received")
        if way.receiver is not None:
            self._to_device(arrived, way, way.receiver, verdicts, mo)
        elif way.destination is not None and way.destination.target is Target.NETWORK:
            self._to_phone(arrived, sender, way, mo)
        else:
            self._tell_application(arrived, sender, mo)
        return Answer(message_id=MessageId(mo.id))

    def _verdicts(self, arrived: Arrived, way: Way) -> Verdicts:
        """Ask the policies; nothing is counted yet."""
        allowed: list[tuple[Question, Allowed]] = []
        for question in self._questions(arrived, way):
            decision = decide(question)
            if isinstance(decision, Problem):
                return self._refused(question, decision, way)
            allowed.append((question, decision))
        if way.destination is not None and way.destination.target is Target.NETWORK and self._way_out(arrived, way) is None:
            return Verdicts(of_sender=no_way_out(way.destination.why))
        return Verdicts(tuple(allowed))

    def _questions(self, arrived: Arrived, way: Way) -> Iterator[Question]:
        """Between devices of one organisation one about both, else one about each end that is a device."""
        if way.traffic_class is TrafficClass.P2P_INTERNAL:
            yield self._question(arrived, way, way.traffic_class, way.sender, way.receiver)
            return
        if way.sender is not None:
            yield self._question(arrived, way, way.traffic_class, way.sender, None)
        if way.receiver is not None:
            yield self._question(arrived, way, TrafficClass.P2P_EXTERNAL_IN, None, way.receiver)

    def _refused(self, question: Question, problem: Problem, way: Way) -> Verdicts:
        """Whose rule refuses it, noted at that end."""
        of_sender = question.sender is not None and isinstance(decide(msgspec.structs.replace(question, receiver=None)), Problem)
        party, traffic = (way.sender, Traffic.MO) if of_sender else (way.receiver, Traffic.MT)
        assert party is not None
        self._meter.note_refusal(problem, Wanted(party, traffic, self.now_ms), self.core.p2p)
        return Verdicts(of_sender=problem) if of_sender else Verdicts(of_receiver=problem)

    def _question(self, arrived: Arrived, way: Way, traffic_class: TrafficClass, sender: Party | None, receiver: Party | None) -> Question:
        return Question(
            traffic_class,
            side_of(sender, self._meter.tally(Wanted(sender, Traffic.MO, self.now_ms))) if sender is not None else None,
            side_of(receiver, self._meter.tally(Wanted(receiver, Traffic.MT, self.now_ms))) if receiver is not None else None,
            way.shown_source,
            arrived.segments,
            self.now_ms,
            self.core.p2p,
            arrived.is_third,
        )

    def _count(self, verdicts: Verdicts) -> None:
        for question, allowed in verdicts.allowed:
            self._meter.count(question, allowed)

    def _refuse(self, arrived: Arrived, way: Way, mo: NewMessage, verdicts: Verdicts) -> Answer:
        """Keep what was refused: at the sender, and at the receiver where that one's rule did it."""
        problem = verdicts.of_sender or verdicts.of_receiver
        assert problem is not None
        if verdicts.of_receiver is not None and way.receiver is not None:
            mt = self._mt(arrived, way, way.receiver, peer_id=mo.id)
            mo.peer_id = mt.id
            self._intake.refuse(mt, verdicts.of_receiver)
            if way.traffic_class is not TrafficClass.P2P_INTERNAL:
                problem = self._as_of_a_phone(arrived, way)
        mo.segment_states = SegmentState.FAILED * mo.segments
        self._intake.refuse(mo, problem)
        return Answer(refused=problem.code.value, message_id=MessageId(mo.id))

    def _as_of_a_phone(self, arrived: Arrived, way: Way) -> Problem:
        """What a sender is told where a device of another organisation refuses: no more than if it were a phone."""
        if self._way_out(arrived, way) is None:
            return no_way_out(outside(arrived.destination))
        return Problem(Code.RECEIVER_REFUSES, f"{arrived.destination} does not take this SMS: ask its owner")

    def _to_device(self, arrived: Arrived, way: Way, receiver: Party, verdicts: Verdicts, mo: NewMessage) -> None:
        mt = self._mt(arrived, way, receiver, peer_id=mo.id)
        mo.peer_id = mt.id
        mt.terms = written(terms_of(receiver, verdicts.allowed[-1][1].counted[-1]))
        self._intake.put(receiver.lane(), receiver.link_id, mt)

    def _to_phone(self, arrived: Arrived, sender: Party, way: Way, mo: NewMessage) -> None:
        """A row of its own, without a device, that waits in the lane of the phone's number within the organisation."""
        onward = self._onward(arrived, sender.organisation_id, way, TrafficClass.P2P_EXTERNAL_OUT, mo.id)
        mo.peer_id = onward.id
        space = self._link(arrived.link_id).number_space
        phone = (sender.organisation_id, f"{space}/{onward.dest}" if space else onward.dest)
        if phone not in self._phones:  # what this batch puts into a lane is not written yet, so a second look would find it idle
            way_out = self._way_out(arrived, way) or arrived.link_id
            self._phones[phone] = lane_store.lock_for_number(self.tx, sender.organisation_id, way_out, phone[1])
        link_id, lane = self._phones[phone]
        self._intake.put(lane, link_id, onward)

    # from others

    def _from_phone(self, arrived: Arrived, way: Way, receiver: Party) -> Answer:
        verdicts = self._verdicts(arrived, way)
        mt = self._mt(arrived, way, receiver, peer_id=None)
        if verdicts.of_receiver is not None:
            self._intake.refuse(mt, verdicts.of_receiver)
            return Answer(refused=verdicts.of_receiver.code.value, message_id=MessageId(mt.id))
        self._count(verdicts)
        mt.terms = written(terms_of(receiver, verdicts.allowed[0][1].counted[0]))
        self._intake.put(receiver.lane(), receiver.link_id, mt)
        return Answer(message_id=MessageId(mt.id))

    def _from_nobody(self, arrived: Arrived) -> Answer:
        """An unknown source: kept for the operator; refused unless it wrote to a number of an application."""
        number = arrived.destination or ""
        known = not number or any(matches(number, listed) for listed in self._application_numbers(arrived.link_id))
        reason = "unmatched" if known else Code.NO_RELAY.value
        message_id = next(self._ids)
        self._unmatched.append(
            Unmatched(
                message_id=message_id,
                link_id=arrived.link_id,
                source=arrived.source,
                dest=arrived.destination,
                udh=arrived.udh,
                payload=arrived.payload,
                dcs=arrived.dcs,
                received_at_ms=arrived.received_at_ms,
                reason=reason,
            )
        )  # fmt: skip
        return Answer(refused=None if known else Code.NO_RELAY.value, message_id=MessageId(message_id))

    def _application_numbers(self, link_id: int) -> Iterator[tuple[str, ...]]:
        """Every list of numbers of applications that an SMS from nobody by a link may be meant for."""
        yield self.core.numbers.application_numbers
        yield self._link(link_id).numbers
        if self._of_policies is None:
            self._of_policies = [read(settings).application_numbers for settings in policy_store.with_application_numbers(self.tx)]
        yield from self._of_policies

    # rows

    def _mo(self, arrived: Arrived, sender: Party, traffic_class: TrafficClass) -> NewMessage:
        """The sender's row: final at its commit."""
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
            state=State.DELIVERED,
            submitted_at_ms=arrived.received_at_ms,
            expiry_at_ms=arrived.received_at_ms + DEFAULT_VALIDITY_MS,
            final_at_ms=self.now_ms,
            callback_id=sender.api_callback_id,
            secret_id=sender.api_secret_id,
        )

    def _mt(self, arrived: Arrived, way: Way, receiver: Party, peer_id: int | None) -> NewMessage:
        """The receiver's row."""
        traffic_class = way.traffic_class if way.traffic_class is TrafficClass.P2P_INTERNAL else TrafficClass.P2P_EXTERNAL_IN
        new = self._onward(arrived, receiver.organisation_id, way, traffic_class, peer_id)
        new.device_id, new.sim_id, new.dest = receiver.device_id, receiver.sim_id, receiver.msisdn or receiver.imsi or ""
        return new

    def _onward(self, arrived: Arrived, organisation_id: int, way: Way, traffic_class: TrafficClass, peer_id: int | None) -> NewMessage:
        """The row of what goes on to a device or a phone as it came, still without a device."""
        source = way.shown_source
        dialled = SourceType.INTERNATIONAL if source else SourceType.NATIONAL
        return NewMessage(
            id=next(self._ids),
            organisation_id=organisation_id,
            device_id=None,
            sim_id=None,
            direction=Direction.MT,
            traffic_class=traffic_class,
            link_id=arrived.link_id,
            door=Door.LINK,
            source=source,
            source_type=dialled if not source or is_dialled(source) else SourceType.ALPHANUMERIC,
            dest=arrived.destination or "",
            payload=arrived.payload,
            dcs=arrived.dcs,
            pid=arrived.pid,
            udh=arrived.udh,
            segments=arrived.segments,
            segment_states=fresh_segments(arrived.segments),
            state=State.PENDING,
            submitted_at_ms=self.now_ms,
            expiry_at_ms=self.now_ms + DEFAULT_VALIDITY_MS,
            peer_id=peer_id,
            user_data=arrived.user_data,
        )

    def _tell_application(self, arrived: Arrived, sender: Party, new: NewMessage) -> None:
        if sender.esme_interface_type_id == SMPP:
            self._ledger.report(esme_report.of_inbound(self._account_of(sender), arrived, sender, new))
            return
        webhook = self.core.notifier.webhooks.told_at_once(self.tx, sender.api_callback_id, "sms.received")
        if webhook is None:
            return
        body = webhook_body.inbound(
            message_id=new.id, organisation_id=sender.organisation_id, device_id=sender.device_id, device_name=sender.name,
            source=arrived.source, dest=arrived.destination or "", payload=arrived.payload, dcs=arrived.dcs, pid=arrived.pid,
            submitted_at_ms=arrived.received_at_ms, part=arrived.part,
        )  # fmt: skip
        self._ledger.report(
            Report(
                organisation_id=sender.organisation_id,
                callback_id=webhook.id,
                secret_id=sender.api_secret_id,
                secret=sender.secret,
                message_id=new.id,
                device_id=sender.device_id,
                type="sms.received",
                method="POST",
                body=body,
            )
        )

    def _account_of(self, sender: Party) -> str:
        """The SMPP account that hears from a device, looked up once for each policy of a batch."""
        if sender.policy_id not in self._accounts:
            self._accounts[sender.policy_id] = esme_report.account_of(self.tx, sender.policy_id, sender.organisation_id)
        return self._accounts[sender.policy_id]

    def _way_out(self, arrived: Arrived, way: Way) -> int | None:
        """The link by which it goes to a phone, None where there is none; the routes of each organisation are read once for a batch."""
        assert way.sender is not None
        assert way.destination is not None
        organisation_id = way.sender.organisation_id
        if organisation_id not in self._to_phones:
            self._to_phones[organisation_id] = route_store.to_phones(self.tx, organisation_id)
        number, came_by = arrived.destination or "", self._link(arrived.link_id)
        return way_out(way.destination, number, came_by, self._to_phones[organisation_id])

    def _link(self, link_id: int) -> LinkProfile:
        return self.core.queues.profile(link_id)
