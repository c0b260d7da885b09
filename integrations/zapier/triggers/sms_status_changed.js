import { hookTrigger } from '../lib/hook.js';
import { smsEventFields, smsFailedSample, smsItemOf } from '../lib/sms_event.js';

const STATUSES = {
  'sms.sent': 'Sent',
  'sms.waiting': 'Waiting for Device',
  'sms.delivered': 'Delivered',
  'sms.failed': 'Failed',
  'sms.expired': 'Expired',
  'sms.canceled': 'Canceled',
  'sms.refused': 'Refused by a Rule',
};

export const smsStatusChanged = hookTrigger({
  key: 'sms_status_changed',
  noun: 'SMS',
  display: { label: 'SMS Status Changed', description: 'Triggers when the status of an SMS to a device changes.' },
  inputFields: [
    {
      key: 'statuses',
      label: 'Statuses',
      type: 'string',
      list: true,
      choices: STATUSES,
      helpText: 'Only when an SMS enters one of these. Left empty: any of them.',
    },
  ],
  eventsOf: ({ statuses }) => (statuses?.length ? [statuses].flat() : Object.keys(STATUSES)),
  itemOf: smsItemOf,
  isWanted: (_, item) => item.direction === 'MT',
  sample: smsFailedSample,
  outputFields: smsEventFields,
});
