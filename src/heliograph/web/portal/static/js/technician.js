// The messages of a technician's page change by themselves: the part is fetched anew every 4 s while somebody looks.
const place = document.getElementById("thread");
async function look() {
  if (document.hidden) return;
  const answer = await fetch("/technician").catch(() => null);
  if (!answer) return;
  if (!answer.ok) { location.reload(); return }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("thread");
  if (fresh && fresh.innerHTML !== place.innerHTML && !place.contains(document.activeElement)) place.innerHTML = fresh.innerHTML;
}
if (place) setInterval(look, 4000);
