// Enable Device and Disable Device: the same, but for the status.
import { DISABLED, ENABLED, changeDevice, deviceFields, deviceSample, theDevice } from '../lib/device.js';
import { idOf } from '../lib/values.js';

const toStatus = (status) => (z, bundle) =>
  changeDevice(z, bundle, idOf(z, bundle.inputData.device_id, 'device'), { status: { id: status } });

export const enableDevice = {
  key: 'enable_device',
  noun: 'Device',
  display: { label: 'Enable Device', description: 'Enables a device, so that it can send and receive SMS again.' },
  operation: {
    perform: toStatus(ENABLED),
    inputFields: [theDevice],
    sample: deviceSample,
    outputFields: deviceFields,
  },
};

export const disableDevice = {
  key: 'disable_device',
  noun: 'Device',
  display: { label: 'Disable Device', description: 'Disables a device: no SMS reach it or leave it any more.' },
  operation: {
    perform: toStatus(DISABLED),
    inputFields: [theDevice],
    sample: { ...deviceSample, status: 'Disabled' },
    outputFields: deviceFields,
  },
};
