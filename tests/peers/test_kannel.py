"""Kannel (Debian's, 1.4.5) with docs/examples/kannel.conf is an application of `heliograph try`: what it submits, what is reported and what
devices send, and that nothing is lost where either end stops or is killed, or where it binds once too often.

Where Debian's kannel is installed (tools/debian-programs).
"""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.program import Api, Program, wait_until
from tests.peers.kannel import BUFFERED, DELIVERED, FAILED, REJECTED, SUBMITTED, Application, Kannel
from tests.ports import port_to_keep

pytestmark = pytest.mark.needs("/usr/sbin/bearerbox")
LONG = "The counter of the water meter in the cellar stands at [4711] litres, that is 5 € since yesterday. " * 4
FOREIGN = "Zähler 水 😀 "
FINAL = {DELIVERED, FAILED, REJECTED}


class House:
    """`heliograph try`, which may be ended and begun again with what it had, and the application behind Kannel."""

    def __init__(self, data: Path) -> None:
        http, smpp = (f"127.0.0.1:{port_to_keep()}" for _ in range(2))
        self._arguments = ("try", "--http", http, "--smpp", smpp, "--json", "--data", str(data))
        self.application = Application()
        self.begin()
        policy_id = self.program.ready["devices"][0]["service_profile_id"]
        self._patch(f"/service_profile/{policy_id}", {"esme_interface_type": {"id": 2}})

    def begin(self) -> None:
        self.program = Program(*self._arguments).__enter__()
        self.api = Api(self.program.ready["api_url"], self.program.ready["application_token"])

    def end(self) -> None:
        self.program.kill()
        self.api.__exit__()
        self.application.end()

    @property
    def smpp(self) -> dict[str, Any]:
        return dict(self.program.ready["smpp"])

    def account(self, **settings: Any) -> None:
        self._patch(f"/smpp_account/{self.smpp['system_id']}", settings)

    def of(self, behaviour: str, field: str = "msisdn") -> Any:
        return next(each[field] for each in self.program.ready["devices"] if each["behaviour"] == behaviour)

    def payloads(self, behaviour: str, prefix: str) -> Counter[str]:
        """The messages to a device that begin so, and how often each is there."""
        found: Counter[str] = Counter()
        page = 1
        while listed := self.api.get(f"/endpoint/{self.of(behaviour, 'id')}/sms?page={page}&per_page=100"):
            found.update(each["payload"] for each in listed if each["payload"].startswith(prefix))
            page += 1
            if len(listed) < 100:
                break
        return found

    def _patch(self, path: str, change: dict[str, Any]) -> None:
        self.api._session.patch(f"{self.api.url}/v1{path}", json=change, timeout=30).raise_for_status()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("try") / "data")
    yield made
    made.end()


