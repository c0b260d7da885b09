"""What one bad peer costs the others that are bound: the p99 of submit_sm_resp at a steady rate, with and without it, in turn.

    .venv/bin/python benchmarks/smpp_bad_peer.py
    .venv/bin/python benchmarks/smpp_bad_peer.py --kinds deaf garbage --rounds 5

Four binds submit 2,000 messages a second, each committed before its response. The bad peer is a process of its own, of one kind:

- deaf: binds, submits without end and never reads an answer;
- full: five binds submit a full window each and read no answer, nor do anything else until they are cut off;
- mute: binds, has twenty receipts made (it submits, and cancels), and answers none of them, nor anything but enquire_link;
- garbage: binds, then says what is no PDU; when it is cut off it comes again;
- dies: binds, submits ten and resets the connection, twenty times a second;
- huge: says that its PDU has 4 GB, twenty times a second;
- silent: a hundred connections that say nothing, and come again when they are closed;
- wrong: binds with a wrong password, always the same, as fast as it is answered;
- guesses: the same with another password each time.

Load, bad peer and Heliograph share the machine, so run it on one that does nothing else. Each round measures once without a bad peer and
once with each kind; the medians are compared (README.md has ours). With real-time priority (`chrt -f`) that of the threads which check
passwords counts for nothing, so measure `wrong` and `guesses` without.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from smpp_submit import BASE, Server, run_once

HEADER = struct.Struct(">IIII")
BIND, SUBMIT, CANCEL, ENQUIRE, RESPONSE = 0x09, 0x04, 0x08, 0x15, 0x80000000
GAP_S = 0.05
WINDOW = 100
"""Of an account, unless it is given another."""
MUTE_SUBMITS = 20

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BadPeer:
    """What it has to say, in octets of its own."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password

    async def connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def bound(self) -> Streams:
        reader, writer = await self.connect()
        writer.write(self.bind(self.password))
        await reader.readexactly(16)
        return reader, writer

    def bind(self, password: str) -> bytes:
        body = b"org_1\0" + password.encode() + b"\0\0\x34\0\0\0"
        return HEADER.pack(16 + len(body), BIND, 0, 1) + body

    def submits(self, count: int, addresses: bytes = b"\x01\x0112345\0\x01\x01%d\0" % BASE, registered: int = 0) -> bytes:
        body = b"\0" + addresses + bytes((0, 0, 0, 0, 0, registered, 0, 0, 0, 5)) + b"hello"
        return b"".join(HEADER.pack(16 + len(body), SUBMIT, 0, number) + body for number in range(2, 2 + count))

    async def deaf(self) -> None:
        reader, writer = await self.bound()
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        while True:
            writer.write(self.submits(500))
            await writer.drain()

    async def full(self) -> None:
        async def one() -> None:
            reader, writer = await self.bound()
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(self.submits(WINDOW))
            await writer.wait_closed()

        await asyncio.gather(*(one() for _ in range(5)))

    async def mute(self) -> None:
        reader, writer = await self.bound()
        addresses = b"\x01\x0154321\0\x01\x01%d\0" % BASE
        cancel = HEADER.pack(18 + len(addresses), CANCEL, 0, 1) + b"\0\0" + addresses
        writer.write(self.submits(MUTE_SUBMITS, addresses, registered=1) + cancel)
        while True:
            length, command, _, number = HEADER.unpack(await reader.readexactly(16))
            await reader.readexactly(length - 16)
            if command == ENQUIRE:
                writer.write(HEADER.pack(16, ENQUIRE | RESPONSE, 0, number))

    async def garbage(self) -> None:
        reader, writer = await self.bound()
        while not reader.at_eof():
            writer.write(os.urandom(200))
            await reader.read(4096)

    async def dies(self) -> None:
        _, writer = await self.bound()
        writer.write(self.submits(10))
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def huge(self) -> None:
        reader, writer = await self.bound()
        writer.write(HEADER.pack(0xFFFF_FFFF, SUBMIT, 0, 2))
        await reader.read()

    async def silent(self) -> None:
        async def one() -> None:
            reader, _ = await self.connect()
            await reader.read()

        await asyncio.gather(*(one() for _ in range(100)))

    async def wrong(self) -> None:
        reader, writer = await self.connect()
        writer.write(self.bind("wrong"))
        await reader.read(1)
        writer.close()

    async def guesses(self) -> None:
        reader, writer = await self.connect()
        writer.write(self.bind(os.urandom(4).hex()))
        await reader.read(1)
        writer.close()


KINDS: dict[str, Callable[[BadPeer], Coroutine[Any, Any, None]]] = {
    "deaf": BadPeer.deaf,
    "full": BadPeer.full,
    "mute": BadPeer.mute,
    "garbage": BadPeer.garbage,
    "dies": BadPeer.dies,
    "huge": BadPeer.huge,
    "silent": BadPeer.silent,
    "wrong": BadPeer.wrong,
    "guesses": BadPeer.guesses,
}


async def behave(kind: str, port: int, password: str) -> None:
    """Be bad, again and again, until the process is ended."""
    peer = BadPeer(port, password)
    print("ready", flush=True)
    while True:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await KINDS[kind](peer)
        await asyncio.sleep(GAP_S)


def measured(server: Server, options: argparse.Namespace, kind: str | None) -> dict[str, Any]:
    """One run beside a bad peer of this kind, or none."""
    if kind is None:
        return run_once(server, options, options.rate)
    bad = subprocess.Popen([sys.executable, __file__, "--be", kind, str(server.port), server.password], stdout=subprocess.PIPE)
    assert bad.stdout is not None
    bad.stdout.readline()  # to start costs more than to be bad
    try:
        return run_once(server, options, options.rate)
    finally:
        bad.kill()
        bad.wait()
        bad.stdout.close()


def main() -> None:
    if sys.argv[1:2] == ["--be"]:
        kind, port, password = sys.argv[2:]
        asyncio.run(behave(kind, int(port), password))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or a postgresql:// URL of an empty database")
    parser.add_argument("--kinds", nargs="*", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    vars(options).update(devices=2000, binds=4, window=50, registered=0)
    results: dict[str | None, list[float]] = {kind: [] for kind in (None, *options.kinds)}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.database, Path(folder), options.devices, linked=False)
        try:
            run_once(server, options, options.rate)  # what is done once only, is done
            for _ in range(options.rounds):
                for kind, found in results.items():
                    run = measured(server, options, kind)
                    assert not run["unanswered"], run
                    found.append(run["p99_ms"])
                    print(kind or "none", json.dumps(run), flush=True)
        finally:
            server.stop()
    alone = statistics.median(results[None])
    for kind, found in results.items():
        p99 = statistics.median(found)
        print(f"{kind or 'none'}: p99 {p99:.1f} ms, {p99 / alone:.2f} of that without a bad peer", flush=True)


if __name__ == "__main__":
    main()
