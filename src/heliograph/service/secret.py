"""Random secrets: told once, kept as a hash. They are long and random, so that a plain SHA-256 is enough; passwords are not made here."""

import hashlib
import secrets

OCTETS = 32


def new_secret(prefix: str) -> tuple[str, str]:
    """A fresh secret that begins so, for scanners of leaked ones, and its hash."""
    secret = prefix + secrets.token_urlsafe(OCTETS)
    return secret, hash_of(secret)


def hash_of(secret: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
