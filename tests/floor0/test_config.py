"""Settings: what wins, what is refused and how it is said, and where each value came from."""

import dataclasses
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from heliograph.config import SETTINGS, Config, ConfigError
from heliograph.setting import Address
from tools.settings_page import PAGE, page

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str) -> Path:
        path = tmp_path / "heliograph.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return written


def problems(path: Path | None, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        Config.load(path, environ or {})
    assert str(raised.value) == "\n".join(raised.value.problems)
    return raised.value.problems


def test_everything_has_a_default() -> None:
    assert Config.load(None, {"PATH": "/bin"}) == Config()
    assert (Config().http.listen, Config().stop_grace_s, Config().sqlite_path) == (
        Address("127.0.0.1", 8080),
        30,
        Path("data/heliograph.sqlite"),
    )


def test_the_tree_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().stop_grace_s = 1  # type: ignore[misc]


def test_a_file_sets_what_it_names(write: Write) -> None:
    config = Config.load(
        write("""
            data_dir = "/var/lib/heliograph"
            database = "postgresql://helio@db/sms"
            application_numbers = ["4915900000000", "88210*"]
            [http]
            listen = "[::]:80"
            public_url = "https://sms.example.com/"
            trusted_proxies = ["10.0.0.1", "fd00::/8"]
            [webhooks]
            ports = [443]
        """),
        {},
    )
    assert config.http.listen == Address("::", 80)
    assert config.http.public_url == "https://sms.example.com"
    assert config.http.trusted_proxies == (ip_network("10.0.0.1"), ip_network("fd00::/8"))
    assert (config.data_dir, config.sqlite_path, config.webhooks.ports) == (Path("/var/lib/heliograph"), None, (443,))
    assert config.application_numbers == ("4915900000000", "88210*")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(write: Write) -> None:
    path = write('stop_grace_s = 1\njwt_minutes = 1\nlog.level = "debug"\n')
    config = Config.load(path, {"HELIOGRAPH_STOP_GRACE_S": "2", "HELIOGRAPH_JWT_MINUTES": "2"}, {"stop_grace_s": "3"})
    assert (config.stop_grace_s, config.jwt_minutes, config.log.level) == (3, 2, "debug")
    origins = {name: origin for name, _, origin in config.shown()}
    assert origins["stop_grace_s"] == "command line"
    assert origins["jwt_minutes"] == "environment HELIOGRAPH_JWT_MINUTES"
    assert origins["log.level"] == str(path)
    assert origins["http.listen"] == "default"


def test_lists_are_separated_by_commas_in_the_environment() -> None:
    config = Config.load(
        None, {"HELIOGRAPH_WEBHOOKS_PORTS": "443, 8443", "HELIOGRAPH_NETWORK_NUMBERS": "*100#", "HELIOGRAPH_APPLICATION_NUMBERS": ""}
    )
    assert (config.webhooks.ports, config.network_numbers, config.application_numbers) == ((443, 8443), ("*100#",), ())


@pytest.mark.parametrize("one", SETTINGS.values(), ids=SETTINGS)
def test_each_default_as_it_is_shown_is_accepted_in_the_environment(one: object) -> None:
    name = next(name for name, known in SETTINGS.items() if known is one)
    config = Config.load(None, {SETTINGS[name].variable: SETTINGS[name].kind.show(SETTINGS[name].default)})
    assert SETTINGS[name].value_in(config) == SETTINGS[name].default


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("stop_grace_s = -1", "stop_grace_s = -1 (FILE) is not accepted; it takes a whole number from 0 to 3600"),
        ("stop_grace_s = true", "stop_grace_s = True (FILE) is not accepted; it takes a whole number from 0 to 3600"),
        ('jwt_minutes = "long"', 'jwt_minutes = "long" (FILE) is not accepted; it takes a whole number from 1 to 525600'),
        ('http.listen = "0.0.0.0"', 'http.listen = "0.0.0.0" (FILE) is not accepted; it takes HOST:PORT'),
        ('http.listen = "a:65536"', 'http.listen = "a:65536" (FILE)'),
        ('http.public_url = "https://a/b"', 'http.public_url = "https://a/b" (FILE)'),
        ('http.public_url = "https://u@a"', 'http.public_url = "https://u@a" (FILE)'),
        ('http.public_url = "https://a:99999"', 'http.public_url = "https://a:99999" (FILE)'),
        ('http.trusted_proxies = "10.0.0.1"', 'http.trusted_proxies = "10.0.0.1" (FILE) is not accepted; it takes a list'),
        ('webhooks.egress_allow = ["10.0.0.1/8"]', "webhooks.egress_allow = ['10.0.0.1/8'] (FILE)"),
        ('network_numbers = ["1 00"]', "network_numbers = ['1 00'] (FILE)"),
        ('log.level = "loud"', 'log.level = "loud" (FILE) is not accepted; it takes one of debug, info, warning, error'),
        ("data_dir = 3", "data_dir = 3 (FILE) is not accepted; it takes a path"),
        ('database = "mysql://x/y"', 'database = "mysql://x/y" (FILE)'),
        ("http = 3", "http (FILE) is not a setting; take it out: docs/config.md has all there are"),
        ("stop_grace = 3", "stop_grace (FILE) is not a setting; did you mean stop_grace_s?"),
        ('listen = "a:1"', "listen (FILE) is not a setting; did you mean http.listen?"),
        ('[http]\nlissen = "a:1"', "http.lissen (FILE) is not a setting; did you mean http.listen?"),
        ("[colour]\nred = 1", "colour (FILE) is not a setting; take it out: docs/config.md has all there are"),
        ("= 3", "FILE is not TOML: "),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_name_value_place_and_what_is_accepted(write: Write, content: str, said: str) -> None:
    path = write(content)
    [problem] = problems(path)
    assert problem.startswith(said.replace("FILE", str(path)))


WRONG = {
    "a whole number": ("", "x", "-1", "1.5", "true", "0x10", "1e3", "1_0", "\u0663", "99999999999"),
    "HOST:PORT": ("8080", "127.0.0.1", ":8080", "a:b", "a:65536", "http://a:80"),
    "http:// or https://": ("x", "ftp://a", "http://", "https://a/b", "https://u@a", "https://a:99999"),
    "a path": ("\0",),
    "the path of an SQLite": ("\0", "mysql://x/y", "http://x"),
    "one of": ("", "loud", "INFO"),
    "a network": ("x", "10.0.0.1/8", "10.0.0.0/40", "1.2.3.4:80", "10.0.0.0/8;11.0.0.0/8"),
    "a number as dialled": ("1 00", "-1", "1.5"),
}
"""By how what a setting takes begins."""


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_refuses_what_it_does_not_take_and_says_what_it_takes(name: str) -> None:
    one = SETTINGS[name]
    takes = one.kind.accepts.removeprefix("a list, each item ")
    wrong = next(values for begins, values in WRONG.items() if takes.startswith(begins))
    may_be_empty = one.kind.accepts.startswith("a list") or "empty for none" in one.kind.accepts
    for value in filter(None, wrong) if may_be_empty else wrong:
        [problem] = problems(None, {one.variable: value})
        assert problem.startswith(f"{name} = ")
        assert f"(environment {one.variable})" in problem
        assert f"is not accepted; it takes {one.kind.accepts}" in problem


def test_settings_that_do_not_go_together_are_named() -> None:
    for given, said in (
        ({"HTTP_TLS_KEY": "k"}, "http.tls_certificate and http.tls_key belong together"),
        ({"SMPP_TLS_LISTEN": "a:1", "SMPP_TLS_KEY": "k"}, "smpp.tls_listen, smpp.tls_certificate and smpp.tls_key belong together"),
        ({"WEBHOOKS_IN_FLIGHT_PER_WEBHOOK_MIN": "100"}, "webhooks.in_flight_per_webhook_min is 100 and"),
    ):
        [problem] = problems(None, {f"HELIOGRAPH_{variable}": value for variable, value in given.items()})
        assert problem.startswith(said)


def test_all_that_is_wrong_is_said_at_once(write: Write) -> None:
    path = write('stop_grace_s = -1\ncolour = "red"\n')
    assert len(problems(path, {"HELIOGRAPH_JWT_MINUTES": "0", "HELIOGRAPH_HTTP_LISTEM": "x"})) == 4


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == (f"{tmp_path}/none.toml cannot be read: No such file or directory",)


def test_an_unknown_variable_is_refused_with_the_nearest_known_one() -> None:
    assert problems(None, {"HELIOGRAPH_HTTP_LISTEM": ":1"}) == (
        "HELIOGRAPH_HTTP_LISTEM (environment) is not a setting; did you mean HELIOGRAPH_HTTP_LISTEN?",
    )


def test_what_kubernetes_says_about_a_service_named_heliograph_is_not_taken_for_settings() -> None:
    told = {
        "HELIOGRAPH_SERVICE_HOST": "10.0.0.1",
        "HELIOGRAPH_SERVICE_PORT": "8080",
        "HELIOGRAPH_SERVICE_PORT_HTTP": "8080",
        "HELIOGRAPH_PORT": "tcp://10.0.0.1:8080",
        "HELIOGRAPH_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert Config.load(None, told) == Config()


@pytest.mark.parametrize(
    "url", ["postgresql://helio:hunter2@db/sms", "postgres://helio:a:hunter2@@db", "postgresql://db/sms?password=hunter2&x=y"]
)
def test_the_password_of_the_database_is_never_shown(url: str) -> None:
    config = Config.load(None, {"HELIOGRAPH_DATABASE": url})
    assert config.database == url
    assert "hunter2" not in str(config.shown())
    assert "***" in str(config.shown())
    assert "hunter2" not in str(problems(None, {"HELIOGRAPH_DATABASE": url + " "}))


def test_no_two_settings_share_a_variable() -> None:
    assert len({one.variable for one in SETTINGS.values()}) == len(SETTINGS)


def test_the_settings_page_says_every_setting_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python tools/settings_page.py"


def test_links_stand_in_the_file_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text('data_dir = "x"\n[link.SMSC]\nhost = "h"\nsystem_id = "s"\nwindow = 5\n')
    assert Config.load(file, {}).links == {"SMSC": {"host": "h", "system_id": "s", "window": 5}}
    file.write_text('link = "SMSC"\n')
    with pytest.raises(ConfigError, match=r"\[link.NAME\]"):
        Config.load(file, {})
