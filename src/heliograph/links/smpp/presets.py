"""Presets: what a kind of message centre wants, each value with where that is known from. No preset knows an address or a password.

UNVERIFIED: a usual value, neither read of that peer nor tried against it. What is of a source or a guide was read there. OsmoMSC's are its
source code's, and were met in OsmoMSC 1.9 itself with a phone attached to it (tests/peers/test_osmomsc.py). Kannel's and Jasmin's were seen
with those servers themselves (docs/links.md). A link's own settings win over all of them.
"""

from typing import Any, Final, NamedTuple

UNVERIFIED: Final = "unverified"
_SPEC: Final = "SMPP 3.4"
_OSMO: Final = "OsmoMSC 1.x, smpp_openbsc.c and its manual; tried"
_EMNIFY: Final = "emnify's SMPP integration guide"
_BOX: Final = "seen with opensmppbox (svn, 2014) and bearerbox 1.4.5"
_JASMIN: Final = "seen with Jasmin 0.11.1"
_RULES: Final = "docs/links.md, OsmoMSC"


class Fact(NamedTuple):
    value: Any
    source: str


PRESETS: Final[dict[str, dict[str, Fact]]] = {
    "generic-3.4": {
        "version": Fact("3.4", _SPEC),
        "bind_type": Fact("trx", _SPEC + " 2.2.2"),
        "data_coding": Fact("smpp34", _SPEC + " 5.2.19"),
        "port": Fact(2775, "IANA: smpp"),
    },
    "generic-3.3": {
        "version": Fact("3.3", "SMPP 3.3"),
        "bind_type": Fact("tx+rx", "SMPP 3.3 has no transceiver"),
        "send_reference": Fact(False, "SMPP 3.3 has no TLVs"),
        "id_in_response": Fact("hex", "SMPP 3.3: message_id is up to 8 hexadecimal digits"),
        "id_in_text": Fact("decimal", UNVERIFIED + ": usual for centres of 3.3, check with `heliograph link check --send-to`"),
        "receipt_keys": Fact(["text"], "SMPP 3.3 has no TLVs"),
        "validity": Fact("absolute", UNVERIFIED),
    },
    "osmomsc": {
        "version": Fact("3.4", _OSMO + ": a bind with another version is dropped without an answer"),
        "role": Fact("network", _RULES),
        "delivery": Fact("live", _RULES),
        "mode": Fact("transaction", _OSMO + ": submit_sm_resp is the device's answer"),
        "data_coding": Fact("osmomsc", _OSMO),
        "long_messages": Fact("udh", _OSMO + ": 8-bit concatenation references"),
        "receipts": Fact("none", _OSMO + ": in transaction mode the response says it"),
        "id_in_response": Fact("ignored", _OSMO + ": each response in store mode has the id msg_id_not_implemented"),
        "id_in_text": Fact("ignored", _OSMO),
        "id_in_tlv": Fact("ignored", _OSMO),
        "receipts_by_reference": Fact(True, _OSMO + ": a receipt has our user_message_reference"),
        "addresses": Fact(
            {"international": [1, 1], "national": [2, 1], "short": [0, 1], "alphanumeric": [5, 1], "imsi": [0, 6]},
            _OSMO + ": NPI 1, 9 and 6 are taken, 0 is refused with 0x0B",
        ),
        "errors": Fact(
            {"0x0B": "device_absent", "0xFE": "device_absent"},
            _OSMO + ": 0x0B for a subscriber that is not in its register, 0xFE for every failed delivery",
        ),
        "validity": Fact("none", _OSMO + ": nothing is stored in transaction mode"),
        "response_s": Fact(60, _OSMO + ": the response waits for the device"),
    },
    "kannel": {
        "version": Fact("3.4", _BOX + ": above 3.3 ids are whole UUIDs and receipts have TLVs"),
        "bind_type": Fact("trx", _BOX + ": trx and tx+rx are served"),
        "id_in_response": Fact("raw", _BOX + ": one UUID in response, text and TLV"),
        "receipts_unswapped": Fact(True, _BOX + ": a receipt has source and destination as the SMS had them"),
        "validity": Fact("relative", _BOX + ": to the minute"),
        "default_alphabet": Fact("gsm7", _BOX + ": data_coding 0 is GSM 03.38"),
        "long_messages": Fact("udh", _BOX + ": a receipt for each part; payload is taken too"),
    },
    "jasmin": {
        "port": Fact(2775, "Jasmin's configs.py, smpp-server"),
        "version": Fact("3.4", _JASMIN + ": all it speaks"),
        "id_in_response": Fact("raw", _JASMIN + ": one UUID in response, text and TLV"),
        "enquire_link_s": Fact(30, "Jasmin's configs.py: its own is 30 s, and 300 s of silence end a session"),
        "default_alphabet": Fact("gsm7", _JASMIN + ": it hands octets and data_coding on as they came"),
        "long_messages": Fact("udh", _JASMIN + ": a receipt for each part"),
    },
    "emnify": {
        "host": Fact("customer-smpp.emnify.net", _EMNIFY),
        "port": Fact(2775, _EMNIFY + "; 3550 with tls"),
        "version": Fact("3.4", _EMNIFY),
        "role": Fact("network", _EMNIFY + ": any SMS of a device comes by it"),
        "delivery": Fact("stored", _EMNIFY + ": receipts for delivered, failed and expired"),
        "receipts": Fact("all", _EMNIFY + ": registered_delivery is to be set"),
        "window": Fact(10, UNVERIFIED),
        "id_in_response": Fact("raw", UNVERIFIED),
    },
}
