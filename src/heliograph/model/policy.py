"""The service policy's decision: one pure function that answers Allowed or the Problem that names the rule."""

import msgspec

from heliograph.model.device import Subscriber
from heliograph.model.ids import CallbackId, PolicyId
from heliograph.model.message import TrafficClass
from heliograph.model.policy_settings import PolicySettings
from heliograph.model.problem import Problem


class Policy(msgspec.Struct, frozen=True):
    """What a service policy says. The webhook is its callback, signed where there is a secret."""

    policy_id: PolicyId
    mt: bool = True
    mo: bool = True
    a2p: bool = True
    p2p_internal: bool = True
    p2p_external: bool = True
    esme_interface_type_id: int = 1
    callback_id: CallbackId | None = None
    secret_id: int | None = None
    apply_sms_quota: bool = False
    settings: PolicySettings = PolicySettings()


class Side(msgspec.Struct, frozen=True):
    """One end of a message that is a device of ours: who, under which policy, and how much it used this month (segments)."""

    subscriber: Subscriber
    policy: Policy
    mt_used: int = 0
    mo_used: int = 0


class Question(msgspec.Struct, frozen=True):
    """May this message pass? `sender` and `receiver` are None where that end is no device of ours."""

    traffic_class: TrafficClass
    sender: Side | None
    receiver: Side | None
    source: str
    destination: str
    segments: int
    now_ms: int


class Allowed(msgspec.Struct, frozen=True):
    """It may. `counted`: which counters it uses up, as (mt or mo, device) per side is decided by the class."""

    rule: str


def decide(question: Question) -> Allowed | Problem:
    """Answer for one message. The first release allows all; the rules of the classes, limits and quotas take their place here."""
    return Allowed("allowed: no policy limits SMS yet")
