"""What is wrong with a peer, in words: connection and bind tried alone, and where asked the readings that the settings do not have.

It binds beside the link that may run, so a centre that allows one bind only refuses it; that is said. With `send_to` one SMS is sent to
that number, and response and receipt are compared in every reading of their ids.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec

from heliograph.clock import Clock
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.incoming import Reader, canonical
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.settings import BindType, IdUse, SmppSettings, Version, parse, profile
from heliograph.links.smpp.trial import Trial, tried
from heliograph.model.ids import LinkId, MessageId
from heliograph.model.link import Finding, Outgoing
from heliograph.smpp import receipt as receipts
from heliograph.smpp import status
from heliograph.smpp.aio import Timers
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.pdu import DataSm, DeliverSm, EnquireLink, SubmitSmResp

RECEIPT_WITHIN_S: Final = 60.0
TEXT: Final = b"Test of the link"
READINGS: Final = (
    (IdUse.RAW, IdUse.RAW),
    (IdUse.DECIMAL, IdUse.DECIMAL),
    (IdUse.HEX, IdUse.HEX),
    (IdUse.HEX, IdUse.DECIMAL),
    (IdUse.DECIMAL, IdUse.HEX),
)
"""How ids of response and receipt may be read, the likelier first. A number is one on both sides: the next may have zeros before it."""


async def check(text: str, clock: Clock, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
    """Try a link with these settings, and say what is found as it is found."""
    settings = parse(text)
    if not settings.host:
        yield Finding("hint", "the centre connects to this link (outbind_listen): there is nothing to try from here")
        return
    timers = Timers(clock)
    ticking = asyncio.create_task(timers.run())
    try:
        trial = await tried(settings, clock, timers)
        for finding in trial.findings:
            yield finding
        if trial.bound is None and trial.reached and try_all:
            async for finding in _others(settings, clock, timers):
                yield finding
        if trial.bound is not None:
            async for finding in _used(settings, clock, trial, send_to):
                yield finding
            await trial.leave()
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
        if not ticking.cancelled():
            ticking.result()  # it failed, and nobody else would say so


async def _others(settings: SmppSettings, clock: Clock, timers: Timers) -> AsyncIterator[Finding]:
    """The same with other versions and binds, until one is taken."""
    for version, bind_type in _readings(settings):
        other = msgspec.structs.replace(settings, version=version, bind_type=bind_type)
        trial = await tried(other, clock, timers)
        what: dict[str, str | bool] = {"version": version.value, "bind_type": bind_type.value}
        if trial.bound is not None:
            await trial.leave()
            yield Finding("hint", f"a bind as {bind_type.value}, version {version.value}, is taken: set version and bind_type so", what)
            return
        yield Finding("hint", f"tried a bind as {bind_type.value}, version {version.value}: not taken either")


def _readings(settings: SmppSettings) -> Iterator[tuple[Version, BindType]]:
    for version in (Version.V34, Version.V33, Version.V50):
        for bind_type in (BindType.TRX, BindType.TX_RX):
            is_same = (version, bind_type) == (settings.version, settings.bind_type)
            if not is_same and not (version is Version.V33 and bind_type is BindType.TRX):
                yield version, bind_type


async def _used(settings: SmppSettings, clock: Clock, trial: Trial, send_to: str | None) -> AsyncIterator[Finding]:
    alive = await trial.ask(EnquireLink())
    if alive is None or alive.response is None:
        yield Finding("hint", "enquire_link was not answered: set enquire_link_s to 0 where the centre never does")
    else:
        yield Finding("ok", "it answers enquire_link")
    if send_to is None:
        yield Finding("hint", "nothing was sent: name a number to send a test SMS to, and ids and receipts are tried too")
        return
    async for finding in _sent(settings, clock, trial, send_to):
        yield finding


async def _sent(settings: SmppSettings, clock: Clock, trial: Trial, send_to: str) -> AsyncIterator[Finding]:
    """One SMS, its response and its receipt."""
    addresses = Addresses(settings, profile(LinkId(0), "check", settings))
    source = settings.numbers[0] if settings.numbers and not settings.numbers[0].endswith("*") else ""
    outgoing = Outgoing(MessageId(0), 1, 1, source, 145, send_to, b"", TEXT, 0, 0, 1, clock.now_ms() + 3_600_000, want_receipt=True)
    try:
        settled = await trial.ask(Writer(settings, addresses).pdu(outgoing, clock.now_ms()), settings.response_ms / 1000 + 1)
    except ValueNotAllowedError as error:
        yield Finding("wrong", f"the test SMS cannot be written: {error}")
        return
    response = settled.response if settled is not None else None
    if not isinstance(response, SubmitSmResp):
        yield Finding("wrong", "the test SMS was not answered")
        return
    if response.command_status:
        meaning = status.meaning_of(response.command_status)
        yield Finding("wrong", f"the test SMS was refused with 0x{response.command_status:02X} {meaning.name}: {meaning.words}")
        return
    yield Finding("ok", f"the test SMS was taken, its id is {response.message_id!r}")
    if not await trial.until(lambda: trial.receipts, RECEIPT_WITHIN_S):
        yield Finding(
            "hint", f"no receipt came within {RECEIPT_WITHIN_S:g} s: it may come to another bind, or need `receipts` to be asked for"
        )
        return
    yield _compared(settings, addresses, response.message_id, trial.receipts[0])


def _compared(settings: SmppSettings, addresses: Addresses, in_response: str, pdu: DeliverSm | DataSm) -> Finding:
    """Whether the receipt names the SMS as the settings read it; else a reading in which it does."""
    found = receipts.parse(pdu)
    said = found.receipted_message_id or found.message_id
    if not Reader(settings, profile(LinkId(0), "check", settings), addresses).is_receipt(pdu):
        return Finding("wrong", "a receipt came that does not say so in esm_class: set receipts_unmarked", {"receipts_unmarked": True})
    if said is None:
        return Finding("wrong", "a receipt came without an id: set receipts_by_reference, if it has our user_message_reference")
    is_tlv = found.receipted_message_id is not None
    in_use = settings.id_in_tlv if is_tlv else settings.id_in_text
    if canonical(in_response, settings.id_in_response) == canonical(said, in_use) is not None:
        return Finding("ok", f"a receipt came ({found.stat or 'state'}), and its id {said!r} is that of the response")
    where = "id_in_tlv" if is_tlv else "id_in_text"
    for first, second in READINGS:
        if canonical(in_response, first) == canonical(said, second):
            wanted: dict[str, str | bool] = {"id_in_response": first.value, where: second.value}
            text = f"the receipt's id is {said!r}, the response's {in_response!r}: set id_in_response to {first}, {where} to {second}"
            return Finding("wrong", text, wanted)
    return Finding(
        "wrong", f"the receipt's id {said!r} and the response's {in_response!r} are the same in no reading: set receipts_by_reference"
    )
