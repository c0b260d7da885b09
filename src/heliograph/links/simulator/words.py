"""The settings of a simulator link in words, for the form of the portal and for docs/links.md."""

from typing import Final

from heliograph.links.form import Part, Word, form_of
from heliograph.links.simulator.settings import SimulatorSettings

WORDS: Final = (
    Part(
        "The network it plays",
        Word("delivery", "Delivery", "`live`: its answer is the device's; `stored`: it takes an SMS at once and reports by a receipt"),
        Word("numbers", "Numbers", "numbers, or prefixes with `*`, that lead to the application"),
        Word("number_space", "Number space", "in which its numbers are looked up, where two networks number their SIMs alike"),
        Word("window", "Window", "segments that may be under way"),
        Word("delay_ms", "Delay", "milliseconds until it answers"),
        Word("jitter_ms", "Jitter", "milliseconds more, by chance"),
        Word("receipt_delay_ms", "Receipts after", "milliseconds, where delivery is stored"),
        Word("receipt_grace_s", "Grace", "seconds after its validity for which a receipt is waited for"),
        Word("returns_after_s", "Away for", "seconds until a device that is absent at first comes back"),
        is_usual=True,
    ),
    Part(
        "Its devices",
        Word("behaviours", "Behaviours", "by MSISDN; a number that is not listed delivers", heads=("number", "behaviour")),
        is_usual=True,
    ),
    Part(
        "Errors",
        Word("error_rates", "Error rates", "of all submits, the share that ends so: 0.05 is one in twenty", heads=("error", "share")),
        Word("seed", "Seed", "from which chance starts, so that a run can be had again"),
        Word(
            "on_unknown",
            "When nobody knows",
            "whether a segment was taken: `wait` for a receipt, `retry`, `fail`",
            "`wait` if stored, `retry` if live",
        ),
        Word("received_log", "Log of what was received", "a file that gets a line for each segment a device received"),
        Word("network_log", "Memory of the network", "a file in which a stored network keeps what it owes over a restart"),
    ),
)

FORM: Final = form_of(SimulatorSettings, WORDS)
