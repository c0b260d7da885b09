"""rusmppyc 0.4.0a2 binds with SMPP 5.0, submits short and long, and hears receipts and an MO. Says in one line of JSON what it saw."""

import asyncio
import json
import os
import re
import sys
from typing import Any

import rusmppyc
from rusmppyc import Client, CommandId, Event, InterfaceVersion, MessagePayload, MessageSubmissionRequestTlvValue, RegisteredDelivery

given: dict[str, Any] = json.loads(sys.argv[1])
saw: dict[str, Any] = {"ids": [], "receipts": {}, "texts": [], "version": "", "tlvs": []}
RECEIPT = rusmppyc.RegisteredDelivery(
    rusmppyc.MCDeliveryReceipt.McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure(),
    RegisteredDelivery.default().sme_originated_acknowledgement,
    RegisteredDelivery.default().intermediate_notification,
)


async def hear(events: Any, client: Client) -> None:
    async for event in events:
        match event:
            case Event.Incoming(command) if isinstance(command.id, CommandId.DeliverSm):
                await client.deliver_sm_resp(command.sequence_number)
                received(command)
            case _:
                pass


def received(command: Any) -> None:
    octets = bytes(command.pdu._0.short_message)
    if found := re.match(rb"id:(\S+) .*stat:(\S+) ", octets):
        saw["receipts"][found[1].decode()] = [found[1].decode(), found[2].decode(), 2]
    else:
        saw["texts"].append(octets.decode("ascii"))


async def main() -> None:
    client, events = await Client.connect(url=f"smpp://{given['host']}:{given['port']}", response_timeout=30_000)
    hearing = asyncio.create_task(hear(events, client))
    bound = await client.bind_transceiver(
        system_id=given["system_id"], password=given["password"], interface_version=InterfaceVersion.Smpp5_0()
    )
    saw["version"] = str(bound.sc_interface_version)
    payload = MessageSubmissionRequestTlvValue.MessagePayload(MessagePayload(given["long"].encode("ascii")))
    for number, text, tlvs in (
        (given["delivers"], given["text"].encode("ascii"), []),
        (given["delivers"], b"", [payload]),
        (given["echo"], given["text"].encode("ascii"), []),
    ):
        answer = await client.submit_sm(
            source_addr="1000", destination_addr=number, short_message=text, tlvs=tlvs, registered_delivery=RECEIPT
        )
        saw["ids"].append(bytes(answer.message_id).decode().rstrip("\0"))
        saw["tlvs"].append(repr(answer))
    async with asyncio.timeout(40):
        while len(saw["receipts"]) < len(saw["ids"]) or not saw["texts"]:
            await asyncio.sleep(0.02)
    await client.unbind()
    hearing.cancel()


asyncio.run(main())
sys.stdout.write(json.dumps(saw) + "\n")
sys.stdout.flush()
os._exit(0)  # its runtime sometimes aborts at the interpreter's exit
