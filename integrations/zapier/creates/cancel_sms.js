import { call } from '../lib/server.js';
import { readSms, smsFields, smsSample } from '../lib/sms.js';
import { idOf } from '../lib/values.js';

const perform = async (z, bundle) => {
  const id = idOf(z, bundle.inputData.sms_id, 'SMS');
  const sms = await readSms(z, bundle, id);
  await call(z, bundle, `/endpoint/${sms.device_id}/sms/${id}`, { method: 'DELETE' });
  return readSms(z, bundle, id);
};

export const cancelSms = {
  key: 'cancel_sms',
  noun: 'SMS',
  display: { label: 'Cancel SMS', description: 'Cancels an SMS that has not reached its device yet.' },
  operation: {
    perform,
    inputFields: [
      {
        key: 'sms_id',
        label: 'SMS',
        type: 'string',
        required: true,
        search: 'find_sms.id',
        helpText: 'The SMS ID that Send SMS to Device or Find SMS gave. One that has ended, or that the network has, cannot be cancelled.',
      },
    ],
    sample: { ...smsSample, status: 'CANCELED' },
    outputFields: smsFields,
  },
};
