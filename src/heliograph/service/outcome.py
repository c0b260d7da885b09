"""What the answers of a link make of one message and its lane: attempts, segments, state, and when to try again. Writes nothing itself."""

from collections.abc import Sequence

import msgspec

from heliograph.model import retry
from heliograph.model.link import Accepted, Delivery, ErrorClass, LinkProfile, OnUnknown, Outcome, Receipts, Refused, Unknown, Withdrawn
from heliograph.model.message import (
    BURNS_NO_ATTEMPT,
    UNCONFIRMED,
    Segment,
    State,
    Verdict,
    accepted_segment,
    grown,
    open_segments,
    verdict,
    with_segment,
    words,
    worse,
)
from heliograph.service.core import Core
from heliograph.service.correlate import Correlator
from heliograph.service.expire import end_undelivered
from heliograph.service.ledger import Ledger
from heliograph.store.attempt import attempt_row
from heliograph.store.lane import Lane
from heliograph.store.message import Locked


class Settlement(msgspec.Struct, frozen=True):
    """What came of one message that was taken: (segment, sent, answered, outcome) each. `lane_epoch`: the epoch it was taken in.
    `attempts`: how many were made before it was taken; None: whatever it has."""

    core: Core
    profile: LinkProfile
    epoch: int
    lane_epoch: int
    lane_id: int
    message_id: int
    source: str
    address: str
    results: Sequence[tuple[int, int, int, Outcome]]
    now_ms: int
    attempts: int | None = None


