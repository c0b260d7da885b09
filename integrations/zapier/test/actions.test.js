// Actions and searches, as a Zap runs them.
import { beforeAll, describe, expect, it } from 'vitest';

import { api, connect, creates, deviceThat, ready, searches, tester, triggers, until, wordsOf } from './server.js';

const GIVEN = { status: { id: 0 }, service_profile: { id: ready.devices[0].service_profile_id }, tariff_profile: { id: 1 } };
const MANY = 'One of very many';
const MOST = 1000;

let authData;
beforeAll(async () => {
  authData = await connect();
  for (let made = 0; made <= MOST; made += MOST) {
    const endpoints = Array.from({ length: Math.min(MOST, MOST + 1 - made) }, (_, number) => ({ name: `${MANY}, ${made + number}` }));
    await api(authData, 'POST', '/v2/endpoint/multi', { ...GIVEN, endpoints });
  }
});

const run = ({ operation }, inputData, more = {}) => tester(operation.perform, { authData, inputData, ...more });
const expectShape = (found, { operation }) => expect(Object.keys(found)).toEqual(operation.outputFields.map((each) => each.key));

describe('the dropdowns', () => {
  it('of devices names each with its number, page by page', async () => {
    const shown = [];
    for (let page = 0; ; page += 1) {
      const found = await run(triggers.device_list, {}, { meta: { page, isFillingDynamicDropdown: true } });
      if (!found.length) break;
      shown.push(...found);
    }
    const { id, name, msisdn } = deviceThat('echo');
    expect(shown).toContainEqual({ id, label: `${name} · ${msisdn}` });
    expect(shown.filter((each) => each.label.startsWith(MANY))).toHaveLength(MOST + 1);
    expect(new Set(shown.map((each) => each.id)).size).toBe(shown.length);
  });

  it('of service policies names each', async () => {
    expect(await run(triggers.policy_list, {})).toContainEqual({ id: ready.devices[0].service_profile_id, name: 'Demo policy' });
  });
});

describe('Send SMS to Device', () => {
  it('tells id, status, encoding, parts and a link', async () => {
    const device = deviceThat('delivers');
    const sent = await run(creates.send_sms, { device_id: String(device.id), text: 'REPORT 3600', source_address: '1000' });
    expectShape(sent, creates.send_sms);
    expect(sent).toMatchObject({ device_id: device.id, device_name: device.name, from: '1000', to: device.msisdn, text: 'REPORT 3600', encoding: 'GSM-7', parts: 1, direction: 'MT' });
    expect(sent.link).toBe(`${new URL(ready.api_url).origin}/devices/${device.id}/sms/${sent.id}`);
    await until(async () => (await api(authData, 'GET', `/sms/${sent.id}`)).status.description === 'DELIVERED', 'delivered');
    expect((await api(authData, 'GET', `/sms/${sent.id}`)).door).toBe('zapier');
  });

  it('splits a long text, in UCS-2 where it must be', async () => {
    const sent = await run(creates.send_sms, { device_id: deviceThat('delivers').id, text: 'Füllstand 😀 '.repeat(20) });
    expect(sent).toMatchObject({ encoding: 'UCS-2', parts: 4 });
  });

  it('gives up when it shall', async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    expect(await run(creates.send_sms, { device_id: deviceThat('absent').id, text: 'x', expires_at })).toMatchObject({ expires_at });
  });

  it('sends once however often Zapier runs it again, but to each device', async () => {
    const once = '10000000017';
    const send = (which) => run(creates.send_sms, { device_id: deviceThat('delivers', which).id, text: 'valve open', once });
    const [first, again, other] = [await send(0), await send(0), await send(1)];
    expect(again.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
  });

  it.each([
    ['a device that is not there', { device_id: '999999', text: 'x' }, /999999/],
    ['no device', { device_id: 'Pump 7', text: 'x' }, /"Pump 7" is no device\. Choose one from the list/],
    ['a path for a device', { device_id: '1/../2', text: 'x' }, /is no device/],
    ['no text', { device_id: '1' }, /payload is missing/],
    ['a sender that is too long', { device_id: '1', text: 'x', source_address: 'Much too long' }, /source_address|sender/i],
    ['an end in the past', { device_id: '1', text: 'x', expires_at: '2020-01-01T00:00:00Z' }, /expiry_date/],
  ])('refuses %s in words', async (_, inputData, words) => {
    expect(await wordsOf(run(creates.send_sms, inputData))).toMatch(words);
  });
});

