"""APN texts as devices in the field understand them."""

import pytest

from heliograph.links.simulator.apn import USAGE, Setting, answer

INTERNET = Setting("internet.provider")
FULL = Setting("internet", "user", "pass")


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("APN=internet.provider", INTERNET),
        ("apn = internet.provider", INTERNET),
        ("APN:internet.provider", INTERNET),
        ('APN="internet.provider"', INTERNET),
        ("SETAPN=internet,user,pass", FULL),
        ("APN,internet.provider#", INTERNET),
        ("APN,internet,user,pass#", FULL),
        ("*APN*internet.provider*", INTERNET),
        ("*APN*internet*user*pass*#", FULL),
        ("APN123456 internet.provider", INTERNET),
        ("APN123456 internet user pass", FULL),
        ("APN internet.provider", INTERNET),
        ("setparam 2001:internet;2002:user;2003:pass", FULL),
        ("  setparam 2001:internet.provider", INTERNET),
        ("login secret setparam 2001:internet.provider", INTERNET),
        ('AT+CGDCONT=1,"IP","internet.provider"', INTERNET),
        ('AT+CGDCONT=1,"IPV4V6","internet.provider",,0,0', INTERNET),
    ],
)
def test_common_forms_set_the_apn_and_are_confirmed(text: str, setting: Setting) -> None:
    now, said = answer(text, None)
    assert now == setting
    assert said == f"APN set to {setting.apn}" + (f", user {setting.user}" if setting.user else "")


@pytest.mark.parametrize("text", ["APN?", "apn ?", "GETAPN#", "AT+CGDCONT?"])
def test_the_apn_in_use_is_told_without_its_password(text: str) -> None:
    assert answer(text, FULL) == (FULL, "APN is internet, user user")
    assert answer(text, None) == (None, "APN is not set")


@pytest.mark.parametrize("text", ["", "hello", "APN", "REBOOT#", "APNEA"])
def test_anything_else_is_answered_with_how_to_do_it(text: str) -> None:
    assert answer(text, INTERNET) == (INTERNET, USAGE)


@pytest.mark.parametrize("apn", ["-internet", "in_ternet", "a..b", "x" * 100])
def test_what_is_no_apn_changes_nothing(apn: str) -> None:
    now, said = answer(f"APN={apn}", INTERNET)
    assert now == INTERNET
    assert "not changed" in said
    assert len(said) <= 160


def test_the_usage_fits_one_sms() -> None:
    assert len(USAGE) <= 160
