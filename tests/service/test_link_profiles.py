"""What the profile of a link changes of a message's life: how its network reports, or that it does not."""

import pytest

from heliograph.model.link import Accepted, Delivery
from heliograph.model.message import State
from tests.core_world import DAY, HOUR, Setting, World

LONG = "0123456789" * 40  # three segments


@pytest.fixture(autouse=True)
def a_network_that_names_each_segment(world: World) -> None:
    """ref1, ref2, ... in the order of sending."""
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}")


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED, receipts_by_reference=True)], indirect=True)
async def test_a_receipt_by_our_reference_alone_is_matched_where_the_link_says_that_there_are_such(world: World) -> None:
    first, second = await world.submit(text=LONG), await world.submit()
    assert await world.receipt(f"umr:{second % 65536}") == second
    assert world.message(second).state == State.DELIVERED
    for sent in world.link.sent[:3]:
        assert await world.receipt(f"umr:{sent.outgoing.reference}") == first
    assert world.message(first).state == State.DELIVERED
    third = await world.submit(text="third")
    assert await world.receipt("id:ref5", f"umr:{third % 65536}") == third
    await world.jump(DAY + HOUR)
    await world.sweep()
    assert world.rows("SELECT key FROM correlation") == []
