"""Texts of every kind through a running daemon: smpplib submits them, links of every form carry them, and back from a centre to smpplib.

One daemon with twelve SMPP links, one for each default alphabet and form of long message, each with a device of its own, to one centre.
What arrives is read by `tests/smpp/phone.py` and compared character by character; tshark reads all that went over both ports.
"""

import asyncio
import hashlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
import requests
import smpplib.client
import smpplib.consts
import smpplib.gsm
import smpplib.smpp

from heliograph.gsm import alphabet as gsm7
from heliograph.smpp import status, tlv
from heliograph.smpp.aio import Connection
from heliograph.smpp.pdu import Bind, DeliverSm, Pdu, SubmitSm
from tests.flows.program import Program, try_arguments
from tests.links.smsc import Smsc
from tests.peers.test_esmes import Capture
from tests.smpp.phone import CannotWriteError, arrived, written

FORMS = list(product(("gsm7", "gsm7_packed", "latin-1", "ascii"), ("udh", "sar", "payload")))
PATIENCE_S = 60.0
SMPP_INTERFACE = 2
TEXTS = {
    "pure GSM 7-bit": "Zähler 17: £ $ ¥ ΔΩ ÄÖÑÜ§¿ @",
    "160": "x" * 159 + "ä",
    "161": "x" * 160 + "ä",
    "an escape pair at the border": "y" * 152 + "€" * 3 + "z" * 20,
    "two times 153": "0123456789abcdefg" * 18,
    "at signs": "@" * 161,
    "a trailing carriage return": "1234567\r",
    "8n+7 septets": "1234567",
    "national letters": "ça, São Tomé, Łódź",
    "70 of UCS-2": "ł" * 70,
    "71 of UCS-2": "ł" * 71,
    "a surrogate pair at the border": "a" * 66 + "😀" * 3 + "b" * 80,
    "brackets": '{"id":[1,2,{"€":"~|^"}]}' * 7,
}


