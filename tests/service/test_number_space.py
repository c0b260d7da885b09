"""Numbers are unique within a number space, and looked up in that of the link that hears them (rules: Who owns what)."""

from collections.abc import Awaitable
from dataclasses import dataclass

import pytest

from heliograph.model.account import Actor, Role
from heliograph.model.device import DeviceStatus
from heliograph.model.esme import Asked
from heliograph.model.ids import DeviceId, LinkId, SimId
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.message import State
from heliograph.model.problem import Code, Problem
from heliograph.service import explain, wake
from heliograph.service.draft import Draft
from heliograph.service.manage import device as devices
from heliograph.service.manage import link as links
from heliograph.service.manage import policy as policies
from heliograph.service.manage import route as routes
from heliograph.service.manage import sim as sims
from heliograph.service.manage.device import DeviceChange
from heliograph.service.manage.device import SimChange as Assigned
from heliograph.service.manage.link import LinkChange
from heliograph.service.manage.policy import PolicyChange
from heliograph.service.manage.route import NewRoute, RouteKind
from heliograph.service.manage.sim import NewSim, SimChange
from heliograph.service.submit import prepare
from heliograph.service.submit_to import ToNumber, accept_to
from heliograph.store.query import Query
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, World, msisdn
from tests.scripted import DELIVERED

LAB = "lab"
PHONE = "491701234567"
ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
OUT = pytest.mark.parametrize("setting", [Setting(may_return=True)], indirect=True)


@dataclass
class Lab:
    """A second network, which numbers its SIMs as the first does: its link, and a device with the MSISDN of device 1."""

    world: World
    link_id: int
    device_id: int
    sim_id: int

    async def link_of(self, device_id: int) -> int:
        (row,) = self.world.rows("SELECT link_id FROM lane WHERE device_id = :id", id=device_id)
        found: int = row.link_id
        return found


def operator(world: World) -> Actor:
    return world.actor(role=Role.SUPER_ADMIN)


async def refused(world: World, new: NewSim) -> Problem:
    (result,) = await sims.enter(world.core, operator(world), [new], 1)
    assert isinstance(result, Problem), result
    return result


async def enter(world: World, new: NewSim, policy_id: int = 1) -> tuple[int, int]:
    """A device with a new SIM; the ids of both."""
    (sim_id,) = await sims.enter(world.core, operator(world), [new], 1)
    assert not isinstance(sim_id, Problem), sim_id
    wanted = DeviceChange(
        name="In the lab", status=DeviceStatus.ENABLED, service_profile_id=policy_id, tariff_profile_id=1, sim=Assigned(sim_id)
    )
    return (await devices.create(world.core, operator(world), wanted, 1)).id, sim_id


def leave_ids(tx: Transaction) -> None:
    """The seeded rows have ids that no counter gave."""
    for kind in ("sim", "device", "lane", "policy"):
        tx.ids(kind, 100)


async def opened(world: World) -> Lab:
    await world.database.write(leave_ids)
    link_id = await world.own_another("Lab", LAB)
    return Lab(world, link_id, *await enter(world, NewSim(iccid="8988000000000000001", msisdn=msisdn(1), number_space=LAB)))


async def test_a_number_and_an_iccid_belong_to_one_sim_of_a_space(world: World) -> None:
    await opened(world)
    for again in (NewSim(iccid="8988000000000000002", msisdn=msisdn(1)), NewSim(iccid="8988000000000000001")):
        problem = await refused(world, NewSim(iccid=again.iccid, msisdn=again.msisdn, number_space=LAB))
        assert (problem.code, "of the number space 'lab'" in problem.text) == (Code.DUPLICATED, True)
    problem = await refused(world, NewSim(iccid="8988000000000000003", msisdn=msisdn(1)))
    assert (problem.code, problem.field) == (Code.DUPLICATED, "msisdn")
    await enter(world, NewSim(iccid="8988000000000000001", msisdn="77001"))


async def test_a_space_that_no_link_has_is_refused_with_those_there_are(world: World) -> None:
    await opened(world)
    problem = await refused(world, NewSim(iccid="8988000000000000002", number_space="lap"))
    assert (problem.code, problem.field, "links have 'lab'" in problem.text) == (Code.INVALID_REFERENCE, "number_space", True)


