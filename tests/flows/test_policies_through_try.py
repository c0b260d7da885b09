"""What service policies decide, as somebody sees it who runs `heliograph try` and asks by REST: refused and explained, then allowed and
delivered; SMS between subscribers at both ends. All but the second organisation's making, which is a command's, goes over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from heliograph.links.simulator import Behaviour
from tests.flows.program import REPLY_S, Api, Program, try_arguments, wait_until

PHONE = "491701234567"
FOREIGN = "423663920009999"
MT, MO = 6, 32


@dataclass
class Tenant:
    """An organisation as its own program sees it, with one device that takes everything."""

    api: Api
    device: dict[str, Any]

    @property
    def number(self) -> str:
        return str(self.device["msisdn"])

    def policy(self, **changes: Any) -> None:
        asked = self._call("PATCH", f"/service_profile/{self.device['service_profile_id']}", changes)
        assert asked.status_code == 201, asked.text

    def service(self, number: int, *, on: bool) -> None:
        asked = self._call("PUT" if on else "DELETE", f"/service_profile/{self.device['service_profile_id']}/service/{number}")
        assert asked.status_code == 204, asked.text

    def says(self, dest: str, text: str) -> requests.Response:
        """Have the device send an SMS."""
        return self.api.post(f"/simulator/endpoint/{self.device['id']}/mo", {"dest_address": dest, "payload": text})

    def found(self, text: str) -> list[dict[str, Any]]:
        """What the list of all SMS has with this text, that of the sender first."""
        rows: list[dict[str, Any]] = [each for each in self.api.get("/sms") if each["payload"] == text]
        return sorted(rows, key=lambda row: (row["sms_type"]["description"] != "MO", row["id"]))

    def delivered(self, text: str, rows: int) -> list[dict[str, Any]]:
        """The same, once there are so many and all are delivered."""
        wait_until(lambda: [each["status"]["description"] for each in self.found(text)] == ["DELIVERED"] * rows, f"{rows} rows of {text!r}")
        return self.found(text)

    def steps(self, message_id: int) -> dict[str, Any]:
        """The timeline, by the type of step."""
        return {each["type"]: each for each in self.api.get(f"/sms/{message_id}/timeline")}

    def refused(self, message_id: int) -> dict[str, Any]:
        """The event that tells of a refused SMS, from the stream of all that happened."""
        url, headers = f"{self.api.url}/v1/event-stream?types=sms.refused&after=0", self.api.authorization
        with requests.get(url, headers=headers, stream=True, timeout=REPLY_S) as stream:
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("data: ") and (event := json.loads(line[6:]))["data"]["id"] == message_id:
                    return dict(event)
        raise AssertionError(f"nothing was told of {message_id}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return requests.request(method, f"{self.api.url}/v1{path}", json=body, headers=self.api.authorization, timeout=REPLY_S)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Path]]:
    data = tmp_path_factory.mktemp("try")
    with Program(*try_arguments(data)) as program:
        yield program, data


@pytest.fixture
def ours(world: tuple[Program, Path]) -> Iterator[Tenant]:
    """The demo organisation, and its policy as it was found."""
    program, _ = world
    device = next(each for each in program.ready["devices"] if each["behaviour"] == Behaviour.DELIVERS)
    with Api(program.ready["api_url"], program.ready["application_token"]) as api:
        tenant = Tenant(api, device)
        tenant.policy(sms_a2p=True, sms_p2p_int=False, sms_p2p_ext=False)
        yield tenant


@pytest.fixture(scope="module")
def theirs(world: tuple[Program, Path]) -> Iterator[Tenant]:
    """A second organisation on the same installation."""
    program, data = world
    devices = data / "theirs.csv"
    devices.write_text(f"name,iccid,msisdn\nTheirs,8942360000000009999,{FOREIGN}\n")
    cli(data, "organisation", "add", "Other")
    cli(data, "device", "import", str(devices), "--organisation", "Other")
    with Api(program.ready["api_url"], cli(data, "token", "create", "--organisation", "Other")) as api:
        (device,) = api.get("/endpoint")
        tenant = Tenant(api, {"id": device["id"], "msisdn": FOREIGN, "service_profile_id": device["service_profile"]["id"]})
        tenant.policy(sms_p2p_ext=True)
        yield tenant


def cli(data: Path, *arguments: str) -> str:
    """What a command printed that worked beside `try`."""
    environ = os.environ | {"HELIOGRAPH_DATA_DIR": str(data)}
    command = [sys.executable, "-m", "heliograph", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_an_mt_is_refused_and_explained_until_the_policy_allows_it(ours: Tenant) -> None:
    device_id = ours.device["id"]
    ours.service(MT, on=False)
    asked = ours.api.post(f"/endpoint/{device_id}/sms", {"payload": "open valve 3"})
    explained = ours.api.post(f"/endpoint/{device_id}/sms/explain", {"payload": "open valve 3"}).json()
    ours.service(MT, on=True)
    assert asked.status_code == 422
    assert "switch it on" in asked.text
    assert (explained["allowed"], explained["rule"]) == (False, "mt_off")
    (row,) = ours.found("open valve 3")
    assert (row["status"]["description"], row["rule"]) == ("FAILED", "mt_off")
    assert ours.steps(row["id"])["decision"]["fields"]["rule"] == "mt_off"
    assert ours.refused(row["id"])["type"] == "sms.refused"
    ours.api.wait_for(device_id, ours.api.send(device_id, "open valve 4"), "DELIVERED")
    (row,) = ours.found("open valve 4")
    assert ours.steps(row["id"])["decision"]["text"].startswith("Allowed by the service policy")


def test_an_mo_is_refused_and_kept_until_the_policy_allows_it(ours: Tenant) -> None:
    ours.service(MO, on=False)
    refused = ours.says("1000", "level 1")
    ours.service(MO, on=True)
    assert refused.status_code == 422
    (row,) = ours.found("level 1")
    assert (row["status"]["description"], row["rule"]) == ("FAILED", "mo_off")
    assert ours.refused(row["id"])["data"]["id"] == row["id"]
    assert ours.says("1000", "level 2").status_code == 201
    ours.delivered("level 2", 1)


def test_from_device_to_device_of_one_organisation(ours: Tenant, world: tuple[Program, Path]) -> None:
    sibling = next(each for each in world[0].ready["devices"] if each["behaviour"] == Behaviour.DELIVERS and each != ours.device)
    assert ours.says(sibling["msisdn"], "not yet").status_code == 422
    assert {row["rule"] for row in ours.found("not yet")} == {"p2p_internal_off"}
    ours.policy(sms_p2p_int=True)
    assert ours.says(sibling["msisdn"], "wake up").status_code == 201
    mo, mt = ours.delivered("wake up", 2)
    assert (mo["endpoint_id"], mo["class"]) == (str(ours.device["id"]), "p2p_internal")
    assert (mt["endpoint_id"], mt["class"], mt["source_address"]) == (str(sibling["id"]), "p2p_internal", ours.number)
    assert ours.steps(mo["id"])["peer"]["fields"]["message"] == mt["id"]
    assert ours.steps(mt["id"])["peer"]["fields"]["message"] == mo["id"]


def test_from_a_phone_to_a_device_and_back(ours: Tenant) -> None:
    def phone_says(text: str) -> requests.Response:
        return ours.api.post("/simulator/mt", {"source_address": PHONE, "dest_address": ours.number, "payload": text})

    assert phone_says("unlock").status_code == 422
    assert ours.says(PHONE, "alarm").status_code == 422
    assert [row["rule"] for row in (*ours.found("unlock"), *ours.found("alarm"))] == ["p2p_external_off"] * 2
    ours.policy(sms_p2p_ext=True)
    assert phone_says("unlock now").status_code == 201
    assert ours.says(PHONE, "alarm now").status_code == 201
    (heard,) = ours.delivered("unlock now", 1)
    assert (heard["source_address"], heard["class"]) == (PHONE, "p2p_external_in")
    mo, out = ours.delivered("alarm now", 2)
    assert (mo["class"], out["class"], out["dest_address"], out["endpoint_id"]) == ("p2p_external_out", "p2p_external_out", PHONE, None)


def test_between_two_organisations_each_sees_its_own_end_and_no_more(ours: Tenant, theirs: Tenant) -> None:
    ours.policy(sms_p2p_ext=True)
    assert ours.says(theirs.number, "hello").status_code == 201
    (sent,), (heard,) = ours.delivered("hello", 1), theirs.delivered("hello", 1)
    assert (sent["class"], heard["class"]) == ("p2p_external_out", "p2p_external_in")
    assert (heard["source_address"], sent["id"] == heard["id"]) == (ours.number, False)
    for other, tenant in ((heard, ours), (sent, theirs)):
        asked = requests.get(f"{tenant.api.url}/v1/sms/{other['id']}/timeline", headers=tenant.api.authorization, timeout=REPLY_S)
        assert asked.status_code == 404
    assert ours.steps(sent["id"])["peer"]["fields"] == {"side": "receiver", "status": "DELIVERED"}
    assert "peer" not in theirs.steps(heard["id"]), "as of a phone"
    theirs.policy(sms_p2p_ext=False)
    assert ours.says(theirs.number, "hello again").status_code == 422
    (refused,) = theirs.found("hello again")
    assert (refused["rule"], "route" in theirs.steps(refused["id"])) == ("p2p_external_off", False)
    assert "p2p_external_off" not in str(ours.found("hello again")), "the sender is told no more than of a phone"
