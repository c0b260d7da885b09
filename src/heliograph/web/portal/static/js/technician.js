// The messages of a technician's page come and change by themselves.
const place = document.getElementById("thread"), list = document.getElementById("list"), lost = document.getElementById("lost");
const parser = new DOMParser();

function put(html) {
  const item = parser.parseFromString(html, "text/html").querySelector("li"), before = document.getElementById(item.id);
  document.getElementById("none").hidden = true;
  if (before) before.replaceWith(document.adoptNode(item)); else list.prepend(document.adoptNode(item));
}

const url = new URL(place.dataset.follow, location.href);
let source = null;
function follow() {
  source = new EventSource(url);
  source.addEventListener("open", () => { lost.hidden = true });
  source.addEventListener("sms", (event) => { url.searchParams.set("after", event.lastEventId || url.searchParams.get("after")); put(event.data) });
  source.addEventListener("reload", () => location.reload());
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) location.reload(); // refused: the page says why
    lost.hidden = false;
  });
}
// One that nobody looks at holds no connection.
document.addEventListener("visibilitychange", () => { if (document.hidden) source.close(); else follow() });
if (!document.hidden) follow();
