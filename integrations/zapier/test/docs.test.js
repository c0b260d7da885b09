// docs/zapier.md says what is there, and its Zaps run as they stand in it.
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import App from '../index.js';
import { bundleOf, startReceiver } from './receiver.js';
import { api, connect, creates, deviceThat, tester, triggers, until } from './server.js';

const DOCS = readFileSync(new URL('../../../docs/zapier.md', import.meta.url), 'utf8');
const shown = [...Object.values(App.triggers), ...Object.values(App.creates), ...Object.values(App.searches)].filter((each) => !each.display.hidden);
const byLabel = Object.fromEntries(shown.map((each) => [each.display.label, each]));

const fieldsOf = ({ operation }) =>
  operation.inputFields.flatMap((field) =>
    typeof field === 'function' ? ['id', 'device'].flatMap((search_by) => field({}, { inputData: { search_by } })) : [field],
  );

/** The Zaps of the page, by title: steps of [app, event], each with [label, value] of its fields. */
const zaps = () =>
  Object.fromEntries(
    DOCS.split('\n## Three Zaps\n')[1].split('\n## ')[0].split('\n### ').slice(1).map((section) => {
      const steps = [];
      for (const [, step, label, value] of section.matchAll(/^\| *(.*?) *\| *(.*?) *\| *(.*?) *\|$/gm)) {
        if (step === 'step' || step.startsWith('-')) continue;
        if (step) steps.push({ app: step.split(/[.:] /)[1], event: step.split(': ')[1], fields: [] });
        steps.at(-1).fields.push([label, value]);
      }
      return [section.split('\n')[0], steps];
    }),
  );

/** What a step's fields hold, once what is mapped from step 1 is put in. */
const inputOf = (operation, fields, first) => {
  const input = {};
  for (const [label, value] of fields) {
    const field = fieldsOf(operation).find((each) => each.label === label);
    expect(field, `${operation.display.label} has a field ${label}`).toBeTruthy();
    const chosen = field.choices ? Object.keys(field.choices).find((key) => field.choices[key] === value) : mapped(value, first);
    expect(chosen, `${label} can be ${value}`).toBeTruthy();
    input[field.key] = field.list ? [...(input[field.key] ?? []), chosen] : chosen;
  }
  return input;
};

const mapped = (value, first) => {
  if (value === 'in 6 days') return new Date(Date.now() + 6 * 86_400_000).toISOString(); // Zapier reads such words itself
  const labels = first ? [...first.trigger.operation.outputFields].sort((one, other) => other.label.length - one.label.length) : [];
  return labels.reduce((text, { key, label }) => text.replaceAll(`1. ${label}`, String(first.item[key])), value);
};

describe('the page', () => {
  it('names every trigger, action and search with every field of it', () => {
    for (const each of shown) {
      const row = DOCS.split('\n').find((line) => line.startsWith('|') && line.includes(`**${each.display.label}**`));
      expect(row, each.display.label).toBeTruthy();
      for (const { label, choices } of fieldsOf(each)) {
        expect(row, `${each.display.label}: ${label}`).toContain(label);
        if (label === 'Search By') for (const choice of Object.values(choices)) expect(row).toContain(choice);
      }
    }
    for (const { label } of App.authentication.fields) expect(DOCS).toContain(`| ${label} |`);
  });
});

describe('its Zap', () => {
  let authData;
  let receiver;
  beforeAll(async () => {
    authData = await connect();
    receiver = await startReceiver();
  });
  afterAll(() => receiver.stop());

  /** Turn it on, have `provoke` bring about what it waits for, and run its first step for the device. */
  const runFirst = async ([step], device, provoke) => {
    const trigger = byLabel[step.event];
    const inputData = inputOf(trigger, step.fields);
    const targetUrl = receiver.urlOf(trigger.key);
    const subscribeData = await tester(trigger.operation.performSubscribe, { authData, inputData, targetUrl });
    await provoke();
    const item = await until(async () => {
      const runs = receiver.to(trigger.key).map((hook) => tester(trigger.operation.perform, { authData, inputData, subscribeData, ...bundleOf(hook) }));
      return (await Promise.all(runs)).flat().find((item) => item.device_id === device.id);
    }, `the Zap runs: ${trigger.key}`);
    await tester(trigger.operation.performUnsubscribe, { authData, inputData, targetUrl, subscribeData });
    return { trigger, item };
  };

  /** What is mapped into a step of another app, which is not here. */
  const expectMapped = (step, first) => {
    for (const [, value] of step.fields) {
      const text = mapped(value, first);
      expect(text).not.toMatch(/\b1\. |null|undefined/);
    }
  };

  it('gives a device its APN at its first contact', async () => {
    const device = deviceThat('apn', 1);
    const steps = zaps()['An APN for a device at its first contact'];
    const first = await runFirst(steps, device, () => api(authData, 'POST', `/simulator/endpoint/${device.id}/mo`, { payload: 'hello', dest_address: '1000' }));
    const action = byLabel[steps[1].event];
    const sent = await tester(action.operation.perform, { authData, inputData: inputOf(action, steps[1].fields, first) });
    expect(sent).toMatchObject({ device_id: device.id, text: 'APN=iot.example.com', from: '1000' });
    await until(async () => (await api(authData, 'GET', `/endpoint/${device.id}/sms`)).some((sms) => sms.payload === 'APN set to iot.example.com'), 'the device confirms');
  });

  it('tells an alarm', async () => {
    const device = deviceThat('delivers');
    const steps = zaps()['An alarm of a device into a chat'];
    const first = await runFirst(steps, device, () => api(authData, 'POST', `/simulator/endpoint/${device.id}/mo`, { payload: 'ALARM 0.2 bar', dest_address: '1000' }));
    const [[filtered, contains]] = steps[1].fields;
    expect(first.item[triggers.sms_received.operation.outputFields.find((each) => each.label === filtered).key]).toContain(contains.replace('contains ', ''));
    expectMapped(steps[2], first);
    expect(mapped(steps[2].fields[0][1], first)).toMatch(new RegExp(`^${device.name}: ALARM 0.2 bar \\(20.*Z\\) http.*/sms/\\d+$`));
  });

  it('makes a ticket for an SMS that did not arrive', async () => {
    const device = deviceThat('undeliverable');
    const steps = zaps()['A ticket for an SMS that did not arrive'];
    const first = await runFirst(steps, device, () => tester(creates.send_sms.operation.perform, { authData, inputData: { device_id: device.id, text: 'REPORT 3600' } }));
    expectMapped(steps[1], first);
    expect(mapped(steps[1].fields[0][1], first)).toBe(`${device.name} did not get REPORT 3600`);
  });
});
