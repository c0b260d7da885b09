"""The ends of a message as the rules see them, from the rows of the database."""

from functools import lru_cache

from heliograph.model.device import Subscriber
from heliograph.model.ids import CallbackId, DeviceId, OrganisationId, PolicyId, SimId
from heliograph.model.policy import NOTHING_COUNTED, Policy, Side, Tally
from heliograph.model.policy_settings import read
from heliograph.store.message import Party


def subscriber_of(party: Party) -> Subscriber:
    """The device with its SIM."""
    return Subscriber(
        DeviceId(party.device_id),
        OrganisationId(party.organisation_id),
        party.status,
        None if party.sim_id is None else SimId(party.sim_id),
        party.sim_status,
        party.msisdn,
        party.imsi,
    )


def policy_of(party: Party) -> Policy:
    """What its service policy says."""
    return _policy(
        party.policy_id,
        (party.mt, party.mo, party.sms_a2p, party.sms_p2p_int, party.sms_p2p_ext, party.apply_sms_quota),
        party.esme_interface_type_id,
        party.api_callback_id,
        party.api_secret_id,
        party.settings,
    )


def side_of(party: Party, tally: Tally = NOTHING_COUNTED) -> Side:
    """One end of a message, as `policy.decide` sees it."""
    return Side(subscriber_of(party), policy_of(party), tally)


@lru_cache(maxsize=4096)
def _policy(
    policy_id: int, switches: tuple[int, ...], interface: int, callback_id: int | None, secret_id: int | None, settings: str
) -> Policy:
    mt, mo, a2p, p2p_internal, p2p_external, apply_sms_quota = map(bool, switches)
    return Policy(
        PolicyId(policy_id),
        mt=mt,
        mo=mo,
        a2p=a2p,
        p2p_internal=p2p_internal,
        p2p_external=p2p_external,
        esme_interface_type_id=interface,
        callback_id=None if callback_id is None else CallbackId(callback_id),
        secret_id=secret_id,
        apply_sms_quota=apply_sms_quota,
        settings=read(settings),
    )
