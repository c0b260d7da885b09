"""What proves who a user is, beside the password: tries to log in, refresh tokens, second factors, links to set a password.

Of whatever somebody could log in with it holds hashes; a second factor's secret alone is kept as it is, since codes are made from it.
"""

from collections.abc import Iterable

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("credential")


class RefreshToken(msgspec.Struct, array_like=True, frozen=True):
    """`family`: all that came of one login. `parent_hash`: the one it came of. `ended_at_ms`: one that came of it was used."""

    token_hash: str
    family: str
    parent_hash: str | None
    user_id: int
    expires_at_ms: int
    family_expires_at_ms: int
    ended_at_ms: int | None = None


class MfaKey(msgspec.Struct, array_like=True, frozen=True):
    """A second factor. `secret`: Base32. `last_step`: the time step of the last code that was taken."""

    id: int
    user_id: int
    secret: str
    created_at_ms: int
    activated_at_ms: int | None
    last_step: int


class TrustedDevice(msgspec.Struct, array_like=True, frozen=True):
    """What a user logs in from without a second factor."""

    id: int
    fingerprint_hash: str
    operating_system: str | None
    browser: str | None
    name: str | None
    trusted_at_ms: int
    expires_at_ms: int


def begin_try(tx: Transaction, email: str, address: str, now_ms: int, stale_ms: int, most: int) -> bool:
    """Count a try as failed before it is made, so that no two processes try at once uncounted; False where `most` in a row have failed,
    the last after `stale_ms`."""
    tx.run(Q["delete_old_tries"], stale=stale_ms)
    return tx.one(Q["begin_try"], email=email, address=address, now=now_ms, stale=stale_ms, most=most) is not None


def take_back_try(tx: Transaction, email: str, address: str) -> None:
    """That one did not fail."""
    tx.run(Q["take_back_try"], email=email, address=address)


def clear_tries(tx: Transaction, email: str, address: str) -> None:
    """They got in."""
    tx.run(Q["clear_tries"], email=email, address=address)


def insert_refresh_token(tx: Transaction, new: RefreshToken) -> None:
    """A new one."""
    tx.run(
        Q["insert_refresh_token"],
        token_hash=new.token_hash,
        family=new.family,
        parent_hash=new.parent_hash,
        user_id=new.user_id,
        expires_at_ms=new.expires_at_ms,
        family_expires_at_ms=new.family_expires_at_ms,
    )


def lock_refresh_token(tx: Transaction, token_hash: str) -> RefreshToken | None:
    """The one with this hash, locked, or None. A token is locked before the one it came of."""
    row = tx.one(Q["lock_refresh_token"], token_hash=token_hash)
    return RefreshToken(*row) if row else None


def end_refresh_token(tx: Transaction, token_hash: str, now_ms: int) -> None:
    """One that came of it was used."""
    tx.run(Q["end_refresh_token"], token_hash=token_hash, now=now_ms)


def delete_family(tx: Transaction, family: str) -> None:
    """Forget all that came of one login."""
    tx.run(Q["delete_family"], family=family)


def delete_logins(tx: Transaction, user_id: int) -> None:
    """Forget refresh tokens, trusted devices and password links of a user."""
    for name in ("delete_refresh_tokens_of_user", "delete_trusted_devices", "delete_password_links"):
        tx.run(Q[name], user_id=user_id)


def delete_old(tx: Transaction, now_ms: int, most: int) -> int:
    """Delete what has expired, refresh tokens up to `most`; how many of those."""
    tx.run(Q["delete_old_password_links"], now=now_ms)
    tx.run(Q["delete_old_trusted_devices"], now=now_ms)
    return len(tx.run(Q["delete_old_refresh_tokens"], now=now_ms, most=most))


