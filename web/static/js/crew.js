// The crew's page: shows the unit's task, takes what is pressed, works on while there is no network.

import { Clock, Kept, Queue, Server } from "./crew_queue.js";
import { Share } from "./crew_share.js";
import { words } from "./crew_words.js";

const UNACKNOWLEDGED_S = 5;
const TASK_S = 10;
const IDLE_S = 15;
const HIDDEN_S = 60;
const LONGEST_S = 40;
const RING_S = 12;
const TWICE_MS = 1200; // a second press this soon is the same finger
const KEPT_H = 12;
const CLEARS = new Set(["returning", "available", "out_of_service"]);
const AMBULANCES = new Set(["ambulance"]); // what carries patients, so that it is asked first where to
const MOST_NOTE = 280; // as web/crew.py has it
const ASK_FIRST = new Set(["returning", "out_of_service"]);

const $ = (id) => document.getElementById(id);
const stamp = new URL(import.meta.url).pathname.split("/")[2];
const asked = new URLSearchParams(location.search);

let language = ["id", "en"].find((one) => one === (asked.get("lang") ?? localStorage.getItem("siaga112-language"))) ?? "id";
let _ = words(language);
let state = null; // as the server told it last
let told_ms = 0;
let etag = null;
let fault = null; // what the server says in place of a state
let hospitals = [];
let notes = { incident: null, pieces: [], count: -1 };
let pressed_ms = 0;
let alarmed = 0; // alarms that were shown before
let sending = false;
let failures = 0;
let rang_ms = 0;
let timer = 0;
let sound = null;

const kept = new Kept();
const clock = new Clock();
const server = new Server(clock, (path) => {
  const query = new URLSearchParams({ lang: language });
  if (asked.get("unit")) query.set("unit", asked.get("unit"));
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
});
const queue = new Queue(kept, server, clock, () => refresh(true));
const share = new Share(kept, server, clock, () => refresh(true));

// --- what holds ---------------------------------------------------------------------------------------------------

/** The unit as it will be when all taps have been sent. */
function projected() {
  let { status } = state.unit;
  let task = state.task;
  let acknowledged = task?.acknowledged ?? false;
  let hospital = null;
  for (const tap of queue.waiting(state.login, state.unit.id)) {
    if (tap.do === "note" || (tap.incident_id && tap.incident_id !== task?.id)) continue;
    if (tap.do === "acknowledge") acknowledged = true;
    else status = tap.do;
    if (tap.hospital) hospital = hospitals.find((one) => one.id === tap.hospital);
    if (CLEARS.has(tap.do)) task = null;
  }
  return { status, task, acknowledged, hospital };
}

async function refresh(whole = false) {
  const headers = etag && !whole ? { "If-None-Match": etag } : {};
  const answer = await server.ask("/crew/state", { headers });
  failures = answer && answer.status < 500 ? 0 : failures + 1;
  if (!answer) return false;
  if (answer.status === 200) await take(answer);
  else if (answer.status === 304) told_ms = clock.now();
  else if (answer.told?.type?.endsWith(":unit-needed")) location.replace("/crew/units");
  else if (!server.shut) fault = answer.status < 500 ? (answer.told?.detail ?? null) : _("troubled_text");
  draw();
  return answer.status < 400;
}

async function take(answer) {
  const { now, ...told } = answer.told;
  const before = state;
  [state, etag, fault, told_ms] = [told, answer.etag, null, now];
  if (before && before.login !== told.login) await kept.forget();
  await kept.keep("state", { state, told_ms });
  if (told.language && !localStorage.getItem("siaga112-language") && told.language !== language) setLanguage(told.language);
  if (told.stamp !== stamp) navigator.serviceWorker?.getRegistration("/crew").then((one) => one?.update());
  if (told.task && told.task.id !== before?.task?.id && !told.task.acknowledged) {
    rang_ms = 0;
    $("main").scrollTop = 0; // whoever had read on below sees where to go
  }
  follow();
  if (told.task) readMore();
}

function follow() {
  const { status } = projected();
  const allowed = state.sharing && status !== "out_of_service" && !server.shut;
  share.follow({ login: state.login, unit: state.unit.id, status, allowed });
}

