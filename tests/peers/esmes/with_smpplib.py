"""smpplib 2.2.4 binds, submits short and long, and hears receipts and an MO. Says in one line of JSON what it saw."""

import json
import sys
import time
from typing import Any

import smpplib.client
import smpplib.consts
import smpplib.gsm

given: dict[str, Any] = json.loads(sys.argv[1])
saw: dict[str, Any] = {"ids": [], "receipts": {}, "texts": []}
client = smpplib.client.Client(given["host"], given["port"], allow_unknown_opt_params=True, timeout=30)


def received(pdu: Any) -> int:
    if pdu.esm_class & 0x3C == 4:
        fields = dict(each.split(":", 1) for each in pdu.short_message.decode().split() if ":" in each)
        saw["receipts"][pdu.receipted_message_id.decode()] = [fields["id"], fields["stat"], pdu.message_state]
    else:
        saw["texts"].append(pdu.short_message.decode("latin-1"))
    return 0


def wait(until: Any) -> None:
    give_up = time.monotonic() + 40
    while not until() and time.monotonic() < give_up:
        try:
            client.read_once()
        except TimeoutError:
            continue


client.set_message_sent_handler(lambda pdu: saw["ids"].append(pdu.message_id.decode()))
client.set_message_received_handler(received)
client.connect()
client.bind_transceiver(system_id=given["system_id"], password=given["password"])
client._socket.settimeout(1)


def send(number: str, text: str) -> int:
    parts, data_coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL,
            source_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            source_addr="1000",
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=number,
            short_message=part,
            data_coding=data_coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
    return len(parts)


count = send(given["delivers"], given["text"]) + send(given["delivers"], given["long"]) + send(given["echo"], given["text"])
wait(lambda: len(saw["ids"]) == count and len(saw["receipts"]) == count and saw["texts"])
client.unbind()
client.disconnect()
sys.stdout.write(json.dumps(saw) + "\n")
