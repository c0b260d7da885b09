// The connection: the address of somebody's own server and an application token, exchanged for a token of four hours. When that has
// expired the server answers 401, and Zapier asks for the next one by itself.
import { call, serverAddress } from './lib/server.js';

const newSession = async (z, bundle) => {
  const response = await call(z, bundle, '/authenticate', {
    method: 'POST',
    body: { application_token: String(bundle.authData.application_token ?? '').trim() },
  }).catch((error) => {
    if (error.name !== 'RefreshAuthError') throw error;
    // Core has made this of the answer 401, without a word in it.
    throw new z.errors.Error(
      'The server does not know this application token: it is mistyped, revoked, expired, or bound to other addresses. Create a new one.',
      'AuthenticationError',
      401,
    );
  });
  if (!response.data?.auth_token) {
    throw new z.errors.Error('No Heliograph server answers at this server address. Check it.', 'InvalidServerAddress', 400);
  }
  return { sessionKey: response.data.auth_token };
};

const whoAmI = async (z, bundle) => {
  const { data } = await call(z, bundle, '/me');
  return {
    organisation: data.workspace.name,
    server: new URL(serverAddress(z, bundle)).host,
    token: data.application_token?.description ?? '',
    role: data.role,
    version: data.server.version,
  };
};

export const authentication = {
  type: 'session',
  sessionConfig: { perform: newSession },
  test: whoAmI,
  connectionLabel: '{{organisation}} on {{server}}',
  fields: [
    {
      key: 'base_url',
      label: 'Server Address',
      type: 'string',
      required: true,
      isNoSecret: true,
      placeholder: 'https://sms.example.com',
      helpText: 'The `https://` address of your own Heliograph server, as you open its portal. It must be reachable from the internet.',
    },
    {
      key: 'application_token',
      label: 'Application Token',
      type: 'password',
      required: true,
      helpText: 'In the portal: **Application tokens**. On the server: `heliograph token create --description Zapier --role User`.',
    },
  ],
};
