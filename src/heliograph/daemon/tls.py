"""A certificate by which a server of ours speaks TLS; read at the start, and again when told."""

import ssl
from pathlib import Path
from typing import NamedTuple

from heliograph import log
from heliograph.config import Http, Smpp

_log = log.get("daemon")


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text names the settings."""


class Certificate:
    """A context that connections are made with. Those that come after `reload` see the new certificate, open ones keep the old."""

    def __init__(self, certificate: Path, key: Path, section: str, protocols: tuple[str, ...] = ()) -> None:
        """`section`: whose settings these are; `protocols`: what is spoken over it, by their names in ALPN. Raises CertificateError."""
        self._pair = _Pair(certificate, key, section)
        self._protocols = protocols
        self.context = _context(self._pair, protocols)

    def reload(self) -> None:
        """Read both files again; where they cannot be used, the old certificate stays."""
        try:
            _context(self._pair, self._protocols)  # as a try, since a context may be left with half of a pair
            _load(self.context, self._pair)
        except CertificateError as error:
            _log.error("the certificate was not read anew, the old one stays", error=str(error))
        else:
            _log.info("the certificate was read anew")


def certificate_of(settings: Http) -> Certificate | None:
    """The one of the settings, or None where HTTP is served. Raises CertificateError."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key, "http", ("http/1.1",))


def smpp_certificate_of(settings: Smpp) -> Certificate | None:
    """That of the SMPP server, or None where it speaks no TLS. Raises CertificateError."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key, "smpp")


class _Pair(NamedTuple):
    certificate: Path
    key: Path
    section: str


def _context(pair: _Pair, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if protocols:
        context.set_alpn_protocols(list(protocols))
    _load(context, pair)
    return context


def _load(context: ssl.SSLContext, pair: _Pair) -> None:
    certificate, key, section = pair
    for name, path in ((f"{section}.tls_certificate", certificate), (f"{section}.tls_key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateError(f"{name} = {path} cannot be read: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or str(error)
        raise CertificateError(
            f"{section}.tls_certificate = {certificate} and {section}.tls_key = {key} are no pair that can be used ({why}): give a "
            "certificate with its chain, and its unencrypted key, both PEM"
        ) from error


def _no_password() -> str:
    """Instead of asking at the terminal."""
    raise ValueError("the key is encrypted")
