"""What a count costs on the hot path: our cells beside prometheus-client's own (docs/decisions/0009-prometheus-client.md)."""

import timeit
from collections.abc import Callable

import prometheus_client

from heliograph.metrics import Metrics

RUNS = 200_000


def main() -> None:
    ours, theirs = Metrics(), prometheus_client.CollectorRegistry()
    counter = ours.counter("accepted", "Accepted.", door="rest")
    histogram = ours.histogram("commit_seconds", "Commits.")
    their_counter = prometheus_client.Counter("accepted", "Accepted.", ["door"], registry=theirs)
    their_child = their_counter.labels("rest")
    their_histogram = prometheus_client.Histogram("commit_seconds", "Commits.", registry=theirs)
    candidates: dict[str, Callable[[], object]] = {
        "heliograph counter": counter.add,
        "prometheus-client counter": their_child.inc,
        "prometheus-client counter, labels looked up": lambda: their_counter.labels("rest").inc(),
        "heliograph histogram": lambda: histogram.observe(0.05),
        "prometheus-client histogram": lambda: their_histogram.observe(0.05),
    }
    for name, candidate in candidates.items():
        best_s = min(timeit.repeat(candidate, number=RUNS, repeat=3)) / RUNS
        print(f"{name:46}{best_s * 1e9:8.0f} ns")


if __name__ == "__main__":
    main()
