import { deviceFields, deviceOf, deviceSample } from '../lib/device.js';
import { call } from '../lib/server.js';
import { digits, iccidToAsk } from '../lib/values.js';

const PER_PAGE = 1000;

const same = (one, other) => String(one ?? '').trim().toLowerCase() === other.toLowerCase();

// In the criteria of a list, commas and colons stand between criteria: what is asked for is the longest piece without them.
const longestPiece = (text) => text.split(/[,:]/).reduce((longest, each) => (each.trim().length > longest.length ? each.trim() : longest), '');

// `ask`: what the server's list is asked for, which finds whatever contains it. `isIt`: what counts, since a number that only contains
// another one is another device's.
const WAYS = {
  name: { ask: longestPiece, isIt: (device, text) => same(device.name, text) },
  msisdn: { ask: digits, isIt: (device, text) => device.sim?.msisdn === digits(text) },
  iccid: { ask: iccidToAsk, isIt: (device, text) => [device.sim?.iccid, device.sim?.iccid_with_luhn].includes(digits(text)) },
  tags: { ask: longestPiece, isIt: (device, text) => (device.tags ?? '').split(',').some((tag) => same(tag, text)) },
};

const perform = async (z, bundle) => {
  const { search_by, value } = bundle.inputData;
  const way = WAYS[search_by];
  const text = String(value ?? '').trim();
  const asked = way.ask(text);
  if (!asked) return [];
  const { data, headers } = await call(z, bundle, '/endpoint', { params: { q: `${search_by}:${asked}`, sort: 'name', per_page: PER_PAGE } });
  const found = data.filter((device) => way.isIt(device, text));
  if (!found.length && Number(headers.get('x-total-pages')) > 1) {
    throw new z.errors.Error(`More than ${PER_PAGE} devices have "${asked}" in it. Search for more of it.`, 'TooMany', 422);
  }
  // Zapier takes the first: those of this name, and only then those whose names contain it.
  if (search_by === 'name') {
    found.push(...data.filter((device) => !way.isIt(device, text) && device.name.toLowerCase().includes(text.toLowerCase())));
  }
  return found.map((device) => deviceOf(z, bundle, device));
};

export const findDevice = {
  key: 'find_device',
  noun: 'Device',
  display: { label: 'Find Device', description: 'Finds a device by its name, phone number, ICCID, or tag.' },
  operation: {
    perform,
    inputFields: [
      {
        key: 'search_by',
        label: 'Search By',
        type: 'string',
        required: true,
        default: 'name',
        choices: { name: 'Name', msisdn: 'Phone Number (MSISDN)', iccid: 'ICCID', tags: 'Tag' },
      },
      {
        key: 'value',
        label: 'Search For',
        type: 'string',
        required: true,
        helpText: 'A name, or a part of one; a whole phone number, ICCID or tag. Of several devices Zapier takes the first, in the order of their names.',
      },
    ],
    sample: deviceSample,
    outputFields: deviceFields,
  },
};
