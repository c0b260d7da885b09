"""The check of a link says in words what is wrong with its peer, and what to set."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import uvloop

from heliograph.clock import SystemClock
from heliograph.links.catalogue import Catalogue
from heliograph.links.smpp import check_sms
from heliograph.model.link import Finding
from heliograph.model.problem import Problem
from heliograph.smpp import status, tlv
from heliograph.smpp.pdu import BindReceiver, BindTransceiver, BindTransmitter, Pdu, SubmitSm, SubmitSmResp
from tests.links.smsc import Smsc, running

NUMBER = "423663920000001"


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with running() as made:
        yield made


async def check(smsc: Smsc, send_to: str | None = None, *, try_all: bool = False, **settings: object) -> list[Finding]:
    fields = {"host": "127.0.0.1", "port": smsc.port, "system_id": "meters", "password": "secret", "bind_s": 1} | settings
    text = msgspec.json.encode(fields).decode()
    return [each async for each in Catalogue(SystemClock()).check("smpp", "SMSC", text, send_to, try_all=try_all)]


def reporting(smsc: Smsc, in_response: str, in_receipt: str, *, marked: bool = True) -> None:
    """The centre gives that id, and then reports by this one."""

    def report(submit: SubmitSm) -> Pdu:
        receipt = smsc.receipt(submit, in_receipt)
        smsc.send(receipt if marked else msgspec.structs.replace(receipt, esm_class=0))
        return SubmitSmResp(message_id=in_response)

    smsc.on_submit = report


async def test_what_is_right_is_said_step_by_step(smsc: Smsc) -> None:
    found = await check(smsc)
    assert [each.level for each in found] == ["ok", "ok", "ok", "hint"]
    assert "name a number" in found[-1].text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (status.RINVPASWD, "8 characters"),
        (status.RBINDFAIL, "address is not allowed"),
        (status.RALYBND, "stop the link"),
        (0x455, "vendor"),
    ],
)
async def test_a_refused_bind_is_explained(smsc: Smsc, code: int, words: str) -> None:
    smsc.on_bind = lambda bind: code
    found = await check(smsc)
    assert [each.level for each in found] == ["ok", "wrong"]
    assert f"0x{code:02X}" in found[1].text
    assert words in found[1].text


async def test_other_versions_and_binds_are_tried_and_what_is_taken_is_named(smsc: Smsc) -> None:
    smsc.on_bind = lambda bind: status.ROK if bind.interface_version == 0x33 else status.RBINDFAIL
    found = await check(smsc, try_all=True)
    assert found[-1].settings == {"version": "3.3", "bind_type": "tx+rx"}
    assert not any(isinstance(bind, BindTransceiver) for bind in smsc.binds if bind.interface_version == 0x33)


async def test_a_bind_that_is_not_answered_is_said_to_be_dropped(smsc: Smsc) -> None:
    smsc.on_bind = lambda bind: None
    found = await check(smsc)
    assert "was not answered" in found[1].text


@pytest.mark.parametrize(("in_response", "in_receipt"), [("1A", "26"), ("26", "1A"), ("0026", "26"), ("1A", "0000001a")])
async def test_a_reading_in_which_ids_are_the_same_is_named_and_is_right(smsc: Smsc, in_response: str, in_receipt: str) -> None:
    reporting(smsc, in_response, in_receipt)
    found = await check(smsc, NUMBER)
    assert found[-1].level == "wrong"
    assert found[-1].settings.keys() == {"id_in_response", "id_in_tlv"}
    assert [each.level for each in await check(smsc, NUMBER, **found[-1].settings)] == ["ok"] * 5


async def test_ids_that_are_the_same_in_no_reading_and_receipts_without_their_bit_are_said(smsc: Smsc) -> None:
    reporting(smsc, "abc", "xyz")
    assert "receipts_by_reference" in (await check(smsc, NUMBER))[-1].text
    reporting(smsc, "5", "5", marked=False)
    assert (await check(smsc, NUMBER))[-1].settings == {"receipts_unmarked": True}


async def test_an_sms_of_somebody_else_is_left_to_the_link_that_runs(smsc: Smsc) -> None:
    def bring(submit: SubmitSm) -> Pdu:
        keys.append(smsc.send(smsc.receipt(msgspec.structs.replace(submit, destination_addr="49170"), "9")))
        smsc.send(smsc.receipt(submit, "5"))
        return SubmitSmResp(message_id="5")

    keys: list[tuple[int, int]] = []
    smsc.on_submit = bring
    assert [each.level for each in await check(smsc, NUMBER)] == ["ok"] * 5
    assert (await smsc.answer(keys[0])).command_status == status.RSYSERR


async def test_a_test_sms_that_is_refused_is_said(smsc: Smsc) -> None:
    smsc.on_submit = lambda submit: SubmitSmResp(
        command_status=status.RINVDSTADR, tlvs=(tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(3, 1)),)
    )
    assert "0x0B RINVDSTADR" in (await check(smsc, NUMBER))[-1].text


@pytest.mark.parametrize(
    ("code", "advice"),
    [(status.RINVSRCADR, "`numbers`"), (status.RINVDSTNPI, "`npi`"), (status.RINVEXPIRY, "`validity`")],
)
async def test_a_refusal_of_the_test_sms_says_what_to_set_and_what_the_centre_says(smsc: Smsc, code: int, advice: str) -> None:
    said = (tlv.ADDITIONAL_STATUS_INFO_TEXT.make("ask sales"), tlv.NETWORK_ERROR_CODE.make(tlv.NetworkError(8, 4)))
    smsc.on_submit = lambda submit: SubmitSmResp(command_status=code, tlvs=said)
    text = (await check(smsc, NUMBER))[-1].text
    assert advice in text
    assert "network error 8:4, 'ask sales'" in text


async def test_a_centre_that_hangs_up_at_the_test_sms_or_before_its_receipt_is_said_to(smsc: Smsc) -> None:
    smsc.on_submit = lambda submit: smsc.lose()
    assert "ended the session when the test SMS came" in (await check(smsc, NUMBER))[-1].text
    smsc.on_submit = lambda submit: asyncio.get_running_loop().call_later(0.1, smsc.lose) and status.ROK
    assert "ended the session before a receipt came" in (await check(smsc, NUMBER))[-1].text


async def test_a_receipt_that_does_not_come_may_have_gone_to_the_link_that_runs(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_sms, "RECEIPT_WITHIN_S", 0.1)
    last = (await check(smsc, NUMBER))[-1]
    assert (last.level, last.settings) == ("hint", {})
    assert "stop the link if it runs" in last.text
    assert "without a sender" in last.text
    assert "without a sender" not in (await check(smsc, NUMBER, numbers=["49100"]))[-1].text


async def test_with_a_bind_for_each_direction_the_receipt_is_heard_by_the_receiver(smsc: Smsc) -> None:
    reporting(smsc, "5", "5")
    found = await check(smsc, NUMBER, bind_type="tx+rx")
    assert [each.level for each in found] == ["ok"] * 7, found
    assert {type(bind) for bind in smsc.binds} == {BindTransmitter, BindReceiver}
    smsc.on_bind = lambda bind: status.RBINDFAIL if isinstance(bind, BindReceiver) else status.ROK
    found = await check(smsc, NUMBER, bind_type="tx+rx")
    assert [each.level for each in found] == ["ok", "ok", "ok", "wrong"]
    assert "bind as rx" in found[-1].text


async def test_a_centre_that_turns_out_to_take_no_tlvs_is_said_where_long_messages_would_go_in_them(smsc: Smsc) -> None:
    smsc.bind_tlvs = (tlv.SC_INTERFACE_VERSION.make(0x33),)
    assert not any(each.level == "wrong" for each in await check(smsc))
    found = await check(smsc, long_messages="payload")
    assert [each.settings for each in found if each.level == "wrong"] == [{"long_messages": "udh"}]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bind_type": "rx"}, "only receives"),
        ({"bind_type": "tx"}, "correlation_group"),
        ({"receipts": "none"}, "none was asked for"),
        ({"receipts": "failures"}, "silence is delivered"),
    ],
)
async def test_a_receipt_that_cannot_come_is_not_waited_for(smsc: Smsc, settings: dict[str, object], words: str) -> None:
    assert words in (await check(smsc, NUMBER, **settings))[-1].text


@pytest.mark.parametrize(
    ("changes", "words", "mended"),
    [
        ({"source_addr": "0" + NUMBER[3:], "source_addr_ton": 2}, "country", {"country": "423", "national_prefix": "0"}),
        ({"destination_addr": "77777"}, "receipt_sender_differs", {"receipt_sender_differs": True}),
        ({"source_addr": "49100", "destination_addr": NUMBER}, "not swapped", {"receipts_unswapped": True}),
    ],
)
async def test_a_receipt_whose_addresses_no_message_of_ours_has_is_said(
    smsc: Smsc, changes: dict[str, Any], words: str, mended: dict[str, object]
) -> None:
    def report(submit: SubmitSm) -> Pdu:
        smsc.send(msgspec.structs.replace(smsc.receipt(submit, "5"), **changes))
        return SubmitSmResp(message_id="5")

    smsc.on_submit = report
    found = await check(smsc, NUMBER, numbers=["49100"])
    assert [each.level for each in found] == ["ok"] * 4 + ["wrong", "ok"]
    assert words in found[4].text
    if words == "receipt_sender_differs":
        assert [each.level for each in await check(smsc, NUMBER)] == ["ok"] * 5, "a sender that was left open may be any"
    assert [each.level for each in await check(smsc, NUMBER, numbers=["49100"], **mended)] == ["ok"] * 5


async def test_receipts_that_are_swapped_though_the_link_says_they_are_not_are_said(smsc: Smsc) -> None:
    reporting(smsc, "5", "5")
    found = await check(smsc, NUMBER, numbers=["49100"], receipts_unswapped=True)
    assert [each.settings for each in found if each.level == "wrong"] == [{"receipts_unswapped": False}]


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_a_port_that_nobody_listens_on_is_said_alike_by_command_line_and_daemon(loop: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        smsc = Smsc()
        smsc.port = port
        with asyncio.Runner(loop_factory=loop) as runner:
            assert runner.run(check(smsc)) == [Finding("wrong", f"cannot connect to 127.0.0.1:{port}: Connection refused")]


async def test_a_simulator_has_nobody_to_check() -> None:
    with pytest.raises(Problem):
        [each async for each in Catalogue(SystemClock()).check("simulator", "S", "{}", None, try_all=False)]
