"""Settings and presets of an SMPP link: every preset is accepted and documented, and what is wrong is named."""

import re
from pathlib import Path

import msgspec
import pytest

from heliograph.links.smpp.presets import PRESETS, UNVERIFIED
from heliograph.links.smpp.settings import SECRETS, AskReceipts, SmppSettings, parse, profile
from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, ErrorClass, LinkRole, OnUnknown, Receipts

PAGE = (Path(__file__).parent.parent.parent / "docs" / "links.md").read_text(encoding="utf-8")
LEAST = {"host": "smsc.example", "system_id": "meters"}


def read(**given: object) -> SmppSettings:
    return parse(msgspec.json.encode(LEAST | given).decode())


def test_every_preset_is_accepted_and_documented_and_says_where_its_values_are_from() -> None:
    for name, facts in PRESETS.items():
        assert f"| `{name}` |" in PAGE
        assert read(preset=name).preset == name
        assert all(fact.source for fact in facts.values())
        assert facts.keys() <= set(SmppSettings.__struct_fields__) - SECRETS
    assert UNVERIFIED in PRESETS["emnify"]["window"].source, "what nobody has read anywhere says so"


def test_what_is_set_wins_over_the_preset_and_tables_are_merged() -> None:
    settings = read(preset="osmomsc", errors={"0x14": "device_busy"}, response_s=5)
    assert settings.errors == {"0x0B": ErrorClass.DEVICE_ABSENT, "0xFE": ErrorClass.DEVICE_ABSENT, "0x14": ErrorClass.DEVICE_BUSY}
    assert (settings.response_ms, read(preset="osmomsc").response_ms, read().response_ms, read(mode="transaction").response_ms) == (
        5000, 60_000, 30_000, 60_000,
    )  # fmt: skip


def test_the_profile_of_a_link_says_what_the_queue_needs() -> None:
    stored = profile(LinkId(3), "SMSC", read(window=20, binds=4, country="49", numbers=["49157*"], long_messages="payload"))
    assert (stored.delivery, stored.on_unknown, stored.receipts, stored.correlation_group) == (
        Delivery.STORED, OnUnknown.WAIT, Receipts.EXPECTED, "link-3",
    )  # fmt: skip
    assert (stored.window, stored.country, stored.numbers, stored.whole_messages, stored.role) == (
        1000, "49", ("49157*",), True, LinkRole.INTERCONNECT,
    )  # fmt: skip
    live = profile(LinkId(3), "SMSC", read(preset="osmomsc", device_address="imsi"))
    assert (live.delivery, live.on_unknown, live.receipts, live.by_imsi) == (Delivery.LIVE, OnUnknown.RETRY, Receipts.NONE, True)
    assert read(delivery="live").asked_receipts is AskReceipts.NONE


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"host": ""}, "host"),
        ({"system_id": ""}, "system_id"),
        ({"password": "123456789"}, "password"),
        ({"system_type": "x" * 13}, "system_type"),
        ({"tls_key_file": "key.pem"}, "tls_certificate_file"),
        ({"errors": {"nonsense": "permanent"}}, "0x0B"),
        ({"errors": {"-1": "permanent"}}, "0x0B"),
        ({"network_errors": {"GSM:1": "permanent"}}, "8:27"),
        ({"network_errors": {"65536": "permanent"}}, "8:27"),
        ({"network_errors": {":1": "permanent"}}, "8:27"),
        ({"refusals": {"policy": "ten"}}, "0x0B"),
        ({"version": "3.3"}, "tx+rx"),
        ({"version": "3.3", "bind_type": "tx+rx", "long_messages": "sar"}, "udh"),
        ({"preset": "generic-9"}, "osmomsc"),
        ({"window": 0}, "window"),
        ({"addresses": {"international": [1, 256]}}, "addresses"),
        ({"receipt_keys": ["pigeon"]}, "receipt_keys"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, object], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=re.escape(word)):
        read(**given)
