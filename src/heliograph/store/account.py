"""Organisations, users, application tokens, signing keys and failed logins. Holds hashes, never passwords or tokens."""

import msgspec

from heliograph.model.account import Role
from heliograph.model.ids import OrganisationId, TokenId, UserId
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("account")


class Organisation(msgspec.Struct, array_like=True, frozen=True):
    id: OrganisationId
    name: str
    default_source: str | None
    created_at_ms: int


class User(msgspec.Struct, array_like=True, frozen=True):
    """A person. `password_hash`: argon2id of the SHA-1 hex of the password; None: cannot log in by password. `credentials_at_ms`: when
    the password or the second factor last changed; auth tokens made before are no more."""

    id: UserId
    organisation_id: OrganisationId
    organisation_name: str
    email: str
    name: str
    password_hash: str | None
    role: str
    created_at_ms: int
    disabled_at_ms: int | None
    credentials_at_ms: int = 0

    @property
    def is_pending(self) -> bool:
        """Invited, and has not set a password yet."""
        return self.password_hash is None and self.disabled_at_ms is None


class Token(msgspec.Struct, array_like=True, frozen=True):
    """An application token, without the token. `ip`: the network (CIDR) it may be used from, or None."""

    id: TokenId
    organisation_id: OrganisationId
    organisation_name: str
    creator_id: UserId | None
    creator_email: str | None
    description: str | None
    ip: str | None
    role: str
    created_at_ms: int
    expiry_at_ms: int | None
    revoked_at_ms: int | None

    def is_good(self, now_ms: int) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at_ms is None and (self.expiry_at_ms is None or now_ms < self.expiry_at_ms)


def insert_organisation(tx: Transaction, name: str, now_ms: int) -> OrganisationId:
    """A new organisation, with nothing in it."""
    organisation_id = OrganisationId(tx.ids("organisation")[0])
    tx.run(Q["insert_organisation"], id=organisation_id, name=name, now=now_ms)
    return organisation_id


def organisation(tx: Transaction, organisation_id: int) -> Organisation | None:
    """One organisation, or None."""
    row = tx.one(Q["organisation"], id=organisation_id)
    return Organisation(*row) if row else None


def organisations(tx: Transaction) -> list[Organisation]:
    """All of the installation."""
    return [Organisation(*row) for row in tx.run(Q["organisations"])]


def lock_organisation(tx: Transaction, organisation_id: int) -> Organisation | None:
    """One organisation, to be changed, or None."""
    row = tx.one(Q["lock_organisation"], id=organisation_id)
    return Organisation(*row) if row else None


def update_organisation(tx: Transaction, organisation: Organisation) -> None:
    """Write a changed organisation back."""
    tx.run(Q["update_organisation"], id=organisation.id, name=organisation.name, default_source=organisation.default_source)


def holdings(tx: Transaction, organisation_id: int) -> tuple[int, int]:
    """How many devices and SIMs an organisation has."""
    devices, sims = tx.run(Q["holdings"], id=organisation_id)[0]
    return int(devices), int(sims)


def delete_organisation(tx: Transaction, organisation_id: int, now_ms: int) -> None:
    """Hide an organisation; its users and tokens are good for nothing any more. What it sent and received stays for its time."""
    for name in ("delete_organisation", "disable_users", "revoke_tokens"):
        tx.run(Q[name], id=organisation_id, now=now_ms)


def count_organisations(tx: Transaction) -> int:
    """How many there are."""
    row = tx.one(Q["count_organisations"])
    return int(row[0]) if row else 0


def set_default_source(tx: Transaction, organisation_id: int, default_source: str | None) -> None:
    """The sender of messages that name none."""
    tx.run(Q["set_default_source"], id=organisation_id, default_source=default_source)


def insert_user(
    tx: Transaction, organisation_id: int, email: str, name: str, password_hash: str | None, role: Role, now_ms: int
) -> UserId | None:
    """A new user; None where the e-mail address is taken."""
    user_id = UserId(tx.ids("user")[0])
    made = tx.run(
        Q["insert_user"],
        id=user_id,
        organisation_id=organisation_id,
        email=email,
        name=name,
        password_hash=password_hash,
        role=role.value,
        now=now_ms,
    )
    return user_id if made else None


