"""Call detail records: after midnight UTC, a CSV file of what became final on the day, a line for each segment that was counted.

Theory of operation. What belongs to a file is a range of each organisation's feed, from where the file before ended to the first event of
the next day: so each final message is in one file, whatever the clocks of the processes say, and no index by time is needed. One process
claims the day, by a row that it changes; the claim of one that has ended is free. It writes a hidden file, renames it when it is whole and
on the disk, and then notes the day as done, all in this order: after a crash between any two steps the file is written again, with the
same lines. A day on which nothing ran gets its file at the next start. Docs: docs/cdr.md.
"""

import asyncio
import csv
import io
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from heliograph import log
from heliograph.model.message import STATE_NAMES, Direction, State
from heliograph.service.core import Core
from heliograph.store import cdr as store
from heliograph.store.cdr import Counted, Range
from heliograph.store.database import DatabaseLost
from heliograph.store.transaction import Transaction

COLUMNS = (
    "time", "organisation_id", "device_id", "iccid", "direction", "class", "link", "state", "message_id", "segment", "segments",
    "final_time",
)  # fmt: skip
ROUND_S = 60.0
SETTLED_MS = 5 * 60_000
"""How long after midnight a day's file is begun: what was accepted before it is committed, on clocks that differ a little."""
SLICE = 1000

_log = log.get("cdr")


class CdrFiles:
    """The duty of one process, until its task is cancelled. `feed_days`: for so long events of messages are kept, two days at least, so
    the file of an earlier day would lack lines and is left out."""

    def __init__(self, core: Core, folder: Path, feed_days: int) -> None:
        self._core = core
        self._folder = folder
        self._most_days_behind = feed_days - 1

    async def run(self) -> None:
        """Look once a minute whether a day has ended."""
        clock = self._core.clock
        while True:
            due = clock.monotonic() + ROUND_S
            try:
                while await self.write_next():
                    continue
            except DatabaseLost as lost:
                _log.warning("the database does not answer, the CDR file waits", error=str(lost))
            await clock.sleep_until(due)

    async def write_next(self) -> bool:
        """Write the file of the next day that has ended, unless another process does; whether there may be one more."""
        database, node_id = self._core.database, self._core.node_id
        day = await database.read(store.next_day)
        ended = _day_of(self._core.clock.now_ms() - SETTLED_MS)
        if day is None:
            await database.write(store.begin, _day_of(self._core.clock.now_ms()))
            return False
        if day >= ended or not await database.write(store.claim, node_id, day):
            return False
        if (oldest := ended - timedelta(days=self._most_days_behind)) > day:
            return await database.write(store.release, node_id, day, oldest)
        try:
            done = await self._write(day)
        except OSError as error:
            _log.error("the CDR file cannot be written, it is tried again", file=str(error.filename), error=error.strerror)
            await database.write(store.release, node_id, day, day)
            return False
        return await database.write(_finish, node_id, day, done)

    async def _write(self, day: date) -> list[Range]:
        """Write the file of a day; what of the feeds is in it. Raises OSError."""
        path = self._folder / f"cdr-{day.isoformat()}.csv"
        begun = path.with_name(f".{path.name}.{self._core.node_id}.new")
        await asyncio.to_thread(_begin, begun)
        until = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        ranges = await self._core.database.read(store.ranges, round(until.timestamp() * 1000))
        lines = 0
        for each in ranges:
            part = each
            while found := await self._core.database.read(store.counted, part, SLICE):
                await asyncio.to_thread(_append, begun, found)
                lines += sum(message.segments for message in found)
                part = Range(part.organisation_id, found[-1].number, part.before)
        await asyncio.to_thread(_publish, begun, path)
        _log.info("wrote a CDR file", file=str(path), lines=lines)
        return ranges


def lines_of(message: Counted) -> Iterator[tuple[object, ...]]:
    """The lines of a message, in the order of COLUMNS."""
    for segment in range(1, message.segments + 1):
        yield (
            _time(message.submitted_at_ms),
            message.organisation_id,
            message.device_id,
            message.iccid or "",
            Direction(message.direction).name,
            message.traffic_class,
            message.link or "",
            STATE_NAMES[State(message.state)],
            message.message_id,
            segment,
            message.segments,
            "" if message.final_at_ms is None else _time(message.final_at_ms),
        )


def _finish(tx: Transaction, node_id: int, day: date, done: Sequence[Range]) -> bool:
    """Note a day as done; False where another process took this one for dead and writes the day again."""
    if not store.release(tx, node_id, day, day + timedelta(days=1)):
        return False
    store.advance(tx, done)
    return True


def _begin(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(COLUMNS)


def _append(path: Path, messages: Sequence[Counted]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(line for message in messages for line in lines_of(message))
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text.getvalue())


def _publish(begun: Path, path: Path) -> None:
    """Give a whole file its name, so that whoever sees it sees all of it, also after a power loss."""
    with begun.open("rb") as file:
        os.fsync(file.fileno())
    begun.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).date()


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"