class Centre(Smsc):
    """A message centre in a thread of its own. `of`: the connection of each link, by its system_id."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.of: dict[str, Connection] = {}
        self.call(self._made())

    async def _made(self) -> None:
        super().__init__()
        await self.start()

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def _received(self, connection: Connection, pdu: Pdu) -> None:
        if isinstance(pdu, Bind):
            self.of[pdu.system_id] = connection
        super()._received(connection, pdu)

    def to(self, number: str) -> list[SubmitSm]:
        return [each for each in list(self.submits) if each.destination_addr == number]

    def end(self) -> None:
        self.call(self.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()


class Place:
    """The daemon, its centre, and who asks for something."""

    def __init__(self, program: Program, centre: Centre) -> None:
        self.program = program
        self.centre = centre
        self.url = f"{program.ready['api_url']}/v1"
        self.operator = requests.Session()
        user = program.ready["portal_user"]
        self._sign_in({"username": user["email"], "password": hashlib.sha1(user["password"].encode()).hexdigest()})
        self.devices = dict(zip(FORMS, program.ready["devices"], strict=True))
        for (alphabet, style), device in self.devices.items():
            self._link(alphabet, style, device)
        policy = f"/service_profile/{program.ready['devices'][0]['service_profile_id']}"
        self.ask("PATCH", policy, {"esme_interface_type": {"id": SMPP_INTERFACE}})
        wait(lambda: len(centre.of) == len(FORMS), "twelve binds")

    def _sign_in(self, body: dict[str, str]) -> None:
        answered = requests.post(f"{self.url}/authenticate", json=body, timeout=30)
        self.operator.headers["Authorization"] = f"Bearer {answered.json()['auth_token']}"

    def ask(self, method: str, path: str, body: dict[str, Any]) -> requests.Response:
        answered = self.operator.request(method, self.url + path, json=body, timeout=30)
        assert answered.status_code < 300, answered.text
        return answered

    def _link(self, alphabet: str, style: str, device: dict[str, Any]) -> None:
        settings = {
            "host": "127.0.0.1", "port": self.centre.port, "system_id": f"{alphabet}/{style}"[:15], "password": "x", "role": "network",
            "receipts": "none", "default_alphabet": alphabet, "long_messages": style,
        }  # fmt: skip
        made = self.ask("POST", "/link", {"name": f"{alphabet} {style}", "kind": "smpp", "settings": settings})
        link_id = int(made.headers["Location"].rsplit("/", 1)[1])
        self.ask("POST", "/route", {"kind": "device", "value": str(device["id"]), "links": [{"id": link_id}]})


class App:
    """smpplib, bound as the organisation's account; `heard`: what it was sent."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.heard: list[Any] = []
        self.statuses: dict[int, int] = {}
        self.client = smpplib.client.Client(given["host"], given["port"], allow_unknown_opt_params=True, timeout=30)
        self.client.set_message_received_handler(self._heard)
        self.client.set_message_sent_handler(self._answered)
        self.client.set_error_pdu_handler(self._answered)
        self.client.connect()
        self.client.bind_transceiver(system_id=given["system_id"], password=given["password"])

    def _heard(self, pdu: Any) -> int:
        self.heard.append(pdu)
        return 0

    def _answered(self, pdu: Any) -> None:
        self.statuses[pdu.sequence] = pdu.status

    def submit(self, number: str, **fields: Any) -> int:
        """The command_status of the answer."""
        address = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "1000", "dest_addr_ton": 1, "dest_addr_npi": 1}
        pdu = self.client.send_message(**address, destination_addr=number, **fields)
        while pdu.sequence not in self.statuses:
            self.client.read_once()
        return self.statuses[pdu.sequence]

    def read_until(self, condition: Callable[[], object], why: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < give_up_at, f"never came: {why}"
            self.client.poll()
            time.sleep(0.01)

    def end(self) -> None:
        self.client.unbind()
        self.client.disconnect()


def wait(condition: Callable[[], object], why: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"never came: {why}"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    centre = Centre()
    try:
        with Program(*try_arguments()) as program:
            yield Place(program, centre)
    finally:
        centre.end()


@pytest.fixture(scope="module")
def captures(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Capture]]:
    if shutil.which("dumpcap") is None:
        yield {}
        return
    folder = tmp_path_factory.mktemp("capture")
    made = {port: Capture(port, folder / f"{port}.pcapng") for port in (place.program.ready["smpp"]["port"], place.centre.port)}
    yield made
    for each in made.values():
        if each.runs:
            each.end()


@pytest.fixture
def app(place: Place, captures: dict[int, Capture]) -> Iterator[App]:
    made = App(place.program.ready["smpp"])
    yield made
    made.end()


def by_udh(text: str) -> list[dict[str, Any]]:
    """As smpplib cuts: GSM 7-bit where that has all of it, else UCS-2."""
    parts, data_coding, esm_class = smpplib.gsm.make_parts(text)
    return [{"short_message": part, "data_coding": data_coding, "esm_class": esm_class} for part in parts]


def coded(text: str) -> tuple[int, bytes, int, int]:
    """data_coding, octets, how many of them fit into one SMS, and into a part."""
    return (0, gsm7.encode(text), 160, 153) if gsm7.fits(text) else (8, text.encode("utf-16-be"), 140, 134)


def by_sar(text: str) -> list[dict[str, Any]]:
    """Cut where a part is full, in the midst of pairs."""
    data_coding, octets, whole, room = coded(text)
    if len(octets) <= whole:
        return [{"short_message": octets, "data_coding": data_coding}]
    parts = [octets[at : at + room] for at in range(0, len(octets), room)]
    return [
        {
            "short_message": part,
            "data_coding": data_coding,
            "sar_msg_ref_num": 9,
            "sar_total_segments": len(parts),
            "sar_segment_seqnum": at,
        }
        for at, part in enumerate(parts, 1)
    ]


def by_payload(text: str) -> list[dict[str, Any]]:
    data_coding, octets, _, _ = coded(text)
    return [{"short_message": b"", "message_payload": octets, "data_coding": data_coding}]


@pytest.mark.parametrize("cut", [by_udh, by_sar, by_payload])
def test_what_smpplib_submits_arrives_by_every_link_or_it_is_told(
    place: Place, app: App, cut: Callable[[str], list[dict[str, Any]]]
) -> None:
    told = []
    for (alphabet, style), device in place.devices.items():
        for name, text in TEXTS.items():
            place.centre.submits.clear()
            parts = cut(text)
            answers = [app.submit(device["msisdn"], **part) for part in parts]
            where = (name, alphabet, style)
            if any(answers):
                assert cut is not by_payload, where
                assert alphabet in ("latin-1", "ascii"), where
                assert set(answers) <= {0, status.RINVMSGLEN}, where
                told.append(where)
                wait(lambda: len(place.centre.to(device["msisdn"])) >= answers.count(0), "the parts that were taken")  # noqa: B023
                continue
            found = received(place.centre, device["msisdn"], alphabet)
            mixed = len(parts) > 1 and alphabet in ("latin-1", "ascii")
            # packed, a last carriage return is filler to whoever reads it, as the specification has it
            wanted = text[:-1] if alphabet == "gsm7_packed" and name == "a trailing carriage return" else text
            assert arrived(found, alphabet, is_cut_there=style == "payload", is_mixed=mixed) == wanted, where
    assert (len(told) > 0) is (cut is not by_payload)


def received(centre: Centre, number: str, alphabet: str) -> list[SubmitSm]:
    """The submits of one SMS, when all of it is there."""

    def is_whole() -> bool:
        found = centre.to(number)
        if not found:
            return False
        first = found[0]
        total = first.short_message[4] if first.esm_class & 0x40 else tlv.SAR_TOTAL_SEGMENTS.find(first.tlvs) or 1
        return len(found) == total

    wait(is_whole, f"an SMS for {number}")
    return centre.to(number)


def test_octets_flash_and_what_has_no_text_arrive_as_they_are(place: Place, app: App) -> None:
    octets = bytes(range(256))
    nul = "a\0b".encode("utf-16-be")
    for (alphabet, style), device in place.devices.items():
        for fields, wanted in (
            ({"data_coding": 4, "short_message": octets[:140]}, (4, octets[:140])),
            ({"data_coding": 8, "short_message": nul}, (8, nul)),
            ({"data_coding": 0xF0, "short_message": b"Alarm"}, (0xF0, gsm7.pack(b"Alarm") if alphabet == "gsm7_packed" else b"Alarm")),
            ({"data_coding": 0, "short_message": b""}, (0, b"")),
        ):
            place.centre.submits.clear()
            assert app.submit(device["msisdn"], **fields) == 0
            (found,) = received(place.centre, device["msisdn"], alphabet)
            assert (found.data_coding, found.short_message) == wanted, (alphabet, style)


@pytest.mark.parametrize("style", ["udh", "sar", "payload"])
@pytest.mark.parametrize("coding", ["gsm7", "gsm7_packed", "latin-1", "ascii"])
def test_what_devices_send_arrives_at_smpplib_as_its_account_says(
    place: Place, captures: dict[int, Capture], coding: str, style: str
) -> None:
    place.ask("PATCH", "/smpp_account/org_1", {"default_coding": coding, "long_messages": style})
    app = App(place.program.ready["smpp"])  # a bind reads the settings as they are now
    for at, (name, text) in enumerate(TEXTS.items()):
        for (alphabet, carried), device in list(place.devices.items())[at % 6 :: 6]:  # two links each, others for the next text
            app.heard.clear()
            for pdu in sent_by(device["msisdn"], text, alphabet, carried):
                connection = place.centre.of[f"{alphabet}/{carried}"[:15]]
                assert place.centre.call(told(place.centre, pdu, connection)) == 0
            wanted = text[:-1] if name == "a trailing carriage return" and "gsm7_packed" in (alphabet, coding) else text
            app.read_until(lambda: app.heard and len(app.heard) >= total_of(app.heard[0]), f"{name} by {alphabet} {carried}")
            assert arrived(map(as_ours, app.heard), coding, is_cut_there=style == "payload") == wanted, (name, alphabet, carried)
    app.end()


async def told(centre: Centre, pdu: DeliverSm, connection: Connection) -> int:
    return (await centre.answer(centre.send(pdu, connection))).command_status


def sent_by(number: str, text: str, alphabet: str, style: str) -> Iterator[DeliverSm]:
    """How a centre brings an SMS of a device: in its default alphabet, else in UCS-2."""
    pdu = DeliverSm(source_addr=number, source_addr_ton=1, source_addr_npi=1, destination_addr="1000", dest_addr_npi=1)
    try:
        yield from written(pdu, text, 0, alphabet, style)
    except CannotWriteError:
        yield from written(pdu, text, 8, alphabet, style)


def total_of(pdu: Any) -> int:
    octets = pdu.short_message or b""
    return octets[4] if pdu.esm_class & 0x40 else getattr(pdu, "sar_total_segments", None) or 1


def as_ours(pdu: Any) -> DeliverSm:
    """What smpplib read, field by field."""
    tlvs = []
    for name, made in (
        ("sar_msg_ref_num", tlv.SAR_MSG_REF_NUM),
        ("sar_total_segments", tlv.SAR_TOTAL_SEGMENTS),
        ("sar_segment_seqnum", tlv.SAR_SEGMENT_SEQNUM),
        ("message_payload", tlv.MESSAGE_PAYLOAD),
    ):
        value = getattr(pdu, name, None)
        if value is not None:
            tlvs.append(made.make(value))
    return DeliverSm(esm_class=pdu.esm_class, data_coding=pdu.data_coding, short_message=pdu.short_message or b"", tlvs=tuple(tlvs))


def test_tshark_finds_nothing_malformed_on_either_side(captures: dict[int, Capture]) -> None:
    if not captures or shutil.which("tshark") is None:
        pytest.skip("tshark and dumpcap are not installed: make setup-test")
    for port, capture in captures.items():
        if not capture.runs:
            pytest.skip(f"dumpcap may not listen here: {capture.said.strip()[:100]}")
        capture.end()
        read = ["tshark", "-r", str(capture.file), "-d", f"tcp.port=={port},smpp", "-Y"]
        found = [
            subprocess.run([*read, what], capture_output=True, text=True, timeout=60, check=True).stdout
            for what in ("_ws.malformed", "smpp")
        ]
        assert found[0] == ""
        assert len(found[1].splitlines()) > 100
