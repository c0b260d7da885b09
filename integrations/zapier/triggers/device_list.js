// What the dropdowns of devices show, page by page. Hidden: it starts no Zap.
import { call } from '../lib/server.js';

const PER_PAGE = 100;

const perform = async (z, bundle) => {
  const page = (bundle.meta?.page ?? 0) + 1;
  const { data, headers } = await call(z, bundle, '/endpoint', { params: { sort: 'name', page, per_page: PER_PAGE } });
  if (Number(headers.get('x-current-page')) < page) return []; // behind the last page, the server shows the last one again
  return data.map((device) => ({ id: device.id, label: [device.name, device.sim?.msisdn].filter(Boolean).join(' · ') }));
};

export const deviceList = {
  key: 'device_list',
  noun: 'Device',
  display: { label: 'List Devices', description: 'Triggers when the devices are listed for a dropdown.', hidden: true },
  operation: {
    type: 'polling',
    perform,
    canPaginate: true,
    sample: { id: 101, label: 'Pump 7 · 882285000000101' },
    outputFields: [
      { key: 'id', label: 'Device ID', type: 'integer', primary: true },
      { key: 'label', label: 'Name and Number', type: 'string' },
    ],
  },
};
