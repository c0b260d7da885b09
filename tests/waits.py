"""Waits of tests for what ends by itself: none is for ever. On a clock moved by hand it is `TestClock.advance_until`, on an event loop
`asyncio.timeout(PATIENCE_S)` or `smpp.wires.until`."""

import subprocess
import threading

PATIENCE_S = 60.0
"""Longer than anything takes on a busy machine, shorter than a test may take: so that what never came is named."""


def join(thread: threading.Thread, what: str) -> None:
    """Return when it has ended. It is a daemon, or the process would not end either."""
    assert thread.daemon
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), f"never came: the end of {what}"


def kill(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """As a power cut would."""
    process.kill()
    process.wait(PATIENCE_S)
