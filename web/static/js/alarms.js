// What draws attention to the desk: sounds, the title and the mark of the tab, by severity; nothing for what it did itself.

import { own } from "./api.js";
import { el, icon } from "./dom.js";
import { setText } from "./keyed_list.js";
import { isWaiting } from "./queue.js";
import { Sounds } from "./sounds.js";
import { word } from "./words.js";
import "./words_alarms.js";

const KEPT = "siaga112-sounds";
const CLASSES = ["critical", "high", "other", "connection"];
const USUAL = { critical: 80, high: 60, other: 40, connection: 60 };
/** Seconds after which nobody is on the way too long. */
const PATIENCE_S = { critical: 60, high: 180, other: 600 };
const REPEAT_MS = 20000;
const APART_MS = 1500;
const OWN_MS = 3000;
const LOST_MS = 2000;
const LOG = 100;
const MARKS = {
  critical: '<path fill="COLOUR" d="M1 1h22v22H1z"/><path fill="#fff" d="M10.300 4h3.400v10h-3.400zM10.300 16.500h3.400V20h-3.400z"/>',
  high: '<path fill="COLOUR" d="M12 1l11.500 21.500H.5z"/><path fill="#fff" d="M10.800 9h2.400v7h-2.400zM10.800 17.500h2.400V20h-2.400z"/>',
  other: '<circle cx="12" cy="12" r="10.500" fill="COLOUR"/><circle cx="12" cy="12" r="4" fill="#fff"/>',
};

const classOf = (incident) => (["critical", "high"].includes(incident.severity) ? incident.severity : "other");

export class Alarms {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    /** What sounded, the newest last: {what, severity, heard, at}. */
    this.log = [];
    this.known = null;
    this.late = new Set();
    this.seen = new Set();
    this.due = [];
    this.settings = { ...Object.fromEntries(CLASSES.map((one) => [one, { on: true, volume: USUAL[one] }])), ...kept() };
    this.sounds = new Sounds(() => this.#hint());
    this.tabIcon = document.querySelector("link[rel=icon]");
    this.plainIcon = this.tabIcon.href;
    // Read while the page is small: asked for between hundreds of new rows, the browser would style all of them at once.
    const style = getComputedStyle(document.documentElement);
    this.colours = Object.fromEntries(Object.keys(MARKS).map((one) => [one, style.getPropertyValue(`--severity-${one === "other" ? "moderate" : one}`).trim()]));
    this.#build();
    desk.board.addEventListener("change", () => this.#changed());
    desk.board.addEventListener("connection", ({ detail }) => this.#connection(detail));
    setInterval(() => this.#tick(), 1000);
  }

  translate() {
    this.button.setAttribute("aria-label", word("alarms"));
    this.button.title = word("alarms");
    this.#hint();
    this.#fill();
    this.#badge();
  }

  /** Somebody looks at an incident: it repeats no more. */
  look(incidentId) {
    if (incidentId) this.seen.add(incidentId);
    this.#badge();
  }

  // --- what happened -----------------------------------------------------------------------------------------------

  #changed() {
    const { incidents } = this.desk.board;
    const isFirst = this.known === null;
    const fresh = isFirst ? [] : [...incidents.values()].filter((one) => !this.known.has(one.incident_id) && isWaiting(one));
    this.known = new Set(incidents.keys());
    for (const one of fresh) this.#unlessOwn(one);
    if (isFirst) this.#tick({ silent: true });
    this.#badge();
  }

  /** The event may come before the answer to the command of this desk that caused it: that is waited for. */
  async #unlessOwn(incident) {
    for (let waited = 0; own.pending && waited < OWN_MS; waited += 100) await new Promise((resolve) => setTimeout(resolve, 100));
    if (own.ids.has(incident.incident_id)) this.look(incident.incident_id);
    else this.sound("incident", classOf(incident));
  }

  #connection({ lost }) {
    if (!lost) {
      clearTimeout(this.losing);
      this.losing = null;
    } else this.losing ??= setTimeout(() => this.sound("lost", "connection"), LOST_MS);
  }

