// The roads by which units would come, drawn while somebody chooses among them.

import { ask } from "./api.js";
import { currentLanguage } from "./words.js";

const L = window.L;
/** Of more units than this the map would show a knot: the first are drawn. */
const MOST = 6;

export class ChosenRoutes {
  /** @param {object} desk */
  constructor(desk) {
    this.desk = desk;
    this.map = desk.map.map;
    this.layer = L.layerGroup().addTo(this.map);
    this.lines = new Map();
    this.asked = new Set();
    this.target = null;
  }

  /**
   * Show the routes of these units, in place of others; where little is known of the place, to the middle of its area.
   * @param {string[]} unitIds @param {object} place a location as the server is told it
   */
  show(unitIds, place) {
    const target = targetOf(place);
    if (target !== this.target) this.clear();
    this.target = target;
    if (!target) return;
    const wanted = new Set(unitIds.slice(0, MOST));
    for (const [unitId, line] of this.lines) {
      if (wanted.has(unitId)) line.addTo(this.layer);
      else this.layer.removeLayer(line);
    }
    this.wanted = wanted;
    for (const unitId of wanted) if (!this.asked.has(unitId)) this.#ask(unitId, target);
  }

  clear() {
    this.asking?.abort();
    this.asking = null;
    this.target = null;
    this.wanted = new Set();
    this.lines.clear();
    this.asked.clear();
    this.layer.clearLayers();
  }

  async #ask(unit, at) {
    this.asked.add(unit);
    this.asking ??= new AbortController();
    const { signal } = this.asking;
    try {
      const route = await ask("route", { unit, at, lang: currentLanguage() }, signal, { background: true });
      if (signal.aborted) return;
      const parts = route.features.filter((feature) => feature.geometry?.type === "LineString");
      const line = L.layerGroup(["route-casing", "route-line"].map((className) => L.geoJSON(parts, { pane: "assigned", interactive: false, style: { className } })));
      this.lines.set(unit, line);
      if (this.wanted.has(unit)) line.addTo(this.layer);
      this.#look();
    } catch (error) {
      if (!signal.aborted) this.asked.delete(unit); // no road joins them, or the line is gone: both are told in the list
      if (!error.lost && !error.status && error.name !== "AbortError") throw error;
    }
  }

  /** Show where they come from, once for a place; whoever moves the map afterwards is left alone. */
  #look() {
    if (this.looked === this.target || !this.map.getSize().x) return;
    this.looked = this.target;
    const bounds = L.latLngBounds([]);
    this.layer.eachLayer((line) => line.eachLayer((part) => bounds.extend(part.getBounds())));
    if (bounds.isValid() && !this.map.getBounds().contains(bounds)) this.map.fitBounds(bounds, { padding: [50, 50], maxZoom: 15, animate: false });
  }
}

function targetOf({ location, kind, village_code: village, kecamatan_code: kecamatan }) {
  if (location && ["point", "place"].includes(kind)) return `${location.lat},${location.lon}`;
  return village ?? kecamatan ?? (location ? `${location.lat},${location.lon}` : null);
}
