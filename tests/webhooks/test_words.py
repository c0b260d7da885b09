"""Failures in words. What libcurl really reports in each case is tested in `test_courier.py` and `test_courier_tls.py`."""

import dataclasses
import errno

import pytest

from heliograph.webhooks.words import CurlCode, Failure, in_words, of_status

FAILURE = Failure(
    code=0, message="libcurl's own words", status=None, peer="192.0.2.1:443", os_errno=0, verify_result=0,
    is_connected=False, is_ready=False, connect_timeout_s=5.0, timeout_s=15.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        (CurlCode.NOT_CONNECTED, {"os_errno": errno.ECONNREFUSED}, "connection refused by 192.0.2.1:443"),
        (CurlCode.NOT_CONNECTED, {"os_errno": errno.EHOSTUNREACH}, "no route to 192.0.2.1:443"),
        (CurlCode.NOT_CONNECTED, {"os_errno": errno.EACCES}, "no connection to 192.0.2.1:443 (Permission denied)"),
        (CurlCode.NOT_CONNECTED, {}, "no connection to 192.0.2.1:443 (libcurl's own words)"),
        (CurlCode.TIMED_OUT, {}, "no connection to 192.0.2.1:443 in 5 s"),
        (CurlCode.TIMED_OUT, {"timeout_s": 2.5}, "no connection to 192.0.2.1:443 in 2.5 s"),
        (CurlCode.TIMED_OUT, {"is_connected": True}, "no TLS with 192.0.2.1:443 in 5 s"),
        (CurlCode.TIMED_OUT, {"is_connected": True, "is_ready": True}, "no answer in 15 s"),
        (CurlCode.TIMED_OUT, {"is_ready": True, "status": 200}, "no complete answer in 15 s; it began with status 200"),
        (CurlCode.BAD_CERTIFICATE, {"message": "no name matches target host name 'x'"}, "the certificate is for another name"),
        (CurlCode.BAD_CERTIFICATE, {"verify_result": 10}, "the certificate has expired"),
        (CurlCode.BAD_CERTIFICATE, {"verify_result": 99}, "the certificate is not valid (libcurl's own words)"),
        (CurlCode.TLS_HANDSHAKE, {}, "no TLS with 192.0.2.1:443 (libcurl's own words)"),
        (CurlCode.RECEIVE_FAILED, {"os_errno": errno.ECONNRESET}, "connection reset by 192.0.2.1:443"),
        (CurlCode.RECEIVE_FAILED, {}, "the answer could not be read (libcurl's own words)"),
        (CurlCode.NOTHING_RECEIVED, {}, "the connection was closed without an answer"),
        (43, {}, "the request failed (libcurl's own words)"),
    ],
)
def test_a_failure_has_words(code: int, changes: dict[str, object], words: str) -> None:
    assert in_words(dataclasses.replace(FAILURE, code=code, **changes)) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "method", "retry_after_ms", "words"),
    [
        (204, "POST", None, None),
        (301, "POST", None, "redirects are not followed: give the webhook the URL that this one leads to"),
        (405, "PATCH", None, "the receiver takes no PATCH at this URL: receipt_method POST may help"),
        (405, "POST", None, "the receiver takes no POST at this URL"),
        (410, "POST", None, "the receiver wants nothing more"),
        (418, "POST", None, "the receiver refuses the call; its answer may say why"),
        (429, "POST", 600_000, "the receiver is called too often; it asks to wait 600 s"),
        (500, "POST", None, "the receiver failed; its own log says why"),
        (199, "POST", None, "only an answer of 2xx is a success"),
    ],
)
def test_a_status_that_is_no_success_has_words(status: int, method: str, retry_after_ms: int | None, words: str | None) -> None:
    assert of_status(status, method, retry_after_ms) == words


@pytest.mark.parametrize("code", CurlCode)
def test_every_code_that_is_named_has_words_of_its_own(code: CurlCode) -> None:
    assert "the request failed" not in in_words(dataclasses.replace(FAILURE, code=code))