/** Notes and hospitals, while there is a network: for the time when there is none. */
async function readMore() {
  const { task } = state;
  if (notes.incident !== task.id || notes.count !== task.notes) {
    const read = { incident: task.id, pieces: [], count: task.notes };
    for (let after = "0.0"; after; ) {
      const answer = await server.ask(`/crew/notes?after=${after}`);
      if (answer?.status !== 200 || answer.told.incident !== task.id) return;
      for (const piece of answer.told.pieces) {
        const last = read.pieces.at(-1);
        if (last?.n === piece.n) last.text += piece.text;
        else read.pieces.push(piece);
      }
      after = answer.told.next;
    }
    notes = read;
    await kept.keep("notes", notes);
    draw();
  }
  if (!hospitals.length && AMBULANCES.has(state.unit.kind)) readHospitals();
}

async function readHospitals() {
  const answer = await server.ask("/crew/hospitals");
  if (answer?.status !== 200) return;
  hospitals = answer.told.hospitals;
  await kept.keep("hospitals", hospitals);
}

async function send(eager = false) {
  if (!state || sending || !queue.waiting(state.login, state.unit.id).length) return;
  if (clock.offset_ms === null && !(await refresh(true))) return; // its clock is the one that counts
  sending = true;
  draw();
  try {
    const answer = await queue.send(state.login, state.unit.id, eager);
    if (answer) await take(answer);
  } finally {
    sending = false;
  }
  draw();
}

async function round(eager = false) {
  clearTimeout(timer);
  if (await refresh()) await send(eager);
  ring();
  clearTimeout(timer);
  timer = setTimeout(() => round(), wait() * 1000);
}

function wait() {
  if (failures) return Math.min(LONGEST_S, 5 * 2 ** (failures - 1));
  const due_s = state ? queue.due_s(state.login, state.unit.id) : null;
  return due_s === null ? pause() : Math.min(pause(), Math.max(1, due_s));
}

function pause() {
  const saving = navigator.connection?.saveData ? 2 : 1;
  if (document.hidden) return HIDDEN_S;
  if (!state?.task) return IDLE_S * saving;
  return projected().acknowledged ? TASK_S * saving : UNACKNOWLEDGED_S;
}

/** Tell of a task that nobody has acknowledged, again and again. */
function ring() {
  const now = state && projected();
  const calls = Boolean(now?.task) && !now.acknowledged && now.status === "dispatched" && !server.shut;
  document.title = calls ? `(!) ${_("new_task")} · Siaga112` : "Siaga112";
  if (!calls || Date.now() - rang_ms < RING_S * 1000) return;
  rang_ms = Date.now();
  navigator.vibrate?.([500, 200, 500, 200, 900]);
  if (sound?.state !== "running") return;
  for (const start of [0, 0.35, 0.7]) {
    const tone = sound.createOscillator();
    tone.frequency.value = 880;
    tone.connect(sound.destination);
    tone.start(sound.currentTime + start);
    tone.stop(sound.currentTime + start + 0.2);
  }
}

async function press(what, more = {}) {
  if (Date.now() - pressed_ms < TWICE_MS) return;
  pressed_ms = Date.now();
  setTimeout(draw, TWICE_MS + 20);
  sound ??= "AudioContext" in window ? new AudioContext() : null;
  sound?.resume();
  await put(what, more);
}

async function put(what, more) {
  const ofTask = !["available", "out_of_service"].includes(what);
  await queue.add({ do: what, login: state.login, unit: state.unit.id, incident_id: (ofTask && state.task?.id) || null, hospital: null, ...more });
  follow();
  await send();
}

/** Queue what was written of an incident; the draft is gone only once it is kept. */
async function write(incident_id, text) {
  await put("note", { incident_id, text });
  await kept.keep("draft", null);
}

// --- what is shown ------------------------------------------------------------------------------------------------

function el(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "on") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** Put children into a place, but only where they are others: what a finger is on stays. */
function show(place, ...children) {
  const made = children.filter(Boolean);
  const html = made.map((one) => one.outerHTML).join("");
  if (place.dataset.shown === html) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.do : null;
  place.dataset.shown = html;
  place.replaceChildren(...made);
  if (focused) place.querySelector(`[data-do="${focused}"]`)?.focus();
}

const time = (ms) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
const far = (m) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(m / 1000) + " km";
const said = (tap) => ({ what: _(`do_${tap.do}`) + (tap.text ? ` “${tap.text}”` : ""), time: time(tap.time ? Date.parse(tap.time) : tap.device_ms) });

