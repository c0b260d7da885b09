"""Where applications bind to this process by SMPP, for the page that tells them: as it was set, not what a proxy makes of it."""

from typing import Final, NamedTuple

ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 (it is compared, not bound)


class SmppDoor(NamedTuple):
    """What is listened on."""

    host: str
    port: int

    def host_from(self, origin: str) -> str:
        """The name by which a reader who came to `origin` reaches it."""
        return host_of(origin) if self.host in ANYWHERE else self.host


class SmppDoors(NamedTuple):
    """None: there is no such door."""

    plain: SmppDoor | None = None
    tls: SmppDoor | None = None


def host_of(origin: str) -> str:
    """The host of an absolute URL, without its port."""
    host = origin.partition("://")[2].partition("/")[0]
    return host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
