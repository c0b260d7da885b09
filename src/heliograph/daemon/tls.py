"""The certificate by which the HTTP server speaks HTTPS; read at the start, and again when told."""

import ssl

from heliograph import log
from heliograph.config import Http

_log = log.get("daemon")


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text names the settings."""


class Certificate:
    """A context that connections are made with. Those that come after `reload` see the new certificate, open ones keep the old."""

    def __init__(self, settings: Http) -> None:
        """Raises CertificateError."""
        self._settings = settings
        self.context = _context(settings)

    def reload(self) -> None:
        """Read both files again; where they cannot be used, the old certificate stays."""
        try:
            _context(self._settings)  # as a try, since a context may be left with half of a pair
            _load(self.context, self._settings)
        except CertificateError as error:
            _log.error("the certificate was not read anew, the old one stays", error=str(error))
        else:
            _log.info("the certificate was read anew")


def certificate_of(settings: Http) -> Certificate | None:
    """The one of the settings, or None where HTTP is served. Raises CertificateError."""
    return Certificate(settings) if settings.tls_certificate is not None else None


def _context(settings: Http) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, settings)
    return context


def _load(context: ssl.SSLContext, settings: Http) -> None:
    certificate, key = settings.tls_certificate, settings.tls_key
    assert certificate is not None
    assert key is not None
    for name, path in (("http.tls_certificate", certificate), ("http.tls_key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateError(f"{name} = {path} cannot be read: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or str(error)
        raise CertificateError(
            f"http.tls_certificate = {certificate} and http.tls_key = {key} are no pair that can be used ({why}): give a certificate with "
            "its chain, and its unencrypted key, both PEM"
        ) from error


def _no_password() -> str:
    """Instead of asking at the terminal."""
    raise ValueError("the key is encrypted")
