"""Bodies of the emnify format, held against the recorded ones (contract 5.7)."""

import json

from heliograph.model import webhook_body
from heliograph.model.message import State

# Recorded by a customer of emnify in 2021 (contract 5.7); names and numbers as there.
RECORDED_MO = """{ "id":46638782, "pid":0, "dcs":0, "source_address":"423663920766251", "dest_address":"12345",
  "endpoint":{"id":10830095,"name":"Chargepoint Berlin"},
  "multi_part_info":{"partno":1,"total":1,"identifier":"46638782"},
  "submit_date":"2021-10-29 07:16:45", "organisation":{"id":11060}, "payload":"hello" }"""
RECORDED_RECEIPT = """{ "id":46638644, "status":{"id":4,"status":"DELIVERED"}, "endpoint":{"id":10830095,"name":"Chargepoint Berlin"},
  "submit_date":"2021-10-29 07:13:34", "final_date":"2021-10-29 07:13:36", "organisation":{"id":11060} }"""
SUBMITTED_MS = 1_635_491_805_999  # 2021-10-29T07:16:45Z


def mo(**changed: object) -> object:
    fields: dict[str, object] = {
        "message_id": 46638782, "organisation_id": 11060, "device_id": 10830095, "device_name": "Chargepoint Berlin",
        "source": "423663920766251", "dest": "12345", "payload": "hello", "dcs": 0, "pid": 0, "submitted_at_ms": SUBMITTED_MS,
    }  # fmt: skip
    return json.loads(webhook_body.inbound(**(fields | changed)))  # type: ignore[arg-type]


def test_an_sms_from_a_device_has_the_recorded_body_key_for_key() -> None:
    assert mo() == json.loads(RECORDED_MO)
    assert list(mo()) == list(json.loads(RECORDED_MO))  # type: ignore[call-overload]


def test_a_receipt_has_the_recorded_body_key_for_key() -> None:
    body = webhook_body.receipt(
        message_id=46638644, organisation_id=11060, device_id=10830095, device_name="Chargepoint Berlin", state=State.DELIVERED,
        submitted_at_ms=1_635_491_614_000, final_at_ms=1_635_491_616_000,
    )  # fmt: skip
    assert json.loads(body) == json.loads(RECORDED_RECEIPT)
    assert list(json.loads(body)) == list(json.loads(RECORDED_RECEIPT))


def test_a_lone_part_says_its_number_total_and_set() -> None:
    assert mo(part=(2, 3, "77"))["multi_part_info"] == {"partno": 2, "total": 3, "identifier": "77"}  # type: ignore[index]


def test_quotes_line_ends_and_emoji_survive() -> None:
    assert mo(payload='say "hi"\r\n\U0001f600\x1b')["payload"] == 'say "hi"\r\n\U0001f600\x1b'  # type: ignore[index]


def test_times_are_utc_in_whole_seconds_without_a_zone() -> None:
    assert webhook_body.timestamp(1_635_491_805_999) == "2021-10-29 07:16:45"
