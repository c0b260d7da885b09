"""Webhooks ("API callbacks") and the secrets that sign the calls to them."""

from typing import Any

import msgspec

from heliograph.model.ids import CallbackId
from heliograph.service.manage import callback as callbacks
from heliograph.store.policy import Callback, Secret
from heliograph.web.answer import Answer, created, json
from heliograph.web.api import wire
from heliograph.web.resource import Call, Resource

DEFAULT_PURPOSE = "SmsCallback"
SHORT_SECRET = 32


class CallbackWanted(msgspec.Struct, kw_only=True):
    url: str
    purpose: wire.Name | None = None


class SecretWanted(msgspec.Struct, kw_only=True):
    secret: wire.Text
    purpose: wire.Name | None = None


_CALLBACK = wire.decoder(CallbackWanted)
_SECRET = wire.decoder(SecretWanted)


async def list_callbacks(call: Call) -> Answer:
    """All."""
    return json([_callback(each) for each in await callbacks.views(call.context.core, call.actor)])


async def create(call: Call) -> Answer:
    """201, where it is, and the webhook. Its address is judged now, and again whenever it is called."""
    wanted = call.decode(_CALLBACK)
    if problem := call.context.check_url(wanted.url):
        raise problem
    made = await callbacks.create(call.context.core, call.actor, wanted.url, wanted.purpose or DEFAULT_PURPOSE)
    return created(f"{call.context.origin(call.scope)}/api/v1/api_callback/{made.id}", _callback(made))


async def retrieve(call: Call) -> Answer:
    """One."""
    return json(_callback(await callbacks.view(call.context.core, call.actor, CallbackId(call.id("callback_id")))))


async def delete(call: Call) -> Answer:
    """Delete one that no policy has: 200, as documented."""
    await callbacks.delete(call.context.core, call.actor, CallbackId(call.id("callback_id")))
    return json({})


async def list_secrets(call: Call) -> Answer:
    """All, without what is secret."""
    return json([_secret(each) for each in await callbacks.secrets(call.context.core, call.actor)])


async def create_secret(call: Call) -> Answer:
    """201, where it is, and its id."""
    wanted = call.decode(_SECRET)
    made = await callbacks.create_secret(call.context.core, call.actor, wanted.secret, wanted.purpose or DEFAULT_PURPOSE)
    body = _secret(made)
    if len(wanted.secret.encode()) < SHORT_SECRET:
        body["warning"] = f"the secret is shorter than {SHORT_SECRET} octets: a guess is easier than it should be"
    return created(f"{call.context.origin(call.scope)}/api/v1/api_secret/{made.id}", body)


async def retrieve_secret(call: Call) -> Answer:
    """One, without what is secret."""
    return json(_secret(await callbacks.view_secret(call.context.core, call.actor, call.id("secret_id"))))


async def delete_secret(call: Call) -> Answer:
    """Delete one that no policy has: 200, as documented."""
    await callbacks.delete_secret(call.context.core, call.actor, call.id("secret_id"))
    return json({})


def _callback(callback: Callback) -> dict[str, Any]:
    return {
        "id": callback.id,
        "url": callback.url,
        "purpose": callback.purpose,
        "organisation_id": str(callback.organisation_id),
        "created": wire.plain_stamp(callback.created_at_ms),
    }


def _secret(secret: Secret) -> dict[str, Any]:
    return {"id": secret.id, "purpose": secret.purpose, "organisation_id": str(secret.organisation_id)}


ROUTES = {
    "/api/v1/api_callback": Resource(GET=list_callbacks, POST=create),
    "/api/v1/api_callback/{callback_id}": Resource(GET=retrieve, DELETE=delete),
    "/api/v1/api_secret": Resource(GET=list_secrets, POST=create_secret),
    "/api/v1/api_secret/{secret_id}": Resource(GET=retrieve_secret, DELETE=delete_secret),
}
