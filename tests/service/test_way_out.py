"""By which link an SMS of a device leaves to a phone: by a route to phones, or back over the link it came by, or not at all (rules.md)."""

import pytest

from heliograph.model.account import Role
from heliograph.model.ids import DeviceId
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.route import NumberRules
from heliograph.service.draft import Draft
from heliograph.service.explain import explain_mo
from heliograph.service.manage import link, route
from heliograph.service.manage.link import LinkChange
from heliograph.service.manage.route import NewRoute, RouteKind
from heliograph.store import route as route_store
from tests.core_world import MINUTE, Setting, World, insert, msisdn

PHONE = "491701234567"


async def test_a_message_to_a_phone_is_refused_where_it_would_go_back_over_a_link_that_takes_nothing_back(world: World) -> None:
    answer = await world.hear(msisdn(1), PHONE)
    assert answer.refused == "no_route"
    assert "add a route to phones" in world.message(answer.message_id or 0).reason


async def to_phones(world: World, value: str, *links: int) -> None:
    await route.add(world.core, world.actor(role=Role.SUPER_ADMIN), NewRoute(kind=RouteKind.PHONE, value=value, links=links))


async def out_by(world: World, number: str = PHONE) -> int | None:
    """The link by which an SMS of device 1 to a phone goes out."""
    answer = await world.hear(msisdn(1), number)
    if answer.refused:
        return None
    peer_id = world.message(answer.message_id or 0).peer_id
    return int(world.rows("SELECT link_id FROM message WHERE id = :id", id=peer_id)[0].link_id)


@pytest.mark.parametrize("setting", [Setting(rules=NumberRules(network_numbers=("4917100",)))], indirect=True)
async def test_a_route_to_phones_has_them_texted_by_another_link(world: World) -> None:
    other = await world.own_another("Aggregator")
    await to_phones(world, "+49", other)
    assert await out_by(world) == other
    assert await out_by(world, "43660123456") is None
    assert await out_by(world, "4917100") is None, "a code of the network goes to the network"
    said = await explain_mo(world.core, world.actor(), DeviceId(1), PHONE, Draft("hi"))
    assert (said.rule, said.link_id) == ("allowed", other)
    assert [each.outgoing.destination for each in world.link.sent] == [PHONE]


async def test_a_route_to_phones_by_a_link_of_other_organisations_is_no_way(world: World) -> None:
    other = await world.own_another("Theirs")
    await world.database.write(lambda tx: insert(tx, "organisation", id=2, name="Other", created_at_ms=0))
    await world.database.write(lambda tx: insert(tx, "link_reservation", link_id=other, organisation_id=2))
    await to_phones(world, "", other)
    assert await out_by(world) is None


async def test_a_route_takes_the_first_of_its_links_that_works_from_the_beginning(world: World) -> None:
    off, on = [await world.own_another(name) for name in ("Off", "On")]
    operator = world.actor(role=Role.SUPER_ADMIN)
    await link.update(world.core, operator, off, LinkChange(enabled=False))
    await to_phones(world, "", off, on)
    assert await out_by(world) == on
    (made,) = await route.views(world.core, operator)
    changed = await route.update(world.core, operator, made.id, NewRoute(kind=RouteKind.PHONE, links=(off, world.link_id)))
    assert changed.link_id == world.link_id


async def test_what_waits_for_a_phone_follows_its_route(world: World) -> None:
    first, second = [await world.own_another(name) for name in ("First", "Second")]
    await to_phones(world, "", first, second)
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber"))
    assert await out_by(world) == first
    assert await world.database.read(lambda tx: route_store.every(tx)[0].link_id) == first
    await world.database.write(lambda tx: route_store.choose(tx, route_store.every(tx)[0].id, second))
    await world.database.write(route_store.reassign)
    (lane,) = world.rows("SELECT link_id FROM lane WHERE number = :number", number=PHONE)
    assert lane.link_id == second
    await world.jump(MINUTE)
    assert [each.outgoing.destination for each in world.link.sent] == [PHONE] * 2
    assert [row.link_id for row in world.rows("SELECT link_id FROM attempt ORDER BY number")] == [first, second]


async def test_what_waits_for_a_phone_when_its_link_is_deleted_waits_for_a_route_and_takes_no_other_link(world: World) -> None:
    gone = await world.own_another("Gone")
    await to_phones(world, "", gone)
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber"))
    assert await out_by(world) == gone
    operator = world.actor(role=Role.SUPER_ADMIN)
    await route.delete(world.core, operator, (await world.database.read(route_store.every))[0].id)
    await link.update(world.core, operator, gone, LinkChange(enabled=False))
    await link.delete(world.core, operator, gone)
    other = await world.own_another("Other")

    def by() -> int:
        return int(world.rows("SELECT link_id FROM lane WHERE number = :number", number=PHONE)[0].link_id)

    assert by() == 0
    await to_phones(world, "+49", other)
    assert by() == other
    await world.jump(MINUTE)
    assert len(world.link.sent) == 2


async def test_a_route_to_phones_does_not_take_the_name_of_a_number_space_for_a_number(world: World) -> None:
    """Spaces are named by the codes of networks, too: 49 may begin one, and is no prefix of what is dialled in it."""
    first, second = [await world.own_another(name) for name in ("First", "Second")]
    await to_phones(world, "+49", first, second)
    for number in ("49-01/4712345678", "49-01/491701234567", "491701234567", "4712345678"):
        await world.database.write(
            lambda tx, number=number: insert(tx, "lane", id=tx.ids("lane")[0], organisation_id=1, link_id=first, number=number, due_at_ms=0)
        )
    await world.database.write(lambda tx: route_store.choose(tx, route_store.every(tx)[0].id, second))
    await world.database.write(route_store.reassign)
    moved = [row.number for row in world.rows("SELECT number FROM lane WHERE link_id = :link ORDER BY number", link=second)]
    assert moved == ["49-01/491701234567", "491701234567"]
