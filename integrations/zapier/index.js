// The Zapier app of Heliograph: how it connects, what starts a Zap, what a Zap can do. It holds no rule of the platform: every call is one
// of the REST API, and the server decides.
import zapier, { defineApp } from 'zapier-platform-core';

import packageJson from './package.json' with { type: 'json' };
import { authentication } from './authentication.js';
import { addToken, explainErrors } from './lib/server.js';
import { cancelSms } from './creates/cancel_sms.js';
import { changeServicePolicy } from './creates/change_service_policy.js';
import { createDevice } from './creates/create_device.js';
import { disableDevice, enableDevice } from './creates/device_status.js';
import { sendSms } from './creates/send_sms.js';
import { findDevice } from './searches/find_device.js';
import { findSms } from './searches/find_sms.js';
import { deviceEvent } from './triggers/device_event.js';
import { deviceList } from './triggers/device_list.js';
import { policyList } from './triggers/policy_list.js';
import { smsReceived } from './triggers/sms_received.js';
import { smsStatusChanged } from './triggers/sms_status_changed.js';

const byKey = (...operations) => Object.fromEntries(operations.map((each) => [each.key, each]));

export default defineApp({
  version: packageJson.version,
  platformVersion: zapier.version,
  // An answer 429 comes to explainErrors like any other, so that the server's own words are shown.
  flags: { cleanInputData: true, throwForThrottlingEarly: false },
  authentication,
  beforeRequest: [addToken],
  afterResponse: [explainErrors],
  triggers: byKey(smsReceived, smsStatusChanged, deviceEvent, deviceList, policyList),
  creates: byKey(sendSms, cancelSms, enableDevice, disableDevice, changeServicePolicy, createDevice),
  searches: byKey(findDevice, findSms),
});
