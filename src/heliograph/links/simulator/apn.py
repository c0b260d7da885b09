"""APN configuration by SMS, as trackers, meters and routers understand it: a text in, the text of the confirmation out.

Knows the forms that many devices share and the APN's own syntax; sets nothing.
"""

import re
from dataclasses import dataclass

USAGE = "Not understood. Send APN=internet.provider or APN,internet.provider,user,password# to set the APN, APN? to read it."

_QUERY = re.compile(r"\s*(?:APN\s*\?|AT\+CGDCONT\?|GETAPN)\s*#?\s*", re.IGNORECASE)
_FORMS = tuple(
    re.compile(rf"\s*(?:{form})\s*[#;]?\s*", re.IGNORECASE)
    for form in (
        r"(?:SET\s?)?APN\s*[=:]\s*\"?(?P<apn>[^\",;#\s]+)\"?(?:[,;]\s*(?P<user>[^,;#]*))?(?:[,;]\s*(?P<password>[^,;#]*))?",
        r"APN,(?P<apn>[^,#]+)(?:,(?P<user>[^,#]*))?(?:,(?P<password>[^,#]*))?",  # Concox and many after it
        r"\*APN\*(?P<apn>[^*#]+)(?:\*(?P<user>[^*#]*))?(?:\*(?P<password>[^*#]*))?\*?",
        r"AT\+CGDCONT=\d+,\"IP(?:V4V6|V6)?\",\"(?P<apn>[^\"]+)\".*",  # 3GPP TS 27.007 10.1.1
        r"(?:\S*\s+\S*\s+)?SETPARAM\s+2001:(?P<apn>[^;#\s]+)(?:;2002:(?P<user>[^;#]*))?(?:;2003:(?P<password>[^;#]*))?",  # Teltonika
        r"APN(?:\d{6})?\s+(?P<apn>\S+)(?:\s+(?P<user>\S+))?(?:\s+(?P<password>\S+))?",  # Coban: a password of six digits
    )
)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_SYNTAX = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
MAX_APN = 99
"""100 octets with its length octets (3GPP TS 23.003 9.1)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a device connects by."""

    apn: str
    user: str | None = None
    password: str | None = None


def answer(text: str, current: Setting | None) -> tuple[Setting | None, str]:
    """What the device is set to after `text`, and what it answers. A password is never repeated."""
    if _QUERY.fullmatch(text):
        return current, f"APN is {current.apn}{_user(current)}" if current else "APN is not set"
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _set(Setting(found["apn"], *(found.groupdict().get(name) or None for name in ("user", "password"))), current)
    return current, USAGE


def _set(wanted: Setting, current: Setting | None) -> tuple[Setting | None, str]:
    if len(wanted.apn) > MAX_APN or not _SYNTAX.fullmatch(wanted.apn):
        return current, f"APN not changed: '{wanted.apn[:40]}' is not an APN. It has letters, digits, - and dots, like internet.provider"
    return wanted, f"APN set to {wanted.apn}{_user(wanted)}"


def _user(setting: Setting) -> str:
    return f", user {setting.user}" if setting.user else ""
