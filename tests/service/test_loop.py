"""What goes round is recognised, and not for longer than it takes (rules: loop)."""

from heliograph.service.loop import Repeats


def test_the_third_time_in_60_s_is_the_third() -> None:
    repeats = Repeats()
    for at_ms, expected in ((0, False), (59_000, False), (59_999, True), (118_999, True), (240_000, False)):
        assert repeats.is_third("a", at_ms) is expected
        repeats.note("a", at_ms)


def test_what_is_over_is_forgotten() -> None:
    repeats = Repeats()
    for number in range(100):
        repeats.note(str(number), number * 1000)
    assert len(repeats) == 60


def test_it_remembers_no_more_than_so_many() -> None:
    repeats = Repeats(most=2)
    for same in "aabbcc":
        repeats.note(same, 0)
    assert [repeats.is_third(same, 1) for same in "abc"] == [False, True, True]
