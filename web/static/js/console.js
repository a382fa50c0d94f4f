// The dispatcher's desk: queue, fleet, map and the chosen incident, all of one board.

import { Alarms } from "./alarms.js";
import { ask, newKey, send } from "./api.js";
import { Board } from "./board.js";
import { CallForm } from "./call_form.js";
import { Closures } from "./closures.js";
import { CommandLine } from "./command_line.js";
import { byId, el } from "./dom.js";
import { Fleet } from "./fleet.js";
import { FleetMap } from "./fleet_map.js";
import { IncidentPanel } from "./incident.js";
import { groupBy } from "./keyed_list.js";
import { DeskMap } from "./map.js";
import { isTyping, theme, wireSwitches, writeAddress } from "./page.js";
import { Question } from "./question.js";
import { Queue } from "./queue.js";
import { clock, currentLanguage, translatePage, word, wordOf } from "./words.js";
import "./words_desk.js";

const start = JSON.parse(byId("start").textContent);
const board = new Board();
const chosen = { incident: null, unit: null };
const keys = new Map();
let mapClicks = null;
let mapWaits = false;
let cameFrom = null;

const map = new DeskMap(byId("map"), start, {
  onClick: (lat, lon) => {
    if (closures.isDrawing) closures.addPoint(lat, lon);
    else (mapClicks ?? askPoint)(lat, lon);
  },
  onUnit: (unitId) => question.select(unitId),
});

/** What the features of the desk are handed. */
export const desk = {
  board,
  map,
  start,
  send,
  ask,
  newKey,
  /** Whether who has signed in may do something, such as "assign". */
  may: (permission) => start.may.includes(permission),
  /** The directory: categories, agencies, stations, run cards, dispositions; filled before the board is shown. */
  directory: { agencies: [], categories: [], dispositions: [], hospitals: [], plans: [], stations: [] },
  selected: () => chosen.incident,
  selectedUnit: () => chosen.unit,
  /** Choose an incident (null: none): it is in the address, on the map and in its panel. */
  select,
  /** Something was done beside the command line that it can take back. */
  did: (undo, text) => line.did(undo, text),
  /** When other roads were open last, by the server's clock. */
  roadsChangedAt: 0,
  /** Choose a unit, or none. */
  selectUnit,
  says: (text) => { byId("says").textContent = text; },
  toast,
  /** Ask now for what changed, after a command of this desk. */
  refresh: () => board.refresh(),
  show,
  toQueue,
  showReach,
  /** A key of the desk, where nobody types: handler(event), null for none more; label: its word in the list of keys. */
  onKey: (key, handler, label = "") => (handler ? keys.set(key, { handler, label }) : keys.delete(key)),
  /** Let a feature have the clicks on the map: handler(lat, lon); null gives them back. */
  claimMap: (handler) => { mapClicks = handler; },
  isStale: (unit) => unit.fix_time !== null && board.since(unit.fix_time) > start.stale_after_s,
  time: localTime,
  agencyName,
  categoryName: (id) => desk.directory.categories.find((one) => one.category_id === id)?.name[currentLanguage()] ?? id.replaceAll("_", " "),
  categoryIcon,
  statusButtons: (unit) => incident.statusButtons(unit),
};

const question = new Question(map, start, {
  remember,
  title: () => {},
  says: desk.says,
  onConnection: () => {},
  onAsked: () => {
    if (chosen.incident) unselect();
    show("ask");
    mapWaits = isNarrow();
  },
  keepsView: true,
});
const queue = new Queue(byId("queue"), desk);
const fleet = new Fleet(byId("units"), desk);
const fleetMap = new FleetMap(desk);
const incident = new IncidentPanel(byId("incident"), desk);
const closures = new Closures(map.map, { mayClose: desk.may("road:close"), board, timezone: start.timezone, time: localTime, onChange: roadsChanged, onDraw: (drawing) => drawing && isNarrow() && show("map") });
const call = new CallForm(byId("call"), desk);
const line = new CommandLine(byId("line"), desk);
const alarms = new Alarms(byId("alarms"), desk);

// --- choosing ------------------------------------------------------------------------------------------------------

/** passing: somebody steps through the queue, and may step on. */
function select(incidentId, { remembered = true, focus = true, passing = false } = {}) {
  if (incidentId && question.isAsked) question.clear();
  chosen.incident = incidentId;
  if (remembered) remember({ push: true });
  queue.mark();
  fleetMap.mark();
  if (incidentId) {
    show("incident");
    mapWaits = isNarrow();
    if (focus) fleetMap.focus();
  } else if (byId("console").dataset.pane === "incident") show("queue");
  incident.show(incidentId, { passing });
  alarms.look(incidentId);
}

function unselect() {
  chosen.incident = null;
  queue.mark();
  fleetMap.mark();
  incident.show(null);
}

