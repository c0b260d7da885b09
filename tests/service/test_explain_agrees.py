"""What is explained is what happens: policies, devices, quotas and numbers at random, each SMS explained, then sent or heard."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest

from heliograph.model.ids import DeviceId
from heliograph.model.p2p import P2pRates
from heliograph.model.problem import Problem
from heliograph.model.route import NumberRules
from heliograph.service.draft import Draft
from heliograph.service.explain import Explanation, explain_mo, explain_mt
from heliograph.store.transaction import Transaction
from tests.core_world import MINUTE, Setting, World, insert, msisdn, statement

ROUNDS = 250
PHONE, CODE, LISTED = "491701234567", "100200300", "8012345678"
SWITCHES = ("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext")
DESTINATIONS = ("1000", None, LISTED, CODE, PHONE, msisdn(1), msisdn(2))
SETTING = Setting(devices=2, webhook=False, rules=NumberRules(network_numbers=(CODE,)), p2p=P2pRates(3, 2))
EVER = 2**52


def shuffle(tx: Transaction, chance: random.Random, device: int) -> None:
    """Give a device a policy, a state and a quota by chance; most of it allows."""
    switches = ", ".join(f"{name} = {chance.random() < 0.85:d}" for name in SWITCHES)
    settings = {
        "mt_limit": chance.choice([None, None, 0, 5, 50]),
        "mo_limit": chance.choice([None, None, 0, 5, 50]),
        "mo_to_application": chance.choice(["short_numbers", "all"]),
        "short_number_max_digits": chance.choice([None, 3, 12]),
        "application_numbers": chance.choice([[], [LISTED]]),
        "sender_allow_list": chance.choice([[], [], ["88563*"], ["1"]]),
    }
    kept = json.dumps({name: value for name, value in settings.items() if value is not None})
    quota = chance.random() < 0.4
    tx.run(statement(f"UPDATE service_profile SET {switches}, settings = '{kept}', apply_sms_quota = {quota:d} WHERE id = {100 + device}"))
    tx.run(statement(f"UPDATE device SET status_id = {chance.random() < 0.05:d} WHERE id = {device}"))
    tx.run(statement(f"UPDATE sim SET status_id = {chance.choice([1] * 19 + [2])} WHERE id = {device}"))
    tx.run(statement(f"DELETE FROM sms_quota WHERE device_id = {device}"))
    if chance.random() < 0.8:
        insert(
            tx, "sms_quota", device_id=device, volume=chance.choice([0, 1, 2, 9]), expiry_at_ms=chance.choice([1, EVER, EVER]),
            threshold_percentage=0, auto_refill=0, last_volume_added=9, since_ms=0, status_changed_at_ms=0, told=0,
        )  # fmt: skip


def own_policies(tx: Transaction) -> None:
    for device in (1, 2):
        fields = {"organisation_id": 1, "name": "P", "esme_interface_type_id": 1, "created_at_ms": 0} | dict.fromkeys(SWITCHES, 1)
        insert(tx, "service_profile", id=100 + device, **fields)
        tx.run(statement(f"UPDATE device SET service_profile_id = {100 + device} WHERE id = {device}"))


def used(world: World) -> Counter[tuple[int, str]]:
    return Counter({(device, traffic): world.used(device, traffic) for device in (1, 2) for traffic in ("mt", "mo")})


@pytest.mark.parametrize("setting", [SETTING, replace(SETTING, may_return=True)], indirect=True)
async def test_what_is_explained_is_what_happens(world: World) -> None:
    await world.database.write(own_policies)
    chance, rules = random.Random(7), Counter[str]()
    for number in range(ROUNDS):
        for device in (1, 2):
            await world.database.write(shuffle, chance, device)
        device, text = chance.choice([1, 2]), f"{number} " + "x" * chance.choice([1, 1, 200])
        before = used(world)
        if chance.random() < 0.3:
            said, refused = await sent(world, device, text)
        else:
            said, refused = await heard(world, device, chance.choice(DESTINATIONS), text[:100])
        counted = Counter({(each.device_id, each.traffic.value): each.segments for each in said.counted})
        assert refused == (None if said.is_allowed else said.rule), (number, said)
        assert used(world) == before + counted, (number, said)
        rules[said.rule] += 1
        if number % 10 == 9:
            await world.jump(MINUTE)
    assert len(rules) > 12, f"too little happened: {rules}"


async def sent(world: World, device: int, text: str) -> tuple[Explanation, str | None]:
    said = await explain_mt(world.core, world.actor(), DeviceId(device), Draft(text))
    try:
        await world.submit(device, text)
    except Problem as problem:
        return said, problem.code.value
    return said, None


async def heard(world: World, device: int, destination: str | None, text: str) -> tuple[Explanation, str | None]:
    said = await explain_mo(world.core, world.actor(), DeviceId(device), destination, Draft(text))
    return said, (await world.hear(msisdn(device), destination, text)).refused
