"""Every call that emnify's Python SDK 0.5.3 has, made by the SDK itself, unchanged; run by `test_emnify_sdk.py` where the SDK is installed.

usage: emnify_sdk_calls.py APPLICATION_TOKEN WORLD
WORLD: JSON with `device_id` (simulated, delivers), `sims` (ids of free SIMs, issued), `bic` of a batch of SIMs.
Prints one JSON object: the name of each claim, and null or the trace of its failure. EMNIFY_SDK_API_ENDPOINT_URL says where.

The claims are the functions named `the_sdk_...`, run in the order in which they stand.
"""

import json
import sys
import time
import traceback

from emnify import EMnify
from emnify.constants import DeviceSort, SimSort
from emnify.errors import UnauthorisedException, ValidationErrorException

DELIVERED_WITHIN_S = 3.0


def the_sdk_authenticates_at_its_first_call_with_bearer_none(world):
    assert world.emnify.token is None
    next(iter(world.emnify.devices.get_devices_list()))
    assert world.emnify.token.count(".") == 2


def the_sdk_is_told_that_an_application_token_is_wrong(world):
    try:
        list(EMnify("hgt_wrong").devices.get_devices_list())
    except UnauthorisedException:
        return
    raise AssertionError("a wrong token was taken")


def the_sdk_lists_all_devices(world):
    devices = list(world.emnify.devices.get_devices_list())
    assert world.device_id in [device.id for device in devices]
    assert all(device.service_profile.id and device.tariff_profile.id for device in devices)


def the_sdk_filters_devices_by_each_field_it_knows(world):
    model = world.emnify.devices.get_device_filter_model
    one = world.emnify.devices.retrieve_device(world.device_id)
    for name, value in {
        "status": 0,
        "name": one.name[:5],
        "tags": one.tags,
        "imei": one.imei,
        "sim_status": 1,
        "created": one.created,
    }.items():
        found = list(world.emnify.devices.get_devices_list(filter_model=model(**{name: value})))
        assert world.device_id in [device.id for device in found], (name, value)
    assert list(world.emnify.devices.get_devices_list(filter_model=model(name="no device is called so"))) == []


def the_sdk_sorts_devices_by_each_member_of_its_enumeration(world):
    for member in DeviceSort:
        assert list(world.emnify.devices.get_devices_list(sort_enum=member)), member
    names = [device.name.lower() for device in world.emnify.devices.get_devices_list(sort_enum=DeviceSort.NAME)]
    assert names == sorted(names)


def the_sdk_retrieves_a_device_with_its_sim(world):
    device = world.emnify.devices.retrieve_device(world.device_id)
    assert device.id == world.device_id
    assert device.sim.iccid
    assert device.sim.status.description == "Activated"


def the_sdk_creates_a_device(world):
    devices = world.emnify.devices
    world.new_id = devices.create_device(devices.device_create_model(**world.device("Made by the SDK", status={"id": 0})))
    made = devices.retrieve_device(world.new_id)
    assert (made.name, made.status.description) == ("Made by the SDK", "Disabled"), "the SDK makes it disabled where it has no SIM"


def the_sdk_creates_a_device_with_a_sim_that_is_activated(world):
    devices = world.emnify.devices
    wanted = world.device("With a SIM", status={"id": 0}, sim={"id": world.sims[0], "status": {"id": 1}})
    device_id = devices.create_device(devices.device_create_model(**wanted))
    made = devices.retrieve_device(device_id)
    assert (made.status.description, made.sim.id, made.sim.status.description) == ("Enabled", world.sims[0], "Activated")
    world.with_sim_id = device_id


def the_sdk_is_told_of_a_policy_that_does_not_exist(world):
    devices = world.emnify.devices
    try:
        devices.create_device(devices.device_create_model(**world.device("No", service_profile={"id": 99999999})))
    except ValidationErrorException as error:
        assert "Service profile with Id '99999999' not found." in str(error)
        return
    raise AssertionError("a device was made without a policy")


def the_sdk_updates_a_device(world):
    devices = world.emnify.devices
    assert devices.update_device(device_id=world.new_id, device=devices.device_update_model(name="Renamed", tags="a, b"))
    changed = devices.retrieve_device(world.new_id)
    assert (changed.name, changed.tags) == ("Renamed", "a, b")