describe('Cancel SMS', () => {
  it('takes back what has not been delivered', async () => {
    const sent = await run(creates.send_sms, { device_id: deviceThat('absent').id, text: 'too late' });
    const canceled = await run(creates.cancel_sms, { sms_id: String(sent.id) });
    expectShape(canceled, creates.cancel_sms);
    expect(canceled).toMatchObject({ id: sent.id, status: 'CANCELED' });
  });

  it('says why it cannot', async () => {
    const sent = await run(creates.send_sms, { device_id: deviceThat('delivers').id, text: 'gone' });
    await until(async () => (await api(authData, 'GET', `/sms/${sent.id}`)).final_date, 'ended');
    expect(await wordsOf(run(creates.cancel_sms, { sms_id: sent.id }))).toMatch(/already_final/);
    expect(await wordsOf(run(creates.cancel_sms, { sms_id: '999999999' }))).toMatch(/999999999/);
  });
});

describe('devices', () => {
  it('are created with a SIM, disabled, enabled and put under another policy', async () => {
    const policy = await api(authData, 'POST', '/service_profile', { name: 'Zapier test' });
    const [sim] = (await api(authData, 'GET', '/sim?q=endpoint:null')).filter((each) => !each.endpoint);
    const created = await run(creates.create_device, {
      name: 'Pump, north: 7',
      service_policy_id: String(ready.devices[0].service_profile_id),
      iccid: sim.iccid_with_luhn,
      tags: ['pump', 'north'],
    });
    expectShape(created, creates.create_device);
    expect(created).toMatchObject({ name: 'Pump, north: 7', status: 'Enabled', msisdn: sim.msisdn, sim_status: 'Activated', tags: 'pump,north' });
    const device_id = String(created.id);

    expect(await run(creates.disable_device, { device_id })).toEqual({ ...created, status: 'Disabled' });
    expect(await wordsOf(run(creates.send_sms, { device_id, text: 'x' }))).toMatch(/device_disabled/);
    expect(await run(creates.enable_device, { device_id })).toEqual(created);
    const moved = await run(creates.change_service_policy, { device_id, service_policy_id: String(policy.id) });
    expect(moved).toEqual({ ...created, service_policy_id: policy.id, service_policy: 'Zapier test' });

    expect(await run(searches.find_device, { search_by: 'name', value: 'pump, north: 7' })).toEqual([moved]);
    expect(await wordsOf(run(creates.create_device, { name: 'Another', service_policy_id: policy.id, iccid: sim.iccid }))).toMatch(/in the device Pump, north: 7 already/);
  });

  it.each([
    ['a policy that is not there', { name: 'x', service_policy_id: '999999' }, /999999/],
    ['a SIM that is not there', { name: 'x', service_policy_id: '1', iccid: '8900000000000000000' }, /no SIM with the ICCID 8900000000000000000/],
    ['no number for an ICCID', { name: 'x', service_policy_id: '1', iccid: 'the new one' }, /no SIM with the ICCID the new one/],
    ['no policy', { name: 'x', service_policy_id: 'Meters' }, /is no service policy/],
  ])('are not created with %s, in words', async (_, inputData, words) => {
    expect(await wordsOf(run(creates.create_device, inputData))).toMatch(words);
  });
});

