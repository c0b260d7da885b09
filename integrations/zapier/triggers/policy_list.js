// What the dropdowns of service policies show. Hidden: it starts no Zap.
import { call } from '../lib/server.js';

const perform = async (z, bundle) => {
  const { data } = await call(z, bundle, '/service_profile');
  return data.map(({ id, name }) => ({ id, name }));
};

export const policyList = {
  key: 'policy_list',
  noun: 'Service Policy',
  display: { label: 'List Service Policies', description: 'Triggers when the service policies are listed for a dropdown.', hidden: true },
  operation: {
    type: 'polling',
    perform,
    sample: { id: 3, name: 'Pumps' },
    outputFields: [
      { key: 'id', label: 'Service Policy ID', type: 'integer', primary: true },
      { key: 'name', label: 'Name', type: 'string' },
    ],
  },
};