function selectUnit(unitId) {
  chosen.unit = unitId;
  fleet.mark();
  fleetMap.mark();
  const unit = board.units.get(unitId);
  if (!unit) {
    fleetMap.hideReach();
    return;
  }
  if (!isWide()) show("units");
  if (!map.map.getBounds().contains([unit.lat, unit.lon])) map.map.panTo([unit.lat, unit.lon], { animate: false });
  byId("unit").scrollIntoView({ block: "nearest" });
}

async function showReach(unitId) {
  try {
    if (isNarrow()) show("map");
    await fleetMap.showReach(unitId);
  } catch (error) {
    if (error.name !== "AbortError") toast(error.lost ? word("lost") : error.message, { alarm: true });
  }
}

function askPoint(lat, lon) {
  if (chosen.incident && !question.isAsked && byId("console").dataset.pane !== "ask") return;
  question.askPoint(lat, lon);
}

function roadsChanged() {
  desk.roadsChangedAt = board.now();
  if (question.isAsked) question.refresh({ fit: false });
  incident.rerank();
  fleetMap.roadsChanged();
}

// --- the parts of the screen ---------------------------------------------------------------------------------------

const isWide = () => matchMedia("(min-width: 1600px)").matches;
const isNarrow = () => matchMedia("(max-width: 820px)").matches;

/** Bring a part of the screen to the front: queue, units, map, incident, call or ask. */
function show(pane) {
  const { dataset } = byId("console");
  dataset.pane = pane;
  if (["incident", "call", "ask"].includes(pane)) dataset.side = pane;
  markTabs();
  if (pane === "map" && mapWaits) {
    // On a phone the map had no size while something was chosen: it looks there now.
    mapWaits = false;
    map.map.invalidateSize({ animate: false });
    if (question.answer) map.fit(question.answer.asked);
    else fleetMap.focus();
  }
}

/** To the queue, with the keyboard on its first row. */
function toQueue() {
  show("queue");
  (byId("queue").querySelector(".incident-row") ?? byId("queue")).focus();
}

function markTabs() {
  const { pane, side } = byId("console").dataset;
  for (const tab of byId("tabs").children) {
    const isShown = isWide() ? tab.dataset.tab === side : tab.dataset.tab === pane;
    if (isShown) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
}

/** A sentence that stays for a moment; an alarm stays until it is read. */
function toast(text, { alarm = false } = {}) {
  const shown = el("div", { class: alarm ? "toast toast-alarm" : "toast", role: alarm ? "alert" : "status" }, el("p", {}, text),
    el("button", { type: "button", class: "key-close", "aria-label": word("close_panel"), on: { click: () => shown.remove() } }, "×"));
  byId("toasts").append(shown);
  if (!alarm) setTimeout(() => shown.remove(), 6000);
}

// --- address -------------------------------------------------------------------------------------------------------

function remember(how) {
  writeAddress((given) => {
    if (chosen.incident) given.set("incident", chosen.incident);
    question.writeAddress(given);
  }, how);
}

function readAddress() {
  const given = new URLSearchParams(location.search);
  question.readAddress(given);
  question.refresh({ fit: question.isAsked });
  if (question.isAsked) show("ask");
  const incidentId = given.get("incident");
  if (incidentId !== chosen.incident) select(incidentId, { remembered: false });
}

// --- words and time ------------------------------------------------------------------------------------------------

function agencyName(name) {
  const known = desk.directory.agencies.find((one) => one.agency_id === name);
  return known?.name ?? name;
}

const ICONS = {
  medical: "ambulance", fire: "fire_engine", traffic_accident: "car", flood: "wave", landslide: "slope", wind: "wind", security: "police",
  violence_women_children: "hand", animal: "paw", sea_river_rescue: "rescue",
};

function categoryIcon(id) {
  return ICONS[id] ?? "warn";
}

const formats = new Map();

/** A format of moments by the clock of the centre's own zone; made once, for making one is slow. */
function format(how) {
  const key = currentLanguage() + JSON.stringify(how);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(currentLanguage() === "id" ? "id-ID" : "en-GB", { ...how, timeZone: start.timezone }));
  return formats.get(key);
}

