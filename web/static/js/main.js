// The dispatcher's desk: one question in the address, one answer on the screen.

import { answerParts, choiceList, routeParts, welcome } from "./answer.js";
import { ask, keep } from "./api.js";
import { Closures } from "./closures.js";
import { LocationBox } from "./combobox.js";
import { byId, el, icon, kindIcon } from "./dom.js";
import { DeskMap } from "./map.js";
import { clock, currentLanguage, kindWord, setLanguage, translatePage, word } from "./words.js";

const start = JSON.parse(byId("start").textContent);
const darkScreen = matchMedia("(prefers-color-scheme: dark)");

/** What the address says: location, text shown for it, kind of unit. The answer follows from it. */
const state = { at: "", shown: "", kind: "", unit: "" };
let answer = null;
let asking = null;
let routing = null;

const map = new DeskMap(byId("map"), start, {
  onClick: (lat, lon) => closures?.isDrawing ? closures.addPoint(lat, lon) : askPoint(`${lat.toFixed(5)}, ${lon.toFixed(5)}`),
  onUnit: (unitId) => select(unitId),
});
const closures = start.centre ? new Closures(map.map, { onChange: () => refresh({ fit: false }) }) : null;
const box = new LocationBox({
  onText: (text) => go({ at: text, shown: text }),
  onCandidate: chooseCandidate,
  onClear: () => go({ at: "", shown: "" }),
  onLost: showConnection,
  says,
});

function askPoint(text) {
  box.text = text;
  go({ at: text.replace(/\s/g, ""), shown: text });
}

function chooseCandidate(candidate) {
  box.text = candidate.name;
  go({ at: addressOf(candidate), shown: candidate.name });
}

/** What to ask for a candidate: the code of an area, else its point with its uncertainty as a geo: link (RFC 5870). */
function addressOf(candidate) {
  if (candidate.kind === "village" && candidate.village_code) return candidate.village_code;
  if (candidate.kind === "kecamatan") return candidate.place_id.replace("kecamatan:", "");
  return `geo:${candidate.lat},${candidate.lon};u=${candidate.radius_m}`;
}

/** Ask a new question: remember it in the address, then answer it. */
function go(change) {
  Object.assign(state, { unit: "" }, change);
  const query = addressQuery();
  if (query !== location.search) history.pushState(null, "", query || location.pathname);
  return refresh({ fit: true });
}

function addressQuery() {
  const given = new URLSearchParams();
  if (state.at) given.set("at", state.at);
  if (state.at && state.shown && state.shown !== state.at) given.set("q", state.shown);
  if (state.kind) given.set("kind", state.kind);
  if (state.unit) given.set("unit", state.unit);
  if (currentLanguage() !== "id" || new URLSearchParams(location.search).has("lang")) given.set("lang", currentLanguage());
  const text = given.toString();
  return text ? "?" + text : "";
}

function readAddress() {
  const given = new URLSearchParams(location.search);
  state.at = given.get("at") ?? "";
  state.shown = given.get("q") ?? state.at;
  state.kind = given.get("kind") ?? "";
  state.unit = given.get("unit") ?? "";
  box.text = state.shown;
  markKind();
}

async function refresh({ fit }) {
  asking?.abort();
  routing?.abort();
  showError(null);
  if (!state.at) {
    answer = null;
    map.clear();
    busy(false);
    byId("answer").replaceChildren(welcome(start.region));
    document.title = "Siaga112 · " + start.region.name;
    return;
  }
  asking = new AbortController();
  const { signal } = asking;
  busy(true);
  try {
    const found = await ask("nearest", { at: state.at, kind: state.kind, lang: currentLanguage() }, signal);
    if (signal.aborted) return;
    showConnection(false);
    await show(found, fit, signal);
  } catch (error) {
    if (signal.aborted) return;
    answer = null;
    byId("answer").replaceChildren();
    map.clear();
    showError(error);
  } finally {
    if (!signal.aborted) busy(false);
  }
}

async function show(found, fit, signal) {
  answer = found;
  byId("answer").replaceChildren(...answerParts(found, { onUnit: select, onCandidate: chooseCandidate }));
  map.clearRoute();
  map.showAreas([]);
  map.showIncident(found.asked);
  map.showUnits(found.candidates, found.excluded);
  const first = found.candidates[0];
  says(first ? word("says_units", { n: found.candidates.length, unit: first.unit_id, eta: clock(first.eta_range_s?.median ?? first.eta_s) }) : word("says_none"));
  const place = found.asked.village?.name ?? found.asked.kecamatan?.name ?? state.shown;
  document.title = [first ? `${first.unit_id} ${clock(first.eta_range_s?.median ?? first.eta_s)}` : "", place, "Siaga112"].filter(Boolean).join(" · ");
  const chosen = found.candidates.find((unit) => unit.unit_id === state.unit) ?? first;
  await Promise.all([showAreas(found, signal), chosen ? select(chosen.unit_id, { remember: false }) : null]);
  if (fit && !signal.aborted) map.fit(found.asked);
}

