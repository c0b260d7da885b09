"""`heliograph doctor`: what is well with an installation, what is not, and what to do about it."""

import asyncio
import sys
from collections.abc import Iterator, Sequence

from heliograph.cli.answer import DONE, REFUSED, WRONG_USAGE, Table, show
from heliograph.cli.desk import PLAIN, Desk, Options, settings, with_desk
from heliograph.cli.finding import BAD, OK, WARN, Finding
from heliograph.cli.machine import machine
from heliograph.config import Config, Smpp
from heliograph.daemon.begin import next_steps
from heliograph.daemon.storage import DATABASE_ERRORS, engine_for, is_served, unreachable
from heliograph.daemon.tls import CertificateError, certificate_of, smpp_certificate_of
from heliograph.model.esme_refusal import BIND, remedy_of, words_of
from heliograph.service import smpp_refusal
from heliograph.service.manage import link, smpp_account
from heliograph.store import account, notification, policy
from heliograph.store import link as link_store
from heliograph.store import route as route_store
from heliograph.store.engine import EngineTooOld
from heliograph.store.link import LinkView
from heliograph.store.migrate import migrations, schema_version
from heliograph.webhooks.egress import check_url

LATELY_MS = 3_600_000
SOON_MS = 14 * 86_400_000
CLOCK_SLACK_MS = 60_000
EVERYBODY = ("0.0.0.0/0", "::/0")


def doctor(*, options: Options = PLAIN) -> int:
    """Look at configuration, machine, database, clock, links and webhooks; each line says ok, warn or bad, and what to do.

    It changes nothing, and ends with 1 where something is bad."""
    config = settings(options.config)
    if config is None:
        return WRONG_USAGE
    findings = [*_configuration(config), *_smpp(config.smpp), *machine(config), *_database(config)]
    if options.json:
        show(Table([finding.fields() for finding in findings], (), ""), as_json=True)
    else:
        for finding in findings:
            print(f"{finding.state:4}  {finding.check:13}  {finding.text}" + (f"\n{'':21}-> {finding.do}" if finding.do else ""))
        sys.stdout.flush()
    return REFUSED if any(finding.state == BAD for finding in findings) else DONE


def _configuration(config: Config) -> Iterator[Finding]:
    http, count = config.http, len(config.origins)
    yield Finding("configuration", OK, f"{count} settings given, all are taken; `heliograph config show` shows each")
    try:
        certificate = certificate_of(http)
    except CertificateError as error:
        yield Finding("configuration", BAD, str(error), "correct the files, or the settings")
        return
    is_here = http.listen.host in ("127.0.0.1", "::1", "localhost")
    if not is_here and certificate is None:
        text = f"http.listen is {http.listen}, and passwords and messages go in the clear"
        yield Finding(
            "configuration", WARN, text, "listen on 127.0.0.1 behind a proxy with TLS, or set http.tls_certificate and http.tls_key"
        )
    if is_here and http.public_url and certificate is None and not http.trusted_proxies:
        text = "there is a public_url, so probably a proxy, but http.trusted_proxies is empty: all callers seem to be the proxy"
        yield Finding("configuration", WARN, text, "set http.trusted_proxies to the proxy's address, 127.0.0.1 for one on this machine")
    for name, networks in (("http.trusted_proxies", http.trusted_proxies), ("http.metrics_allow", http.metrics_allow)):
        if any(str(network) in EVERYBODY for network in networks):
            yield Finding("configuration", BAD, f"{name} believes everybody", f"name only your own machines in {name}")
    if any(str(network) in EVERYBODY for network in config.webhooks.egress_allow):
        text = "webhooks.egress_allow lets organisations call everything that this machine reaches"
        yield Finding("configuration", BAD, text, "name only the networks that receivers stand in")


def _smpp(smpp: Smpp) -> Iterator[Finding]:
    try:
        smpp_certificate_of(smpp)
    except CertificateError as error:
        yield Finding("configuration", BAD, str(error), "correct the files, or the settings")
    if smpp.listen is not None and smpp.listen.host not in ("127.0.0.1", "::1", "localhost"):
        text = f"smpp.listen is {smpp.listen}, and the passwords of those who bind there go in the clear"
        do = (
            "have them bind to smpp.tls_listen, or name where they come from: `heliograph smpp account set SYSTEM_ID allowed_addresses=...`"
        )
        yield Finding("configuration", WARN, text, do)


def _database(config: Config) -> Iterator[Finding]:
    path = config.sqlite_path
    if path is not None and not path.exists():
        yield Finding(
            "database", BAD, f"there is no database at {path}", "begin with `heliograph organisation add NAME`, or correct data_dir"
        )
        return
    try:
        engine = engine_for(config)
        found, known = schema_version(engine), migrations()[-1].version
        if found != known:
            yield _wrong_schema(found, known)
            return
        yield Finding("database", OK, f"{'SQLite' if path else 'PostgreSQL'} answers, with schema {found}, this release's")
        if is_served(engine):
            yield Finding("daemon", OK, "a daemon works on the database")
        else:
            yield Finding("daemon", BAD, "no daemon works on the database: nothing is sent", "start `heliograph serve`, or its service")
        yield from asyncio.run(with_desk(config, PLAIN, _installation))
    except EngineTooOld as error:
        yield Finding("database", BAD, str(error))
    except DATABASE_ERRORS as error:
        yield Finding("database", BAD, unreachable(config, error))


def _wrong_schema(found: int, known: int) -> Finding:
    if found == 0:
        return Finding("database", BAD, "the database is empty", "begin with `heliograph organisation add NAME`")
    if found > known:
        return Finding("database", BAD, f"the database has schema {found}, this release knows {known}", "install the later release again")
    text = f"the database has schema {found}, this release needs {known}"
    return Finding("database", BAD, text, "stop the earlier daemons, make a backup, then `heliograph migrate`")


