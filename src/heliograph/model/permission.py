"""What each role may do: the one table. Whose things it may do that to is `service/manage/scope.py`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from heliograph.model.account import Actor, Role
from heliograph.model.problem import Code, Problem


class Right(StrEnum):
    """A kind of call, on any face. Every call needs exactly one."""

    OWN_ACCOUNT = "own_account"
    """Look at and change one's own account: name, password, second factor, sessions."""
    READ = "read"
    READ_INTERFACES = "read_interfaces"
    """List the SMS interface types, which emnify does not show to an Observer."""
    CHANGE = "change"
    """Send, and change devices, SIMs, policies and webhooks."""
    ADMINISTER = "administer"
    """Users and application tokens of an organisation, and the organisation itself."""
    OPERATE = "operate"
    """The installation: organisations, links, routes, numbers."""


_OBSERVER: Final = frozenset({Right.OWN_ACCOUNT, Right.READ})
_USER: Final = _OBSERVER | {Right.READ_INTERFACES, Right.CHANGE}
_ADMINISTRATOR: Final = _USER | {Right.ADMINISTER}

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OBSERVER: _OBSERVER,
    Role.USER: _USER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.SUPER_ADMIN: _ADMINISTRATOR | {Right.OPERATE},
}

REFUSALS: Final[Mapping[Right, str]] = {
    Right.OWN_ACCOUNT: "your role may not use this call",
    Right.READ: "your role may not see this: ask an Administrator of your organisation",
    Right.READ_INTERFACES: "an Observer may not list SMS interface types: ask an Administrator of your organisation",
    Right.CHANGE: "an Observer changes nothing: ask an Administrator of your organisation",
    Right.ADMINISTER: "this needs the role Administrator: ask one of your organisation",
    Right.OPERATE: "only the operator of the installation may do this: ask them",
}


def require(actor: Actor, right: Right) -> None:
    """Raises Problem where the actor's role does not have the right."""
    if right not in RIGHTS[actor.role]:
        raise Problem(Code.FORBIDDEN, REFUSALS[right])
