// Tries calls of the API from its own page. It asks this server only, and keeps the auth_token for this tab only.
"use strict";

const KEY = "heliograph.auth_token";
const SHOWN = ["location", "link", "x-total-count", "x-total-pages", "x-current-page", "x-next-cursor", "x-note", "retry-after", "x-request-id", "idempotency-replayed"];
let token = sessionStorage.getItem(KEY) || "";

const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

const say = (text, className) => {
  const who = document.getElementById("who");
  who.textContent = text;
  who.className = className || "";
};

const whoami = async () => {
  if (!token) return say("Nobody yet: calls are answered 401");
  const answer = await fetch("/api/v1/organisation/my", { headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) return say(`In: ${(await answer.json()).name}`, "in");
  token = "";
  sessionStorage.removeItem(KEY);
  say("The token is no longer good: give one again", "out");
};

const login = async (given) => {
  if (given.split(".").length === 3) return given; // an auth_token is a JWT, an application token of ours is not
  const answer = await fetch("/api/v1/authenticate", { method: "POST", body: JSON.stringify({ application_token: given }) });
  if (!answer.ok) throw new Error("That is no application token of this installation, or it is revoked or expired");
  return (await answer.json()).auth_token;
};

// What the form of a call asks for. Throws an Error with a text for people.
const wanted = (call) => {
  let path = call.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const field of call.querySelectorAll("[data-in]")) {
    const value = field.value.trim();
    if (field.dataset.in === "path") {
      if (!value) { field.focus(); throw new Error(`${field.name} is needed: fill it in`); }
      path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    } else if (value && field.dataset.in === "query") query.set(field.name, value);
    else if (value) headers[field.name] = value;
  }
  const area = call.querySelector("textarea");
  const body = area ? area.value : undefined;
  if (area) {
    try { JSON.parse(body); } catch (error) { area.focus(); throw new Error(`The body is no JSON: ${error.message}`); }
    headers["Content-Type"] = "application/json";
  }
  return { url: path + (query.size ? `?${query}` : ""), method: call.dataset.method, headers, body };
};

const show = (output, status, text, headers, body) => {
  output.replaceChildren(element("b", status, `status s${status[0]}`), ` ${text}`);
  const list = element("dl");
  for (const [name, value] of headers) list.append(element("dt", name), element("dd", value));
  if (headers.length) output.append(list);
  if (body) output.append(element("pre", body));
  output.hidden = false;
};

const pretty = (text, type) => {
  if (!type.includes("json")) return text.slice(0, 100000);
  try { return JSON.stringify(JSON.parse(text), null, 2).slice(0, 100000); } catch { return text; }
};

const send = async (call) => {
  const output = call.querySelector(".result");
  const button = call.querySelector(".go .primary");
  button.disabled = true;
  try {
    const { url, ...rest } = wanted(call);
    if (token) rest.headers.Authorization = `Bearer ${token}`;
    const begun = performance.now();
    const answer = await fetch(url, rest);
    const text = await answer.text();
    const took = Math.round(performance.now() - begun);
    const headers = SHOWN.filter((name) => answer.headers.get(name)).map((name) => [name, answer.headers.get(name)]);
    show(output, String(answer.status), `${rest.method} ${url} in ${took} ms`, headers, pretty(text, answer.headers.get("content-type") || ""));
  } catch (error) {
    show(output, "0", error.message, [], "");
  } finally {
    button.disabled = false;
  }
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const copy = async (call, button) => {
  const output = call.querySelector(".result");
  try {
    const { url, method, headers, body } = wanted(call);
    const parts = ["curl", "-X", method, quoted(location.origin + url), "-H", '"Authorization: Bearer $TOKEN"'];
    for (const [name, value] of Object.entries(headers)) parts.push("-H", quoted(`${name}: ${value}`));
    if (body !== undefined) parts.push("-d", quoted(body));
    const line = parts.join(" ");
    if (navigator.clipboard) { await navigator.clipboard.writeText(line); button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy as curl"; }, 1500); }
    else show(output, "curl", "Copy this line", [], line);
  } catch (error) {
    show(output, "0", error.message, [], "");
  }
};

const reveal = () => {
  const call = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!call || !call.matches("details.call")) return;
  call.open = true;
  call.scrollIntoView();
  call.querySelector("summary").focus({ preventScroll: true });
};

document.getElementById("login").hidden = false;
document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = document.getElementById("token");
  if (!field.value.trim()) return say("Paste an application token: Portal, or heliograph token create", "out");
  try {
    token = await login(field.value.trim());
    sessionStorage.setItem(KEY, token);
    field.value = "";
    await whoami();
  } catch (error) {
    say(error.message, "out");
  }
});

for (const call of document.querySelectorAll("details.call")) {
  call.querySelector(".go").hidden = false;
  call.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); send(call); });
  call.querySelector(".copy").addEventListener("click", (event) => copy(call, event.currentTarget));
}

const find = document.getElementById("find");
find.hidden = false;
find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of document.querySelectorAll("nav li")) item.hidden = !words.every((word) => item.dataset.find.includes(word));
  for (const topic of document.querySelectorAll("nav .topic")) topic.hidden = !topic.querySelector("li:not([hidden])");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input, textarea, select")) { event.preventDefault(); find.focus(); }
});
window.addEventListener("hashchange", reveal);
reveal();
whoami();
