"""Metrics come out in Prometheus' text form as they were counted."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from heliograph.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in families for sample in family.samples}


def test_a_counter_counts_per_label_and_is_named_total() -> None:
    metrics = Metrics()
    metrics.counter("messages_accepted", "Accepted.", door="rest").add()
    metrics.counter("messages_accepted", "Accepted.", door="smpp").add(3)
    metrics.counter("messages_accepted", "Accepted.", door="rest").add()
    found = samples(metrics)
    assert found["heliograph_messages_accepted_total", (("door", "rest"),)] == 2
    assert found["heliograph_messages_accepted_total", (("door", "smpp"),)] == 3


def test_a_gauge_holds_what_was_set_and_a_reading_is_asked_at_the_scrape() -> None:
    metrics, waiting = Metrics(), [1, 2]
    metrics.gauge("link_up", "Bound.", link="7").set(1)
    metrics.reading("lanes_waiting", "Lanes.", lambda: len(waiting))
    assert samples(metrics)["heliograph_link_up", (("link", "7"),)] == 1
    waiting.append(3)
    assert samples(metrics)["heliograph_lanes_waiting", ()] == 3
    metrics.reading("lanes_waiting", "Lanes.", lambda: 9)
    assert samples(metrics)["heliograph_lanes_waiting", ()] == 9


def test_a_histogram_cumulates_its_buckets() -> None:
    metrics = Metrics()
    seconds = metrics.histogram("commit_seconds", "Commits.", (0.01, 0.1))
    for value in (0.005, 0.01, 0.05, 7):
        seconds.observe(value)
    found = samples(metrics)
    assert [found["heliograph_commit_seconds_bucket", (("le", bound),)] for bound in ("0.01", "0.1", "+Inf")] == [2, 3, 4]
    assert found["heliograph_commit_seconds_count", ()] == 4
    assert found["heliograph_commit_seconds_sum", ()] == pytest.approx(7.065)


def test_a_name_has_one_kind_and_one_set_of_labels() -> None:
    metrics = Metrics()
    metrics.counter("messages_accepted", "Accepted.", door="rest")
    with pytest.raises(ValueError, match="messages_accepted is a Counter"):
        metrics.gauge("messages_accepted", "Accepted.", door="rest")
    with pytest.raises(ValueError, match="with labels"):
        metrics.counter("messages_accepted", "Accepted.", link="7")


def test_the_process_itself_is_measured() -> None:
    assert ("process_cpu_seconds_total", ()) in samples(Metrics())


def test_two_daemons_in_one_process_count_apart() -> None:
    one, two = Metrics(), Metrics()
    one.counter("messages_accepted", "Accepted.").add()
    assert samples(two).get(("heliograph_messages_accepted_total", ())) is None


def test_what_is_there_no_more_is_told_no_more() -> None:
    metrics = Metrics()
    for name in ("Main", "Backup"):
        metrics.gauge("link_up", "1 while connected.", link=name)
    metrics.forget("link_up", link="Main")
    metrics.forget("link_up", link="Main")
    metrics.forget("nothing")
    assert b'link="Main"' not in metrics.exposition()
    assert b'link="Backup"' in metrics.exposition()
