"""What `heliograph try` says once it is ready: a line for programs, or a page for people."""

from collections.abc import Sequence

import msgspec

from heliograph.daemon.demo import EMAIL, Credentials, DemoDevice
from heliograph.setting import Address

_PAGE = """
Heliograph runs, with a demo world in {data_dir}.

  Portal  {portal_url}
          sign in as {email} with the password {password}
  API     {api_url}
  SMPP    {smpp}

  {heading}
{devices}

Send the first SMS (copy these lines into a shell):

  AUTH=$(curl -s {api_url}/v1/authenticate -H 'Content-Type: application/json' \\
    -d '{{"application_token":"{token}"}}' | sed 's/.*"auth_token" *: *"\\([^"]*\\)".*/\\1/')
  curl -s {api_url}/v1/endpoint/{first}/sms -H "Authorization: Bearer $AUTH" -H 'Content-Type: application/json' \\
    -d '{{"source_address":"1000","payload":"Hello"}}' -i
  curl -s {api_url}/v1/endpoint/{first}/sms -H "Authorization: Bearer $AUTH"

Have a device send one:

  curl -s {api_url}/v1/simulator/endpoint/{first}/mo -H "Authorization: Bearer $AUTH" -H 'Content-Type: application/json' \\
    -d '{{"dest_address":"1000","payload":"42 litres"}}' -i

Ctrl+C stops it.
"""


class PortalUser(msgspec.Struct, frozen=True):
    email: str
    password: str


class Smpp(msgspec.Struct, frozen=True):
    host: str
    port: int
    system_id: str
    password: str


class Ready(msgspec.Struct, frozen=True):
    """The line of `try --json` (product: the operator contract)."""

    portal_url: str
    api_url: str
    application_token: str
    portal_user: PortalUser
    devices: Sequence[DemoDevice]
    smpp: Smpp | None = None


def ready(base_url: str, opened_by: Credentials, devices: Sequence[DemoDevice], smpp: Address | None, system_id: str) -> Ready:
    """What a program needs to use the demo world."""
    bound_by = None if smpp is None else Smpp(smpp.host, smpp.port, system_id, opened_by.smpp_password)
    return Ready(base_url, f"{base_url}/api", opened_by.application_token, PortalUser(EMAIL, opened_by.password), devices, bound_by)


def line(told: Ready) -> str:
    """One line of JSON."""
    return msgspec.json.encode(told).decode()


def page(told: Ready, data_dir: str) -> str:
    """The same for people, with lines to copy."""
    return _PAGE.format(
        data_dir=data_dir,
        portal_url=told.portal_url,
        email=told.portal_user.email,
        password=told.portal_user.password,
        smpp="not served" if told.smpp is None else f"{told.smpp.host}:{told.smpp.port}  {told.smpp.system_id}  {told.smpp.password}",
        api_url=told.api_url,
        token=told.application_token,
        heading=f"{'id':>4}  {'MSISDN':17}{'device':28}when a message comes",
        devices="\n".join(f"  {each.id:>4}  {each.msisdn:17}{each.name:28}{each.behaviour}" for each in told.devices),
        first=told.devices[0].id if told.devices else 1,
    )
