import { hookTrigger } from '../lib/hook.js';
import { serverAddress } from '../lib/server.js';

const FIRST_CONTACT = 'first_contact';
const REACHABLE = 'device.reachable';

const EVENTS = {
  [FIRST_CONTACT]: 'First Contact: Heard of for the First Time',
  [REACHABLE]: 'Reachable: Heard of for the First Time or After a Month',
  'device.enabled': 'Enabled',
  'device.disabled': 'Disabled',
  'device.blocked': 'Blocked: Its Quota Is Used Up',
  'limit.reached': 'Monthly Limit Reached',
  'quota.threshold': 'Quota Nearly Used Up',
  'quota.exhausted': 'Quota Used Up',
  'p2p_limit.reached': 'Limit of SMS Between Subscribers Reached',
};

const chosen = ({ events }) => (events?.length ? [events].flat() : Object.keys(EVENTS).filter((each) => each !== FIRST_CONTACT));

// What the server tells of each type beside the device stands here in fields of one set, null where the type has no such thing.
const itemOf = (z, bundle, { id, type, timestamp, data }) => ({
  id,
  type,
  happened_at: timestamp,
  device_id: data.endpoint?.id ?? null,
  device_name: data.endpoint?.name ?? null,
  is_first_contact: data.first_contact ?? false,
  direction: data.traffic?.toUpperCase() ?? null,
  limit: data.limit ?? null,
  month: data.month ?? null,
  quota_volume: data.quota?.volume ?? null,
  quota_threshold: data.quota?.threshold_volume ?? null,
  link: data.endpoint ? `${serverAddress(z, bundle)}/devices/${data.endpoint.id}` : null,
});

export const deviceEvent = hookTrigger({
  key: 'device_event',
  noun: 'Device Event',
  display: {
    label: 'Device Event',
    description: 'Triggers when a device is heard of for the first time, is enabled or disabled, or reaches a limit or its quota.',
  },
  inputFields: [
    {
      key: 'events',
      label: 'Events',
      type: 'string',
      list: true,
      choices: EVENTS,
      helpText: 'Only these. Left empty: all of them.',
    },
  ],
  eventsOf: (inputData) => [...new Set(chosen(inputData).map((each) => (each === FIRST_CONTACT ? REACHABLE : each)))],
  itemOf,
  isWanted: (inputData, item) => chosen(inputData).includes(item.type) || (item.is_first_contact && chosen(inputData).includes(FIRST_CONTACT)),
  sample: {
    id: 10000000512,
    type: REACHABLE,
    happened_at: '2026-11-22T12:10:00.402Z',
    device_id: 101,
    device_name: 'Pump 7',
    is_first_contact: true,
    direction: null,
    limit: null,
    month: null,
    quota_volume: null,
    quota_threshold: null,
    link: 'https://sms.example.com/devices/101',
  },
  outputFields: [
    { key: 'id', label: 'Event ID', type: 'integer', primary: true },
    { key: 'type', label: 'Event Type', type: 'string' },
    { key: 'happened_at', label: 'Happened At', type: 'datetime' },
    { key: 'device_id', label: 'Device ID', type: 'integer' },
    { key: 'device_name', label: 'Device Name', type: 'string' },
    { key: 'is_first_contact', label: 'Is First Contact', type: 'boolean' },
    { key: 'direction', label: 'Direction', type: 'string' },
    { key: 'limit', label: 'Limit', type: 'integer' },
    { key: 'month', label: 'Month of the Limit', type: 'string' },
    { key: 'quota_volume', label: 'Quota Volume', type: 'integer' },
    { key: 'quota_threshold', label: 'Quota Threshold', type: 'integer' },
    { key: 'link', label: 'Link to Device', type: 'string' },
  ],
});
