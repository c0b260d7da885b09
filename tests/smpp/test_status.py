"""Commands, statuses and values: heliograph.smpp.command, status, value."""

import pytest

from heliograph.smpp import status, value
from heliograph.smpp.command import Command, is_response, name_of


def test_commands_have_their_names() -> None:
    assert name_of(0x04) == "submit_sm"
    assert name_of(0x80000103) == "data_sm_resp"
    assert name_of(0x80000000) == "generic_nack"
    assert name_of(0x999) == "command 0x00000999"
    assert name_of(0x80000999) == "command 0x80000999"
    assert is_response(Command.GENERIC_NACK)
    assert not is_response(Command.DATA_SM)


def test_a_status_is_told_in_plain_words() -> None:
    assert status.meaning_of(0x58).name == "RTHROTTLED"
    assert "slow down" in status.meaning_of(0x58).words
    assert status.meaning_of(0x412).name == "vendor 0x412"
    assert status.meaning_of(0x300).name == "reserved 0x300"


def test_every_constant_has_its_row() -> None:
    constants = {name: code for name, code in vars(status).items() if name.startswith("R") and isinstance(code, int)}
    assert len(constants) > 50
    for name, code in constants.items():
        assert status.MEANINGS[code].name == name


@pytest.mark.parametrize(
    ("command_status", "version", "expected"),
    [(0x101, 0x34, 0xFF), (0x101, 0x50, 0x101), (0x58, 0x33, 0x58), (0x412, 0x33, 0x412), (0x300, 0x50, 0xFF)],
)
def test_an_old_peer_gets_no_new_status(command_status: int, version: int, expected: int) -> None:
    assert status.allowed_for(command_status, version) == expected


def test_receipts_are_told_apart_from_messages() -> None:
    assert value.is_receipt(0x04)
    assert value.is_receipt(0x20)
    assert value.is_receipt(0x44)
    assert not value.is_receipt(0x01)
    assert not value.is_receipt(0x08)


@pytest.mark.parametrize(
    ("registered_delivery", "delivered", "expected"),
    [
        (0, True, False),
        (1, True, True),
        (1, False, True),
        (2, True, False),
        (2, False, True),
        (3, True, True),
        (3, False, False),
        (0x11, True, True),
    ],
)
def test_a_receipt_is_owed_as_asked(registered_delivery: int, delivered: bool, expected: bool) -> None:
    assert value.wants_receipt(registered_delivery, delivered=delivered) is expected
