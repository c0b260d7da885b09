"""Connections of a link: by TCP or TLS, ours to the peer or, for an outbind, the peer's to us; and why there is none, in words."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from heliograph.clock import Clock
from heliograph.links.smpp.settings import SmppSettings
from heliograph.smpp.aio import Connection

T = TypeVar("T")


class NotConnectedError(Exception):
    """There is no connection; the text says why, and what to look at."""


async def connect(settings: SmppSettings, clock: Clock, connection: Connection, give_up: asyncio.Event) -> None:
    """Connect to the peer, unless `give_up` is set meanwhile. Raises NotConnectedError."""
    where = f"{settings.host}:{settings.port}"
    loop = asyncio.get_running_loop()
    try:
        tls = context(settings) if settings.tls else None
        making = loop.create_connection(
            lambda: connection,
            settings.host,
            settings.port,
            ssl=tls,
            server_hostname=(settings.tls_server_name or settings.host) if tls else None,
        )
        await within(clock, settings.connect_s, making, give_up)
    except TimeoutError:
        or_else = ", or does this port speak no TLS" if settings.tls else ""
        raise NotConnectedError(f"{where} did not answer within {settings.connect_s:g} s: is a firewall in between{or_else}?") from None
    except ssl.SSLCertVerificationError as error:
        raise NotConnectedError(f"the certificate of {where} is not accepted ({error.verify_message}): {_trust(error)}") from None
    except ssl.SSLError as error:
        why = error.reason or str(error)
        raise NotConnectedError(f"no TLS with {where} ({why}): does this port speak TLS?") from None
    except socket.gaierror as error:
        raise NotConnectedError(f"there is no host {settings.host}: {error.strerror}") from None
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)  # asyncio's own strerror is "Connect call failed", uvloop's says why
        raise NotConnectedError(f"cannot connect to {where}: {why}") from None


def _trust(error: ssl.SSLCertVerificationError) -> str:
    """What to set, or to ask for, by what OpenSSL found (X509_V_ERR_...)."""
    match error.verify_code:
        case 10:
            return "it has expired, so the centre needs a new one"
        case 18 | 19 | 20 | 21:
            return "name who signed it in tls_ca_file"
        case 62 | 64:
            return "set tls_server_name to the name that it has"
        case _:
            return "see tls_ca_file and tls_server_name"


def context(settings: SmppSettings) -> ssl.SSLContext:
    """TLS as the settings have it. Raises NotConnectedError where a file cannot be used."""
    try:
        made = ssl.create_default_context(cafile=settings.tls_ca_file)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.tls_certificate_file and settings.tls_key_file:
            made.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        files = [name for name in (settings.tls_ca_file, settings.tls_certificate_file, settings.tls_key_file) if name]
        missing = [name for name in files if not Path(name).is_file()]
        why = f"there is no file {missing[0]}" if missing else f"{', '.join(files)} cannot be used: {error}"
        raise NotConnectedError(why) from None
    if not settings.tls_verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


async def listen(address: str, factory: Callable[[], Connection]) -> asyncio.Server:
    """Wait for the peer's connections. Raises NotConnectedError."""
    host, _, port = address.rpartition(":")
    try:
        return await asyncio.get_running_loop().create_server(factory, host or None, int(port))
    except (OSError, ValueError) as error:
        raise NotConnectedError(f"cannot listen on {address} (outbind_listen): {error}") from None


async def within(clock: Clock, timeout_s: float, doing: Coroutine[Any, Any, T], give_up: asyncio.Event) -> T:
    """The result of a coroutine, waited for on our clock. TimeoutError after the time, or once `give_up` is set; it is cancelled then."""
    task = asyncio.ensure_future(doing)
    giving_up = asyncio.ensure_future(give_up.wait())
    over = asyncio.Event()
    for each in (task, giving_up):
        each.add_done_callback(lambda _: over.set())
    try:
        await clock.wait(over, timeout_s)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        giving_up.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
