"""What simulated devices received: how many segments, how often one came twice, and a file that outlives the process.

Bounded: the ids of the last 25,000 to 50,000 segments.
"""

import os

from heliograph.metrics import Metrics
from heliograph.model.link import Outgoing

REMEMBERED_SEGMENTS = 25_000


class Record:
    """`total` and `duplicates` count segments; a duplicate is a segment of a message that its device had before, by whatever attempt."""

    def __init__(self, received_log: str | None, metrics: Metrics, link_name: str) -> None:
        self.total = 0
        self.duplicates = 0
        self._seen: set[int] = set()
        self._seen_before: set[int] = set()
        self._log = None if received_log is None else os.open(received_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lines: list[str] = []
        self._received = metrics.counter("simulator_received", "Segments that simulated devices received.", link=link_name)
        self._duplicated = metrics.counter("simulator_duplicates", "Segments that a simulated device had before.", link=link_name)

    def keep(self, outgoing: Outgoing) -> None:
        """Note that the device has this segment."""
        self.total += 1
        self._received.value += 1
        segment = outgoing.message_id << 8 | outgoing.number
        if segment in self._seen or segment in self._seen_before:
            self.duplicates += 1
            self._duplicated.value += 1
        else:
            self._remember(segment)
        if self._log is not None:
            self._lines.append(f"{outgoing.message_id} {outgoing.number}\n")

    def write_log(self) -> None:
        """Give what was kept since the last call to the operating system: from here on it survives the process."""
        if self._log is not None and self._lines:
            os.write(self._log, "".join(self._lines).encode())
            self._lines.clear()

    def close(self) -> None:
        if self._log is not None:
            self.write_log()
            os.close(self._log)
            self._log = None

    def _remember(self, segment: int) -> None:
        self._seen.add(segment)
        if len(self._seen) >= REMEMBERED_SEGMENTS:
            self._seen, self._seen_before = set(), self._seen
