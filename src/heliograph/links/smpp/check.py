"""What is wrong with a peer, in words: connection and bind tried alone, and where asked the readings that the settings do not have.

It binds beside the link that may run, so a centre that allows one bind only refuses it; that is said. With `send_to` one SMS is sent to
that number (check_sms).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import msgspec

from heliograph.clock import Clock
from heliograph.links.smpp.bind import KIND_OF
from heliograph.links.smpp.check_sms import sent
from heliograph.links.smpp.settings import BindType, SmppSettings, Version, parse
from heliograph.links.smpp.trial import Trial, tried
from heliograph.model.link import Finding
from heliograph.smpp.aio import Timers
from heliograph.smpp.pdu import EnquireLink


async def check(text: str, clock: Clock, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
    """Try a link with these settings, and say what is found as it is found."""
    settings = parse(text)
    if not settings.host:
        yield Finding("hint", "the centre connects to this link (outbind_listen): there is nothing to try from here")
        return
    timers = Timers(clock)
    ticking = asyncio.create_task(timers.run())
    try:
        async for finding in _tried(settings, clock, timers, send_to, try_all=try_all):
            yield finding
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
        if not ticking.cancelled():
            ticking.result()  # it failed, and nobody else would say so


async def _tried(settings: SmppSettings, clock: Clock, timers: Timers, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
    """One bind, or with tx+rx one of each: the first sends, the last hears."""
    trials: list[Trial] = []
    for kind in KIND_OF[settings.bind_type]:
        trials.append(trial := await tried(settings, clock, timers, kind))
        for finding in trial.findings:
            yield finding
        if trial.bound is None:
            break
    if trials[-1].bound is not None:
        async for finding in _used(settings, clock, trials, send_to):
            yield finding
    elif trials[-1].reached and try_all:
        async for finding in _others(settings, clock, timers):
            yield finding
    for trial in trials:
        if trial.bound is not None:
            await trial.leave()


async def _others(settings: SmppSettings, clock: Clock, timers: Timers) -> AsyncIterator[Finding]:
    """The same with other versions and binds, until one is taken."""
    for version, bind_type in _readings(settings):
        other = msgspec.structs.replace(settings, version=version, bind_type=bind_type)
        trial = await tried(other, clock, timers, KIND_OF[bind_type][0])
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


async def _used(settings: SmppSettings, clock: Clock, trials: list[Trial], send_to: str | None) -> AsyncIterator[Finding]:
    alive = await trials[0].ask(EnquireLink())
    if alive is None or alive.response is None:
        yield Finding("hint", "enquire_link was not answered: set enquire_link_s to 0 where the centre never does")
    else:
        yield Finding("ok", "it answers enquire_link")
    if send_to is None:
        yield Finding("hint", "nothing was sent: name a number to send a test SMS to, and ids and receipts are tried too")
    elif settings.bind_type is BindType.RX:
        yield Finding("hint", "nothing was sent: a link with bind_type rx only receives")
    else:
        async for finding in sent(settings, clock, trials[0], trials[-1], send_to):
            yield finding
