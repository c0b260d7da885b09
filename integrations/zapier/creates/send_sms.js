import { createHash } from 'node:crypto';

import { theDevice } from '../lib/device.js';
import { call } from '../lib/server.js';
import { readSms, smsFields, smsSample } from '../lib/sms.js';
import { idOf } from '../lib/values.js';

const perform = async (z, bundle) => {
  const { device_id, text, source_address, expires_at, once } = bundle.inputData;
  const device = idOf(z, device_id, 'device');
  const sent = await call(z, bundle, `/endpoint/${device}/sms`, {
    method: 'POST',
    headers: once ? { 'Idempotency-Key': keyOf(device, once) } : {},
    body: {
      payload: text,
      ...(source_address ? { source_address: String(source_address) } : {}),
      ...(expires_at ? { expiry_date: expires_at } : {}),
    },
  });
  return readSms(z, bundle, sent.getHeader('location').split('/').at(-1));
};

// Per device, so that a Zap that texts several at one event texts each.
const keyOf = (device, once) => `zapier-${createHash('sha256').update(`${device} ${once}`).digest('hex')}`;

export const sendSms = {
  key: 'send_sms',
  noun: 'SMS',
  display: { label: 'Send SMS to Device', description: 'Sends an SMS to a device.' },
  operation: {
    perform,
    inputFields: [
      theDevice,
      {
        key: 'text',
        label: 'Message Text',
        type: 'text',
        required: true,
        helpText: '160 characters fit into one SMS, 70 if one of them is no GSM character (an emoji, say). A longer text is sent in parts.',
      },
      {
        key: 'source_address',
        label: 'Sender',
        type: 'string',
        helpText: 'A number, or up to 11 letters and digits. Left empty, the service policy or the organisation says it.',
      },
      {
        key: 'expires_at',
        label: 'Valid Until',
        type: 'datetime',
        helpText: 'When to give up, from 1 minute to 7 days from now, such as `in 2 hours`. Left empty: 24 hours.',
      },
      {
        key: 'once',
        label: 'Send Only Once Per',
        type: 'string',
        helpText: 'Map something that is different at each run, such as the Event ID of the trigger. Should Zapier run this step again, the SMS is not sent again.',
      },
    ],
    sample: { ...smsSample, status: 'IN PROGRESS', final_at: null },
    outputFields: smsFields,
  },
};