const DAY = { year: "numeric", month: "numeric", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const CLOCK_S = { ...CLOCK, second: "2-digit" };

/** A moment by the clock of the centre's own zone, with the day where it is not today's. */
function localTime(moment, { seconds = false } = {}) {
  const when = moment instanceof Date ? moment : new Date(moment);
  const isToday = format(DAY).format(when) === format(DAY).format(board.now());
  return format({ ...(isToday ? {} : { day: "numeric", month: "short" }), ...(seconds ? CLOCK_S : CLOCK) }).format(when);
}

function showClock() {
  byId("server-clock").textContent = format(CLOCK_S).format(board.now()).replaceAll(".", ":");
}

function showConnection({ lost, since, was }) {
  const line = byId("connection");
  line.classList.toggle("lost", lost);
  document.body.classList.toggle("is-lost", lost);
  line.textContent = lost ? word("gone_since", { time: localTime(since, { seconds: true }) }) : "";
  if (!lost && was >= 2) toast(word("gone_back", { time: clock(was) }));
}

function dressInWords() {
  translatePage();
  question.makeKinds();
  map.translate();
  queue.translate();
  fleet.translate();
  fleetMap.translate();
  incident.translate();
  closures.translate();
  call.translate();
  line.translate();
  alarms.translate();
  for (const node of document.querySelectorAll("[data-title]")) node.title = word(node.dataset.title);
  if (board.lostSince) showConnection({ lost: true, since: board.lostSince });
}

// --- keys ----------------------------------------------------------------------------------------------------------

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const typing = isTyping(event);
  if (event.key === "Escape") {
    if (closures.isDrawing) closures.cancel();
    else if (typing) leaveField(event.target);
    else if (byId("menu").open) byId("menu").open = false;
    else if (question.isAsked) question.clear();
    else if (chosen.unit) selectUnit(null);
    else if (chosen.incident) select(null);
    return;
  }
  // Enter is a button's own while it has the keyboard.
  if (typing || (event.key === "Enter" && event.target !== document.body) || question.onKey(event, typing)) return;
  const known = keys.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (known) {
    event.preventDefault();
    known.handler(event);
  }
}

/** Out of a field that a key led to, and back to where the keyboard was, if that is still seen. */
function leaveField(field) {
  field.blur();
  if (cameFrom?.isConnected && cameFrom.checkVisibility()) cameFrom.focus();
  cameFrom = null;
}

/** Which keys there are, as the features of the desk named them. */
function showKeys() {
  const named = [...keys].filter(([, { label }]) => label);
  const rows = [...groupBy(named, ([, { label }]) => label)].map(([label, group]) => [group.map(([key]) => key), label]);
  const help = el("dialog", { class: "key-help", "aria-labelledby": "keys-title", on: { close: () => help.remove() } },
    el("h2", { id: "keys-title" }, word("keys_title")),
    el("dl", {}, [...rows, [["Esc"], "key_escape"]].flatMap(([names, label]) => [
      el("dt", {}, names.flatMap((key) => [el("kbd", {}, key.length === 1 ? key.toUpperCase() : key), " "])), el("dd", {}, word(label))])),
    el("form", { method: "dialog" }, el("button", { class: "quiet" }, word("close_panel"))));
  document.body.append(help);
  help.showModal();
}

function step(by) {
  const order = queue.order();
  const next = order[Math.min(order.length - 1, Math.max(0, order.indexOf(chosen.incident) + by))];
  if (next && next !== chosen.incident) select(next, { passing: true });
}

desk.onKey("?", showKeys, "key_help");
desk.onKey("j", () => step(1), "key_next");
desk.onKey("k", () => step(-1), "key_next");
desk.onKey("l", () => {
  cameFrom = document.activeElement;
  show("ask");
  question.box.focus();
}, "key_nearest");
desk.onKey("u", () => {
  cameFrom = document.activeElement;
  show("units");
  byId("units-filter").focus();
}, "key_units");
desk.onKey("q", toQueue, "key_queue");

// --- beginning -----------------------------------------------------------------------------------------------------

document.addEventListener("keydown", onKey);
document.querySelector(".box .key").textContent = "L";
document.addEventListener("click", (event) => {
  if (!byId("menu").contains(event.target)) byId("menu").open = false;
});
for (const tab of byId("tabs").children) tab.addEventListener("click", () => show(tab.dataset.tab));
matchMedia("(min-width: 1600px)").addEventListener("change", markTabs);
wireSwitches({
  onTheme: (now) => map.dress(now),
  onLanguage: () => {
    dressInWords();
    question.refresh({ fit: false });
  },
});
addEventListener("popstate", readAddress);
board.addEventListener("connection", ({ detail }) => showConnection(detail));
setInterval(showClock, 1000);

async function begin() {
  translatePage();
  map.dress(theme());
  markTabs();
  try {
    const [directory] = await Promise.all([ask("directory"), board.load()]);
    Object.assign(desk.directory, directory);
  } catch (error) {
    if (!error.lost && !error.status) throw error;
    desk.says(word("failed_load", { why: error.lost ? word("lost") : error.message }));
    byId("connection").textContent = byId("says").textContent;
    byId("connection").classList.add("lost");
    setTimeout(begin, 3000);
    return;
  }
  dressInWords();
  board.start();
  showClock();
  readAddress();
  closures.start();
  document.documentElement.dataset.ready = "true";
  performance.mark("desk-ready");
}

begin();
