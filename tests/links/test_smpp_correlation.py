"""Every receipt finds its message, whatever it looks like, and none another's: a matrix, and ids that collide.

The way is the whole one: submit_sm, response, receipt and answer as octets, the real link, the real correlation on a database."""

from contextlib import AbstractAsyncContextManager
from itertools import count, product
from typing import Any

import msgspec
import pytest

from heliograph.model.message import State
from heliograph.smpp import tlv
from heliograph.smpp.pdu import DeliverSm, SubmitSm, SubmitSmResp
from tests.core_world import MINUTE, Setting
from tests.smpp_world import SmppWorld
from tests.store.engines import OnPostgres, OnSqlite

LONG = "0123456789" * 40  # three segments

ID_STYLES: dict[str, tuple[dict[str, str], Any, Any]] = {
    # settings; the id number n in a response; in a receipt
    "decimal": ({}, str, str),
    "uuid": ({}, lambda n: f"{n:08x}-c56e-4b5e-9d0d-5b0f6f3e2f00", lambda n: f"{n:08x}-c56e-4b5e-9d0d-5b0f6f3e2f00"),
    "hex, then decimal": ({"id_in_response": "hex", "id_in_text": "decimal", "id_in_tlv": "decimal"}, lambda n: f"{n:X}", str),
    "decimal, then hex with zeros": (
        {"id_in_response": "decimal", "id_in_text": "hex", "id_in_tlv": "hex"}, str, lambda n: f"{n:08x}",
    ),
    "ten digits, then without zeros": (
        {"id_in_response": "decimal", "id_in_text": "decimal", "id_in_tlv": "decimal"}, lambda n: f"{n:010}", str,
    ),
}  # fmt: skip

DIALECTS = {
    "the specification's": "id:{id} sub:001 dlvrd:001 submit date:2711281200 done date:2711281201 stat:{stat} err:000 text:Hello",
    "seconds, and a capital": "id:{id} sub:001 dlvrd:001 submit date:271128120000 done date:271128120100 stat:{stat} err:0 Text:",
    "few fields, another order": "stat:{stat} id:{id} err:00A",
    "OsmoMSC's dates": "id:{id} sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:{stat} err:000 text:id:1 stat:UNDELIV",
    "fields of its own": "id:{id} mcc:262 mnc:01 submit_date:2711281200 done_date:2711281201 stat:{stat} err:000 price:0.01 text:",
}
CARRIERS = ("text", "tlvs", "both")
QUICK = "hex, then decimal"
"""The style of every run on PostgreSQL: the database sees keys alone. `make test-long` has them all."""


def carried(receipt: DeliverSm, text: str, message_id: str, carrier: str) -> DeliverSm:
    tlvs = (tlv.RECEIPTED_MESSAGE_ID.make(message_id), tlv.MESSAGE_STATE.make(2)) if carrier != "text" else ()
    return msgspec.structs.replace(receipt, short_message=text.encode() if carrier != "tlvs" else b"", tlvs=tlvs)


