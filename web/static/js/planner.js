// The planner's page: posts on a map, coverage by the minute, plan A beside plan B. Leaflet is the global L.

const L = window.L;
const start = JSON.parse(document.getElementById("start").textContent);
const words = start.words;
const STEPS = [0, 0.25, 0.5, 0.75, 0.9, 0.99];
const NO_DATA = "#c8c8c8";
const ROWS_SHOWN = 10;
const WAIT_MS = 200;
const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat(start.lang === "id" ? "id-ID" : "en-GB");
const percent = (part) => `${new Intl.NumberFormat(start.lang === "id" ? "id-ID" : "en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(part * 100)}%`;

let posts = [];
let now = null;
let planA = null;
let asked = 0;
let timer = 0;

const [south, west, north, east] = start.bounds;
const home = L.latLngBounds([south, west], [north, east]);
const map = L.map(element("map"), { attributionControl: false, minZoom: start.tiles.least_zoom, maxZoom: start.tiles.greatest_zoom, maxBounds: home.pad(0.6) });
L.tileLayer(start.tiles.address, { minZoom: start.tiles.least_zoom, maxZoom: start.tiles.greatest_zoom, bounds: home.pad(0.5) }).addTo(map);
L.control.attribution({ prefix: false }).addAttribution(start.credit).addTo(map);
L.control.scale({ imperial: false }).addTo(map);
map.fitBounds(home);
const areas = L.geoJSON(null, { style: { color: "#ffffff", weight: 0.7, fillOpacity: 0.6, fillColor: NO_DATA }, bubblingMouseEvents: true }).addTo(map);
const markers = L.layerGroup().addTo(map);

function minute() { return Number(element("minutes").value); }
function kind() { return element("kind").value; }
function colour(share) {
  if (Number.isNaN(share)) return NO_DATA;
  let step = 0;
  while (step + 1 < STEPS.length && share >= STEPS[step + 1]) step += 1;
  return start.legend[step].colour;
}
function open() { return posts.filter((post) => post.open); }

function stationsOf(wanted) {
  const kinds = start.kinds.find((one) => one.kind === wanted)?.stations ?? [];
  return start.stations.filter((one) => kinds.includes(one.kind))
    .map((one) => ({ name: one.name, lat: one.lat, lon: one.lon, open: one.operating, added: false }));
}

function drawPosts() {
  markers.clearLayers();
  for (const post of posts) {
    const css = `post${post.open ? "" : " closed"}${post.added ? " new" : ""}`;
    const icon = L.divIcon({ className: css, html: "<b></b>", iconSize: [18, 18] });
    const marker = L.marker([post.lat, post.lon], { icon, draggable: true, autoPan: true, title: post.name, alt: post.name, keyboard: true });
    marker.bindTooltip(() => plain(post.open ? post.name : `${post.name} (${words.closed})`));
    marker.on("dragend", () => {
      const at = marker.getLatLng().wrap();
      Object.assign(post, { lat: at.lat, lon: at.lng });
      soon();
    });
    marker.on("click", () => {
      if (post.added) posts = posts.filter((one) => one !== post);
      else post.open = !post.open;
      drawPosts();
      soon();
    });
    markers.addLayer(marker);
  }
}

function plain(text) {
  const line = document.createElement("span");
  line.textContent = text;
  return line;
}

function body() {
  return JSON.stringify({ kind: kind(), minutes: minute(), posts: open().map(({ name, lat, lon }) => ({ name, lat, lon })) });
}

async function send(path) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...(start.csrf ? { "X-CSRFToken": start.csrf } : {}) }, body: body() });
  if (answer.ok) return answer;
  let told = answer.statusText;
  try { told = (await answer.json()).detail ?? told; } catch { /* no document */ }
  throw new Error(told);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(compute, WAIT_MS);
}

async function compute() {
  asked += 1;
  const mine = asked;
  element("figure").textContent = words.computing;
  try {
    const found = await (await send(`/planner/coverage?lang=${start.lang}`)).json();
    if (mine !== asked) return;
    now = found;
    if (planA === null) keep();
    fail(null);
  } catch (error) {
    if (mine !== asked) return;
    fail(error.message);
  }
  show();
}

function fail(text) {
  element("error").hidden = text === null;
  element("error").textContent = text ?? "";
}

function keep() {
  planA = { found: now, posts: posts.map((post) => ({ ...post })) };
}

