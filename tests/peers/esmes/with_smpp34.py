"""smpp34 1.5.0 (Rust) binds, submits short and long, and hears receipts and an MO. Says in one line of JSON what it saw."""

import asyncio
import json
import os
import sys
from typing import Any

import smpp34

given: dict[str, Any] = json.loads(sys.argv[1])
saw: dict[str, Any] = {"ids": [], "receipts": {}, "texts": []}
LONG_PART = 150


async def main() -> None:
    client = smpp34.Client(given["host"], given["port"], given["system_id"], given["password"])
    smsc = await client.connect()
    text, long = given["text"].encode("ascii"), given["long"].encode("ascii")
    parts = [long[at : at + LONG_PART] for at in range(0, len(long), LONG_PART)]
    sar = [
        [
            smpp34.Tlv(smpp34.TLV_SAR_MSG_REF_NUM, (4711).to_bytes(2, "big")),
            smpp34.Tlv(smpp34.TLV_SAR_TOTAL_SEGMENTS, bytes((len(parts),))),
            smpp34.Tlv(smpp34.TLV_SAR_SEGMENT_SEQNUM, bytes((number,))),
        ]
        for number in range(1, len(parts) + 1)
    ]
    sends = [(given["delivers"], text, []), *((given["delivers"], part, tlvs) for part, tlvs in zip(parts, sar, strict=True))]
    for number, octets, tlvs in [*sends, (given["echo"], text, [])]:
        answer = await smsc.submit_sm(number, octets, source_addr="1000", registered_delivery=1, tlvs=tlvs)
        assert answer.is_success, answer.command_status
        saw["ids"].append(answer.message_id)
    async with asyncio.timeout(40):
        while len(saw["receipts"]) < len(saw["ids"]) or not saw["texts"]:
            received(await smsc.next())
    await smsc.unbind()
    await client.stop()


def received(event: Any) -> None:
    if event.esm_class & 0x3C != 4:
        saw["texts"].append(event.short_message.decode("ascii"))
        return
    fields = dict(each.split(":", 1) for each in event.short_message.decode().split() if ":" in each)
    tlvs = {each.tag: each for each in event.tlvs}
    message_id = tlvs[smpp34.TLV_RECEIPTED_MESSAGE_ID].as_string()
    saw["receipts"][message_id] = [fields["id"], fields["stat"], tlvs[smpp34.TLV_MESSAGE_STATE].as_int()]


asyncio.run(main())
sys.stdout.write(json.dumps(saw) + "\n")
sys.stdout.flush()
os._exit(0)  # its native part was seen to crash while the interpreter ended, when all had been said
