// SPDX-License-Identifier: BSD-2-Clause
// The page of `weir run --web`: reads the agent's JSON and shows it. Only textContent is ever set
// from what the agent sends: reasons and rules come from outside.
"use strict";

const RANGES = [
  { name: "5 minutes", period: "seconds", last: 300, every: 2000 },
  { name: "Hour", period: "minutes", last: 60, every: 10000 },
  { name: "Day", period: "minutes", last: 1440, every: 30000 },
  { name: "Week", period: "hours", last: 168, every: 60000 },
];

// What is drawn: series by the names that the agent gives them. `rate`: per second.
const CHARTS = [
  { id: "events", title: "Events", unit: "a second", rate: true,
    series: [["events.syn", "connections", 0], ["events.request", "requests", 1], ["events.media", "media", 5]] },
  { id: "acted", title: "Turned away or slowed down", unit: "packets a second", rate: true,
    series: [["verdicts.throttle", "throttled", 2], ["verdicts.kick", "kicked", 3], ["verdicts.ban", "banned", 4],
             ["verdicts.malformed", "malformed", 5]] },
  { id: "users", title: "Active users", unit: "at the same time", rate: false,
    series: [["activeUsers", "users", 0]] },
  // In mode enforce only while there is something left of mode observe.
  { id: "observed", title: "What mode enforce would do", unit: "packets a second", rate: true,
    hidden: (values) => mode !== "observe" && values.every((v) => !v),
    series: [["observed.throttle", "would throttle", 2], ["observed.kick", "would kick", 3],
             ["observed.ban", "would ban", 4]] },
  { id: "traffic", title: "Packets", unit: "a second", rate: true,
    series: [["packets", "all", 0], ["verdicts.pass", "passed", 1]] },
  // Hidden until the agent measures it.
  { id: "response", title: "Response time", unit: "milliseconds", rate: false,
    hidden: (values) => values.every((v) => v === null),
    series: [["responseTimeMs", "mean", 1]] },
];

const TOP = 20;
const el = (id) => document.getElementById(id);
const plots = new Map();
const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    const plot = plots.get(target.parentNode.id.slice("chart-".length));
    if (plot && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: plot.height });
  }
});
let range = RANGES[1];
let previous = null;
let mode = "";
let newest = null;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const format = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
function count(value, isEstimate) {
  const made = element("data", value === null || value === undefined ? "–"
    : (isEstimate ? "~" : "") + format.format(value));
  made.value = value ?? "";
  return made;
}

function fill(table, rows, empty) {
  const body = el(table).tBodies[0];
  const fresh = document.createDocumentFragment();
  for (const row of rows) {
    const line = element("tr");
    for (const cell of row) {
      const box = element("td");
      if (cell instanceof Node) { box.append(cell); box.className = "number"; }
      else box.textContent = cell ?? "";
      if (typeof cell === "string" && cell.length > 40) box.className = "long";
      line.append(box);
    }
    fresh.append(line);
  }
  if (rows.length === 0) {
    const line = element("tr"), box = element("td", empty);
    box.colSpan = el(table).tHead.rows[0].cells.length;
    line.append(box);
    fresh.append(line);
  }
  body.replaceChildren(fresh);
}

function tile(id, label, value) {
  let box = el("tile-" + id);
  if (!box) {
    box = element("div");
    box.id = "tile-" + id;
    box.append(element("dt", label), element("dd"));
    el("tiles").append(box);
  }
  box.lastChild.replaceChildren(value instanceof Node ? value : count(value));
}

async function read(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(8000) });
  if (!answer.ok) throw new Error(path + ": HTTP " + answer.status);
  return answer.json();
}

function duration(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]])
    if (seconds >= length) return Math.floor(seconds / length) + " " + unit;
  return Math.max(0, Math.floor(seconds)) + " s";
}

function showStats(stats) {
  el("mode").textContent = stats.mode;
  if (mode !== stats.mode) {
    mode = stats.mode;
    if (newest) drawAll(newest);
  }
  const names = stats.interfaces.map((i) => i.name + (i.attached ? "" : " (not filtered!)")).join(", ");
  el("about").textContent = `on ${names || "no interface"}, up ${duration(stats.uptimeSeconds)}, version ${stats.version}`;
  const lost = stats.interfaces.filter((i) => !i.attached);
  el("problems").hidden = lost.length === 0;
  el("problems").replaceChildren(...lost.map((i) => element("p", `${i.name} is not filtered: ${i.note ?? ""}`, "warning")));

  const events = Object.values(stats.events).reduce((a, b) => a + b, 0);
  const seconds = previous ? (Date.parse(stats.time) - previous.time) / 1000 : 0;
  tile("rate", "Events a second", seconds > 0 ? (events - previous.events) / seconds : stats.series.seconds.last);
  if (!previous || seconds > 0) previous = { time: Date.parse(stats.time), events };
  tile("users", "Active users", stats.users.active);
  tile("tracked", "Sources known", stats.sources.tracked);
  tile("throttle", "Throttled", stats.verdicts.throttle);
  tile("kick", "Kicked", stats.verdicts.kick);
  tile("ban", "Banned", stats.verdicts.ban);
  tile("bans", "Bans in force", stats.bans.active);
  if (typeof stats.series.responseTimeMs === "number") tile("response", "Response time, ms", stats.series.responseTimeMs);
  fill("verdicts", Object.entries(stats.verdicts).map(([name, packets]) =>
    [name, count(packets), count(stats.observed[name])]), "none");
  const rows = [];
  for (const [service, kinds] of Object.entries(stats.services))
    for (const [event, n] of Object.entries(kinds))
      rows.push([service, event, count(n.events), count(n.throttle), count(n.kick),
                 count(n.observedThrottle), count(n.observedKick)]);
  fill("services", rows, "no services");
}

