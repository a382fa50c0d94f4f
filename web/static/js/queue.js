// The queue of open incidents: those that wait for units first, then the worst, then the oldest.

import { byId, el, icon } from "./dom.js";
import { KeyedList, setText } from "./keyed_list.js";
import { age, clock, number, word, wordOf } from "./words.js";

const SEVERITIES = ["critical", "high", "moderate", "low"];
const WAITING = ["received", "located", "reopened"];

/** Whether nobody is on the way: these come first. */
export const isWaiting = (incident) => incident.units.length === 0 && WAITING.includes(incident.status);

export class Queue {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    this.lists = {};
    const group = (name) => {
      const list = el("ol", { class: "plain queue-list" });
      this.lists[name] = new KeyedList(list, { make: (key) => this.#make(key), update: (row, one) => this.#update(row, one) });
      return el("section", { class: "queue-group", "data-group": name }, el("h3", {}), list);
    };
    this.groups = { waiting: group("waiting"), running: group("running") };
    this.empty = el("p", { class: "note queue-empty" });
    this.begin = el("p", { class: "note queue-begin" });
    host.append(el("h2", { id: "queue-title", class: "pane-title" }), this.empty, this.begin, this.groups.waiting, this.groups.running);
    host.addEventListener("keydown", (event) => this.#key(event));
    desk.board.addEventListener("change", () => this.show());
    setInterval(() => this.tick(), 1000);
  }

  translate() {
    for (const list of Object.values(this.lists)) list.renew();
    this.show();
  }

  show() {
    const all = [...this.desk.board.incidents.values()].sort(inOrder);
    const waiting = all.filter(isWaiting);
    const running = all.filter((one) => !isWaiting(one));
    for (const [name, found] of [["waiting", waiting], ["running", running]]) {
      this.lists[name].show(found.map((one) => [one.incident_id, one]));
      this.groups[name].hidden = found.length === 0;
      setText(this.groups[name].querySelector("h3"), `${word("queue_" + name)} (${number(found.length)})`);
    }
    setText(byId("queue-title"), word("queue_title"));
    this.empty.hidden = all.length > 0;
    setText(this.empty, word("queue_empty"));
    this.begin.hidden = all.length > 0 || !this.desk.start.may.includes("call:write");
    setText(this.begin, word("queue_begin"));
    setText(byId("count-queue"), all.length ? String(all.length) : "");
    byId("count-queue").classList.toggle("alarming", waiting.length > 0);
    this.mark();
  }

  /** Which row is chosen. */
  mark() {
    const chosen = this.desk.selected();
    for (const list of Object.values(this.lists)) {
      for (const [key, { row }] of list.rows) row.firstChild.setAttribute("aria-pressed", String(key === chosen));
    }
  }

  /** The incidents in the order in which they are shown. */
  order() {
    return [...this.host.querySelectorAll("[data-incident]")].map((row) => row.dataset.incident);
  }

  /** Ages and what is left until something is due, by the server's clock. */
  tick() {
    for (const list of Object.values(this.lists)) {
      for (const { row, record } of list.rows.values()) if (record) this.#times(row, record);
    }
  }

  #make(key) {
    const row = el("button", { type: "button", class: "incident-row", "data-incident": key, on: { click: () => this.desk.select(key) } },
      el("span", { class: "incident-what" }), el("span", { class: "due" }), el("span", { class: "incident-place" }),
      el("span", { class: "incident-age" }), el("span", { class: "incident-tags" }));
    return el("li", {}, row);
  }

  #update(item, one) {
    const row = item.firstChild;
    const [what, , place, , tags] = row.children;
    row.className = `incident-row severity-${one.severity}`;
    what.replaceChildren(icon(this.desk.categoryIcon(one.category), "category-icon"), el("strong", {}, this.desk.categoryName(one.category)));
    place.replaceChildren(el("span", { class: "incident-id" }, one.incident_id), " ", placeText(one));
    tags.replaceChildren(
      el("span", { class: "tag severity-tag" }, wordOf("severities", one.severity)),
      el("span", { class: "tag" }, wordOf("incident_statuses", one.status)),
      one.alarm_level > 1 ? el("span", { class: "tag" }, word("alarm_level", { n: one.alarm_level })) : "",
      one.exercise ? el("span", { class: "tag tag-exercise" }, word("exercise")) : "",
      ...one.units.map((unitId) => el("span", { class: "unit-chip" }, unitId)));
    this.#times(item, one);
  }

  #times(item, one) {
    const [, due, , old] = item.firstChild.children;
    setText(old, age(this.desk.board.since(one.received_at)));
    const next = soonest(one.timers, this.desk.board.now());
    due.hidden = !next;
    if (!next) return;
    setText(due, (next.left_s < 0 ? "+" : "") + clock(Math.abs(next.left_s)));
    due.classList.toggle("overdue", next.left_s < 0);
    due.classList.toggle("soon", next.left_s >= 0 && next.left_s < 60);
    const what = wordOf("timers", next.kind) + (next.unit_id ? " " + next.unit_id : "");
    due.title = word(next.left_s < 0 ? "due_over" : "due_in", { what, time: clock(Math.abs(next.left_s)) });
  }

  #key(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...this.host.querySelectorAll(".incident-row")];
    const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

/** The timer that is due first, with the seconds that are left; null where none runs. */
export function soonest(timers, now) {
  let first = null;
  for (const one of timers) {
    const left = (Date.parse(one.due_at) - now) / 1000;
    if (!first || left < first.left_s) first = { ...one, left_s: left };
  }
  return first;
}

/** Where an incident is, in a line. */
export function placeText({ place }) {
  const areas = [place.village?.name, place.kecamatan && word("kecamatan") + " " + place.kecamatan.name].filter(Boolean).join(", ");
  return [place.label, areas].filter(Boolean).join(" · ") || (place.location ? `${place.location.lat.toFixed(5)}, ${place.location.lon.toFixed(5)}` : word("place_unknown"));
}

function inOrder(a, b) {
  return isWaiting(b) - isWaiting(a) || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
    || (a.received_at < b.received_at ? -1 : a.received_at > b.received_at ? 1 : 0) || (a.incident_id < b.incident_id ? -1 : 1);
}
