"""Second factors of users (TOTP), and the devices that need none. `recovery_codes` are ours."""

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.service.manage import mfa
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import wire
from heliograph.web.api.user import key_view_of, user_id_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource, RouteTable

PENDING, ACTIVE = 0, 1
STATUSES = (wire.Described(PENDING, "Activation Pending"), wire.Described(ACTIVE, "Active"))
TYPES = (wire.Described(1, "TOTP"),)


class MfaWanted(msgspec.Struct, kw_only=True):
    """`password`: the user's own, as SHA-1 in hex."""

    password: str
    type: wire.Ref | None = None


class MfaMade(msgspec.Struct, kw_only=True):
    """`secret_key` (Base32), `otpauth` (for a QR code) and `recovery_codes`, each of which stands for a code once, are shown this once."""

    id: int
    status: wire.Described
    type: wire.Described
    secret_key: str
    otpauth: str
    creation_date: str
    recovery_codes: list[str]


class MfaActivation(msgspec.Struct, kw_only=True):
    """`code`: six digits, as the app shows them now."""

    code: wire.Written
    status: wire.Ref | None = None


class TrustedDeviceView(msgspec.Struct, kw_only=True):
    id: int
    name: str | None
    operating_system: str | None
    browser: str | None
    activation_date: str
    expiry_date: str


_WANTED = wire.decoder(MfaWanted)
_ACTIVATION = wire.decoder(MfaActivation)


@operation(
    "Create a second factor",
    body=MfaWanted,
    example={"type": {"id": 1}, "password": "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"},
    answer=MfaMade,
    refuses=(Code.DUPLICATED, Code.FORBIDDEN, Code.TOO_MANY_REQUESTS),
)
async def create(call: Call) -> Answer:
    """For the caller; it waits to be activated by a code."""
    made = await mfa.create(call.context.core, call.context.login, call.actor, call.decode(_WANTED).password)
    view = key_view_of(made.key)
    return json(
        MfaMade(
            id=view.id,
            status=view.status,
            type=view.type,
            secret_key=made.key.secret,
            otpauth=made.uri,
            creation_date=view.creation_date,
            recovery_codes=made.recovery_codes,
        )
    )


@operation(
    "Activate a second factor",
    body=MfaActivation,
    example={"status": {"id": 1}, "code": "287082"},
    refuses=(Code.DUPLICATED, Code.FORBIDDEN),
)
async def activate(call: Call) -> Answer:
    """From now on a login with a password wants a code."""
    wanted = call.decode(_ACTIVATION)
    if wire.id_of(wanted.status) not in (None, ACTIVE):
        raise Problem(Code.INVALID, "status can only become 1: delete the key to do without it", field="status")
    code = wanted.code.strip() if isinstance(wanted.code, str) else str(wire.written(wanted.code)).zfill(6)
    await mfa.activate(call.context.core, call.actor, call.id("key_id"), code)
    return NO_CONTENT


@operation("Delete a second factor", refuses=(Code.FORBIDDEN,))
async def delete(call: Call) -> Answer:
    """One's own, or one of a user whom the caller administers; that user is logged out everywhere."""
    await mfa.delete(call.context.core, call.actor, await user_id_of(call), call.id("key_id"))
    return NO_CONTENT


@operation("List trusted devices", answer=list[TrustedDeviceView], refuses=(Code.FORBIDDEN,))
async def list_devices(call: Call) -> Answer:
    """What a user logs in from without a code."""
    found = await mfa.trusted_devices(call.context.core, call.actor, await user_id_of(call))
    return json(
        [
            TrustedDeviceView(
                id=each.id,
                name=each.name,
                operating_system=each.operating_system,
                browser=each.browser,
                activation_date=wire.stamp(each.trusted_at_ms),
                expiry_date=wire.stamp(each.expires_at_ms),
            )
            for each in found
        ]
    )


@operation("Delete a trusted device", refuses=(Code.FORBIDDEN,))
async def delete_device(call: Call) -> Answer:
    """The next login from it wants a code."""
    await mfa.forget_device(call.context.core, call.actor, await user_id_of(call), call.id("trusted_device_id"))
    return NO_CONTENT


@operation("List second factor statuses", answer=list[wire.Described])
async def statuses(_call: Call) -> Answer:
    """The statuses there are."""
    return json(STATUSES)


@operation("List second factor types", answer=list[wire.Described])
async def types(_call: Call) -> Answer:
    """The types there are."""
    return json(TYPES)


ROUTES: RouteTable = {
    "/api/v1/user/mfa": Resource(POST=create),
    "/api/v1/user/mfa/status": Resource(GET=statuses),
    "/api/v1/user/mfa/type": Resource(GET=types),
    "/api/v1/user/mfa/{key_id}": Resource(PATCH=activate),
    "/api/v1/user/{user_id}/mfa/{key_id}": Resource(DELETE=delete),
    "/api/v1/user/{user_id}/mfa/trusted_device": Resource(GET=list_devices),
    "/api/v1/user/{user_id}/mfa/trusted_device/{trusted_device_id}": Resource(DELETE=delete_device),
}