const clock = (text) => text ? new Date(text).toLocaleTimeString() : "";
const when = (text) => text ? new Date(text).toLocaleString() : "never";

function showUsers(answer) {
  fill("users", answer.users.map((u) =>
    [u.address, u.verdict, count(u.hits), count(u.activity), count(u.counted?.bytes, u.counted?.estimate),
      u.validated ? "yes" : "no", clock(u.lastSeen)]),
    "nobody is active");
}

function showPaths(answer) {
  el("paths-about").textContent = !answer.sampled ? ""
    : `a sample: ${format.format(answer.requests.counted)} of ${format.format(answer.requests.seen)} requests`;
  fill("paths", answer.paths.map((p) =>
    [p.path, p.service, count(p.count), count(p.turnedAway), count(p.meanMs), count(p.longestMs)]),
    answer.enabled ? "no requests yet" : "off: the setting paths is false");
}

function showBans(answer) {
  fill("bans", answer.bans.map((b) =>
    [b.address, when(b.until), count(b.dropped), b.rule, b.reason]), "no bans");
}

const colour = (i) => getComputedStyle(document.documentElement).getPropertyValue("--c" + i).trim();
const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function makePlot(chart, box, data) {
  const axis = { stroke: shade("--soft"), grid: { stroke: shade("--line"), width: 1 }, ticks: { stroke: shade("--line"), width: 1 } };
  return new uPlot({
    width: Math.max(240, box.clientWidth), height: 190,
    cursor: { y: false },
    scales: { y: { range: (u, min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [{ ...axis }, { ...axis, size: 58, values: (u, ticks) => ticks.map((t) => format.format(t)) }],
    series: [{ value: (u, t) => t === null ? "–" : new Date(t * 1000).toLocaleString() },
      ...chart.series.map(([, label, tint]) => ({ label, stroke: colour(tint), width: 1.5, points: { show: false },
        value: (u, v) => v === null ? "–" : format.format(v) }))],
  }, data, box);
}

function drawChart(chart, history) {
  const known = chart.series.filter(([name]) => history.series[name]);
  let figure = el("chart-" + chart.id);
  if (known.length === 0 || chart.hidden?.(known.flatMap(([name]) => history.series[name]))) {
    if (figure) figure.hidden = true;
    return;
  }
  const data = [history.starts, ...chart.series.map(([name]) =>
    (history.series[name] ?? history.starts.map(() => null)).map((v) => v === null ? null : chart.rate ? v / history.seconds : v))];
  if (!figure) {
    figure = element("figure");
    figure.id = "chart-" + chart.id;
    const caption = element("figcaption", chart.title + " ");
    caption.append(element("span", chart.unit));
    const box = element("div", undefined, "plot");
    box.setAttribute("role", "img");
    figure.append(caption, box);
    el("charts").append(figure);
    sizes.observe(box);
  }
  figure.hidden = false;
  const box = figure.lastChild;
  // For those who cannot see it: the newest and the highest of each line.
  box.setAttribute("aria-label", chart.title + ", " + chart.unit + ": " + chart.series.map(([, label], i) => {
    const values = data[i + 1].filter((v) => v !== null);
    return values.length === 0 ? label + " none"
      : `${label} now ${format.format(values[values.length - 1])}, most ${format.format(Math.max(...values))}`;
  }).join("; "));
  const plot = plots.get(chart.id);
  if (plot) plot.setData(data);
  else plots.set(chart.id, makePlot(chart, box, data));
}

function drawAll(history) {
  newest = history;
  for (const chart of CHARTS) drawChart(chart, history);
  document.body.dataset.points = history.starts.length;
}

function redraw() {
  for (const plot of plots.values()) plot.destroy();
  plots.clear();
  if (newest) drawAll(newest);
}

// One of each kind at a time: a slow agent must not pile up requests.
function repeat(work, every) {
  let timer = null, busy = false, asked = false;
  const run = async () => {
    clearTimeout(timer);
    asked = busy;
    if (busy) return;
    busy = true;
    try {
      if (!document.hidden) await work();
      el("link").textContent = "live";
      el("link").className = "";
    } catch (error) {
      el("link").textContent = "no answer from the agent";
      el("link").className = "lost";
    }
    busy = false;
    timer = setTimeout(run, asked ? 0 : every());
  };
  run();
  return run;
}

const again = [
  repeat(async () => showStats(await read("/v1/stats")), () => 2000),
  repeat(async () => {
    const asked = range;
    const history = await read(`/v1/series?period=${asked.period}&last=${asked.last}`);
    if (asked === range) drawAll(history);
  }, () => range.every),
  repeat(async () => showUsers(await read(`/v1/users?active=1&limit=${TOP}`)), () => 5000),
  repeat(async () => showPaths(await read(`/v1/paths?limit=${TOP}`)), () => 5000),
  repeat(async () => showBans(await read(`/v1/bans?limit=${TOP}`)), () => 5000),
];

for (const one of RANGES) {
  const button = element("button", one.name);
  button.type = "button";
  button.setAttribute("aria-pressed", String(one === range));
  button.addEventListener("click", () => {
    range = one;
    for (const other of el("ranges").children) other.setAttribute("aria-pressed", String(other === button));
    again[1]();
  });
  el("ranges").append(button);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.addEventListener("visibilitychange", () => { if (!document.hidden) again.forEach((run) => run()); });
