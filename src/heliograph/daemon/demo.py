"""The demo world of `heliograph try`: one organisation whose simulated devices show what can become of a message.

Made once in a data directory, and found again at the next start: what was changed since stays changed. The credentials stand in
`try.json` beside the database, readable by their owner only, because the database keeps their hashes.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from heliograph.links.simulator import Behaviour, SimulatorSettings
from heliograph.model import esme
from heliograph.model.account import Role
from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import OrganisationId, UserId
from heliograph.service.access import new_application_token
from heliograph.service.password import Passwords, sha1_hex
from heliograph.service.secret import hash_of
from heliograph.service.smpp_password import hasher, new_password
from heliograph.store import account, device, link, policy, sim, smpp_account
from heliograph.store.device import Device
from heliograph.store.listing import Order
from heliograph.store.policy import ServicePolicy
from heliograph.store.sim import Sim
from heliograph.store.transaction import Transaction

CREDENTIALS_FILE: Final = "try.json"
EMAIL: Final = "operator@example.org"
LINK_NAME: Final = "Simulator"


@dataclass(frozen=True, slots=True)
class Seed:
    name: str
    behaviour: Behaviour
    tags: str


SEEDS: Final = (
    Seed("Water meter Bahnhofstrasse", Behaviour.DELIVERS, "meter,water"),
    Seed("Water meter Lindenweg", Behaviour.DELIVERS, "meter,water"),
    Seed("Charger Parkhaus Nord", Behaviour.DELIVERS, "charger"),
    Seed("Charger Tankstelle Ost", Behaviour.THROTTLED, "charger"),
    Seed("Tracker truck 17", Behaviour.ABSENT_THEN_DELIVERS, "tracker"),
    Seed("Tracker trailer 4", Behaviour.ABSENT_THEN_DELIVERS, "tracker"),
    Seed("Tracker container 0815", Behaviour.ABSENT, "tracker"),
    Seed("Gas meter in the cellar", Behaviour.SILENT, "meter,gas"),
    Seed("Gas meter taken down", Behaviour.UNDELIVERABLE, "meter,gas"),
    Seed("Weather station ridge", Behaviour.ECHO, "weather"),
    Seed("Router kiosk 3", Behaviour.APN, "router"),
    Seed("Router shop 12", Behaviour.APN, "router"),
)


FREE_SIMS: Final = 3
DEMO_BIC: Final = "42366392"
"""How the batch codes of the SIMs begin that are not in a device yet: 42366392013 and on."""


class Credentials(msgspec.Struct, frozen=True):
    """What opens the demo world."""

    application_token: str
    password: str
    smpp_password: str = ""


class Hashes(msgspec.Struct, frozen=True):
    """What the database keeps of the passwords."""

    password: str
    smpp_password: str


class DemoDevice(msgspec.Struct, frozen=True):
    """A seeded device as it is now (product: `try --json`)."""

    id: int
    name: str
    msisdn: str
    iccid: str
    service_profile_id: int
    behaviour: str


def credentials(data_dir: Path) -> Credentials:
    """Those of this data directory; new ones where it has none."""
    path = data_dir / CREDENTIALS_FILE
    found = msgspec.json.decode(path.read_bytes(), type=Credentials) if path.exists() else None
    if found is not None and found.smpp_password:
        return found
    made = msgspec.structs.replace(found or Credentials(new_application_token()[0], secrets.token_urlsafe(9)), smpp_password=new_password())
    written = path.with_suffix(".new")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
        os.fsync(file.fileno())
    written.replace(path)
    return made


def ensure(tx: Transaction, opened_by: Credentials, hashes: Hashes, now_ms: int) -> tuple[list[DemoDevice], str]:
    """Make what the database lacks of the demo world, and have the credentials open it; the seeded devices that are still there, and the
    system_id of the organisation's SMPP account."""
    organisations = account.organisations(tx)
    organisation_id = organisations[0].id if organisations else account.insert_organisation(tx, "Demo organisation", now_ms)
    user_id = _ensure_user(tx, organisation_id, hashes.password, now_ms)
    system_id = esme.system_id_of(organisation_id, None)
    if not smpp_account.insert(tx, system_id, organisation_id, None, hashes.smpp_password, "{}", now_ms):
        smpp_account.set_password(tx, system_id, hashes.smpp_password, now_ms)
    token_hash = hash_of(opened_by.application_token)
    if account.token_by_hash(tx, token_hash) is None:
        account.insert_token(tx, organisation_id, token_hash, Role.ADMINISTRATOR, now_ms, creator_id=user_id, description="heliograph try")
    if not organisations:
        _seed(tx, organisation_id, now_ms)
    return _devices(tx, organisation_id), system_id


