// What a person meets who connects a server.
import http from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { api, authentication, connect, newToken, ready, searches, tester, wordsOf } from './server.js';

const session = (authData) => tester(authentication.sessionConfig.perform, { authData });
const origin = new URL(ready.api_url).origin;
const application_token = ready.application_token;

describe('a connection', () => {
  it('names the organisation and the server', async () => {
    const found = await tester(authentication.test, { authData: await connect() });
    expect(found).toMatchObject({ organisation: 'Demo organisation', server: new URL(origin).host, role: 'User', token: 'Zapier' });
    for (const [, key] of authentication.connectionLabel.matchAll(/{{(\w+)}}/g)) expect(found).toHaveProperty(key);
  });

  it.each(['', '/', '/api', '/api/', '/api/v1'])('is made with the address of the portal or of the API: "%s" behind it', async (path) => {
    expect(await session({ base_url: ` ${origin}${path} `, application_token: ` ${application_token}\n` })).toHaveProperty('sessionKey');
  });

  it('tells of a wrong token', async () => {
    expect(await wordsOf(session({ base_url: origin, application_token: 'nope' }))).toMatch(/does not know this application token/);
  });

  it('tells of a token that was revoked', async () => {
    const { id, application_token } = await newToken();
    await session({ base_url: origin, application_token });
    const { sessionKey } = await session({ base_url: origin, application_token: ready.application_token });
    await api({ sessionKey }, 'PATCH', `/application_token/${id}`, { status: { id: 1 } });
    expect(await wordsOf(session({ base_url: origin, application_token }))).toMatch(/revoked/);
  });

  it('asks Zapier for a new session where the old one has expired', async () => {
    const stale = { base_url: origin, application_token, sessionKey: 'stale' };
    await expect(tester(authentication.test, { authData: stale })).rejects.toMatchObject({ name: 'RefreshAuthError' });
  });
});

describe('a server address', () => {
  it.each([
    ['http://sms.example.com', /must begin with https/],
    ['http://127.0.0.1.example.com', /must begin with https/],
    ['ftp://127.0.0.1', /must begin with https/],
    ['https://ada:secret@sms.example.com', /user name or password/],
    ['https://sms.example.com/?x=1', /\? or #/],
    ['sms.example.com', /look like/],
    ['', /look like/],
  ])('"%s" is refused in words', async (base_url, words) => {
    expect(await wordsOf(session({ base_url, application_token }))).toMatch(words);
  });

  it('over http is refused where nobody tests', async () => {
    delete process.env.HELIOGRAPH_LOOPBACK_OVER_HTTP;
    try {
      expect(await wordsOf(session({ base_url: origin, application_token }))).toMatch(/must begin with https/);
    } finally {
      process.env.HELIOGRAPH_LOOPBACK_OVER_HTTP = '1';
    }
  });
});

describe('something else at the address', () => {
  const answers = {
    '/page': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works</h1>'),
    '/nothing': (_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>'),
    '/moved': (_, response) => response.writeHead(308, { location: `${origin}/elsewhere` }).end(),
    '/busy': (_, response) => response.writeHead(429, { 'retry-after': '7' }).end('{"message": "Too many requests"}'),
    '/broken': (_, response) => response.writeHead(500, { 'x-request-id': 'r17' }).end('{"message": "Something broke"}'),
    '/gateway': (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    '/cut': (request) => request.socket.destroy(),
  };
  const server = http.createServer((request, response) => answers[`/${request.url.split('/')[1]}`](request, response));
  const at = (path) => ({ base_url: `http://127.0.0.1:${server.address().port}${path}`, application_token });
  beforeAll(() => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['/page', /No Heliograph server/],
    ['/nothing', /answered 404, and nothing of Heliograph's/],
    ['/moved', /sends us on to .*elsewhere/],
    ['/broken', /^Something broke \(request r17\)$/],
    ['/gateway', /answered 502/],
    ['/cut', /connection to 127.0.0.1:\d+ was cut/],
  ])('%s is told in words', async (path, words) => {
    expect(await wordsOf(session(at(path)))).toMatch(words);
  });

  it('that asks to slow down is obeyed', async () => {
    const error = await session(at('/busy')).catch((found) => found);
    expect(error.name).toBe('ThrottledError');
    expect(JSON.parse(error.message)).toMatchObject({ message: 'Too many requests', delay: 7 });
  });

  it('or nothing at all is told in words', async () => {
    const free = http.createServer();
    await new Promise((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address();
    await new Promise((resolve) => free.close(resolve));
    expect(await wordsOf(session({ base_url: `http://127.0.0.1:${port}`, application_token }))).toMatch(/Nothing answers at 127/);
    const perform = searches.find_device.operation.perform;
    const authData = { base_url: 'https://heliograph.invalid', sessionKey: 'x' };
    expect(await wordsOf(tester(perform, { authData, inputData: { search_by: 'name', value: 'x' } }))).toMatch(/no server called heliograph.invalid/);
  });
});