async def test_an_sms_is_from_the_device_that_the_link_knows_by_the_number(world: World) -> None:
    lab = await opened(world)
    by_link = {link_id: await world.hear(msisdn(1), "12345", link_id=link_id) for link_id in (world.link_id, lab.link_id)}
    found = {link_id: world.message(answer.message_id or 0).device_id for link_id, answer in by_link.items()}
    assert found == {world.link_id: 1, lab.link_id: lab.device_id}


@OUT
async def test_who_is_dialled_is_looked_for_where_the_sender_is(world: World) -> None:
    lab = await opened(world)
    other_id, _ = await enter(world, NewSim(iccid="8988000000000000009", msisdn=msisdn(2), number_space=LAB))
    answer = await world.hear(msisdn(1), msisdn(2), link_id=lab.link_id)
    received = world.message(world.message(answer.message_id or 0).peer_id)
    assert (received.device_id, received.traffic_class) == (other_id, "p2p_internal")
    answer = await world.hear(msisdn(1), msisdn(3), link_id=lab.link_id)
    onward = world.message(world.message(answer.message_id or 0).peer_id)
    assert (onward.device_id, onward.traffic_class) == (None, "p2p_external_out"), "device 3 is in the other network"


async def test_the_same_words_in_two_networks_are_no_loop(world: World) -> None:
    lab = await opened(world)
    await enter(world, NewSim(iccid="8988000000000000009", msisdn=msisdn(2), number_space=LAB))
    answers = [await world.hear(msisdn(1), msisdn(2), "open", link_id=each) for each in (world.link_id, lab.link_id, world.link_id)]
    assert [answer.refused for answer in answers] == [None, None, None]
    assert (await world.hear(msisdn(1), msisdn(2), "open")).refused == Code.LOOP.value


async def test_a_device_is_sent_to_by_a_link_of_its_space_whatever_routes_say(world: World) -> None:
    lab = await opened(world)
    await routes.add(world.core, operator(world), NewRoute(kind=RouteKind.ALL, links=(world.link_id,)))
    await routes.add(world.core, operator(world), NewRoute(kind=RouteKind.ALL, links=(lab.link_id,), position=1))
    assert [await lab.link_of(each) for each in (1, lab.device_id)] == [world.link_id, lab.link_id]
    await world.submit(lab.device_id)
    assert [(sent.outgoing.destination, sent.outgoing.message_id) for sent in world.link.sent] == [(msisdn(1), 1)]


async def test_a_sim_that_changes_its_space_takes_its_device_along(world: World) -> None:
    lab = await opened(world)
    elsewhere, sim_id = await enter(world, NewSim(iccid="8988000000000000005", msisdn="77001"))
    assert await lab.link_of(elsewhere) == world.link_id
    await sims.update(world.core, operator(world), SimId(sim_id), SimChange(number_space=LAB))
    assert await lab.link_of(elsewhere) == lab.link_id
    with pytest.raises(Problem, match=f"'{msisdn(1)}' is in use"):
        await sims.update(world.core, operator(world), SimId(lab.sim_id), SimChange(number_space=""))
    assert await lab.link_of(lab.device_id) == lab.link_id


async def test_a_link_that_changes_its_space_leaves_the_devices_of_the_other(world: World) -> None:
    lab = await opened(world)
    link_id = await links.add(world.core, operator(world), "Another", "simulator", {})
    await links.update(world.core, operator(world), link_id, LinkChange(settings={"number_space": "roof"}))
    device_id, _ = await enter(world, NewSim(iccid="8988000000000000001", msisdn=msisdn(1), number_space="roof"))
    assert await lab.link_of(device_id) == link_id
    await links.update(world.core, operator(world), link_id, LinkChange(settings={"number_space": None}))
    assert await lab.link_of(device_id) == 0, "no link reaches it now"
    await links.update(world.core, operator(world), link_id, LinkChange(settings={"number_space": "roof"}))
    assert await lab.link_of(device_id) == link_id


@OUT
async def test_a_phone_of_one_network_does_not_wait_for_its_namesake(world: World) -> None:
    lab = await opened(world)
    world.link.otherwise = ABSENT
    for link_id in (world.link_id, lab.link_id):
        assert (await world.hear(msisdn(1), PHONE, link_id=link_id)).refused is None
    waiting = world.rows("SELECT link_id FROM lane WHERE device_id IS NULL ORDER BY link_id")
    assert [row.link_id for row in waiting] == [world.link_id, lab.link_id]


