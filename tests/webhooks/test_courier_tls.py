"""Deliveries by TLS: who is trusted, and what is said of who is not."""

import asyncio
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from heliograph.model.notification import Answered
from heliograph.webhooks.courier import WebhookCourier
from heliograph.webhooks.egress import EgressPolicy
from heliograph.webhooks.settings import CourierSettings
from tests.webhooks.receiver import Receiver, answer, certificate, delivery, expired_certificate
from tests.webhooks.test_courier import PATIENT, directory, running, send

pytestmark = pytest.mark.needs("openssl")
NAMES = directory(hooks_test=["127.0.0.1"])


@asynccontextmanager
async def trusting(ca_file: Path | None) -> AsyncIterator[WebhookCourier]:
    settings = replace(PATIENT, connect_timeout_s=2.0, ca_file=str(ca_file) if ca_file else None)
    async with running(settings, NAMES) as courier:
        yield courier


async def call(tls: ssl.SSLContext, ca_file: Path | None, host: str = "hooks.test") -> Answered:
    async with Receiver(tls=tls) as receiver, trusting(ca_file) as courier:
        return await send(courier, delivery(receiver.url_of(host)))


async def test_a_trusted_certificate_of_the_name_is_taken_and_its_connection_kept(tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    async with Receiver(tls=tls) as receiver, trusting(ca_file) as courier:
        for number in range(5):
            assert (await send(courier, delivery(receiver.url_of("hooks.test"), number))).status == 200
    assert receiver.connections == 1


async def test_the_server_is_told_the_name_and_not_the_address(tmp_path: Path) -> None:
    asked: list[str | None] = []
    ca_file, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    await call(tls, ca_file)
    assert asked == ["hooks.test"]


async def test_a_name_that_is_bound_anew_between_check_and_connect_reaches_nothing_by_tls(tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    settings = CourierSettings(egress=EgressPolicy((ip_network("127.0.0.2/32"),), ports=None), ca_file=str(ca_file))
    async with Receiver(tls=tls) as receiver, running(settings, directory(hooks_test=["127.0.0.2"])) as courier:
        courier._names._judge = lambda _address: None
        courier._names._lookup = NAMES  # 127.0.0.1
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
    assert answered.error == "127.0.0.1 may not be called: this machine"
    assert receiver.connections == 0


async def test_a_redirect_to_a_metadata_address_is_not_followed_by_tls(tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    mood = answer(301, b"", "Location: https://169.254.169.254/latest/meta-data")
    async with Receiver(mood=mood, tls=tls) as receiver, trusting(ca_file) as courier:
        answered = await send(courier, delivery(receiver.url_of("hooks.test")))
        assert courier._transfers._opened == 1
    assert (answered.status, answered.is_success, len(receiver.received)) == (301, False, 1)


async def test_a_certificate_of_an_address_is_taken_for_that_address(tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "good", "IP:127.0.0.1")
    assert (await call(tls, ca_file, "127.0.0.1")).status == 200


@pytest.mark.parametrize(
    ("subject", "host"), [("DNS:other.test", "hooks.test"), ("DNS:hooks.test", "127.0.0.1"), ("IP:127.0.0.2", "127.0.0.1")]
)
async def test_a_certificate_for_another_name_is_refused(tmp_path: Path, subject: str, host: str) -> None:
    ca_file, tls = certificate(tmp_path, "other", subject)
    answered = await call(tls, ca_file, host)
    assert (answered.status, answered.error) == (None, "the certificate is for another name")


async def test_a_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    _, tls = certificate(tmp_path, "selfish", "DNS:hooks.test")
    assert (await call(tls, None)).error == "the certificate is self-signed"


async def test_a_ca_file_is_trusted_instead_of_the_systems_list(tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "other", "DNS:other.test")
    _, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    error = (await call(tls, other)).error
    assert error is not None
    assert error.startswith("the certificate ")


async def test_the_systems_list_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca_file, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    assert (await call(tls, None)).status == 200


async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    ca_file, tls = expired_certificate(tmp_path, "old", "DNS:hooks.test")
    assert (await call(tls, ca_file)).error == "the certificate has expired"


async def test_a_receiver_without_tls_on_a_tls_url_is_said_to_have_none() -> None:
    async with Receiver() as receiver, trusting(None) as courier:
        answered = await send(courier, delivery(receiver.url.replace("http:", "https:")))
    assert answered.error is not None
    assert answered.error.startswith(f"no TLS with 127.0.0.1:{receiver.port}")


async def test_a_list_of_authorities_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    _, tls = certificate(tmp_path, "good", "DNS:hooks.test")
    error = (await call(tls, tmp_path / "missing.pem")).error
    assert error == "this machine has no list of certificate authorities; name one in the settings"


async def test_an_authority_of_one_webhook_is_trusted_for_it_alone(tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "private", "DNS:hooks.test")
    async with Receiver(tls=tls) as receiver, trusting(None) as courier:
        url = receiver.url_of("hooks.test")
        own = await send(courier, delivery(url, 1, ca=ca_file.read_text()))
        others = await send(courier, delivery(url, 2))
        again = await send(courier, delivery(url, 3, ca=ca_file.read_text()))
    assert (own.status, again.status) == (200, 200)
    assert others.error == "the certificate is self-signed"


async def test_an_authority_that_cannot_be_written_down_fails_its_delivery_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca_file, tls = certificate(tmp_path, "private", "DNS:hooks.test")
    async with Receiver(tls=tls) as receiver, Receiver() as other, trusting(None) as courier:
        url = receiver.url_of("hooks.test")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        own = await send(courier, delivery(url, 1, ca=ca_file.read_text()))
        others = await send(courier, delivery(other.url, 2))
        (tmp_path / "missing").mkdir()
        again = await send(courier, delivery(url, 3, ca=ca_file.read_text()))
    assert own.error == "this machine could not write its certificate authority to a file (No such file or directory)"
    assert (own.is_tried, others.status, again.status) == (True, 200, 200)


async def test_an_authority_whose_file_was_tidied_away_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd-tmpfiles does with what lies in /tmp for ten days."""
    ca_file, tls = certificate(tmp_path, "private", "DNS:hooks.test")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with Receiver(answer(200, b"", "Connection: close"), tls=tls) as receiver, trusting(None) as courier:
        for number in range(2):
            for tidied in tmp_path.glob("heliograph-ca-*"):
                shutil.rmtree(tidied)
            ca = ca_file.read_text() + "\n" * number  # the second in a directory that is gone
            for _ in range(2):
                assert (await send(courier, delivery(receiver.url_of("hooks.test"), number, ca=ca))).status == 200
                for tidied in tmp_path.glob("heliograph-ca-*/*.pem"):
                    tidied.unlink()


async def test_all_is_called_by_the_operators_proxy_which_looks_names_up() -> None:
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode().split("\r\n")[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = CourierSettings(egress=EgressPolicy(), proxy=f"http://127.0.0.1:{port}")
    async with running(settings, directory()) as courier:
        answered = await send(courier, delivery("https://app.example.com/x"))
        refused = await send(courier, delivery("http://169.254.169.254/", 2))
    server.close()
    await server.wait_closed()
    assert asked == ["CONNECT app.example.com:443 HTTP/1.1"]
    assert answered.error is not None
    assert answered.error.startswith("the proxy that webhooks are called by refused")
    assert refused.error is not None
    assert "may not be called" in refused.error
