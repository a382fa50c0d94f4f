// The planner's page: posts, roads and hours as they might be, coverage by the minute, plan A beside plan B.

import { keep as keepSetting } from "./api.js";
import { byId, el } from "./dom.js";
import { changeColour, changeLegend, PlanMap, shareColour } from "./planner_map.js";
import { count, Tables } from "./planner_tables.js";

const start = JSON.parse(byId("start").textContent);
const words = start.words;
const WAIT_MS = 150;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FILES = { csv: "coverage.csv", gpkg: "coverage.gpkg", pdf: "report.pdf" };
const darkScreen = window.matchMedia("(prefers-color-scheme: dark)");

/** What is planned: posts, closed roads, the hour of the week (null for none). */
let plan = { posts: [], closed: [], hour: null };
/** The plan as it was answered last, and the one it is held against; each with `found`, `units` and `sent`. */
let now = null;
let planA = null;
let shown = "b";
let tool = null;
let corners = [];
let asked = 0;
let timer = 0;

const tables = new Tables(start);
const map = new PlanMap(byId("map"), start, { onClick: clicked, onMove: moved, card });

const minute = () => Number(byId("minutes").value);
const kind = () => byId("kind").value;
const copy = ({ posts, closed, hour }) => ({ posts: posts.map((post) => ({ ...post })), closed: closed.map((one) => ({ ...one })), hour });
const isNight = () => plan.hour !== null && start.night.includes(plan.hour % 24);

function stationsOf(wanted) {
  const kinds = start.kinds.find((one) => one.kind === wanted)?.stations ?? [];
  return start.stations.filter((one) => kinds.includes(one.kind))
    .map((one) => ({ name: one.name, kind: one.kind, lat: one.lat, lon: one.lon, open: one.operating, units: 1, night: 1, added: false }));
}

// --- asking ----------------------------------------------------------------------------------------------------------

function body() {
  const posts = plan.posts.filter((post) => post.open)
    .map(({ name, kind: station, lat, lon, units, night }) => ({ name, kind: station, lat, lon, units, night_units: night }));
  return { kind: kind(), minutes: minute(), hour: plan.hour, posts, closed: plan.closed };
}

