"""Submit SMS over SMPP by several binds, each with a window; print one line of JSON.

A closed loop, or with `--rate` an open one: submits start at their time and their latency counts from it, so that a server that stalls is
seen to stall. Ends after `--seconds`, when all that was sent is answered. Octets are put together beforehand, so that it costs little
beside what it measures: about 5 µs a submit.
"""

import argparse
import asyncio
import gc
import json
import os
import struct
import time

import uvloop

TEXT = b"Meter 4711: value 12.345 kWh, battery 87 %, rssi -71 dBm. Reply STOP to end."
HEADER = struct.Struct(">IIII")
BIND, SUBMIT, ENQUIRE, UNBIND, DELIVER, RESPONSE = 0x09, 0x04, 0x15, 0x06, 0x05, 0x80000000


class Load:
    """What all binds share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        before = b"\0" + b"\x01\x0112345\0" + b"\x01\x01"
        behind = b"\0" + bytes((0, 0, 0, 0, 0, options.registered, 0, 0, 0, len(TEXT))) + TEXT
        self.bodies = [before + b"%d" % (options.base + number) + behind for number in range(options.devices)]
        self.started = self.ends = 0.0
        self.sent = self.accepted = self.refused = self.delivered = 0
        self.latencies_ms: list[float] = []
        self.errors: dict[str, int] = {}
        self.last = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    def due(self) -> int:
        """How many submits may be sent by now."""
        rate = self.options.rate
        if not rate:
            return 1 << 60
        return int((min(time.monotonic(), self.ends) - self.started) * rate) - self.sent

    def planned(self) -> float:
        """When the next submit was to be sent."""
        return self.started + self.sent / self.options.rate if self.options.rate else time.monotonic()


class Bind(asyncio.Protocol):
    """One session."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.number = 1
        self.at: dict[int, float] = {}
        self.held = b""
        self.bound = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        options = self.load.options
        body = options.system_id.encode() + b"\0" + options.password.encode() + b"\0\0\x34\0\0\0"
        transport.write(HEADER.pack(16 + len(body), BIND, 0, 1) + body)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.bound.done():
            self.bound.set_exception(RuntimeError("the connection was lost before the bind"))

    def pump(self) -> None:
        """Fill the window, as far as it is time."""
        load = self.load
        room = min(load.options.window - len(self.at), load.due())
        if room <= 0 or load.is_over:
            return
        out = []
        for _ in range(room):
            self.number += 1
            body = load.bodies[load.sent % len(load.bodies)]
            out.append(HEADER.pack(16 + len(body), SUBMIT, 0, self.number) + body)
            self.at[self.number] = load.planned()
            load.sent += 1
        self.transport.write(b"".join(out))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        octets = self.held + data if self.held else data
        at, end, now = 0, len(octets), time.monotonic()
        out = []
        while end - at >= 16:
            length, command, status, number = HEADER.unpack_from(octets, at)
            if end - at < length:
                break
            if command == SUBMIT | RESPONSE:
                self._answered(number, status, now)
            elif command == BIND | RESPONSE:
                self.bound.set_result(None) if not status else self.bound.set_exception(RuntimeError(f"bind status 0x{status:X}"))
            elif command == DELIVER:
                self.load.delivered += 1
                out.append(HEADER.pack(17, DELIVER | RESPONSE, 0, number) + b"\0")
            elif command in (ENQUIRE, UNBIND):
                out.append(HEADER.pack(16, command | RESPONSE, 0, number))
            at += length
        self.held = octets[at:]
        if out:
            self.transport.write(b"".join(out))  # type: ignore[attr-defined]
        if self.bound.done():
            self.pump()

    def _answered(self, number: int, status: int, now: float) -> None:
        load = self.load
        load.latencies_ms.append((now - self.at.pop(number)) * 1000)
        load.last = now
        if status:
            load.refused += 1
            load.errors[hex(status)] = load.errors.get(hex(status), 0) + 1
        else:
            load.accepted += 1


async def run(options: argparse.Namespace) -> None:
    load = Load(options)
    loop = asyncio.get_running_loop()
    binds = [(await loop.create_connection(lambda: Bind(load), options.host, options.port))[1] for _ in range(options.binds)]
    await asyncio.gather(*(each.bound for each in binds))
    load.started = time.monotonic()
    load.ends = load.started + options.seconds
    while not load.is_over:
        for each in binds:
            each.pump()
        await asyncio.sleep(0.002)
    deadline = time.monotonic() + 30
    while any(each.at for each in binds) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    if options.registered:
        while load.delivered < load.accepted and time.monotonic() < deadline + 30:
            await asyncio.sleep(0.05)
    found = sorted(load.latencies_ms)
    print(
        json.dumps(
            {
                "sent": load.sent,
                "accepted": load.accepted,
                "refused": load.refused,
                "errors": load.errors,
                "unanswered": sum(len(each.at) for each in binds),
                "receipts": load.delivered,
                "rate": round(load.accepted / (load.last - load.started), 1),
                "p50_ms": round(found[len(found) // 2], 2),
                "p99_ms": round(found[len(found) * 99 // 100], 2),
                "max_ms": round(found[-1], 2),
                "load_cpu_us": round(sum(os.times()[:2]) / max(1, load.sent) * 1e6, 1),
            }
        ),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--system-id", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--base", type=int, required=True, help="the MSISDN of the first device; the others follow")
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--binds", type=int, default=4)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--registered", type=int, default=0, help="registered_delivery; with 1 it waits for the receipts too")
    gc.disable()
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
