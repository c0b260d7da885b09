// The meter of a text that is to be sent: characters, alphabet, parts, and what forces the wide alphabet, with a way out.
import { lookAlikes, segments } from "./segments.js";

const by = (id) => document.getElementById(id);
// A character to be seen; one that leaves no mark, such as a no-break space, by its number.
const named = (c) => Object.assign(document.createElement("code"), { textContent: /[\p{L}\p{N}\p{P}\p{S}]/u.test(c) ? c : `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` });
const MANY = 3, MOST = 255, SHOWN_BARS = 6;
const counted = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

// Counts at once and whenever something is typed; what is returned counts once more.
export function meterOf(form) {
  const text = form.elements.text, kind = form.elements.kind, meter = by("meter"), hint = by("hint");
  const bar = (share) => `<svg viewBox="0 0 34 5" aria-hidden="true"><rect width="${(34 * share).toFixed(1)}" height="5"/></svg>`;
  const count = () => {
    const isBinary = kind.value === "binary";
    const now = segments(text.value);
    hint.hidden = isBinary || now.odd.length === 0;
    if (!text.value || isBinary) { meter.replaceChildren(); meter.textContent = isBinary && text.value ? counted(Math.ceil(text.value.replace(/\s/g, "").length / 2), "octet") : ""; return }
    const bars = Array.from({ length: Math.min(now.parts, SHOWN_BARS) }, (_, at) => bar(at < now.parts - 1 ? 1 : now.last / now.per)).join("");
    meter.className = `meter num${now.alphabet === "UCS-2" ? " ucs" : ""}`;
    const many = now.parts >= MANY ? ' class="many"' : "", costs = now.parts > MOST ? `: at most ${MOST} can be sent` : now.parts >= MANY ? `: counts as ${now.parts} SMS` : "";
    meter.innerHTML = `<span class="bars">${bars}</span><span>${now.alphabet} · ${now.units}/${Math.max(now.parts, 1) * now.per}</span><span${many}>${counted(now.parts, "part")}${costs}</span>`;
    if (now.odd.length) {
      const others = now.odd.length > 5 ? "and others are" : now.odd.length > 1 ? "are" : "is";
      hint.querySelector("span").replaceChildren(...now.odd.slice(0, 5).flatMap((c) => [named(c), " "]), `${others} not in the GSM alphabet: 70 characters a part, not 160.`);
      by("replace").hidden = lookAlikes(text.value) === text.value;
    }
  };
  text.addEventListener("input", count);
  kind.addEventListener("change", count);
  by("replace").addEventListener("click", () => { text.value = lookAlikes(text.value); count(); text.focus() });
  count();
  return count;
}

for (const form of document.querySelectorAll("form[data-composer]")) meterOf(form);