async function send(path, sent) {
  const headers = { "Content-Type": "application/json", ...(start.account ? { "X-CSRFToken": start.account.csrf } : {}) };
  let answer;
  try {
    answer = await fetch(`/planner/${path}?lang=${start.lang}`, { method: "POST", headers, body: JSON.stringify(sent) });
  } catch {
    throw new Error(words.lost);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.reload();
  let told = answer.statusText;
  try { told = (await answer.json()).detail ?? told; } catch { /* no document */ }
  throw new Error(told);
}

/** Change the plan and ask for what that brings; a change that is refused is taken back. */
function change(alter) {
  const before = copy(plan);
  alter();
  draw();
  clearTimeout(timer);
  timer = setTimeout(() => compute(before), WAIT_MS);
}

async function compute(before = null) {
  if (!start.has_people || !start.kinds.length) return;
  asked += 1;
  const mine = asked;
  byId("figure").classList.add("is-old");
  if (now === null) byId("figure").textContent = words.computing;
  const sent = body();
  const wanted = copy(plan);
  try {
    const found = await (await send("coverage", sent)).json();
    if (mine !== asked) return;
    const units = sent.posts.reduce((sum, post) => sum + (isNight() ? post.night_units : post.units), 0);
    now = { ...wanted, found, sent, units };
    if (planA === null) planA = now;
    fail(null);
  } catch (error) {
    if (mine !== asked) return;
    fail(error.message);
    if (before !== null) { plan = before; draw(); }
  }
  byId("figure").classList.remove("is-old");
  show();
  reach(mine);
}

async function reach(mine) {
  const wanted = byId("reach").checked && now !== null;
  byId("reach-list").hidden = !wanted;
  if (!wanted) { map.showReach(null); show(); return; }
  try {
    const { isochrones } = await (await send("isochrones", now.sent)).json();
    if (mine !== asked || !byId("reach").checked) return;
    map.showReach(isochrones);
    byId("reach-list").replaceChildren(...isochrones.map((one, number) =>
      el("li", {}, square(start.reach[number].colour), `${one.minutes} ${words.min}: ${tables.number(one.people)}`)));
    show();
  } catch (error) {
    fail(error.message);
  }
}

function fail(text) {
  byId("error").hidden = text === null;
  byId("error").textContent = text ?? "";
}

// --- showing ---------------------------------------------------------------------------------------------------------

/** What the plan holds: posts, closed roads, the hour. */
function draw() {
  map.showPosts(plan.posts);
  tables.posts(plan.posts, (post, part) => change(() => Object.assign(post, part)));
  byId("closed").replaceChildren(...plan.closed.map((one, number) => el("li", {}, el("span", {}, closedWords(one)),
    el("button", { type: "button", class: "quiet", "aria-label": `${words.remove}: ${closedWords(one)}`, on: { click: () => change(() => plan.closed.splice(number, 1)) } }, words.remove))));
  if (!plan.closed.length) byId("closed").append(el("li", { class: "none" }, words.none_closed));
  const hour = plan.hour;
  byId("any-hour").checked = hour === null;
  byId("hour").disabled = byId("day").disabled = hour === null;
  if (hour !== null) {
    byId("hour").value = hour % 24;
    byId("day").value = Math.floor(hour / 24);
  }
  byId("clock").textContent = clockOf(Number(byId("hour").value));
  byId("hour-shown").textContent = hour === null ? words.any_hour : `${words[DAYS[Math.floor(hour / 24)]]} ${clockOf(hour % 24)}`;
}

function show() {
  const at = minute();
  byId("minutes-shown").textContent = at;
  if (now === null) { byId("figure").textContent = ""; return; }
  const { found } = now;
  byId("figure").replaceChildren(`${tables.number(found.region[at])} ${words.in_time} (${tables.percent(found.region[at] / found.people)})`,
    el("small", {}, `${words.of} ${tables.number(found.people)} · ${tables.number(now.units)} ${words.units.toLowerCase()} · ${tables.number(found.unreached)} ${words.unreached}`));
  tables.compare(planA, now, at);
  tables.villages(planA, now, at, (code) => map.goTo(code));
  byId("roads-shown").textContent = found.closed_m ? `· ${words.closed_km.replace("{km}", tables.tenth.format(found.closed_m / 1000))}` : "";
  const mapped = shown === "a" ? planA : now;
  map.showClosed(mapped.closed, mapped.found.closed);
  map.paint((code) => told(code, at));
  const legend = shown === "gain" ? changeLegend(words) : start.legend;
  byId("legend-title").textContent = shown === "gain" ? words.difference : words.legend;
  byId("legend-list").replaceChildren(...legend.map(({ colour, text }) => el("li", {}, square(colour), text)));
  for (const button of byId("show").children) button.setAttribute("aria-pressed", String(button.dataset.show === shown));
}

function told(code, at) {
  const [a, b] = [planA.found.villages[code], now.found.villages[code]];
  if (!b) return { colour: shareColour(start.legend, Number.NaN) };
  const share = (one) => (one.people ? one.within[at] / one.people : Number.NaN);
  if (shown === "gain") {
    const change = share(b) - share(a);
    return { colour: changeColour(change), line: `${b.name}: ${tables.signed(b.within[at] - a.within[at])} (${tables.percent(share(a))} → ${tables.percent(share(b))})` };
  }
  const one = shown === "a" ? a : b;
  return { colour: shareColour(start.legend, share(one)), line: `${one.name}: ${tables.number(one.within[at])} / ${tables.number(one.people)} (${tables.percent(share(one))}), ${tables.clock(one.mean_s)}` };
}

function closedWords(one) {
  if (one.street) return words.street_closed.replace("{name}", one.street);
  if (one.polygon) return words.area_closed.replace("{n}", one.polygon.length);
  return words.road_closed.replace("{at}", `${one.lat.toFixed(4)}, ${one.lon.toFixed(4)}`);
}

function square(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["width", 13], ["height", 13], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["width", 13], ["height", 13], ["fill", colour], ["stroke", "#8884"]]) rect.setAttribute(name, value);
  svg.append(rect);
  return svg;
}

function clockOf(hour) { return `${String(hour).padStart(2, "0")}:00`; }

// --- on the map ------------------------------------------------------------------------------------------------------

function clicked(lat, lon) {
  if (tool === "road") {
    choose(null);
    change(() => plan.closed.push({ lat, lon }));
  } else if (tool === "area") {
    corners.push([lat, lon]);
    map.showSketch(corners);
    byId("tool-done").disabled = corners.length < 3;
  } else {
    const name = `${words.new_post} ${plan.posts.filter((post) => post.added).length + 1}`;
    change(() => plan.posts.push({ name, kind: "added", lat, lon, open: true, units: 1, night: 1, added: true }));
  }
}

function moved(post, lat, lon) {
  change(() => Object.assign(post, { lat, lon }));
}

