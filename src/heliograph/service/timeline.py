"""Every step of a message in plain words, with its time: who sent it, what was decided, each try, what it waits for, how it ended."""

from heliograph.model.account import Actor, Door
from heliograph.model.ids import MessageId
from heliograph.model.message import CLASS_WORDS, STATE_NAMES, Direction, Segment, State, TrafficClass
from heliograph.service import step
from heliograph.service.cancel import unknown
from heliograph.service.core import Core
from heliograph.service.history import shown
from heliograph.service.step import Field, Step, moment
from heliograph.store import search as search_store
from heliograph.store import timeline as store
from heliograph.store.search import FoundMessage
from heliograph.store.timeline import Kept, Peer
from heliograph.store.transaction import Transaction

NOT_WORKING = {"down": "down", "fault": "out of order", "disabled": "stopped"}
"""States of a link by which nothing goes."""
DOORS = {
    Door.REST: "the REST API",
    Door.PORTAL: "the portal",
    Door.ZAPIER: "Zapier",
    Door.SMPP: "SMPP",
    Door.CLI: "the command line",
    Door.TECHNICIAN: "the portal",
}


async def timeline(core: Core, actor: Actor, message_id: MessageId) -> list[Step]:
    """The steps of a message, oldest first. Raises Problem where it is not there, or not the actor's."""
    found, kept = await core.database.read(_kept, actor.scope, message_id)
    sent = len(found.segment_states)  # more than were counted where a link has another alphabet (service/cut.py)
    steps = [
        _accepted(found, kept),
        *_linked(found, kept),
        _decision(found),
        step.encoding(found),
        *_changed(found),
        *_scheduled(found),
        *_routed(found),
        *(step.attempt(each, sent) for each in kept.attempts),
        *(step.receipt(each, sent) for each in kept.receipts),
        *_cancel_asked(found),
        *_end_or_wait(found, kept, core.clock.now_ms()),
    ]
    for delivery in kept.deliveries:
        steps += step.deliveries(delivery, [each for each in kept.tries if each.delivery_id == delivery.id])
    for again, at_ms in kept.sent_again:
        steps.append(Step("sent_again", at_ms, f"Sent again as the SMS {again}", {"message": again}))
    return sorted(steps, key=lambda each: each.at_ms)


def _kept(tx: Transaction, scope: int, message_id: MessageId) -> tuple[FoundMessage, Kept]:
    found = search_store.one(tx, scope, message_id)
    if found is None:
        raise unknown(message_id)
    return shown(found), store.kept_of(tx, found)


def _accepted(found: FoundMessage, kept: Kept) -> Step:
    fields: dict[str, Field] = {"door": found.door, "expiry_at_ms": found.expiry_at_ms}
    if found.door == Door.LINK:
        link = f" by the link {found.link_name}" if found.link_name else ""
        text = f"Heard from {found.source}{link}, to {found.dest or 'no number'}"
        return Step("received", found.submitted_at_ms, text, {"door": found.door, "source": found.source, "dest": found.dest})
    who = f" by {kept.user}" if kept.user else f" by the application token {kept.token or found.token_id}" if found.token_id else ""
    fields |= {"user": kept.user} if kept.user else {}
    fields |= {"token": found.token_id, "token_description": kept.token} if found.token_id else {}
    text = f"Accepted over {DOORS[Door(found.door)]}{who}, valid until {moment(found.expiry_at_ms)}"
    return Step("accepted", found.submitted_at_ms, text, fields)


def _linked(found: FoundMessage, kept: Kept) -> list[Step]:
    steps = []
    if found.resend_of is not None:
        text = f"Another sending of the SMS {found.resend_of}"
        steps.append(Step("resend_of", found.submitted_at_ms, text, {"message": found.resend_of}))
    if kept.peer is not None and _is_shown(found, kept.peer):
        steps.append(_peer(found, kept.peer))
    return steps


def _is_shown(found: FoundMessage, peer: Peer) -> bool:
    """Whether the other end is: where a phone would have none, since it sent or was never tried, another organisation's device is none."""
    return peer.organisation_id == found.organisation_id or (found.direction == Direction.MO and not _is_refused(found))


