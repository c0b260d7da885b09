import { hookTrigger } from '../lib/hook.js';
import { smsEventFields, smsItemOf, smsReceivedSample } from '../lib/sms_event.js';
import { digits } from '../lib/values.js';

const TO_THE_APPLICATION = 'a2p_mo';

// A number may also be a word (an alphanumeric sender), or hold * or #: those are compared as they are.
const bare = (text) => digits(text) || String(text).trim().toLowerCase();

export const smsReceived = hookTrigger({
  key: 'sms_received',
  noun: 'SMS',
  display: { label: 'SMS Received', description: 'Triggers when a device sends an SMS to your application.' },
  inputFields: [
    {
      key: 'to',
      label: 'Number',
      type: 'string',
      placeholder: '1000',
      helpText: 'Only SMS that the device sent to this number. Left empty: to any number.',
    },
  ],
  eventsOf: () => ['sms.received'],
  itemOf: smsItemOf,
  isWanted: ({ to }, item) => item.traffic_class === TO_THE_APPLICATION && (!to || bare(item.to) === bare(to)),
  sample: smsReceivedSample,
  outputFields: smsEventFields,
});
