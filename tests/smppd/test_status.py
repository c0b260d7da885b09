"""Each Problem has its command_status, and the page for those who bind says the same."""

import re
from pathlib import Path

import pytest

from heliograph.model.problem import Code, Problem
from heliograph.smpp import status
from heliograph.smpp.command import Command
from heliograph.smppd.status import FAILURES, FIELDS, FIELDS_OF_50, OWN, TABLE, status_of

PAGE = Path(__file__).parents[2] / "docs" / "smpp.md"
COMMANDS = (Command.SUBMIT_SM, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM, Command.BIND_TRANSCEIVER, Command.UNBIND)


def test_every_problem_has_a_status_that_the_specification_knows() -> None:
    assert set(TABLE) == set(Code)
    assert {found for found in TABLE.values() if found != OWN} <= set(status.MEANINGS)
    assert {*FAILURES.values(), *FIELDS.values(), *FIELDS_OF_50.values()} <= set(status.MEANINGS)


@pytest.mark.parametrize("version", [0x33, 0x34, 0x50])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_problem_is_answered_as_a_success_or_with_what_the_peer_does_not_know(command: int, version: int) -> None:
    for code in Code:
        for field in (None, "payload", "dcs", "source_address", "whatever"):
            found = status_of(Problem(code, "no", field=field), command, version)
            assert found > 0
            assert version >= 0x50 or status.allowed_for(found, version) == found


def test_a_field_at_fault_counts_before_the_table() -> None:
    assert status_of(Problem(Code.INVALID, "", field="expiry_date"), Command.SUBMIT_SM, 0x34) == status.RINVEXPIRY
    assert status_of(Problem(Code.INVALID, "", field="dcs"), Command.SUBMIT_SM, 0x34) == status.RSUBMITFAIL
    assert status_of(Problem(Code.INVALID, "", field="dcs"), Command.SUBMIT_SM, 0x50) == status.RINVDCS
    assert status_of(Problem(Code.INVALID, ""), Command.CANCEL_SM, 0x34) == status.RCANCELFAIL


def test_a_bind_that_is_one_too_many_fails_and_is_not_bound_already() -> None:
    assert status_of(Problem(Code.NOT_ALLOWED, ""), Command.BIND_RECEIVER, 0x34) == status.RBINDFAIL
    assert status_of(Problem(Code.NOT_ALLOWED, ""), Command.SUBMIT_SM, 0x34) == status.RSUBMITFAIL


def test_the_page_for_those_who_bind_has_the_table() -> None:
    table = PAGE.read_text(encoding="utf-8").split("## Errors")[1]
    rows = dict(re.findall(r"^\| `(\w+)` \| (the request's own|\w+) \|", table, re.MULTILINE))
    expected = {code.value: "the request's own" if found == OWN else status.MEANINGS[found].name for code, found in TABLE.items()}
    assert rows == expected, "write these rows into docs/smpp.md"
