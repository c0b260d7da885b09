"""Webhooks ("API callbacks") and the secrets that sign the calls to them."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import CallbackId
from heliograph.model.problem import Code
from heliograph.service.manage import callback as callbacks
from heliograph.store.policy import Callback, Secret
from heliograph.web.answer import Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource

DEFAULT_PURPOSE = "SmsCallback"


class CallbackWanted(msgspec.Struct, kw_only=True):
    url: str
    purpose: wire.Name | None = None


class SecretWanted(msgspec.Struct, kw_only=True):
    secret: wire.Text
    purpose: wire.Name | None = None


class CallbackView(msgspec.Struct, kw_only=True):
    id: int
    url: str
    purpose: str
    organisation_id: str
    created: str


class SecretView(msgspec.Struct, kw_only=True):
    id: int
    purpose: str
    organisation_id: str


class SecretMade(SecretView, kw_only=True):
    """`warning`: what is weak about it, where something is."""

    warning: str | UnsetType = UNSET


_CALLBACK = wire.decoder(CallbackWanted)
_SECRET = wire.decoder(SecretWanted)


@operation("List webhooks", answer=list[CallbackView])
async def list_callbacks(call: Call) -> Answer:
    """All."""
    return json([_callback(each) for each in await callbacks.views(call.context.core, call.actor)])


@operation(
    "Create a webhook",
    body=CallbackWanted,
    example={"url": "https://app.example.com/sms", "purpose": "SmsCallback"},
    answer=CallbackView,
    status=201,
    location=True,
)
async def create(call: Call) -> Answer:
    """201, where it is, and the webhook. Its address is judged now, and again whenever it is called."""
    wanted = call.decode(_CALLBACK)
    if problem := call.context.check_url(wanted.url):
        raise problem
    made = await callbacks.create(call.context.core, call.actor, wanted.url, wanted.purpose or DEFAULT_PURPOSE)
    return created(f"{call.context.origin(call.scope)}/api/v1/api_callback/{made.id}", _callback(made))


@operation("Retrieve a webhook", answer=CallbackView)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(_callback(await callbacks.view(call.context.core, call.actor, CallbackId(call.id("callback_id")))))


@operation("Delete a webhook", answer=wire.Nothing, refuses=(Code.IN_USE,))
async def delete(call: Call) -> Answer:
    """Delete one that no policy has: 200, as documented."""
    await callbacks.delete(call.context.core, call.actor, CallbackId(call.id("callback_id")))
    return json(wire.Nothing())


@operation("List the secrets of webhooks", answer=list[SecretView])
async def list_secrets(call: Call) -> Answer:
    """All, without what is secret."""
    return json([_secret(each) for each in await callbacks.secrets(call.context.core, call.actor)])


@operation(
    "Create a secret of webhooks",
    body=SecretWanted,
    example={"secret": "3q2-7wXk9LmPz0VbNc4RfTg6Yh8JdSaE", "purpose": "SmsCallback"},
    answer=SecretMade,
    status=201,
    location=True,
)
async def create_secret(call: Call) -> Answer:
    """201, where it is, and its id."""
    wanted = call.decode(_SECRET)
    made = await callbacks.create_secret(call.context.core, call.actor, wanted.secret, wanted.purpose or DEFAULT_PURPOSE)
    body = SecretMade(id=made.id, purpose=made.purpose, organisation_id=str(made.organisation_id))
    body.warning = callbacks.weakness_of(wanted.secret) or UNSET
    return created(f"{call.context.origin(call.scope)}/api/v1/api_secret/{made.id}", body)


@operation("Retrieve a secret, without what is secret", answer=SecretView)
async def retrieve_secret(call: Call) -> Answer:
    """One, without what is secret."""
    return json(_secret(await callbacks.view_secret(call.context.core, call.actor, call.id("secret_id"))))


@operation("Delete a secret of webhooks", answer=wire.Nothing, refuses=(Code.IN_USE,))
async def delete_secret(call: Call) -> Answer:
    """Delete one that no policy has: 200, as documented."""
    await callbacks.delete_secret(call.context.core, call.actor, call.id("secret_id"))
    return json(wire.Nothing())


def _callback(callback: Callback) -> CallbackView:
    return CallbackView(
        id=callback.id,
        url=callback.url,
        purpose=callback.purpose,
        organisation_id=str(callback.organisation_id),
        created=wire.plain_stamp(callback.created_at_ms),
    )


def _secret(secret: Secret) -> SecretView:
    return SecretView(id=secret.id, purpose=secret.purpose, organisation_id=str(secret.organisation_id))


ROUTES = {
    "/api/v1/api_callback": Resource(GET=list_callbacks, POST=create),
    "/api/v1/api_callback/{callback_id}": Resource(GET=retrieve, DELETE=delete),
    "/api/v1/api_secret": Resource(GET=list_secrets, POST=create_secret),
    "/api/v1/api_secret/{secret_id}": Resource(GET=retrieve_secret, DELETE=delete_secret),
}
