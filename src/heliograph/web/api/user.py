"""Users: looked at, invited, changed, disabled; passwords and the keys that set them.

A password is its SHA-1 in hex here too. emnify mails an activation key; we send no mail, so the call that makes one answers with it, once.
"""

from enum import IntEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.account import Role
from heliograph.model.page import Page, page_within
from heliograph.model.problem import Code, Problem
from heliograph.service.access import may_work_in, user_of
from heliograph.service.manage import account, mfa
from heliograph.service.manage import user as users
from heliograph.service.manage.user import Invitation, UserChange
from heliograph.store.account import User
from heliograph.store.credential import MfaKey
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import criteria, wire
from heliograph.web.operation import Listed, operation
from heliograph.web.resource import Call, OpenResource, Request, Resource, RouteTable

PER_PAGE: Final = 1000
# emnify numbers the first three; the operator is ours.
ROLES: Final = {1: Role.ADMINISTRATOR, 2: Role.USER, 3: Role.OBSERVER, 4: Role.SUPER_ADMIN}
ROLE_IDS: Final = {role: number for number, role in ROLES.items()}


class UserStatus(IntEnum):
    ACTIVATION_PENDING = 0
    ACTIVE = 1
    SUSPENDED = 2


class UserView(msgspec.Struct, kw_only=True):
    """`mfa`: only where one user is asked for, not in lists."""

    id: int
    username: str
    name: str
    created: str
    status: wire.Described
    organisation: wire.Named
    roles: list[wire.Named]
    mfa: list["MfaKeyView"] | UnsetType = UNSET


class MfaKeyView(msgspec.Struct, kw_only=True):
    id: int
    status: wire.Described
    type: wire.Described
    creation_date: str
    activation_date: str | None


class UserWanted(msgspec.Struct, kw_only=True):
    """`roles`: the first counts; Administrator where it is left out. `organisation`: the caller's own where it is left out."""

    username: wire.Name
    name: wire.Name = ""
    organisation: wire.Ref | None = None
    roles: list[wire.Ref] = []


class UserChanged(msgspec.Struct, kw_only=True):
    """`username` cannot change: invite the new address."""

    username: wire.Name | UnsetType = UNSET
    name: wire.Name | UnsetType = UNSET
    status: wire.Ref | UnsetType = UNSET


class Invited(UserView, kw_only=True):
    """`activation_key` (ours) sets a password at /api/v1/user/activation until `activation_expires`; it is shown this once."""

    activation_key: str
    activation_expires: str


class PasswordChange(msgspec.Struct, kw_only=True):
    old_password: str
    new_password: str


class Activation(msgspec.Struct, kw_only=True):
    """`name`: where the user wants another than they were invited by."""

    activation_key: str = msgspec.field(name="activationKey")
    password: str
    name: wire.Name | None = None


_WANTED = wire.decoder(UserWanted)
_CHANGED = wire.decoder(UserChanged)
_PASSWORD = wire.decoder(PasswordChange)
_ACTIVATION = wire.decoder(Activation)


@operation("List users", answer=list[UserView], listing=Listed((), (), PER_PAGE, PER_PAGE))
async def list_users(call: Call) -> Answer:
    """Those of the caller's organisation, by their id."""
    asked = criteria.criteria_of(call, {}, {}, PER_PAGE, PER_PAGE)
    found = await users.list_users(call.context.core, call.actor)
    page = page_within(asked.page, asked.per_page, len(found))
    shown = found[(page - 1) * asked.per_page : page * asked.per_page]
    return criteria.paged(call, Page(shown, page, asked.per_page, len(found)), [view_of(each) for each in shown])


@operation("Retrieve a user", answer=UserView)
async def retrieve(call: Call) -> Answer:
    """By id, by e-mail address, or `my` for the caller."""
    user = await _user(call)
    view = view_of(user)
    view.mfa = [key_view_of(key) for key in await mfa.keys(call.context.core, user.id)]
    return json(view)


