// What Zapier checks before it publishes an app, as far as it can be told without an account (its integration checks, by their numbers), and
// its schema. The schema alone passes most of what breaks a check.
import { describe, expect, it } from 'vitest';
import schema from 'zapier-platform-schema';

import App from '../index.js';

const SMALL = /^(a|an|and|as|at|but|by|for|from|in|of|on|or|the|to|with)$/;
const DESCRIPTION = { trigger: /^Triggers when .+\.$/, create: /^[A-Z][a-z]+s .+\.$/, search: /^Finds .+\.$/ };
const TYPES = {
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  datetime: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
};
const isTitle = (text) => text.split(/\s+/).every((word, place) => (place && SMALL.test(word)) || /^[A-Z0-9(]/.test(word));
const isNull = (value) => value === null;

const operations = ['trigger', 'create', 'search'].flatMap((kind) =>
  Object.entries(App[kind === 'search' ? 'searches' : `${kind}s`]).map(([key, found]) => ({ kind, key, ...found })),
);

/** The input fields, with those that depend on others, for each of their choices. */
const inputsOf = ({ operation }) => {
  const fixed = operation.inputFields?.filter((field) => typeof field !== 'function') ?? [];
  const chosen = fixed.filter((field) => field.altersDynamicFields).flatMap(({ key, choices }) => Object.keys(choices).map((choice) => ({ [key]: choice })));
  const depending = (operation.inputFields ?? []).filter((field) => typeof field === 'function');
  return [...fixed, ...depending.flatMap((fieldsOf) => chosen.flatMap((inputData) => fieldsOf({}, { inputData })))];
};

it("the app fits Zapier's schema", () => {
  const app = JSON.parse(JSON.stringify(App, (_, value) => (typeof value === 'function' ? { source: 'return 1' } : value)));
  expect(schema.validateAppDefinition(app).errors.map(String)).toEqual([]);
});

it('a connection has a label and fields that explain themselves (D003)', () => {
  expect(App.authentication.connectionLabel).toBeTruthy();
  for (const field of App.authentication.fields) expect(field.helpText.length, field.key).toBeGreaterThan(20);
});

it('labels are unique among what can be chosen', () => {
  for (const kind of ['trigger', 'create', 'search']) {
    const labels = operations.filter((each) => each.kind === kind).map((each) => each.display.label);
    expect(new Set(labels).size, kind).toBe(labels.length);
  }
});

describe.each(operations)('$kind $key', (found) => {
  const { kind, key, operation, display } = found;

  it('has a key, a label in title case and a sentence (D018, D021)', () => {
    expect(found.key).toBe(key);
    expect(key).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(isTitle(display.label), display.label).toBe(true);
    expect(display.description).toMatch(DESCRIPTION[kind]);
    expect(isTitle(found.noun), found.noun).toBe(true);
  });

  it('has a sample with the keys, the order and the types of its fields (D010, D012, D023, D024)', () => {
    expect(Object.keys(operation.sample)).toEqual(operation.outputFields.map((field) => field.key));
    expect(operation.outputFields.filter((field) => field.primary)).toHaveLength(1);
    for (const field of operation.outputFields) {
      const value = operation.sample[field.key];
      expect(isNull(value) || TYPES[field.type](value), `${field.key}: ${JSON.stringify(value)} as ${field.type}`).toBe(true);
      expect(isTitle(field.label), field.label).toBe(true);
    }
  });

  it('leads each dropdown and each search to one that exists (D005, D013)', () => {
    for (const field of inputsOf(found)) {
      const outputs = (where, path) => {
        const [to, ...keys] = path.split('.');
        const known = App[where][to]?.operation.outputFields.map((each) => each.key);
        expect(known, `${field.key} leads to ${path}`).toEqual(expect.arrayContaining(keys));
      };
      if (field.dynamic) outputs('triggers', field.dynamic);
      if (field.search) outputs('searches', field.search);
      if (kind === 'trigger') expect(field.search, 'no step is before a trigger').toBeUndefined();
      if (field.choices && field.default) expect(Object.keys(field.choices)).toContain(field.default);
    }
  });

  it('asks for no ID and no secret, in title case (D001, D004)', () => {
    for (const field of inputsOf(found)) {
      expect(field.label, field.key).not.toMatch(/(^|\s)ID$/);
      expect(field.key).not.toMatch(/api_?key|token|secret|password/i);
      expect(isTitle(field.label), field.label).toBe(true);
      if (field.helpText) expect(field.helpText, field.key).toMatch(/^["“A-Z0-9].*\.$/);
    }
  });

  if (kind === 'search') {
    it('needs something to search for (D009)', () => {
      expect(inputsOf(found).some((field) => field.required)).toBe(true);
    });
  }

  if (operation.type === 'hook') {
    it('subscribes, unsubscribes and lists by itself (D006)', () => {
      for (const name of ['perform', 'performSubscribe', 'performUnsubscribe', 'performList']) expect(operation[name], name).toBeTypeOf('function');
    });
  }
});
