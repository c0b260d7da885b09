// Instant triggers as REST hooks: the server keeps a webhook for each Zap that is on, signs what it sends, and lists the latest events just as
// it would send them. One event becomes one item for Zaps by one function, so the list has the hook's keys, in its order.
import { anyDevice } from './device.js';
import { NOT_FOUND, call, statusOf } from './server.js';
import { verify } from './signature.js';
import { idOf } from './values.js';

const KIND = 'zapier';
const LISTED = 3;

/** An instant trigger. `eventsOf(inputData)`: the types of events to subscribe to; `itemOf(z, bundle, event)`: an event as Zaps see it;
 * `isWanted(inputData, item)`: what the server's webhooks cannot filter. */
export const hookTrigger = ({ key, noun, display, inputFields, eventsOf, itemOf, isWanted, sample, outputFields }) => ({
  key,
  noun,
  display,
  operation: {
    type: 'hook',
    inputFields: [anyDevice, ...inputFields],
    performSubscribe: (z, bundle) => subscribe(z, bundle, display.label, eventsOf(bundle.inputData)),
    performUnsubscribe: unsubscribe,
    perform: (z, bundle) => {
      verify(z, bundle.rawRequest, bundle.subscribeData.secret);
      const item = itemOf(z, bundle, JSON.parse(bundle.rawRequest.content));
      return isWanted(bundle.inputData, item) ? [item] : [];
    },
    performList: async (z, bundle) => {
      const events = await latest(z, bundle, eventsOf(bundle.inputData));
      return events.map((event) => itemOf(z, bundle, event)).filter((item) => isWanted(bundle.inputData, item));
    },
    sample,
    outputFields,
  },
});

const subscribe = async (z, bundle, label, events) => {
  const { device_id } = bundle.inputData;
  const { data } = await call(z, bundle, '/webhook', {
    method: 'POST',
    body: {
      url: bundle.targetUrl,
      kind: KIND,
      name: `Zapier: ${label}`,
      events,
      scope: device_id ? { type: 'devices', endpoints: [{ id: Number(idOf(z, device_id, 'device')) }] } : { type: 'organisation' },
    },
  });
  return { id: data.id, secret: data.secret ?? (await newSecret(z, bundle, data.id)) };
};

// The secret is told once, when the webhook is made. Where it is there already, since the answer to an earlier try was lost, it gets another.
const newSecret = async (z, bundle, id) => (await call(z, bundle, `/webhook/${id}/secret/rotate`, { method: 'POST', body: {} })).data.secret;

const unsubscribe = async (z, bundle) => {
  try {
    await call(z, bundle, `/webhook/${bundle.subscribeData.id}`, { method: 'DELETE' });
  } catch (error) {
    if (statusOf(error) !== NOT_FOUND) throw error; // somebody deleted it in the portal: just what is wanted
  }
  return {};
};

/** The latest events of these types, newest first. */
const latest = async (z, bundle, types) => {
  const { device_id } = bundle.inputData;
  const most = bundle.meta?.limit > 0 ? bundle.meta.limit : LISTED;
  const ofType = async (type) => {
    const params = { as_event: type, per_page: most, ...(device_id ? { endpoint_id: idOf(z, device_id, 'device') } : {}) };
    return (await call(z, bundle, type.startsWith('sms.') ? '/sms' : '/event', { params })).data;
  };
  const found = (await Promise.all(types.map(ofType))).flat();
  return found.sort((one, other) => other.number - one.number).slice(0, most);
};
