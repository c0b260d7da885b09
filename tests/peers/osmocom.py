"""Osmocom's own MSC and HLR as peers, and a phone: an MME that speaks SGsAP to the MSC in the name of one subscriber.

No radio is needed. A phone on LTE gets its SMS by the interface SGs (3GPP TS 29.118): the MME updates its location, is paged, and carries
CP and RP (3GPP TS 24.011) in NAS containers. All has an address of its own in 127.0.0.0/8, so the ports are the usual ones. SGs goes over
SCTP; where the kernel has none, `sctp_on_unix.c` puts it on sockets of AF_UNIX.
"""

import asyncio
import os
import random
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from heliograph.gsm.tpdu import Deliver, Submit, decode_from_network

SCTP: Final = 132
PRELOAD: Final = Path(__file__).parent / "sctp_on_unix.c"
SGS_PORT: Final = 29118
PATIENCE_S: Final = 30.0
PAGING, SERVICE_REQUEST, DOWNLINK, UPLINK, UPDATE_REQUEST, UPDATE_ACCEPT, TMSI_COMPLETE = 0x01, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0C
IE_IMSI, IE_LAI, IE_MME, IE_UPDATE_TYPE, IE_IDENTITY, IE_CONTAINER, IE_SERVICE = 0x01, 0x04, 0x09, 0x0A, 0x0E, 0x16, 0x20
CP_DATA, CP_ACK = 1, 4
RP_DATA_UP, RP_DATA_DOWN, RP_ACK_UP, RP_ACK_DOWN, RP_ERROR_UP, RP_ERROR_DOWN = range(6)
SMSC = bytes.fromhex("07919471060040F0")
"""RP-Destination Address +49170600040 0, by its length."""

MSC_CONFIG = """
log stderr
 logging filter all 1
 logging level set-all notice
line vty
 no login
 bind {address}
ctrl
 bind {address}
network
 network country code 1
 mobile network code 1
 encryption a5 0
 authentication optional
msc
 no assign-tmsi
hlr
 remote-ip {address}
sgs
 local-ip {address}
smpp
 local-tcp-ip {address} {port}
 system-id OSMO
 policy closed
 no smpp-first
 esme HELIO
  password secret
  default-route
  osmocom-extensions
  alert-notifications
"""
HLR_CONFIG = """
log stderr
 logging filter all 1
line vty
 bind {address}
ctrl
 bind {address}
hlr
 gsup
  bind ip {address}
"""


class Osmocom:
    """An MSC and its HLR, with one subscriber. Use as a context; `why_not` says why they do not run here."""

    IMSI, MSISDN = "001010000000001", "423663920000001"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(2, 255)}"
        self.port = 2775
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environment = dict(os.environ)
        self.has_sctp = has_sctp()

    def __enter__(self) -> Self:
        for name, text in (("hlr", HLR_CONFIG), ("msc", MSC_CONFIG)):
            (self.folder / f"{name}.cfg").write_text(text.format(address=self.address, port=self.port))
        if not self.has_sctp:
            library = self.folder / "sctp_on_unix.so"
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, PRELOAD, "-ldl"], check=True)
            self._environment["LD_PRELOAD"] = str(library)
        database = self.folder / "hlr.db"
        subprocess.run(["osmo-hlr-db-tool", "-l", database, "create"], check=True, capture_output=True)
        with sqlite3.connect(database) as connection:
            connection.execute("INSERT INTO subscriber (imsi, msisdn, nam_cs, nam_ps) VALUES (?, ?, 1, 1)", (self.IMSI, self.MSISDN))
        connection.close()
        self._start("osmo-hlr", "-l", str(database), "-c", "hlr.cfg")
        self._start("osmo-msc", "-c", "msc.cfg")
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(PATIENCE_S)

    def _start(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(command, cwd=self.folder, env=self._environment, stdout=log, stderr=log))

    def why_not(self) -> str | None:
        """What keeps the MSC from serving SMPP on this machine, None once it does."""
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            with socket.socket() as probe:
                if probe.connect_ex((self.address, self.port)) == 0 and self._processes[-1].poll() is None:
                    return None
            if any(process.poll() is not None for process in self._processes):
                break
            time.sleep(0.1)
        return (self.folder / "osmo-msc.log").read_text(errors="replace")[-300:]

    def association(self) -> socket.socket:
        """A connection to the MSC by SGs, that does not block."""
        made = socket.socket(*((socket.AF_INET, socket.SOCK_STREAM, SCTP) if self.has_sctp else (socket.AF_UNIX, socket.SOCK_SEQPACKET, 0)))
        made.connect((self.address, SGS_PORT) if self.has_sctp else f"\0sctp {self.address}:{SGS_PORT}")
        made.setblocking(False)
        return made


