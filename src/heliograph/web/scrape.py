"""Who may read `/metrics`: by default this machine, since counters tell how busy an installation is and whom it talks to."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import Scope

Network = IPv4Network | IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


@dataclass(frozen=True, slots=True)
class Scrapers:
    """`networks`: who may. `trusts_proxies`: the server puts the client that a trusted proxy names in the proxy's place."""

    networks: Sequence[Network] = LOOPBACK
    trusts_proxies: bool = False

    def allow(self, scope: Scope) -> bool:
        """Whether this request may. Where no proxy is trusted, what one on this machine passed on comes from nobody known."""
        if not self.trusts_proxies and any(name in FORWARDED for name, _ in scope["headers"]):
            return False
        client = scope.get("client")
        try:
            address = ip_address(client[0]) if client else None
        except ValueError:
            return False
        if address is None:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)