function draw() {
  document.documentElement.lang = language;
  const now = state && projected();
  $("unit").textContent = state?.unit.id ?? "Siaga112";
  $("status").textContent = now ? _(now.status) : "";
  $("since").textContent = now && now.status === state.unit.status ? _("since", { time: time(state.unit.since * 1000) }) : "";
  const waiting = state ? queue.waiting(state.login, state.unit.id) : [];
  const reach = server.how;
  $("link").className = `link ${waiting.length && !sending ? "waits" : reach}`;
  $("link").textContent = sending ? _("sending") : waiting.length ? `${_(reach)} · ${_("pending", { n: waiting.length })}` : _(reach);
  const told = notices(waiting);
  show($("told"), ...told);
  const alarms = told.filter((one) => one.classList.contains("alarm")).length;
  if (alarms > alarmed) $("main").scrollTop = 0; // not to be missed below the fold
  alarmed = alarms;
  show($("task"), ...card(now));
  const shown = now?.task && notes.incident === now.task.id && notes.pieces.length && !server.shut;
  $("notes").hidden = !shown;
  if (shown) {
    const lines = notes.pieces.map((one) => el("p", {}, one.what === "note" ? null : el("strong", {}, _("words"), ": "), one.text));
    show($("notes"), el("h2", {}, _("notes")), ...lines);
  }
  show($("write"), now?.task && el("button", { type: "button", class: "small", "data-do": "note", on: openNote }, _("write_note")));
  show($("acts"), ...(now ? buttons(now) : []));
  const held = Date.now() - pressed_ms < TWICE_MS;
  for (const one of $("acts").querySelectorAll("button[data-do]:not([data-do=more])")) one.disabled = held;
}

function notices(waiting) {
  const list = [];
  const locked = server.shut === "locked";
  if (server.shut === "forbidden") {
    list.push(el("div", { class: "told alarm" }, el("p", {}, _("not_crew")), el("a", { class: "act", href: "/" }, _("start"))));
  } else if (server.shut) {
    const to = `${locked ? "/locked" : "/sign-in"}?next=${encodeURIComponent(location.pathname + location.search)}`;
    const count = queue.taps.filter((one) => !one.refused).length;
    list.push(el("div", { class: "told alarm" }, el("p", {}, _(locked ? "locked" : "sign_in")), count ? el("p", {}, _("sign_in_kept")) : null, el("a", { class: "act", href: to }, _(locked ? "go_unlock" : "go_sign_in"))));
  }
  if (fault) list.push(el("p", { class: "told alarm" }, fault));
  const troubled = state && queue.troubled(state.login, state.unit.id);
  if (troubled) {
    const text = el("p", {}, el("strong", {}, _("troubled_tap", { ...said(troubled), n: troubled.tries })), " ", _("troubled_how"));
    const again = el("button", { type: "button", class: "small", "data-do": "again", on: () => send(true) }, _("again"));
    const leave = el("button", { type: "button", class: "small", "data-do": "leave", on: () => leaveOut(troubled) }, _("leave_out"));
    list.push(el("div", { class: "told alarm", "data-troubled": troubled.do }, text, el("div", { class: "row" }, again, leave)));
  }
  for (const tap of state ? queue.refused(state.login) : []) {
    const understood = el("button", { type: "button", class: "small", on: () => queue.dismiss(tap) }, _("dismiss"));
    list.push(el("div", { class: "told alarm", "data-refused": tap.do }, el("p", {}, el("strong", {}, _("refused", said(tap))), " ", tap.refused), understood));
  }
  if (waiting.length && !sending) {
    list.push(el("ul", { class: "told warn" }, ...waiting.map((tap) => el("li", {}, _("pending_one", said(tap))))));
  }
  const others = state ? queue.others(state.login).filter((one) => !one.refused) : [];
  for (const login of new Set(others.map((one) => one.login))) {
    const n = others.filter((one) => one.login === login).length;
    list.push(el("p", { class: "told warn" }, _("others_pending", { n, login })));
  }
  if (share.denied) list.push(el("p", { class: "told warn" }, _("share_denied")));
  if (share.on) list.push(el("p", { class: "told share" }, _("share_on")));
  return list;
}

