import { changeDevice, deviceFields, deviceSample, theDevice } from '../lib/device.js';
import { policyField } from '../lib/policy.js';
import { idOf } from '../lib/values.js';

const perform = (z, bundle) =>
  changeDevice(z, bundle, idOf(z, bundle.inputData.device_id, 'device'), {
    service_profile: { id: Number(idOf(z, bundle.inputData.service_policy_id, 'service policy')) },
  });

export const changeServicePolicy = {
  key: 'change_service_policy',
  noun: 'Device',
  display: { label: 'Change Service Policy', description: 'Puts a device under another service policy.' },
  operation: {
    perform,
    inputFields: [theDevice, policyField],
    sample: deviceSample,
    outputFields: deviceFields,
  },
};
