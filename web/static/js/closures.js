// Closed roads: the list with who is cut off, the roads on the map, and closing by a point or an area drawn by hand.

import { ask, newKey, send } from "./api.js";
import { byId, el, icon } from "./dom.js";
import { currentLanguage } from "./words.js";
import { REASONS, say } from "./closure_words.js";
import { refuse, sentence, watch } from "./small_form.js";
import { momentOf } from "./zone.js";

const L = window.L;
const FOLLOWED = ["road.closed", "road.reopened", "road.closure_changed", "alert.villages_cut_off", "alert.villages_reachable"];
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LIST_SHOWN = 4;
const CORNERS = 3;
const MOST_NOTE = 5000; // as dispatch/commands.py has it

export class Closures {
  /**
   * @param {L.Map} map
   * @param {{board: Board, timezone: string, time: (moment: string) => string, mayClose: boolean, onChange: () => void, onDraw?: (drawing: boolean) => void}} how onChange:
   *   told when other roads are closed than before; onDraw: when the map is drawn on, and when no more
   */
  constructor(map, how) {
    this.map = map;
    this.how = how;
    this.section = byId("closures");
    map.createPane("closures").style.zIndex = 440;
    this.roads = L.layerGroup().addTo(map);
    this.sketch = L.layerGroup().addTo(map);
    this.draft = null;
    this.inForce = null;
  }

