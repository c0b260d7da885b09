// How a text is written and cut, as src/heliograph/gsm/segment.py does it. tests/vectors/composer.json holds both to the same.
const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const ESCAPED = new Set("^{}\\[~]|€\f");
const isRegional = (c) => c >= "\u{1f1e6}" && c <= "\u{1f1ff}";
const isSuffix = (c) => (c >= "\u{1f3fb}" && c <= "\u{1f3ff}") || (c >= "\u{e0020}" && c <= "\u{e007f}");

function clings(characters, start, at) {
  const character = characters[at], before = characters[at - 1];
  if (before === "\u200d" || (before === "\r" && character === "\n")) return true;
  if (isRegional(character)) {
    let first = at;
    while (first > start && isRegional(characters[first - 1])) first--;
    return (at - first) % 2 === 1;
  }
  return character === "\u200d" || /\p{M}/u.test(character) || isSuffix(character);
}

// How many segments, and how full the last one is.
function cut(characters, widths, room) {
  let parts = 0, start = 0, last = 0;
  while (start < characters.length) {
    let end = start, used = 0;
    while (end < characters.length && used + widths[end] <= room) used += widths[end++];
    const furthest = end;
    while (end > start && end < characters.length && clings(characters, start, end)) end--;
    if (end === start) end = furthest;
    last = 0;
    for (let at = start; at < end; at++) last += widths[at];
    start = end;
    parts++;
  }
  return { parts, last };
}

export function segments(text) {
  const characters = [...text];
  const odd = [...new Set(characters.filter((c) => !GSM.has(c) && !ESCAPED.has(c)))];
  const isGsm = odd.length === 0;
  const widths = characters.map((c) => (isGsm ? (ESCAPED.has(c) ? 2 : 1) : c.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const single = isGsm ? 160 : 70, room = isGsm ? 153 : 67;
  if (units <= single) return { alphabet: isGsm ? "GSM-7" : "UCS-2", units, parts: units ? 1 : 0, per: single, last: units, odd };
  return { alphabet: isGsm ? "GSM-7" : "UCS-2", units, per: room, odd, ...cut(characters, widths, room) };
}

const ALIKE = {
  "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u00b4": "'", "`": "'", "\u2032": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2033": '"',
  "\u00ab": '"', "\u00bb": '"', "\u2039": "<", "\u203a": ">", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2022": "*", "\u00b7": ".",
  "\u2026": "...", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\ufeff": "", "\u00d7": "x", "\u00f7": "/", "\u00b0": "deg", "\u00ba": "o", "\u00aa": "a", "\u2122": "(TM)",
  "\u00a9": "(C)", "\u00ae": "(R)", "\u0131": "i", "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u00fe": "th", "\u00de": "Th", "\u00f0": "d", "\u00d0": "D", "\u0153": "oe", "\u0152": "OE", "\t": " ",
};

// The text with what looks alike in the GSM alphabet; what has no look-alike stays.
export function lookAlikes(text) {
  return [...text.normalize("NFC")].map((c) => {
    if (GSM.has(c) || ESCAPED.has(c)) return c;
    if (c in ALIKE) return ALIKE[c];
    const plain = c.normalize("NFD").replace(/\p{M}/gu, "");
    return plain && [...plain].every((each) => GSM.has(each)) ? plain : c;
  }).join("");
}
