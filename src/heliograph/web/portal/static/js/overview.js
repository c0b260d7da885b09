// Charts of the overview, drawn from the table below them, in the colours of the theme.
const rows = [...document.querySelectorAll("#points tbody tr")];
const column = (name) => rows.map((row) => (row.dataset[name] === undefined ? null : Number(row.dataset[name])));
const probe = document.createElement("i");

// The tokens are light-dark(...): a canvas needs what they come to.
function token(name) {
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const seconds = (value) => (value === null ? "–" : value < 1 ? `${Math.round(value * 1000)} ms` : value < 90 ? `${+value.toFixed(1)} s` : value < 5400 ? `${+(value / 60).toFixed(1)} min` : `${+(value / 3600).toFixed(1)} h`);
const isDays = rows.length !== 24;
const clock = new Intl.DateTimeFormat(undefined, isDays ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hour12: false });
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
// Only what no line shows has a point of its own: a value between two hours without one.
const alone = (chart, series, first, last) => {
  const values = chart.data[series];
  return values.slice(first, last + 1).filter((each) => each !== null).length === 1;
};
const KINDS = {
  messages: {
    series: [["delivered", "Delivered", "--accent", { fill: true }], ["sent", "Sent", "--muted"], ["received", "Received", "--ok"], ["failed", "Failed", "--bad", { dash: [6, 4] }]],
    value: (value) => (value === null ? "–" : String(value)),
  },
  delays: { series: [["median", "Median", "--accent"], ["p95", "95 %", "--warn", { dash: [6, 4] }]], value: seconds },
};

function draw(place) {
  const kind = KINDS[place.dataset.chart], line = token("--line"), text = token("--muted");
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px Inter Variable, system-ui" };
  place.replaceChildren();
  const options = {
    width: place.clientWidth,
    height: place.dataset.chart === "messages" ? 240 : 150,
    padding: [8, 20, 0, 0],
    cursor: { points: { size: 6 } },
    scales: { y: { range: (chart, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    legend: { markers: { dash: (chart, series) => (chart.series[series].dash ? "dashed" : "solid") } },
    axes: [{ ...axis, size: 32, space: 64, values: (chart, splits) => splits.map((each) => clock.format(new Date(each * 1000))) }, { ...axis, size: 64, values: (chart, splits) => splits.map((each) => (kind.value === seconds || Number.isInteger(each) ? kind.value(each) : "")) }],
    series: [
      { label: "At", value: (chart, at) => (at === null ? "–" : when.format(new Date(at * 1000))) },
      ...kind.series.map(([, label, name, more = {}]) => {
        const stroke = token(name);
        return { label, stroke, width: 2, dash: more.dash, fill: more.fill ? token("--accent-soft") : undefined, points: { show: alone, size: 5 }, spanGaps: true, value: (chart, each) => kind.value(each) };
      }),
    ],
  };
  const chart = new uPlot(options, [column("at"), ...kind.series.map(([name]) => column(name))], place);
  return () => chart.setSize({ width: place.clientWidth, height: options.height });
}

const places = [...document.querySelectorAll("[data-chart]")];
if (rows.length && places.length) {
  let resizers = places.map(draw);
  const again = () => { resizers = places.map(draw) };
  new ResizeObserver(() => resizers.forEach((each) => each())).observe(places[0]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
