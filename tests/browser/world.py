"""A running `heliograph try` with three organisations, so that each page can be seen with nothing, with one thing, and with many."""

import hashlib
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import requests

from heliograph.smpp.codec import encode
from heliograph.smpp.pdu import BindTransceiver
from tests.flows.program import Program

PASSWORD: Final = "signal fires on seven hills"
OPEN: Final = (1, 2, 3)
"""Ids of the states of an SMS that is not over."""
MANY_DEVICES: Final = 60
MANY_SMS: Final = 33
AMOUNTS: Final = ("nothing", "one", "many")


@dataclass(frozen=True)
class Tenant:
    """An organisation, and what it has: of each kind the first, 0 for none. `email`: of its Administrator, whose password is PASSWORD; so
    is that of `observer`."""

    amount: str
    organisation_id: int
    email: str
    observer: str
    device_id: int
    message_id: int
    mailing_id: int
    user_id: int
    command_id: int
    policy_id: int
    webhook_id: int = 0
    delivery_id: int = 0
    technician_link_id: int = 0
    route_id: int = 0
    link_id: int = 1
    smpp_id: str = ""


class World:
    """The installation, and what it is filled with by the operator over the API."""

    def __init__(self, program: Program) -> None:
        ready = program.ready
        self.program = program
        self.url: str = ready["portal_url"]
        self.devices: list[dict[str, Any]] = ready["devices"]
        self.operator: dict[str, str] = ready["portal_user"]
        self._session = requests.Session()
        self._sockets: list[socket.socket] = []
        asked = {"username": self.operator["email"], "password": sha1(self.operator["password"])}
        self._session.headers["Authorization"] = f"Bearer {self.call('POST', '/authenticate', asked)['auth_token']}"
        self.route_id: int = self.call("POST", "/route", {"kind": "phone", "value": "49151", "links": [{"id": 1}]})["id"]
        self.tenants = {amount: self._tenant(amount, count) for amount, count in zip(AMOUNTS, (0, 1, MANY_DEVICES), strict=True)}

    def close(self) -> None:
        self._session.close()
        for each in self._sockets:
            each.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The API as the operator uses it."""
        version = "" if path.startswith("/v2/") else "/v1"
        answered = self._session.request(method, f"{self.url}/api{version}{path}", json=body, timeout=30)
        assert answered.status_code < 300, f"{method} {path}: {answered.text}"
        return answered.json() if answered.content else None

    def behaves(self, behaviour: str) -> dict[str, Any]:
        """A device of the demo organisation that the simulator lets behave so."""
        return next(each for each in self.devices if each["behaviour"] == behaviour)

    def idle(self, behaviour: str) -> dict[str, Any]:
        """Such a device, for which nothing waits and which is tried at once: what other tests left is taken back, and its ladder begins
        anew."""
        device = self.behaves(behaviour)
        waiting = [each["id"] for each in self.call("GET", f"/endpoint/{device['id']}/sms") if each["status"]["id"] in OPEN]
        for message_id in waiting:
            self.call("DELETE", f"/endpoint/{device['id']}/sms/{message_id}")
        self.call("POST", f"/endpoint/{device['id']}/reachable")
        return device

    def originate(self, device_id: int, text: str, dest: str = "1000") -> None:
        """Have a simulated device send an SMS."""
        self.call("POST", f"/simulator/endpoint/{device_id}/mo", {"dest_address": dest, "payload": text})

    def invite(self, email: str, role: int, organisation_id: int) -> str:
        """A user who has set PASSWORD; `role`: its id. The e-mail address."""
        wanted = {
            "username": email,
            "name": email.partition("@")[0].title(),
            "roles": [{"id": role}],
            "organisation": {"id": organisation_id},
        }
        key = self.call("POST", "/user", wanted)["activation_key"]
        self.call("POST", "/user/activation", {"activationKey": key, "password": sha1(PASSWORD)})
        return email

    def _tenant(self, amount: str, count: int) -> Tenant:
        organisation = self.call("POST", "/organisation", {"name": f"Organisation with {amount}"})["id"]
        email = self.invite(f"admin@{amount}.example", self._role("Administrator"), organisation)
        observer = self.invite(f"observer@{amount}.example", self._role("Observer"), organisation)
        token = self.call("POST", "/authenticate/workspace", {"target_organisation": {"id": organisation}})["auth_token"]
        operator, self._session.headers["Authorization"] = self._session.headers["Authorization"], f"Bearer {token}"
        policy = self.call("GET", "/service_profile")[0]["id"]
        tariff = self.call("GET", "/tariff_profile")[0]["id"]
        webhook, delivery = self._webhook() if count else (0, 0)
        smpp = self._smpp_account(policy, is_busy=count > 1) if count else ""
        self._session.headers["Authorization"] = operator
        made = self._devices(organisation, policy, tariff, count)
        return Tenant(
            amount=amount,
            organisation_id=organisation,
            email=email,
            observer=observer,
            device_id=made[0] if made else 0,
            message_id=self._sms(made),
            mailing_id=self._mailing(email, made[:1]),
            command_id=self._command(email) if made else 0,
            user_id=next(each["id"] for each in self.call("GET", "/user?per_page=1000") if each["username"] == observer),
            policy_id=policy,
            webhook_id=webhook,
            delivery_id=delivery,
            technician_link_id=self._technician_link(made[:1]),
            route_id=self.route_id,
            smpp_id=smpp,
        )

    def _sms(self, devices: list[int]) -> int:
        """One SMS, or more than a page of the console holds, all to the first device; the id of one of them."""
        if not devices:
            return 0
        body = {"payload": "Status please ✓", "source_address": "1000"}
        sent = [self.call("POST", "/sms", body | {"endpoints": [devices[0]]})["results"][0]["id"] for _ in devices[:MANY_SMS]]
        return int(sent[0])

    def _webhook(self) -> tuple[int, int]:
        """A webhook, at an address that refuses it, and the delivery of a test."""
        made = self.call("POST", "/webhook", {"url": f"{self.url}/health/live", "name": "Control room", "events": ["sms.*"]})
        return made["id"], self.call("POST", f"/webhook/{made['id']}/test")["id"]

    def _smpp_account(self, policy: int, *, is_busy: bool) -> str:
        """An SMPP account; of a busy one a session is bound, and binds are refused."""
        limits = {"allowed_addresses": ["127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"], "rate": 50}
        made = self.call("POST", "/smpp_account", {"service_profile": {"id": policy}} | limits)
        system_id: str = made["system_id"]
        if is_busy:
            self.call("POST", "/smpp_account", {})
            for named, password in ((system_id, "wrong"), ("meters_prod", "wrong"), (system_id, made["password"])):
                self.bound(named, password)
        return system_id

    def bound(self, system_id: str, password: str) -> socket.socket:
        """A connection that asked to bind, and heard whether it may; it stays until the end of the world."""
        smpp = self.program.ready["smpp"]
        connection = socket.create_connection((smpp["host"], smpp["port"]), timeout=30)
        connection.sendall(encode(BindTransceiver(system_id=system_id, password=password, interface_version=0x34), 1))
        assert connection.recv(1000)
        self._sockets.append(connection)
        return connection

    def _technician_link(self, devices: list[int]) -> int:
        return self.call("POST", "/technician_link", {"endpoint": {"id": devices[0]}, "description": "Anna"})["id"] if devices else 0

    def _mailing(self, email: str, devices: list[int]) -> int:
        """A bulk SMS, as its form sends it."""
        if not devices:
            return 0
        with self._browser(email) as browser:
            form = {"ids": str(devices[0]), "text": "Status please", "key": "k"}
            answered = browser.post(f"{self.url}/devices/many/send", data=form, timeout=30)
            assert answered.status_code == 200, answered.text
            return int(answered.url.rsplit("/", 1)[1])

    def _command(self, email: str) -> int:
        """The commands of a family of trackers, saved; the id of one."""
        with self._browser(email) as browser:
            answered = browser.post(f"{self.url}/commands", data={"family": "teltonika"}, timeout=30)
            return int(re.findall(r'href="/commands/(\d+)"', answered.text)[0])

    def _browser(self, email: str) -> requests.Session:
        """Somebody who is signed in to the portal, without a browser."""
        session = requests.Session()
        session.headers["Origin"] = self.url
        session.post(f"{self.url}/sign-in", data={"email": email, "password": PASSWORD}, timeout=30)
        return session

    def _devices(self, organisation: int, policy: int, tariff: int, count: int) -> list[int]:
        """So many devices with their SIMs, in two calls."""
        if not count:
            return []
        numbers = {number: f"{organisation:03}{number:05}" for number in range(1, count + 1)}
        entries = [
            {"iccid": f"8988{each:0>14}", "imsi": f"90170{each:0>10}", "msisdn": f"88239{each:0>8}", "organisation": {"id": organisation}}
            for each in numbers.values()
        ]
        sims = [each["id"] for each in self.call("POST", "/sim", entries)]
        wanted = {
            "status": {"id": 0},
            "service_profile": {"id": policy},
            "tariff_profile": {"id": tariff},
            "organisation": {"id": organisation},
            "endpoints": [
                {
                    "name": f"Pump {number:02} in the valley",
                    "tags": "pump,valley" if number % 2 else "pump",
                    "sim": {"id": sim_id, "activate": True},
                }
                for number, sim_id in zip(numbers, sims, strict=True)
            ],
        }
        return [int(each["id"]) for each in self.call("POST", "/v2/endpoint/multi", wanted)]

    def _role(self, name: str) -> int:
        return next(int(each["id"]) for each in self.call("GET", "/user/role") if each["name"] == name)


def sha1(password: str) -> str:
    """A password as the API takes it."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()


def wait_until(condition: Callable[[], bool], why: str, within_s: float = 40.0) -> None:
    """Return once it is so."""
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"not within {within_s} s: {why}"
        time.sleep(0.1)