describe('Find Device', () => {
  const find = (search_by, value) => run(searches.find_device, { search_by, value });

  it('finds by a part of the name, whole names first', async () => {
    const found = await find('name', 'water METER');
    expect(found.map((each) => each.name)).toEqual(['Water meter Bahnhofstrasse', 'Water meter Lindenweg']);
    expectShape(found[0], searches.find_device);
    const { id } = await api(authData, 'POST', '/endpoint', { ...GIVEN, name: 'Meter' });
    expect((await find('name', 'meter'))[0].id).toBe(id);
  });

  it('does not guess among more than it can see', async () => {
    expect(await wordsOf(find('name', 'of very MANY'))).toMatch(/More than 1000 devices have "of very MANY" in it/);
  });

  it('finds by the whole phone number, as people write it', async () => {
    const { id, msisdn } = deviceThat('echo');
    for (const value of [msisdn, `+${msisdn}`, `00${msisdn}`, `+${msisdn.slice(0, 3)} ${msisdn.slice(3)}`]) {
      expect((await find('msisdn', value)).map((each) => each.id)).toEqual([id]);
    }
    expect(await find('msisdn', msisdn.slice(0, -1))).toEqual([]);
  });

  it('finds by the ICCID, with and without its check digit', async () => {
    const { id, iccid } = deviceThat('echo');
    const { iccid_with_luhn } = (await api(authData, 'GET', `/endpoint/${id}`)).sim;
    for (const value of [iccid, iccid_with_luhn]) expect((await find('iccid', value)).map((each) => each.id)).toEqual([id]);
  });

  it('finds by a whole tag', async () => {
    expect((await find('tags', 'Charger')).map((each) => each.name)).toEqual(['Charger Parkhaus Nord', 'Charger Tankstelle Ost']);
    expect(await find('tags', 'charge')).toEqual([]);
  });

  it.each(['name', 'msisdn', 'iccid', 'tags'])('finds nothing by %s where there is nothing', async (search_by) => {
    expect(await find(search_by, '424242424242')).toEqual([]);
    expect(await find(search_by, ' ,: ')).toEqual([]);
  });
});

describe('Find SMS', () => {
  it('finds the latest of a device, by direction, status and text', async () => {
    const device_id = String(deviceThat('undeliverable').id);
    const sent = await run(creates.send_sms, { device_id, text: 'Open VALVE 3' });
    await run(creates.send_sms, { device_id, text: 'and close it' });
    const failed = await until(async () => {
      const found = await run(searches.find_sms, { search_by: 'device', device_id, direction: 'MT', status: 'FAILED', text: 'valve' });
      return found.length && found;
    }, 'failed');
    expect(failed).toHaveLength(1);
    expectShape(failed[0], searches.find_sms);
    expect(failed[0]).toMatchObject({ id: sent.id, status: 'FAILED', reason: expect.stringMatching(/./) });
    expect(await run(searches.find_sms, { search_by: 'device', device_id, direction: 'MO' })).toEqual([]);
    expect((await run(searches.find_sms, { search_by: 'device', device_id }))[0].text).toBe('and close it');
  });

  it('finds one by its ID', async () => {
    const sent = await run(creates.send_sms, { device_id: deviceThat('delivers').id, text: 'by its ID' });
    expect(await run(searches.find_sms, { search_by: 'id', sms_id: String(sent.id) })).toMatchObject([{ id: sent.id, text: 'by its ID' }]);
    expect(await run(searches.find_sms, { search_by: 'id', sms_id: '999999999' })).toEqual([]);
    expect(await wordsOf(run(searches.find_sms, { search_by: 'id', sms_id: 'x' }))).toMatch(/"x" is no SMS/);
  });

  it('asks for what the way of searching needs', async () => {
    const fields = searches.find_sms.operation.inputFields.at(-1);
    const keysFor = async (search_by) => (await run({ operation: { perform: fields } }, { search_by })).map((each) => each.key);
    expect(await keysFor('id')).toEqual(['sms_id']);
    expect(await keysFor('device')).toEqual(['device_id', 'direction', 'status', 'text']);
  });
});
