"""Which addresses a webhook may call. Parses and judges; it looks up no names (`names.py`) and opens no sockets (`transfer.py`).

Theory of operation. A customer writes the URL and our server calls it from inside the operator's network, so an unchecked URL reaches
everything that the server reaches: routers, databases, cloud metadata (server-side request forgery). Three checks stand in a row:

1. `check_url` when the URL is saved, and again before every try: the grammar, the port, an address written in the URL;
2. `blocked` on every address that the name has now, before any is dialled: one bad address refuses the name;
3. `blocked` once more on the address that the socket is about to connect to, so that nothing between 2 and 3 can swap it.

The grammar is far narrower than RFC 3986, because a check protects only where this parser and libcurl's read the same host. Everything
on which URL parsers are known to differ is refused rather than understood: user info, backslashes, control and non-ASCII characters,
percent signs in the host, numbers that are not four plain decimals (`2130706433`, `0x7f.1`, `0177.0.0.1`), zone ids, final dots.

The table of ranges is our own: `ipaddress.is_global` of Python 3.11 calls 64:ff9b::7f00:1, 2002:7f00:1::, fec0::1 and 224.0.0.1 global.
"""

import ipaddress
import re
from dataclasses import dataclass

from heliograph.model.problem import Code, Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = frozenset({80, 443, 8080, 8443})
URL_MOST = 2048
DEFAULT_PORT = {"http": 80, "https": 443}

# IANA special-purpose registries (RFC 6890) and what else leads back inside. The first that holds an address names it.
_BLOCKED_TEXT = """
0.0.0.0/8          this host
10.0.0.0/8         a private network
100.64.0.0/10      carrier-grade NAT
127.0.0.0/8        this machine
169.254.0.0/16     link-local, cloud metadata
172.16.0.0/12      a private network
192.0.0.0/24       protocol assignments
192.0.2.0/24       documentation
192.88.99.0/24     6to4
192.168.0.0/16     a private network
198.18.0.0/15      benchmarks
198.51.100.0/24    documentation
203.0.113.0/24     documentation
224.0.0.0/4        multicast
240.0.0.0/4        reserved
::/128             this host
::1/128            this machine
::ffff:0:0/96      an IPv4 address inside IPv6
::/96              an IPv4 address inside IPv6
64:ff9b::/96       NAT64
64:ff9b:1::/48     NAT64
100::/64           discard only
100:0:0:1::/64     reserved
2001::/32          Teredo
2001:db8::/32      documentation
2001::/23          protocol assignments
2002::/16          6to4
3fff::/20          documentation
5f00::/16          segment routing
fc00::/7           a private network
fe80::/10          link-local
fec0::/10          site-local
ff00::/8           multicast
::/3               reserved
4000::/2           reserved
8000::/1           reserved
"""
BLOCKED: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), words) for network, words in (line.split(maxsplit=1) for line in _BLOCKED_TEXT.strip().splitlines())
)

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#.*)?")
_AUTHORITY = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:]*))(?::(?P<port>[0-9]{1,5}))?")
_VISIBLE = re.compile(r"[!-~]+")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be called beyond public addresses: exactly the networks in `allow`. `ports`: the allowed ones, None for any."""

    allow: tuple[Network, ...] = ()
    ports: frozenset[int] | None = PORTS


LOOPBACK = EgressPolicy((ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")), ports=None)
"""For `heliograph try`: this machine may be called too, on any port."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be tried. `origin`: scheme, host and port; `host`: lower case, no brackets; `address`: that of a host which is one."""

    origin: str
    host: str
    port: int
    address: Address | None

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https:")


def check_url(url: str, policy: EgressPolicy) -> Problem | None:
    """What forbids to call `url` as it stands, or None. A name is judged only when it is looked up, which this does not do."""
    target = parse_target(url, policy)
    return target if isinstance(target, Problem) else None


def parse_target(url: str, policy: EgressPolicy) -> Target | Problem:
    """The target of `url`, or why it may not be called."""
    if len(url) > URL_MOST:
        return _problem(f"The URL is longer than {URL_MOST} characters.")
    if _VISIBLE.fullmatch(url) is None or "\\" in url:
        return _problem(
            "The URL holds a space, a control character, a backslash or a letter outside ASCII; write those as %XX, a name as xn--."
        )
    match = _URL.fullmatch(url)
    scheme = match["scheme"].lower() if match else ""
    if match is None or scheme not in DEFAULT_PORT:
        return _problem("The URL must begin with https:// or http://.")
    if match["fragment"] is not None:
        return _problem("The URL must not have a #fragment; it is never sent.")
    return _parse_authority(scheme, match["authority"], policy)


def blocked(address: Address, policy: EgressPolicy) -> str | None:
    """Why `address` may not be dialled, in plain words, or None."""
    if any(address in network for network in policy.allow if network.version == address.version):
        return None
    for network, words in BLOCKED:
        if network.version == address.version and address in network:
            return f"{address} may not be called: {words}"
    return None


def blocked_text(address: str, policy: EgressPolicy) -> str | None:
    """`blocked` for an address as the resolver or libcurl gives it."""
    return blocked(ipaddress.ip_address(address), policy)


def _parse_authority(scheme: str, authority: str, policy: EgressPolicy) -> Target | Problem:
    if "@" in authority:
        return _problem("The URL must not hold a user name or password; give a secret instead.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return _problem("The host or the port of the URL is not valid.")
    port = int(match["port"]) if match["port"] else DEFAULT_PORT[scheme]
    if not 1 <= port <= 65535 or (policy.ports is not None and port not in policy.ports):
        return _problem(f"Port {port} may not be called; allowed: {_ports_in_words(policy)} (webhooks.ports).")
    address = _parse_host(match["host"], match["six"])
    if isinstance(address, Problem):
        return address
    if address is not None and (why := blocked(address, policy)):
        return _problem(f"The address {why}. Give a public one, or have the operator allow it (webhooks.egress_allow).")
    host = str(address) if address is not None else match["host"].lower()
    return Target(f"{scheme}://{host} {port}", host, port, address)


def _parse_host(host: str | None, six: str | None) -> Address | Problem | None:
    """The address that the host is, None for a name."""
    try:
        if six is not None:
            return _parse_six(six)
        labels = (host or "").split(".")
        if _NUMBER.fullmatch(labels[-1]):  # a name never ends in a number, so whatever reads it reads an IPv4 address
            return ipaddress.IPv4Address(host)
    except ValueError:
        return _problem("The address in the URL is not valid; write four plain decimals, or IPv6 in brackets without a zone.")
    if len(host or "") > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return _problem("The host name of the URL is not valid.")
    return None


def _parse_six(text: str) -> ipaddress.IPv6Address:
    if "%" in text:
        raise ValueError("a zone id means something on one machine only")
    return ipaddress.IPv6Address(text)


def _ports_in_words(policy: EgressPolicy) -> str:
    return ", ".join(map(str, sorted(policy.ports))) if policy.ports is not None else "1 to 65535"


def _problem(text: str) -> Problem:
    return Problem(Code.INVALID, text, field="url")
