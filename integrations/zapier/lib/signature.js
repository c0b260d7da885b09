// Whether a hook is really the server's: the signature of Standard Webhooks (https://www.standardwebhooks.com), with the secret that the
// subscription was answered with.
import { createHmac, timingSafeEqual } from 'node:crypto';

const PREFIX = 'whsec_';
const VERSION = 'v1,';

/** Halts the run, in words, for a hook that is not signed with the secret. Halted and no error: many errors switch a Zap off, which a
 * stranger who knows the hook's address should not be able to do. Its age is not looked at: Zapier may hold a hook back and run it later. */
export const verify = (z, rawRequest, secret) => {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => header(rawRequest, name));
  const expected = signature(`${id}.${timestamp}.${rawRequest.content}`, secret);
  // Several signatures, by spaces: while a secret is replaced, the old and the new one sign both.
  if (signatures.split(' ').some((each) => isSame(each, expected))) return;
  throw new z.errors.HaltedError(
    'This hook is not signed with the secret of this Zap, so it is ignored. If the secret of the webhook was replaced on the server, turn the Zap off and on again.',
  );
};

const signature = (signed, secret) =>
  VERSION + createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(signed).digest('base64');

const isSame = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

// Zapier writes `Webhook-Id` as `Http-Webhook-Id` (zapier/zapier-platform issue 290).
const header = (rawRequest, wanted) => {
  const found = Object.entries(rawRequest.headers ?? {}).find(([name]) => name.toLowerCase().replace(/^http-/, '') === wanted);
  return found ? String(found[1]) : '';
};
