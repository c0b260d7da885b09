"""Moments as people write them on a command line: so long from now, or a date."""

import re
from datetime import UTC, datetime
from typing import Final

from heliograph.cli.answer import Refusal

UNITS_S: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def ahead_ms(option: str, text: str, now_ms: int) -> int:
    """90d from now, or 2027-01-31 (UTC unless it says otherwise). Raises Refusal."""
    return _moment(option, text, now_ms, 1)


def ago_ms(option: str, text: str, now_ms: int) -> int:
    """90d ago, or 2027-01-31. Raises Refusal."""
    return _moment(option, text, now_ms, -1)


def _moment(option: str, text: str, now_ms: int, sign: int) -> int:
    if match := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return now_ms + sign * int(match[1]) * UNITS_S[match[2]] * 1000
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{option} {text}: give minutes, hours, days or weeks such as 90d, or a date such as 2027-01-31T08:00") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
