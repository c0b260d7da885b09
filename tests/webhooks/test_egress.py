"""Which URLs and addresses may be called."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.problem import Code
from heliograph.webhooks.egress import BLOCKED, LOOPBACK, EgressPolicy, Target, blocked, check_url, parse_target

PUBLIC = EgressPolicy()
ANY_PORT = EgressPolicy(ports=None)

# What attackers write to reach the inside, by kind. All are refused by the default policy.
HOSTILE_TEXT = """
http://127.0.0.1/ http://127.1/ http://127.0.1/ http://127.255.255.254/ http://0/ http://0.0.0.0/ http://0.1.2.3/
http://2130706433/ http://017700000001/ http://0x7f000001/ http://0x7f.0x0.0x0.0x1/ http://0x7f.1/ http://0177.0.0.1/ http://0177.1/
http://127.0.0.01/ http://127.0.0.1./ http://127.0.0.256/ http://1.2.3/ http://4294967297/ http://0x/ http://1.2.3.0x4/ http://a.0x7f/
http://00000177.0.0.1/ http://127.0.0.1:80@example.com/ http://127.0.0.1%00.example.com/ http://127%2e0%2e0%2e1/ http://127。0。0。1/
http://①②⑦.⓪.⓪.①/ http://１２７.0.0.1/ http://[::1]/ http://[::]/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/ http://[::ffff:a9fe:a9fe]/ http://[::127.0.0.1]/ http://[64:ff9b::7f00:1]/ http://[64:ff9b:1::a00:1]/
http://[2002:7f00:1::]/ http://[2002:a9fe:a9fe::1]/ http://[2001:0:7f00:1::]/ http://[fe80::1]/ http://[fe80::1%25eth0]/ http://[fe80::1%eth0]/
http://[fc00::1]/ http://[fd00:ec2::254]/latest/meta-data http://[fec0::1]/ http://[ff02::1]/ http://[2001:db8::1]/ http://[3fff::1]/
http://[5f00::1]/ http://[100::1]/ http://[4000::1]/ http://[v1.fe80::1]/ http://[::1/ http://::1/ http://[127.0.0.1]/ http://[]/
http://10.0.0.1/ http://10.255.255.255/ http://172.16.0.1/ http://172.31.255.254/ http://192.168.1.1/ http://100.64.0.1/
http://100.100.100.200/ http://169.254.169.254/latest/meta-data http://169.254.170.2/ http://192.0.0.192/ http://192.0.2.1/
http://192.88.99.1/ http://198.18.0.1/ http://198.51.100.1/ http://203.0.113.1/ http://224.0.0.1/ http://239.255.255.255/
http://240.0.0.1/ http://255.255.255.255/ https://user@example.com/ https://user:password@example.com/ https://:@example.com/ https://@example.com/
https://example.com@127.0.0.1/ https://example.com\\@127.0.0.1/ https:\\\\127.0.0.1/ https:///127.0.0.1/ https:example.com
https:/example.com //example.com/ example.com /hook ftp://example.com/ file:///etc/passwd gopher://127.0.0.1:6379/_FLUSHALL dict://127.0.0.1:11211/stat
javascript:alert(1) ldap://example.com/ ws://example.com/ unix:/var/run/docker.sock http+unix://%2Fvar%2Frun/ https://example.com:22/
https://example.com:25/ http://example.com:6379/ http://example.com:0/ http://example.com:65536/ http://example.com:99999999/
http://example.com:-80/ http://example.com:80:80/ http://example.com:0x50/ http://example.com:８０/ http://example.com:/%0d:1/
http://example.com:80a/ http://example.com#@127.0.0.1/ http://example.com/#x http://.example.com/ http://example..com/ http://example.com./
http://-example.com/ http://example-.com/ http://exa%6dple.com/ http://exa*mple.com/ http://exämple.com/ http:// https://? https://:443/
"""
HOSTILE = [
    *HOSTILE_TEXT.split(),
    "http://example.com/\r\nX-Evil: 1", "http://example.com/ x", "http://exam ple.com/", "\thttp://example.com/", "http://example.com/\x00",
    "http://example.com\n@127.0.0.1/", "http://exam\tple.com/", " http://example.com/", "http://example.com/\x7f", "",
    "http://" + "a" * 64 + ".com/", "http://" + "a." * 127 + "com/", "http://example.com/" + "a" * 2048,
]  # fmt: skip
HOSTILE += [url.replace("http://", "https://", 1) for url in HOSTILE if url.startswith("http://") and url != "http://"]
"""By TLS too: it is the host that refuses, whatever is spoken with it."""

FRIENDLY_TEXT = """
https://example.com/ http://example.com https://example.com:443/a/b?c=d&e=%20 http://example.com:80/ http://example.com:8080/ https://EXAMPLE.com:8443/
HTTPS://example.com/ https://xn--exmple-cua.com/ https://a_b.example.com/ https://hooks.zapier.com/hooks/catch/1/abc/ https://intranet/x
http://93.184.215.14/ http://8.8.8.8:8080/ https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x https://1.example.com/ https://example.1a/
https://example.com?x=1 https://example.com/@me https://example.com/a:b https://172.32.0.1/ https://11.0.0.1/ https://0x7f.example.com/
"""
FRIENDLY = FRIENDLY_TEXT.split()

# Names and networks whose fate `ipaddress.is_global` of Python 3.11 gets wrong, and the borders of the ranges.
BORDERS = {
    "9.255.255.255": True, "11.0.0.0": True, "100.63.255.255": True, "100.128.0.0": True, "126.255.255.255": True, "128.0.0.0": True,
    "169.253.255.255": True, "169.255.0.0": True, "172.15.255.255": True, "172.32.0.0": True, "192.167.255.255": True, "192.169.0.0": True,
    "198.17.255.255": True, "198.20.0.0": True, "223.255.255.255": True, "224.0.0.0": False, "192.0.1.0": True, "192.0.0.255": False,
    "2000::": True, "1fff:ffff::": False, "3ffe::1": True, "3fff:1000::": True, "3fff:fff::": False, "2001:200::": True,
    "2001:1ff::": False, "2003::": True, "2002::": False, "64:ff9b::7f00:1": False, "fec0::1": False, "4000::": False,
    "2001:db7::": True, "2001:db9::": True,
}  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused(url: str) -> None:
    problem = check_url(url, PUBLIC)
    assert problem is not None
    assert (problem.code, problem.field) == (Code.INVALID, "url")
    assert problem.text.endswith(".")


def test_the_table_of_hostile_urls_is_long_and_without_repeats() -> None:
    assert len(HOSTILE) >= 60
    assert len(set(HOSTILE)) == len(HOSTILE)


# On any port, so that it is the host which refuses them.
@pytest.mark.parametrize("url", [url for url in HOSTILE if "example.com:" not in url])
def test_a_hostile_host_is_refused_on_any_port(url: str) -> None:
    assert check_url(url, ANY_PORT) is not None


@pytest.mark.parametrize("url", FRIENDLY)
def test_an_ordinary_url_is_allowed(url: str) -> None:
    assert check_url(url, PUBLIC) is None


def test_a_target_has_what_libcurl_sees() -> None:
    target = parse_target("HTTPS://Hooks.Example.com/a", PUBLIC)
    assert target == Target("https://hooks.example.com 443", "hooks.example.com", 443, None)
    six = parse_target("http://[2606:2800:21F:0::1]:8080", PUBLIC)
    assert six == Target("http://2606:2800:21f::1 8080", "2606:2800:21f::1", 8080, ipaddress.ip_address("2606:2800:21f::1"))


@pytest.mark.parametrize(("address", "is_allowed"), BORDERS.items())
def test_ranges_end_where_their_registry_says(address: str, is_allowed: bool) -> None:
    assert (blocked(ipaddress.ip_address(address), PUBLIC) is None) == is_allowed


@pytest.mark.parametrize("network", [network for network, _ in BLOCKED], ids=str)
def test_the_first_and_the_last_address_of_a_blocked_range_are_blocked(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    assert blocked(network[0], PUBLIC)
    assert blocked(network[-1], PUBLIC)


def test_a_refusal_names_the_address_and_its_kind() -> None:
    assert blocked(ipaddress.ip_address("169.254.169.254"), PUBLIC) == "169.254.169.254 may not be called: link-local, cloud metadata"


@given(st.ip_addresses(v=6))
def test_outside_global_unicast_no_ipv6_address_is_allowed(address: ipaddress.IPv6Address) -> None:
    assert address in ipaddress.ip_network("2000::/3") or blocked(address, PUBLIC)


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_private_is_blocked(address: ipaddress.IPv4Address) -> None:
    assert not (address.is_private or address.is_multicast or address.is_reserved or address.is_link_local) or blocked(address, PUBLIC)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_ipv6_is_blocked_whatever_it_is(address: ipaddress.IPv4Address) -> None:
    for form in (f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}"):
        assert blocked(ipaddress.ip_address(form), LOOPBACK if not address.is_loopback else PUBLIC) or form == "::0.0.0.1"


@given(st.text(max_size=60) | st.from_regex(r"https?://[\[\]0-9a-fx.:@\\%#/?]{0,40}", fullmatch=True))
def test_no_text_breaks_the_check(url: str) -> None:
    check_url(url, ANY_PORT)


def test_an_operator_opens_exactly_the_networks_that_are_named() -> None:
    policy = EgressPolicy((ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00:1::/32")))
    assert check_url("http://10.20.255.255/", policy) is None
    assert check_url("http://[fd00:1::5]/", policy) is None
    for url in ("http://10.21.0.1/", "http://10.19.255.255/", "http://[fd00:2::5]/", "http://[::ffff:10.20.0.1]/", "http://10.20.0.1:22/"):
        assert check_url(url, policy) is not None


def test_try_mode_opens_this_machine_on_any_port_and_nothing_else() -> None:
    assert check_url("http://127.0.0.1:9000/", LOOPBACK) is None
    assert check_url("http://[::1]:1/", LOOPBACK) is None
    for url in ("http://10.0.0.1:9000/", "http://169.254.169.254/", "http://[::ffff:127.0.0.1]:9000/", "http://0.0.0.0:9000/"):
        assert check_url(url, LOOPBACK) is not None


def test_ports_are_those_configured() -> None:
    policy = EgressPolicy(ports=frozenset({9443}))
    assert check_url("https://example.com:9443/", policy) is None
    problem = check_url("https://example.com/", policy)
    assert problem is not None
    assert problem.text == "Port 443 may not be called; allowed: 9443 (webhooks.ports)."
