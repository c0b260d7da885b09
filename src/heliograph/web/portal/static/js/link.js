// The form of a link: a preset fills it in when chosen, rows grow.
const fill = document.querySelector("[data-fill]");
if (fill) {
  fill.hidden = true;
  document.getElementById("preset").addEventListener("change", () => fill.form.requestSubmit(fill));
}

for (const table of document.querySelectorAll("[data-rows]")) {
  const body = table.tBodies[0];
  if (body.querySelector("th")) continue;
  body.addEventListener("input", () => {
    const last = body.rows[body.rows.length - 1];
    if (![...last.querySelectorAll("input, select")].some((each) => each.value)) return;
    const empty = last.cloneNode(true);
    for (const each of empty.querySelectorAll("input, select")) {
      each.value = "";
      each.setAttribute("aria-label", each.getAttribute("aria-label").replace(/\d+$/, body.rows.length + 1));
    }
    body.append(empty);
  });
}
