"""The log says why an application was refused, in words that the application itself is not told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from heliograph.smpp import status
from heliograph.smpp.pdu import BindTransceiver, SubmitSm
from heliograph.store import smpp_account as store
from tests.smpp.wires import until
from tests.smppd.house import PASSWORD, House


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    async with House(smpp_url) as house:
        yield house


async def why(house: House, system_id: str, password: str) -> object:
    app = await house.connect()
    with capture_logs() as lines:
        asking = asyncio.ensure_future(app.ask(BindTransceiver(system_id=system_id, password=password, interface_version=0x34)))
        while not asking.done():
            await asyncio.sleep(0.005)
            await house.world.advance(0.3)  # each failure makes the next wait longer
    answer = await asking
    assert answer.command_status == status.RBINDFAIL, "whatever it was"
    (line,) = [line for line in lines if line["event"] == "bind refused"]
    assert PASSWORD not in str(line)
    assert line["system_id"] == system_id
    return line["why"]


async def test_a_bind_that_is_refused_is_logged_with_its_reason(house: House) -> None:
    assert await why(house, "org_9", PASSWORD) == "there is no such account"
    assert await why(house, "org_1", "nonsense") == "the password is wrong"
    await house.add("org_1", allowed_addresses=["198.51.100.0/24"])
    assert await why(house, "org_1", PASSWORD) == "its allowed_addresses do not have 127.0.0.1"
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