def the_sdk_assigns_a_free_sim_and_releases_it(world):
    devices = world.emnify.devices
    devices.assign_sim(device_id=world.new_id, sim_id=world.sims[1])
    assert devices.retrieve_device(world.new_id).sim.id == world.sims[1]
    devices.release_sim(device_id=world.new_id)
    assert devices.retrieve_device(world.new_id).sim is None
    assert world.emnify.sim.retrieve_sim(world.sims[1]).status.description == "Suspended"


def the_sdk_disables_and_enables_a_device_with_its_sim(world):
    devices = world.emnify.devices
    devices.change_status(world.with_sim_id, disable=True)
    off = devices.retrieve_device(world.with_sim_id)
    assert (off.status.description, off.sim.status.description) == ("Disabled", "Suspended")
    devices.change_status(off, enable=True)
    on = devices.retrieve_device(world.with_sim_id)
    assert (on.status.description, on.sim.status.description) == ("Enabled", "Activated")
    devices.disable_device(world.with_sim_id)
    assert devices.retrieve_device(world.with_sim_id).status.description == "Disabled"


def the_sdk_sends_an_sms_and_sees_it_delivered(world):
    devices = world.emnify.devices
    sms = devices.sms_create_model(payload="hello from the SDK", source_address="SDK", source_address_type={"id": 208})
    assert devices.send_sms(device=world.device_id, sms=sms) is True
    deadline = time.monotonic() + DELIVERED_WITHIN_S
    while time.monotonic() < deadline:
        newest = next(iter(devices.get_device_sms_list(device=world.device_id)))
        if newest.status["description"] == "DELIVERED":
            break
        time.sleep(0.02)
    assert newest.payload == "hello from the SDK"
    assert newest.status == {"id": 4, "description": "DELIVERED"}
    assert (newest.source_address, newest.source_address_type["id"]) == ("SDK", 208)
    assert newest.final_date
    assert (newest.dcs, newest.pid, newest.retry_count) == (0, 0, "0")


def the_sdk_sends_an_sms_with_everything_it_can_say(world):
    devices = world.emnify.devices
    sms = devices.sms_create_model(
        payload="part one", source_address="12345", source_address_type={"id": 161}, expiry_date="2099-01-01", udh="050003CC0201", dcs=0
    )
    assert devices.send_sms(device=devices.retrieve_device(world.device_id), sms=sms) is True
    newest = next(iter(devices.get_device_sms_list(device=world.device_id)))
    assert (newest.udh.upper(), newest.source_address) == ("050003CC0201", "12345")


def the_sdk_is_told_why_an_sms_is_refused(world):
    devices = world.emnify.devices
    try:
        devices.send_sms(device=world.new_id, sms=devices.sms_create_model(payload="nobody hears this"))
    except ValidationErrorException as error:
        assert "1406" in str(error)
        assert "device_disabled" in str(error)
        return
    raise AssertionError("an SMS to a disabled device was taken")


def the_sdk_reads_the_events_of_a_device(world):
    events = list(world.emnify.devices.get_device_events_list(device=world.with_sim_id))
    assert {"SIM Assigned", "SIM activation", "SIM suspension", "Endpoint disabled"} <= {event.event_type.description for event in events}
    assert all(event.id and event.timestamp and event.organisation for event in events)
    assert list(world.emnify.devices.get_device_events_list(device=987654321)) == []


def the_sdk_reads_and_resets_the_connectivity_of_a_device(world):
    devices = world.emnify.devices
    assert devices.get_device_connectivity_status(world.device_id).status.description == "ATTACHED", "it has just taken an SMS"
    assert devices.get_device_connectivity_status(world.new_id).status.description == "OFFLINE"
    assert devices.reset_connectivity_network(world.device_id) is True
    assert devices.reset_connectivity_data(world.device_id) is True


