"""Receive webhooks and count them, all and distinct message ids. `GET /stats` answers JSON, `POST /reset` starts again."""

import argparse
import asyncio
import gc
import json
import re
import time

import uvloop

ID = re.compile(rb'"id":(\d+)')
ID_OF_QUERY = re.compile(rb"[?&]id=(\d+)")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Counts:
    calls = 0
    connections = 0
    last = 0.0
    ids: set[bytes] = set()

    @classmethod
    def reset(cls) -> None:
        cls.calls, cls.last, cls.ids = 0, 0.0, set()


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""
        Counts.connections += 1

    def data_received(self, octets: bytes) -> None:
        self.buffer += octets
        answers = []
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)content-length: *(\d+)", self.buffer[:head])
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < end:
                break
            answers.append(self.answer(self.buffer[:end], head))
            self.buffer = self.buffer[end:]
        if answers:
            self.transport.write(b"".join(answers))

    def answer(self, request: bytes, head: int) -> bytes:
        if request.startswith(b"GET /stats"):
            body = json.dumps({"calls": Counts.calls, "distinct": len(Counts.ids), "last": Counts.last, "connections": Counts.connections})
            return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        if request.startswith(b"POST /reset"):
            Counts.reset()
            return ANSWER
        Counts.calls += 1
        Counts.last = time.monotonic()
        if found := ID.search(request, head) or ID_OF_QUERY.search(request, 0, head):
            Counts.ids.add(found[1])
        return ANSWER


async def run(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    uvloop.run(run(parser.parse_args().port))
