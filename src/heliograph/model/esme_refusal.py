"""Why an application was refused over SMPP, as the operator is told: what it was, and what to do about it.

A reason is one of `Why`, or, for a request of a bound session, the rule that refused it (`problem.Code`) or the name of a command_status.
"""

from enum import StrEnum
from typing import Final

from heliograph.model.problem import Code

BIND: Final = "bind"
"""The request that is refused before anybody is bound; else it is the name of a PDU."""
NOBODY: Final = ""
"""The system_id of refusals that concern no account: those of all who named none that there is."""


class Why(StrEnum):
    """Why a bind was refused, or a connection before it."""

    NO_ACCOUNT = "no_account"
    WRONG = "wrong_password"
    LENGTH = "password_length"
    DISABLED = "disabled"
    ADDRESS = "address_not_allowed"
    TOO_MANY_BINDS = "too_many_binds"
    TOO_MANY_TRIES = "too_many_tries"
    CHANGED = "account_changed"
    ALREADY_BOUND = "already_bound"
    NOT_BOUND = "not_bound"
    TLS = "tls_on_plain_port"
    PLAIN = "plain_on_tls_port"
    HANDSHAKE = "tls_failed"
    NOT_SMPP = "not_smpp"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown_request"
    CONNECTIONS = "too_many_connections"


WORDS: Final[dict[str, tuple[str, str]]] = {
    Why.NO_ACCOUNT: ("there is no such account", "compare the system_id with the list of accounts: pol_<id> or org_<id>"),
    Why.WRONG: ("the password is wrong", "give the application its password again, or make a new one"),
    Why.LENGTH: ("the password has not eight characters, as all of ours have", "look whether it was cut, or copied with a space"),
    Why.DISABLED: ("the account is disabled", "switch it on"),
    Why.ADDRESS: ("its allowed addresses do not have this one", "add the address to allowed_addresses, if it is the application's"),
    Why.TOO_MANY_BINDS: ("it has all the sessions it may", "end sessions of the application that are not used, or raise max_binds"),
    Why.TOO_MANY_TRIES: ("too many binds waited to be checked", "somebody guesses, or all bind at once: look from which address"),
    Why.CHANGED: ("the account was changed meanwhile", "nothing: the application binds again"),
    Why.ALREADY_BOUND: ("its session was bound already", "one bind a connection: open another for another bind"),
    Why.NOT_BOUND: ("it asked for something before it was bound as needed", "bind first, and to send as transmitter or transceiver"),
    Why.TLS: ("it spoke TLS to the port without", "use the port of smpp.tls_listen, or switch TLS off in the application"),
    Why.PLAIN: ("it spoke without TLS to the port with", "use the port of smpp.listen, or switch TLS on in the application"),
    Why.HANDSHAKE: (
        "TLS could not be agreed on",
        "UNKNOWN_CA: have the application trust our certificate; else look at its version of TLS",
    ),
    Why.NOT_SMPP: ("what it sent is no SMPP", "look what is at that address: a scan, a health check, or another protocol"),
    Why.UNREADABLE: ("it sent a PDU that cannot be read", "have the application's developer look at what is wrong with it"),
    Why.UNKNOWN: ("there is no such request here", "docs/smpp.md says what is served"),
    Why.CONNECTIONS: ("there were as many connections as are taken", "look who holds them, or raise smpp.connections_max"),
    Code.NOT_A_DEVICE: ("no device of the account has the number", "an account of a policy texts that policy's devices alone"),
    Code.NO_ROUTE: ("no link takes the SMS", "look at the routes and whether the device's link is there"),
    Code.NO_SIM: ("the device has no SIM", "give it one"),
    Code.SIM_NOT_ACTIVE: ("the SIM of the device is not activated", "activate it"),
    Code.DEVICE_DISABLED: ("the device is disabled", "enable it"),
    Code.MT_OFF: ("the service policy has MT off", "switch MT on in the policy"),
    Code.A2P_OFF: ("the service policy has A2P off", "switch A2P on in the policy"),
    Code.MT_LIMIT: ("the month's limit of the policy is used up", "raise it, or wait for the next month"),
    Code.ORGANISATION_LIMIT: ("the month's limit of the organisation is used up", "the operator raises it, or wait for the next month"),
    Code.QUOTA: ("the device's quota is used up or over", "add volume"),
    Code.LOOP: ("the same message came a third time within a minute", "find out who sends it again"),
    Code.UNAVAILABLE: ("the database did not confirm", "look at /health/ready and the log"),
    "RTHROTTLED": ("more than its window or its rate", "have it wait for answers; or raise window or rate of the account"),
    "RINVMSGLEN": (
        "the text has no room as it was cut, or is none in its data_coding",
        "send it whole in message_payload, or in parts cut for UCS-2: docs/smpp.md, Long texts",
    ),
    "RINVSRCADR": ("the sender is no number, and no name that can be one", "a number, or up to 11 characters with TON 5"),
    "RINVDSTADR": ("the destination is no number", "the MSISDN or the alias of a device"),
    "RINVEXPIRY": ("validity_period cannot be kept", "one minute to 7 days, absolute or relative"),
    "RINVSCHED": ("schedule_delivery_time cannot be kept", "a time to come, absolute or relative"),
    "RINVSUBREP": ("replace_if_present is not served", "use replace_sm with the id of the message"),
    "RINVESMCLASS": ("esm_class and the text do not fit", "look whether the text begins with a user data header"),
    "RINVDFTMSGID": ("there are no predefined messages", "send the text"),
    "RINVDLNAME": ("there are no distribution lists", "name the addresses"),
    "RINVMSGID": ("it gave no id of a message", "give the id that the submit was answered with"),
    Code.NOT_FOUND: ("the account sent no message with that id", "give the id that the submit was answered with"),
}
"""By reason: what it was, and what to do."""


def words_of(reason: str) -> str:
    """What a reason is, in plain words; its own name where there are none."""
    return WORDS.get(reason, (reason.replace("_", " "), ""))[0]


def remedy_of(reason: str) -> str:
    """What to do about it."""
    return WORDS.get(reason, ("", "see the table of errors in docs/smpp.md"))[1]