async function showAreas({ asked, area }, signal) {
  const kecamatan = asked.kecamatan ?? area?.kecamatan;
  const village = asked.kind === "village" ? asked.village : area?.village;
  const wanted = [["kecamatan", kecamatan], ["village", village]].filter(([, known]) => known?.code);
  try {
    const features = await Promise.all(wanted.map(async ([level, { code }]) => [level, await ask("areas/" + encodeURIComponent(code), {}, signal)]));
    if (!signal.aborted) map.showAreas(features);
  } catch (error) {
    if (!signal.aborted && error.lost) showConnection(true);
  }
}

async function select(unitId, { remember = true } = {}) {
  if (!answer) return;
  for (const row of document.querySelectorAll(".unit-row")) row.setAttribute("aria-pressed", String(row.dataset.unit === unitId));
  map.select(unitId);
  if (remember) {
    state.unit = unitId;
    history.replaceState(null, "", addressQuery());
  }
  routing?.abort();
  routing = new AbortController();
  const { signal } = routing;
  const panel = byId("route");
  try {
    const collection = await ask("route", { unit: unitId, at: routeTarget(), lang: currentLanguage() }, signal);
    if (signal.aborted) return;
    panel.replaceChildren(...routeParts(collection, unitId, routeTarget()));
    panel.hidden = false;
    map.showRoute(collection);
  } catch (error) {
    if (signal.aborted) return;
    map.clearRoute();
    panel.replaceChildren(el("p", { class: "note" }, error.lost ? word("lost") : error.message));
    panel.hidden = false;
    if (error.lost) showConnection(true);
  }
}

/** The route leads to what was asked; where only an area is known, to its middle. */
function routeTarget() {
  const { location: point } = answer.asked;
  return point ? `${point.lat},${point.lon}` : state.at;
}

function showError(error) {
  const panel = byId("error");
  panel.hidden = !error;
  if (!error) return;
  const lost = Boolean(error.lost);
  if (!lost && !error.status) console.error(error);
  panel.replaceChildren(
    icon("warn"),
    el("p", {}, lost ? word("lost") : error.status ? error.message || word("failed") : word("failed")),
    lost ? el("button", { type: "button", on: { click: () => refresh({ fit: true }) } }, word("retry")) : "",
    error.offered?.length ? choiceList(error.offered, { onCandidate: chooseCandidate }) : "",
  );
  showConnection(lost);
}

function showConnection(lost) {
  const line = byId("connection");
  line.textContent = lost ? word("lost_short") : "";
  line.classList.toggle("lost", lost);
}

function busy(on) {
  byId("progress").hidden = !on;
  byId("answer").setAttribute("aria-busy", String(on));
}

function says(text) {
  byId("says").textContent = text;
}

function makeKinds() {
  const group = byId("kinds");
  const legend = group.querySelector("legend");
  const choices = ["", ...start.region.unit_kinds].map((kind) =>
    el("label", { class: "kind" },
      el("input", { type: "radio", name: "kind", value: kind, on: { change: () => go({ kind, unit: "" }) } }),
      el("span", {}, kind ? icon(kindIcon(kind), "kind-icon") : "", kind ? kindWord(kind) : word("kind_all"))));
  group.replaceChildren(legend, el("div", { class: "kind-row" }, choices));
  markKind();
}

function markKind() {
  for (const choice of document.querySelectorAll("input[name=kind]")) choice.checked = choice.value === state.kind;
}

function dress() {
  const theme = document.documentElement.dataset.theme ?? (darkScreen.matches ? "dark" : "light");
  map.dress(theme);
}

function switchTheme() {
  const now = document.documentElement.dataset.theme ?? (darkScreen.matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  keep({ theme: next });
  try {
    localStorage.setItem("siaga112-theme", next);
  } catch {
    // without storage the choice lasts until the page is left
  }
  dress();
}

function switchLanguage(language) {
  setLanguage(language);
  keep({ language });
  const given = new URLSearchParams(location.search);
  given.set("lang", language);
  history.replaceState(null, "", "?" + given);
  dressInWords();
  refresh({ fit: false });
}

function dressInWords() {
  translatePage();
  makeKinds();
  map.translate();
  closures?.translate();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches?.("input:not([type=radio]), select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && closures?.isDrawing) {
    closures.cancel();
  } else if (event.key === "Escape") {
    box.text = "";
    go({ at: "", shown: "" });
    box.focus();
  } else if (!typing && /^[1-9]$/.test(event.key)) {
    const row = document.querySelectorAll(".unit-row")[Number(event.key) - 1];
    if (row) {
      row.focus();
      row.click();
    }
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches?.(".unit-row")) {
    const rows = [...document.querySelectorAll(".unit-row")];
    const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
      next.click();
    }
  }
}

document.addEventListener("keydown", onKey);
byId("theme").addEventListener("click", switchTheme);
darkScreen.addEventListener("change", dress);
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => switchLanguage(button.dataset.language));
}
addEventListener("popstate", () => {
  readAddress();
  refresh({ fit: true });
});
dressInWords();
dress();
readAddress();
refresh({ fit: true });
closures?.start();
if (!state.at && matchMedia("(min-width: 821px)").matches) byId("at").focus();
