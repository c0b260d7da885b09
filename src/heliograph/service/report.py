"""What an application is to be told, as use cases hand it to the ledger."""

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Where to: the webhook at the time of sending, or an SMPP account. `body`: JSON text."""

    organisation_id: int
    callback_id: int = 0
    secret_id: int | None = None
    url: str | None = None
    secret: str | None = None
    account: str | None = None
    message_id: int
    type: str
    method: str
    body: str
