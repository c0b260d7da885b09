"""What waits for each link is a metric, told by one process, and of links that are there."""

from heliograph.metrics import Metrics
from heliograph.model.link import ErrorClass, Refused
from heliograph.service.link_waiting import LinkWaiting
from heliograph.store import link as link_store
from heliograph.store import node as node_store
from tests.core_world import World


def told(metrics: Metrics) -> dict[str, float]:
    lines = [line for line in metrics.exposition().decode().splitlines() if line.startswith("heliograph_link_waiting")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_messages_and_destinations_are_told_by_link(world: World) -> None:
    metrics = Metrics()
    duty = LinkWaiting(world.core, metrics)
    world.link.says(*[Refused(ErrorClass.DEVICE_ABSENT, "absent")] * 10)
    for device in (1, 1, 2):
        await world.submit(device)
    await duty.round()
    (name,) = await world.database.read(lambda tx: [each.name for each in link_store.views(tx)])
    messages, destinations = (f'heliograph_link_waiting_{what}{{link="{name}"}}' for what in ("messages", "destinations"))
    assert told(metrics) == {messages: 3, destinations: 2}


async def test_of_several_processes_the_first_tells_it(world: World) -> None:
    metrics = Metrics()
    duty = LinkWaiting(world.core, metrics)
    await duty.round()
    assert len(told(metrics)) == 2
    world.core.node_id = await world.database.write(node_store.insert, "second", 1, world.now_ms)
    await duty.round()
    assert told(metrics) == {}, "what it told before is taken back"
