// How values are written to Zapier, and read from what people map into fields.

/** A moment of the API (2026-11-28T08:50:26.172+0000) as ISO 8601 in UTC; null stays null. */
export const isoTime = (text) => (text ? new Date(text).toISOString() : null);

/** The digits of a number as people write it: without +, spaces, dashes, and without the 00 of an international call. '' for what is none. */
export const digits = (text) => {
  const bare = String(text).replace(/[\s().+-]/g, '').replace(/^00/, '');
  return /^\d+$/.test(bare) ? bare : '';
};

/** An ICCID as lists of the API search for it: without its check digit, which is the 20th. '' for what is none. */
export const iccidToAsk = (text) => digits(text).slice(0, 19);

/** The number of a thing from what was chosen or mapped; throws in words for what is none. */
export const idOf = (z, value, noun) => {
  const text = String(value ?? '').trim();
  if (!/^\d{1,18}$/.test(text)) throw new z.errors.Error(`"${text}" is no ${noun}. Choose one from the list, or map the ID of an earlier step.`, 'InvalidReference', 400);
  return text;
};

/** The alphabet of an SMS by its data coding scheme (3GPP TS 23.038 section 4). */
export const encodingOf = (dcs) => {
  const value = Number(dcs);
  if (value >= 0xf0) return value & 0x04 ? '8-bit' : 'GSM-7';
  if (value >= 0xe0) return 'UCS-2';
  if (value >= 0xc0) return 'GSM-7';
  return ['GSM-7', '8-bit', 'UCS-2', 'GSM-7'][(value >> 2) & 3];
};
