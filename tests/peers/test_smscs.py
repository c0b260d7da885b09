"""Our SMPP link binds to other people's message centres: it submits short, long and foreign text, hears receipts and an SMS, and unbinds.

Each centre is a program of its own (tests/peers/smscs, tests/peers/node) that says what it got; tshark finds nothing malformed in all
that went over the wire.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heliograph.clock import SystemClock
from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import segment
from heliograph.gsm.dcs import Alphabet
from heliograph.links import KINDS
from heliograph.links.catalogue import Catalogue
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, Outgoing, ReceiptState, Taken
from heliograph.service.link_kinds import LinkKinds
from tests.contract.link_contract import Listener, Sent, outgoing
from tests.peers.test_esmes import Capture
from tests.smpp.wires import until
from tests.waits import join
from tests.webhooks.receiver import certificate

HERE = Path(__file__).parent
SMSCS = {"npm smpp": ["node", HERE / "node" / "smsc.js"], "smpp34": [sys.executable, HERE / "smscs" / "with_smpp34.py"]}
LONG = "The counter of the water meter in the cellar stands at 4711 litres {since} yesterday, " * 4


class Centre:
    """A program that is a message centre, and what it said."""

    def __init__(self, command: list[Any]) -> None:
        self.process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port: int = json.loads(self.process.stdout.readline())["port"]
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def of(self, what: str) -> list[dict[str, Any]]:
        return [each for each in self.said if what in each]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        join(self._reader, "what the centre says")
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module", params=SMSCS)
def centre(request: pytest.FixtureRequest) -> Iterator[Centre]:
    if shutil.which(str(SMSCS[request.param][0])) is None:
        pytest.skip(f"{SMSCS[request.param][0]} is not installed")
    if request.param == "npm smpp" and not (HERE / "node" / "node_modules").exists():
        pytest.skip("npm smpp is not installed: make setup-test")
    running = Centre(SMSCS[request.param])
    yield running
    running.end()


@pytest.fixture(scope="module")
def capture(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture | None]:
    if shutil.which("dumpcap") is None:
        yield None
        return
    made = Capture(centre.port, tmp_path_factory.mktemp("capture") / "smpp.pcapng")
    yield made
    if made.runs:
        made.end()


def segments() -> list[Outgoing]:
    parts = segment.split(LONG, Alphabet.GSM7, 7)
    now_ms = SystemClock().now_ms()
    long = [outgoing(100, part.number, total=part.total, udh=part.udh, user_data=part.user_data) for part in parts]
    made = [
        outgoing(1),
        outgoing(2, source="Meter", source_type=208),
        outgoing(3, user_data="Zähler 水".encode("utf-16-be"), dcs=8),
        outgoing(4, user_data=b"\x00\xff\x7f", dcs=4),
        *long,
        outgoing(5, user_data=b"call"),
    ]
    return [msgspec.structs.replace(each, expiry_at_ms=now_ms + 3_600_000) for each in made]


async def test_it_submits_hears_and_unbinds(centre: Centre, capture: Capture | None) -> None:
    fields = {"host": "127.0.0.1", "port": centre.port, "system_id": "meters", "password": "secret", "window": 3}
    settings = msgspec.json.encode(fields).decode()
    kind, listener = KINDS["smpp"], Listener()
    link = kind.make(kind.profile(LinkId(1), "SMSC", settings), settings, listener, SystemClock(), Metrics())
    running = asyncio.create_task(link.run())
    sents = []
    for each in segments():
        await until(link.room, "room")
        sents.append(Sent().send(link, each))
    await until(lambda: all(sent.outcomes for sent in sents), "all answers")
    accepted = [sent.outcomes[0] for sent in sents]
    assert all(isinstance(outcome, Accepted) and outcome.ref and outcome.receipt_owed for outcome in accepted)
    await until(lambda: len(listener.receipts_heard) == len(sents) and listener.heard, "receipts and an SMS")
    assert {receipt.state for receipt in listener.receipts_heard} == {ReceiptState.DELIVERED}
    assert {receipt.keys[0] for receipt in listener.receipts_heard} == {f"id:{outcome.ref}" for outcome in accepted}  # type: ignore[union-attr]
    assert {receipt.source for receipt in listener.receipts_heard} == {outcome.destination for outcome in accepted}  # type: ignore[union-attr]
    (heard,) = listener.heard
    text = gsm7.decode_ucs2(heard.user_data) if heard.dcs == 8 else gsm7.decode(heard.user_data)
    assert (heard.source, heard.destination, text) == ("4917012345", "1000", "Zähler 5 €")
    await until(lambda: len(centre.of("answer")) == len(sents) + 1, "our answers")
    assert {each["answer"] for each in centre.of("answer")} == {0}
    assert sorted(each["udh"] for each in centre.of("submit")) == [False] * 5 + [True] * 3  # smpp34's centre works on several at once
    await link.stop(10)
    await running
    await until(lambda: centre.of("unbind"), "the unbind")


async def test_a_check_finds_the_reading_of_ids_and_names_what_is_wrong(centre: Centre, capture: Capture | None) -> None:
    kinds: LinkKinds = Catalogue(SystemClock())
    fields = {"host": "127.0.0.1", "port": centre.port, "system_id": "meters", "password": "secret", "receipts": "all"}
    settings = msgspec.json.encode(fields).decode()
    found = [each async for each in kinds.check("smpp", "SMSC", settings, "423663920000001", try_all=False)]
    assert [each.level for each in found] == ["ok"] * 5, found
    assert "its id" in found[-1].text
    wrong = msgspec.json.encode(fields | {"id_in_response": "decimal", "id_in_tlv": "hex"}).decode()
    found = [each async for each in kinds.check("smpp", "SMSC", wrong, "423663920000001", try_all=False)]
    if found[-1].level == "wrong":
        assert found[-1].settings == {"id_in_response": "raw", "id_in_tlv": "raw"}


@pytest.mark.parametrize("centre", ["npm smpp"], indirect=True)  # smpp34's takes any password
async def test_a_wrong_password_is_said_in_words(centre: Centre, capture: Capture | None) -> None:
    fields = {"host": "127.0.0.1", "port": centre.port, "system_id": "meters", "password": "wrong"}
    settings = msgspec.json.encode(fields).decode()
    found = [each async for each in Catalogue(SystemClock()).check("smpp", "SMSC", settings, None, try_all=True)]
    assert "0x0D RBINDFAIL" in found[1].text
    assert all("not taken either" in each.text for each in found[2:])


def test_tshark_finds_nothing_malformed(centre: Centre, capture: Capture | None) -> None:
    if capture is None or shutil.which("tshark") is None:
        pytest.skip("tshark and dumpcap are not installed: make setup-test")
    if not capture.runs:
        pytest.skip(f"dumpcap may not listen here: {capture.said.strip()[:100]}")
    capture.end()
    read = ["tshark", "-r", str(capture.file), "-d", f"tcp.port=={centre.port},smpp"]
    malformed = subprocess.run([*read, "-Y", "_ws.malformed"], capture_output=True, text=True, timeout=60, check=True)
    assert malformed.stdout == ""
    fields = [*read, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id"]
    ran = subprocess.run(fields, capture_output=True, text=True, timeout=60, check=True)
    found = {int(each, 16) for each in ran.stdout.replace(",", "\n").split()}
    assert {0x04, 0x80000004, 0x05, 0x80000005, 0x09, 0x80000009, 0x06, 0x15} <= found


# ways that are seldom, with npm smpp


@contextlib.asynccontextmanager
async def seldom(given: dict[str, Any], **settings: Any) -> AsyncIterator[tuple[Centre, Any, Listener]]:
    """A link that is up with npm smpp as `given` says, and what it tells."""
    if shutil.which("node") is None or not (HERE / "node" / "node_modules").exists():
        pytest.skip("npm smpp is not installed: make setup-test")
    start = lambda **more: Centre(["node", HERE / "node" / "smsc_seldom.js", json.dumps(given | more)])  # noqa: E731
    made: list[Centre] = [] if "outbind_listen" in settings else [start()]
    port = made[0].port if made else 1
    fields = {"host": "127.0.0.1", "port": port, "system_id": "meters", "password": "secret", "role": "network"} | settings
    text = msgspec.json.encode(fields).decode()
    kind, listener = KINDS["smpp"], Listener()
    link: Any = kind.make(kind.profile(LinkId(1), "SMSC", text), text, listener, SystemClock(), Metrics())
    running = asyncio.create_task(link.run())
    try:
        if not made:
            await until(lambda: link.listens_on, "the port")
            made.append(start(outbind=link.listens_on))
        await until(lambda: "up" in listener.states, "the bind")
        yield made[0], link, listener
    finally:
        await link.stop(10)
        await running
        for each in made:
            each.end()


async def taken_and_reported(link: Any, listener: Listener, **fields: Any) -> Outgoing:
    """One segment that the centre took, whose receipt and alert came."""
    sending = outgoing(1, expiry_at_ms=SystemClock().now_ms() + 3_600_000, **fields)
    sent = Sent().send(link, sending)
    await until(lambda: sent.outcomes and listener.receipts_heard and listener.reached, "answer, receipt and alert")
    (accepted,), (receipt,) = sent.outcomes, listener.receipts_heard
    assert isinstance(accepted, Accepted)
    assert (receipt.keys[0], receipt.state) == (f"id:{accepted.ref}", ReceiptState.DELIVERED)
    assert (receipt.source, receipt.destination) == (accepted.destination, accepted.source)
    assert listener.reached == [sending.destination]
    return sending


@pytest.mark.needs("openssl")
async def test_by_tls_it_hears_receipts_by_data_sm_and_alerts_and_has_a_message_cancelled(tmp_path: Path) -> None:
    ca_file, _ = certificate(tmp_path, "smsc", "IP:127.0.0.1")
    given = {"key": str(tmp_path / "smsc.key"), "cert": str(tmp_path / "smsc.pem"), "receipt": "data_sm"}
    async with seldom(given, tls=True, tls_ca_file=str(ca_file), cancel=True) as (centre, link, listener):
        sent = await taken_and_reported(link, listener, source="017012345678", source_type=161)
        assert await link.cancel(Taken("4701", sent.source, sent.source_type, sent.destination))
        await until(lambda: centre.of("cancel") and centre.of("answer"), "what it got")
        (submit,), (cancel,) = centre.of("submit"), centre.of("cancel")
        assert cancel == {"cancel": "4701", "from": submit["from"], "to": sent.destination}
        assert submit["from"] == ["017012345678", 2, 1]
        assert centre.of("answer") == [{"answer": 0, "to": "data_sm"}]
    assert centre.of("unbind")


async def test_a_centre_that_binds_us_by_its_outbind_is_sent_to_and_heard() -> None:
    names = {"outbind_system_id": "centre", "outbind_password": "secret"}
    async with seldom({"receipt": "data_sm"}, host="", outbind_listen="127.0.0.1:0", **names) as (centre, link, listener):
        await taken_and_reported(link, listener)
        await until(lambda: centre.of("bind"), "what it says that it got")
        assert centre.of("bind") == [{"bind": "bind_transceiver", "version": 0x34}]


async def test_a_centre_of_33_has_two_binds_no_tlvs_and_ids_in_hex_and_decimal() -> None:
    async with seldom({"receipt": "text"}, preset="generic-3.3") as (centre, link, listener):
        await taken_and_reported(link, listener)
        await until(lambda: centre.of("submit"), "what it says that it got")
        assert sorted(each["bind"] for each in centre.of("bind")) == ["bind_receiver", "bind_transmitter"]
        assert {each["version"] for each in centre.of("bind")} == {0x33}
        assert [each["tlvs"] for each in centre.of("submit")] == [[]]