@operation(
    "Create a user",
    body=UserWanted,
    example={"username": "ada@example.org", "name": "Ada", "roles": [{"id": 2}]},
    answer=Invited,
    status=201,
    location=True,
    refuses=(Code.DUPLICATED, Code.FORBIDDEN, Code.INVALID_FORMAT, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """They set a password by the key in the answer, which you hand on."""
    invited = await _invite(call)
    return created(f"{call.context.origin(call.scope)}/api/v1/user/{invited.user.id}", _invited(invited))


@operation(
    "Invite a user",
    body=UserWanted,
    example={"username": "grace@example.org", "name": "Grace"},
    answer=Invited,
    status=201,
    location=True,
    refuses=(Code.DUPLICATED, Code.FORBIDDEN, Code.INVALID_FORMAT, Code.INVALID_REFERENCE),
)
async def invite(call: Call) -> Answer:
    """The same as creating one."""
    return await create(call)


@operation("Change or suspend a user", body=UserChanged, example={"status": {"id": 1}}, refuses=(Code.NOT_ALLOWED,))
async def update(call: Call) -> Answer:
    """A suspended user (status 2) is logged out everywhere, and may be made active (1) again."""
    wanted = call.decode(_CHANGED)
    user = await _user(call)
    if wanted.username not in (UNSET, user.email):
        raise Problem(Code.NOT_ALLOWED, "username cannot change: suspend this user and invite the new address", field="username")
    status = wire.one_of(UserStatus, wanted.status, "status")
    if status not in (UNSET, _status(user), UserStatus.SUSPENDED) and (status is UserStatus.ACTIVATION_PENDING or user.is_pending):
        raise Problem(Code.NOT_ALLOWED, "a user becomes active by setting a password, and pending only by being invited", field="status")
    disabled = UNSET if status is UNSET else status is UserStatus.SUSPENDED
    await users.update(call.context.core, call.actor, user.id, UserChange(name=wanted.name, disabled=disabled))
    return NO_CONTENT


@operation("Give a user a role", refuses=(Code.NOT_ALLOWED,))
async def put_role(call: Call) -> Answer:
    """In place of the one they have: a user has one role."""
    user = await _user(call)
    await users.update(call.context.core, call.actor, user.id, UserChange(role=_role(call.id("role_id"))))
    return NO_CONTENT


@operation("Give a user a key to set a password", answer=Invited, status=201, refuses=(Code.NOT_ALLOWED,))
async def new_link(call: Call) -> Answer:
    """For who lost the password, or the key before it (ours). The old password holds until the key is used."""
    invited = await users.new_link(call.context.core, call.actor, (await _user(call)).id)
    return json(_invited(invited), status=201)


@operation(
    "Change your password",
    body=PasswordChange,
    example={"old_password": "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "new_password": "abf7aad6438836dbe526aa231abde2d0eef74d42"},
    refuses=(Code.INVALID_FORMAT, Code.TOO_MANY_REQUESTS, Code.FORBIDDEN),
)
async def change_password(call: Call) -> Answer:
    """Both as SHA-1 in hex. All that you were logged in with ends, this auth token too."""
    wanted = call.decode(_PASSWORD)
    context = call.context
    await users.change_password(context.core, context.login, context.access.passwords, call.actor, wanted.old_password, wanted.new_password)
    return NO_CONTENT


@operation(
    "Set a password by a key",
    body=Activation,
    example={"activationKey": "hgl_4o1nHk", "password": "abf7aad6438836dbe526aa231abde2d0eef74d42"},
    refuses=(Code.BAD_REQUEST, Code.INVALID_FORMAT, Code.TOO_MANY_REQUESTS),
)
async def activate(request: Request) -> Answer:
    """The key of an invitation or of a reset, once, within 24 h; the password as SHA-1 in hex. Needs no auth token and reads none."""
    wanted = request.decode(_ACTIVATION)
    access = request.context.access
    access.logins.take(request.address)
    await users.set_password_by_link(request.context.core, access.passwords, wanted.activation_key, wanted.password, wanted.name)
    return NO_CONTENT


@operation(
    "Accept an invitation",
    body=Activation,
    example={"activationKey": "hgl_4o1nHk", "password": "abf7aad6438836dbe526aa231abde2d0eef74d42"},
    refuses=(Code.BAD_REQUEST, Code.INVALID_FORMAT, Code.TOO_MANY_REQUESTS),
)
async def accept(request: Request) -> Answer:
    """The same as setting a password by a key."""
    return await activate(request)


@operation("List roles", answer=list[wire.Named])
async def roles(_call: Call) -> Answer:
    """The roles there are."""
    return json([wire.Named(number, role) for number, role in ROLES.items()])


@operation("List user statuses", answer=list[wire.Described])
async def statuses(_call: Call) -> Answer:
    """The statuses there are."""
    return json(wire.listed(UserStatus))


@operation("List the organisations of a user", answer=list[wire.Named])
async def workspaces(call: Call) -> Answer:
    """Those a user may work in (/api/v1/authenticate/workspace): their own, and for the operator all."""
    user = await _user(call)
    found = await account.list_organisations(call.context.core, call.actor)
    return json([wire.Named(each.id, each.name) for each in found if may_work_in(user, each.id)])


def view_of(user: User) -> UserView:
    """A user as the API shows them."""
    return UserView(
        id=user.id,
        username=user.email,
        name=user.name,
        created=wire.stamp(user.created_at_ms),
        status=wire.described(_status(user)),
        organisation=wire.Named(user.organisation_id, user.organisation_name),
        roles=[wire.Named(ROLE_IDS[Role(user.role)], user.role)],
    )


def key_view_of(key: MfaKey) -> MfaKeyView:
    """A second factor as the API shows it, without its secret."""
    active = key.activated_at_ms is not None
    return MfaKeyView(
        id=key.id,
        status=wire.Described(1, "Active") if active else wire.Described(0, "Activation Pending"),
        type=wire.Described(1, "TOTP"),
        creation_date=wire.stamp(key.created_at_ms),
        activation_date=wire.stamp_or_none(key.activated_at_ms),
    )


async def user_id_of(call: Call) -> int:
    """The id of the user in the path."""
    return (await _user(call)).id


async def _user(call: Call) -> User:
    asked = call.text("user_id")
    if asked == "my":
        return await users.view(call.context.core, call.actor, user_of(call.actor))
    if "@" in asked:
        return await users.view_by_email(call.context.core, call.actor, asked)
    return await users.view(call.context.core, call.actor, call.id("user_id"))


async def _invite(call: Call) -> Invitation:
    wanted = call.decode(_WANTED)
    role = Role.ADMINISTRATOR
    if wanted.roles and isinstance(wanted.roles[0].id, int):
        role = _role(wanted.roles[0].id)
    organisation_id = wire.id_of(wanted.organisation)
    home = organisation_id if isinstance(organisation_id, int) else None
    return await users.invite(call.context.core, call.actor, wanted.username, wanted.name, role, home)


def _role(number: int) -> Role:
    if number not in ROLES:
        raise Problem(Code.INVALID_REFERENCE, f"Role with Id '{number}' not found.", field="roles")
    return ROLES[number]


def _invited(invitation: Invitation) -> Invited:
    return Invited(
        **msgspec.structs.asdict(view_of(invitation.user)),
        activation_key=invitation.key,
        activation_expires=wire.stamp(invitation.until_ms),
    )


def _status(user: User) -> UserStatus:
    if user.disabled_at_ms is not None:
        return UserStatus.SUSPENDED
    return UserStatus.ACTIVATION_PENDING if user.is_pending else UserStatus.ACTIVE


ROUTES: RouteTable = {
    "/api/v1/user": Resource(GET=list_users, POST=create),
    "/api/v1/user/role": Resource(GET=roles),
    "/api/v1/user/status": Resource(GET=statuses),
    "/api/v1/user/password": Resource(PATCH=change_password),
    "/api/v1/user/activation": OpenResource(POST=activate),
    "/api/v1/user/{user_id}": Resource(GET=retrieve, PATCH=update),
    "/api/v1/user/{user_id}/role/{role_id}": Resource(PUT=put_role),
    "/api/v1/user/{user_id}/password_link": Resource(POST=new_link),
    "/api/v2/user/invitation": Resource(POST=invite),
    "/api/v2/user/activation": OpenResource(POST=accept),
    "/api/v2/user/{user_id}/workspace": Resource(GET=workspaces),
}
