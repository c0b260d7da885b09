"""Expected failures, for a caller: a code, and a text that says what to do. Each face maps the codes by one table."""

from enum import StrEnum


class Code(StrEnum):
    """What went wrong. The value is the name that the portal, the timeline and the documentation use."""

    BAD_REQUEST = "bad_request"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    REQUIRED = "required"
    INVALID_FORMAT = "invalid_format"
    INVALID_QUERY = "invalid_query"
    INVALID_SORT = "invalid_sort"
    INVALID_REFERENCE = "invalid_reference"
    NOT_FOUND = "not_found"
    DUPLICATED = "duplicated"
    IN_USE = "in_use"
    NOT_ALLOWED = "not_allowed"
    KEY_REUSED = "key_reused"
    FORBIDDEN = "forbidden"
    INVALID_CREDENTIALS = "invalid_credentials"
    INVALID_TOKEN = "invalid_token"
    TOKEN_EXPIRED = "token_expired"
    LOCKED_OUT = "locked_out"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    # a send, or an inbound SMS, that a rule refuses
    DEVICE_DISABLED = "device_disabled"
    SIM_NOT_ACTIVE = "sim_not_active"
    NO_SIM = "no_sim"
    NO_ROUTE = "no_route"
    NOT_A_DEVICE = "not_a_device"
    NO_RELAY = "no_relay"
    LOOP = "loop"
    MT_OFF = "mt_off"
    MO_OFF = "mo_off"
    A2P_OFF = "a2p_off"
    P2P_INTERNAL_OFF = "p2p_internal_off"
    P2P_EXTERNAL_OFF = "p2p_external_off"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    P2P_RATE = "p2p_rate"
    MT_LIMIT = "mt_limit"
    MO_LIMIT = "mo_limit"
    ORGANISATION_LIMIT = "organisation_limit"
    QUOTA = "quota"
    QUOTA_NOT_SET = "quota_not_set"
    RECEIVER_REFUSES = "receiver_refuses"
    NOT_SUPPORTED = "not_supported"
    # a cancel that comes too late
    ALREADY_FINAL = "already_final"
    ON_ITS_WAY = "on_its_way"
    HANDED_OVER = "handed_over"


class Problem(Exception):
    """Refuses what a caller asked for. `text` is for people; `field` names the input at fault; `parts` are problems of single fields."""

    def __init__(self, code: Code, text: str, *, field: str | None = None, parts: tuple["Problem", ...] = ()) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.field = field
        self.parts = parts

    def __repr__(self) -> str:
        return f"Problem({self.code.value!r}, {self.text!r})"
