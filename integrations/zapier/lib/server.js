// The server behind a connection: its address, calls of its REST API, and every error in words that say what to do.

// For tests on one machine: with it, and only with it, http:// to this machine is taken. Zapier's own machines never set it.
const LOOPBACK_OVER_HTTP = 'HELIOGRAPH_LOOPBACK_OVER_HTTP';
const THROTTLED_S = 60;
const TIMEOUT_MS = 20_000; // Zapier ends a step after 30 s, without a word

export const NOT_FOUND = 404;

const REASONS = {
  ENOTFOUND: (host) => `There is no server called ${host}. Check the server address.`,
  EAI_AGAIN: (host) => `There is no server called ${host}, or its name cannot be looked up right now. Check the server address.`,
  ECONNREFUSED: (host) => `Nothing answers at ${host}. Check the server address, and that Heliograph runs.`,
  ECONNRESET: (host) => `The connection to ${host} was cut. Try again; if it stays so, look at the server or the proxy before it.`,
  ETIMEDOUT: (host) => `${host} does not answer in time. It must be reachable from the internet, not only from your own network.`,
  CERT_HAS_EXPIRED: (host) => `The TLS certificate of ${host} has expired. Renew it.`,
  DEPTH_ZERO_SELF_SIGNED_CERT: (host) => `The TLS certificate of ${host} is self-signed. Zapier needs one that browsers trust.`,
  SELF_SIGNED_CERT_IN_CHAIN: (host) => `The TLS certificate of ${host} is of a private authority. Zapier needs one that browsers trust.`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (host) => `${host} sends its TLS certificate without the chain above it. Have it send the full chain.`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host) => `The TLS certificate of ${host} is for another name. Check the server address.`,
};

/** The address of the connection's server, without `/` at its end; a pasted API address loses its `/api`. Throws in words. */
export const serverAddress = (z, bundle) => {
  const wrong = (text) => new z.errors.Error(`The server address ${text}`, 'InvalidServerAddress', 400);
  let url;
  try {
    url = new URL(String(bundle.authData.base_url ?? '').trim());
  } catch {
    throw wrong('must look like https://sms.example.com');
  }
  const isLoopback = process.env[LOOPBACK_OVER_HTTP] === '1' && ['127.0.0.1', 'localhost'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(isLoopback && url.protocol === 'http:')) throw wrong('must begin with https://');
  if (url.username || url.password) throw wrong('must not hold a user name or password');
  if (url.search || url.hash) throw wrong('must not hold ? or #');
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/api(\/v[12])?$/, '');
};

/** Call the REST API: `path` is what stands behind `/api/v1`. Throws in words, for a server that cannot be reached too. */
export const call = async (z, bundle, path, request = {}) => {
  const address = serverAddress(z, bundle);
  try {
    // A redirect is not followed: it would carry the token to where nobody said it should go.
    return await z.request({ url: `${address}/api/v1${path}`, redirect: 'manual', timeout: TIMEOUT_MS, ...request });
  } catch (error) {
    const code = error.type === 'request-timeout' ? 'ETIMEDOUT' : error.code;
    if (code in REASONS) throw new z.errors.Error(REASONS[code](new URL(address).host), code, 503);
    throw error;
  }
};

/** The HTTP status behind an error of `call`, which z.errors.Error keeps as JSON in its message. */
export const statusOf = (error) => (error.name === 'AppError' ? JSON.parse(error.message).status : null);

/** Before each request: who asks. */
export const addToken = (request, z, bundle) => {
  if (bundle.authData.sessionKey && !request.url.endsWith('/authenticate')) {
    request.headers.Authorization = `Bearer ${bundle.authData.sessionKey}`;
  }
  return request;
};

/** After each answer: what is no success becomes an error with the server's own words. 401 never comes here: Zapier's core turns it into
 * its own order to ask for a new session, before any code of an app. */
export const explainErrors = (response, z) => {
  if (response.status < 300 || response.skipThrowForStatus) return response;
  if (response.status < 400) {
    throw new z.errors.Error(`The server sends us on to ${response.getHeader('location')}. Enter the address that it ends at.`, 'Redirected', response.status);
  }
  const said = response.data ?? {};
  if (response.status === 429) {
    throw new z.errors.ThrottledError(said.message ?? 'The server asks to slow down.', Number(response.getHeader('retry-after')) || THROTTLED_S);
  }
  throw new z.errors.Error(words(response, said), said.rule ?? said.error_token ?? 'ServerError', response.status);
};

const words = (response, said) => {
  const parts = (said.errors ?? []).map((each) => each.message).filter(Boolean);
  const text = parts.join('; ') || said.message;
  if (!text) return `The server answered ${response.status}, and nothing of Heliograph's. Check the server address, and the proxy before it.`;
  const request = response.getHeader('x-request-id');
  return response.status >= 500 && request ? `${text} (request ${request})` : text;
};