function card(now) {
  if (!now) return [el("p", { class: "empty" }, _(server.shut ? "no_task" : server.reached === false ? "not_known" : "asking"))];
  const { task, hospital } = now;
  const old = server.reached === false && told_ms ? el("p", { class: "old" }, _("kept", { time: time(told_ms) })) : null;
  if (!task) return [old, el("p", { class: "empty" }, _("no_task")), el("p", { class: "hint" }, _("no_task_hint"))];
  const carries = ["transporting", "at_hospital"].includes(now.status);
  const goal = carries ? hospital ?? task.hospital : null;
  const place = goal ?? { name: task.label, at: task.at };
  const link = place.at && el("a", { class: "go", href: geo(place.at, place.name || task.category) }, _("navigate"));
  const way = task.eta_min !== undefined && now.status === state.unit.status ? el("p", { class: "way" }, el("strong", {}, _("minutes", { n: task.eta_min })), " ", el("span", {}, far(task.distance_m))) : null;
  return [
    old,
    now.acknowledged || now.status !== "dispatched" ? null : el("p", { class: "new" }, _("new_task")),
    el("div", { class: `head ${task.severity}` }, el("h2", {}, task.category), el("p", {}, `${_("severity", { name: task.severity_name })} · ${task.id}`)),
    el("div", { class: "where" },
      goal ? el("p", { class: "label" }, _("to_hospital", { name: goal.name })) : task.label ? el("p", { class: "label" }, task.label) : null,
      el("p", { class: "area" }, goal && task.label ? `${task.label}, ${task.area}` : task.area),
      way || link ? el("div", { class: "way-row" }, way ?? el("span"), link) : null,
      place.at ? el("p", { class: "hint" }, place.at.join(", ")) : null),
    ...task.warnings.map((one) => el("p", { class: "told warn" }, one)),
    el("p", { class: "hint" }, _("received", { time: time(task.received * 1000) }), now.acknowledged ? ` · ${_("read")}` : ""),
    task.others.length ? el("p", { class: "others" }, el("strong", {}, _("other_units")), ": ", task.others.map(([one, status]) => `${one} (${status})`).join(", ")) : null,
  ];
}

function geo([lat, lon], name) {
  return `geo:${lat},${lon}?q=${lat},${lon}(${encodeURIComponent(name.replace(/[()]/g, " "))})`;
}

function buttons({ status, task, acknowledged }) {
  const steps = {
    dispatched: acknowledged ? ["en_route"] : ["acknowledge", "en_route"],
    en_route: ["on_scene"],
    on_scene: AMBULANCES.has(state.unit.kind) ? ["transporting", "returning"] : ["returning", "transporting"],
    transporting: ["at_hospital"],
    at_hospital: ["returning"],
    returning: ["available"],
    out_of_service: ["available"],
  }[status] ?? [];
  const act = (what, first) => el("button", { type: "button", class: `act${first ? " first" : ""}`, "data-do": what, on: () => start(what) }, _(`do_${what}`));
  const more = el("button", { type: "button", class: "act quiet", "data-do": "more", on: openMore }, _("more"));
  return [el("div", { class: "row" }, more, steps[1] && act(steps[1])), steps[0] && act(steps[0], true)];
}

function start(what) {
  if (what === "transporting") return openHospitals();
  if (ASK_FIRST.has(what)) return openSheet(_(`sure_${what}`), choice(_(`yes_${what}`), () => press(what), "first"));
  return press(what);
}

async function leaveOut(tap) {
  await queue.leaveOut(tap, _("left_out"));
  follow();
  await send(true);
}

// --- sheets -------------------------------------------------------------------------------------------------------

function openSheet(title, ...children) {
  const close = el("button", { type: "button", class: "act quiet", on: () => $("sheet").close() }, _(children.length === 1 ? "no" : "close"));
  const buttons = () => [...$("sheet").querySelectorAll("button")];
  // Filled anew while it is open, as when times of hospitals come: what held the keyboard holds it again.
  const held = document.activeElement;
  const at = $("sheet").open ? buttons().indexOf(held) : -1;
  $("sheet").replaceChildren(el("h2", { id: "sheet-title" }, title), ...children.filter(Boolean), close);
  if (!$("sheet").open) $("sheet").showModal();
  else if (at >= 0) (buttons().find((one) => held.value && one.value === held.value) ?? buttons()[at] ?? close).focus();
}

function choice(text, act, kind = "") {
  return el("button", { type: "button", class: `act ${kind}`, on: () => { $("sheet").close(); act(); } }, text);
}

