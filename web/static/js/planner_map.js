// The planner's map: villages in the colours of a plan, posts to drag, closed roads, isochrones. Leaflet is the global L.

import { el } from "./dom.js";

const L = window.L;
const STEPS = [0, 0.25, 0.5, 0.75, 0.9, 0.99];
const NO_DATA = "#c8c8c8";
const LARGE_CHANGE = 0.25;
const NO_CHANGE = 0.0005;
const WORSE = ["#b2182b", "#ef8a62"];
const BETTER = ["#67a9cf", "#2166ac"];
const SAME = "#9aa3ab";

export class PlanMap {
  /**
   * @param {HTMLElement} element
   * @param {object} start of the page
   * @param {{onClick: (lat: number, lon: number) => void, onMove: (post: object, lat: number, lon: number) => void, card: (post: object) => HTMLElement}} handlers
   */
  constructor(element, start, handlers) {
    this.start = start;
    this.handlers = handlers;
    const [south, west, north, east] = start.bounds;
    this.home = L.latLngBounds([south, west], [north, east]);
    this.map = L.map(element, {
      zoomControl: false, attributionControl: false, minZoom: start.tiles.least_zoom, maxZoom: start.tiles.greatest_zoom, maxBounds: this.home.pad(0.6),
    });
    L.control.zoom({ position: "topright" }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(this.map).addAttribution(start.credit);
    for (const [name, level] of [["reach", 410], ["closures", 440]]) this.map.createPane(name).style.zIndex = level;
    this.areas = L.geoJSON(null, { style: { color: "#ffffff", weight: 0.6, fillOpacity: 0.55, fillColor: NO_DATA } }).addTo(this.map);
    this.reach = L.layerGroup().addTo(this.map);
    this.roads = L.layerGroup().addTo(this.map);
    this.sketch = L.layerGroup().addTo(this.map);
    this.markers = L.layerGroup().addTo(this.map);
    this.map.fitBounds(this.home);
    this.map.on("click", (event) => handlers.onClick(event.latlng.lat, event.latlng.wrap().lng));
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(element);
  }

  dress(theme) {
    const { tiles } = this.start;
    const layer = L.tileLayer(tiles[theme], { minZoom: tiles.least_zoom, maxZoom: tiles.greatest_zoom, bounds: this.home.pad(0.5) });
    const old = this.tiles;
    this.tiles = layer.addTo(this.map);
    if (old) layer.once("load", () => old.remove());
  }

  addVillages(collection) { this.areas.addData(collection); }

  /** Colour every village; `told` gives its colour and a line, by code. */
  paint(told) {
    const faint = this.reach.getLayers().length > 0;
    this.areas.eachLayer((layer) => {
      const { code, name } = layer.feature.properties;
      const { colour, line } = told(code);
      // What stays as it was lets the map through: only changes are to be seen.
      layer.setStyle({ fillColor: colour, fillOpacity: faint || colour === SAME ? 0.15 : 0.55 });
      layer.unbindTooltip().bindTooltip(() => el("span", {}, line ?? name), { sticky: true });
    });
  }

  goTo(code) {
    this.areas.eachLayer((layer) => {
      if (layer.feature.properties.code === code) this.map.fitBounds(layer.getBounds(), { maxZoom: 13 });
    });
  }

  showPosts(posts) {
    this.markers.clearLayers();
    for (const post of posts) {
      const className = `post${post.open ? "" : " is-closed"}${post.added ? " is-added" : ""}`;
      const icon = L.divIcon({ className, html: "<b></b>", iconSize: [26, 26] });
      const marker = L.marker([post.lat, post.lon], { icon, draggable: true, autoPan: true, title: post.name, alt: post.name, keyboard: true, riseOnHover: true });
      marker.bindPopup(() => this.handlers.card(post), { offset: [0, -4] });
      marker.on("dragend", () => {
        const at = marker.getLatLng().wrap();
        this.handlers.onMove(post, at.lat, at.lng);
      });
      this.markers.addLayer(marker);
    }
  }

  closeCard() { this.map.closePopup(); }

  showClosed(closed, lines) {
    this.roads.clearLayers();
    for (const { polygon } of closed) {
      if (polygon) L.polygon(polygon, { pane: "closures", interactive: false, className: "closure-area closure-now" }).addTo(this.roads);
    }
    for (const className of ["closure-casing", "closure-line closure-now"]) {
      L.polyline(lines, { pane: "closures", interactive: false, className }).addTo(this.roads);
    }
  }

  showSketch(corners) {
    this.sketch.clearLayers();
    const style = { pane: "closures", interactive: false, className: "closure-sketch" };
    if (corners.length > 1) L.polygon(corners, style).addTo(this.sketch);
    for (const corner of corners) L.circleMarker(corner, { radius: 5, ...style }).addTo(this.sketch);
  }

  /** Isochrones, the shortest first; null for none. */
  showReach(found) {
    this.reach.clearLayers();
    for (const [number, one] of [...(found ?? []).entries()].reverse()) {
      const { colour } = this.start.reach[Math.min(number, this.start.reach.length - 1)];
      L.geoJSON(one.polygon, { pane: "reach", interactive: false, style: { color: colour, weight: 0.8, fillColor: colour, fillOpacity: 0.6 } }).addTo(this.reach);
    }
  }
}

/** The colour of a share of people in time. */
export function shareColour(legend, share) {
  if (Number.isNaN(share)) return NO_DATA;
  let step = 0;
  while (step + 1 < STEPS.length && share >= STEPS[step + 1]) step += 1;
  return legend[step].colour;
}

/** The colour of a change of that share. */
export function changeColour(change) {
  if (Number.isNaN(change)) return NO_DATA;
  if (Math.abs(change) < NO_CHANGE) return SAME;
  if (change < 0) return change < -LARGE_CHANGE ? WORSE[0] : WORSE[1];
  return change > LARGE_CHANGE ? BETTER[1] : BETTER[0];
}

export function changeLegend(words) {
  const large = `${LARGE_CHANGE * 100}%`;
  return [
    { colour: WORSE[0], text: `> ${large} ${words.worse}` }, { colour: WORSE[1], text: words.worse }, { colour: SAME, text: words.same },
    { colour: BETTER[0], text: words.better }, { colour: BETTER[1], text: `> ${large} ${words.better}` },
  ];
}
