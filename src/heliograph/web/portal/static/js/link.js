// Pages of a link: parts that are fetched anew while somebody looks, a preset that fills in the form when chosen, rows that grow.
const parser = new DOMParser();
const parts = [...document.querySelectorAll("[data-fresh]")].map((part) => part.id);
const first = document.querySelector("[data-fresh]");
async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(first.dataset.from);
      const page = answer.ok && parser.parseFromString(await answer.text(), "text/html");
      for (const id of page ? parts : []) {
        const here = document.getElementById(id), found = page.getElementById(id);
        if (found && !here.contains(document.activeElement) && !found.isEqualNode(here)) here.replaceWith(document.adoptNode(found));
      }
    } catch { /* the next look may succeed */ }
  }
  setTimeout(refresh, first.dataset.fresh * 1000);
}
if (first) setTimeout(refresh, first.dataset.fresh * 1000);

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