class Phone:
    """A subscriber as the MSC sees it. `refuses`: the RP cause by which it refuses each SMS, None to take it. `sent`: whether what it sent
    was taken."""

    def __init__(self, osmocom: Osmocom) -> None:
        self.osmocom = osmocom
        self.received: list[Deliver] = []
        self.refuses: int | None = None
        self.sent: list[bool] = []
        self.is_attached = asyncio.Event()
        self._imsi = _tlv(IE_IMSI, _identity(osmocom.IMSI))
        self._last_reference = 0

    async def __aenter__(self) -> Self:
        self._socket = self.osmocom.association()
        self._listening = asyncio.ensure_future(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        for ended in await asyncio.gather(self._listening, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError) and ended is not None:
                raise ended
        self._socket.close()

    async def attach(self) -> None:
        """Update its location; the MSC asks the HLR who it is."""
        labels = ["mmec01", "mmegi0001", "mme", "epc", "mnc001", "mcc001", "3gppnetwork", "org"]
        name = b"".join(bytes((len(label),)) + label.encode() for label in labels)
        update = _tlv(IE_MME, name) + _tlv(IE_UPDATE_TYPE, b"\x01") + _tlv(IE_LAI, bytes.fromhex("00F1100001"))
        while not self.is_attached.is_set():  # the MSC may not be connected to the HLR yet
            await self._say(UPDATE_REQUEST, update)
            try:
                await asyncio.wait_for(self.is_attached.wait(), 2)
            except TimeoutError:
                continue

    async def submit(self, message: Submit) -> None:
        """Originate an SMS."""
        self._last_reference += 1
        tpdu = message.encode()
        rp = bytes((RP_DATA_UP, self._last_reference, 0)) + SMSC + bytes((len(tpdu),)) + tpdu
        await self._nas(0x09 | self._last_reference << 4, CP_DATA, rp)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while octets := await loop.sock_recv(self._socket, 4096):
            kind, elements = octets[0], _elements(octets[1:])
            if kind == UPDATE_ACCEPT:
                self.is_attached.set()
                if IE_IDENTITY in elements:
                    await self._say(TMSI_COMPLETE)
            elif kind == PAGING:
                await self._say(SERVICE_REQUEST, _tlv(IE_SERVICE, b"\x02"))
            elif kind == DOWNLINK:
                await self._downlink(elements[IE_CONTAINER])

    async def _downlink(self, cp: bytes) -> None:
        ti, kind = cp[0] ^ 0x80, cp[1]
        if kind != CP_DATA:
            return
        await self._nas(ti, CP_ACK)
        rp = cp[3:]
        if rp[0] in (RP_ACK_DOWN, RP_ERROR_DOWN):
            self.sent.append(rp[0] == RP_ACK_DOWN)
        elif rp[0] == RP_DATA_DOWN:
            at = 2
            at += 1 + rp[at]  # originator
            at += 1 + rp[at]  # destination: empty
            deliver = decode_from_network(rp[at + 1 : at + 1 + rp[at]])
            assert isinstance(deliver, Deliver)
            if self.refuses is None:
                self.received.append(deliver)
                await self._nas(ti, CP_DATA, bytes((RP_ACK_UP, rp[1])))
            else:
                await self._nas(ti, CP_DATA, bytes((RP_ERROR_UP, rp[1], 1, self.refuses)))

    async def _nas(self, ti: int, kind: int, rp: bytes | None = None) -> None:
        cp = bytes((ti, kind)) + (b"" if rp is None else bytes((len(rp),)) + rp)
        await self._say(UPLINK, _tlv(IE_CONTAINER, cp))

    async def _say(self, message: int, elements: bytes = b"") -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, bytes((message,)) + self._imsi + elements)


def has_sctp() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP).close()
    except OSError:
        return False
    return True


async def until(condition: Callable[[], object], why: str) -> None:
    """Wait in real time until `condition` holds."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"never came: {why}"
        await asyncio.sleep(0.02)


def _identity(imsi: str) -> bytes:
    """A mobile identity of an odd number of digits (3GPP TS 24.008 10.5.1.4)."""
    digits = [int(each) for each in imsi]
    return bytes((digits[0] << 4 | 0x09, *(digits[at] | digits[at + 1] << 4 for at in range(1, len(digits), 2))))


def _tlv(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value


def _elements(octets: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 2 <= len(octets):
        found[octets[at]] = octets[at + 2 : at + 2 + octets[at + 1]]
        at += 2 + octets[at + 1]
    return found