def _peer(found: FoundMessage, peer: Peer) -> Step:
    """The other end; of another organisation's nothing is said but what became of the SMS there, as a phone's network would."""
    side = "receiver" if found.direction == Direction.MO else "sender"
    status = STATE_NAMES[State(peer.state)]
    if peer.organisation_id != found.organisation_id:
        text = f"Its {side} is outside the organisation; the SMS there: {status}"
        return Step("peer", found.submitted_at_ms, text, {"side": side, "status": status})
    device = f"the device {peer.device_name or peer.device_id}" if peer.device_id is not None else f"the phone {peer.dest}"
    fields: dict[str, Field] = {
        "side": side,
        "message": found.peer_id,
        "endpoint": peer.device_id,
        "status": status,
    }
    return Step("peer", found.submitted_at_ms, f"Its {side} is {device}: see the SMS {found.peer_id}", fields)


def _is_refused(found: FoundMessage) -> bool:
    return State(found.state) is State.FAILED and found.lane_seq is None and found.scheduled_at_ms is None


def _decision(found: FoundMessage) -> Step:
    kind = CLASS_WORDS[TrafficClass(found.traffic_class)]
    fields: dict[str, Field] = {"class": found.traffic_class}
    if _is_refused(found):
        fields |= {"rule": found.reason_code}
        return Step("decision", found.submitted_at_ms, f"Refused, {kind}, by the rule {found.reason_code}: {found.reason}", fields)
    return Step("decision", found.submitted_at_ms, f"Allowed by the service policy, {kind}", fields)


def _changed(found: FoundMessage) -> list[Step]:
    return [] if found.note is None else [Step("note", found.submitted_at_ms, f"Changed: {found.note}", {"note": found.note})]


def _scheduled(found: FoundMessage) -> list[Step]:
    at_ms = found.scheduled_at_ms
    if at_ms is None:
        return []
    fields: dict[str, Field] = {"scheduled_at_ms": at_ms}
    steps = [Step("scheduled", found.submitted_at_ms, f"Not to be sent before {moment(at_ms)}", fields)]
    if found.due_at_ms is None and found.lane_seq is not None:
        steps.append(Step("released", at_ms, "Its time has come: it takes its turn", fields))
    return steps


def _routed(found: FoundMessage) -> list[Step]:
    if found.direction == Direction.MO or found.link_id is None or found.due_at_ms is not None or _is_refused(found):
        return []
    text = f"Goes to {found.dest} by the link {found.link_name or found.link_id}"
    at_ms = found.scheduled_at_ms or found.submitted_at_ms
    return [Step("route", at_ms, text, {"dest": found.dest, "link_id": found.link_id, "link": found.link_name})]


def _cancel_asked(found: FoundMessage) -> list[Step]:
    at_ms = found.cancel_requested_at_ms
    return [] if at_ms is None else [Step("cancel_asked", at_ms, "Asked to take it back while it was on its way", {})]


def _end_or_wait(found: FoundMessage, kept: Kept, now_ms: int) -> list[Step]:
    if State(found.state).is_final:
        return [step.end(found, found.final_at_ms or now_ms)]
    why, fields = _wait(found, kept)
    fields["status"] = STATE_NAMES[State(found.state)]
    return [Step("waiting", now_ms, why, fields)]


def _wait(found: FoundMessage, kept: Kept) -> tuple[str, dict[str, Field]]:
    """What it waits for now."""
    if found.due_at_ms is not None:
        return f"Waits for the time it is scheduled for, {moment(found.due_at_ms)}", {"next_try_at_ms": found.due_at_ms}
    if State(found.state) is State.IN_PROGRESS:
        return "On its way: the answer of the network is awaited", {}
    if not any(Segment(letter).is_open for letter in found.segment_states):
        text = f"The network has it: its receipt is awaited until some minutes after {moment(found.expiry_at_ms)}"
        return text, {"expiry_at_ms": found.expiry_at_ms}
    if kept.link is not None and kept.link.state in NOT_WORKING:
        text = f"Waits: the link {kept.link.name} is {NOT_WORKING[kept.link.state]}, and no other of its route has taken over"
        return text, {"link": kept.link.name, "link_state": kept.link.state}
    if kept.ahead:
        return f"Waits for its turn: {kept.ahead} of the same destination go first", {"ahead": kept.ahead}
    if found.retry_at_ms is not None:
        text = f"Waits: it is tried again at {moment(found.retry_at_ms)}, or at once when the device is heard of"
        return text, {"next_try_at_ms": found.retry_at_ms, "retries": found.retries}
    return "Waits until its link has room, or is up", {}