def hashes_of(opened_by: Credentials) -> Hashes:
    """What the database keeps of the passwords. Blocks for 110 ms."""
    return Hashes(Passwords().hash(sha1_hex(opened_by.password)), hasher().hash(opened_by.smpp_password))


def _ensure_user(tx: Transaction, organisation_id: OrganisationId, password_hash: str, now_ms: int) -> UserId | None:
    user = account.user_by_email(tx, EMAIL)
    if user is None:
        return account.insert_user(tx, organisation_id, EMAIL, "Demo operator", password_hash, Role.SUPER_ADMIN, now_ms)
    account.set_password(tx, user.id, password_hash, user.credentials_at_ms)
    return user.id


def _seed(tx: Transaction, organisation_id: OrganisationId, now_ms: int) -> None:
    behaviours = {_msisdn(number): seed.behaviour for number, seed in enumerate(SEEDS, 1)}
    settings = {"behaviours": behaviours, "receipt_grace_s": SimulatorSettings().receipt_grace_s}
    link.insert(tx, LINK_NAME, "simulator", msgspec.json.encode(settings).decode(), now_ms)
    tariff_id = policy.insert_tariff(tx, organisation_id, "Demo tariff", "Without prices")
    demo_policy = ServicePolicy(0, organisation_id, "Demo policy", "SMS to and from devices; change it, or make another", mt=1, mo=1)
    policy_id = policy.insert(tx, demo_policy, now_ms)
    for number, seed in enumerate(SEEDS, 1):
        new = Device(0, organisation_id, seed.name, seed.tags, _imei(number), 0, int(DeviceStatus.ENABLED), policy_id, tariff_id)
        device_id = device.insert(tx, new, now_ms)
        card = Sim(
            0, organisation_id, _iccid(number), _imsi(number), _msisdn(number), int(SimStatus.ACTIVATED), device_id, None, None, now_ms
        )
        sim.insert(tx, card, now_ms)
        sim.update(tx, card)
        sim.replace_numbers(tx, card, ())
    for number in range(len(SEEDS) + 1, len(SEEDS) + 1 + FREE_SIMS):
        spare = Sim(
            0, organisation_id, _iccid(number), _imsi(number), _msisdn(number), int(SimStatus.ISSUED), None, f"{DEMO_BIC}{number:03}"
        )
        sim.insert(tx, spare, now_ms)
        sim.replace_numbers(tx, spare, ())


def _devices(tx: Transaction, organisation_id: OrganisationId) -> list[DemoDevice]:
    behaviours = {_msisdn(number): seed.behaviour for number, seed in enumerate(SEEDS, 1)}
    views = device.page(tx, organisation_id, {}, (Order("id"),), 1, 100).items
    return [
        DemoDevice(view.id, view.name, view.msisdn, view.iccid or "", view.service_profile_id, behaviours[view.msisdn].value)
        for view in views
        if view.msisdn is not None and view.msisdn in behaviours
    ]


def _msisdn(number: int) -> str:
    return f"42366392{number:07}"


def _imsi(number: int) -> str:
    return f"29509{number:010}"


def _iccid(number: int) -> str:
    return _with_check_digit(f"894236{number:012}")


def _imei(number: int) -> str:
    return _with_check_digit(f"35290600{number:06}")


def _with_check_digit(digits: str) -> str:
    """Luhn's (ISO/IEC 7812-1 annex B), last in an ICCID and an IMEI."""
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits), 1))
    return digits + str(-sum(value // 10 + value % 10 for value in doubled) % 10)
