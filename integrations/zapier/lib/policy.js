// Service policies, as a dropdown.
export const policyField = {
  key: 'service_policy_id',
  label: 'Service Policy',
  type: 'string',
  required: true,
  dynamic: 'policy_list.id.name',
  helpText: 'What the device may do with SMS, and how your application is reached.',
};