@pytest.fixture(scope="module")
def kannel(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    with Kannel(tmp_path_factory.mktemp("kannel"), house.application, house.smpp) as running:
        yield running


def test_texts_arrive_as_they_were_written_and_each_is_reported(house: House, kannel: Kannel) -> None:
    told = house.application
    cases = {
        "short": (house.of("delivers"), "Hello @ [€] ü", {}),
        "long": (house.of("delivers"), LONG, {}),
        "foreign": (house.of("delivers"), FOREIGN, {"coding": "2"}),
        "long foreign": (house.of("delivers"), FOREIGN * 12, {"coding": "2"}),
        "flash": (house.of("delivers"), "Look", {"mclass": "0"}),
        "octets": (house.of("delivers"), "\x01\x7f", {"coding": "1"}),
        "name": (house.of("delivers"), "By name", {"from": "Meter"}),
        "refused": (house.of("undeliverable"), "Nobody", {}),
        "later": (house.of("absent-then-delivers"), "Later", {}),
        "stranger": ("4917099999", "Nobody", {}),
    }
    for tag, (to, text, more) in cases.items():
        assert kannel.send(to, text, tag, **more).startswith("0:")
    wait_until(lambda: all(FINAL & set(told.of(tag)) for tag in cases), "the final reports")
    assert {tag for tag in cases if DELIVERED in told.of(tag)} == set(cases) - {"refused", "stranger"}
    assert told.of("stranger") == [REJECTED]
    assert FAILED in told.of("refused")
    assert BUFFERED in told.of("later")
    wait_until(lambda: all(SUBMITTED in told.of(tag) for tag in cases if tag != "stranger"), "the answers to submits")
    (refused,) = [text for tag, status, text in told.reports if (tag, status) == ("refused", FAILED)]
    assert "stat:UNDELIV err:038" in refused
    at_device = [each["payload"] for each in reversed(house.api.messages(house.of("delivers", "id")))]
    whole = "".join(at_device)
    for tag in ("short", "long", "foreign", "long foreign", "flash", "name"):
        assert cases[tag][1].rstrip() in whole, tag
    assert "017F" in at_device


def test_what_devices_send_reaches_its_service_whole_and_is_answered(house: House, kannel: Kannel) -> None:
    told = house.application
    told.answers["ask"] = "The answer €"
    texts = ["ask", "Hello @ [€] ü", LONG.rstrip(), FOREIGN.rstrip(), (FOREIGN * 12).rstrip()]
    for text in texts:
        asked = house.api.post(f"/simulator/endpoint/{house.of('delivers', 'id')}/mo", {"dest_address": "1000", "payload": text})
        assert asked.status_code < 300, asked.text
    wait_until(lambda: len(told.heard) >= len(texts), "what the device sent")
    assert sorted(told.heard) == sorted(("+" + house.of("delivers"), "1000", text) for text in texts)
    wait_until(lambda: house.payloads("delivers", "The answer")["The answer €"] == 1, "the answer to the device")


def test_where_heliograph_stops_and_starts_each_message_is_taken_once(house: House, kannel: Kannel) -> None:
    tags = [f"stop {number}" for number in range(90)]
    for number, tag in enumerate(tags):
        if number % 30 == 15:
            assert house.program.end()[0] == 0
            house.begin()
        kannel.send(house.of("delivers"), tag)
    told = house.application
    wait_until(lambda: all(FINAL & set(told.of(tag)) for tag in tags), "the final reports", 60)
    assert house.payloads("delivers", "stop ") == Counter(tags)
    assert not any(REJECTED in told.of(tag) for tag in tags)


def test_where_both_are_killed_nothing_is_lost(house: House, kannel: Kannel) -> None:
    tags = [f"kill {number}" for number in range(60)]
    for number, tag in enumerate(tags):
        if number == 20:
            house.program.kill()
            house.begin()
        if number == 40:
            kannel.end(signal.SIGKILL)
            kannel.start()
        kannel.send(house.of("delivers"), tag)
    told = house.application
    wait_until(lambda: set(house.payloads("delivers", "kill ")) == set(tags), "all of them", 60)
    wait_until(lambda: all(FINAL & set(told.of(tag)) for tag in tags), "the final reports", 60)
    assert not any(REJECTED in told.of(tag) for tag in tags)


def test_a_bind_too_many_and_too_high_a_rate_cost_no_message(house: House, kannel: Kannel, tmp_path: Path) -> None:
    kannel.end(signal.SIGTERM)
    house.account(max_binds=2, rate=20)
    transmitter = {"transceiver-mode": None}
    receiver = {"transceiver-mode": None, "receive-port": house.smpp["port"], "port": None}
    tags = [f"rate {number}" for number in range(60)]
    # which of the three come first is chance; whichever two do, texts go out and reports come back
    with Kannel(tmp_path, house.application, house.smpp, transmitter, receiver, {}) as by_two_binds:
        wait_until(lambda: by_two_binds.status().count("(online") == 2, "two binds")
        for tag in tags:
            by_two_binds.send(house.of("delivers"), tag)
        told = house.application
        wait_until(lambda: all(FINAL & set(told.of(tag)) for tag in tags), "the final reports", 90)
        assert house.payloads("delivers", "rate ") == Counter(tags)
        assert all(DELIVERED in told.of(tag) for tag in tags)
        log = (tmp_path / "bearerbox.log").read_text()
        assert "Throttling error" in log
        assert "Bind Failed" in log
