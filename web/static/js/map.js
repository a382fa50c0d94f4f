// The map: our own tiles, the areas, the incident, the units and the route. Leaflet is the global L.

import { address } from "./api.js";
import { kindIcon } from "./dom.js";
import { clock, kindWord, word } from "./words.js";

const L = window.L;
const FIT_ZOOM = 16;
const DRAWN_SOURCES = ["villages", "kecamatan", "osm"];
const STYLES = {
  kecamatan: { className: "outline-kecamatan", interactive: false },
  village: { className: "outline-village", interactive: false },
  radius: { className: "outline-radius", interactive: false },
};

export class DeskMap {
  /**
   * @param {HTMLElement} element
   * @param {object} start as in the page
   * @param {{onClick: (lat: number, lon: number) => void, onUnit: (unitId: string) => void}} handlers
   */
  constructor(element, start, handlers) {
    this.start = start;
    this.handlers = handlers;
    const [south, west, north, east] = start.region.bounds;
    this.home = L.latLngBounds([south, west], [north, east]);
    this.map = L.map(element, {
      zoomControl: false, attributionControl: false, minZoom: start.tiles.least_zoom, maxZoom: start.tiles.greatest_zoom,
      maxBounds: this.home.pad(0.6), maxBoundsViscosity: 0.7, zoomSnap: 1,
    });
    this.zoom = L.control.zoom({ position: "topright" }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.credit = L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(this.map);
    for (const name of ["kecamatan", "village", "radius", "route"]) this.map.createPane(name);
    this.outlines = L.layerGroup().addTo(this.map);
    this.routeLayer = L.layerGroup().addTo(this.map);
    this.unitLayer = L.layerGroup().addTo(this.map);
    this.incidentLayer = L.layerGroup().addTo(this.map);
    this.map.fitBounds(this.home);
    this.map.on("click", (event) => handlers.onClick(event.latlng.lat, event.latlng.wrap().lng));
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(element);
    this.markers = new Map();
  }

  /** Light or dark tiles. */
  dress(theme) {
    const layer = L.tileLayer(this.start.tiles[theme], {
      minZoom: this.start.tiles.least_zoom, maxZoom: this.start.tiles.greatest_zoom, bounds: this.home.pad(0.5), detectRetina: false,
      errorTileUrl: "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    });
    const old = this.tiles;
    this.tiles = layer.addTo(this.map);
    if (old) layer.once("load", () => old.remove());
  }

  translate() {
    const names = this.start.region.sources.filter(({ kind }) => DRAWN_SOURCES.includes(kind)).map(sourceName).filter(Boolean);
    if (this.credited) this.credit.removeAttribution(this.credited);
    this.credited = names.length ? escaped(word("sources", { names: [...new Set(names)].join(", ") })) : "";
    if (this.credited) this.credit.addAttribution(this.credited);
    const [zoomIn, zoomOut] = this.zoom.getContainer().querySelectorAll("a");
    for (const [button, key] of [[zoomIn, "zoom_in"], [zoomOut, "zoom_out"]]) {
      button.title = word(key);
      button.setAttribute("aria-label", word(key));
    }
  }

  clear({ fit = true } = {}) {
    for (const layer of [this.outlines, this.routeLayer, this.unitLayer, this.incidentLayer]) layer.clearLayers();
    this.markers.clear();
    if (fit) this.map.fitBounds(this.home);
  }

  /** Where the location is: marker and circle of uncertainty. */
  showIncident(asked) {
    this.incidentLayer.clearLayers();
    if (!asked.location) return;
    const at = [asked.location.lat, asked.location.lon];
    if (asked.radius_m > 5 && asked.kind !== "village") {
      L.circle(at, { radius: asked.radius_m, ...STYLES.radius }).addTo(this.incidentLayer);
    }
    const marker = L.marker(at, {
      icon: L.divIcon({ className: "incident" + (asked.kind === "village" ? " incident-vague" : ""), iconSize: [34, 34], html: "<i></i>" }),
      keyboard: false, interactive: false, zIndexOffset: 1000, alt: word("incident"),
    });
    marker.addTo(this.incidentLayer);
  }

  showAreas(features) {
    this.outlines.clearLayers();
    for (const [level, feature] of features) L.geoJSON(feature, { ...STYLES[level], pane: level }).addTo(this.outlines);
    this.areaBounds = features.length ? L.geoJSON(features.at(-1)[1]).getBounds() : null;
  }

  showUnits(candidates, excluded) {
    this.unitLayer.clearLayers();
    this.markers.clear();
    for (const unit of [...excluded].reverse()) this.#unit(unit, "excluded", "");
    for (const unit of [...candidates].reverse()) this.#unit(unit, "ranked", String(unit.rank));
  }

  #unit(unit, state, label) {
    if (unit.lat === undefined || unit.lat === null) return;
    const html = `<b><svg aria-hidden="true"><use href="#i-${kindIcon(unit.kind)}"/></svg>${label}</b>`;
    const marker = L.marker([unit.lat, unit.lon], {
      icon: L.divIcon({ className: `unit unit-${state} kind-${kindIcon(unit.kind)}`, iconSize: label ? [44, 26] : [24, 24], html }),
      keyboard: false, zIndexOffset: state === "ranked" ? 500 - (unit.rank ?? 0) : 0, riseOnHover: true,
    });
    const eta = unit.eta_s === null || unit.eta_s === undefined ? "" : " · " + clock(unit.eta_s);
    marker.bindTooltip(escaped(`${unit.unit_id} · ${kindWord(unit.kind)}${eta}`), { direction: "top", offset: [0, -12] });
    if (state === "ranked") marker.on("click", () => this.handlers.onUnit(unit.unit_id));
    marker.addTo(this.unitLayer);
    this.markers.set(unit.unit_id, marker);
  }

  select(unitId) {
    for (const [id, marker] of this.markers) {
      marker.getElement()?.classList.toggle("unit-selected", id === unitId);
      if (id === unitId) marker.setZIndexOffset(900);
    }
  }

  showRoute(collection) {
    this.routeLayer.clearLayers();
    const lines = collection.features.filter((feature) => feature.geometry?.type === "LineString");
    for (const className of ["route-casing", "route-line"]) {
      L.geoJSON(lines, { pane: "route", interactive: false, style: { className } }).addTo(this.routeLayer);
    }
    this.routeBounds = lines.length ? L.geoJSON(lines).getBounds() : null;
  }

  clearRoute() {
    this.routeLayer.clearLayers();
    this.routeBounds = null;
  }

  /** Show the incident with the route, or with its village. */
  fit(asked) {
    const bounds = L.latLngBounds([]);
    if (asked.location) bounds.extend([asked.location.lat, asked.location.lon]);
    if (asked.kind === "village" && this.areaBounds) bounds.extend(this.areaBounds);
    if (this.routeBounds) bounds.extend(this.routeBounds);
    else if (this.areaBounds) bounds.extend(this.areaBounds);
    else bounds.extend(this.home);
    if (!bounds.isValid()) return;
    const padding = Math.min(60, this.map.getSize().y / 8);
    this.map.fitBounds(bounds, { padding: [padding, padding], maxZoom: FIT_ZOOM, animate: false });
  }
}

function sourceName({ file, licence }) {
  if (!file) return "";
  return licence ? `${file} (${licence})` : file;
}

function escaped(text) {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML;
}

export const gpxAddress = (unit, at) => address("route", { unit, at, format: "gpx" });