async def test_a_device_that_is_heard_of_is_that_of_the_links_space(world: World) -> None:
    lab = await opened(world)
    world.link.otherwise = ABSENT
    for device_id in (1, lab.device_id):
        await world.submit(device_id)
    before = len(world.link.sent)
    await world.advance(1)
    await wake.reachable(world.core, LinkId(lab.link_id), msisdn(1))
    await world.settle()
    assert [sent.outgoing.message_id for sent in world.link.sent[before:]] == [2]


async def test_an_application_sends_to_a_number_of_its_devices_that_is_only_one(world: World) -> None:
    lab = await opened(world)
    second = await policies.create(world.core, operator(world), PolicyChange(name="Lab", mt=True, sms_a2p=True))
    await devices.update(world.core, operator(world), DeviceId(lab.device_id), DeviceChange(service_profile_id=second.id))

    async def send(number: str, policy_id: int | None) -> int | str:
        submission = prepare(world.core, world.actor(), DeviceId(0), Draft("hello"))
        to = ToNumber(submission, Asked("org_1"), number, policy_id)
        ((answer,),) = await world.database.write(accept_to, [[to]])
        return world.message(answer).device_id if not isinstance(answer, Exception) else str(answer)

    assert await send(msisdn(2), None) == 2
    assert "2 devices in different number spaces" in str(await send(msisdn(1), None))
    assert [await send(msisdn(1), each) for each in (1, second.id)] == [1, lab.device_id]
    assert "no device" in str(await send("000", None))


async def test_an_explanation_looks_where_the_device_is(world: World) -> None:
    lab = await opened(world)
    await enter(world, NewSim(iccid="8988000000000000009", msisdn="7700277002", number_space=LAB))
    for device_id, wanted in ((lab.device_id, "p2p_internal"), (1, "p2p_external_out")):
        found = await explain.explain_mo(world.core, world.actor(), DeviceId(device_id), "7700277002", Draft("hello"))
        assert found.traffic_class == wanted


@pytest.mark.parametrize("setting", [Setting(organisations=2)], indirect=True)
async def test_where_organisations_share_an_installation_only_the_operator_says_spaces(world: World) -> None:
    await opened(world)
    admin = world.actor(role=Role.ADMINISTRATOR)
    assert (await sims.number_spaces(world.core, admin), await sims.number_spaces(world.core, operator(world))) == ([], [LAB])
    with pytest.raises(Problem) as refusal:
        await sims.update(world.core, admin, SimId(1), SimChange(number_space=LAB))
    assert refusal.value.code is Code.FORBIDDEN


async def test_nothing_changes_its_space_while_an_sms_holds_a_device_where_it_was(world: World) -> None:
    """Else the next goes to the device that has the same number there."""
    lab = await opened(world)
    await sims.update(world.core, operator(world), SimId(lab.sim_id), SimChange(msisdn="77001"))
    (spare,) = await sims.enter(world.core, operator(world), [NewSim(iccid="8988000000000000007", msisdn="77002")], 1)
    assert not isinstance(spare, Problem)
    world.link.says(None)
    first, second = await world.submit(lab.device_id), await world.submit(lab.device_id)

    async def refused_in_use(call: Awaitable[object]) -> None:
        with pytest.raises(Problem) as caught:
            await call
        assert (caught.value.code, caught.value.field) == (Code.IN_USE, "number_space")

    move = SimChange(number_space="")
    await world.database.write(
        lambda tx: tx.run(Query("as_simulator", "UPDATE link SET kind = 'simulator'", writes=True, returns_rows=False))
    )
    await refused_in_use(sims.update(world.core, operator(world), SimId(lab.sim_id), move))
    await refused_in_use(devices.update(world.core, operator(world), DeviceId(lab.device_id), DeviceChange(sim=Assigned(spare))))
    await refused_in_use(links.update(world.core, operator(world), LinkId(lab.link_id), LinkChange(settings={"number_space": None})))
    await devices.update(world.core, operator(world), DeviceId(lab.device_id), DeviceChange(tags="north"))
    world.link.says(Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber"))
    world.link.sent[-1].answer(DELIVERED)
    await world.clock.settle()
    await sims.update(world.core, operator(world), SimId(lab.sim_id), move)
    await world.jump(60_000)
    assert [world.message(each).state for each in (first, second)] == [State.DELIVERED] * 2
    assert [row.link_id for row in world.rows("SELECT link_id FROM attempt ORDER BY message_id, number")] == [
        lab.link_id,
        lab.link_id,
        world.link_id,
    ]
