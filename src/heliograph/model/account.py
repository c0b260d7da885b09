"""Who acts: operators, users, applications, and the door they came by."""

from enum import StrEnum

import msgspec

from heliograph.model.ids import OrganisationId, TokenId, UserId

ANY = OrganisationId(0)
"""In place of an organisation: all of the installation, as the operator sees it."""


class Role(StrEnum):
    """Of a user or an application token. SUPER_ADMIN runs the installation; OBSERVER changes nothing. The table: `model/permission.py`."""

    SUPER_ADMIN = "SuperAdmin"
    ADMINISTRATOR = "Administrator"
    USER = "User"
    OBSERVER = "Observer"


class Door(StrEnum):
    """The interface by which something was asked for."""

    REST = "rest"
    PORTAL = "portal"
    ZAPIER = "zapier"
    SMPP = "smpp"
    CLI = "cli"
    LINK = "link"
    TECHNICIAN = "technician"

    @property
    def wants_patch(self) -> bool:
        """A receipt to the webhook is sent only for MT that came by these doors (rules: Events). Technicians come by the portal."""
        return self in _PATCHED


_PATCHED = frozenset({Door.REST, Door.PORTAL, Door.ZAPIER, Door.TECHNICIAN})


class Actor(msgspec.Struct, frozen=True):
    """Who asks. Exactly one of `user_id` and `token_id` is set, or neither for the system itself. `address`: from where, if known."""

    organisation_id: OrganisationId
    organisation_name: str
    role: Role
    door: Door
    user_id: UserId | None = None
    token_id: TokenId | None = None
    email: str | None = None
    address: str | None = None

    @property
    def scope(self) -> OrganisationId:
        """The organisation whose things they see; ANY for an operator (rules: Who owns what)."""
        return ANY if self.role is Role.SUPER_ADMIN else self.organisation_id
