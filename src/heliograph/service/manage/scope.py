"""Who may see and change what: an operator everything, others what is their organisation's. What a role may do: `model/permission.py`."""

from typing import Protocol

from heliograph.clock import Clock
from heliograph.model.account import Actor, Role
from heliograph.model.ids import OrganisationId
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.store.database import Database


class Office(Protocol):
    """What management needs of a process: the core is one, and so is a command that opens a database."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def seen_by(actor: Actor) -> OrganisationId:
    """The organisation whose things the actor sees; ANY for an operator."""
    return actor.scope


def changed_by(actor: Actor) -> OrganisationId:
    """The organisation whose things the actor may change. Raises Problem for an Observer."""
    require(actor, Right.CHANGE)
    return seen_by(actor)


def administered_by(actor: Actor) -> OrganisationId:
    """The organisation whose users and tokens the actor may change. Raises Problem for others than Administrators."""
    require(actor, Right.ADMINISTER)
    return seen_by(actor)


def home_of(actor: Actor, wanted: int | None) -> OrganisationId:
    """Where the actor makes a new thing: at home, or where an operator says. Raises Problem."""
    changed_by(actor)
    if wanted is None or wanted == actor.organisation_id:
        return actor.organisation_id
    if actor.role is not Role.SUPER_ADMIN:
        raise Problem(Code.FORBIDDEN, "only the operator makes things in another organisation")
    return OrganisationId(wanted)


def not_found(kind: str, item_id: object) -> Problem:
    """What is not there, or not the actor's: nobody is told which."""
    return Problem(Code.INVALID_REFERENCE, f"{kind} with Id '{item_id}' not found.")
