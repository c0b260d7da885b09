"""TLS handshakes that fail, for the operator: asyncio ends such a connection before it is one of ours, and tells nobody.

What makes the TLS of a connection is asked (`SSLContext.sslobject_class`), which does not know the peer's address.
"""

import ssl
from collections.abc import Callable
from typing import Final

from heliograph.model.esme_refusal import Why

NO_TLS: Final = frozenset({"HTTP_REQUEST", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"})
"""How OpenSSL calls octets that are no TLS, by its version: those of a bind, or of HTTP."""


def telling(note: Callable[[Why, str], None]) -> type[ssl.SSLObject]:
    """The class of TLS connections that tells why a handshake failed, with OpenSSL's word for it."""

    class Telling(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                word = error.reason or "no word for it"
                note(Why.PLAIN if word in NO_TLS else Why.HANDSHAKE, word)
                raise

    return Telling