class Step:
    """One settlement: what its outcomes make of its message and its lane."""

    def __init__(self, item: Settlement, lane: Lane, message: Locked, ledger: Ledger, correlator: Correlator, temporary_tries: int) -> None:
        self.item = item
        self.lane = lane
        self.message = message
        self.ledger = ledger
        self.correlator = correlator
        self.temporary_tries = temporary_tries

    def apply(self) -> int | None:
        """Change message, attempts and correlation; when to try again, or None when the message leaves its lane."""
        message, item = self.message, self.item
        if isinstance(item.results[0][3], Withdrawn):
            return self._withdrawn(item.results[0][3])
        message.segment_states = grown(message.segment_states, max([number for number, _, _, _ in item.results]))
        self._keep_attempts()
        was_open = bool(open_segments(message.segment_states))
        worst: Outcome | None = None
        for number, _, _, outcome in item.results:
            self._segment(number, outcome)
            worst = worse(worst, outcome)
        if State(message.state).is_final:
            return None
        reason, code = words(worst)
        result = verdict(message.segment_states, reason, code)
        if result.state is State.DELIVERED and self._is_unconfirmed():
            result = UNCONFIRMED
        if isinstance(worst, Refused) and (network_error := worst.network_error) is not None:
            result = msgspec.structs.replace(result, error=str(network_error & 0xFFFF), network_error=network_error)
        attempted_at_ms = max(sent for _, sent, _, _ in item.results)
        if result.state is not None:
            self.lane.ladder_step = 0
            self.ledger.change(message, result, attempted_at_ms=attempted_at_ms, is_sent=was_open)
            return None
        return self._again(worst, reason, code, attempted_at_ms)

    def _is_unconfirmed(self) -> bool:
        """Whether delivered means no more than that the network took it."""
        profile = self.item.profile
        return profile.delivery is Delivery.STORED and profile.receipts is Receipts.NONE

    def _keep_attempts(self) -> None:
        message = self.message
        message.attempts += 1
        for segment, sent_at_ms, answered_at_ms, outcome in self.item.results:
            again = message.segment_states[max(segment, 1) - 1] == Segment.UNKNOWN
            row = attempt_row(
                message.id,
                message.attempts,
                segment,
                self.item.profile.link_id,
                sent_at_ms,
                answered_at_ms,
                outcome,
                possible_duplicate=again,
            )
            self.ledger.attempt(row)

    def _segment(self, number: int, outcome: Outcome) -> None:
        """Change one segment, unless a receipt ended it meanwhile; leave its key where a receipt may come."""
        message, profile = self.message, self.item.profile
        before = Segment(message.segment_states[max(number, 1) - 1])
        after = self._fate(before, outcome)
        if after is Segment.ACCEPTED or (after is Segment.UNKNOWN and profile.on_unknown is OnUnknown.WAIT):
            taken = outcome if isinstance(outcome, Accepted) else Accepted()
            source = self.item.source or message.source if taken.source is None else taken.source
            address = self.item.address or message.dest if taken.destination is None else taken.destination
            self.correlator.submitted(message, profile, number, taken.ref, source, address)
        if not before.is_final:
            message.segment_states = with_segment(message.segment_states, number, after)

    def _fate(self, before: Segment, outcome: Outcome) -> Segment:
        profile = self.item.profile
        match outcome:
            case Accepted(receipt_owed=owed):
                return accepted_segment(profile.delivery, profile.receipts, receipt_owed=owed)
            case Refused(ErrorClass.PERMANENT):
                return Segment.FAILED
            case Refused(most_tries=most) if most is not None and self.message.attempts >= most:
                return Segment.FAILED
            case Unknown() if profile.on_unknown is OnUnknown.FAIL:
                return Segment.FAILED
            case Unknown() if profile.on_unknown is OnUnknown.WAIT and before is Segment.UNKNOWN:
                return Segment.FAILED  # it was sent once more, and that is all
            case Unknown():
                return Segment.UNKNOWN
            case _:
                return before  # it still waits

    def _again(self, worst: Outcome | None, reason: str | None, code: str | None, attempted_at_ms: int) -> int | None:
        """Plan the next try, or end a message that has no time left or was cancelled."""
        message, now_ms = self.message, self.item.now_ms
        if message.cancel_requested_at_ms is not None or now_ms >= message.expiry_at_ms:
            end_undelivered(self.ledger, message)
            return None
        if isinstance(worst, Unknown):
            retry_at_ms = self._after_unknown(now_ms)
        else:
            retry_at_ms = self._after_refusal(worst.error_class if isinstance(worst, Refused) else ErrorClass.UNKNOWN, now_ms)
        burns = not (isinstance(worst, Refused) and worst.error_class in BURNS_NO_ATTEMPT)
        message.retries += burns
        state = State.BUFFERED if burns else None
        self.ledger.change(message, Verdict(state, reason, code), attempted_at_ms=attempted_at_ms, retry_at_ms=retry_at_ms)
        return retry_at_ms

    def _after_unknown(self, now_ms: int) -> int:
        """A live link is tried again at once, then as for other temporary errors; a stored one after the time a receipt may take."""
        if self.item.profile.on_unknown is OnUnknown.WAIT:
            return min(now_ms + retry.UNKNOWN_WAIT, self.message.expiry_at_ms)
        if self.temporary_tries == 0:
            return now_ms
        return retry.next_try(ErrorClass.UNKNOWN, self.temporary_tries - 1, now_ms, self.message.expiry_at_ms)

    def _after_refusal(self, error_class: ErrorClass, now_ms: int) -> int:
        """The ladder of an absent device is the device's: a lane keeps its step from message to message until one is delivered, or it is
        heard of. That of other errors is the message's."""
        if error_class in (ErrorClass.DEVICE_ABSENT, ErrorClass.DEVICE_BUSY):
            step, self.lane.ladder_step = self.lane.ladder_step, self.lane.ladder_step + 1
        else:
            step = self.temporary_tries
        return retry.next_try(error_class, step, now_ms, self.message.expiry_at_ms)

    def _withdrawn(self, outcome: Withdrawn) -> int | None:
        message, now_ms = self.message, self.item.now_ms
        if State(message.state).is_final or not open_segments(message.segment_states):
            return None
        if message.cancel_requested_at_ms is not None or now_ms >= message.expiry_at_ms:
            end_undelivered(self.ledger, message)
            return None
        return now_ms
