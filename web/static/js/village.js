// The map of a village's page: loaded when it is asked for, and at once only where there is room and no data to save.

const start = JSON.parse(document.getElementById("map-start").textContent);
const button = document.getElementById("open-map");
const host = document.getElementById("map");
const says = document.getElementById("map-says");

function loaded(name, make) {
  return new Promise((resolve, reject) => {
    const element = make(`/static-leaflet/${start.leaflet}/${name}`);
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}

function stylesheet(href) {
  return Object.assign(document.createElement("link"), { rel: "stylesheet", href });
}

function script(src) {
  return Object.assign(document.createElement("script"), { src });
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function marker(L, lat, lon, css, text, says) {
  const inside = document.createElement("b");
  inside.textContent = text;
  const icon = L.divIcon({ className: `map-spot ${css}`, html: inside, iconSize: [22, 22] });
  const line = document.createElement("span");
  line.textContent = says;
  return L.marker([lat, lon], { icon, title: says, alt: says }).bindPopup(line);
}

async function open() {
  button.disabled = true;
  says.textContent = "";
  try {
    const [answer] = await Promise.all([
      fetch(start.data, { headers: { Accept: "application/json" } }),
      window.L ? null : loaded("leaflet.css", stylesheet),
      window.L ? null : loaded("leaflet.js", script),
    ]);
    // The session is over: the server leads to where one signs in, and back to this page.
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    draw(await answer.json());
    button.hidden = true;
  } catch {
    says.textContent = start.failed;
    button.disabled = false;
  }
}

function draw(data) {
  const L = window.L;
  host.hidden = false;
  const map = L.map(host, {
    zoomControl: false, attributionControl: false, minZoom: start.least_zoom, maxZoom: start.greatest_zoom, scrollWheelZoom: false,
  });
  L.control.zoom({ position: "topright", zoomInTitle: start.zoom_in, zoomOutTitle: start.zoom_out }).addTo(map);
  const credit = document.createElement("span");
  credit.textContent = start.credit;
  L.control.attribution({ prefix: false }).addAttribution(credit.innerHTML).addTo(map);
  L.tileLayer(start.tiles[isDark() ? "dark" : "light"], { minZoom: start.least_zoom, maxZoom: start.greatest_zoom }).addTo(map);
  const outline = L.geoJSON(data.outline, { interactive: false, className: "outline" }).addTo(map);
  for (const one of data.villages) marker(L, one.lat, one.lon, "coarse", String(one.count), one.text).addTo(map);
  for (const one of data.spots) marker(L, one.lat, one.lon, one.open ? "open" : "", "", one.text).addTo(map);
  map.fitBounds(outline.getBounds(), { padding: [12, 12] });
}

button.hidden = false;
button.addEventListener("click", open);
if (matchMedia("(min-width: 56rem)").matches && !navigator.connection?.saveData) open();
