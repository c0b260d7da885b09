import { theDevice } from '../lib/device.js';
import { NOT_FOUND, call, statusOf } from '../lib/server.js';
import { readSms, smsFields, smsOf, smsSample } from '../lib/sms.js';
import { idOf } from '../lib/values.js';

const MOST = 25;

const STATUSES = {
  'DELIVERY ATTEMPT PENDING': 'Queued',
  'IN PROGRESS': 'Sending',
  BUFFERED: 'Sent, or Waiting for Device',
  DELIVERED: 'Delivered',
  FAILED: 'Failed',
  EXPIRED: 'Expired',
  CANCELED: 'Canceled',
};

const perform = (z, bundle) => (bundle.inputData.search_by === 'id' ? byId(z, bundle) : latest(z, bundle));

const byId = async (z, bundle) => {
  try {
    return [await readSms(z, bundle, idOf(z, bundle.inputData.sms_id, 'SMS'))];
  } catch (error) {
    if (statusOf(error) === NOT_FOUND) return [];
    throw error;
  }
};

const latest = async (z, bundle) => {
  const { device_id, direction, status, text } = bundle.inputData;
  const params = { device: idOf(z, device_id, 'device'), per_page: MOST };
  for (const [name, value] of Object.entries({ direction, status, text })) if (value) params[name] = value;
  const { data } = await call(z, bundle, '/sms', { params });
  return data.map((sms) => smsOf(z, bundle, sms));
};

const fieldsOf = (z, bundle) =>
  bundle.inputData.search_by === 'id'
    ? [{ key: 'sms_id', label: 'SMS', type: 'string', required: true, helpText: 'The SMS ID that an earlier step gave.' }]
    : [
        theDevice,
        { key: 'direction', label: 'Direction', type: 'string', choices: { MT: 'To the Device (MT)', MO: 'From the Device (MO)' } },
        { key: 'status', label: 'Status', type: 'string', choices: STATUSES },
        { key: 'text', label: 'Text Contains', type: 'string' },
      ];

export const findSms = {
  key: 'find_sms',
  noun: 'SMS',
  display: { label: 'Find SMS', description: 'Finds an SMS by its ID, or the latest one of a device.' },
  operation: {
    perform,
    inputFields: [
      {
        key: 'search_by',
        label: 'Search By',
        type: 'string',
        required: true,
        default: 'device',
        choices: { device: 'Device: Its Latest SMS', id: 'ID of the SMS' },
        altersDynamicFields: true,
      },
      fieldsOf,
    ],
    sample: smsSample,
    outputFields: smsFields,
  },
};
