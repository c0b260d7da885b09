"""Structured logs on standard error, one JSON object or one readable line per event. It never writes message texts, octets or secrets.

    log = log.get("links.smpp")
    log.info("bound", link_id=7, system_id="meters")

Where standard error is systemd's journal, each line begins with its priority (`<4>` for a warning), which the journal takes off: so
`journalctl -p warning` finds what it is asked for.

An event is a constant text; what varies goes into fields. Three nets keep content and secrets out. A field is hidden by its name
(`payload`, `password`, `api_secret`, …) unless it is a number. A value that is not a plain one is written as its type, since its repr might
hold a message. And every text, traces included, is searched for credentials in URLs, bearer tokens and the DETAIL in which PostgreSQL
repeats a row.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("json", "console")
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""As syslog has them, and `sd-daemon(3)` writes them."""

HIDDEN_WORDS: Final = frozenset({
    "authorization", "body", "content", "cookie", "credential", "credentials", "hash", "octets", "passwd", "password", "payload", "pdu",
    "secret", "secrets", "text", "token", "tpdu", "udh",
})  # fmt: skip
HIDDEN_NAMES: Final = frozenset({"api_key", "short_message", "message", "message_payload", "private_key", "signing_key"})
HIDDEN: Final = "[hidden]"

_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_MARKED_SECRET = re.compile(r"\b(whsec_|hg[a-z]_)[\w+=-][\w+/=-]*")
_ROW_DETAIL = re.compile(r"^DETAIL: .*?(?=^(?:HINT|CONTEXT): |^$|\Z)", re.MULTILINE | re.DOTALL)


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send all logs, those of libraries too, to `stream` (standard error) from `level` upwards, as `json` or for people (`console`)."""
    target = sys.stderr if stream is None else stream
    render = _renderer(form, target)
    least = getattr(logging, level.upper())
    complete: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    write: list[Processor] = [structlog.processors.format_exc_info, hide, _with_priority(render) if _is_journal(target) else render]
    structlog.configure(
        processors=[*complete, *write],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(target),
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_library, *complete],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *write],
        )
    )
    logging.basicConfig(handlers=[handler], level=least, force=True)


def get(part: str, **fields: object) -> FilteringBoundLogger:
    """A logger that says which part of the program speaks, with `fields` in each of its lines; may be made before `configure`."""
    return cast("FilteringBoundLogger", structlog.get_logger(part=part, **fields))


def hide(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last step before a line is written: the same event without content and secrets."""
    return {name: _shown(name, value) for name, value in event.items()}


def _name_library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**event, "part": event["_record"].name}


def _shown(name: str, value: object) -> object:
    lowered = name.lower().replace("-", "_")
    named_so = lowered in HIDDEN_NAMES or not HIDDEN_WORDS.isdisjoint(lowered.split("_"))
    return HIDDEN if named_so and not isinstance(value, int | float | None) else _plain(value)


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.name
        case None | bool() | int() | float():
            return value
        case str():
            return _without_secrets(value)
        case PurePath():
            return str(value)
        case Mapping():
            return {str(name): _shown(str(name), item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case _:
            return f"<{type(value).__name__}>"


def _without_secrets(text: str) -> str:
    text = _URL_CREDENTIALS.sub("***@", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _MARKED_SECRET.sub(r"\1***", text)
    return _ROW_DETAIL.sub("DETAIL: [hidden]\n", text)


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd reads it: it names device and inode of what it connected (systemd.exec(5))."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream that is no file
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _with_priority(render: Processor) -> Processor:
    def written(logger: WrappedLogger, method: str, event: EventDict) -> str:
        priority = PRIORITIES.get(str(event.get("level")), PRIORITIES["info"])
        return "\n".join(f"<{priority}>{line}" for line in str(render(logger, method, event)).split("\n"))

    return written


def _renderer(form: str, stream: TextIO) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False, exception_formatter=structlog.dev.plain_traceback)
