"""What leads inside is refused when it is called too, whatever was saved: as a URL, and as what a name's look-up answers; http and TLS."""

import pytest

from heliograph.webhooks.egress import BLOCKED, EgressPolicy
from heliograph.webhooks.settings import CourierSettings
from tests.webhooks.receiver import delivery
from tests.webhooks.test_courier import directory, running, send
from tests.webhooks.test_egress import HOSTILE

ANSWERS = [str(network.network_address) for network, _ in BLOCKED] + ["169.254.169.254", "::ffff:10.0.0.1", "2002:7f00:1::", "fe80::1%1"]


async def test_no_hostile_url_is_called() -> None:
    assert len(HOSTILE) >= 60
    async with running(CourierSettings(egress=EgressPolicy())) as courier:
        for number, url in enumerate(HOSTILE, 1):
            answered = await send(courier, delivery(url, number))
            assert answered.status is None
            assert answered.error, url
        assert courier._transfers._opened == 0, "a socket was opened"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_hostile_answer_of_a_look_up_is_dialled(scheme: str) -> None:
    names = {f"name{number}_test": ["93.184.215.14", address] for number, address in enumerate(ANSWERS)}
    async with running(CourierSettings(egress=EgressPolicy()), directory(**names)) as courier:
        for number, address in enumerate(ANSWERS):
            answered = await send(courier, delivery(f"{scheme}://name{number}.test/", number + 1))
            assert answered.error is not None, address
            assert answered.error.startswith(f"the name name{number}.test leads where it may not"), answered.error
        assert courier._transfers._opened == 0, "a socket was opened"
