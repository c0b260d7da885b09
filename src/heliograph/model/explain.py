"""What became of a message, in plain words: what an error means, and what to do about it. Read by the timeline, the portal and the docs."""

from typing import Final

from heliograph.model.link import ErrorClass
from heliograph.model.problem import Code

# what it means, what to do
ERRORS: Final[dict[ErrorClass, tuple[str, str]]] = {
    ErrorClass.THROTTLE: (
        "the network asks for fewer messages a second",
        "nothing: the link slows down by itself; where it lasts, the operator lowers the rate of the link",
    ),
    ErrorClass.LINK: (
        "the link could not pass it on",
        "nothing: it is tried again in seconds; where it lasts, the operator looks at the link",
    ),
    ErrorClass.DEVICE_ABSENT: (
        "the network cannot reach the device: it is off, out of coverage or not attached",
        "check power, coverage and the SIM of the device; it is tried again by itself, at once when the device is heard of",
    ),
    ErrorClass.DEVICE_BUSY: (
        "the device cannot take it: its memory for SMS is full, or it is busy",
        "have the device delete the SMS it has read; it is tried again by itself",
    ),
    ErrorClass.PERMANENT: (
        "the network refuses it for good",
        "check that the number is right, that the SIM may receive SMS, and that the source address is allowed",
    ),
    ErrorClass.FAULT: (
        "the link is not set up rightly: credentials or protocol",
        "the operator mends the settings of the link; what waits is sent then",
    ),
    ErrorClass.UNKNOWN: ("the network gives no reason that is known", "nothing: it is tried again by itself"),
}
UNANSWERED: Final = (
    "nobody knows whether the network took it",
    "nothing: it is tried again by itself where the link is set so, with the same reference; the device may get it twice",
)

# the code that ended or refused a message: what to do
ENDS: Final[dict[str, str]] = {
    "expired": "send it again, with a later expiry_date if the device sleeps for long",
    "no_receipt": "ask the device whether it came; where the network sends no receipts, the operator sets receipts = none on the link",
    "canceled": "nothing: it was asked for",
    "receipt_failed": "look up the error in the network's documentation; check the number and the SIM",
    "receipt_expired": "send it again, with a later expiry_date: the network gave up",
    "receipt_deleted": "ask the network why: it was deleted there",
    **{error_class.value: advice for error_class, (_, advice) in ERRORS.items()},
    Code.DEVICE_DISABLED: "enable the device",
    Code.SIM_NOT_ACTIVE: "activate the SIM",
    Code.NO_SIM: "assign a SIM with a number to the device",
    Code.NO_ROUTE: "the operator adds a route to phones, or sets may_return on the link the SMS came by",
    Code.NOT_A_DEVICE: "send to a device of the organisation: nothing else is relayed",
    Code.NO_RELAY: "nothing: SMS between two numbers that are no devices are not relayed",
    Code.LOOP: "find out which two devices answer each other",
    Code.MT_OFF: "switch MT on in the service policy of the device",
    Code.MO_OFF: "switch MO on in the service policy of the device",
    Code.A2P_OFF: "switch A2P on in the service policy of the device",
    Code.P2P_INTERNAL_OFF: "switch P2P internal on in the service policies of both devices",
    Code.P2P_EXTERNAL_OFF: "switch P2P external on in the service policy of the device",
    Code.SENDER_NOT_ALLOWED: "add the sender to the allow-list of the service policy",
    Code.P2P_RATE: "wait; where it is too little, the operator raises the rate",
    Code.MT_LIMIT: "raise the limit in the service policy, or wait for the next month",
    Code.MO_LIMIT: "raise the limit in the service policy, or wait for the next month",
    Code.ORGANISATION_LIMIT: "the operator raises the limit of the organisation, or it ends with the month",
    Code.QUOTA: "add volume to the SMS quota of the device, or set a new one",
    Code.QUOTA_NOT_SET: "set an SMS quota for the device, or switch the quota off in its service policy",
    Code.RECEIVER_REFUSES: "ask the owner of the number that was texted",
}


def advice_on(code: str | None) -> str | None:
    """What to do about a message that ended with `code`, where something can be said."""
    return None if code is None else ENDS.get(code)
