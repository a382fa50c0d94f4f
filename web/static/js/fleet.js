// The units by agency and status: counts that filter, a box to find one, and the unit that was chosen.

import { byId, el, icon, kindIcon } from "./dom.js";
import { groupBy, KeyedList, setText } from "./keyed_list.js";
import { age, kindWord, number, word, wordOf } from "./words.js";

const STATUSES = ["available", "dispatched", "en_route", "on_scene", "transporting", "at_hospital", "returning", "out_of_service"];

export class Fleet {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    this.statuses = new Set();
    this.text = "";
    this.groups = new Map();
    this.folded = new Set();
    this.counts = el("div", { class: "status-counts", role: "group" });
    this.filter = el("input", { type: "search", class: "filter", id: "units-filter", autocomplete: "off", spellcheck: "false", on: { input: () => this.#typed() } });
    this.list = el("div", { class: "fleet-groups" });
    this.none = el("p", { class: "note", hidden: true });
    this.card = el("div", { class: "unit-card", id: "unit", hidden: true });
    host.append(el("h2", { id: "units-title", class: "pane-title" }), this.card, this.counts, this.filter, this.list, this.none);
    desk.board.addEventListener("change", () => this.show());
    desk.board.addEventListener("moved", ({ detail }) => this.#moved(detail));
    setInterval(() => this.tick(), 5000);
  }

  translate() {
    for (const { list } of this.groups.values()) list.renew();
    this.show();
  }

  show() {
    setText(byId("units-title"), word("units_title"));
    this.filter.placeholder = word("units_filter");
    this.filter.setAttribute("aria-label", word("units_filter"));
    const all = [...this.desk.board.units.values()];
    this.#count(all);
    const shown = all.filter((unit) => this.#matches(unit));
    const byAgency = groupBy(shown, (unit) => unit.agency);
    for (const agency of [...byAgency.keys()].sort()) if (!this.groups.has(agency)) this.#group(agency);
    for (const [agency, group] of this.groups) {
      const theirs = byAgency.get(agency) ?? [];
      group.section.hidden = !theirs.length;
      group.list.show(theirs.sort((a, b) => (a.unit_id < b.unit_id ? -1 : 1)).map((unit) => [unit.unit_id, unit]));
      const ready = theirs.filter((unit) => unit.on_duty && unit.status === "available").length;
      setText(group.section.querySelector(".group-name"), this.desk.agencyName(agency));
      setText(group.section.querySelector(".group-ready"), word("units_ready", { n: number(ready), all: number(theirs.length) }));
    }
    this.none.hidden = shown.length > 0;
    setText(this.none, word("units_none"));
    this.mark();
  }

  mark() {
    const chosen = this.desk.selectedUnit();
    for (const { list } of this.groups.values()) {
      for (const [key, { row }] of list.rows) row.firstChild.setAttribute("aria-pressed", String(key === chosen));
    }
    this.#card();
  }

  tick() {
    for (const { list } of this.groups.values()) {
      for (const { row, record } of list.rows.values()) if (record) this.#age(row, record);
    }
    this.#card();
  }

  #count(all) {
    if (this.counts.children.length === 0) {
      for (const status of STATUSES) {
        this.counts.append(el("button", { type: "button", class: `status-count status-${status}`, "data-status": status, "aria-pressed": "false", on: { click: () => this.#toggle(status) } },
          el("span", { class: "dot", "aria-hidden": "true" }), el("strong", {}), el("span", {})));
      }
    }
    for (const button of this.counts.children) {
      const { status } = button.dataset;
      setText(button.children[1], number(all.filter((unit) => statusOf(unit) === status).length));
      setText(button.children[2], wordOf("unit_statuses_short", status));
      button.title = wordOf("unit_statuses", status);
      button.setAttribute("aria-pressed", String(this.statuses.has(status)));
    }
  }

  #toggle(status) {
    if (!this.statuses.delete(status)) this.statuses.add(status);
    this.show();
  }

  #typed() {
    this.text = this.filter.value.trim().toLowerCase();
    this.show();
  }

  #matches(unit) {
    if (this.statuses.size && !this.statuses.has(statusOf(unit))) return false;
    if (!this.text) return true;
    const said = [unit.unit_id, unit.kind, kindWord(unit.kind), unit.agency, this.desk.agencyName(unit.agency), unit.station ?? "", ...unit.capabilities];
    return said.join(" ").toLowerCase().includes(this.text);
  }

  #group(agency) {
    const list = el("ul", { class: "plain" });
    const section = el("details", { class: "fleet-group", open: true },
      el("summary", {}, el("span", { class: "group-name" }), el("span", { class: "group-ready muted" })), list);
    this.groups.set(agency, { section, list: new KeyedList(list, { make: (key) => this.#make(key), update: (row, unit) => this.#update(row, unit) }) });
    const after = [...this.groups.keys()].sort();
    const next = after[after.indexOf(agency) + 1];
    this.list.insertBefore(section, next ? this.groups.get(next).section : null);
  }

  #make(key) {
    return el("li", {}, el("button", { type: "button", class: "fleet-row", "data-unit": key, on: { click: () => this.desk.selectUnit(key) } },
      el("span", { class: "kind-slot" }), el("span", { class: "unit-id" }), el("span", { class: "fleet-status" }), el("span", { class: "fleet-note muted" })));
  }

  #update(item, unit) {
    const row = item.firstChild;
    row.className = `fleet-row status-${statusOf(unit)} kind-${kindIcon(unit.kind)}`;
    const [kind, name, status] = row.children;
    if (kind.dataset.kind !== unit.kind) {
      kind.dataset.kind = unit.kind;
      kind.replaceChildren(icon(kindIcon(unit.kind), "kind-icon"));
    }
    kind.title = kindWord(unit.kind);
    setText(name, unit.unit_id);
    setText(status, unit.on_duty ? wordOf("unit_statuses", unit.status) : word("off_duty"));
    this.#age(item, unit);
  }

  #age(item, unit) {
    const old = this.desk.isStale(unit);
    item.firstChild.classList.toggle("stale", old);
    const parts = [unit.incident_id, unit.free_at && word("free_in", { time: this.desk.time(unit.free_at) }), old ? word("stale", { age: age(this.desk.board.since(unit.fix_time)) }) : null];
    setText(item.firstChild.lastChild, parts.filter(Boolean).join(" · "));
  }

  #moved(unitIds) {
    for (const unitId of unitIds) {
      const unit = this.desk.board.units.get(unitId);
      for (const { list } of this.groups.values()) {
        const known = list.rows.get(unitId);
        if (known) {
          known.record = unit;
          this.#age(known.row, unit);
        }
      }
    }
  }

  // --- the chosen unit ----------------------------------------------------------------------------------------------

  #card() {
    const unit = this.desk.board.units.get(this.desk.selectedUnit());
    this.card.hidden = !unit;
    if (!unit) {
      this.carded = null;
      return;
    }
    const fix = unit.fix_time ? word("stale", { age: age(this.desk.board.since(unit.fix_time)) }) : word("no_fix");
    const head = [kindWord(unit.kind), this.desk.agencyName(unit.agency), unit.on_duty ? wordOf("unit_statuses", unit.status) : word("off_duty"), fix].join(" · ");
    const look = JSON.stringify([unit.unit_id, unit.status, unit.version, head]);
    if (look === this.carded) return;
    this.carded = look;
    this.card.replaceChildren(
      el("div", { class: "unit-card-head" }, el("strong", {}, unit.unit_id),
        el("button", { type: "button", class: "key-close", "aria-label": word("close_panel"), on: { click: () => this.desk.selectUnit(null) } }, "×")),
      el("p", { class: "muted" }, head),
      unit.capabilities.length ? el("p", { class: "muted" }, unit.capabilities.join(", ")) : "",
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "quiet", id: "show-reach", on: { click: () => this.desk.showReach(unit.unit_id) } }, word("isochrone")),
        unit.incident_id ? el("button", { type: "button", class: "quiet", on: { click: () => this.desk.select(unit.incident_id) } }, unit.incident_id) : "",
        ...this.desk.statusButtons(unit)));
  }
}

/** Off duty counts as not ready, whatever the crew said last. */
function statusOf(unit) {
  return unit.on_duty || unit.incident_id ? unit.status : "out_of_service";
}
