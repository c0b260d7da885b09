import { DISABLED, ENABLED, deviceFields, deviceOf, deviceSample } from '../lib/device.js';
import { policyField } from '../lib/policy.js';
import { call } from '../lib/server.js';
import { digits, iccidToAsk, idOf } from '../lib/values.js';

const perform = async (z, bundle) => {
  const { name, service_policy_id, iccid, tags, is_enabled } = bundle.inputData;
  const { data } = await call(z, bundle, '/endpoint', {
    method: 'POST',
    body: {
      name,
      service_profile: { id: Number(idOf(z, service_policy_id, 'service policy')) },
      tariff_profile: { id: await anyTariff(z, bundle) },
      status: { id: is_enabled === false ? DISABLED : ENABLED },
      ...(iccid ? { sim: { id: await simOf(z, bundle, iccid), activate: true } } : {}),
      ...(tags?.length ? { tags: [tags].flat().join(',') } : {}),
    },
  });
  return deviceOf(z, bundle, data);
};

// The API wants a tariff for each device, as emnify does; it means nothing for SMS, so nobody is asked for one.
const anyTariff = async (z, bundle) => {
  const { data } = await call(z, bundle, '/tariff_profile');
  if (!data.length) throw new z.errors.Error('Your organisation has no tariff, which each device needs. Create one: POST /api/v1/tariff_profile.', 'NoTariff', 409);
  return data[0].id;
};

const simOf = async (z, bundle, iccid) => {
  const wanted = digits(iccid);
  const { data } = await call(z, bundle, '/sim', { params: { q: `iccid:${iccidToAsk(iccid)}` } });
  const sim = data.find((each) => [each.iccid, each.iccid_with_luhn].includes(wanted));
  if (!sim) throw new z.errors.Error(`Your organisation has no SIM with the ICCID ${wanted || iccid}. Enter it first.`, 'InvalidReference', 404);
  if (sim.endpoint) throw new z.errors.Error(`The SIM ${wanted} is in the device ${sim.endpoint.name} already. Take it out there first.`, 'InUse', 409);
  return sim.id;
};

export const createDevice = {
  key: 'create_device',
  noun: 'Device',
  display: { label: 'Create Device', description: 'Creates a device, with its SIM if it has one yet.' },
  operation: {
    perform,
    inputFields: [
      { key: 'name', label: 'Name', type: 'string', required: true, placeholder: 'Pump 7' },
      policyField,
      { key: 'iccid', label: 'ICCID of the SIM', type: 'string', helpText: 'A SIM of your organisation that is in no device. It is activated. Left empty: a device without SIM.' },
      { key: 'tags', label: 'Tags', type: 'string', list: true, helpText: 'Words to find it by, such as `pump`.' },
      { key: 'is_enabled', label: 'Enabled', type: 'boolean', default: 'true', helpText: 'Whether it can send and receive SMS from now on.' },
    ],
    sample: deviceSample,
    outputFields: deviceFields,
  },
};
