// The list of all messages as they come: new ones on top, those that change where they stand. Paused, nothing moves under the eye.
const by = (id) => document.getElementById(id);
const tail = by("tail"), rows = by("rows"), hold = by("hold");
const most = Number(tail.dataset.most);
let isHeld = false, waiting = [];

function put(html) {
  const template = document.createElement("template");
  template.innerHTML = `<table><tbody>${html}</tbody></table>`;
  const row = template.content.querySelector("tr"), before = by(row?.id);
  if (!row) return;
  if (before) {
    const isFocused = before.contains(document.activeElement);
    before.replaceWith(row);
    if (isFocused) row.querySelector("[data-open]")?.focus({ preventScroll: true });
    return;
  }
  by("none")?.remove();
  rows.closest("[hidden]")?.removeAttribute("hidden");
  rows.prepend(row);
  row.classList.add("pop");
  while (rows.children.length > most) rows.lastElementChild.remove();
}

if (hold) {
  hold.hidden = false;
  hold.addEventListener("click", () => {
    isHeld = !isHeld;
    hold.setAttribute("aria-pressed", String(isHeld));
    hold.querySelector("span").textContent = isHeld ? "Go on" : "Pause";
    if (!isHeld) { waiting.forEach(put); waiting = [] }
  });
}
tail.addEventListener("row", (event) => { if (isHeld) { waiting.push(event.detail.data); waiting = waiting.slice(-most) } else put(event.detail.data) });
tail.addEventListener("reload", () => location.reload());
