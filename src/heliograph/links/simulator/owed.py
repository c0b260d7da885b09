"""What a stored network owes: the segments it took, until their receipts were answered; in a file, so that it outlives our process.

A real network does not die with us. Without a file, what it owes is in memory only.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from heliograph.model.link import Outgoing, ReceiptState


class Result(msgspec.Struct, frozen=True):
    """What became of a segment: what its receipt says."""

    state: ReceiptState
    word: str
    error: str | None = None


class _Line(msgspec.Struct, omit_defaults=True):
    """A step in the life of what was taken as `ref`: taken, ended, or answered for."""

    ref: str
    outgoing: Outgoing | None = None
    result: Result | None = None
    is_told: bool = False


class Owed:
    """The book of one network. Steps are written by `write`, or with the next one."""

    def __init__(self, network_log: str | None) -> None:
        self._left = _read(Path(network_log)) if network_log else {}
        self._log = None if network_log is None else os.open(network_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._lines: list[bytes] = []

    def left(self) -> Iterator[tuple[str, Outgoing, Result | None]]:
        """What an earlier process left: by which ref it was taken, and its result, where it has one already."""
        for ref, line in self._left.items():
            if line.outgoing is not None:
                yield ref, line.outgoing, line.result
        self._left = {}

    def took(self, ref: str, outgoing: Outgoing) -> None:
        self._note(_Line(ref, outgoing))

    def ended(self, ref: str, result: Result) -> None:
        self._note(_Line(ref, result=result))

    def told(self, ref: str) -> None:
        self._note(_Line(ref, is_told=True))

    def write(self) -> None:
        """Give what was noted to the operating system: from here on it survives the process."""
        if self._log is not None and self._lines:
            os.write(self._log, b"".join(self._lines))
            self._lines.clear()

    def close(self) -> None:
        if self._log is not None:
            self.write()
            os.close(self._log)
            self._log = None

    def _note(self, line: _Line) -> None:
        if self._log is not None:
            self._lines.append(msgspec.json.encode(line) + b"\n")


def _read(path: Path) -> dict[str, _Line]:
    """By ref, what is not yet answered for."""
    found: dict[str, _Line] = {}
    for text in path.read_bytes().splitlines() if path.exists() else ():
        line = msgspec.json.decode(text, type=_Line)
        if line.is_told:
            found.pop(line.ref, None)
        elif line.outgoing is not None:
            found[line.ref] = line
        elif line.ref in found:
            found[line.ref].result = line.result
    return found
