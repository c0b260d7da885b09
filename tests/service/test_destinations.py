"""Where a device's message goes (rules.md): numbers that are listed in every combination, dialled under every kind of policy.

`model/test_route.py` asks the function that decides; here the SMS is heard, and it is seen where it went.
"""

import json
from itertools import product
from typing import Any, NamedTuple

import pytest

from heliograph.model.route import NumberRules
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, World, add_device, msisdn, statement


class Dialled(NamedTuple):
    """A number, and what it is: in which lists, and whose device's."""

    number: str
    of_network: bool
    device: str | None
    of_link: bool
    of_policy: bool
    of_installation: bool

    @property
    def is_short(self) -> bool:
        return len(self.number) <= 8


def _numbers() -> list[Dialled]:
    kinds = list(product([False, True], [None, "own", "other"], [False, True], [False, True], [False, True]))
    lengths = ("4917{:07}", "{:04}")
    return [Dialled(length.format(1000 + place), *kind) for length in lengths for place, kind in enumerate(kinds)]


NUMBERS = _numbers()
NETWORK = tuple(each.number for each in NUMBERS if each.of_network)
OF_LINK = tuple(each.number for each in NUMBERS if each.of_link)
OF_POLICY = [each.number for each in NUMBERS if each.of_policy]
OF_INSTALLATION = tuple(each.number for each in NUMBERS if each.of_installation)
DEVICES = {each.number: place for place, each in enumerate((each for each in NUMBERS if each.device), start=10)}
SENDER, REST, SMPP = 1, 1, 2
SETTING = Setting(
    devices=2, organisations=2, may_return=True, numbers=OF_LINK, window=5000,
    rules=NumberRules(application_numbers=OF_INSTALLATION, network_numbers=NETWORK),
)  # fmt: skip


def rule_of(dialled: Dialled, to_all: bool) -> int:
    """The first of the text that fits."""
    in_order = (
        dialled.of_network,
        dialled.device is not None,
        dialled.of_link or dialled.of_policy or dialled.of_installation,
        to_all,
        dialled.is_short,
    )
    return next((rule for rule, fits in enumerate(in_order, start=1) if fits), 6)


def populate(tx: Transaction) -> None:
    for each in NUMBERS:
        if each.device is None:
            continue
        device = DEVICES[each.number]
        add_device(tx, device, 1 if each.device == "own" else 2)
        tx.run(statement(f"UPDATE sim SET msisdn = '{each.number}' WHERE id = {device}"))
        tx.run(statement(f"UPDATE sim_number SET number = '{each.number}' WHERE sim_id = {device} AND kind = 'msisdn'"))


async def under(world: World, to_all: bool, interface: int) -> None:
    """Give the sender's policy its numbers, and what goes to the application by which way."""
    settings = json.dumps({"application_numbers": OF_POLICY} | ({"mo_to_application": "all"} if to_all else {}))
    text = f"UPDATE service_profile SET settings = '{settings}', esme_interface_type_id = {interface} WHERE id = 1"
    await world.database.write(lambda tx: tx.run(statement(text)))


@pytest.mark.parametrize("interface", [REST, SMPP], ids=["webhook", "smpp"])
@pytest.mark.parametrize("to_all", [False, True], ids=["short numbers", "all"])
@pytest.mark.parametrize("setting", [SETTING], indirect=True)
async def test_it_goes_where_the_first_rule_of_the_text_says(world: World, to_all: bool, interface: int) -> None:
    world.link.otherwise = None
    await world.database.write(populate)
    await under(world, to_all, interface)
    for dialled in NUMBERS:
        answer = await world.hear(msisdn(SENDER), dialled.number, f"to {dialled.number}")
        mo = world.message(answer.message_id or 0)
        rule = rule_of(dialled, to_all)
        assert answer.refused is None
        assert (mo.dest, mo.traffic_class) == (dialled.number, class_of(rule, dialled)), dialled
        assert arrived(world, mo) == expected(rule, dialled), dialled
        assert handed_over(world, mo.id) == ([interface] if rule in (3, 4, 5) else []), dialled
    answer = await world.hear(msisdn(SENDER), None, "to nobody")
    assert handed_over(world, answer.message_id or 0) == [interface]


def class_of(rule: int, dialled: Dialled) -> str:
    if rule in (3, 4, 5):
        return "a2p_mo"
    return "p2p_internal" if rule == 2 and dialled.device == "own" else "p2p_external_out"


def expected(rule: int, dialled: Dialled) -> tuple[int | None, str] | None:
    """The device and the class of the row at the other end; None where there is no other end."""
    if rule in (3, 4, 5):
        return None
    if rule == 2:
        return DEVICES[dialled.number], "p2p_internal" if dialled.device == "own" else "p2p_external_in"
    return None, "p2p_external_out"


def arrived(world: World, mo: Any) -> tuple[int | None, str] | None:
    if mo.peer_id is None:
        return None
    peer = world.message(mo.peer_id)
    assert (peer.peer_id, peer.dest) == (mo.id, mo.dest)
    return peer.device_id, peer.traffic_class


def handed_over(world: World, message_id: int) -> list[int]:
    """By which interfaces the application is told of it."""
    rows = world.rows("SELECT account FROM notification WHERE message_id = :id AND type = 'sms.received'", id=message_id)
    return [REST if row.account is None else SMPP for row in rows]
