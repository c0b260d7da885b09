"""The HTTP application over a core without its faces, called in this process: two organisations, A and B, and an operator.

Each organisation has a policy, a tariff, a webhook, a secret, a user, an application token, and a device with an activated SIM.
"""

import asyncio
import json
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from argon2 import PasswordHasher
from starlette.types import ASGIApp, Message, Scope

from heliograph.metrics import Metrics
from heliograph.model.account import Role
from heliograph.model.device import SimStatus
from heliograph.model.problem import Code, Problem
from heliograph.service.access import Access, new_application_token
from heliograph.service.manage import account
from heliograph.service.manage.sim import NewSim, enter_one
from heliograph.service.password import Passwords, sha1_hex
from heliograph.store import account as account_store
from heliograph.store import credential as credential_store
from heliograph.store import device as device_store
from heliograph.store import policy as policy_store
from heliograph.store import sim as sim_store
from heliograph.store import smpp_account as smpp_store
from heliograph.store import tag as tag_store
from heliograph.store import technician as technician_store
from heliograph.store import webhook as webhook_store
from heliograph.store.credential import TrustedDevice
from heliograph.store.device import Device
from heliograph.store.transaction import Transaction
from heliograph.web import app as web_app
from heliograph.web.app import App
from heliograph.web.scrape import Scrapers
from tests.core_world import Setting, World, insert
from tests.web import contract

PASSWORD = "correct horse"
ADDRESS = "192.0.2.7"
EMPTY = Setting(devices=0, organisations=0, webhook=False)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class HttpSettings:
    public_url: str | None = None


@dataclass
class AuthenticateSettings:
    rate_per_5_min: int = 100
    lockout_failures: int = 3
    lockout_s: int = 300


@dataclass
class Settings:
    http: HttpSettings = field(default_factory=HttpSettings)
    authenticate: AuthenticateSettings = field(default_factory=AuthenticateSettings)
    jwt_minutes: int = 240
    requests_per_5_min: int = 0


class Tenant(NamedTuple):
    """What an organisation has, beside the SMPP account of its policy. `application_token` is the text. `user_id`: a second user, with a
    second factor and a trusted device."""

    name: str
    organisation_id: int
    policy_id: int
    tariff_id: int
    callback_id: int
    secret_id: int
    device_id: int
    sim_id: int
    token_id: int
    application_token: str
    email: str
    tag_id: int = 0
    user_id: int = 0
    key_id: int = 0
    trusted_device_id: int = 0
    technician_link_id: int = 0
    delivery_id: int = 0


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """`await site.get("/api/v1/endpoint")` asks as organisation A; `token=site.b_auth` as B, `token=None` as nobody."""

    def __init__(self, world: World, settings: Settings | None = None) -> None:
        self.world = world
        self.metrics = Metrics()
        settings = settings or Settings()
        self.app: App = web_app.make_app(
            world.core,
            settings,
            self.metrics,
            refuses_metadata,
            requests_per_5_min=settings.requests_per_5_min,
            scrapers=Scrapers((ip_network(ADDRESS),)),
        )
        self.app.context.access.passwords = Passwords(CHEAP)

    async def open(self) -> None:
        """Fill the database and log in."""
        self.a, self.b, self.operator = await self.world.database.write(populate, self.world.now_ms)
        self.a_auth = await self.auth_token(self.a.application_token)
        self.b_auth = await self.auth_token(self.b.application_token)
        self.operator_auth = await self.auth_token(self.operator.application_token)

    @property
    def access(self) -> Access:
        return self.app.context.access

    async def auth_token(self, application_token: str) -> str:
        reply = await self.post("/api/v1/authenticate", {"application_token": application_token}, token=None)
        assert reply.status == 200, reply
        token: str = reply.json["auth_token"]
        return token

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any, **more: Any) -> Reply:
        return await self.call("POST", path, body, **more)

    async def patch(self, path: str, body: Any, **more: Any) -> Reply:
        return await self.call("PATCH", path, body, **more)

    async def put(self, path: str, **more: Any) -> Reply:
        return await self.call("PUT", path, **more)

    async def delete(self, path: str, **more: Any) -> Reply:
        return await self.call("DELETE", path, **more)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "A",
        headers: dict[str, str] | None = None,
        address: str = ADDRESS,
    ) -> Reply:
        """One request. `body`: octets as they are, else as JSON; `token` None: no Authorization."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": "sms.example.com"} | {name.lower(): value for name, value in (headers or {}).items()}
        if token is not None:
            sent.setdefault("authorization", f"Bearer {self.a_auth if token == 'A' else token}")
        parts = urlsplit(path.replace("//api", "/%2Fapi") if path.startswith("//") else path)
        scope: Scope = {
            "type": "http",
            "method": method,
            "scheme": "https",
            "path": path.partition("?")[0],
            "query_string": quote(parts.query, safe="=&%+,:.-_|*/").encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (address, 50000),
            "server": ("127.0.0.1", 8080),
        }
        reply = await request(self.app, scope, raw)
        if reply.status:
            wrong = contract.broken(method, scope["path"], reply.status, reply.headers, reply.body)
            assert wrong is None, f"{method} {path} is not answered as /api/openapi.json says: {wrong}: {reply}"
        return reply

    async def send(self, **body: Any) -> int:
        """Send an SMS to A's device; its id."""
        reply = await self.post(f"/api/v1/endpoint/{self.a.device_id}/sms", {"payload": "hello"} | body)
        assert reply.status == 201, reply
        await self.world.settle()
        return int(reply.headers["location"].rsplit("/", 1)[1])

    async def send_one_that_waits(self) -> int:
        """Send two SMS to A's device, of which the first stays on its way; the id of the second."""
        self.world.link.says(None)
        await self.send(payload="on its way")
        return await self.send(payload="waits")


