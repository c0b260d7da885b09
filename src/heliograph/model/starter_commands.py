"""Commands of common trackers, to start from, as the makers' public documentation has them; each family names its source.

Models and firmware differ: a device answers what it does not know with an error, or not at all.
"""

from typing import Final, NamedTuple


class Starter(NamedTuple):
    """A command of a family. `text`: with its places (`model/command.py`)."""

    name: str
    text: str
    description: str


class Family(NamedTuple):
    """Trackers that understand the same."""

    key: str
    name: str
    source: str
    commands: tuple[Starter, ...]


FAMILIES: Final = (
    Family(
        "teltonika",
        "Teltonika FMB, FMM, FMC",
        "https://wiki.teltonika-gps.com/view/Template:FMM_SMS/GPRS_Commands",
        (
            Starter("Teltonika: status", "{login?} {password:secret?} getstatus", "Modem, network, and how much data was sent."),
            Starter("Teltonika: position", "{login?} {password:secret?} ggps", "Where it is, with a link to a map."),
            Starter("Teltonika: version", "{login?} {password:secret?} getver", "Firmware, IMEI, modem, uptime."),
            Starter("Teltonika: set the APN", "{login?} {password:secret?} setparam 2001:{apn}", "The access point of its mobile data."),
            Starter(
                "Teltonika: set the server",
                "{login?} {password:secret?} setparam 2004:{server:host};2005:{port:number}",
                "Where it sends its records.",
            ),
            Starter("Teltonika: restart", "{login?} {password:secret?} cpureset", "It restarts and does not answer."),
        ),
    ),
    Family(
        "coban",
        "Coban 103, TK103 and the like",
        "https://manualshive.com/en/manual/rewire-security/103-rs/1449128",
        (
            Starter(
                "Coban: status", "check{password:secret}", "Power, battery, GPRS, GPS, APN and server. The password is 123456 at first."
            ),
            Starter("Coban: set the APN", "apn{password:secret} {apn}", "The access point of its mobile data."),
            Starter("Coban: set the server", "adminip{password:secret} {server:host} {port:number}", "Where it sends its positions."),
            Starter("Coban: restart", "reset{password:secret}", "GSM and GPS start anew."),
        ),
    ),
    Family(
        "queclink",
        "Queclink GL300",
        "https://manualshive.com/ru/manual/queclink/gl300/3595554 (GL300 @Track Air Interface Protocol, TRACGL300AN001)",
        (
            Starter(
                "Queclink: position", "AT+GTRTO={password:secret},1,,,,,,000F$", "Where it is. The password is the model's name at first."
            ),
            Starter("Queclink: settings", "AT+GTRTO={password:secret},2,,,,,,000F$", "All of its configuration."),
            Starter("Queclink: set the APN", "AT+GTBSI={password:secret},{apn},,,,,,,0002$", "The access point of its mobile data."),
            Starter("Queclink: restart", "AT+GTRTO={password:secret},3,,,,,,000F$", "It restarts."),
        ),
    ),
    Family(
        "topten",
        "TK102, TK310 of TopTen and the like",
        "https://manualshive.com/ru/manual/topten/tk310/1129963",
        (
            Starter("TK310: position", "W{password:secret},000", "Where it is. The password is 000000 at first."),
            Starter("TK310: report every so often", "W{password:secret},002,{minutes:number}", "Three digits; 000 ends it."),
        ),
    ),
    Family(
        "suntech",
        "Suntech ST910, ST940",
        "https://www.easymanua.ls/suntech/st940/manual",
        (Starter("Suntech: settings", "ST910;PRESET;{device_id:number}", "All parameters. The id is part of the IMEI, 6 or 9 digits."),),
    ),
)
BY_KEY: Final = {family.key: family for family in FAMILIES}
