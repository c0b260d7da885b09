"""Ports of 127.0.0.1 for tests. What listens by itself takes port 0 and tells which it got; these are for the rest.

A port that is looked for, let go and taken again later may have gone to somebody else meanwhile: any connection takes one for its own end.
"""

import contextlib
import random
import socket
from collections.abc import Iterator

BELOW_THE_EPHEMERAL = range(20_000, 32_000)
"""Linux gives connections ports from 32768 up, macOS and the BSDs from 49152: nobody is given these by chance."""


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port where connections are refused, held so that nobody else listens there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def port_to_keep() -> int:
    """A port on which nobody listens, for a program that cannot tell which it took, or comes back to it after a while."""
    while True:
        port = random.choice(BELOW_THE_EPHEMERAL)
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
