"""What went wrong with a request, in words that a customer can act on: libcurl's and OpenSSL's numbers, and the statuses of HTTP that are
no success."""

import errno
import os
from dataclasses import dataclass
from enum import IntEnum


class CurlCode(IntEnum):
    """The codes that get words of their own (libcurl-errors)."""

    UNSUPPORTED_PROTOCOL = 1
    PROXY_NOT_FOUND = 5
    NOT_CONNECTED = 7
    WEIRD_REPLY = 8
    PARTIAL_FILE = 18
    TIMED_OUT = 28
    TLS_HANDSHAKE = 35
    NOTHING_RECEIVED = 52
    SEND_FAILED = 55
    RECEIVE_FAILED = 56
    TOO_LARGE = 100
    BAD_CERTIFICATE = 60
    CA_FILE = 77


@dataclass(frozen=True, slots=True)
class Failure:
    """What libcurl tells of a failed request. `is_connected`: TCP; `is_ready`: TLS too, where it is used."""

    code: int
    message: str
    status: int | None
    peer: str
    os_errno: int
    verify_result: int
    is_connected: bool
    is_ready: bool
    connect_timeout_s: float
    timeout_s: float


_CONNECT = {
    errno.ECONNREFUSED: "connection refused by {peer}",
    errno.ECONNRESET: "connection reset by {peer}",
    errno.EHOSTUNREACH: "no route to {peer}",
    errno.ENETUNREACH: "no route to {peer}",
    errno.ETIMEDOUT: "no connection to {peer}: it does not answer",
}

# X509_V_ERR_*
_CERTIFICATE = {
    9: "the certificate is not yet valid",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the certificate comes from an authority that is not trusted here",
    20: "the certificate comes from an authority that is not trusted here, or its chain is not complete",
    21: "the certificate comes from an authority that is not trusted here, or its chain is not complete",
    23: "the certificate was revoked",
}

_OTHER: dict[int, str] = {
    CurlCode.UNSUPPORTED_PROTOCOL: "the answer is not HTTP",
    CurlCode.WEIRD_REPLY: "the answer is not HTTP",
    CurlCode.NOTHING_RECEIVED: "the connection was closed without an answer",
    CurlCode.PARTIAL_FILE: "the connection was closed before the answer was complete",
    CurlCode.SEND_FAILED: "the connection broke while the request was sent",
    CurlCode.TOO_LARGE: "the headers of the answer are too large",
    CurlCode.PROXY_NOT_FOUND: "the proxy that webhooks are called by is not found: tell the operator",
    CurlCode.CA_FILE: "this machine has no list of certificate authorities; name one in the settings",
}


_STATUS = {
    401: "the receiver wants to know who calls: does it check another secret, or miss a header?",
    403: "the receiver does not let this call in: does it check another secret, or miss a header?",
    404: "the receiver has nothing at this URL",
    410: "the receiver wants nothing more",
    413: "the body is too large for the receiver",
    429: "the receiver is called too often",
}
_STATUSES = {
    3: "redirects are not followed: give the webhook the URL that this one leads to",
    4: "the receiver refuses the call; its answer may say why",
    5: "the receiver failed; its own log says why",
}


def of_status(status: int, method: str, retry_after_ms: int | None) -> str | None:
    """What an answer means that is no success; None for one that is."""
    if 200 <= status < 300:
        return None
    words = _STATUS.get(status) or _STATUSES.get(status // 100, "only an answer of 2xx is a success")
    if status == 405:
        words = f"the receiver takes no {method} at this URL" + ("" if method == "POST" else ": receipt_method POST may help")
    return words if retry_after_ms is None else f"{words}; it asks to wait {retry_after_ms / 1000:.0f} s"


def in_words(failure: Failure) -> str:
    if "CONNECT tunnel" in failure.message:
        return f"the proxy that webhooks are called by refused ({failure.message.rpartition(', ')[2]})"
    match failure.code:
        case CurlCode.TIMED_OUT:
            return _timeout(failure)
        case CurlCode.NOT_CONNECTED:
            return _unconnected(failure)
        case CurlCode.BAD_CERTIFICATE:
            return _certificate(failure)
        case CurlCode.TLS_HANDSHAKE:
            return f"no TLS with {failure.peer} ({failure.message})"
        case CurlCode.RECEIVE_FAILED:
            return _broken(failure)
        case _:
            return _OTHER.get(failure.code) or f"the request failed ({failure.message})"


def _unconnected(failure: Failure) -> str:
    words = _CONNECT.get(failure.os_errno)
    if words is not None:
        return words.format(peer=failure.peer)
    return f"no connection to {failure.peer} ({os.strerror(failure.os_errno) if failure.os_errno else failure.message})"


def _timeout(failure: Failure) -> str:
    if failure.status is not None:
        return f"no complete answer in {failure.timeout_s:g} s; it began with status {failure.status}"
    if failure.is_ready:
        return f"no answer in {failure.timeout_s:g} s"
    waited_s = min(failure.connect_timeout_s, failure.timeout_s)
    return f"no TLS with {failure.peer} in {waited_s:g} s" if failure.is_connected else f"no connection to {failure.peer} in {waited_s:g} s"


def _certificate(failure: Failure) -> str:
    if "matches target" in failure.message:  # libcurl compares the name itself: OpenSSL has no number for it
        return "the certificate is for another name"
    return _CERTIFICATE.get(failure.verify_result, f"the certificate is not valid ({failure.message})")


def _broken(failure: Failure) -> str:
    if failure.os_errno == errno.ECONNRESET:
        return f"connection reset by {failure.peer}"
    return f"the answer could not be read ({failure.message})"
