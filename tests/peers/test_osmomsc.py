"""Our SMPP link with its OsmoMSC preset, bound to Osmocom's own MSC: a number it does not know, an attached phone that takes SMS, refuses
them and sends one. What the preset says of OsmoMSC is met here in the original.

In `make test-long`, where Debian's osmo-msc and osmo-hlr are installed (tools/debian-programs).
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from heliograph.clock import SystemClock
from heliograph.gsm import address, segment
from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.tpdu import Submit
from heliograph.links import KINDS
from heliograph.links.catalogue import Catalogue
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, ErrorClass, LinkOutcome, Outgoing, Refused
from tests.contract.link_contract import Listener, Sent, outgoing
from tests.peers.osmocom import Osmocom, Phone, has_sctp, until

pytestmark = [pytest.mark.long, pytest.mark.needs("osmo-msc", "osmo-hlr")]
STRANGER = "423663920000002"
MEMORY_EXCEEDED = 22
"""RP-Cause (3GPP TS 24.011 8.2.5.4)."""


@pytest.fixture(scope="module")
def osmocom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Osmocom]:
    if not has_sctp() and shutil.which("gcc") is None:
        pytest.skip("this kernel has no SCTP, and there is no gcc to do without")
    with Osmocom(tmp_path_factory.mktemp("osmocom")) as running:
        assert (why := running.why_not()) is None, why
        yield running


def settings(osmocom: Osmocom, **changes: Any) -> str:
    fields = {"preset": "osmomsc", "host": osmocom.address, "port": osmocom.port, "system_id": "HELIO", "password": "secret"}
    return msgspec.json.encode(fields | changes).decode()


class Bound:
    """A link that is bound, and what it heard."""

    def __init__(self, link: Any, listener: Listener) -> None:
        self.link = link
        self.listener = listener
        self._last_id = 0

    async def send(self, *parts: Outgoing) -> list[LinkOutcome]:
        """What came of the segments of a message."""
        expiry_at_ms = SystemClock().now_ms() + 3_600_000
        sents = [Sent().send(self.link, msgspec.structs.replace(each, expiry_at_ms=expiry_at_ms)) for each in parts]
        await until(lambda: all(sent.outcomes for sent in sents), "the answers")
        return [sent.outcomes[0] for sent in sents]


@asynccontextmanager
async def bound(osmocom: Osmocom) -> AsyncIterator[Bound]:
    kind, listener, how = KINDS["smpp"], Listener(), settings(osmocom)
    link = kind.make(kind.profile(LinkId(1), "OsmoMSC", how), how, listener, SystemClock(), Metrics())
    running = asyncio.create_task(link.run())
    try:
        await until(link.room, "the bind")
        yield Bound(link, listener)
    finally:
        await link.stop(10)
        await running


async def test_a_check_names_what_is_wrong_with_a_bind(osmocom: Osmocom) -> None:
    async def check(**changes: Any) -> list[Any]:
        return [each async for each in Catalogue(SystemClock()).check("smpp", "OsmoMSC", settings(osmocom, **changes), None, try_all=False)]

    assert [each.level for each in await check()] == ["ok", "ok", "ok", "hint"]
    assert "0x0E RINVPASWD" in (await check(password="wrong"))[-1].text
    assert "was not answered: some centres drop a version" in (await check(version="5.0", response_s=3))[-1].text


async def test_a_number_that_is_not_in_its_register_is_an_absent_device(osmocom: Osmocom) -> None:
    async with bound(osmocom) as link:
        (outcome,) = await link.send(outgoing(1, destination=STRANGER))
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (ErrorClass.DEVICE_ABSENT, 0x0B)


async def test_an_attached_phone_gets_short_long_and_foreign_text_and_the_response_says_so(osmocom: Osmocom) -> None:
    text = "The counter of the water meter in the cellar stands at 4711 litres since yesterday. " * 3
    async with bound(osmocom) as link, Phone(osmocom) as phone:
        await phone.attach()
        (short,) = await link.send(outgoing(1))
        assert set(link.listener.reached) == {osmocom.MSISDN}, "alert_notification, when it was paged"
        (foreign,) = await link.send(outgoing(2, user_data="Zähler 水".encode("utf-16-be"), dcs=8))
        parts = segment.split(text, Alphabet.GSM7, 7)
        long = await link.send(*(outgoing(3, each.number, total=each.total, udh=each.udh, user_data=each.user_data) for each in parts))
    for outcome in (short, foreign, *long):
        assert isinstance(outcome, Accepted), outcome
        assert not outcome.receipt_owed, "in transaction mode the response is the receipt"
    got = phone.received
    assert gsm7.decode(got[0].user_data) == "Hello"
    assert got[0].originator.text == "1000"
    assert gsm7.decode_ucs2(got[1].user_data) == "Zähler 水"
    assert "".join(gsm7.decode(each.user_data) for each in sorted(got[2:], key=lambda each: each.udh)) == text


async def test_a_phone_that_refuses_is_an_absent_device_without_a_cause(osmocom: Osmocom) -> None:
    async with bound(osmocom) as link, Phone(osmocom) as phone:
        await phone.attach()
        phone.refuses = MEMORY_EXCEEDED
        (outcome,) = await link.send(outgoing(1))
        assert isinstance(outcome, Refused)
        assert (outcome.error_class, outcome.code) == (ErrorClass.DEVICE_ABSENT, 0xFE)
        phone.refuses = None
        (outcome,) = await link.send(outgoing(1))
        assert isinstance(outcome, Accepted)


async def test_what_the_phone_sends_comes_by_the_link(osmocom: Osmocom) -> None:
    async with bound(osmocom) as link, Phone(osmocom) as phone:
        await phone.attach()
        await phone.submit(Submit(destination=address.of("1000"), user_data=gsm7.encode("42 litres")))
        await until(lambda: phone.sent, "the answer")
    assert phone.sent == [True]
    (heard,) = link.listener.heard
    assert (heard.source, heard.destination, gsm7.decode(heard.user_data)) == (osmocom.MSISDN, "1000", "42 litres")
