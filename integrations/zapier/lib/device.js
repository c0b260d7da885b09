// A device as Zaps see it: flat, every key always there.
import { call, serverAddress } from './server.js';
import { isoTime } from './values.js';

export const ENABLED = 0;
export const DISABLED = 1;

export const deviceFields = [
  { key: 'id', label: 'Device ID', type: 'integer', primary: true },
  { key: 'name', label: 'Device Name', type: 'string' },
  { key: 'status', label: 'Device Status', type: 'string' },
  { key: 'msisdn', label: 'Phone Number (MSISDN)', type: 'string' },
  { key: 'iccid', label: 'ICCID', type: 'string' },
  { key: 'imsi', label: 'IMSI', type: 'string' },
  { key: 'sim_status', label: 'SIM Status', type: 'string' },
  { key: 'imei', label: 'IMEI', type: 'string' },
  { key: 'tags', label: 'Tags', type: 'string' },
  { key: 'service_policy_id', label: 'Service Policy ID', type: 'integer' },
  { key: 'service_policy', label: 'Service Policy', type: 'string' },
  { key: 'created_at', label: 'Created At', type: 'datetime' },
  { key: 'link', label: 'Link to Device', type: 'string' },
];

export const deviceSample = {
  id: 101,
  name: 'Pump 7',
  status: 'Enabled',
  msisdn: '882285000000101',
  iccid: '8988228000000000101',
  imsi: '901280000000101',
  sim_status: 'Activated',
  imei: '352906000001012',
  tags: 'pump,north',
  service_policy_id: 3,
  service_policy: 'Pumps',
  created_at: '2026-11-02T09:30:00.000Z',
  link: 'https://sms.example.com/devices/101',
};

const deviceField = { key: 'device_id', label: 'Device', type: 'string', dynamic: 'device_list.id.label' };

/** The device field of an action: chosen from a dropdown, or found by a Find Device step before it. */
export const theDevice = { ...deviceField, required: true, search: 'find_device.id' };

/** The device field of a trigger, which no step is before. */
export const anyDevice = { ...deviceField, helpText: 'Left empty: every device.' };

/** A device of the API, as Zaps see it. */
export const deviceOf = (z, bundle, device) => ({
  id: device.id,
  name: device.name,
  status: device.status.description,
  msisdn: device.sim?.msisdn ?? null,
  iccid: device.sim?.iccid ?? null,
  imsi: device.sim?.imsi ?? null,
  sim_status: device.sim?.status.description ?? null,
  imei: device.imei,
  tags: device.tags,
  service_policy_id: device.service_profile.id,
  service_policy: device.service_profile.name,
  created_at: isoTime(device.created),
  link: `${serverAddress(z, bundle)}/devices/${device.id}`,
});

export const readDevice = async (z, bundle, id) => deviceOf(z, bundle, (await call(z, bundle, `/endpoint/${id}`)).data);

/** Change a device and read it back. */
export const changeDevice = async (z, bundle, id, change) => {
  await call(z, bundle, `/endpoint/${id}`, { method: 'PATCH', body: change });
  return readDevice(z, bundle, id);
};
