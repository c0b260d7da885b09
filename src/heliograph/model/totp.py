"""Time-based one-time passwords: six digits, steps of 30 s, HMAC-SHA-1, as every authenticator app has them (RFC 6238, RFC 4226 5.3)."""

import base64
import binascii
import hmac
import struct
from typing import Final
from urllib.parse import quote

DIGITS: Final = 6
STEP_MS: Final = 30_000
SECRET_OCTETS: Final = 20
DRIFT_STEPS: Final = 1
"""Codes of so many steps before and after are taken, since clocks differ and people type slowly (RFC 6238 5.2)."""


def secret_text(secret: bytes) -> str:
    """How a secret is written for people and apps: Base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226 5.3: dynamic truncation)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    (number,) = struct.unpack_from(">I", digest, offset)
    return str((number & 0x7FFF_FFFF) % 10**digits).zfill(digits)


def step_of(secret_base32: str, given: str, now_ms: int) -> int | None:
    """The time step whose code was given, among those that are taken now; None for a wrong code."""
    secret = _octets(secret_base32)
    now = now_ms // STEP_MS
    found = [step for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1) if hmac.compare_digest(code(secret, step), given)]
    return found[-1] if found else None


def uri(secret_base32: str, account: str, issuer: str) -> str:
    """What an app reads from a QR code."""
    label = f"{quote(issuer)}:{quote(account)}"
    return f"otpauth://totp/{label}?secret={secret_base32}&issuer={quote(issuer)}&algorithm=SHA1&digits={DIGITS}&period={STEP_MS // 1000}"


def _octets(text: str) -> bytes:
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ValueError("the secret is no Base32") from None