def insert_mfa_key(tx: Transaction, user_id: int, secret: str, now_ms: int) -> int:
    """A new key, pending; others that are pending are forgotten."""
    tx.run(Q["delete_pending_mfa_keys"], user_id=user_id)
    key_id = tx.ids("mfa_key")[0]
    tx.run(Q["insert_mfa_key"], id=key_id, user_id=user_id, secret=secret, now=now_ms)
    return key_id


def mfa_keys(tx: Transaction, user_id: int) -> list[MfaKey]:
    """Those of a user, pending ones too."""
    return [MfaKey(*row) for row in tx.run(Q["mfa_keys"], user_id=user_id)]


def active_mfa_keys(tx: Transaction, user_id: int) -> list[MfaKey]:
    """Those of a user that are in use."""
    return [key for key in mfa_keys(tx, user_id) if key.activated_at_ms is not None]


def activate_mfa_key(tx: Transaction, key_id: int, step: int, now_ms: int) -> bool:
    """Put a pending key into use; False where it is."""
    return bool(tx.run(Q["activate_mfa_key"], id=key_id, step=step, now=now_ms))


def take_step(tx: Transaction, key_id: int, step: int) -> bool:
    """Take the code of a time step; False where that or a later one was taken."""
    return bool(tx.run(Q["take_step"], id=key_id, step=step))


def delete_mfa_key(tx: Transaction, user_id: int, key_id: int) -> bool:
    """False where the user has no such key."""
    return bool(tx.run(Q["delete_mfa_key"], id=key_id, user_id=user_id))


def replace_recovery_codes(tx: Transaction, user_id: int, hashes: Iterable[str], now_ms: int) -> None:
    """These, and none that were there before."""
    tx.run(Q["delete_recovery_codes"], user_id=user_id)
    tx.apply(Q["insert_recovery_codes"], [(each,) for each in hashes], user_id=user_id, now=now_ms)


def take_recovery_code(tx: Transaction, user_id: int, code_hash: str) -> bool:
    """Use one up; False where there is none such."""
    return bool(tx.run(Q["take_recovery_code"], user_id=user_id, code_hash=code_hash))


def trust_device(tx: Transaction, user_id: int, device: TrustedDevice) -> None:
    """Trust it, or trust it anew. Its id is given here."""
    tx.run(
        Q["trust_device"],
        id=tx.ids("trusted_device")[0],
        user_id=user_id,
        fingerprint_hash=device.fingerprint_hash,
        operating_system=device.operating_system,
        browser=device.browser,
        name=device.name,
        now=device.trusted_at_ms,
        expires_at_ms=device.expires_at_ms,
    )


def trusted_devices(tx: Transaction, user_id: int, now_ms: int) -> list[TrustedDevice]:
    """Those of a user that are trusted now."""
    return [TrustedDevice(*row) for row in tx.run(Q["trusted_devices"], user_id=user_id, now=now_ms)]


def delete_trusted_device(tx: Transaction, user_id: int, device_id: int) -> bool:
    """False where the user has no such device."""
    return bool(tx.run(Q["delete_trusted_device"], id=device_id, user_id=user_id))


def insert_password_link(tx: Transaction, token_hash: str, user_id: int, now_ms: int, expires_at_ms: int) -> None:
    """The one link by which a user sets a password; those before it are forgotten."""
    tx.run(Q["delete_password_links"], user_id=user_id)
    tx.run(Q["insert_password_link"], token_hash=token_hash, user_id=user_id, now=now_ms, expires_at_ms=expires_at_ms)


def password_link(tx: Transaction, token_hash: str, now_ms: int) -> int | None:
    """Whose link this is, or None where it is none, or over."""
    row = tx.one(Q["password_link"], token_hash=token_hash, now=now_ms)
    return int(row[0]) if row else None


def take_password_link(tx: Transaction, token_hash: str, now_ms: int) -> int | None:
    """Use a link up: whose it is, or None where it is none, or over."""
    row = tx.one(Q["take_password_link"], token_hash=token_hash, now=now_ms)
    return int(row[0]) if row else None
