"""The table of mobile networks is well formed."""

from heliograph.model import mobile_network
from heliograph.model.mobile_network import COUNTRIES, NETWORKS


def test_every_country_has_its_codes_and_a_network() -> None:
    assert all(
        len(country.mcc) == 3 and len(country.iso) == 2 and country.iso.islower() and country.calling_code.isdigit()
        for country in COUNTRIES.values()
    )
    assert {network.country.mcc for network in NETWORKS.values()} == set(COUNTRIES)


def test_every_network_is_found_by_its_id_which_says_mcc_and_mnc() -> None:
    assert all(network.id == key and len(network.mnc) in (2, 3) and network.name for key, network in NETWORKS.items())
    telekom = NETWORKS[262_001]
    assert (telekom.country.name, telekom.mnc, telekom.name) == ("Germany", "01", "Telekom")


def test_no_network_stands_twice() -> None:
    assert len(NETWORKS) == len(mobile_network._cells(mobile_network._NETWORKS)), "an id that comes twice hides a network"
