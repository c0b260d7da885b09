"""Which segment a receipt is about, and what it makes of its message. Used by `settle`, where receipts came early, and by `receipt`.

A key counts only if exactly one segment has it and the receipt's source and destination are those of the submit, swapped. What stays
ambiguous is kept and shown, never guessed. A key's row also says when its message ends without a receipt (`housekeeping`); a message that
cannot have its key's row, because another claimed it first, has a row of its own for that.
"""

from dataclasses import dataclass

import msgspec

from heliograph.model.link import LinkProfile, Receipts, ReceiptState, reference_of, without_nul
from heliograph.model.message import WHOLE, Segment, State, Verdict, open_segments, verdict, with_segment
from heliograph.model.number import is_one_sender
from heliograph.service.core import Core
from heliograph.service.ledger import Ledger
from heliograph.service.link_event import tell
from heliograph.store import correlation
from heliograph.store.correlation import Key, Parked, Submitted
from heliograph.store.message import Locked
from heliograph.store.transaction import Transaction

ID = "id:"
SECOND = 2
END, QUIET = "end:", "quiet:"
"""Begin keys that no receipt has. QUIET: of a message that the network is silent about unless it fails."""
SEGMENT_OF = {
    ReceiptState.DELIVERED: Segment.DELIVERED,
    ReceiptState.FAILED: Segment.FAILED,
    ReceiptState.DELETED: Segment.FAILED,
    ReceiptState.EXPIRED: Segment.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Word:
    """What a receipt says: its state, its own word for it, and the network's error, in its word and in SMPP's number."""

    state: ReceiptState
    word: str
    error: str | None
    network_error: int | None


class Correlator:
    """The segments that the network took in one batch of settlements, and the receipts that came before."""

    def __init__(self, tx: Transaction, core: Core, ledger: Ledger) -> None:
        self.tx = tx
        self.core = core
        self.ledger = ledger
        self._rows: list[Submitted] = []
        self._messages: dict[int, Locked] = {}
        self._links: dict[str, LinkProfile] = {}

    def submitted(self, message: Locked, profile: LinkProfile, segment: int, ref: str | None, source: str, address: str) -> None:
        """Leave the keys of an accepted segment, or of all at once, for its receipt: the network's reference, and our own where it gave
        none or may report by it."""
        keys = [f"{ID}{without_nul(ref)}"] if ref else []
        if not ref or profile.receipts_by_reference:
            keys.append(f"umr:{reference_of(message.id, segment or 1)}")
        expires_at_ms = message.expiry_at_ms + profile.receipt_grace_s * 1000
        group = profile.correlation_group
        if profile.receipt_of_message:
            segment = WHOLE
        if profile.receipts is Receipts.FAILURES:
            self._rows.append(Submitted(group, f"{QUIET}{message.id}", message.id, WHOLE, source, address, expires_at_ms))
            expires_at_ms += 1  # after the end of the message
        self._rows.extend(Submitted(group, key, message.id, segment, source, address, expires_at_ms) for key in keys)
        self._messages[message.id] = message
        self._links[group] = profile

    def finish(self) -> None:
        """Write the keys, and apply the receipts that were parked under them."""
        left = self._leave()
        found = [key for key in left if key.receipt_id is not None and is_key_of(key) and key.message_id in self._messages]
        parked = correlation.parked(self.tx, [key.receipt_id for key in found if key.receipt_id is not None])
        matched = []
        for key in found:
            receipt = parked.pop(key.receipt_id or 0, None)
            if receipt is None or key.message_id is None or not is_about(key, receipt.source, receipt.dest):
                continue
            message = self._messages[key.message_id]
            disposition = apply(self.ledger, message, segment_of(key), _word_of(receipt))
            matched.append((receipt.id, message.id, segment_of(key), disposition))
        correlation.match_parked(self.tx, matched)

    def _leave(self) -> list[Key]:
        left: list[Key] = []
        ends: dict[str, Submitted] = {}
        for rows in _without_repeats(self._rows):
            keys = {(key.correlation_group, key.key): key for key in correlation.leave_submits(self.tx, rows)}
            left.extend(keys.values())
            for row in rows:
                key = keys[row.correlation_group, row.key]
                self._tell_of_second_use(row, key)
                if key.message_id != row.message_id or key.expires_at_ms > row.expires_at_ms:
                    end = f"{END}{row.message_id}"
                    ends[end] = msgspec.structs.replace(row, key=end)
        correlation.leave_submits(self.tx, list(ends.values()))
        return left

    def _tell_of_second_use(self, row: Submitted, key: Key) -> None:
        """An id that comes twice is no key for anybody: somebody must hear of a network that does so, once for each id."""
        is_second = key.uses == SECOND and (key.message_id, key.segment) != (row.message_id, row.segment)
        if is_second and row.key.startswith(ID):
            link = self._links[row.correlation_group]
            reason = f"the network gave the id {row.key.removeprefix(ID)} to two messages: receipts with it are kept and match neither"
            tell(self.tx, "fault", link.link_id, link.name, reason, self.ledger.now_ms)


def is_key_of(key: Key) -> bool:
    """Whether exactly one segment claims the key."""
    return key.message_id is not None and key.uses in (1, correlation.LATE)


def segment_of(key: Key) -> int:
    """The segment that a key is about, or WHOLE."""
    return 1 if key.segment is None else key.segment


def is_about(key: Key, source: str, dest: str) -> bool:
    """Whether a receipt's addresses are those of the submit, swapped. An address that was left open on either side fits any. Centres write
    our own sender with another type of number than we did: it counts with and without its country."""
    is_of_sender = not key.source or not dest or is_one_sender(key.source, dest)
    return is_of_sender and (not key.dest or not source or key.dest == source)


def is_in_lane(message: Locked) -> bool:
    """Whether something of a message is still to be sent."""
    return not State(message.state).is_final and bool(open_segments(message.segment_states))


def apply(ledger: Ledger, message: Locked, segment: int, word: Word) -> str:
    """Change the segment and its message by a receipt. Returns its disposition: matched, timeline or late."""
    if word.state is ReceiptState.TIMELINE:
        return "timeline"
    state = State(message.state)
    revived = state is State.EXPIRED and message.reason_code == "no_receipt" and word.state is ReceiptState.DELIVERED
    if state.is_final and not revived:
        return "late"
    if segment > len(message.segment_states):
        return "late"
    was_open = bool(open_segments(message.segment_states))
    message.segment_states = with_segment(message.segment_states, segment, SEGMENT_OF[word.state])
    is_sent = was_open and not open_segments(message.segment_states)
    result = _result(message, word, revived=revived)
    if result.state is not None and (result.state.is_final or is_sent):
        ledger.change(message, result, is_sent=is_sent)
    else:
        ledger.change_segments(message)
    return "matched"


def _result(message: Locked, word: Word, *, revived: bool) -> Verdict:
    if word.state is ReceiptState.DELETED and message.cancel_requested_at_ms is not None:
        return Verdict(State.CANCELED, "cancelled in the network", "canceled")
    result = verdict(message.segment_states, *_words(word))
    if not revived:
        return msgspec.structs.replace(result, error=word.error, network_error=word.network_error)
    if result.state is State.DELIVERED:
        return Verdict(State.DELIVERED, "confirmed late, after it was taken for expired", "late_receipt")
    return Verdict(None)


def _words(word: Word) -> tuple[str | None, str | None]:
    if word.state is ReceiptState.DELIVERED:
        return None, None
    error = f", error {word.error}" if word.error else ""
    return f"the network reports {word.word}{error}", f"receipt_{word.state.value}"


def _word_of(receipt: Parked) -> Word:
    return Word(ReceiptState(receipt.state), receipt.word, receipt.error, receipt.network_error)


def _without_repeats(rows: list[Submitted]) -> list[list[Submitted]]:
    """The rows in as many lists as it takes for no list to hold one key twice."""
    lists: list[dict[tuple[str, str], Submitted]] = []
    for row in rows:
        key = (row.correlation_group, row.key)
        target = next((each for each in lists if key not in each), None)
        if target is None:
            lists.append({key: row})
        else:
            target[key] = row
    return [list(each.values()) for each in lists]
