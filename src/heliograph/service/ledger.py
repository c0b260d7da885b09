"""What a transaction is about to write of messages, and what follows from it: events, notifications, wake-ups.

Every use case that changes messages collects its changes here and writes them at the end, in a fixed number of statements whatever the
size of its batch. So that a message cannot become final without its event and its receipt, this is the only place that writes a state.
"""

from heliograph.model import webhook_body
from heliograph.model.account import Door
from heliograph.model.message import FINAL_EVENTS, TRANSITIONS, Direction, State, Verdict, read_terms
from heliograph.service import esme_report, report
from heliograph.service.core import Core
from heliograph.service.report import Report
from heliograph.store import attempt as attempt_store
from heliograph.store import message as message_store
from heliograph.store import quota as quota_store
from heliograph.store import undelivered, usage
from heliograph.store.feed import Emitted
from heliograph.store.message import Changed, Locked, NewMessage
from heliograph.store.transaction import Transaction


class Ledger:
    """The changes of one batch."""

    def __init__(self, tx: Transaction, core: Core, now_ms: int) -> None:
        self.tx = tx
        self.core = core
        self.now_ms = now_ms
        self._inserted: list[NewMessage] = []
        self._changes: dict[int, Changed] = {}
        self._segments: dict[int, str] = {}
        self._given_back: list[usage.Counted] = []
        self._of_organisations: list[usage.Counted] = []
        self._uncharged: list[tuple[int, int, int]] = []
        self._attempts: list[list[int | str | None]] = []
        self._reports: list[Report] = []

    def insert(self, new: NewMessage, event: str) -> None:
        """A new message, and the event that tells of it."""
        self._inserted.append(new)
        self._emit(new.organisation_id, event, new.device_id, new.id)

    def attempt(self, row: list[int | str | None]) -> None:
        """An attempt, made by `store.attempt.attempt_row`."""
        self._attempts.append(row)

    def change(
        self,
        message: Locked,
        verdict: Verdict,
        *,
        attempted_at_ms: int | None = None,
        retry_at_ms: int | None = None,
        is_sent: bool = False,
    ) -> None:
        """Give a locked message its state (None: as it was) and keep its segment states, tries and reason. `is_sent`: its last segment is
        with the network since this change; where the message is not final by it, this is told, and once. One that is delivered as it
        is sent is told as delivered only. That it waits for another try is told once too, at the first.

        Entering a final state emits its event and its receipt, and gives back what was counted if nothing was ever sent. A state that
        may not follow is a bug and raises ValueError."""
        before = State(message.state)
        after = before if verdict.state is None else verdict.state
        if after is not before and after not in TRANSITIONS[before]:
            raise ValueError(f"message {message.id}: {before.name} may not become {after.name}")
        earlier = self._changes.get(message.id)
        self._changes[message.id] = Changed(
            message.id,
            int(after),
            message.segment_states,
            verdict.reason,
            verdict.reason_code,
            self.now_ms if after.is_final else None,
            earlier.last_attempt_at_ms if attempted_at_ms is None and earlier is not None else attempted_at_ms,
            retry_at_ms,
            message.attempts,
            message.retries,
        )
        message.state = int(after)
        message.reason_code = verdict.reason_code
        if after.is_final and after is not before:
            self._finish(message, after, verdict)
            return
        begins_to_wait = before is State.PENDING and after is State.BUFFERED
        if is_sent:
            self._emit(message.organisation_id, "sms.sent", message.device_id, message.id)
        elif begins_to_wait:
            self._emit(message.organisation_id, "sms.waiting", message.device_id, message.id)
        if begins_to_wait:
            self._tell_esme(esme_report.of_waiting(message, self.now_ms))

    def change_segments(self, message: Locked) -> None:
        """Keep the segment states of a locked message and nothing else: neither its state nor what is planned for it."""
        if change := self._changes.get(message.id):
            change.segment_states = message.segment_states
        else:
            self._segments[message.id] = message.segment_states

    def report(self, told: Report) -> None:
        """Have an application told; the row gets its id and its claim when the ledger is written."""
        self._reports.append(told)

    def write(self) -> None:
        """Write all that was collected. Nothing may be added after it."""
        usage.add(self.tx, self._given_back)
        usage.give_back(self.tx, self._of_organisations)
        quota_store.give_back(self.tx, self._uncharged)
        message_store.insert(self.tx, self._inserted)
        message_store.update(self.tx, list(self._changes.values()))
        states = [(new.id, new.state) for new in self._inserted]
        undelivered.note(self.tx, states + [(change.id, change.state) for change in self._changes.values()])
        message_store.update_segments(self.tx, [(key, states) for key, states in self._segments.items() if key not in self._changes])
        attempt_store.insert(self.tx, self._attempts)
        report.write(self.tx, self.core.notifier, self.core.node_id, self._reports, self.now_ms)

    def _finish(self, message: Locked, state: State, verdict: Verdict) -> None:
        self._emit(message.organisation_id, FINAL_EVENTS[state], message.device_id, message.id)
        if message.attempts == 0 and message.direction == Direction.MT and message.device_id is not None:
            self._give_back(message, message.device_id, len(message.segment_states))
        self._tell_esme(esme_report.of_end(message, state, verdict, self.now_ms))
        if message.direction != Direction.MT or not Door(message.door).wants_patch:
            return
        webhook = self.core.notifier.webhooks.told_at_once(self.tx, message.callback_id, FINAL_EVENTS[state])
        if webhook is None:
            return
        body = webhook_body.receipt(
            message_id=message.id,
            organisation_id=message.organisation_id,
            device_id=message.device_id,
            device_name=message.device_name,
            state=state,
            submitted_at_ms=message.submitted_at_ms,
            final_at_ms=self.now_ms,
        )
        self.report(
            Report(
                organisation_id=message.organisation_id,
                callback_id=webhook.id,
                secret_id=message.secret_id,
                secret=message.secret,
                message_id=message.id,
                device_id=message.device_id,
                type=FINAL_EVENTS[state],
                method=webhook.how.receipt_method,
                body=body,
            )
        )

    def _tell_esme(self, report: Report | None) -> None:
        if report is not None:
            self.report(report)

    def _give_back(self, message: Locked, device_id: int, segments: int) -> None:
        """To the month of its acceptance, and to the quota it was charged to. An organisation has a row only since it has a limit."""
        month = usage.month_of(message.submitted_at_ms)
        self._given_back += usage.of_device(device_id, message.submitted_at_ms, "mt", -segments)
        self._of_organisations.append(("organisation", message.organisation_id, month, "mt", segments))
        quota = read_terms(message.terms).quota
        if quota is not None:
            self._uncharged.append((device_id, quota, segments))

    def _emit(self, organisation_id: int, event: str, device_id: int | None, message_id: int) -> None:
        self.tx.emit(Emitted(organisation_id, event, self.now_ms, device_id, message_id))
