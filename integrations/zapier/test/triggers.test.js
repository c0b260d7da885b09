// Instant triggers, from turning a Zap on to turning it off: the server's own webhooks come to a receiver that stands for Zapier's.
import { createHmac } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { bundleOf, startReceiver } from './receiver.js';
import { api, connect, creates, deviceThat, tester, triggers, until } from './server.js';

let authData;
let receiver;
beforeAll(async () => {
  authData = await connect();
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());

const TYPES = { integer: 'number', boolean: 'boolean', string: 'string', datetime: 'string' };

/** What a Zap that is on can do. */
const turnOn = async ({ operation }, name, inputData) => {
  const targetUrl = receiver.urlOf(name);
  const subscribeData = await tester(operation.performSubscribe, { authData, inputData, targetUrl });
  const zap = {
    subscribeData,
    run: (hook, more = {}) => tester(operation.perform, { authData, inputData, subscribeData, ...bundleOf(hook), ...more }),
    hooks: (count) => until(() => receiver.to(name).length >= count && receiver.to(name), `${count} hooks to ${name}`),
    /** What it ran for, oldest first, once there is one of each. */
    runs: (...each) =>
      until(async () => {
        const items = (await Promise.all(receiver.to(name).map((hook) => zap.run(hook)))).flat();
        const ours = items.filter((item) => each.some((wanted) => wanted(item)));
        return each.every((wanted) => items.some(wanted)) && ours.sort((one, other) => one.id - other.id);
      }, `runs of ${name}`),
    list: (limit) => tester(operation.performList, { authData, inputData, targetUrl, meta: { limit, isLoadingSample: true } }),
    turnOff: () => tester(operation.performUnsubscribe, { authData, inputData, targetUrl, subscribeData }),
  };
  return zap;
};

const say = (device, payload, dest_address = '1000') => api(authData, 'POST', `/simulator/endpoint/${device.id}/mo`, { payload, dest_address });
const webhook = async ({ id }) => (await api(authData, 'GET', '/webhook')).find((each) => each.id === id);

const expectShape = (item, { operation }) => {
  expect(Object.keys(item)).toEqual(Object.keys(operation.sample));
  for (const { key, type } of operation.outputFields) if (item[key] !== null) expect(typeof item[key], key).toBe(TYPES[type]);
};

describe('SMS Received', () => {
  const trigger = triggers.sms_received;

  it('runs for an SMS of its device to its number, and for no other', async () => {
    const [ours, other] = [deviceThat('delivers', 0), deviceThat('delivers', 1)];
    const zap = await turnOn(trigger, 'received', { device_id: String(ours.id), to: '+1000' });
    await say(other, 'not of this device');
    await say(ours, 'not to this number', '2000');
    const { id } = await say(ours, 'ALARM 0.2 bar\n"€"');

    const hooks = await zap.hooks(2);
    const texts = hooks.map((each) => JSON.parse(each.content).data.payload).sort();
    expect(texts).toEqual(['ALARM 0.2 bar\n"€"', 'not to this number']);
    const runs = (await Promise.all(hooks.map((each) => zap.run(each)))).flat();
    expect(runs).toHaveLength(1);
    expectShape(runs[0], trigger);
    expect(runs[0]).toMatchObject({ sms_id: id, text: 'ALARM 0.2 bar\n"€"', from: ours.msisdn, to: '1000', device_id: ours.id, device_name: ours.name });
    expect(runs[0].link).toMatch(new RegExp(`/devices/${ours.id}/sms/${id}$`));
    await zap.turnOff();
  });

  it('lists what it would have been sent: the same keys, order, types and values', async () => {
    const device = deviceThat('throttled');
    const zap = await turnOn(trigger, 'listed', { device_id: String(device.id) });
    for (const text of ['one', 'two', 'three', 'four']) await say(device, text);
    const hooks = await zap.hooks(4);
    const items = (await Promise.all(hooks.map((each) => zap.run(each)))).flat();
    items.sort((one, other) => other.id - one.id);
    expect(JSON.stringify(await zap.list(3))).toBe(JSON.stringify(items.slice(0, 3)));
    expect(JSON.stringify(await zap.list(-1))).toBe(JSON.stringify(items.slice(0, 3)));

    const raw = await api(authData, 'GET', `/sms?as_event=sms.received&endpoint_id=${device.id}`);
    const sent = Object.fromEntries(hooks.map((each) => [JSON.parse(each.content).id, each.content]));
    for (const event of raw) expect(JSON.stringify(event)).toBe(sent[event.id]);
    await zap.turnOff();
  });

  it('ignores a hook that the server did not sign', async () => {
    const zap = await turnOn(trigger, 'signed', { device_id: String(deviceThat('echo').id) });
    await say(deviceThat('echo'), 'signed');
    const [hook] = await zap.hooks(1);
    expect(await zap.run(hook)).toHaveLength(1);
    const forged = [
      { ...hook, content: hook.content.replace('signed', 'forged') },
      { ...hook, headers: { ...hook.headers, 'webhook-id': 'another' } },
      { ...hook, headers: { ...hook.headers, 'webhook-timestamp': '1' } },
      { ...hook, headers: { ...hook.headers, 'webhook-signature': 'v1,AAAA' } },
      { ...hook, headers: {} },
    ];
    for (const each of forged) await expect(zap.run(each)).rejects.toMatchObject({ name: 'HaltedError', message: expect.stringMatching(/not signed with the secret/) });
    const subscribeData = { ...zap.subscribeData, secret: `whsec_${Buffer.alloc(32).toString('base64')}` };
    await expect(zap.run(hook, { subscribeData })).rejects.toMatchObject({ name: 'HaltedError' });
    await zap.turnOff();
  });

  it('is subscribed once however often Zapier subscribes, with a secret that is known', async () => {
    const device = deviceThat('delivers', 2);
    const first = await turnOn(trigger, 'again', { device_id: String(device.id) });
    const again = await turnOn(trigger, 'again', { device_id: String(device.id) });
    expect(again.subscribeData.id).toBe(first.subscribeData.id);
    expect(again.subscribeData.secret).not.toBe(first.subscribeData.secret);
    await say(device, 'once');
    const [hook] = await again.hooks(1);
    expect(await again.run(hook)).toMatchObject([{ text: 'once' }]);
    expect(await first.run(hook)).toHaveLength(1); // for a day, the secret before is good too
    await again.turnOff();
  });

  it('is unsubscribed when the Zap is turned off, also where somebody deleted the webhook before', async () => {
    const zap = await turnOn(trigger, 'off', {});
    expect(await webhook(zap.subscribeData)).toMatchObject({ kind: 'zapier', name: 'Zapier: SMS Received', events: ['sms.received'], scope: { type: 'organisation' } });
    await zap.turnOff();
    expect(await webhook(zap.subscribeData)).toBeUndefined();
    await zap.turnOff();
  });

  it('is removed by the server when Zapier answers 410, which it does for a Zap that is gone', async () => {
    const device = deviceThat('apn');
    const zap = await turnOn(trigger, 'gone', { device_id: String(device.id) });
    receiver.answers.gone = 410;
    await say(device, 'anybody there?');
    await zap.hooks(1);
    await until(async () => !(await webhook(zap.subscribeData)), 'the webhook removed');
  });

  it('tells a device that is not there in words', async () => {
    await expect(turnOn(trigger, 'nobody', { device_id: 'Pump 7' })).rejects.toThrow(/is no device/);
  });
});

describe('SMS Status Changed', () => {
  const trigger = triggers.sms_status_changed;
  const send = (device, text) => tester(creates.send_sms.operation.perform, { authData, inputData: { device_id: device.id, text } });

  it('runs for the statuses that were chosen', async () => {
    const zap = await turnOn(trigger, 'status', { statuses: ['sms.failed', 'sms.canceled'] });
    await send(deviceThat('delivers'), 'arrives');
    const failed = await send(deviceThat('undeliverable'), 'does not arrive');
    const canceled = await send(deviceThat('absent'), 'is taken back');
    await tester(creates.cancel_sms.operation.perform, { authData, inputData: { sms_id: canceled.id } });

    const items = await zap.runs(
      (item) => item.sms_id === failed.id,
      (item) => item.sms_id === canceled.id,
    );
    for (const item of items) expectShape(item, trigger);
    expect(items.map(({ type, status }) => ({ type, status }))).toEqual(
      expect.arrayContaining([
        { type: 'sms.failed', status: 'FAILED' },
        { type: 'sms.canceled', status: 'CANCELED' },
      ]),
    );
    expect(items.find((each) => each.sms_id === failed.id)).toMatchObject({ reason: expect.stringMatching(/./), reason_code: expect.stringMatching(/./) });
    expect(receiver.to('status').map((each) => JSON.parse(each.content).data.payload)).not.toContain('arrives');
    const listed = (await zap.list(10)).filter((each) => items.some((item) => item.id === each.id));
    expect(JSON.stringify(listed)).toBe(JSON.stringify([...items].reverse()));
    await zap.turnOff();
  });

  it('of one device runs for every status, and not for what the device sends', async () => {
    const device = deviceThat('echo');
    const zap = await turnOn(trigger, 'every', { device_id: String(device.id) });
    const sent = await send(device, 'echo me');
    const items = await zap.runs((item) => item.sms_id === sent.id);
    expect(items).toMatchObject([{ status: 'DELIVERED', direction: 'MT' }]);
    await zap.turnOff();
  });
});

describe('Device Event', () => {
  const trigger = triggers.device_event;

  it('runs at the first contact of a device, and not at the second', async () => {
    const sims = (await api(authData, 'GET', '/sim')).filter((each) => !each.endpoint);
    const create = (name, sim) =>
      tester(creates.create_device.operation.perform, { authData, inputData: { name, service_policy_id: deviceThat('echo').service_profile_id, iccid: sim.iccid } });
    const device = await create('Out of the box', sims.at(-1));
    const zap = await turnOn(trigger, 'contact', { events: ['first_contact', 'device.disabled'], device_id: String(device.id) });
    await say(device, 'hello');
    await say(device, 'hello again');
    await tester(creates.disable_device.operation.perform, { authData, inputData: { device_id: device.id } });

    const items = await zap.runs(
      (item) => item.is_first_contact,
      (item) => item.type === 'device.disabled',
    );
    for (const item of items) expectShape(item, trigger);
    expect(items).toMatchObject([
      { type: 'device.reachable', is_first_contact: true, device_id: device.id, device_name: 'Out of the box' },
      { type: 'device.disabled', is_first_contact: false, device_id: device.id },
    ]);
    expect(JSON.stringify(await zap.list(3))).toBe(JSON.stringify([...items].reverse()));
    await zap.turnOff();
  });

  it('does not run for the type of a first contact that is none', async () => {
    const zap = await turnOn(trigger, 'filtered', { events: ['first_contact'] });
    const event = { id: 1, type: 'device.reachable', timestamp: '2026-11-22T12:10:00.402Z', number: 1, organisation: { id: 1 }, data: { endpoint: { id: 1, name: 'x' }, first_contact: false } };
    const { secret } = zap.subscribeData;
    expect(secret).toMatch(/^whsec_/);
    expect(await zap.run(sign(event, secret))).toEqual([]);
    expect(await zap.run(sign({ ...event, data: { ...event.data, first_contact: true } }, secret))).toHaveLength(1);
    await zap.turnOff();
  });

  it('tells a limit that is reached, with what it is', async () => {
    const policy = await api(authData, 'POST', '/service_profile', { name: 'One SMS a month', mt_limit: 1 });
    await api(authData, 'PUT', `/service_profile/${policy.id}/service/6`);
    const device = deviceThat('silent');
    await tester(creates.change_service_policy.operation.perform, { authData, inputData: { device_id: device.id, service_policy_id: policy.id } });
    const zap = await turnOn(trigger, 'limit', { events: 'limit.reached' });
    await tester(creates.send_sms.operation.perform, { authData, inputData: { device_id: device.id, text: 'the only one' } });
    const [item] = await zap.runs((each) => each.device_id === device.id);
    expectShape(item, trigger);
    expect(item).toMatchObject({ type: 'limit.reached', device_id: device.id, direction: 'MT', limit: 1, month: new Date().toISOString().slice(0, 7) });
    await zap.turnOff();
  });
});

/** A hook as the server signs it (Standard Webhooks), for an event that is too slow to bring about. */
const sign = (event, secret) => {
  const content = JSON.stringify(event);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`7.1790000000.${content}`).digest('base64');
  return { method: 'POST', content, headers: { 'webhook-id': '7', 'webhook-timestamp': '1790000000', 'webhook-signature': `v1,${signature}` } };
};