class Matrix:
    """Subclass it with `OnSqlite` or `OnPostgres`."""

    @pytest.fixture
    def new_world(self, url: str) -> Any:
        def make(**settings: object) -> AbstractAsyncContextManager[SmppWorld]:
            return SmppWorld(url, Setting(devices=2), **settings)

        return make

    async def every_receipt_finds_its_message(self, new_world: Any, style: str) -> None:
        settings, in_response, in_receipt = ID_STYLES[style]
        async with new_world(**settings, window=100) as world:
            await self._report_on_all(world, in_response, in_receipt)

    async def _report_on_all(self, world: SmppWorld, in_response: Any, in_receipt: Any) -> None:
        numbers = count(9)  # 9, then what decimal and hex say differently
        expected: list[int] = []
        for is_early, carrier, dialect, text in product((False, True), CARRIERS, DIALECTS, ("Hello", LONG)):
            wanted = {}

            def name(submit: SubmitSm) -> SubmitSmResp | None:
                number = wanted[submit.sequence_number] = next(numbers)  # noqa: B023
                return None if is_early else SubmitSmResp(message_id=in_response(number))  # noqa: B023

            world.smsc.on_submit = name
            message_id = await world.submit(text=text)
            submits = world.smsc.submits[-len(wanted) :]
            for submit in submits:
                in_words = in_receipt(wanted[submit.sequence_number])
                told = DIALECTS[dialect].format(id=in_words, stat="DELIVRD")
                receipt = carried(world.smsc.receipt(submit), told, in_words, carrier)
                assert await world.tell(receipt) == 0
            if is_early:
                assert world.message(message_id).state == State.PENDING, (carrier, dialect)
                for connection, submit in world.smsc.held:
                    resp = SubmitSmResp(submit.sequence_number, message_id=in_response(wanted[submit.sequence_number]))
                    connection.send(resp)
                world.smsc.held.clear()
                await world.settle()
            assert world.message(message_id).state == State.DELIVERED, (is_early, carrier, dialect, text)
            expected += [message_id] * len(submits)
        assert [row.message_id for row in world.receipts()] == expected
        assert {row.disposition for row in world.receipts()} == {"matched"}

    async def test_a_constant_id_matches_nobody_and_is_told_once(self, new_world: Any) -> None:
        async with new_world() as world:
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id="msg_id_not_implemented")
            messages = [await world.submit() for _ in range(3)]
            for submit in world.smsc.submits:
                assert await world.report(submit, "msg_id_not_implemented") == 0
            assert [world.message(each).state for each in messages] == [State.BUFFERED] * 3
            assert [row.disposition for row in world.receipts()] == ["ambiguous"] * 3
            assert len(world.rows("SELECT detail FROM event WHERE type = 'link.fault'")) == 1

    async def test_a_constant_id_is_none_where_the_link_says_so_and_our_reference_matches(self, new_world: Any) -> None:
        ignored = dict.fromkeys(("id_in_response", "id_in_text", "id_in_tlv"), "ignored")
        async with new_world(**ignored) as world:
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id="msg_id_not_implemented")
            messages = [await world.submit() for _ in range(3)]
            for submit in reversed(world.smsc.submits):
                reference = tlv.USER_MESSAGE_REFERENCE.find(submit.tlvs)
                assert reference is not None
                await world.report(submit, "msg_id_not_implemented", tlvs_too=(tlv.USER_MESSAGE_REFERENCE.make(reference),))
            assert [world.message(each).state for each in messages] == [State.DELIVERED] * 3

    async def test_ids_that_are_used_again_after_a_restart_of_the_centre_match_neither(self, new_world: Any) -> None:
        async with new_world() as world:
            first = await world.submit(device=1)
            world.smsc.ids = count(1)
            second = await world.submit(device=1)
            assert await world.report(world.smsc.submits[1], "1") == 0
            assert [world.message(each).state for each in (first, second)] == [State.BUFFERED] * 2
            assert [row.disposition for row in world.receipts()] == ["ambiguous"]

    async def test_an_id_used_again_for_another_device_is_no_key_for_either(self, new_world: Any) -> None:
        async with new_world() as world:
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id="7")
            messages = [await world.submit(device=1), await world.submit(device=2)]
            await world.report(world.smsc.submits[0], "7")
            assert [world.message(each).state for each in messages] == [State.BUFFERED] * 2

    async def test_a_late_receipt_of_an_sms_that_is_over_ends_no_other_that_has_its_id_and_its_device(self, new_world: Any) -> None:
        """A centre that gives all SMS one id, or began anew, reports late on the first; another device's SMS it could not be about."""
        async with new_world() as world:
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id="7")
            first = await world.submit(device=1, validity_s=MINUTE)
            await world.jump(MINUTE + 10 * MINUTE + 1)
            await world.sweep()
            assert world.message(first).reason_code == "no_receipt"
            second = await world.submit(device=1)
            assert await world.report(world.smsc.submits[0], "7", "UNDELIV") == 0
            assert world.message(second).state == State.BUFFERED
            assert [row.disposition for row in world.receipts()] == ["ambiguous"]

    async def test_an_id_comes_again_for_another_device_when_the_sms_that_had_it_is_over(self, new_world: Any) -> None:
        async with new_world() as world:
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id="7")
            await world.submit(device=1, validity_s=MINUTE)
            await world.jump(MINUTE + 10 * MINUTE + 1)
            await world.sweep()
            second = await world.submit(device=2)
            await world.report(world.smsc.submits[0], "7", "UNDELIV")
            assert world.message(second).state == State.BUFFERED
            await world.report(world.smsc.submits[1], "7")
            assert world.message(second).state == State.DELIVERED

    async def test_hex_and_decimal_are_never_taken_for_each_other(self, new_world: Any) -> None:
        """Responses 10 and 16 in decimal; the receipt 10 in hex is about 16."""
        async with new_world(id_in_response="decimal", id_in_text="hex", id_in_tlv="hex") as world:
            ids = iter(("10", "16"))
            world.smsc.on_submit = lambda submit: SubmitSmResp(message_id=next(ids))
            ten, sixteen = await world.submit(device=1), await world.submit(device=1)
            await world.report(world.smsc.submits[1], "10")
            assert [world.message(each).state for each in (ten, sixteen)] == [State.BUFFERED, State.DELIVERED]

    async def test_a_receipt_of_other_addresses_is_kept_and_matches_nobody(self, new_world: Any) -> None:
        async with new_world() as world:
            message_id = await world.submit(device=1)
            other = msgspec.structs.replace(world.smsc.submits[0], destination_addr="885639999999")
            assert await world.report(other, "1") == 0
            assert world.message(message_id).state == State.BUFFERED
            assert [row.message_id for row in world.receipts()] == [None]

    @pytest.mark.parametrize(
        ("sender", "said"),
        [("1000", "1000"), ("17012345678", "17012345678"), ("17012345678", "4917012345678"), ("+4917012345678", "017012345678")],
    )
    async def test_a_receipt_may_write_our_sender_with_another_type_of_number(self, new_world: Any, sender: str, said: str) -> None:
        async with new_world(country="49", national_prefix="0") as world:
            message_id = await world.submit(device=1, source=sender)
            receipt = world.smsc.receipt(world.smsc.submits[0])
            assert await world.tell(msgspec.structs.replace(receipt, destination_addr=said, dest_addr_ton=0)) == 0
            assert world.message(message_id).state == State.DELIVERED
            other = await world.submit(device=1, source=sender)
            receipt = world.smsc.receipt(world.smsc.submits[1], "2")
            assert await world.tell(msgspec.structs.replace(receipt, destination_addr="4915999999999")) == 0
            assert world.message(other).state == State.BUFFERED

    async def test_receipts_with_the_addresses_of_the_sms_match_where_the_link_says_so_alone(self, new_world: Any) -> None:
        """As Kannel's opensmppbox writes them."""
        for says_so, state in ((True, State.DELIVERED), (False, State.BUFFERED)):
            async with new_world(receipts_unswapped=says_so) as world:
                message_id = await world.submit(device=1)
                submit = world.smsc.submits[0]
                receipt = msgspec.structs.replace(
                    world.smsc.receipt(submit), source_addr=submit.source_addr, destination_addr=submit.destination_addr,
                    source_addr_ton=2, dest_addr_ton=1,
                )  # fmt: skip
                assert await world.tell(receipt) == 0
                assert world.message(message_id).state == state

    async def test_one_receipt_for_all_parts_where_the_link_says_so(self, new_world: Any) -> None:
        async with new_world(receipt_per="message") as world:
            message_id = await world.submit(text=LONG)
            await world.report(world.smsc.submits[2], "3")
            assert (world.message(message_id).state, world.message(message_id).segment_states) == (State.DELIVERED, "ddd")

    async def test_a_long_message_in_one_pdu_has_one_id_for_all(self, new_world: Any) -> None:
        async with new_world(long_messages="payload") as world:
            message_id = await world.submit(text=LONG)
            (submit,) = world.smsc.submits
            assert tlv.MESSAGE_PAYLOAD.find(submit.tlvs) == LONG.encode()
            assert world.message(message_id).segment_states == "aaa"
            await world.report(submit, "1")
            assert (world.message(message_id).state, world.message(message_id).segment_states) == (State.DELIVERED, "ddd")

    async def test_receipts_name_rewritten_addresses_as_they_were_sent(self, new_world: Any) -> None:
        rules = {
            "rewrite_source": [{"match": "", "force": "4915100000001", "ton": 1, "npi": 1}],
            "rewrite_destination": [{"match": "88563", "strip": 5, "prefix": "0", "ton": 0}],
        }
        async with new_world(**rules, country="88563", national_prefix="0") as world:
            message_id = await world.submit(device=1)
            (submit,) = world.smsc.submits
            assert (submit.source_addr, submit.destination_addr) == ("4915100000001", "00000001")
            await world.report(submit, "1")
            assert world.message(message_id).state == State.DELIVERED


class TestOnSqlite(Matrix, OnSqlite):
    @pytest.mark.parametrize("style", list(ID_STYLES))
    async def test_every_receipt_finds_its_message(self, new_world: Any, style: str) -> None:
        await self.every_receipt_finds_its_message(new_world, style)


class TestOnPostgres(Matrix, OnPostgres):
    @pytest.mark.parametrize("style", [pytest.param(each, marks=[] if each == QUICK else pytest.mark.long) for each in ID_STYLES])
    async def test_every_receipt_finds_its_message(self, new_world: Any, style: str) -> None:
        await self.every_receipt_finds_its_message(new_world, style)
