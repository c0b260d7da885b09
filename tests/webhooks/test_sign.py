"""Signatures, read by other people's libraries: PyJWT and standardwebhooks."""

import base64
import hashlib
import json
from datetime import UTC, datetime

import jwt
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from heliograph.webhooks.sign import bearer_token, standard_key, standard_signature

# Standard Webhooks, reference libraries: the test vector of their own suites.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

SECRETS = st.text(st.characters(codec="utf-8"), min_size=1)


def verify(secret: str, webhook_id: str, now_s: int, body: bytes, signature: str) -> None:
    text = secret if secret.startswith("whsec_") else base64.b64encode(secret.encode()).decode()
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(now_s), "webhook-signature": signature}
    standardwebhooks.Webhook(text).verify(body, headers)


def test_the_published_vector_is_met() -> None:
    assert standard_signature(VECTOR_SECRET, VECTOR_ID, 1614265330, VECTOR_BODY) == VECTOR


@given(st.binary(min_size=1).map(lambda key: "whsec_" + base64.b64encode(key).decode()) | SECRETS, st.integers(1), st.text(max_size=50))
def test_the_reference_library_verifies_what_we_sign(secret: str, notification_id: int, body: str) -> None:
    now_s = int(datetime.now(UTC).timestamp())
    octets = json.dumps(body).encode()
    if secret.startswith("whsec_") and standard_key(secret) == secret.encode():
        return  # not base64: the library refuses such a secret
    verify(secret, str(notification_id), now_s, octets, standard_signature(secret, str(notification_id), now_s, octets))


def test_the_reference_library_refuses_another_body_id_or_secret() -> None:
    now_s = int(datetime.now(UTC).timestamp())
    signature = standard_signature(VECTOR_SECRET, "1", now_s, b"{}")
    verify(VECTOR_SECRET, "1", now_s, b"{}", signature)
    for other in ((VECTOR_SECRET, "1", b"{ }"), (VECTOR_SECRET, "2", b"{}"), ("other", "1", b"{}")):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            verify(other[0], other[1], now_s, other[2], signature)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_aGVsbG8=", b"hello"),
        ("hello", b"hello"),
        ("Grüße", "Grüße".encode()),
        ("whsec_", b"whsec_"),
        ("whsec_not base64", b"whsec_not base64"),
        ("whsec_aGVsbG8", b"whsec_aGVsbG8"),
        ("aGVsbG8=", b"aGVsbG8="),
    ],
)
def test_a_secret_is_base64_only_when_it_says_so(secret: str, key: bytes) -> None:
    assert standard_key(secret) == key


@pytest.mark.filterwarnings("ignore:The HMAC key is")
@given(SECRETS, st.binary(max_size=100))
def test_pyjwt_reads_the_bearer_token(secret: str, body: bytes) -> None:
    now_s = int(datetime.now(UTC).timestamp())
    token = bearer_token(secret, body, "17-1800000000000", now_s)
    claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["iss", "iat", "exp", "jti"]})
    assert claims == {
        "iss": "heliograph",
        "iat": now_s,
        "exp": now_s + 300,
        "jti": "17-1800000000000",
        "bsha256": hashlib.sha256(body).hexdigest(),
    }
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}


def test_pyjwt_writes_the_same_token() -> None:
    claims = {"iss": "heliograph", "iat": 1, "exp": 301, "jti": "x", "bsha256": hashlib.sha256(b"{}").hexdigest()}
    assert bearer_token("s" * 32, b"{}", "x", 1) == jwt.encode(claims, "s" * 32, "HS256")


def test_pyjwt_refuses_the_token_under_another_secret_and_after_its_time() -> None:
    secret = "s" * 32
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(bearer_token(secret, b"", "x", int(datetime.now(UTC).timestamp())), "t" * 32, algorithms=["HS256"])
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(bearer_token(secret, b"", "x", 1_600_000_000), secret, algorithms=["HS256"])
