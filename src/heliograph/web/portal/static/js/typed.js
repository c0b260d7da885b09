// What was typed into a form whose session was over when it was sent: kept in this tab until somebody has signed in, then put back, to
// whom it was typed by.
const NAME = "typed";
const read = () => { try { return JSON.parse(sessionStorage.getItem(NAME)) } catch { return null } };
const write = (typed) => { try { sessionStorage.setItem(NAME, JSON.stringify(typed)) } catch { /* a browser that keeps nothing */ } };
export const forget = () => { try { sessionStorage.removeItem(NAME) } catch { /* the same */ } };

const isDoor = document.body.classList.contains("door"), { user } = document.body.dataset;
document.addEventListener("submit", ({ target: form }) => {
  if (isDoor || form.method !== "post" || form.querySelector("[type=password], [type=file]")) return;
  if (form.querySelector("textarea, select, input:not([type=hidden])")) write({ user, page: location.pathname, action: form.action, pairs: [...new FormData(form)] });
}, true);

function putBack({ action, pairs }) {
  const form = [...document.forms].find((each) => each.method === "post" && each.action === action);
  if (!form) return;
  for (const field of form.elements) {
    const values = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
  form.querySelector("textarea")?.dispatchEvent(new Event("input", { bubbles: true }));
}

const typed = read();
if (isDoor && typed) write({ ...typed, isLost: true });
if (!isDoor && typed) {
  forget();
  if (typed.isLost && typed.user === user && typed.page === location.pathname) putBack(typed);
}
