"""What every problem means and what to do about it, for those who read the documentation. The answers themselves say more."""

from typing import Any, Final

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.web import problem as problems

MEANING: Final[dict[Code, str]] = {
    Code.BAD_REQUEST: "The request cannot be read: send JSON in UTF-8, and numbers where the path and the query have numbers.",
    Code.TOO_LARGE: "The body is longer than 4 MiB: send it in several requests.",
    Code.INVALID: "A value does not fit: `errors` names each field and says what it takes.",
    Code.REQUIRED: "A field that is needed is missing: add it.",
    Code.INVALID_FORMAT: "A field is written in another form than it takes: write it as the message says.",
    Code.INVALID_QUERY: "The criteria in `q` cannot be read: write `field:value`, several with commas, with fields that the message names.",
    Code.INVALID_SORT: "`sort` names a field that does not sort this list: take one that the message names.",
    Code.INVALID_REFERENCE: "An id in the path or in the body leads to nothing that you may see: look it up in its list.",
    Code.NOT_FOUND: "There is nothing at this path, or the thing is gone: see /api/docs for the paths there are.",
    Code.DUPLICATED: "Something else has this value already, and only one can: change it here or there.",
    Code.IN_USE: "Something else uses it: change that first; the message says what.",
    Code.NOT_ALLOWED: "It is not allowed as things are now: the message says what to change first.",
    Code.FORBIDDEN: "Your role may not do this: ask an Administrator of your organisation, or the operator.",
    Code.INVALID_CREDENTIALS: "The credentials are wrong: check them, or ask for new ones.",
    Code.INVALID_TOKEN: "No `auth_token` of ours: POST /api/v1/authenticate gives one; send it as `Authorization: Bearer <auth_token>`.",
    Code.TOKEN_EXPIRED: "The token has expired: ask POST /api/v1/authenticate for a new one.",
    Code.LOCKED_OUT: "Too many wrong passwords: wait five minutes, then log in with the right one.",
    Code.TOO_MANY_REQUESTS: "Too many requests: wait as many seconds as the header Retry-After says.",
    Code.KEY_REUSED: "The Idempotency-Key belongs to a request with another body: take a new key for a new request.",
    Code.UNAVAILABLE: "The database did not confirm: look whether it happened, then try again.",
    Code.DEVICE_DISABLED: "The device is disabled: enable it (PATCH its status to 0).",
    Code.SIM_NOT_ACTIVE: "The device's SIM is not activated: activate it (PATCH its status to 1).",
    Code.NO_SIM: "The device has no SIM: give it one.",
    Code.NO_ROUTE: "No link takes this SMS to a phone: ask the operator for a route to phones.",
    Code.NOT_A_DEVICE: "The number is no device of your organisation: applications text only their own devices.",
    Code.NO_RELAY: "Neither number is a device here: text a device, or as one.",
    Code.LOOP: "The same message came three times within a minute: find out who returns it.",
    Code.MT_OFF: "MT, receiving SMS, is off in the service policy: put the service SMS MT (6) into it.",
    Code.MO_OFF: "MO, sending SMS, is off in the service policy: put the service SMS MO (32) into it.",
    Code.A2P_OFF: "A2P, SMS from and to the application, is off in the service policy: set its `sms_a2p` to true.",
    Code.P2P_INTERNAL_OFF: "SMS between devices of the organisation are off in a service policy: set its `sms_p2p_int` to true.",
    Code.P2P_EXTERNAL_OFF: "SMS from and to other subscribers are off in the service policy: set its `sms_p2p_ext` to true.",
    Code.SENDER_NOT_ALLOWED: "The sender is not in the `sender_allow_list` of the device's service policy: add it.",
    Code.P2P_RATE: "The device sent 5 SMS to other subscribers in 24 h, or received 6 in a minute: wait, or have the operator raise it.",
    Code.MT_LIMIT: "What the policy lets a device receive in a month is used up: raise the limit, or wait for the next month (UTC).",
    Code.MO_LIMIT: "What the policy lets a device send in a month is used up: raise the limit, or wait for the next month (UTC).",
    Code.ORGANISATION_LIMIT: "What the organisation may use in a month is used up: have the operator raise it, or wait for the next month.",
    Code.QUOTA: "The device's SMS quota is used up or has expired: add volume, or set a new one.",
    Code.QUOTA_NOT_SET: "The policy applies an SMS quota and the device has none: set one, or set `apply_sms_quota` to false.",
    Code.RECEIVER_REFUSES: "The number that the device texted does not take the SMS: ask its owner.",
    Code.NOT_SUPPORTED: "The link that would carry it cannot do this: leave it out, or use another link.",
    Code.ALREADY_FINAL: "The message has ended: nothing can be cancelled.",
    Code.ON_ITS_WAY: "The message is on its way: ask again in a moment.",
    Code.HANDED_OVER: "The network has the message and does not give it back.",
}
FAILURE: Final = {
    "error_code": 1500,
    "error_token": "InternalError",
    "message": "Something failed here. Tell the operator the id 9f86d081884c7d65",
}


class Error(msgspec.Struct, kw_only=True):
    """Every error. `errors`, in every 422: one entry for each thing that is wrong, `field` is the path of the value at fault (`sim.id`).
    `rule`: the name of the rule that refuses, beside error_code 1406."""

    error_code: int
    error_token: str
    message: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    rule: str | msgspec.UnsetType = msgspec.UNSET
    errors: list["Error"] | msgspec.UnsetType = msgspec.UNSET


def status_of(code: Code) -> int:
    """Its HTTP status."""
    return problems.TABLE[code][0]


def example(code: Code) -> Any:
    """A body that answers it."""
    return msgspec.json.decode(problems.answer(Problem(code, MEANING[code])).body)
