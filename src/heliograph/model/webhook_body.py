"""Bodies in emnify's webhook format (contract 5.7): what a device sent, and what became of a message to it."""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from heliograph.model.message import STATE_NAMES, State

_encode = msgspec.json.Encoder().encode


class _Endpoint(msgspec.Struct):
    id: int | None
    name: str | None


class _Organisation(msgspec.Struct):
    id: int


class _Status(msgspec.Struct):
    id: int
    status: str


class _Part(msgspec.Struct):
    partno: int
    total: int
    identifier: str


class _Inbound(msgspec.Struct):
    id: int
    pid: int
    dcs: int
    source_address: str
    dest_address: str
    endpoint: _Endpoint
    multi_part_info: _Part
    submit_date: str
    organisation: _Organisation
    payload: str


class _Receipt(msgspec.Struct):
    id: int
    status: _Status
    endpoint: _Endpoint
    submit_date: str
    final_date: str
    organisation: _Organisation


def timestamp(at_ms: int) -> str:
    """As emnify's webhooks write it: UTC, no zone, `2021-10-29 07:16:45`."""
    return _second(at_ms // 1000)


@lru_cache(maxsize=256)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def inbound(
    *, message_id: int, organisation_id: int, device_id: int | None, device_name: str | None, source: str, dest: str, payload: str,
    dcs: int, pid: int, submitted_at_ms: int, part: tuple[int, int, str] | None = None,
) -> str:  # fmt: skip
    """JSON of an SMS from a device. `part`: number, total and identifier where it is handed out by part, else it is whole."""
    number, total, identifier = part or (1, 1, str(message_id))
    body = _Inbound(
        message_id,
        pid,
        dcs,
        source,
        dest,
        _Endpoint(device_id, device_name),
        _Part(number, total, identifier),
        timestamp(submitted_at_ms),
        _Organisation(organisation_id),
        payload,
    )
    return _encode(body).decode()


def receipt(
    *,
    message_id: int,
    organisation_id: int,
    device_id: int | None,
    device_name: str | None,
    state: State,
    submitted_at_ms: int,
    final_at_ms: int,
) -> str:
    """JSON of the delivery receipt of a message to a device."""
    body = _Receipt(
        message_id,
        _Status(int(state), STATE_NAMES[state]),
        _Endpoint(device_id, device_name),
        timestamp(submitted_at_ms),
        timestamp(final_at_ms),
        _Organisation(organisation_id),
    )
    return _encode(body).decode()