  /** Show what is closed, and follow it from now on. */
  async start() {
    await this.reload();
    const { board } = this.how;
    board.addEventListener("log", ({ detail }) => {
      if (!FOLLOWED.includes(detail.type)) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.reload(), 120);
    });
    board.addEventListener("connection", ({ detail }) => {
      if (!detail.lost) this.reload();
    });
  }

  get isDrawing() {
    return this.draft !== null;
  }

  translate() {
    if (this.found) this.reload();
  }

  async reload() {
    try {
      const lang = currentLanguage();
      const [found, roads] = await Promise.all([ask("closures", { lang }), ask("closure-map", { lang })]);
      this.found = found;
      this.#draw(roads);
    } catch (error) {
      // Without a centre, or for who may not see them, there are no closures; a lost connection is told elsewhere.
      if (!this.found) this.section.hidden = true;
      return;
    }
    this.#list();
    const now = this.found.in_force.join(" ");
    if (this.inForce !== null && this.inForce !== now) this.how.onChange();
    this.inForce = now;
    clearTimeout(this.timer);
    const wait = this.found.changes_at ? Date.parse(this.found.changes_at) - this.how.board.now() + 400 : Infinity;
    if (wait < LONGEST_TIMER_MS) this.timer = setTimeout(() => this.reload(), Math.max(wait, 400));
  }

  // --- on the map ---------------------------------------------------------------------------------------------------

  #draw(collection) {
    this.roads.clearLayers();
    for (const feature of collection.features) {
      const { area, in_force: inForce, reason } = feature.properties;
      const state = inForce ? "now" : "later";
      if (area) {
        L.polygon(area.map(([lon, lat]) => [lat, lon]), { pane: "closures", interactive: false, className: `closure-area closure-${state} reason-${reason}` }).addTo(this.roads);
      }
      const lines = feature.geometry.coordinates.map((line) => line.map(([lon, lat]) => [lat, lon]));
      L.polyline(lines, { pane: "closures", interactive: false, className: "closure-casing" }).addTo(this.roads);
      L.polyline(lines, { pane: "closures", className: `closure-line closure-${state}` })
        .bindTooltip(() => told(feature.properties, this.how.time), { sticky: true })
        .addTo(this.roads);
    }
  }

  #sketch(lines = []) {
    this.sketch.clearLayers();
    const { tool, points, radius } = this.draft;
    const style = { pane: "closures", interactive: false, className: "closure-sketch" };
    if (lines.length) L.polyline(lines, { pane: "closures", interactive: false, className: "closure-line closure-now" }).addTo(this.sketch);
    if (tool === "point" && points.length) L.circle(points[0], { radius: Math.max(radius, 8), ...style }).addTo(this.sketch);
    if (tool === "area" && points.length > 1) L.polygon(points, style).addTo(this.sketch);
    if (tool === "area") for (const point of points) L.circleMarker(point, { radius: 5, ...style }).addTo(this.sketch);
  }

  /** A click on the map while a closure is drawn. */
  addPoint(lat, lon) {
    const { draft } = this;
    if (draft.tool === "point") draft.points = [[lat, lon]];
    else draft.points.push([lat, lon]);
    this.#preview();
  }

  // --- the list -----------------------------------------------------------------------------------------------------

  #list() {
    const { items, in_force: inForce, cut_off_message: cutOff, lost } = this.found;
    this.section.hidden = false;
    if (this.isDrawing) return;
    const rows = items.slice(0, this.all ? items.length : LIST_SHOWN).map((one) => this.#row(one, inForce.includes(one.closure_id)));
    this.section.replaceChildren(...[
      el("div", { class: "closures-head" },
        el("h3", {}, el("button", { type: "button", class: "fold", id: "closures-title", "aria-expanded": String(Boolean(this.open && rows.length)), "aria-controls": rows.length ? "closure-list" : undefined, disabled: !rows.length, on: { click: () => this.#fold() } }, say("title", { n: items.length }))),
        this.how.mayClose ? el("button", { type: "button", class: "quiet", id: "close-road", on: { click: () => this.#begin() } }, say("close_road")) : ""),
      cutOff ? el("p", { class: "alarm", id: "cut-off" }, icon("warn"), el("span", {}, cutOff)) : null,
      lost.length ? el("p", { class: "note" }, say("lost", { ids: lost.join(", ") })) : null,
      rows.length ? el("ul", { class: "plain closure-list", id: "closure-list", hidden: !this.open }, rows) : null,
      this.open && items.length > rows.length ? el("button", { type: "button", class: "more", on: { click: () => { this.all = true; this.#list(); } } }, say("more", { n: items.length - rows.length })) : null,
    ].filter(Boolean));
  }

  #fold() {
    this.open = !this.open;
    this.#list();
    byId("closures-title").focus();
  }

  #row(one, inForce) {
    const streets = one.streets.slice(0, 2).join(", ") || say("nameless");
    const more = one.streets.length > 2 ? " " + say("and_more", { n: one.streets.length - 2 }) : "";
    const when = inForce ? say("since", { time: this.how.time(one.starts_at) }) : say("from", { time: this.how.time(one.starts_at) });
    const until = one.ends_at ? say("until", { time: this.how.time(one.ends_at) }) : say("open_end");
    return el("li", { class: inForce ? "" : "closure-coming", "data-closure": one.closure_id },
      el("div", {},
        el("strong", {}, REASONS[currentLanguage()][one.reason]), " ", streets + more,
        el("p", { class: "muted" }, `${when}, ${until} · ${one.author} · ${one.closure_id}`)),
      this.how.mayClose ? el("button", { type: "button", class: "quiet", on: { click: (event) => this.#reopen(one, event.currentTarget) } }, say("reopen")) : "");
  }

  async #reopen(one, button) {
    button.disabled = true;
    try {
      await send("POST", `closures/${encodeURIComponent(one.closure_id)}/reopen`, {});
      await this.reload();
    } catch (error) {
      button.disabled = false;
      button.after(el("p", { class: "note", role: "alert" }, sentence(error)));
    }
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #begin() {
    this.draft = { tool: "area", points: [], radius: 150, key: newKey(), made: null };
    this.how.onDraw?.(true);
    const reasons = Object.entries(REASONS[currentLanguage()]).map(([value, name]) => el("option", { value }, name));
    const tools = ["area", "point"].map((tool) =>
      el("label", { class: "kind" },
        el("input", { type: "radio", name: "closure-tool", value: tool, checked: tool === this.draft.tool, on: { change: () => this.#choose(tool) } }),
        el("span", {}, say("tool_" + tool))));
    const until = el("input", { id: "closure-until", type: "datetime-local" });
    const note = el("input", { id: "closure-note", type: "text", autocomplete: "off" });
    this.section.replaceChildren(
      el("form", { class: "closure-form", id: "closure-form", novalidate: true, on: { submit: (event) => { event.preventDefault(); this.#save(); } } },
        el("h3", {}, say("close_road")),
        el("div", { class: "kind-row", role: "group", "aria-label": say("tool") }, tools),
        el("p", { class: "hint", id: "closure-hint" }, say("hint_area")),
        el("label", { id: "closure-radius-label", hidden: true }, say("radius"),
          el("input", { id: "closure-radius", type: "number", min: 0, max: 5000, step: 10, value: this.draft.radius,
            on: { input: (event) => { this.draft.radius = Math.min(Math.max(Number(event.target.value) || 0, 0), 5000); this.#preview(); } } })),
        el("div", { class: "closure-fields" },
          el("label", {}, say("reason"), el("select", { id: "closure-reason" }, reasons)),
          el("label", {}, say("until_label"), until)),
        watch(until),
        el("label", {}, say("note"), note),
        watch(note),
        el("div", { id: "closure-preview", class: "closure-preview", role: "status", "aria-live": "polite" }),
        el("div", { class: "closure-buttons" },
          el("button", { type: "submit", class: "primary", id: "closure-save", disabled: true }, say("save")),
          el("button", { type: "button", class: "quiet", id: "closure-undo", on: { click: () => { this.draft.points.pop(); this.#preview(); } } }, say("undo")),
          el("button", { type: "button", class: "quiet", id: "closure-cancel", on: { click: () => this.cancel() } }, say("cancel")))));
    this.section.scrollIntoView({ block: "nearest" });
    this.section.querySelector("[name=closure-tool]:checked").focus({ preventScroll: true });
  }

  #choose(tool) {
    Object.assign(this.draft, { tool, points: [] });
    byId("closure-hint").textContent = say("hint_" + tool);
    byId("closure-radius-label").hidden = tool !== "point";
    this.#preview();
  }

  cancel() {
    this.#done();
    this.#list();
    byId("close-road")?.focus({ preventScroll: true });
  }

  #done() {
    this.draft = null;
    this.sketch.clearLayers();
    this.how.onDraw?.(false);
  }

  #body() {
    const { tool, points, radius } = this.draft;
    const corner = ([lat, lon]) => ({ lat, lon });
    const until = byId("closure-until").value;
    return {
      reason: byId("closure-reason").value,
      ...(tool === "point" ? { location: corner(points[0]), radius_m: radius } : { polygon: points.map(corner) }),
      ...(until ? { ends_at: momentOf(until, this.how.timezone).toISOString() } : {}),
      ...(byId("closure-note").value.trim() ? { note: byId("closure-note").value.trim() } : {}),
    };
  }

  get #isWhole() {
    return this.draft.points.length >= (this.draft.tool === "point" ? 1 : CORNERS);
  }

  async #preview() {
    const { draft } = this;
    this.#sketch();
    byId("closure-save").disabled = true;
    this.asking?.abort();
    if (!this.#isWhole) {
      const missing = CORNERS - draft.points.length;
      const isBegun = draft.tool === "area" && draft.points.length > 0;
      return byId("closure-preview").replaceChildren(isBegun ? el("p", { class: "warning" }, say(missing > 1 ? "corners_missing" : "corner_missing", { n: missing })) : "");
    }
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const found = await send("POST", "closure-preview", this.#body(), { signal });
      if (signal.aborted || this.draft !== draft) return;
      this.#sketch(found.lines);
      byId("closure-preview").replaceChildren(
        el("p", {}, found.message),
        found.cut_off_message ? el("p", { class: "alarm" }, icon("warn"), el("span", {}, found.cut_off_message)) : el("p", { class: "muted" }, say("nobody")));
      byId("closure-save").disabled = false;
    } catch (error) {
      if (!signal.aborted && this.draft === draft) byId("closure-preview").replaceChildren(el("p", { class: "warning" }, sentence(error)));
    }
  }

  /** Whether the fields can be sent; the one that can not says why. */
  #isFit() {
    const [until, note] = [byId("closure-until"), byId("closure-note")];
    const letters = [...note.value.trim()].length;
    if (until.validity.badInput) refuse(until, say("until_unreadable"));
    else if (until.value && momentOf(until.value, this.how.timezone) <= this.how.board.now()) refuse(until, say("until_past"));
    else if (letters > MOST_NOTE) refuse(note, say("note_long", { most: MOST_NOTE, n: letters }));
    else return true;
    return false;
  }

  async #save() {
    const { draft } = this;
    if (!draft || !this.#isWhole || !this.#isFit()) return;
    byId("closure-save").disabled = true;
    const body = this.#body();
    // A request sent once more, because its answer was lost, closes nothing twice; a changed one is another.
    const made = JSON.stringify(body);
    if (draft.made !== made) Object.assign(draft, { made, key: draft.made === null ? draft.key : draft.key + "'" });
    try {
      await send("POST", "closures", body, { key: draft.key });
      this.#done();
      await this.reload();
    } catch (error) {
      byId("closure-save").disabled = false;
      byId("closure-preview").replaceChildren(el("p", { class: "warning", role: "alert" }, sentence(error)));
    }
  }
}

function told({ name, ends_at: end, starts_at: start, in_force: inForce }, time) {
  const until = end ? say("until", { time: time(end) }) : say("open_end");
  const line = el("span", {}, `${name} · ${say(inForce ? "since" : "from", { time: time(start) })}, ${until}`);
  return line;
}
