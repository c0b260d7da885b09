// The running server that the tests use: HELIOGRAPH_TRY holds the line that `heliograph try --json` prints.
import zapier from 'zapier-platform-core';

import App from '../index.js';

process.env.HELIOGRAPH_LOOPBACK_OVER_HTTP = '1';
if (!process.env.HELIOGRAPH_TRY) throw new Error('HELIOGRAPH_TRY is missing: run pytest tests/zapier, which starts a server');

const WAIT_MS = 45_000;
const LOOK_EVERY_MS = 50;

export const ready = JSON.parse(process.env.HELIOGRAPH_TRY);
export const tester = zapier.createAppTester(App);
export const { triggers, creates, searches, authentication } = App;

const session = async (application_token) => {
  const authData = { base_url: ready.api_url, application_token };
  return { ...authData, ...(await tester(authentication.sessionConfig.perform, { authData })) };
};

/** A token of the role that docs/zapier.md recommends, made by the Administrator of the demo world: its `id` and text. */
export const newToken = async () => api(await session(ready.application_token), 'POST', '/application_token', { description: 'Zapier', role: 'User' });

/** A connection as Zapier keeps one, with a session. */
export const connect = async () => session((await newToken()).application_token);

/** The API as any other client uses it; the parsed answer. `path` is of version 1 where it does not say. */
export const api = async (authData, method, path, body) => {
  const response = await fetch(`${ready.api_url}${path.startsWith('/v2') ? '' : '/v1'}${path}`, {
    method,
    headers: { Authorization: `Bearer ${authData.sessionKey}` },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
};

/** A seeded device of this behaviour. */
export const deviceThat = (behaviour, which = 0) => ready.devices.filter((each) => each.behaviour === behaviour)[which];

/** What `look` finds, as soon as it finds something. */
export const until = async (look, what) => {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
};

/** The words of an error of the app. */
export const wordsOf = async (promise) => {
  const error = await promise.then(
    (value) => Promise.reject(new Error(`no error, but ${JSON.stringify(value)}`)),
    (found) => found,
  );
  if (error.name !== 'AppError') throw error;
  return JSON.parse(error.message).message;
};
