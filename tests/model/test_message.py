"""States, segments and verdicts (rules: States)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.link import Delivery, Receipts
from heliograph.model.message import (
    FINAL_EVENTS,
    STATE_NAMES,
    TRANSITIONS,
    Segment,
    State,
    accepted_segment,
    fresh_segments,
    open_segments,
    verdict,
    with_segment,
)

FINAL = {State.DELIVERED, State.FAILED, State.EXPIRED, State.CANCELED}
segment_states = st.text(st.sampled_from([segment.value for segment in Segment]), min_size=1, max_size=8)


def test_the_states_have_the_names_of_the_contract() -> None:
    assert {int(state): name for state, name in STATE_NAMES.items()} == {
        1: "DELIVERY ATTEMPT PENDING", 2: "IN PROGRESS", 3: "BUFFERED", 4: "DELIVERED", 5: "FAILED", 6: "EXPIRED", 7: "CANCELED",
    }  # fmt: skip


def test_the_final_states_are_4_to_7_and_each_has_its_event() -> None:
    assert {state for state in State if state.is_final} == FINAL
    assert {state.value: event for state, event in FINAL_EVENTS.items()} == {
        4: "sms.delivered", 5: "sms.failed", 6: "sms.expired", 7: "sms.canceled",
    }  # fmt: skip


def test_nothing_leads_out_of_a_final_state_but_a_late_delivery_after_expiry() -> None:
    assert {(state, after) for state in FINAL for after in TRANSITIONS[state]} == {(State.EXPIRED, State.DELIVERED)}


def test_in_progress_is_never_written() -> None:
    assert State.IN_PROGRESS not in TRANSITIONS
    assert not any(State.IN_PROGRESS in after for after in TRANSITIONS.values())


@pytest.mark.parametrize("state", [State.PENDING, State.BUFFERED])
def test_what_is_not_final_may_become_final_in_every_way_and_never_pending(state: State) -> None:
    assert TRANSITIONS[state] == FINAL | {State.BUFFERED}


def test_a_fresh_message_has_all_segments_to_send() -> None:
    assert open_segments(fresh_segments(3)) == (1, 2, 3)


def test_segments_waiting_or_unknown_are_to_be_sent_and_no_others() -> None:
    assert open_segments("wadufe") == (1, 4)


@given(segment_states, st.data(), st.sampled_from(Segment))
def test_changing_a_segment_changes_that_one_alone(states: str, draw: st.DataObject, state: Segment) -> None:
    number = draw.draw(st.integers(1, len(states)))
    changed = with_segment(states, number, state)
    assert [index for index, (before, after) in enumerate(zip(states, changed, strict=True), 1) if before != after] in ([], [number])
    assert changed[number - 1] == state.value


@pytest.mark.parametrize("total", [1, 2, 3])
def test_a_message_is_delivered_when_all_its_segments_are_and_only_then(total: int) -> None:
    for letters in product([segment.value for segment in Segment], repeat=total):
        states = "".join(letters)
        assert (verdict(states).state is State.DELIVERED) == (states == "d" * total)


@pytest.mark.parametrize(("states", "state"), [("df", State.FAILED), ("ef", State.FAILED), ("ae", State.EXPIRED), ("we", State.EXPIRED)])
def test_a_message_ends_as_soon_as_one_segment_ended_otherwise(states: str, state: State) -> None:
    assert verdict(states).state is state


def test_a_failed_long_message_says_how_much_arrived() -> None:
    assert verdict("dfd", "memory full", "x").reason == "memory full (2 of 3 delivered)"
    assert verdict("dfd", "memory full", "x").reason_code == "x"


def test_a_failed_short_message_does_not_count_its_one_segment() -> None:
    assert verdict("f", "memory full").reason == "memory full"
    assert verdict("f").reason == "not delivered"


@pytest.mark.parametrize("states", ["w", "u", "aw", "dw", "ua"])
def test_a_message_with_a_segment_to_send_has_no_verdict(states: str) -> None:
    assert verdict(states).state is None


@pytest.mark.parametrize("states", ["a", "aa", "ad", "da"])
def test_a_message_that_the_network_has_whole_is_buffered(states: str) -> None:
    assert verdict(states).state is State.BUFFERED


@pytest.mark.parametrize(
    ("delivery", "receipts", "receipt_owed", "segment"),
    [
        (Delivery.LIVE, Receipts.EXPECTED, False, Segment.DELIVERED),
        (Delivery.LIVE, Receipts.EXPECTED, True, Segment.ACCEPTED),
        (Delivery.STORED, Receipts.EXPECTED, False, Segment.ACCEPTED),
        (Delivery.STORED, Receipts.EXPECTED, True, Segment.ACCEPTED),
        (Delivery.LIVE, Receipts.NONE, False, Segment.DELIVERED),
        (Delivery.STORED, Receipts.NONE, False, Segment.DELIVERED),
    ],
)
def test_acceptance_is_delivery_unless_a_receipt_comes(
    delivery: Delivery, receipts: Receipts, receipt_owed: bool, segment: Segment
) -> None:
    assert accepted_segment(delivery, receipts, receipt_owed=receipt_owed) is segment


def test_the_kinds_of_segments_are_open_with_the_network_or_final() -> None:
    assert {segment for segment in Segment if segment.is_open} == {Segment.WAITING, Segment.UNKNOWN}
    assert {segment for segment in Segment if segment.is_final} == {Segment.DELIVERED, Segment.FAILED, Segment.EXPIRED}
