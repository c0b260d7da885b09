// An SMS as Zaps see it: flat, every key always there.
import { call, serverAddress } from './server.js';
import { encodingOf, isoTime } from './values.js';

export const smsFields = [
  { key: 'id', label: 'SMS ID', type: 'integer', primary: true },
  { key: 'status', label: 'Status', type: 'string' },
  { key: 'direction', label: 'Direction', type: 'string' },
  { key: 'device_id', label: 'Device ID', type: 'integer' },
  { key: 'device_name', label: 'Device Name', type: 'string' },
  { key: 'from', label: 'From', type: 'string' },
  { key: 'to', label: 'To', type: 'string' },
  { key: 'text', label: 'Message Text', type: 'string' },
  { key: 'encoding', label: 'Encoding', type: 'string' },
  { key: 'parts', label: 'Number of Parts', type: 'integer' },
  { key: 'reason', label: 'Reason', type: 'string' },
  { key: 'submitted_at', label: 'Submitted At', type: 'datetime' },
  { key: 'expires_at', label: 'Expires At', type: 'datetime' },
  { key: 'final_at', label: 'Ended At', type: 'datetime' },
  { key: 'link', label: 'Link to Message', type: 'string' },
];

export const smsSample = {
  id: 46638644,
  status: 'DELIVERED',
  direction: 'MT',
  device_id: 101,
  device_name: 'Pump 7',
  from: '1000',
  to: '882285000000101',
  text: 'REPORT 3600',
  encoding: 'GSM-7',
  parts: 1,
  reason: null,
  submitted_at: '2026-11-22T12:00:00.000Z',
  expires_at: '2026-11-23T12:00:00.000Z',
  final_at: '2026-11-22T12:00:02.417Z',
  link: 'https://sms.example.com/devices/101/sms/46638644',
};

/** Where the portal shows it; null for an SMS of no device. */
export const linkTo = (z, bundle, endpoint, id) => (endpoint ? `${serverAddress(z, bundle)}/devices/${endpoint.id}/sms/${id}` : null);

/** An SMS of the API, as Zaps see it. */
export const smsOf = (z, bundle, sms) => ({
  id: sms.id,
  status: sms.status.description,
  direction: sms.sms_type.description,
  device_id: sms.endpoint?.id ?? null,
  device_name: sms.endpoint?.name ?? null,
  from: sms.source_address,
  to: sms.dest_address,
  text: sms.payload,
  encoding: encodingOf(sms.dcs),
  parts: sms.parts,
  reason: sms.reason ?? null,
  submitted_at: isoTime(sms.submit_date),
  expires_at: isoTime(sms.expiry_date),
  final_at: isoTime(sms.final_date),
  link: linkTo(z, bundle, sms.endpoint, sms.id),
});

export const readSms = async (z, bundle, id) => smsOf(z, bundle, (await call(z, bundle, `/sms/${id}`)).data);