async def _installation(desk: Desk) -> Sequence[Finding]:
    looks = (_clock, _begun, _links, _webhooks, _accounts, _tokens)
    return [finding for look in looks for finding in await look(desk)]


async def _clock(desk: Desk) -> list[Finding]:
    latest_ms = await desk.database.read(link_store.latest_ms)
    ahead_ms = latest_ms - desk.clock.now_ms()
    if ahead_ms > CLOCK_SLACK_MS:
        text = f"this machine's clock is {ahead_ms // 1000} s behind what the database holds"
        return [Finding("clock", BAD, text, "see that all machines keep their time by NTP, then restart the daemons")]
    return [Finding("clock", OK, "not behind what the database holds")]


async def _begun(desk: Desk) -> list[Finding]:
    return [Finding("installation", WARN, step.what, f"`{step.do}`") for step in await desk.database.read(next_steps)]


async def _links(desk: Desk) -> list[Finding]:
    findings = []
    for each in await link.views(desk, desk.caretaker()):
        waiting = await desk.database.read(link_store.waiting, each.id)
        queue = f", {waiting} destinations wait" if waiting else ""
        if each.disabled_at_ms is not None:
            findings.append(Finding("link", WARN, f"{each.name} is switched off{queue}", f"`heliograph link start {each.id}`"))
        elif link.is_abandoned(each, desk.clock.now_ms()):
            text = f"no daemon runs {each.name}{queue}: {each.node_name}, which did, gives no sign of life any more"
            findings.append(Finding("link", BAD, text, "start `heliograph serve`, or its service"))
        elif each.state == "up":
            findings.append(Finding("link", OK, f"{each.name} is up, run by {each.node_name}{_heard(each, desk.clock.now_ms())}{queue}"))
        else:
            why = f" ({each.reason})" if each.reason else ""
            do = f"`heliograph link check {each.id}` tries the other side from here, the log of the daemon says more"
            findings.append(Finding("link", BAD, f"{each.name} is {each.state}{why}{queue}", do))
    return findings + await _stranded(desk) if findings else findings


def _heard(view: LinkView, now_ms: int) -> str:
    """When its process last gave a sign of life: until that is long ago, one that died is not told from one that lives."""
    return "" if view.beat_at_ms is None else f", heard of {max(0, now_ms - view.beat_at_ms) // 1000} s ago"


async def _stranded(desk: Desk) -> list[Finding]:
    """Devices that no link may reach: each send to them is refused."""
    findings = []
    for space, count in await desk.database.read(route_store.stranded):
        where = f" of the number space '{space}'" if space else ""
        do = (
            f"`heliograph link set NAME number_space={space}`, or add a link with it" if space else "add a link that is reserved for nobody"
        )
        findings.append(Finding("link", BAD, f"no link reaches {count} device{'s' if count > 1 else ''}{where}", do))
    return findings


async def _webhooks(desk: Desk) -> list[Finding]:
    callbacks = await desk.database.read(policy.callbacks, 0)
    findings = []
    for each in callbacks:
        if problem := check_url(each.url, desk.egress):
            do = "change it, or allow it with webhooks.egress_allow and webhooks.ports"
            findings.append(Finding("webhook", BAD, f"{each.id} {each.url} is not called: {problem.text}", do))
    for failing in await desk.database.read(notification.failing):
        minutes = (desk.clock.now_ms() - failing.since_ms) // 60_000
        text = f"{failing.callback_id} {failing.url} fails: {failing.waiting} deliveries wait, the oldest for {minutes} min"
        findings.append(Finding("webhook", WARN, text, "`heliograph sms show ID` of such a message says why; mend the receiver"))
    if callbacks and not findings:
        findings.append(Finding("webhook", OK, f"{len(callbacks)} webhooks, no delivery waits after a failure"))
    return findings


async def _accounts(desk: Desk) -> list[Finding]:
    """SMPP accounts for which something waits while nobody is bound, or with which somebody tries to bind in vain."""
    operator, now_ms = desk.caretaker(), desk.clock.now_ms()
    enabled = [each.system_id for each in await smpp_account.views(desk, operator) if each.disabled_at_ms is None]
    bound = {each.system_id for each in await smpp_account.sessions(desk, operator)}
    waiting = await smpp_account.waiting(desk, enabled)
    found = await smpp_refusal.refusals(desk, operator)
    refused = smpp_refusal.last_of([each for each in found if each.request == BIND and each.last_at_ms > now_ms - LATELY_MS])
    findings = []
    for system_id in enabled:
        last = refused.get(system_id)
        queue = f"nobody is bound, {waiting[system_id]} receipts and SMS wait" if waiting[system_id] and system_id not in bound else ""
        why = (
            f"a bind from {last.address} was refused {(now_ms - last.last_at_ms) // 60_000} min ago: {words_of(last.reason)}"
            if last
            else ""
        )
        if queue or why:
            do = remedy_of(last.reason) if last else "have the application bind; `heliograph smpp refusals` says what it was refused"
            findings.append(Finding("smpp", WARN, f"{system_id}: {'; '.join(filter(None, (queue, why)))}", do))
    return findings


async def _tokens(desk: Desk) -> list[Finding]:
    now_ms = desk.clock.now_ms()
    return [
        Finding(
            "token",
            WARN,
            f"{each.id} of {each.organisation_name} expires in {(each.expiry_at_ms - now_ms) // 3_600_000} h",
            "make a new one",
        )
        for each in await desk.database.read(account.tokens, 0)
        if each.is_good(now_ms) and each.expiry_at_ms is not None and each.expiry_at_ms < now_ms + SOON_MS
    ]
