"""A message centre that takes every submit_sm and at once reports it delivered, by text and TLVs. Says its port; made to cost little."""

import asyncio
import gc
from itertools import count
from struct import Struct

import uvloop

HEADER = Struct(">IIII")
SUBMIT, DELIVER, ENQUIRE, UNBIND, RESPONSE = 0x04, 0x05, 0x15, 0x06, 0x80000000
BINDS = (0x01, 0x02, 0x09)
STATE = b"\x04\x27\x00\x01\x02"


class Connection(asyncio.Protocol):
    ids = count(1_000_000_000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.held = b""
        self.numbers = count(1)

    def data_received(self, octets: bytes) -> None:
        octets = self.held + octets
        at, out, receipts = 0, [], []
        while len(octets) - at >= 16:
            length, command, _, number = HEADER.unpack_from(octets, at)
            if len(octets) - at < length:
                break
            if command == SUBMIT:
                message_id = b"%d" % next(self.ids)
                out.append(HEADER.pack(17 + len(message_id), SUBMIT | RESPONSE, 0, number) + message_id + b"\0")
                if octets[self._registered(octets, at)] & 1:
                    receipts.append(self._receipt(octets, at, message_id))
            elif command in BINDS:
                out.append(HEADER.pack(21, command | RESPONSE, 0, number) + b"smsc\0")
            elif command in (ENQUIRE, UNBIND):
                out.append(HEADER.pack(16, command | RESPONSE, 0, number))
            at += length
        self.held = octets[at:]
        if out:
            self.transport.write(b"".join(out))
        if receipts:
            asyncio.get_running_loop().call_soon(self._write, receipts)

    def _write(self, receipts: list[bytes]) -> None:
        self.transport.write(b"".join(receipts))

    def _receipt(self, octets: bytes, at: int, message_id: bytes) -> bytes:
        """The addresses of the submit, swapped."""
        source_at = octets.index(b"\0", at + 16) + 1
        destination_at = octets.index(b"\0", source_at + 2) + 1
        source = octets[source_at:destination_at]
        destination = octets[destination_at : octets.index(b"\0", destination_at + 2) + 1]
        text = b"id:%b sub:001 dlvrd:001 submit date:2711281200 done date:2711281200 stat:DELIVRD err:000 text:Meter" % message_id
        tlv = b"\x00\x1e" + (len(message_id) + 1).to_bytes(2) + message_id + b"\0" + STATE
        body = b"\0" + destination + source + b"\x04\0\0\0\0\0\0\0\0" + bytes((len(text),)) + text + tlv
        return HEADER.pack(16 + len(body), DELIVER, 0, next(self.numbers)) + body

    @staticmethod
    def _registered(octets: bytes, at: int) -> int:
        """Where registered_delivery stands."""
        at = octets.index(b"\0", at + 16) + 3  # service_type; TON and NPI of the source
        at = octets.index(b"\0", at) + 3
        at = octets.index(b"\0", at) + 4  # destination; esm_class, protocol_id, priority
        at = octets.index(b"\0", at) + 1
        return octets.index(b"\0", at) + 1


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