async function openHospitals() {
  const list = () => openSheet(_("choose_hospital"), ...hospitals.map((one) => {
    const button = choice("", () => press("transporting", { hospital: one.id }));
    button.append(el("span", {}, one.name), el("strong", {}, one.eta_min === null ? _("no_road") : _("minutes", { n: one.eta_min })));
    button.classList.add("pair");
    button.value = one.id;
    return button;
  }), choice(_("no_hospital"), () => press("transporting")));
  list();
  const shown = $("sheet").firstChild;
  await readHospitals(); // from where the unit is now
  if ($("sheet").open && $("sheet").firstChild === shown) list();
}

/** A few words of the task. What was typed stays on the phone until it is sent, also when the sheet is closed. */
async function openNote() {
  const { id } = projected().task ?? {};
  if (!id) return;
  const draft = await kept.get("draft");
  const box = el("textarea", { id: "note", rows: 4, maxlength: MOST_NOTE, "aria-labelledby": "sheet-title", "aria-describedby": "note-hint" });
  box.value = draft?.incident === id ? draft.text : "";
  const left = el("p", { class: "hint", id: "note-hint" });
  const tell = () => { left.textContent = _("note_hint", { n: MOST_NOTE - box.value.length }); };
  box.addEventListener("input", () => { tell(); kept.keep("draft", { incident: id, text: box.value }); });
  const add = el("button", { type: "button", class: "act first", "data-do": "send-note", on: () => {
    const text = box.value.trim();
    if (!text) return box.focus();
    box.value = ""; // a second press finds nothing to send
    $("sheet").close();
    write(id, text);
  } }, _("send_note"));
  tell();
  openSheet(_("note_title"), box, left, add);
  box.focus();
}

function openMore() {
  const { status } = projected();
  const out = status === "out_of_service" ? null : choice(_("do_out_of_service"), () => start("out_of_service"));
  const clear = ["dispatched", "en_route"].includes(status) ? choice(_("do_returning"), () => start("returning")) : null;
  const dark = document.documentElement.dataset.theme === "dark";
  const how = share.on ? "share_on" : share.wanted ? "share_waits" : "share_off";
  const text = share.possible ? _("share_text", { unit: state.unit.id }) : _("share_insecure");
  const toggle = share.possible && choice(_(share.wanted ? "share_stop" : "share_now"), () => { share.want(!share.wanted); follow(); draw(); });
  openSheet(
    _("more"),
    el("section", { class: "share-box" }, el("h3", {}, _(how)), el("p", {}, text), toggle || null),
    clear, out,
    choice(_(dark ? "light" : "dark"), () => setTheme(dark ? "light" : "dark")),
    choice(_("language"), () => setLanguage(language === "id" ? "en" : "id")),
    asked.get("unit") ? el("a", { class: "act", href: "/crew/units" }, _("units")) : null,
    server.csrf ? signOut() : null,
  );
}

function signOut() {
  const form = el("form", { method: "post", action: "/sign-out" }, el("input", { type: "hidden", name: "csrf_token", value: server.csrf }));
  const n = queue.waiting(state.login, state.unit.id).length;
  form.append(...(n ? [el("p", { class: "told warn" }, _("sign_out_pending", { n }))] : []), el("button", { class: "act" }, _("sign_out")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    share.want(false);
    await kept.forget();
    form.submit();
  });
  return form;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("siaga112-crew-theme", theme);
}

function setLanguage(chosen) {
  language = chosen;
  _ = words(language);
  localStorage.setItem("siaga112-language", language);
  refresh(true);
  draw();
}

// --- beginning ----------------------------------------------------------------------------------------------------

async function begin() {
  if (localStorage.getItem("siaga112-crew-theme") === "dark") document.documentElement.dataset.theme = "dark";
  server.addEventListener("change", () => { if (state) follow(); draw(); });
  queue.addEventListener("change", draw);
  share.addEventListener("change", draw);
  const before = await kept.get("state");
  const fits = before && Date.now() - before.told_ms < KEPT_H * 3600000 && (!asked.get("unit") || asked.get("unit") === before.state.unit.id);
  if (fits) ({ state, told_ms } = before);
  hospitals = (await kept.get("hospitals")) ?? [];
  notes = (await kept.get("notes")) ?? notes;
  await queue.open();
  draw();
  addEventListener("online", () => round(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) round(true); });
  addEventListener("pageshow", (event) => { if (event.persisted) round(true); });
  navigator.serviceWorker?.register("/crew/worker.js", { scope: "/crew" }).catch(() => {});
  await round();
}

begin();
