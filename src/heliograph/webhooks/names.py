"""Looks up the addresses of names, off the event loop, and remembers them, judged by the rule it is given (`egress.py`). Dials none.

Theory of operation. `getaddrinfo` blocks, for half a minute where a name server is dead, and cannot be cancelled. So each look-up has a
daemon thread of its own (one that hangs holds up neither the others nor the end of the process), at most 32 at once, one per name. Known
addresses are fresh for a minute; up to ten minutes they are still given while a new look-up runs, so that a name in use waits only once.
"""

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from heliograph.clock import Clock

FRESH_S = 60.0
STALE_S = 600.0
FAILED_S = 5.0
LOOKUPS_AT_ONCE = 32
NAMES_MOST = 10_000

Lookup = Callable[[str], list[str]]
Judge = Callable[[str], str | None]


class NameLookupError(Exception):
    """The name has no address; the text says why, in plain words."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a look-up gave: addresses that may all be dialled, or an error in plain words. `serial` is another one for every look-up."""

    addresses: tuple[str, ...]
    error: str | None
    at: float
    serial: int


@dataclass(slots=True)
class _Pending:
    waiting: list[Callable[[Known], None]] = field(default_factory=list)


def system_lookup(name: str) -> list[str]:
    """The addresses of `name` in the order in which to try them (RFC 6724). Blocks; raises NameLookupError."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameLookupError(f"the name {name} was not found ({error.strerror})") from None
    except (OSError, UnicodeError) as error:
        raise NameLookupError(f"the name {name} could not be looked up ({error})") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Names:
    """The names in use and their addresses. Belongs to the event loop that runs when it is made.

    `judge` says why an address may not be dialled, or None; one such address refuses its name."""

    def __init__(self, clock: Clock, judge: Judge, lookup: Lookup) -> None:
        self._clock = clock
        self._judge = judge
        self._lookup = lookup
        self._loop = asyncio.get_running_loop()
        self._known: dict[str, Known] = {}
        self._pending: dict[str, _Pending] = {}
        self._queue: deque[str] = deque()
        self._running = 0
        self._serial = 0

    def known(self, name: str) -> Known | None:
        """What is known of `name` and may be used now; starts a new look-up where it is no longer fresh."""
        known = self._known.get(name)
        if known is None:
            return None
        age = self._clock.monotonic() - known.at
        if age <= (FRESH_S if known.error is None else FAILED_S):
            return known
        if known.error is not None or age > STALE_S:
            return None
        self._want(name)
        return known

    def find(self, name: str, found: Callable[[Known], None]) -> None:
        """Look `name` up and call `found` once, later, on the event loop. A look-up under way serves all who ask."""
        self._want(name).waiting.append(found)

    def _want(self, name: str) -> _Pending:
        pending = self._pending.get(name)
        if pending is None:
            pending = self._pending[name] = _Pending()
            self._queue.append(name)
            self._start_queued()
        return pending

    def _start_queued(self) -> None:
        while self._queue and self._running < LOOKUPS_AT_ONCE:
            self._running += 1
            name = self._queue.popleft()
            threading.Thread(target=self._look_up, args=(name,), name=f"look up {name}", daemon=True).start()

    def _look_up(self, name: str) -> None:
        """Runs in a thread of its own."""
        addresses: list[str] = []
        error: str | None = f"the name {name} has no address"
        try:
            addresses = self._lookup(name)
            error = None if addresses else error
        except NameLookupError as failure:
            error = str(failure)
        finally:
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits
                self._loop.call_soon_threadsafe(self._found, name, tuple(addresses), error)

    def _found(self, name: str, addresses: tuple[str, ...], error: str | None) -> None:
        self._running -= 1
        self._serial += 1
        refused = next((why for address in addresses if (why := self._judge(address))), None)
        known = Known(
            addresses,
            error or (refused and f"the name {name} leads where it may not: {refused}"),
            self._clock.monotonic(),
            self._serial,
        )
        self._known.pop(name, None)
        self._known[name] = known
        if len(self._known) > NAMES_MOST:
            del self._known[next(iter(self._known))]
        for found in self._pending.pop(name).waiting:
            found(known)
        self._start_queued()
