"""The SMPP server of a whole daemon: TLS, a kill in the middle of traffic, and several processes of one installation."""

import contextlib
import json
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import pytest
import smpplib.client

from heliograph.smpp.codec import decode, encode
from heliograph.smpp.field import TOLERANT
from heliograph.smpp.pdu import BindTransceiver, DeliverSm, Pdu, QuerySm, SubmitSm, response_to
from heliograph.smpp.receipt import parse
from tests.flows.program import Api, Program, try_arguments, wait_until

PATIENCE_S = 60.0


class Esme:
    """An application over a blocking socket, which answers whatever it is sent."""

    def __init__(self, given: dict[str, Any], tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection((given["host"], given["port"]), timeout=PATIENCE_S)
        self.wire = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self.held = b""
        self.number = 0
        self.delivered: list[DeliverSm] = []
        answer = self.ask(BindTransceiver(system_id=given["system_id"], password=given["password"], interface_version=0x34))
        assert answer.command_status == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    def send(self, *pdus: Pdu) -> list[int]:
        numbers = list(range(self.number + 1, self.number + 1 + len(pdus)))
        self.number += len(pdus)
        self.wire.sendall(b"".join(encode(pdu, number) for pdu, number in zip(pdus, numbers, strict=True)))
        return numbers

    def read(self) -> Pdu | None:
        """The next response; what else comes is answered and kept. None at the end of the connection."""
        while True:
            while len(self.held) < 4 or len(self.held) < struct.unpack(">I", self.held[:4])[0]:
                try:
                    octets = self.wire.recv(65_536)
                except ConnectionError:
                    return None
                if not octets:
                    return None
                self.held += octets
            length = struct.unpack(">I", self.held[:4])[0]
            pdu, self.held = decode(self.held[:length], TOLERANT), self.held[length:]
            if pdu.is_response:
                return pdu
            if isinstance(pdu, DeliverSm):
                self.delivered.append(pdu)
            self.wire.sendall(encode(response_to(pdu)))
            if isinstance(pdu, DeliverSm):
                return pdu

    def ask(self, pdu: Pdu) -> Any:
        (number,) = self.send(pdu)
        while (answer := self.read()) is not None and (not answer.is_response or answer.sequence_number != number):
            continue
        assert answer is not None, "the connection ended"
        return answer

    def hear(self, count: int) -> list[DeliverSm]:
        """What was delivered, once it is so much."""
        until = time.monotonic() + PATIENCE_S
        while len(self.delivered) < count:
            assert time.monotonic() < until, f"{len(self.delivered)} of {count} came"
            assert self.read() is not None, "the connection ended"
        return self.delivered


def to(number: str, text: bytes = b"hello") -> SubmitSm:
    return SubmitSm(source_addr="1000", destination_addr=number, short_message=text, registered_delivery=1)


def device(program: Program, behaviour: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in program.ready["devices"] if each["behaviour"] == behaviour)
    return found


def test_what_was_answered_before_a_kill_is_there_after_it_and_every_receipt_comes(tmp_path: Path) -> None:
    with Program(*try_arguments(tmp_path)) as program:
        number = device(program, "delivers")["msisdn"]
        with Esme(program.ready["smpp"]) as esme:
            esme.send(*(to(number, b"%d" % each) for each in range(90)))
            answered = []
            while len(answered) < 30:
                pdu = esme.read()
                if pdu is not None and pdu.is_response:
                    assert pdu.command_status == 0
                    answered.append(pdu.message_id)  # type: ignore[attr-defined]
            program.kill()
            while (pdu := esme.read()) is not None:  # what was on the wire already
                if pdu.is_response:
                    answered.append(pdu.message_id)  # type: ignore[attr-defined]
            heard = {parse(each).message_id for each in esme.delivered}
    with Program(*try_arguments(tmp_path)) as program, Esme(program.ready["smpp"]) as esme:
        assert all(esme.ask(QuerySm(message_id=each)).command_status == 0 for each in answered)
        until = time.monotonic() + PATIENCE_S
        while set(answered) - heard - {parse(each).message_id for each in esme.delivered} and time.monotonic() < until:
            esme.read()
        missing = set(answered) - heard - {parse(each).message_id for each in esme.delivered}
        assert missing == set(), "each comes again until it is answered, and nobody answered what the kill took"


def test_the_demo_account_works_again_after_a_restart_and_its_sessions_are_those_of_now(tmp_path: Path) -> None:
    with Program(*try_arguments(tmp_path)) as program, Esme(program.ready["smpp"]):
        first = program.ready["smpp"]
        program.kill()
    with Program(*try_arguments(tmp_path)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        assert (program.ready["smpp"]["system_id"], program.ready["smpp"]["password"]) == (first["system_id"], first["password"])
        assert api.get("/smpp_session") == []
        with Esme(program.ready["smpp"]):
            (session,) = api.get("/smpp_session")
            assert (session["bind"], session["version"], session["tls"]) == ("transceiver", "3.4", False)
        wait_until(lambda: api.get("/smpp_session") == [], "the end of the session", PATIENCE_S)


def test_a_reset_password_ends_the_session_and_the_new_one_binds(tmp_path: Path) -> None:
    with Program(*try_arguments(tmp_path)) as program, Api(program.ready["api_url"], program.ready["application_token"]) as api:
        given = program.ready["smpp"]
        with Esme(given) as esme:
            made = api.post(f"/smpp_account/{given['system_id']}/password", {}).json()
            while esme.read() is not None:
                continue
        with Esme(given | {"password": made["password"]}) as esme:
            assert esme.ask(to(device(program, "delivers")["msisdn"])).command_status == 0


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


@pytest.mark.needs("openssl")
def test_serve_speaks_smpp_with_tls_beside_plain(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    config = tmp_path / "heliograph.toml"
    plain, over_tls = free_port(), free_port()
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\n[http]\nlisten = "127.0.0.1:0"\n[smpp]\nlisten = "127.0.0.1:{plain}"\n'
        f'tls_listen = "127.0.0.1:{over_tls}"\ntls_certificate = "{certificate[0]}"\ntls_key = "{certificate[1]}"\n'
    )
    environ = {"HELIOGRAPH_CONFIG": str(config)}
    command("organisation", "add", "Acme", environ=environ)
    password = command("smpp", "account", "add", environ=environ).strip()
    with Program("serve", environ=environ, wait_for_line=False) as program:
        program.wait_until_said('"ready"')
        given = {"host": "127.0.0.1", "system_id": "org_1", "password": password}
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        with Esme(given | {"port": over_tls}, trusting) as secured, Esme(given | {"port": plain}) as open_to_all:
            for esme in (secured, open_to_all):
                assert esme.ask(to("4915112345")).command_status == 0x0B
            listed = json.loads(command("smpp", "sessions", "--json", environ=environ))
            assert sorted(each["tls"] for each in listed) == [False, True]
        smpplib_binds_by_tls(over_tls, password, trusting)
        code, took_s = program.end()
        assert (code, took_s < 10) == (0, True)


def smpplib_binds_by_tls(port: int, password: str, trusting: ssl.SSLContext) -> None:
    """Somebody else's client does too; it says no server name."""
    trusting.check_hostname = False
    client = smpplib.client.Client("127.0.0.1", port, timeout=PATIENCE_S, ssl_context=trusting, allow_unknown_opt_params=True)
    client.connect()
    assert client.bind_transceiver(system_id="org_1", password=password).command == "bind_transceiver_resp"
    client.unbind()
    client.disconnect()


def command(*arguments: str, environ: dict[str, str]) -> str:
    with Program(*arguments, environ=environ, wait_for_line=False) as program:
        assert program.wait() == 0, program.said
        found = []
        with contextlib.suppress(Exception):
            while True:
                found.append(program.lines.get_nowait())
        return "".join(found)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