function show() {
  element("minutes-shown").textContent = minute();
  if (now === null) { element("figure").textContent = ""; return; }
  const at = minute();
  element("figure").textContent = `${number.format(now.region[at])} ${words.in_time} (${percent(now.region[at] / now.people)})`;
  const more = document.createElement("small");
  more.textContent = `${words.of} ${number.format(now.people)} · ${open().length} ${words.posts.toLowerCase()} · ${number.format(now.unreached)} ${words.unreached}`;
  element("figure").append(more);
  areas.eachLayer((layer) => {
    const one = now.villages[layer.feature.properties.code];
    const share = one && one.people ? one.within[at] / one.people : Number.NaN;
    layer.setStyle({ fillColor: colour(share) });
    layer.bindTooltip(() => plain(one ? `${one.name}: ${number.format(one.within[at])} / ${number.format(one.people)} (${Number.isNaN(share) ? "-" : percent(share)})` : layer.feature.properties.name), { sticky: true });
  });
  compare(at);
}

function compare(at) {
  const a = planA.found;
  const before = a.region[at];
  const after = now.region[at];
  rows("compare", [
    [words.plan_a, number.format(before), percent(before / a.people)],
    [words.plan_b, number.format(after), percent(after / now.people)],
    [words.gain, signed(after - before), ""],
  ], (row) => (row === 2 ? after - before : 0));
  const villages = Object.keys(now.villages).map((code) => ({
    name: now.villages[code].name,
    gain: now.villages[code].within[at] - a.villages[code].within[at],
    out: now.villages[code].people - now.villages[code].within[at],
  }));
  const changed = villages.filter((one) => one.gain !== 0).sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain)).slice(0, ROWS_SHOWN);
  if (changed.length) {
    element("changes-title").textContent = words.most;
    rows("changes", changed.map((one) => [one.name, signed(one.gain)]), (row) => changed[row].gain);
  } else {
    element("changes-title").textContent = words.gaps;
    const gaps = villages.filter((one) => one.out > 0).sort((x, y) => y.out - x.out).slice(0, ROWS_SHOWN);
    rows("changes", gaps.map((one) => [one.name, number.format(one.out)]), () => 0);
  }
}

function signed(value) { return `${value > 0 ? "+" : ""}${number.format(value)}`; }

function rows(id, lines, gain) {
  const body_ = element(id).tBodies[0];
  body_.replaceChildren(...lines.map((cells, row) => {
    const line = document.createElement("tr");
    for (const cell of cells) {
      const box = document.createElement("td");
      box.textContent = cell;
      line.append(box);
    }
    const change = gain(row);
    if (change) line.cells[1].className = change > 0 ? "gain" : "loss";
    return line;
  }));
}

async function exported() {
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await (await send(`/planner/coverage.csv?lang=${start.lang}`)).blob());
    link.download = "coverage.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) { fail(error.message); }
}

for (const one of start.kinds) element("kind").append(new Option(one.name, one.kind));
for (const { colour: fill, text } of start.legend) {
  const item = document.createElement("li");
  const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  box.setAttribute("width", "14");
  box.setAttribute("height", "14");
  box.setAttribute("aria-hidden", "true");
  const square = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  square.setAttribute("width", "14");
  square.setAttribute("height", "14");
  square.setAttribute("fill", fill);
  box.append(square);
  item.append(box, text);
  element("legend").append(item);
}
element("minutes").addEventListener("input", show);
element("kind").addEventListener("change", () => { posts = stationsOf(kind()); planA = null; now = null; drawPosts(); compute(); });
element("keep").addEventListener("click", () => { if (now) { keep(); show(); } });
element("back").addEventListener("click", () => { if (planA) { posts = planA.posts.map((post) => ({ ...post })); now = planA.found; drawPosts(); show(); } });
element("export").addEventListener("click", exported);
map.on("click", (event) => {
  const at = event.latlng.wrap();
  posts.push({ name: `${words.new_post} ${posts.filter((post) => post.added).length + 1}`, lat: at.lat, lon: at.lng, open: true, added: true });
  drawPosts();
  soon();
});

posts = stationsOf(kind());
drawPosts();
fetch("/planner/villages.geojson").then((answer) => answer.json()).then((found) => { areas.addData(found); show(); });
if (start.has_people && start.kinds.length) compute();
