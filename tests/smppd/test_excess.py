"""A peer that wants too much is read little by little, and as before once it holds to its limits."""

from heliograph.smpp.aio import SLICE_OCTETS
from heliograph.smppd.excess import FREE, PAUSE_MOST_MS, SLOW_SLICE_OCTETS, Excess


def after(excess: Excess, throttled: int, taken: int = 0, *, has_more: bool = True) -> tuple[int, int]:
    excess.throttled += throttled
    return excess.pause_ms(taken, has_more=has_more), excess.slice_octets


def test_a_few_that_are_too_many_slow_nothing_down() -> None:
    excess = Excess()
    assert after(excess, FREE) == (0, SLICE_OCTETS)
    assert after(excess, 0, taken=100, has_more=False) == (0, SLICE_OCTETS)
    assert after(excess, FREE) == (0, SLICE_OCTETS), "they were forgotten"


def test_the_more_it_wants_the_longer_the_pauses_up_to_an_end() -> None:
    excess = Excess()
    pauses = [after(excess, 100)[0] for _ in range(5)]
    assert pauses == [60, 120, PAUSE_MOST_MS, PAUSE_MOST_MS, PAUSE_MOST_MS]


def test_it_stays_slow_while_more_waits_even_if_none_of_a_slice_was_too_much() -> None:
    excess = Excess()
    after(excess, 100)
    assert after(excess, 0, taken=16) == (70, SLOW_SLICE_OCTETS)
    assert after(excess, 0, taken=16, has_more=False) == (0, SLICE_OCTETS)


def test_a_large_read_of_a_peer_that_holds_to_its_limits_slows_nothing_down() -> None:
    excess = Excess()
    assert {after(excess, 0, taken=100) for _ in range(20)} == {(0, SLICE_OCTETS)}
