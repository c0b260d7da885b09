// The form of a service policy: how many fields are changed, and what it would mean.
const form = document.getElementById("policy");
const changed = document.getElementById("changed"), preview = document.getElementById("preview");
const values = () => {
  const found = new Map();
  for (const element of form.elements) {
    if (!element.name || (element.type === "radio" && !element.checked)) continue;
    found.set(element.name, element.type === "checkbox" ? String(element.checked) : element.value);
  }
  return found;
};
const before = values();

function count() {
  const now = values(), differ = [...now].filter(([name, value]) => before.get(name) !== value).length;
  if (changed) changed.textContent = differ === 0 ? "" : `${differ} change${differ === 1 ? "" : "s"} not saved`;
}

let timer = 0, asked = 0;
async function means() {
  const mine = ++asked, body = new URLSearchParams(new FormData(form));
  body.delete("secret");
  const answer = await fetch("/policies/preview", { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer && mine === asked && (answer.ok || answer.status === 422)) preview.innerHTML = await answer.text();
}

form.addEventListener("input", () => {
  count();
  clearTimeout(timer);
  timer = setTimeout(means, 250);
});