/** What opens on a post. */
function card(post) {
  const set = (part) => change(() => { map.closeCard(); Object.assign(post, part); });
  return el("div", { class: "post-card" },
    el("strong", {}, post.name),
    post.added
      ? el("button", { type: "button", class: "quiet", on: { click: () => change(() => { map.closeCard(); plan.posts = plan.posts.filter((one) => one !== post); }) } }, words.delete)
      : el("label", { class: "check" }, el("input", { type: "checkbox", checked: post.open, on: { change: (event) => set({ open: event.target.checked }) } }), words.serve),
    el("label", {}, words.units, count(post, "units", words.units, (_, part) => set(part))),
    el("label", {}, `${words.units}, ${words.night}`, count(post, "night", words.night, (_, part) => set(part))));
}

function choose(wanted) {
  tool = tool === wanted ? null : wanted;
  corners = [];
  map.showSketch(corners);
  for (const button of byId("tools").children) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  byId("tool-hint").hidden = tool === null;
  byId("tool-hint").textContent = tool === null ? "" : words[`hint_${tool}`];
  byId("tool-end").hidden = tool !== "area";
  byId("tool-done").disabled = true;
}

// --- the panel -------------------------------------------------------------------------------------------------------

function setHour() {
  const wanted = byId("any-hour").checked ? null : Number(byId("day").value) * 24 + Number(byId("hour").value);
  change(() => { plan.hour = wanted; });
}

async function exported(button) {
  const name = button.dataset.export;
  const text = button.textContent;
  button.disabled = true;
  button.textContent = words.making;
  try {
    const changed = planA !== null && now !== null && planA.found !== now.found;
    const sent = name === "csv" && changed ? { ...body(), before: { ...planA.sent, minutes: minute() } } : body();
    const link = el("a", { href: URL.createObjectURL(await (await send(FILES[name], sent)).blob()), download: `coverage.${name}` });
    link.click();
    URL.revokeObjectURL(link.href);
    fail(null);
  } catch (error) {
    fail(error.message);
  }
  button.disabled = false;
  button.textContent = text;
}

function dress() { map.dress(document.documentElement.dataset.theme ?? (darkScreen.matches ? "dark" : "light")); }

function switchTheme() {
  const theme = document.documentElement.dataset.theme ?? (darkScreen.matches ? "dark" : "light");
  const next = theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  keepSetting({ theme: next });
  try { localStorage.setItem("siaga112-theme", next); } catch { /* it lasts until the page is left */ }
  dress();
}

function asItStands() {
  plan = { posts: stationsOf(kind()), closed: [], hour: null };
  choose(null);
  draw();
}

for (const one of start.kinds) byId("kind").append(new Option(one.name, one.kind));
for (const [number, day] of DAYS.entries()) byId("day").append(new Option(words[day], number));
for (const name of start.streets) byId("streets").append(new Option(name));
byId("minutes").addEventListener("input", show);
byId("kind").addEventListener("change", () => { planA = now = null; asItStands(); compute(); });
byId("keep").addEventListener("click", () => { if (now) { planA = now; show(); } });
byId("back").addEventListener("click", () => { if (planA) { plan = copy(planA); now = planA; asked += 1; fail(null); draw(); show(); reach(asked); } });
byId("as-is").addEventListener("click", () => { asItStands(); compute(); });
for (const button of byId("show").children) button.addEventListener("click", () => { shown = button.dataset.show; if (now) show(); });
byId("any-hour").addEventListener("change", setHour);
byId("day").addEventListener("change", setHour);
byId("hour").addEventListener("input", () => { byId("clock").textContent = clockOf(Number(byId("hour").value)); });
byId("hour").addEventListener("change", setHour);
for (const button of byId("tools").children) button.addEventListener("click", () => choose(button.dataset.tool));
byId("tool-done").addEventListener("click", () => { const polygon = corners; choose(null); change(() => plan.closed.push({ polygon })); });
byId("tool-cancel").addEventListener("click", () => choose(null));
byId("street-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const street = byId("street").value.trim();
  if (!street) return;
  byId("street").value = "";
  change(() => plan.closed.push({ street }));
});
byId("post-filter").addEventListener("input", () => tables.posts(plan.posts, (post, part) => change(() => Object.assign(post, part))));
byId("reach").addEventListener("change", () => reach(asked));
for (const button of byId("exports").children) button.addEventListener("click", () => exported(button));
byId("theme").addEventListener("click", switchTheme);
darkScreen.addEventListener("change", dress);

if (window.matchMedia("(max-width: 820px)").matches) byId("legend").open = false;
dress();
asItStands();
fetch("/planner/villages.geojson").then((answer) => answer.json()).then((found) => { map.addVillages(found); if (now) show(); });
compute();
