"""The check of a link says in words what is wrong with its peer, and what to set."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from heliograph.clock import SystemClock
from heliograph.links.catalogue import Catalogue
from heliograph.model.link import Finding
from heliograph.model.problem import Problem
from heliograph.smpp import status, tlv
from heliograph.smpp.pdu import BindTransceiver, Pdu, SubmitSm, SubmitSmResp
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


async def test_a_simulator_has_nobody_to_check() -> None:
    with pytest.raises(Problem):
        [each async for each in Catalogue(SystemClock()).check("simulator", "S", "{}", None, try_all=False)]
