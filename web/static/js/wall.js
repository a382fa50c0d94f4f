// The screen on the wall: shows what the server last told, says at once when it can tell nothing, and stays up for weeks.
//
// The stream says that something happened; the numbers are then asked for, at most once a second. Nothing is gathered up:
// each answer replaces the one before, markers are moved and taken off by their ids.

import { BACKGROUND } from "./api.js";
import { Live } from "./live.js";

const start = JSON.parse(document.getElementById("start").textContent);
const NEXT_MS = 1000;
const EVERY_MS = 20000;
const PATIENCE_MS = 15000;
const AGAIN_MS = 5000;
const L = window.L;
const mildestFirst = start.severities.map(([value]) => value).reverse();

const element = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat("id-ID", { timeZone: start.timezone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(start.language, { timeZone: start.timezone, weekday: "long", day: "numeric", month: "long" });

let facts = null;
let skew = 0;
let version = null;
let lostSince = null;
let live = null;
let waiting = null;
let next = 0;

const now = () => Date.now() + skew;

// --- the map ---------------------------------------------------------------------------------------------------------

const [south, west, north, east] = start.bounds;
const map = L.map("map", { zoomControl: false, attributionControl: false, keyboard: false, minZoom: start.least_zoom, maxZoom: start.greatest_zoom, zoomSnap: 0.25 });
map.fitBounds([[south, west], [north, east]], { padding: [10, 10] });
L.tileLayer(start.tiles, { minZoom: start.least_zoom, maxZoom: start.greatest_zoom }).addTo(map);
const credit = document.createElement("span");
credit.textContent = start.credit;
L.control.attribution({ prefix: false, position: "bottomleft" }).addAttribution(credit.innerHTML).addTo(map);
const spots = new Map();
new ResizeObserver(() => {
  map.invalidateSize({ animate: false });
  map.fitBounds([[south, west], [north, east]], { padding: [10, 10], animate: false });
}).observe(element("map"));

/** Markers as they should be: those that are there are moved, the others taken off. */
function place(list) {
  const there = new Set();
  for (const { key, lat, lon, css, size, title, above = 0 } of list) {
    there.add(key);
    let known = spots.get(key);
    if (known && known.css !== css) {
      known.marker.remove();
      known = null;
    }
    if (known) {
      known.marker.setLatLng([lat, lon]);
      continue;
    }
    const icon = L.divIcon({ className: css, html: document.createElement("b"), iconSize: [size, size] });
    const marker = L.marker([lat, lon], { icon, title, alt: title, keyboard: false, interactive: false, zIndexOffset: size * 10 + above * 1000 }).addTo(map);
    spots.set(key, { css, marker });
  }
  for (const [key, { marker }] of spots) {
    if (there.has(key)) continue;
    marker.remove();
    spots.delete(key);
  }
}

// --- the numbers -----------------------------------------------------------------------------------------------------

function line(css, ...cells) {
  const item = document.createElement("li");
  item.className = css;
  for (const [tag, text] of cells) {
    const cell = document.createElement(tag);
    cell.textContent = text;
    item.append(cell);
  }
  return item;
}

function minutes(milliseconds) {
  const seconds = Math.max(0, Math.round(Math.abs(milliseconds) / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  return seconds < 3600 ? `${Math.floor(seconds / 60)}:${rest}` : `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}:${rest}`;
}

function show() {
  element("open").textContent = facts.open;
  element("unsent").textContent = facts.unsent;
  element("unsent-tile").classList.toggle("is-urgent", facts.unsent > 0);
  for (const [value] of start.severities) element(`severity-${value}`).textContent = facts.severities[value];
  element("categories").replaceChildren(...facts.categories.map(({ name, count }) => line("", ["span", name], ["b", String(count)])));
  if (!facts.categories.length) element("categories").append(line("", ["span", start.words.none]));
  element("closures").textContent = facts.closures;
  element("agencies").replaceChildren(...facts.agencies.map(agency));
  place([
    ...facts.units.map((one) => ({ key: `u ${one.id}`, lat: one.lat, lon: one.lon, size: 13, title: `${one.name} ${one.id}`, css: `wall-unit ${one.kind}${one.free ? "" : " busy"}` })),
    ...facts.incidents.map((one) => ({ key: `i ${one.id}`, lat: one.lat, lon: one.lon, size: 26, above: 1 + mildestFirst.indexOf(one.severity), title: one.id, css: `wall-spot ${one.severity}${one.sent ? "" : " unsent"}` })),
  ]);
  tick();
}

function agency({ name, free, busy, out }) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head);
  const heads = [...document.querySelectorAll(".wall-fleet thead th")].slice(1);
  [["free", free], ["busy", busy], ["out", out]].forEach(([css, count], place) => {
    const cell = document.createElement("td");
    const number = document.createElement("b");
    cell.className = css;
    number.textContent = count;
    cell.append(number, ` ${heads[place].textContent}`);
    row.append(cell);
  });
  return row;
}

function timers() {
  const rows = facts.timers.map(({ incident_id: incident, unit_id: unit, what, due_at: due }) => {
    const left = Date.parse(due) - now();
    const text = (left < 0 ? start.words.overdue : start.words.left).replace("{time}", minutes(left));
    return line(left < 0 ? "late" : "", ["span", [incident, unit, what].filter(Boolean).join(" · ")], ["b", text]);
  });
  const list = element("timers");
  list.replaceChildren(...(rows.length ? rows : [line("", ["span", start.words.none])]));
  // What has no room is counted; no line is cut through.
  let more = 0;
  for (; list.children.length > 1 && list.scrollHeight > list.clientHeight; more += 1) list.lastElementChild.remove();
  element("timers-more").textContent = more ? ` +${more}` : "";
}

function tick() {
  const moment = new Date(now());
  element("clock").textContent = clock.format(moment);
  element("date").textContent = date.format(moment);
  if (facts) timers();
}

// --- the connection --------------------------------------------------------------------------------------------------

function lost(since, text = start.words.lost) {
  lostSince ??= since;
  document.body.classList.add("is-lost");
  element("lost").hidden = false;
  element("lost").textContent = text.replace("{time}", clock.format(new Date(lostSince.getTime() + skew)));
}

function found() {
  lostSince = null;
  document.body.classList.remove("is-lost");
  element("lost").hidden = true;
}

/** Ask for the numbers now; true where they came. */
async function read() {
  const asked = Date.now();
  const answer = await fetch(`/api/v1/wall?lang=${start.language}`, { cache: "no-store", headers: { ...BACKGROUND, Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 401) {
    lost(new Date(), start.words.over);
    location.reload();
    return;
  }
  if (!answer.ok) throw new TypeError(`the server answered ${answer.status}`);
  facts = await answer.json();
  skew = Date.parse(facts.now) - (asked + Date.now()) / 2;
  // A new version of the program came with a restart: this page is of the old one.
  if (version !== null && version !== facts.version) location.reload();
  version = facts.version;
  show();
}

/** Ask, but not more often than once a second, however much happens. */
function soon() {
  if (waiting) return;
  waiting = setTimeout(async () => {
    next = Date.now() + NEXT_MS;
    try {
      await read();
      if (live?.isOpen) found();
    } catch {
      lost(new Date());
    } finally {
      waiting = null;
    }
  }, Math.max(0, next - Date.now()));
}

async function begin() {
  try {
    await read();
  } catch {
    lost(new Date());
    setTimeout(begin, AGAIN_MS);
    return;
  }
  live = new Live({ seq: facts.seq });
  live.addEventListener("log", soon);
  live.addEventListener("lost", ({ detail }) => lost(detail.since));
  live.addEventListener("open", () => {
    found();
    soon();
  });
  live.connect();
  // Timers run out and units go off duty without an event.
  setInterval(soon, EVERY_MS);
}

setInterval(tick, 1000);
tick();
begin();
