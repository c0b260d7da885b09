"""Microseconds to decode and to encode the PDUs that make up the load: the best of several rounds, since the machine is shared.

python benchmarks/smpp_codec.py
"""

import timeit

from heliograph.smpp import tlv
from heliograph.smpp.codec import decode, encode
from heliograph.smpp.pdu import DeliverSm, Pdu, SubmitSm, SubmitSmResp

TEXT = b"Meter 4711: value 12.345 kWh, battery 87 %, rssi -71 dBm. Reply STOP to end."
RECEIPT = b"id:1234567890 sub:001 dlvrd:001 submit date:2511221200 done date:2511221201 stat:DELIVRD err:000 text:"
NUMBERS = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "12345", "dest_addr_ton": 1, "dest_addr_npi": 1}

PDUS: dict[str, Pdu] = {
    "submit_sm": SubmitSm(**NUMBERS, destination_addr="4917012345678", registered_delivery=1, short_message=TEXT),
    "submit_sm_resp": SubmitSmResp(message_id="1234567890"),
    "deliver_sm, a receipt with two TLVs": DeliverSm(
        **NUMBERS,
        destination_addr="4917012345678",
        esm_class=4,
        short_message=RECEIPT,
        tlvs=(tlv.RECEIPTED_MESSAGE_ID.make("1234567890"), tlv.MESSAGE_STATE.make(2)),
    ),
}


def best(step: str, names: dict[str, object]) -> float:
    rounds = timeit.repeat(step, globals=names, number=2000, repeat=25)
    return min(rounds) / 2000 * 1e6


for name, pdu in PDUS.items():
    octets = encode(pdu, 7)
    names = {"decode": decode, "encode": encode, "octets": octets, "pdu": pdu}
    print(f"{name}: {best('decode(octets)', names):.2f} to decode, {best('encode(pdu, 7)', names):.2f} to encode")
