// The board on the map: units that glide, incidents, routes of the units on their way, and how far one unit gets.

import { ask } from "./api.js";
import { byId, el, kindIcon } from "./dom.js";
import { isWaiting, placeText } from "./queue.js";
import { age, currentLanguage, kindWord, number, word, wordOf } from "./words.js";

const L = window.L;
const MINUTES = [5, 8, 10, 15];
const GLIDE_M = 3000;
const GLIDE_MS = 1000;
const FIT_ZOOM = 15;
const NEAR_ZOOM = 13;
const FOLLOW_MS = 20000;
const ON_THE_WAY = new Set(["dispatched", "en_route"]);

export class FleetMap {
  /** @param {object} desk */
  constructor(desk) {
    this.desk = desk;
    this.map = desk.map.map;
    for (const name of ["isochrone", "assigned"]) this.map.createPane(name);
    this.isochrones = L.layerGroup().addTo(this.map);
    this.routes = L.layerGroup().addTo(this.map);
    this.unitLayer = L.layerGroup().addTo(this.map);
    this.incidentLayer = L.layerGroup().addTo(this.map);
    this.units = new Map();
    this.incidents = new Map();
    this.map.on("zoomstart", () => this.map.getContainer().classList.add("is-zooming"));
    this.map.on("zoomend", () => {
      this.map.getContainer().classList.remove("is-zooming");
      this.#scale();
    });
    this.#scale();
    desk.board.addEventListener("change", ({ detail }) => this.#changed(detail));
    desk.board.addEventListener("moved", ({ detail }) => {
      for (const unitId of detail) this.#unit(unitId);
    });
    setInterval(() => this.#fade(), 15000);
    setInterval(() => this.#follow(), FOLLOW_MS);
  }

  /** Where a whole kabupaten is seen, marks are small: the map stays a map. */
  #scale() {
    this.map.getContainer().classList.toggle("zoom-far", this.map.getZoom() < NEAR_ZOOM);
  }

  translate() {
    this.#changed({ whole: true });
    if (this.reach) this.showReach(this.reach, { fit: false }).catch(() => this.hideReach());
  }

  #changed({ whole, incidents = [], units = [] }) {
    const { board } = this.desk;
    const unitIds = whole ? new Set([...board.units.keys(), ...this.units.keys()]) : units;
    const incidentIds = whole ? new Set([...board.incidents.keys(), ...this.incidents.keys()]) : incidents;
    for (const unitId of unitIds) this.#unit(unitId);
    for (const incidentId of incidentIds) this.#incident(incidentId);
    this.mark();
  }

  // --- units --------------------------------------------------------------------------------------------------------

  #unit(unitId) {
    const unit = this.desk.board.units.get(unitId);
    let known = this.units.get(unitId);
    if (!unit) {
      known?.marker.remove();
      this.units.delete(unitId);
      return;
    }
    if (!known) {
      const html = `<b><svg aria-hidden="true"><use href="#i-${kindIcon(unit.kind)}"/></svg></b>`;
      const marker = L.marker([unit.lat, unit.lon], { icon: L.divIcon({ className: "fleet-unit", iconSize: [22, 22], html }), keyboard: false, riseOnHover: true });
      // Made when somebody points at it: hundreds of tooltips would be made for nothing.
      marker.once("mouseover", () => marker.bindTooltip(() => this.#told(unitId), { direction: "top", offset: [0, -10] }).openTooltip());
      marker.on("click", () => this.desk.selectUnit(unitId));
      marker.addTo(this.unitLayer);
      known = { marker, look: "" };
      this.units.set(unitId, known);
    } else {
      this.#move(known, unit);
    }
    this.#dress(known, unit);
  }

  #move({ marker }, unit) {
    const before = marker.getLatLng();
    if (before.lat === unit.lat && before.lng === unit.lon) return;
    const node = marker.getElement();
    // A unit that was not heard of for long is where it is: it did not fly there.
    const glides = node && before.distanceTo([unit.lat, unit.lon]) < GLIDE_M;
    node?.classList.toggle("gliding", glides);
    marker.setLatLng([unit.lat, unit.lon]);
    if (glides) {
      clearTimeout(marker.glide);
      marker.glide = setTimeout(() => node.classList.remove("gliding"), GLIDE_MS + 100);
    }
  }

  #dress(known, unit) {
    const old = this.desk.isStale(unit);
    const ours = unit.incident_id !== null && unit.incident_id === this.desk.selected();
    const chosen = this.desk.selectedUnit() === unit.unit_id;
    const look = `status-${unit.status} kind-${kindIcon(unit.kind)}${old ? " stale" : ""}${unit.on_duty ? "" : " off-duty"}${ours ? " ours" : ""}${chosen ? " chosen" : ""}`;
    if (look === known.look) return;
    const node = known.marker.getElement();
    for (const name of known.look.split(" ").filter(Boolean)) node.classList.remove(name);
    node.classList.add(...look.split(" "));
    known.look = look;
    known.marker.setZIndexOffset(chosen || ours ? 800 : unit.status === "available" ? 100 : 200);
  }

