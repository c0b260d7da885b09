"""Mobile networks of the world that SIMs roam in ("operator" in the compatible API), by MCC and MNC (ITU-T E.212).

A choice of the large ones, so that clients which list and blacklist operators have something true to work with. Heliograph stands outside
the network core and steers no SIM: a blacklist is kept for those who read it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Country:
    """A country by its mobile country code. `iso`: ISO 3166-1 alpha-2, lower case; `calling_code`: ITU-T E.164."""

    mcc: str
    name: str
    iso: str
    calling_code: str

    @property
    def id(self) -> int:
        return int(self.mcc)


@dataclass(frozen=True, slots=True)
class MobileNetwork:
    """One network. Its id is MCC and MNC read as one number, so it never changes."""

    country: Country
    mnc: str
    name: str

    @property
    def id(self) -> int:
        return int(self.country.mcc) * 1000 + int(self.mnc)


_COUNTRIES = """
202 Greece gr 30|204 Netherlands nl 31|206 Belgium be 32|208 France fr 33|214 Spain es 34|216 Hungary hu 36|219 Croatia hr 385
222 Italy it 39|226 Romania ro 40|228 Switzerland ch 41|230 Czechia cz 420|231 Slovakia sk 421|232 Austria at 43
234 United Kingdom gb 44|238 Denmark dk 45|240 Sweden se 46|242 Norway no 47|244 Finland fi 358|246 Lithuania lt 370|247 Latvia lv 371
248 Estonia ee 372|250 Russia ru 7|255 Ukraine ua 380|260 Poland pl 48|262 Germany de 49|268 Portugal pt 351|270 Luxembourg lu 352
272 Ireland ie 353|284 Bulgaria bg 359|286 Türkiye tr 90|302 Canada ca 1|310 United States us 1|334 Mexico mx 52|404 India in 91
424 United Arab Emirates ae 971|425 Israel il 972|440 Japan jp 81|450 South Korea kr 82|460 China cn 86|505 Australia au 61
510 Indonesia id 62|525 Singapore sg 65|530 New Zealand nz 64|602 Egypt eg 20|621 Nigeria ng 234|639 Kenya ke 254
655 South Africa za 27|722 Argentina ar 54|724 Brazil br 55|730 Chile cl 56
"""
_NETWORKS = """
202 01 Cosmote|202 05 Vodafone|202 10 Nova|204 04 Vodafone|204 08 KPN|204 16 Odido|206 01 Proximus|206 10 Orange|206 20 Base
208 01 Orange|208 10 SFR|208 15 Free|208 20 Bouygues Telecom|214 01 Vodafone|214 03 Orange|214 04 Yoigo|214 07 Movistar|216 01 Yettel
216 30 Telekom|216 70 One|219 01 Hrvatski Telekom|219 02 Telemach|219 10 A1|222 01 TIM|222 10 Vodafone|222 50 Iliad|222 88 WindTre
226 01 Vodafone|226 03 Telekom|226 05 Digi|226 10 Orange|228 01 Swisscom|228 02 Sunrise|228 03 Salt|230 01 T-Mobile|230 02 O2
230 03 Vodafone|231 01 Orange|231 02 Telekom|231 06 O2|232 01 A1|232 03 Magenta|232 05 Drei|234 10 O2|234 15 Vodafone|234 20 Three
234 30 EE|238 01 TDC|238 02 Telenor|238 06 3|238 20 Telia|240 01 Telia|240 02 3|240 07 Tele2|240 08 Telenor|242 01 Telenor|242 02 Telia
242 14 Ice|244 05 Elisa|244 12 DNA|244 91 Telia|246 01 Telia|246 02 Bite|246 03 Tele2|247 01 LMT|247 02 Tele2|247 05 Bite|248 01 Telia
248 02 Elisa|248 03 Tele2|250 01 MTS|250 02 MegaFon|250 99 Beeline|255 01 Vodafone|255 03 Kyivstar|255 06 lifecell|260 01 Plus
260 02 T-Mobile|260 03 Orange|260 06 Play|262 01 Telekom|262 02 Vodafone|262 03 O2|268 01 Vodafone|268 03 NOS|268 06 MEO|270 01 POST
270 77 Tango|270 99 Orange|272 01 Vodafone|272 03 Eir|272 05 Three|284 01 A1|284 03 Vivacom|284 05 Yettel|286 01 Turkcell|286 02 Vodafone
286 03 Türk Telekom|302 220 Telus|302 610 Bell|302 720 Rogers|310 260 T-Mobile|310 410 AT&T|334 020 Telcel|404 10 Airtel Delhi
404 20 Vi Mumbai|424 02 Etisalat|424 03 du|425 01 Partner|425 02 Cellcom|425 03 Pelephone|440 10 NTT Docomo|440 20 SoftBank|440 50 KDDI
450 05 SK Telecom|450 06 LG U+|450 08 KT|460 00 China Mobile|460 01 China Unicom|460 11 China Telecom|505 01 Telstra|505 02 Optus
505 03 Vodafone|510 01 Indosat|510 10 Telkomsel|510 11 XL|525 01 Singtel|525 03 M1|525 05 StarHub|530 01 One NZ|530 05 Spark
530 24 2degrees|602 01 Orange|602 02 Vodafone|602 03 Etisalat|621 20 Airtel|621 30 MTN|621 50 Glo|639 02 Safaricom|639 03 Airtel
655 01 Vodacom|655 07 Cell C|655 10 MTN|722 07 Movistar|722 34 Personal|724 05 Claro|724 06 Vivo|730 01 Entel|730 02 Movistar
"""


def _cells(table: str) -> list[str]:
    return [cell for line in table.split("\n") for cell in line.split("|") if cell]


def _country(cell: str) -> Country:
    mcc, rest = cell.split(" ", 1)
    name, iso, calling_code = rest.rsplit(" ", 2)
    return Country(mcc, name, iso, calling_code)


def _network(cell: str) -> MobileNetwork:
    mcc, mnc, name = cell.split(" ", 2)
    return MobileNetwork(COUNTRIES[mcc], mnc, name)


COUNTRIES: Final = {country.mcc: country for country in map(_country, _cells(_COUNTRIES))}
NETWORKS: Final = {network.id: network for network in map(_network, _cells(_NETWORKS))}
