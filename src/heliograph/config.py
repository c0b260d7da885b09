"""All settings of an installation, as one frozen tree that knows where each value came from. It opens nothing and configures nothing.

A setting `http.listen` stands as `listen` under `[http]` in the TOML file, as `HELIOGRAPH_HTTP_LISTEN` in the environment, and as
`config.http.listen` here. The command line wins over the environment, that over the file, that over the default. Everything that is
wrong is said at once, each with its name, its value, where it stands and what is accepted. Links, devices and users are no settings: they
live in the database and are changed while the program runs; links may stand in the file too, to be made from it at each start (`links`).
"""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar

from heliograph import log
from heliograph.setting import (
    ADDRESS,
    DATABASE,
    LOOPBACK,
    NETWORK,
    NUMBER,
    PATH,
    WEB_ORIGIN,
    Address,
    Kind,
    Network,
    list_of,
    one_of,
    optional,
    setting,
    whole,
    without_password,
)

T = TypeVar("T")

PREFIX: Final = "HELIOGRAPH_"
# Kubernetes tells each container about the services beside it; for a service named heliograph that looks like settings of ours.
_NOT_OURS: Final = re.compile(r"HELIOGRAPH_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\d+_.+)?)")


class ConfigError(Exception):
    """Settings that cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """The HTTP server: REST API, portal, health and metrics."""

    listen: Address = setting(ADDRESS, Address("127.0.0.1", 8080), "Where the HTTP server listens.")
    public_url: str | None = setting(
        optional(WEB_ORIGIN),
        None,
        "The address by which people and programs reach it; absolute links are made from it, else from `listen`.",
    )
    trusted_proxies: tuple[Network, ...] = setting(
        list_of(NETWORK), (), "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    tls_certificate: Path | None = setting(
        optional(PATH),
        None,
        "A certificate with its chain (PEM): with it and `tls_key` HTTPS is served, else HTTP. SIGHUP reads them anew.",
    )
    tls_key: Path | None = setting(optional(PATH), None, "The private key of the certificate (PEM, not encrypted).")
    metrics_allow: tuple[Network, ...] = setting(
        list_of(NETWORK), LOOPBACK, "Who may read `/metrics`. A request that a proxy passed on counts as its client's."
    )
    requests_per_5_min: int = setting(whole(0, 10_000_000), 0, "API requests that one token may make in five minutes; 0 for no limit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Smpp:
    """The SMPP server, to which applications bind. Accounts are no settings: `heliograph smpp account`."""

    listen: Address | None = setting(optional(ADDRESS), None, "Where applications bind without TLS, 0.0.0.0:2775 for example.")
    tls_listen: Address | None = setting(optional(ADDRESS), None, "Where applications bind with TLS, 0.0.0.0:3550 for example.")
    tls_certificate: Path | None = setting(
        optional(PATH), None, "The certificate with its chain (PEM) of `tls_listen`. SIGHUP reads it anew, with `tls_key`."
    )
    tls_key: Path | None = setting(optional(PATH), None, "The private key of the certificate (PEM, not encrypted).")
    connections_max: int = setting(whole(1, 100_000), 5000, "Connections open at the same time, bound or not.")
    session_init_s: int = setting(whole(1, 3600), 10, "How long a connection may stay without a bind, in seconds.")
    enquire_link_s: int = setting(
        whole(0, 3600), 30, "Silence of a peer after which it is asked for a sign of life, in seconds; 0 for never."
    )
    inactivity_s: int = setting(whole(0, 86_400), 300, "Silence of a peer after which its session ends, in seconds; 0 for never.")
    response_s: int = setting(whole(1, 3600), 30, "How long a peer may take for an answer, in seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Limits of logging in."""

    rate_per_5_min: int = setting(whole(1, 1_000_000), 100, "Logins that one address may try in five minutes.")
    lockout_failures: int = setting(whole(1, 1000), 3, "Wrong passwords in a row after which an account is locked.")
    lockout_s: int = setting(whole(1, 86_400), 300, "How long it stays locked, in seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Deliveries to the applications of organisations."""

    egress_allow: tuple[Network, ...] = setting(
        list_of(NETWORK), (), "Private networks that webhooks may call; without an entry only public addresses are called."
    )
    ports: tuple[int, ...] = setting(list_of(whole(1, 65_535)), (80, 443, 8080, 8443), "Ports that webhooks may call.")
    in_flight_max: int = setting(whole(1, 100_000), 1000, "Calls under way at the same time, over all webhooks.")
    in_flight_failing_percent: int = setting(
        whole(1, 100), 25, "How much of that all webhooks together may have whose last answer failed, in percent."
    )
    in_flight_per_webhook_min: int = setting(whole(1, 1000), 4, "Calls of one webhook at the same time, to begin with and while it fails.")
    in_flight_per_webhook_max: int = setting(whole(1, 1000), 64, "Calls of one webhook at the same time, while it answers well.")
    connect_timeout_s: int = setting(whole(1, 60), 5, "For how long a webhook may take to be connected to, TLS included.")
    timeout_s: int = setting(whole(1, 120), 15, "For how long a whole call of a webhook may take.")
    egress_proxy: str | None = setting(
        optional(WEB_ORIGIN),
        None,
        "An HTTP proxy by which all webhooks are called. It looks their names up then, so it must refuse private addresses itself.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long things are kept, in days. The counters of usage outlive them."""

    messages_days: int = setting(whole(1, 36_500), 180, "Messages with their attempts, receipts and webhook deliveries.")
    bodies_days: int = setting(whole(0, 36_500), 180, "The texts of messages, where they are to go before the messages themselves.")
    events_days: int = setting(whole(1, 36_500), 30, "Events of devices, SIMs, links and limits.")
    feed_days: int = setting(
        whole(2, 36_500),
        7,
        "Events of messages: for so long a reader of the event feed can be away and resume, and a file of usage come late.",
    )
    delivery_attempts_days: int = setting(whole(1, 36_500), 30, "Every try of a delivery to a webhook, with its answer.")
    delivery_payloads_days: int = setting(whole(1, 36_500), 14, "What was sent to a webhook: for so long it can be sent again.")
    audit_days: int = setting(whole(1, 36_500), 400, "Who changed what.")


@dataclass(frozen=True, slots=True, kw_only=True)
class P2p:
    """SMS between devices and other subscribers."""

    sent_per_day: int = setting(
        whole(0, 1_000_000), 5, "SMS that a device may send to other subscribers in 24 hours, from the first; 0 for no limit."
    )
    received_per_minute: int = setting(
        whole(0, 1_000_000), 6, "SMS that a device may receive from other subscribers in any 60 seconds; 0 for no limit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What is written to standard error."""

    level: str = setting(one_of(*log.LEVELS), "info", "The least level that is written.")
    format: str = setting(one_of(*log.FORMATS), "json", "`json`: one object per line; `console`: for people.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of an installation."""

    data_dir: Path = setting(PATH, Path("data"), "Where files are kept: the SQLite database and what belongs to it.")
    database: str = setting(
        DATABASE, "heliograph.sqlite", "Where everything is stored. Several daemons share a PostgreSQL, never an SQLite file."
    )
    cdr_dir: Path | None = setting(
        optional(PATH), Path("cdr"), "Where the nightly files of what was counted are written, within `data_dir`; empty for no files."
    )
    stop_grace_s: int = setting(whole(0, 3600), 30, "How long a stop waits for what is under way, in seconds.")
    jwt_minutes: int = setting(whole(1, 525_600), 240, "How long an `auth_token` is valid, in minutes.")
    short_number_max_digits: int = setting(
        whole(0, 15), 8, "A device that texts a number of at most so many digits texts its application. Service policies may say otherwise."
    )
    application_numbers: tuple[str, ...] = setting(list_of(NUMBER), (), "Longer numbers that lead to a device's application too.")
    network_numbers: tuple[str, ...] = setting(
        list_of(NUMBER), (), "Numbers that always go out to the network, an operator's codes for a balance say."
    )
    http: Http = field(default_factory=Http)
    smpp: Smpp = field(default_factory=Smpp)
    authenticate: Authenticate = field(default_factory=Authenticate)
    webhooks: Webhooks = field(default_factory=Webhooks)
    retention: Retention = field(default_factory=Retention)
    p2p: P2p = field(default_factory=P2p)
    log: Log = field(default_factory=Log)
    links: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str], command_line: Mapping[str, str] | None = None) -> Self:
        """The settings of `path`, `environ` and `command_line` (name of a setting -> text); raises ConfigError with all that is wrong."""
        problems: list[str] = []
        given = _from_file(path, problems) | _from_environment(environ, problems) | _from_command_line(command_line or {})
        values: dict[str, object] = {}
        for name, one in given.items():
            known = SETTINGS[name]
            try:
                values[name] = known.kind.read(one.parse(one.value))
            except ValueError:
                problems.append(f"{name} = {_quoted(one.value)} ({one.origin}) is not accepted; it takes {known.kind.accepts}")
        if problems:
            raise ConfigError(problems)
        links = MappingProxyType(_links(path, problems))
        if problems:
            raise ConfigError(problems)
        config = dataclasses.replace(
            _built(cls, values), links=links, origins=MappingProxyType({name: one.origin for name, one in given.items()})
        )
        if misfits := list(_misfits(config)):
            raise ConfigError(misfits)
        return config

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, or None where `database` is a PostgreSQL."""
        return None if re.match("postgres(ql)?://", self.database) else self.data_dir / self.database

    @property
    def cdr_path(self) -> Path | None:
        """The folder of the nightly files of usage, or None where none are wanted."""
        return None if self.cdr_dir is None else self.data_dir / self.cdr_dir

    def shown(self) -> list[tuple[str, str, str]]:
        """Name, value (passwords masked) and origin of each setting."""
        return [(one.name, one.kind.show(one.value_in(self)), self.origins.get(one.name, "default")) for one in SETTINGS.values()]


@dataclass(frozen=True, slots=True)
class Setting:
    """One leaf of the tree."""

    name: str
    kind: Kind[Any]
    default: Any
    doc: str

    @property
    def variable(self) -> str:
        return PREFIX + self.name.replace(".", "_").upper()

    def value_in(self, config: Config) -> Any:
        value: Any = config
        for part in self.name.split("."):
            value = getattr(value, part)
        return value


def _settings(group: type, prefix: str = "") -> Iterator[Setting]:
    for one in dataclasses.fields(group):
        if "kind" in one.metadata:
            yield Setting(prefix + one.name, one.metadata["kind"], one.default, one.metadata["doc"])
        elif isinstance(one.type, type) and dataclasses.is_dataclass(one.type):
            yield from _settings(one.type, f"{prefix}{one.name}.")


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType({one.name: one for one in _settings(Config)})


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as somebody wrote it; `parse` makes of it what TOML would hold."""

    value: Any
    origin: str
    parse: Callable[[Any], object] = lambda value: value


def _misfits(config: Config) -> Iterator[str]:
    """Settings that do not go together, each of them in order."""
    http, smpp, webhooks = config.http, config.smpp, config.webhooks
    if (http.tls_certificate is None) != (http.tls_key is None):
        yield "http.tls_certificate and http.tls_key belong together: give both, or neither"
    if len({smpp.tls_listen is None, smpp.tls_certificate is None, smpp.tls_key is None}) > 1:
        yield "smpp.tls_listen, smpp.tls_certificate and smpp.tls_key belong together: give all three, or none"
    if webhooks.in_flight_per_webhook_min > webhooks.in_flight_per_webhook_max:
        least, most = webhooks.in_flight_per_webhook_min, webhooks.in_flight_per_webhook_max
        yield f"webhooks.in_flight_per_webhook_min is {least} and webhooks.in_flight_per_webhook_max {most}: give a min of at most the max"


def _from_file(path: Path | None, problems: list[str]) -> dict[str, _Given]:
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}")
    except ValueError as error:  # not UTF-8, or not TOML
        problems.append(f"{path} is not TOML: {error}")
    else:
        tables.pop("link", None)
        return _flat(tables, "", str(path), problems)
    return {}


def _links(path: Path | None, problems: list[str]) -> dict[str, Mapping[str, Any]]:
    """The tables [link.NAME] of a file that was read without a problem."""
    found = tomllib.loads(path.read_text(encoding="utf-8")).get("link", {}) if path is not None else {}
    if isinstance(found, dict) and all(isinstance(each, dict) for each in found.values()):
        return found
    problems.append(f"link ({path}) is not understood: write a table [link.NAME] for each link, with its kind and settings")
    return {}


def _flat(table: Mapping[str, object], prefix: str, origin: str, problems: list[str]) -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    for key, value in table.items():
        name = prefix + key
        if name in SETTINGS:
            found[name] = _Given(value, origin)
        elif isinstance(value, dict) and any(known.startswith(f"{name}.") for known in SETTINGS):
            found |= _flat(value, f"{name}.", origin, problems)
        else:
            problems.append(f"{name} ({origin}) is not a setting{_suggestion(name, SETTINGS)}")
    return found


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    known = {one.variable: one for one in SETTINGS.values()}
    found: dict[str, _Given] = {}
    for variable, value in environ.items():
        if one := known.get(variable):
            found[one.name] = _Given(value, f"environment {variable}", one.kind.parse)
        elif variable.startswith(PREFIX) and not _NOT_OURS.fullmatch(variable):
            problems.append(f"{variable} (environment) is not a setting{_suggestion(variable, known)}")
    return found


def _from_command_line(texts: Mapping[str, str]) -> dict[str, _Given]:
    return {name: _Given(text, "command line", SETTINGS[name].kind.parse) for name, text in texts.items()}


def _suggestion(name: str, known: Mapping[str, Setting]) -> str:
    close = [one for one in known if one.endswith(f".{name}")] or difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; take it out: docs/config.md has all there are"


def _quoted(value: object) -> str:
    return without_password(f'"{value}"' if isinstance(value, str) else str(value))


def _built(group: type[T], values: Mapping[str, object], prefix: str = "") -> T:
    given: dict[str, object] = {}
    for one in dataclasses.fields(group):  # type: ignore[arg-type]  # each group is a dataclass
        name = prefix + one.name
        if isinstance(one.type, type) and dataclasses.is_dataclass(one.type) and "kind" not in one.metadata:
            given[one.name] = _built(one.type, values, f"{name}.")
        elif name in values:
            given[one.name] = values[name]
    return group(**given)
