"""What would become of an SMS: the same answer as for one that is sent, and nothing happens."""

import pytest

from heliograph.gsm.dcs import Alphabet
from heliograph.model.ids import DeviceId, LinkId, PolicyId
from heliograph.model.policy import Traffic
from heliograph.model.problem import Code, Problem
from heliograph.service.draft import Draft
from heliograph.service.explain import explain_mo, explain_mt, explain_policy
from tests.core_world import Setting, World, msisdn, statement

PHONE = "491701234567"
DEVICE = DeviceId(1)
WAYS = ["plain", "the other refuses", "all to the application", "a number of the application"]
TO_ALL = """UPDATE service_profile SET settings = '{"mo_to_application":"all"}' WHERE id = 1"""
ITS_NUMBERS = f"""UPDATE service_profile SET settings = '{{"application_numbers":["{PHONE}","{msisdn(2)}"]}}' WHERE id = 1"""


async def change(world: World, text: str) -> None:
    await world.database.write(lambda tx: tx.run(statement(text)))


def nothing_happened(world: World) -> bool:
    tables = ("message", "event", "usage_counter", "p2p_record")
    return all(world.rows(f"SELECT count(*) AS n FROM {table}")[0].n == 0 for table in tables)


async def test_an_sms_to_a_device_is_explained_with_its_class_and_what_it_would_use_up(world: World) -> None:
    said = await explain_mt(world.core, world.actor(), DEVICE, Draft("ž" * 71, source="+49 170 1"))
    assert (said.is_allowed, said.rule, said.traffic_class, said.link_id) == (True, "allowed", "a2p_mt", world.link_id)
    assert (said.dcs, said.alphabet, said.segments, said.source) == (8, Alphabet.UCS2, 2, "491701")
    assert [(each.device_id, each.traffic, each.segments) for each in said.counted] == [(1, "mt", 2)]
    assert nothing_happened(world)


async def test_the_rule_that_would_refuse_it_is_named(world: World) -> None:
    await change(world, """UPDATE service_profile SET settings = '{"mt_limit":1}'""")
    said = await explain_mt(world.core, world.actor(), DEVICE, Draft("a" * 161))
    assert (said.is_allowed, said.rule, said.text) == (False, "mt_limit", "Traffic limit of 1 MT-SMS per month exceeded")
    await change(world, "UPDATE service_profile SET mt = 0")
    assert (await explain_mt(world.core, world.actor(), DEVICE, Draft("a"))).rule == "mt_off"
    assert nothing_happened(world)


@pytest.mark.parametrize(
    ("destination", "traffic_class", "rule"),
    [
        ("1000", "a2p_mo", "allowed"),
        (None, "a2p_mo", "allowed"),
        (msisdn(3), "p2p_internal", "allowed"),
        ("+" + msisdn(3), "p2p_internal", "allowed"),
        (PHONE, "p2p_external_out", "no_route"),
    ],
)
@pytest.mark.parametrize("setting", [Setting(organisations=2)], indirect=True)
async def test_what_a_device_would_send_is_explained_by_its_way(
    world: World, destination: str | None, traffic_class: str, rule: str
) -> None:
    said = await explain_mo(world.core, world.actor(), DEVICE, destination, Draft("hi"))
    assert (said.traffic_class, said.rule) == (traffic_class, rule)
    assert said.destination is not None
    heard = await world.hear(msisdn(1), destination.removeprefix("+") if destination else None, "hi")
    assert heard.refused == (None if rule == "allowed" else rule), "as it is decided when it comes"


@pytest.mark.parametrize("change_of", ["", "UPDATE service_profile SET sms_p2p_ext = 0 WHERE id = 2", TO_ALL, ITS_NUMBERS], ids=WAYS)
@pytest.mark.parametrize("setting", [Setting(organisations=2, may_return=True), Setting(organisations=2)], indirect=True)
async def test_a_device_of_another_organisation_is_explained_as_any_phone(world: World, change_of: str) -> None:
    if change_of:
        await change(world, change_of)
    of_phone, of_device = [await explain_mo(world.core, world.actor(), DEVICE, each, Draft("hi")) for each in (PHONE, msisdn(2))]
    assert str(of_device) == str(of_phone).replace(PHONE, msisdn(2))
    of_phone, of_device = [
        await explain_policy(world.core, world.actor(), PolicyId(1), Traffic.MO, each, Draft("hi")) for each in (PHONE, msisdn(2))
    ]
    assert str(of_device) == str(of_phone).replace(PHONE, msisdn(2))


@pytest.mark.parametrize("setting", [Setting(organisations=2)], indirect=True)
async def test_that_another_organisation_may_have_the_number_is_said_of_each_that_is_not_our_own(world: World) -> None:
    said = [await explain_mo(world.core, world.actor(), DEVICE, each, Draft("hi")) for each in ("1000", msisdn(2), PHONE, msisdn(3))]
    assert [each.destination for each in said] == [
        "1000 is a short number, unless a device of another organisation here has the number",
        f"{msisdn(2)} is outside the organisation: a phone, or a device of another organisation here",
        f"{PHONE} is outside the organisation: a phone, or a device of another organisation here",
        f"{msisdn(3)} is the number of a device",
    ]


async def test_where_there_is_no_other_organisation_none_is_spoken_of(world: World) -> None:
    assert "another organisation" not in str(await explain_mo(world.core, world.actor(), DEVICE, PHONE, Draft("hi")))


async def test_a_process_that_does_not_run_the_link_explains_by_its_settings(world: World) -> None:
    await change(world, """UPDATE link SET kind = 'simulator', settings = '{"numbers":["4711"]}'""")
    world.core.queues.release(LinkId(world.link_id))
    assert world.core.queues.get(world.link_id) is None
    out = await explain_mo(world.core, world.actor(), DEVICE, PHONE, Draft("hi"))
    own = await explain_mo(world.core, world.actor(), DEVICE, "4711", Draft("hi"))
    assert (out.rule, out.link_id) == ("allowed", world.link_id), "a simulated network takes SMS back"
    assert own.traffic_class == "a2p_mo"


async def test_a_policy_is_explained_for_a_device_that_is_ready(world: World) -> None:
    await change(world, "UPDATE service_profile SET mo = 0")
    mo = await explain_policy(world.core, world.actor(), PolicyId(1), Traffic.MO, "1000", Draft("hi"))
    mt = await explain_policy(world.core, world.actor(), PolicyId(1), Traffic.MT, None, Draft("hi"))
    assert (mo.rule, mo.traffic_class, mt.rule) == ("mo_off", "a2p_mo", "allowed")
    own = await explain_policy(world.core, world.actor(), PolicyId(1), Traffic.MO, msisdn(1), Draft("hi"))
    assert own.traffic_class == "p2p_internal"


async def test_what_is_not_the_actors_is_not_there(world: World) -> None:
    with pytest.raises(Problem) as refused:
        await explain_mt(world.core, world.actor(2), DEVICE, Draft("hi"))
    assert refused.value.code is Code.INVALID_REFERENCE
