"""What the HTTP faces ask of the installation's settings. The tree of `heliograph.config` is one; a test makes its own."""

from typing import Protocol


class Http(Protocol):
    @property
    def public_url(self) -> str | None:
        """The origin by which clients reach us; None: as the request's Host says."""
        ...


class Authenticate(Protocol):
    @property
    def rate_per_5_min(self) -> int: ...

    @property
    def lockout_failures(self) -> int: ...

    @property
    def lockout_s(self) -> int: ...


class Settings(Protocol):
    @property
    def http(self) -> Http: ...

    @property
    def authenticate(self) -> Authenticate: ...

    @property
    def jwt_minutes(self) -> int: ...
