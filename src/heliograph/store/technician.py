"""Technician links: by which somebody without an account reaches one device for a while. Holds the hash of a link, never the link."""

import msgspec

from heliograph.store.query import Query, parts, queries
from heliograph.store.transaction import Transaction

Q = queries("technician")
PARTS = parts("technician")
_READ = {
    name: Query(f"technician.{name}", f"{PARTS['columns']}\n{PARTS[name]}") for name in ("of_all", "of_organisation", "one", "by_hash")
}


class TechnicianLink(msgspec.Struct, array_like=True, frozen=True):
    """A link. `commands`: JSON, the saved commands that are all it may send; None: whatever is written. `made_by`: who, in words."""

    id: int
    organisation_id: int
    device_id: int
    device_name: str
    description: str
    commands: str | None
    made_by: str | None
    created_at_ms: int
    expires_at_ms: int
    revoked_at_ms: int | None
    used_at_ms: int | None
    uses: int

    def is_good(self, now_ms: int) -> bool:
        """Neither revoked nor over."""
        return self.revoked_at_ms is None and now_ms < self.expires_at_ms

    def status(self, now_ms: int) -> str:
        """`active`, `expired` or `revoked`."""
        return "revoked" if self.revoked_at_ms is not None else "active" if self.is_good(now_ms) else "expired"

    @property
    def who(self) -> str:
        """How the audit and the timeline name whoever comes by it."""
        return f"technician link {self.id} ({self.description})"

    @property
    def command_ids(self) -> tuple[int, ...] | None:
        """The saved commands it may send; None: whatever is written."""
        return None if self.commands is None else msgspec.json.decode(self.commands, type=tuple[int, ...])


class Use(msgspec.Struct, array_like=True, frozen=True):
    """One use of a link: `action` is `technician_link.opened`, `.canceled` or `sms.sent`."""

    at_ms: int
    action: str
    address: str | None
    message_id: int | None


def insert(
    tx: Transaction, organisation_id: int, device_id: int, token_hash: str, description: str, commands: str | None, made_by: str | None,
    now_ms: int, expires_at_ms: int,
) -> int:  # fmt: skip
    """A new link."""
    link_id = tx.ids("technician_link")[0]
    tx.run(
        Q["insert"],
        id=link_id,
        organisation_id=organisation_id,
        device_id=device_id,
        token_hash=token_hash,
        description=description,
        commands=commands,
        made_by=made_by,
        now=now_ms,
        expires_at_ms=expires_at_ms,
    )
    return link_id


def links(tx: Transaction, organisation_id: int, device_id: int, skipped: int, most: int) -> list[TechnicianLink]:
    """The links of an organisation (0: of all), the latest first; of one device, unless `device_id` is 0."""
    values = {"device_id": device_id, "skipped": skipped, "most": most}
    if organisation_id:
        return [TechnicianLink(*row) for row in tx.run(_READ["of_organisation"], organisation_id=organisation_id, **values)]
    return [TechnicianLink(*row) for row in tx.run(_READ["of_all"], **values)]


def count(tx: Transaction, organisation_id: int, device_id: int) -> int:
    """How many there are of these."""
    return int(tx.run(Q["count"], organisation_id=organisation_id, device_id=device_id)[0][0])


def link(tx: Transaction, organisation_id: int, link_id: int) -> TechnicianLink | None:
    """One link of an organisation (0: of any), or None."""
    row = tx.one(_READ["one"], id=link_id, organisation_id=organisation_id)
    return TechnicianLink(*row) if row else None


def by_hash(tx: Transaction, token_hash: str) -> TechnicianLink | None:
    """The link with this hash, or None."""
    row = tx.one(_READ["by_hash"], token_hash=token_hash)
    return TechnicianLink(*row) if row else None


def revoke(tx: Transaction, organisation_id: int, link_id: int, now_ms: int) -> bool:
    """End a link; False where there is none such, or it is revoked."""
    return bool(tx.run(Q["revoke"], id=link_id, organisation_id=organisation_id, now=now_ms))


def use(tx: Transaction, link_id: int, now_ms: int) -> bool:
    """Count a use, and hold the link until the end of the transaction; False where it is revoked or over."""
    return bool(tx.run(Q["use"], id=link_id, now=now_ms))


def insert_sent(tx: Transaction, link_id: int, message_id: int, address: str | None) -> None:
    """Note that a message came by a link."""
    tx.run(Q["insert_sent"], link_id=link_id, message_id=message_id, address=address)


def has_sent(tx: Transaction, link_id: int, message_id: int) -> bool:
    """Whether a message came by a link."""
    return tx.one(Q["has_sent"], link_id=link_id, message_id=message_id) is not None


def sent_by(tx: Transaction, link_id: int) -> list[int]:
    """The messages that came by a link."""
    return [int(row[0]) for row in tx.run(Q["sent_by"], link_id=link_id)]


def uses(tx: Transaction, used: TechnicianLink, most: int) -> list[Use]:
    """The latest uses of a link."""
    values = {"id": used.id, "organisation_id": used.organisation_id, "from_ms": used.created_at_ms, "most": most}
    return [Use(*row) for row in tx.run(Q["uses"], **values)]
