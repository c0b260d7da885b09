"""Every Problem has its HTTP status, error_code and error_token, and its body is of emnify's shape."""

import json

import pytest

from heliograph.model.problem import Code, Problem
from heliograph.service.limit import TooMany
from heliograph.web.problem import TABLE, answer


def test_the_table_knows_every_code() -> None:
    assert set(TABLE) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_an_answer_carries_its_row_of_the_table(code: Code) -> None:
    said = answer(Problem(code, "why"))
    body = json.loads(said.body)
    status, error_code, error_token = TABLE[code]
    assert said.status == status
    error = body["errors"][0] if "errors" in body else body
    assert (error["error_code"], error["error_token"]) == (error_code, error_token)
    assert error["message"].startswith("why")


def test_401_is_only_for_callers_that_are_nobody() -> None:
    """emnify's SDK authenticates and asks again, without end, when it reads 401."""
    nobody = {Code.INVALID_CREDENTIALS, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED, Code.LOCKED_OUT}
    assert {code for code, row in TABLE.items() if row[0] == 401} == nobody


@pytest.mark.parametrize("code", [Code.DEVICE_DISABLED, Code.SIM_NOT_ACTIVE, Code.NO_SIM, Code.MT_OFF, Code.QUOTA, Code.LOOP])
def test_a_refused_send_is_422_1406_and_names_the_rule(code: Code) -> None:
    said = answer(Problem(code, "no"))
    body = json.loads(said.body)
    assert (said.status, body["error_code"], body["rule"]) == (422, 1406, code.value)
    assert code.value in body["message"]


def test_the_limit_of_a_month_is_worded_as_emnify_words_it() -> None:
    text = "Traffic limit of 5 MT-SMS per month exceeded"
    said = answer(Problem(Code.MT_LIMIT, text))
    body = json.loads(said.body)
    assert (said.status, body["message"], body["rule"]) == (422, text, "mt_limit")


def test_a_problem_of_one_field_stands_inside_a_validation_error() -> None:
    body = json.loads(answer(Problem(Code.REQUIRED, "payload is required", field="payload")).body)
    assert (body["error_code"], body["error_token"]) == (1400, "InputValidationFailed")
    assert body["errors"] == [{"error_code": 1402, "error_token": "Required", "message": "payload is required", "field": "payload"}]


def test_too_many_says_when_to_come_back() -> None:
    assert (b"retry-after", b"12") in answer(TooMany("slow down", 12.3)).headers
