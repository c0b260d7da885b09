"""Logs are one line per event, and hold no message and no secret, whichever way it tries to get in."""

import enum
import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from heliograph import log

State = enum.Enum("State", ["DELIVERED"])
SECRET = "correct horse battery staple"


@pytest.fixture(autouse=True)
def stream() -> Iterator[io.StringIO]:
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure("info", "json", written)
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_with_level_time_and_fields(stream: io.StringIO) -> None:
    log.get("links.smpp", link_id=7).info("bound", system_id="meters", window=10)
    [line] = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "bound", "level": "info", "part": "links.smpp", "link_id": 7, "system_id": "meters", "window": 10}


def test_a_logger_made_before_the_configuration_follows_it(stream: io.StringIO) -> None:
    early = log.get("early")
    log.configure("debug", "json", stream)
    early.debug("detail")
    assert lines(stream)[0]["event"] == "detail"


def test_events_below_the_level_are_not_written(stream: io.StringIO) -> None:
    log.get("x").debug("detail")
    log.configure("error", "json", stream)
    log.get("x").warning("odd")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "name",
    [
        "payload",
        "text",
        "short_message",
        "message_payload",
        "udh",
        "password",
        "api_secret",
        "Authorization",
        "set-cookie",
        "auth_token",
        "pdu",
    ],
)
def test_a_field_named_like_content_or_a_secret_is_hidden(stream: io.StringIO, name: str) -> None:
    log.get("x").info("event", **{name: SECRET}, nested=[{name: SECRET}])
    [line] = lines(stream)
    assert line[name] == log.HIDDEN
    assert SECRET not in stream.getvalue()


def test_a_number_is_shown_whatever_its_name(stream: io.StringIO) -> None:
    log.get("x").info("event", length_octets=140, token_id=3)
    assert lines(stream)[0]["length_octets"] == 140


def test_an_object_is_written_as_its_type_since_its_repr_might_hold_a_message(stream: io.StringIO) -> None:
    @dataclass
    class Message:
        content: str

    log.get("x").info("event", message_row=Message(SECRET), octets_read=SECRET.encode(), items={"inner": Message(SECRET)})
    assert lines(stream)[0]["message_row"] == "<Message>"
    assert SECRET not in stream.getvalue()


def test_plain_values_stay_readable(stream: io.StringIO) -> None:
    log.get("x").info("event", state=State.DELIVERED, path=Path("data/try"), ids=(1, 2), none=None, share=0.5)
    line = lines(stream)[0]
    assert (line["state"], line["path"], line["ids"], line["none"], line["share"]) == ("DELIVERED", "data/try", [1, 2], None, 0.5)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("postgresql://helio:hunter2@db/sms", "postgresql://***@db/sms"),
        ("https://:hunter2@hooks.example/x?y=1", "https://***@hooks.example/x?y=1"),
        ("Authorization: Bearer hunter2.abc-_=", "Authorization: Bearer ***"),
        ("signed with whsec_hunter2+/=", "signed with whsec_***"),
        ("GET /set-password/hgl_hunter2-Q failed", "GET /set-password/hgl_*** failed"),
        ("https://hooks.example:8443/a@b", "https://hooks.example:8443/a@b"),
    ],
)
def test_credentials_inside_a_text_are_masked(stream: io.StringIO, said: str, written: str) -> None:
    log.get("x").info("event", reason=said)
    assert lines(stream)[0]["reason"] == written


def test_a_trace_is_written_without_the_row_that_postgresql_repeats_in_it(stream: io.StringIO) -> None:
    try:
        raise ValueError(f"null value in column\nDETAIL:  Failing row contains (1, {SECRET}\n{SECRET}).\nCONTEXT:  SQL statement")
    except ValueError:
        log.get("x").exception("crashed")
    line = lines(stream)[0]
    assert "Traceback" in str(line["exception"])
    assert "CONTEXT:  SQL statement" in str(line["exception"])
    assert SECRET not in stream.getvalue()


def test_logs_of_libraries_take_the_same_form_and_the_same_care(stream: io.StringIO) -> None:
    try:
        raise ValueError("postgresql://helio:hunter2@db")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("could not reach %s", "postgresql://helio:hunter2@db")
    [line] = lines(stream)
    assert (line["event"], line["part"], line["level"]) == ("could not reach postgresql://***@db", "uvicorn.error", "error")
    assert "Traceback" in str(line["exception"])
    assert "hunter2" not in stream.getvalue()


def test_the_console_form_is_for_people_and_as_careful(stream: io.StringIO) -> None:
    log.configure("info", "console", stream)
    try:
        raise ValueError("at https://u:hunter2@x/")
    except ValueError:
        log.get("links.smpp").exception("crashed", password=SECRET, link_id=7)
    written = stream.getvalue()
    assert "crashed" in written
    assert "link_id=7" in written
    assert "Traceback" in written
    assert SECRET not in written
    assert "hunter2" not in written


def test_a_line_goes_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("info", "json")
    log.get("x").info("event")
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err)["event"] == "event"


def test_the_journal_is_told_the_priority_of_each_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as journal:
        found = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        log.configure("info", "json", journal)
        log.get("links").warning("link is down", reason="refused")
        logging.getLogger("library").error("two\nlines")
        journal.flush()
        first, second = (tmp_path / "journal").read_text().splitlines()
    assert first.startswith('<4>{"')
    assert json.loads(first[3:])["event"] == "link is down"
    assert second.startswith('<3>{"')


def test_a_stream_that_is_not_the_journals_gets_no_priorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    with (tmp_path / "file").open("w+") as file:
        log.configure("info", "json", file)
        log.get("links").warning("link is down")
        file.flush()
        assert (tmp_path / "file").read_text().startswith('{"')