def user(tx: Transaction, user_id: int) -> User | None:
    """One user, or None."""
    row = tx.one(Q["user"], id=user_id)
    return User(*row) if row else None


def user_by_email(tx: Transaction, email: str) -> User | None:
    """The user who logs in with this address, or None."""
    row = tx.one(Q["user_by_email"], email=email)
    return User(*row) if row else None


def users(tx: Transaction, organisation_id: int) -> list[User]:
    """The users of an organisation (0: of all)."""
    return [User(*row) for row in tx.run(Q["users"], organisation_id=organisation_id)]


def set_password(tx: Transaction, user_id: int, password_hash: str, now_ms: int) -> None:
    """Replace a user's password."""
    tx.run(Q["set_password"], id=user_id, password_hash=password_hash, now=now_ms)


def touch_credentials(tx: Transaction, user_id: int, now_ms: int) -> None:
    """End the auth tokens of a user."""
    tx.run(Q["touch_credentials"], id=user_id, now=now_ms)


def update_user(tx: Transaction, user: User) -> None:
    """Change what can be changed of a user."""
    tx.run(Q["update_user"], id=user.id, name=user.name, role=user.role, disabled_at_ms=user.disabled_at_ms)


def lock_user(tx: Transaction, organisation_id: int, user_id: int) -> User | None:
    """One user of an organisation (0: of any), locked, or None."""
    tx.run(Q["lock_user"], id=user_id)
    found = user(tx, user_id)
    return found if found is not None and organisation_id in (0, found.organisation_id) else None


def lock_operators(tx: Transaction) -> list[UserId]:
    """The users that are SuperAdmin and not disabled, locked in the order of their ids."""
    return [UserId(row[0]) for row in tx.run(Q["lock_operators"])]


def insert_token(
    tx: Transaction,
    organisation_id: int,
    token_hash: str,
    role: Role,
    now_ms: int,
    *,
    creator_id: int | None = None,
    description: str | None = None,
    ip: str | None = None,
    expiry_at_ms: int | None = None,
) -> TokenId:
    """A new application token, known by its hash."""
    token_id = TokenId(tx.ids("token")[0])
    tx.run(
        Q["insert_token"],
        id=token_id,
        organisation_id=organisation_id,
        creator_id=creator_id,
        description=description,
        token_hash=token_hash,
        ip=ip,
        role=role.value,
        now=now_ms,
        expiry_at_ms=expiry_at_ms,
    )
    return token_id


def token_by_hash(tx: Transaction, token_hash: str) -> Token | None:
    """The token with this hash, or None."""
    row = tx.one(Q["token_by_hash"], token_hash=token_hash)
    return Token(*row) if row else None


def token(tx: Transaction, organisation_id: int, token_id: int) -> Token | None:
    """One token of an organisation (0: of any), or None."""
    row = tx.one(Q["token"], id=token_id, organisation_id=organisation_id)
    return Token(*row) if row else None


def tokens(tx: Transaction, organisation_id: int) -> list[Token]:
    """The tokens of an organisation (0: of all), revoked ones too."""
    return [Token(*row) for row in tx.run(Q["tokens"], organisation_id=organisation_id)]


def update_token(tx: Transaction, token_id: int, description: str | None, revoked_at_ms: int | None) -> None:
    """Change what can be changed of a token."""
    tx.run(Q["update_token"], id=token_id, description=description, revoked_at_ms=revoked_at_ms)


def signing_key(tx: Transaction, name: str, fresh: str, now_ms: int) -> str:
    """The key of this name, the same for every process; `fresh` becomes it where there is none yet."""
    tx.run(Q["insert_signing_key"], name=name, secret=fresh, now=now_ms)
    row = tx.one(Q["signing_key"], name=name)
    return str(row[0]) if row else fresh
