"""smpp34's server as a message centre: takes all, reports on each by text and TLVs, brings one SMS for the text `call`."""

import asyncio
import json
import socket
from itertools import count

import smpp34

RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2711281200 done date:2711281201 stat:DELIVRD err:000 text:"


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


def free_port() -> int:
    """The library takes a port and does not tell which 0 became."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def main() -> None:
    port = free_port()
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    say(port=port)
    ids, esme, tasks = count(1), None, set()

    async def report(message_id: str, submit: smpp34.SubmitSmEvent) -> None:
        tlvs = [smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"), smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x02")]
        answer = await esme.deliver_sm(
            submit.source_addr, RECEIPT.format(message_id).encode(), source_addr=submit.destination_addr,
            source_addr_ton=submit.dest_addr_ton, esm_class=4, tlvs=tlvs,
        )  # fmt: skip
        say(answer=0, to="receipt", kind=type(answer).__name__)

    async def call() -> None:
        text = "Zähler 5 €".encode("utf-16-be")
        await esme.deliver_sm("1000", text, source_addr="4917012345", source_addr_ton=1, data_coding=8)
        say(answer=0, to="sms")

    while True:
        match await server.next():
            case smpp34.Esme() as esme:
                say(bind="bind_transceiver", system_id=esme.system_id, right=True)
            case smpp34.SubmitSmEvent() as submit:
                message_id = str(next(ids))
                text = submit.short_message
                say(submit=text.decode("latin-1"), udh=bool(submit.esm_class & 0x40), to=submit.destination_addr, ton=submit.dest_addr_ton)
                submit.accept(message_id)
                tasks.add(asyncio.create_task(report(message_id, submit)))
                if text == b"call":
                    tasks.add(asyncio.create_task(call()))
            case smpp34.Unbound():
                say(unbind=True)


asyncio.run(main())