  #told(unitId) {
    const unit = this.desk.board.units.get(unitId);
    if (!unit) return unitId;
    const fix = unit.fix_time ? word("stale", { age: age(this.desk.board.since(unit.fix_time)) }) : word("no_fix");
    const what = [unit.unit_id, kindWord(unit.kind), unit.on_duty ? wordOf("unit_statuses", unit.status) : word("off_duty"), fix];
    return el("span", {}, what.join(" · "));
  }

  #fade() {
    for (const [unitId, known] of this.units) {
      const unit = this.desk.board.units.get(unitId);
      if (unit) this.#dress(known, unit);
    }
  }

  // --- incidents ----------------------------------------------------------------------------------------------------

  #incident(incidentId) {
    const one = this.desk.board.incidents.get(incidentId);
    const known = this.incidents.get(incidentId);
    const at = one?.place.location;
    const look = at && `${at.lat} ${at.lon} ${one.severity} ${one.category} ${isWaiting(one)}`;
    if (known && known.look === look) return;
    known?.marker.remove();
    this.incidents.delete(incidentId);
    if (!at) return;
    const html = `<b><svg aria-hidden="true"><use href="#i-${this.desk.categoryIcon(one.category)}"/></svg></b>`;
    const className = `fleet-incident severity-${one.severity}${isWaiting(one) ? " waiting" : ""}`;
    const marker = L.marker([at.lat, at.lon], { icon: L.divIcon({ className, iconSize: [26, 26], html }), keyboard: false, riseOnHover: true, zIndexOffset: 400 });
    marker.once("mouseover", () => marker.bindTooltip(() => this.#toldIncident(incidentId), { direction: "top", offset: [0, -12] }).openTooltip());
    marker.on("click", () => this.desk.select(incidentId));
    marker.addTo(this.incidentLayer);
    this.incidents.set(incidentId, { marker, look });
  }

  #toldIncident(incidentId) {
    const one = this.desk.board.incidents.get(incidentId);
    if (!one) return incidentId;
    const what = [one.incident_id, this.desk.categoryName(one.category), wordOf("severities", one.severity), placeText(one), age(this.desk.board.since(one.received_at))];
    return el("span", {}, what.join(" · "));
  }

  /** Show what is chosen: the incident, its units, their routes. */
  mark() {
    const chosen = this.desk.selected();
    for (const [key, { marker }] of this.incidents) {
      marker.getElement()?.classList.toggle("chosen", key === chosen);
      marker.setZIndexOffset(key === chosen ? 1000 : 400);
    }
    this.#fade();
    this.#drawRoutes();
  }

  /** Bring the chosen incident into view, with the units that are on their way to it. */
  focus() {
    const one = this.desk.board.incidents.get(this.desk.selected());
    if (!one?.place.location) return;
    const bounds = L.latLngBounds([[one.place.location.lat, one.place.location.lon]]);
    for (const unitId of one.units) {
      const unit = this.desk.board.units.get(unitId);
      if (unit) bounds.extend([unit.lat, unit.lon]);
    }
    this.map.fitBounds(bounds, { padding: [70, 70], maxZoom: Math.max(FIT_ZOOM, Math.min(this.map.getZoom(), 16)), animate: false });
  }

  /** Units on their way drive on: their routes and times begin where they are now. */
  #follow() {
    if (this.going?.some(([unitId, lat, lon]) => {
      const unit = this.desk.board.units.get(unitId);
      return unit && (unit.lat !== lat || unit.lon !== lon);
    })) this.redraw();
  }

  async #drawRoutes() {
    const one = this.desk.board.incidents.get(this.desk.selected());
    const at = one?.place.location;
    const going = at ? one.units.map((unitId) => this.desk.board.units.get(unitId)).filter((unit) => unit && ON_THE_WAY.has(unit.status)) : [];
    const wanted = at ? `${at.lat},${at.lon} ${going.map((unit) => unit.unit_id).join(" ")}` : "";
    if (wanted === this.drawn) return;
    if (this.drawnFor !== one?.incident_id) this.routes.clearLayers();
    this.drawnFor = one?.incident_id;
    this.drawn = wanted;
    this.going = going.map((unit) => [unit.unit_id, unit.lat, unit.lon]);
    this.routing?.abort();
    this.routing = new AbortController();
    const { signal } = this.routing;
    const found = await Promise.all(going.map(async (unit) => {
      try {
        return [unit.unit_id, await ask("route", { unit: unit.unit_id, at: `${at.lat},${at.lon}`, lang: currentLanguage() }, signal, { background: true })];
      } catch {
        return null; // no road joins them, or the connection is gone: both are told elsewhere, here is just no line
      }
    }));
    if (signal.aborted) return;
    this.routes.clearLayers();
    for (const [unitId, route] of found.filter(Boolean)) {
      const lines = route.features.filter((feature) => feature.geometry?.type === "LineString");
      for (const className of ["route-casing", "route-line"]) {
        L.geoJSON(lines, { pane: "assigned", interactive: false, style: { className } }).addTo(this.routes);
      }
      const seconds = lines[0]?.properties.seconds;
      if (seconds !== undefined) this.desk.board.dispatchEvent(new CustomEvent("eta", { detail: { unit: unitId, seconds } }));
    }
  }

  /** Draw the routes anew. */
  redraw() {
    this.drawn = null;
    this.#drawRoutes();
  }

  /** Roads were closed or opened: routes and reach are others. */
  roadsChanged() {
    this.redraw();
    if (this.reach) this.showReach(this.reach, { fit: false }).catch(() => this.hideReach());
  }

  // --- how far a unit gets ------------------------------------------------------------------------------------------

  async showReach(unitId, { fit = true } = {}) {
    this.reach = unitId;
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const found = await ask("isochrone", { unit: unitId, minutes: MINUTES.join(","), lang: currentLanguage() }, signal);
    if (signal.aborted) return;
    this.isochrones.clearLayers();
    this.map.getContainer().classList.add("shows-reach");
    const areas = found.features.filter((feature) => feature.properties.kind === "isochrone");
    const layer = L.geoJSON(areas, {
      pane: "isochrone", interactive: false, style: ({ properties }) => ({ className: `isochrone isochrone-${MINUTES.indexOf(properties.minutes)}` }),
    }).addTo(this.isochrones);
    const key = byId("map-key");
    key.replaceChildren(
      el("strong", {}, word("isochrone_key", { unit: unitId })),
      ...MINUTES.map((minutes, n) => el("span", { class: `key-step isochrone-key-${n}` }, number(minutes))),
      el("button", { type: "button", class: "key-close", "aria-label": word("isochrone_off"), title: word("isochrone_off"), on: { click: () => this.hideReach() } }, "×"));
    if (fit && layer.getBounds().isValid()) this.map.fitBounds(layer.getBounds(), { padding: [30, 30], animate: false });
  }

  hideReach() {
    this.asking?.abort();
    this.reach = null;
    this.isochrones.clearLayers();
    this.map.getContainer().classList.remove("shows-reach");
    byId("map-key").replaceChildren();
  }
}

