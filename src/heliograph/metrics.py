"""Counters, gauges and histograms named `heliograph_*`, in Prometheus' text form. It does not serve them, nor decide on alarms.

A caller asks for a cell once, when it is built, and counts on the cell:

    accepted = metrics.counter("messages_accepted", "Messages accepted.", door="rest")
    accepted.add()

Counting is an addition without a lock (`make bench`: an eighth of what prometheus-client's own counter takes, a sixteenth where labels are
looked up), so a cell is counted on by one thread. Reading happens at the scrape.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Counter:
    """What only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, count: int = 1) -> None:
        self.value += count


class Gauge:
    """What goes up and down."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def set(self, value: float) -> None:
        self.value = value


class Reading:
    """A gauge that is asked at the scrape: `read` answers the value of that moment."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read

    @property
    def value(self) -> float:
        return self._read()


class Histogram:
    """How often a value fell at or below each bound, and the sum of all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Bound and how many were at or below it, cumulated as Prometheus wants it."""
        names = [*(str(bound) for bound in self.bounds), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


Cell = Counter | Gauge | Reading | Histogram
CellT = TypeVar("CellT", Counter, Gauge, Reading, Histogram)


class _Family:
    """All cells of one name: same kind, same label names."""

    def __init__(self, name: str, kind: type[Cell], description: str, label_names: tuple[str, ...]) -> None:
        self.name = name
        self.kind = kind
        self.description = description
        self.label_names = label_names
        self.cells: dict[tuple[str, ...], Cell] = {}

    def metric(self) -> Metric:
        if self.kind is Histogram:
            histograms = HistogramMetricFamily(self.name, self.description, labels=self.label_names)
            for values, cell in self.cells.items():
                if isinstance(cell, Histogram):
                    histograms.add_metric(values, cell.buckets(), cell.total)
            return histograms
        family = (CounterMetricFamily if self.kind is Counter else GaugeMetricFamily)(self.name, self.description, labels=self.label_names)
        for values, cell in self.cells.items():
            if not isinstance(cell, Histogram):
                family.add_metric(values, cell.value)
        return family


class Metrics(Collector):
    """All metrics of one daemon. Asking twice for a name with the same labels answers the same cell."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for own in (ProcessCollector, PlatformCollector, GCCollector):
            own(registry=self._registry)

    def counter(self, name: str, description: str, **labels: str) -> Counter:
        """`heliograph_{name}_total`."""
        return self._cell(name, description, labels, Counter())

    def gauge(self, name: str, description: str, **labels: str) -> Gauge:
        """`heliograph_{name}`, set by its owner."""
        return self._cell(name, description, labels, Gauge())

    def reading(self, name: str, description: str, read: Callable[[], float], **labels: str) -> Reading:
        """`heliograph_{name}`, asked at the scrape; the last `read` given counts."""
        cell = self._cell(name, description, labels, Reading(read))
        cell._read = read  # noqa: SLF001 (the cell is of this module)
        return cell

    def histogram(self, name: str, description: str, bounds: Sequence[float] = SECONDS, **labels: str) -> Histogram:
        """`heliograph_{name}`, with `_bucket`, `_sum` and `_count`; the unit belongs into the name (`…_seconds`)."""
        return self._cell(name, description, labels, Histogram(bounds))

    def forget(self, name: str, **labels: str) -> None:
        """Say nothing more of what is there no more."""
        if name in self._families:
            self._families[name].cells.pop(tuple(labels[label] for label in sorted(labels)), None)

    def exposition(self) -> bytes:
        """The text of a scrape, of type `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        for family in self._families.values():
            yield family.metric()

    def _cell(self, name: str, description: str, labels: dict[str, str], new: CellT) -> CellT:
        label_names = tuple(sorted(labels))
        family = self._families.setdefault(name, _Family(f"heliograph_{name}", type(new), description, label_names))
        if family.kind is not type(new) or family.label_names != label_names:
            raise ValueError(
                f"metric {name} is a {family.kind.__name__} with labels {family.label_names}, not a {type(new).__name__} with {label_names}"
            )
        cell = family.cells.setdefault(tuple(labels[label] for label in label_names), new)
        if not isinstance(cell, type(new)):
            raise TypeError(f"metric {name} holds a {type(cell).__name__}")
        return cell