  /** What became late since the last second; and again for the critical ones that nobody has looked at. */
  #tick({ silent = false } = {}) {
    if (this.known === null) return;
    const { board } = this.desk;
    let unseen = false;
    for (const one of board.incidents.values()) {
      const severity = classOf(one);
      const late = one.timers.filter((timer) => Date.parse(timer.due_at) <= board.now()).map((timer) => timer.key);
      if (isWaiting(one)) {
        if (board.since(one.status_at) >= PATIENCE_S[severity]) late.push("waiting");
        if (severity === "critical" && !this.seen.has(one.incident_id)) unseen = true;
      }
      for (const key of late.map((text) => `${one.incident_id} ${text} ${one.status}`)) {
        if (this.late.has(key)) continue;
        this.late.add(key);
        if (!silent) this.sound("waiting", severity);
      }
    }
    if (unseen && !silent && Date.now() - (this.rang ?? this.begun) >= REPEAT_MS) this.sound("waiting", "critical");
    if (silent) this.begun = Date.now();
    this.host.classList.toggle("calls", unseen);
  }

  // --- sounding ----------------------------------------------------------------------------------------------------

  /** Of several that come together the worst is heard. */
  sound(what, severity) {
    this.due.push({ what, severity });
    this.sounding ??= setTimeout(() => {
      const [worst] = this.due.sort((a, b) => CLASSES.indexOf(a.severity) - CLASSES.indexOf(b.severity));
      this.due = [];
      this.sounding = null;
      this.#play(worst.what, worst.severity);
    }, Math.max(0, (this.last ?? 0) + APART_MS - Date.now()));
  }

  #play(what, severity, { isTest = false } = {}) {
    const { on, volume } = this.settings[severity];
    const heard = (on || isTest) && this.sounds.play(what, severity, volume / 100);
    this.last = Date.now();
    if (severity === "critical") this.rang = this.last;
    this.log = [...this.log, { what, severity, heard, at: this.last }].slice(-LOG);
    this.host.dataset.last = `${what} ${severity}`;
    document.dispatchEvent(new CustomEvent("siaga112-sound", { detail: this.log.at(-1) }));
    this.#hint();
  }

  // --- title and mark ----------------------------------------------------------------------------------------------

  #badge() {
    const waiting = [...this.desk.board.incidents.values()].filter(isWaiting);
    const worst = ["critical", "high", "other"].find((severity) => waiting.some((one) => classOf(one) === severity)) ?? "";
    const n = waiting.filter((one) => classOf(one) === worst).length;
    const title = `Siaga112 · ${this.desk.start.region.name}`;
    document.title = worst ? `(${n}${{ critical: "!", high: "", other: "·" }[worst]}) ${title}` : title;
    if (this.worst === worst) return;
    this.worst = worst;
    document.documentElement.dataset.waiting = worst;
    this.tabIcon.href = worst ? `data:image/svg+xml,${encodeURIComponent(markOf(worst, this.colours[worst]))}` : this.plainIcon;
  }

  // --- settings ----------------------------------------------------------------------------------------------------

  #build() {
    this.button = el("button", { type: "button", class: "icon-button", id: "alarms-button", "aria-expanded": "false", "aria-controls": "alarms-panel", on: { click: () => this.#open(this.panel.hidden) } }, icon("sound"));
    this.hint = el("p", { class: "alarms-hint", hidden: true });
    this.panel = el("section", { class: "alarms-panel", id: "alarms-panel", "aria-labelledby": "alarms-title", hidden: true });
    this.host.replaceChildren(this.hint, this.button, this.panel);
    this.host.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.panel.hidden) return;
      event.stopPropagation();
      this.#open(false);
      this.button.focus();
    });
    document.addEventListener("click", (event) => {
      if (!this.host.contains(event.target)) this.#open(false);
    });
    this.translate();
  }

  #open(shown) {
    this.panel.hidden = !shown;
    this.#hint();
    this.button.setAttribute("aria-expanded", String(shown));
  }

  #fill() {
    const row = (severity) => {
      const setting = this.settings[severity];
      const name = word("alarms_" + severity);
      const volume = el("input", { type: "range", min: 10, max: 100, step: 10, value: setting.volume, "aria-label": word("alarms_volume", { name }), disabled: !setting.on, on: { change: () => {
        setting.volume = Number(volume.value);
        this.#keep();
      } } });
      const on = el("input", { type: "checkbox", checked: setting.on, on: { change: () => {
        setting.on = on.checked;
        volume.disabled = !on.checked;
        this.#keep();
      } } });
      const test = (what) => el("button", { type: "button", class: "quiet", "data-test": `${what} ${severity}`, on: { click: async () => {
        await Promise.race([this.sounds.unlock(), new Promise((resolve) => setTimeout(resolve, 500))]);
        this.#play(what, severity, { isTest: true });
      } } }, word("alarms_test_" + what));
      return el("li", { class: `alarms-row severity-${severity === "other" ? "moderate" : severity}` },
        el("label", {}, on, el("span", {}, name)), volume, el("span", { class: "buttons" }, severity === "connection" ? test("lost") : [test("incident"), test("waiting")]));
    };
    this.panel.replaceChildren(el("h2", { id: "alarms-title" }, word("alarms")), el("ul", { class: "plain" }, CLASSES.map(row)), el("p", { class: "muted" }, word("alarms_note", { n: REPEAT_MS / 1000 })));
  }

  /** Whether nothing can be heard, and why: a browser waits for the first click. */
  #hint() {
    const isDeaf = !this.sounds.isReady;
    this.hint.hidden = !isDeaf || !this.panel.hidden;
    setText(this.hint, word("alarms_blocked"));
    const isMute = !isDeaf && CLASSES.every((one) => !this.settings[one].on);
    this.button.classList.toggle("is-off", isDeaf || isMute);
  }

  #keep() {
    this.#hint();
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.settings));
    } catch {
      // without storage it lasts as long as the page
    }
  }
}

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT)) ?? {};
    return Object.fromEntries(CLASSES.filter((one) => typeof found[one]?.on === "boolean" && found[one].volume >= 10 && found[one].volume <= 100).map((one) => [one, found[one]]));
  } catch {
    return {};
  }
}

/** The mark of the tab: another shape for each class, not only another colour. */
function markOf(worst, colour) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${MARKS[worst].replace("COLOUR", colour)}</svg>`;
}
