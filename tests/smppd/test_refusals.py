"""Log and database say why an application was refused, in words that the application itself is not told."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from heliograph.model.esme_refusal import remedy_of
from heliograph.smpp import status
from heliograph.smpp.codec import encode
from heliograph.smpp.pdu import BindTransceiver, SubmitSm
from heliograph.store import smpp_account as store
from heliograph.store import smpp_refusal
from heliograph.store.smpp_refusal import SmppRefusal
from tests.core_world import Setting, msisdn
from tests.smpp.wires import until
from tests.smppd.house import PASSWORD, House
from tests.webhooks.receiver import certificate


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    async with House(smpp_url) as house:
        yield house


async def why(house: House, system_id: str, password: str) -> object:
    app = await house.connect()
    with capture_logs() as lines:
        asking = asyncio.ensure_future(app.ask(BindTransceiver(system_id=system_id, password=password, interface_version=0x34)))
        await house.world.clock.advance_until(asking.done, "the answer", 0.3, 0.005)  # each failure makes the next wait longer
    answer = await asking
    assert answer.command_status == status.RBINDFAIL, "whatever it was"
    (line,) = [line for line in lines if line["event"] == "bind refused"]
    assert PASSWORD not in str(line)
    assert line["system_id"] == system_id
    return line["why"]


async def test_a_bind_that_is_refused_is_logged_with_its_reason(house: House) -> None:
    assert await why(house, "org_9", PASSWORD) == "there is no such account"
    assert await why(house, "org_1", "nonsense") == "the password is wrong"
    assert await why(house, "org_1", "short") == "the password has not eight characters, as all of ours have"
    await house.add("org_1", allowed_addresses=["198.51.100.0/24"])
    assert await why(house, "org_1", PASSWORD) == "its allowed addresses do not have this one"
    await house.world.database.write(store.update, "org_1", "{}", 1)
    assert await why(house, "org_1", PASSWORD) == "the account is disabled"


async def test_the_first_request_that_a_rule_refuses_is_logged_and_all_are_counted_at_the_end(house: House) -> None:
    app = await house.bind()
    with capture_logs() as lines:
        for text in (b"first", b"second"):
            await app.ask(SubmitSm(source_addr="1000", destination_addr="4917000000", short_message=text))
        await app.ask(SubmitSm(source_addr="1000", destination_addr="4917000000", replace_if_present_flag=1))
        await app.leave()
        await until(lambda: any(line["event"] == "session over" for line in lines), "the end")
    refused = [(line["request"], line["to"], line["why"]) for line in lines if line["event"] == "request refused"]
    assert refused == [("submit_sm", "4917000000", "not_a_device"), ("submit_sm", "4917000000", "RINVSUBREP")]
    (over,) = [line for line in lines if line["event"] == "session over"]
    assert over["system_id"] == "org_1"
    assert over["refused"] == {"not_a_device": 2, "RINVSUBREP": 1}
    assert "first" not in str(lines)


async def kept(house: House, organisation_id: int = 0) -> list[SmppRefusal]:
    """What is in the database, once all that was noted is written."""
    await house.server.register.book.write()
    return await house.world.database.read(smpp_refusal.refusals, organisation_id, 100)


async def test_a_refused_bind_is_kept_with_status_reason_address_and_how_often(house: House) -> None:
    await house.add("org_1", max_binds=1)
    await house.bind()
    app = await house.connect()
    assert (await app.ask(BindTransceiver(system_id="org_1", password=PASSWORD))).command_status == status.RBINDFAIL
    for _ in range(2):
        await why(house, "org_1", "nonsense")
    found = {(each.reason, each.command_status, each.address, each.count) for each in await kept(house, 1)}
    assert found == {("wrong_password", status.RBINDFAIL, "127.0.0.1", 2), ("too_many_binds", status.RBINDFAIL, "127.0.0.1", 1)}
    assert await kept(house, 2) == [], "of another organisation's account nothing is seen"


async def test_guessed_names_are_one_line_that_the_operator_sees(house: House) -> None:
    for number in (7, 8, 9):
        await why(house, f"org_{number}", PASSWORD)
    (found,) = await kept(house)
    assert (found.system_id, found.reason, found.count, found.detail) == ("", "no_account", 3, "org_9")
    assert await kept(house, 1) == []


async def test_a_refused_submit_is_kept_with_its_rule_and_the_number_it_was_for(house: House) -> None:
    app = await house.bind()
    for number in ("4917000000", "4917000001"):
        await app.ask(SubmitSm(source_addr="1000", destination_addr=number, short_message=b"x"))
    (found,) = await kept(house, 1)
    assert (found.request, found.reason, found.detail, found.count) == ("submit_sm", "not_a_device", "4917000001", 2)
    assert found.command_status == status.RINVDSTADR


async def test_a_part_without_room_is_kept_with_what_to_do_about_it(house: House) -> None:
    app = await house.bind()
    part = b"\x05\x00\x03\x01\x02\x01" + "\u00e1".encode("latin-1") * 100  # GSM 7-bit has none
    asked = SubmitSm(source_addr="1000", source_addr_ton=1, destination_addr=msisdn(1), esm_class=0x40, data_coding=3, short_message=part)
    answer = await app.ask(asked)
    assert answer.command_status == status.RINVMSGLEN
    (found,) = await kept(house, 1)
    assert found.reason == "RINVMSGLEN"
    assert "message_payload" in remedy_of(found.reason)


async def test_an_input_that_is_not_taken_is_kept_by_the_field_at_fault(house: House) -> None:
    app = await house.bind()
    answer = await app.ask(SubmitSm(source_addr="Much too long a name", source_addr_ton=5, destination_addr=msisdn(1), short_message=b"x"))
    assert answer.command_status == status.RINVSRCADR
    (found,) = await kept(house, 1)
    assert found.reason == "RINVSRCADR", "and not: invalid"


async def test_who_speaks_tls_to_the_port_without_is_told_from_who_speaks_something_else(house: House) -> None:
    context = ssl.create_default_context()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", house.port, ssl=context, server_hostname="localhost")
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: smpp\r\n\r\n")
    await reader.read()
    writer.close()
    assert {each.reason for each in await kept(house)} == {"tls_on_plain_port", "not_smpp"}


async def test_what_is_asked_out_of_turn_is_kept(house: House) -> None:
    app = await house.bind(how="receiver")
    app.wire.session.state = app.wire.session.state.__class__.BOUND_TRX  # so that it sends what it may not
    answer = await app.ask(SubmitSm(source_addr="1000", destination_addr="4917000000", short_message=b"x"))
    assert answer.command_status == status.RINVBNDSTS
    (found,) = await kept(house, 1)
    assert (found.request, found.reason, found.system_id) == ("submit_sm", "not_bound", "org_1")


async def test_refusals_are_counted_by_status(house: House) -> None:
    app = await house.bind()
    await app.ask(SubmitSm(source_addr="1000", destination_addr="4917000000", short_message=b"x"))
    await why(house, "org_1", "nonsense")
    text = house.metrics.exposition().decode()
    assert 'heliograph_smpp_bound{account="organisation"} 1.0' in text
    assert 'heliograph_smpp_bound{account="policy"} 0.0' in text
    assert 'heliograph_smpp_refusals_total{request="bind",status="RBINDFAIL"} 1.0' in text
    assert 'heliograph_smpp_refusals_total{request="submit_sm",status="RINVDSTADR"} 1.0' in text


async def test_requests_that_no_version_has_are_one_however_many_numbers_are_made_up(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    for number in range(50):
        writer.write(struct.pack(">IIII", 16, 0x00010000 + number, 0, 1 + number))
    for _ in range(50):
        await reader.readexactly(16)
    writer.close()
    (found,) = await kept(house)
    assert (found.system_id, found.request, found.reason, found.count) == ("", "unknown", "unknown_request", 50)
    text = house.metrics.exposition().decode()
    assert text.count("heliograph_smpp_refusals_total{") == 1


def distrust(port: int) -> None:
    """A client that does not trust the certificate, and says so: asyncio's closes without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(connection, server_hostname="127.0.0.1")


async def test_who_fails_at_tls_is_told_with_openssls_word(smpp_url: str, tmp_path: Path) -> None:
    ca_file, tls = certificate(tmp_path, "smsc", "IP:127.0.0.1")
    async with House(smpp_url, Setting(devices=1), tls=tls, org_1={}) as house:
        await asyncio.to_thread(distrust, house.port)
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(encode(BindTransceiver(system_id="org_1", password=PASSWORD), 1))
        noted = house.server.register.book._tallies
        await until(lambda: len(noted) == 2, "both")
        writer.close()
        found = {each.reason: (each.system_id, each.detail) for each in await kept(house)}
        assert found["tls_failed"] == ("", "TLSV1_ALERT_UNKNOWN_CA")
        assert found["plain_on_tls_port"][0] == ""
        app = await house.connect(tls=ssl.create_default_context(cafile=ca_file))
        assert (await app.ask(BindTransceiver(system_id="org_1", password=PASSWORD))).command_status == 0