def the_sdk_lists_operators_and_blacklists_one(world):
    devices = world.emnify.devices
    operators = list(world.emnify.operator.get_operators())
    chosen = operators[0]
    assert chosen.name
    assert chosen.country.name
    assert chosen.mnc[0].mnc
    assert list(devices.get_device_operator_blacklist(world.new_id)) == []
    assert devices.add_device_blacklist_operator(world.new_id, chosen.id) is True
    assert [operator.id for operator in devices.get_device_operator_blacklist(world.new_id)] == [chosen.id]
    refused(lambda: devices.add_device_blacklist_operator(world.new_id, chosen.id), "already blacklisted")
    assert devices.delete_device_blacklist_operator(world.new_id, chosen.id) is True
    refused(lambda: devices.delete_device_blacklist_operator(world.new_id, chosen.id), "not blacklisted")


def the_sdk_lists_sims_and_those_without_a_device(world):
    sim = world.emnify.sim
    every = {each.id for each in sim.get_sim_list()}
    free = {each.id for each in sim.get_sim_list(without_device=True)}
    assert set(world.sims) <= every
    assert world.sims[2] in free
    assert world.sims[0] not in free, "it is in a device"


def the_sdk_filters_sims_also_where_it_forgets_the_comma(world):
    sim = world.emnify.sim
    wanted = sim.retrieve_sim(world.sims[2])
    found = list(sim.get_sim_list(without_device=True, filter_model=sim.get_sim_filter_model(iccid=wanted.iccid)))
    assert [each.id for each in found] == [wanted.id]
    assert [each.id for each in sim.get_sim_list(filter_model=sim.get_sim_filter_model(imsi=wanted.imsi))] == [wanted.id]
    taken = sim.retrieve_sim(world.sims[0])
    assert list(sim.get_sim_list(without_device=True, filter_model=sim.get_sim_filter_model(iccid=taken.iccid))) == []


def the_sdk_sorts_sims_by_each_member_of_its_enumeration(world):
    for member in SimSort:
        assert list(world.emnify.sim.get_sim_list(sort_enum=member)), member


def the_sdk_activates_suspends_and_updates_a_sim(world):
    sim = world.emnify.sim
    assert sim.activate_sim(world.sims[2]) is True
    assert sim.retrieve_sim(world.sims[2]).status.description == "Activated"
    assert sim.suspend_sim(world.sims[2]) is True
    assert sim.retrieve_sim(world.sims[2]).status.description == "Suspended"
    assert sim.update_sim(world.sims[2], sim.get_sim_update_model(status={"id": 1})) is True
    assert sim.retrieve_sim(world.sims[2]).status.id == 1


def the_sdk_registers_a_batch_of_sims(world):
    registered = world.emnify.sim.register_sim(bic=world.bic)
    assert len(registered) == 2
    assert {world.emnify.sim.retrieve_sim(each.id).status.description for each in registered} == {"Activated"}
    refused(lambda: world.emnify.sim.register_sim(bic="no such batch"), "Invalid bic number")


def the_sdk_deletes_devices_with_and_without_a_sim(world):
    devices = world.emnify.devices
    assert devices.delete_device(world.new_id) is True
    assert devices.delete_device(world.with_sim_id) is True
    left = {device.id for device in devices.get_devices_list()}
    assert not left & {world.new_id, world.with_sim_id}
    refused(lambda: devices.retrieve_device(world.new_id), "not found")
    assert world.sims[0] in {each.id for each in world.emnify.sim.get_sim_list(without_device=True)}


class World:
    """What the claims share."""

    def __init__(self, application_token, given):
        self.emnify = EMnify(application_token)
        self.device_id, self.sims, self.bic = given["device_id"], given["sims"], given["bic"]
        self.new_id = self.with_sim_id = None

    def device(self, name, **more):
        known = self.emnify.devices.retrieve_device(self.device_id)
        return {"name": name, "status": {"id": 1}, "service_profile": known.service_profile, "tariff_profile": known.tariff_profile, **more}


def refused(call, text):
    try:
        call()
    except ValidationErrorException as error:
        assert text in str(error), error
        return
    raise AssertionError(f"not refused: {text}")


def main():
    world = World(sys.argv[1], json.loads(sys.argv[2]))
    results = {}
    for name, claim in list(globals().items()):
        if name.startswith("the_sdk_"):
            try:
                claim(world)
                results[name] = None
            except Exception:
                results[name] = traceback.format_exc()
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
