"""One-time passwords: the vectors of RFC 6238 Appendix B and RFC 4226 Appendix D, and which steps are taken."""

import pytest

from heliograph.model.totp import code, secret_text, step_of, uri

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_rfc_6238_appendix_b(second: int, expected: str) -> None:
    assert code(SECRET, second // 30, digits=8) == expected


def test_rfc_4226_appendix_d() -> None:
    expected = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [code(SECRET, step) for step in range(10)] == expected


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_taken_one_step_early_and_one_late(off: int, taken: bool) -> None:
    now = 50_000_000
    found = step_of(secret_text(SECRET), code(SECRET, now + off), now * 30_000 + 29_999)
    assert found == (now + off if taken else None)


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "½½½½½½"[:0] + "000 000"])
def test_what_is_no_code_is_wrong(given: str) -> None:
    assert step_of(secret_text(SECRET), given, 1_600_000_000_000) is None


def test_an_app_reads_secret_account_and_issuer() -> None:
    text = uri(secret_text(SECRET), "a b@example.org", "Heliograph")
    assert text == (
        "otpauth://totp/Heliograph:a%20b%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Heliograph&algorithm=SHA1&digits=6&period=30"
    )
