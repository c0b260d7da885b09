// The SMS console: the meter of the composer, sending without leaving, and messages that change under the eye.
import { meterOf } from "./compose.js";
import { say } from "./portal.js";
import { forget } from "./typed.js";

const by = (id) => document.getElementById(id);
const thread = by("thread"), list = by("list"), pill = by("newpill"), stream = by("stream"), inspector = by("inspector"), convo = by("convo");
const form = by("composer")?.tagName === "FORM" ? by("composer") : null;

// --- the thread. It is laid out from its end, so 0 is the newest message and older ones lie above zero.
const isAtEnd = () => thread.scrollTop > -40;
const toEnd = () => { thread.scrollTop = 0; unseen = 0; pill.hidden = true };
let unseen = 0;
pill?.addEventListener("click", () => { toEnd(); thread.focus({ preventScroll: true }) });
thread.addEventListener("scroll", () => { if (isAtEnd()) { unseen = 0; pill.hidden = true } });

function itemOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.querySelector("li");
}

function put(html) {
  const item = itemOf(html);
  if (!item) return;
  const before = by(item.id);
  if (before) {
    const had = before.contains(document.activeElement) ? document.activeElement : null;
    if (before.hasAttribute("aria-current")) item.setAttribute("aria-current", "true");
    before.replaceWith(item);
    if (had) (item.querySelector(had.matches("button") ? "button" : "[data-open]") ?? item.querySelector("[data-open]"))?.focus({ preventScroll: true });
    return;
  }
  if (stream.dataset.newest !== "True") return;
  const wasAtEnd = isAtEnd(), height = thread.scrollHeight;
  by("empty")?.remove();
  const messages = [...list.querySelectorAll(".msg")];
  const after = messages.findLast((each) => Number(each.dataset.id) < Number(item.dataset.id));
  if (after) after.after(item); else list.append(item);
  if (after?.dataset.day !== item.dataset.day) {
    const day = document.createElement("li");
    day.className = "day";
    day.append(Object.assign(document.createElement("span"), { textContent: item.dataset.day }));
    item.before(day);
  }
  item.classList.add("pop");
  if (wasAtEnd) { toEnd(); return }
  thread.scrollTop -= thread.scrollHeight - height;
  unseen += 1;
  pill.hidden = false;
  pill.querySelector("span").textContent = `${unseen} new`;
}
// An answer to a form was drawn when it was asked: what the stream has put there since is newer.
const putNew = (html) => { if (!by(itemOf(html)?.id)) put(html) };
stream.addEventListener("sms", (event) => {
  put(event.detail.data);
  if (inspector && !inspector.hidden && inspected && by(`m${inspected}`) && itemOf(event.detail.data)?.id === `m${inspected}`) refresh();
});
stream.addEventListener("reload", () => location.reload());

// --- what a form of ours asks for, without leaving the page
async function ask(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { "HX-Request": "true", ...(options.headers ?? {}) } });
  const gone = answer.headers.get("HX-Redirect");
  if (gone) { location.href = gone; return null }
  return { ok: answer.ok, text: await answer.text(), isBanner: answer.headers.has("HX-Retarget") };
}
const send = (target) => ask(target.action, { method: "POST", body: new URLSearchParams(new FormData(target)) });

function refuse(text) {
  const place = by("refusal");
  if (!place) return;
  place.replaceChildren(Object.assign(document.createElement("span"), { textContent: text }));
  if (text === "") place.replaceChildren();
}
const LOST = "Nothing was heard from the server. Send it again: it will not be sent twice.";

list.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-act]")) return;
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const answer = await send(event.target);
    if (answer?.ok) (itemOf(answer.text)?.id === event.target.closest(".msg")?.id ? put : putNew)(answer.text);
    else if (answer) { button.disabled = false; show(answer) }
  } catch { button.disabled = false; say("The server was not reached") }
});
function show(answer) {
  if (answer.isBanner) by("banners").innerHTML = answer.text;
  else refuse(answer.text);
}

// --- the composer
if (form) {
  const text = form.elements.text, kind = form.elements.kind, count = meterOf(form);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit() }
    if (event.key === "Escape") thread.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    refuse("");
    try {
      const answer = await send(form);
      if (answer) forget();
      if (answer?.ok) {
        putNew(answer.text);
        toEnd();
        text.value = "";
        form.elements.scheduled_at.value = "";
        kind.value = "text";
        form.elements.key.value = crypto.getRandomValues(new Uint32Array(3)).join("-");
        count();
      } else if (answer) show(answer);
    } catch { refuse(LOST) }
    button.disabled = false;
    text.focus();
  });
}

// --- the inspector
let inspected = 0, opener = null;
async function open(link) {
  const answer = await ask(link.href);
  if (!answer) return;
  if (!answer.ok) { show(answer); return }
  inspector.innerHTML = answer.text;
  inspector.hidden = false;
  convo.classList.add("inspecting");
  for (const each of list.querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
  const item = link.closest(".msg");
  item?.setAttribute("aria-current", "true");
  inspected = Number(item?.dataset.id ?? 0);
  opener = item?.id;
}
async function refresh() {
  const answer = await ask(`${location.pathname.replace(/\/sms\/.*/, "")}/sms/${inspected}`);
  if (answer?.ok) inspector.innerHTML = answer.text;
}
list.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-inspect]");
  const bubble = event.target.closest(".msg > p");
  if (!(link || bubble) || event.ctrlKey || event.metaKey || event.shiftKey || getSelection().toString()) return;
  event.preventDefault();
  await open(link ?? bubble.closest(".msg").querySelector("[data-inspect]"));
  if (link) inspector.focus({ preventScroll: true });
});
inspector.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  inspector.hidden = true;
  convo.classList.remove("inspecting");
  by(opener)?.removeAttribute("aria-current");
  by(opener)?.querySelector("[data-open]")?.focus({ preventScroll: true });
  inspected = 0;
});
