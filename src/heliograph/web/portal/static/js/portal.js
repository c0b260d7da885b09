// What every page has: keys, copying, the theme, the zone of the reader's clock, and the word that the live stream is lost.
const remembered = (name) => { try { return localStorage.getItem(name) } catch { return null } };
const remember = (name, value) => { try { localStorage.setItem(name, value) } catch { /* a browser that keeps nothing */ } };
export const say = (text) => { const said = document.getElementById("said"); if (said) said.textContent = text };

const secure = location.protocol === "https:" ? "; Secure" : "";
export const keep = (name, value, seconds) => { document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; SameSite=Lax; Max-Age=${seconds}${secure}` };
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) keep("tz", zone, 31536000);

// --- copying
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try { await navigator.clipboard.writeText(button.dataset.copy) } catch { return }
  button.classList.add("done");
  say("Copied");
  setTimeout(() => button.classList.remove("done"), 1500);
});

// --- theme: the form works without us, and reloads the page; we do it at once
const THEMES = ["system", "dark", "light"];
function nextTheme() {
  const root = document.documentElement, theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
  root.dataset.theme = theme;
  keep("theme", theme === "system" ? "" : theme, theme === "system" ? 0 : 31536000);
  for (const form of document.querySelectorAll("[data-theme-form]")) {
    form.elements.theme.value = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    const button = form.querySelector("button"), use = button.querySelector("use");
    button.title = `Theme: ${theme}`;
    button.setAttribute("aria-label", `Theme: ${theme}. Switch`);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, { system: "#monitor", dark: "#moon", light: "#sun" }[theme]));
  }
  say(`Theme: ${theme}`);
}
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  nextTheme();
});

// --- keys
const singleKeys = document.getElementById("single-keys");
if (singleKeys) {
  singleKeys.checked = remembered("single-keys") !== "off";
  singleKeys.addEventListener("change", () => remember("single-keys", singleKeys.checked ? "on" : "off"));
}
const isTyping = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
let afterG = -Infinity;

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement) || row === document.activeElement);
  const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  const target = row.matches("a, button, [tabindex]") ? row : row.querySelector("[data-open]") ?? row;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "/": () => (document.querySelector("[data-search]") ?? document.querySelector("input[type=search]"))?.focus(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  c: () => document.querySelector("[data-compose]")?.focus(),
  t: nextTheme,
  "?": () => document.getElementById("keys")?.togglePopover(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector(":popover-open")) {
    document.querySelector("[data-close]")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || (singleKeys && !singleKeys.checked)) return;
  if (event.timeStamp - afterG < 1500) {
    afterG = -Infinity;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click() }
    return;
  }
  if (event.key === "g") { afterG = event.timeStamp; return }
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act() }
});

// --- the live stream: a thin bar while it is lost, and signing in again where the session is over
const lost = document.getElementById("lost");
document.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 401) location.reload();
  if (lost) lost.hidden = false;
});
// htmx connects again what was connected once; the first connection is ours to try again.
const FIRST_TRY_MS = 1000, LAST_TRY_MS = 30000, connected = new WeakSet();
let tryAgainMs = FIRST_TRY_MS;
document.addEventListener("htmx:sse:after:connection", (event) => {
  connected.add(event.target);
  if (lost) lost.hidden = true;
});
document.addEventListener("htmx:finally:request", ({ target }) => {
  const url = target.getAttribute?.("hx-sse:connect");
  if (!url || connected.has(target)) return;
  if (lost) lost.hidden = false;
  setTimeout(() => htmx.ajax("GET", url, { source: target }), tryAgainMs);
  tryAgainMs = Math.min(2 * tryAgainMs, LAST_TRY_MS);
});

// --- leaving a form with unsaved changes
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  const before = new URLSearchParams(new FormData(form)).toString();
  const isChanged = () => new URLSearchParams(new FormData(form)).toString() !== before;
  let sent = false;
  form.addEventListener("submit", () => { sent = true });
  window.addEventListener("beforeunload", (event) => { if (!sent && isChanged()) event.preventDefault() });
}

// --- forms that show only what belongs to what is chosen: data-when="field: value value"
for (const form of document.querySelectorAll("form:has([data-when])")) {
  const choose = () => {
    for (const part of form.querySelectorAll("[data-when]")) {
      const [name, ...values] = part.dataset.when.split(/:? /);
      part.hidden = !values.includes(form.elements[name].value);
    }
  };
  form.addEventListener("input", choose);
  choose();
}

// --- a form that is on its way is not sent a second time by a double click
const TWICE_MS = 3000;
const sentAt = new WeakMap();
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.timeStamp - (sentAt.get(event.target) ?? -Infinity) < TWICE_MS) event.preventDefault();
  else sentAt.set(event.target, event.timeStamp);
});

// --- lists that follow what is typed: the form works without us, by its button
const parser = new DOMParser();
for (const form of document.querySelectorAll("form[data-live]")) {
  let waiting = 0, asked = 0;
  const follow = async () => {
    const number = ++asked;
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const url = new URL(form.action || location.href);
    url.search = new URLSearchParams(pairs).toString();
    const places = [...document.querySelectorAll(form.dataset.live)];
    for (const place of places) place.classList.add("loading");
    try {
      const answer = await fetch(url);
      const page = parser.parseFromString(await answer.text(), "text/html");
      if (number !== asked) return;
      if (places.some((place) => !page.getElementById(place.id))) { location.href = url; return }
      for (const place of places) place.replaceWith(document.adoptNode(page.getElementById(place.id)));
      history.replaceState(null, "", url);
    } catch { for (const place of places) place.classList.remove("loading") }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.matches("input[type=search], select")) return;
    clearTimeout(waiting);
    waiting = setTimeout(follow, event.target.matches("select") ? 0 : 250);
  });
}

// --- pages whose parts are drawn anew by their stream: a frame `swap` brings an element that stands for the one with its id
for (const page of document.querySelectorAll("[data-stream]")) {
  page.addEventListener("swap", (event) => {
    const found = parser.parseFromString(event.detail.data, "text/html").body.firstElementChild;
    const place = found && document.getElementById(found.id);
    if (!place) return;
    const focused = place.contains(document.activeElement) ? document.activeElement : null;
    const href = focused?.getAttribute("href");
    place.replaceWith(document.adoptNode(found));
    if (href) found.querySelector(`[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  });
  page.addEventListener("reload", () => location.reload());
}

// --- a table whose rows are ticked: all of a page at once, and how many there are
function countTicks(form) {
  const ticked = form.querySelectorAll("[name=id]:checked").length, all = form.querySelector("[name=all]");
  const count = form.querySelector("[data-count]");
  if (count) count.textContent = all?.checked ? all.dataset.total : ticked;
  form.classList.toggle("ticked", ticked > 0 || Boolean(all?.checked));
  const page = form.querySelector("[data-tick-all]");
  if (page) page.checked = ticked > 0 && ticked === form.querySelectorAll("[name=id]").length;
}
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-ticks]");
  if (!form) return;
  if (event.target.matches("[data-tick-all]")) for (const each of form.querySelectorAll("[name=id]")) each.checked = event.target.checked;
  countTicks(form);
});
for (const form of document.querySelectorAll("form[data-ticks]")) countTicks(form); // a browser that goes back keeps what was ticked