async def request(app: ASGIApp, scope: Scope, body: bytes, *, stays: bool = True) -> Reply:
    """Ask an ASGI application. `stays`: the client waits for the answer's end, else it goes away as soon as it has asked."""
    sent: list[Message] = []
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    gone = asyncio.Event()

    async def receive() -> Message:
        if not incoming and stays:
            await gone.wait()
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 1 and (b"x-accel-buffering", b"no") in sent[0]["headers"]:
            gone.set()  # what has no end is left once it has begun

    await app(scope, receive, send)
    if not sent:
        return Reply(0, {}, b"")
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    cookies = [value for name, value in pairs if name == "set-cookie"]
    headers = {name: value for name, value in pairs if name != "set-cookie"}
    assert len(headers) + len(cookies) == len(pairs), "a header stands twice"
    content = b"".join(message.get("body", b"") for message in sent[1:])
    assert headers.get("content-length", str(len(content))) == str(len(content))
    return Reply(sent[0]["status"], headers, content, cookies)


def refuses_metadata(url: str) -> Problem | None:
    """Stands for the judge of webhook addresses."""
    return Problem(Code.INVALID, "169.254.169.254 may not be called", field="url") if "169.254" in url else None


def populate(tx: Transaction, now_ms: int) -> tuple[Tenant, Tenant, Tenant]:
    return (
        tenant(tx, "Alpha", Role.ADMINISTRATOR, now_ms),
        tenant(tx, "Beta", Role.ADMINISTRATOR, now_ms),
        tenant(tx, "Operator", Role.SUPER_ADMIN, now_ms),
    )


def tenant(tx: Transaction, name: str, role: Role, now_ms: int) -> Tenant:
    organisation_id = account.found_organisation(tx, name, now_ms)
    (policy,) = policy_store.views(tx, organisation_id)
    (tariff,) = policy_store.tariffs(tx, organisation_id)
    callback_id = webhook_store.insert(tx, organisation_id, f"https://{name}.example/sms", f"purpose {name}", "{}", now_ms)
    assert callback_id is not None
    secret_id = policy_store.insert_secret(tx, organisation_id, f"{name}-secret", f"purpose {name}", now_ms)
    email = f"{name.lower()}@example.org"
    user_id = account.enter_user(tx, organisation_id, email, name, CHEAP.hash(sha1_hex(PASSWORD)), role, now_ms)
    token, token_hash = new_application_token()
    token_id = account_store.insert_token(tx, organisation_id, token_hash, role, now_ms, creator_id=user_id, description=name)
    number = f"{organisation_id:07}"
    device_id = device_store.insert(
        tx, Device(0, organisation_id, f"{name} one", f"{name},meter", "3529060000000", 0, 0, policy.id, tariff.id), now_ms
    )
    new = NewSim(
        iccid=f"894236{organisation_id:013}",
        imsi=f"29509{organisation_id:010}",
        msisdn=f"42366392{number}",
        status=SimStatus.ACTIVATED,
        bic=f"BIC-{name}",
    )
    sim_id = enter_one(tx, organisation_id, new, now_ms)
    card = sim_store.lock(tx, organisation_id, sim_id)
    assert card is not None
    card.device_id = device_id
    sim_store.update(tx, card)
    (tag_id,) = tag_store.add(tx, organisation_id, [(f"{name} tag", 1)])
    colleague_id = account.enter_user(tx, organisation_id, f"colleague@{name.lower()}.example", name, None, Role.USER, now_ms)
    key_id = credential_store.insert_mfa_key(tx, colleague_id, "GEZDGNBVGY3TQOJQ", now_ms)
    credential_store.trust_device(tx, colleague_id, TrustedDevice(0, f"fingerprint of {name}", None, None, name, now_ms, 2 * now_ms))
    link_id = technician_store.insert(tx, organisation_id, device_id, f"hash of {name}", name, None, email, now_ms, now_ms + 3_600_000)
    (device,) = credential_store.trusted_devices(tx, colleague_id, now_ms)
    smpp_store.insert(tx, f"pol_{policy.id}", organisation_id, policy.id, CHEAP.hash("secret08"), "{}", now_ms)
    return Tenant(
        name, organisation_id, policy.id, tariff.id, callback_id, secret_id, device_id, sim_id, token_id, token, email, tag_id,
        colleague_id, key_id, device.id, link_id, delivered(tx, organisation_id, callback_id, device_id, now_ms),
    )  # fmt: skip


def delivered(tx: Transaction, organisation_id: int, callback_id: int, device_id: int, now_ms: int) -> int:
    """A delivery to the webhook that is over."""
    delivery_id = tx.ids("notification")[0]
    insert(
        tx, "notification", id=delivery_id, organisation_id=organisation_id, callback_id=callback_id, message_id=0, device_id=device_id,
        type="sms.received", method="POST", body="{}", created_at_ms=now_ms, state=2, tries=1, final_at_ms=now_ms,
    )  # fmt: skip
    return delivery_id
