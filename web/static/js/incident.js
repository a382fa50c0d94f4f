// The chosen incident: what it is, who is there, who should go, what callers said, what happened.

import { ask, newKey, send } from "./api.js";
import { el, icon } from "./dom.js";
import { IncidentTexts } from "./incident_texts.js";
import { setText } from "./keyed_list.js";
import { placeText } from "./queue.js";
import { Recommended } from "./recommended.js";
import { field, sentence, smallForm } from "./small_form.js";
import { storyLine } from "./story.js";
import { age, clock, currentLanguage, metres, word, wordOf } from "./words.js";

const MILESTONES = ["dispatched", "en_route", "on_scene", "transporting", "at_hospital", "cleared"];
const NEXT = ["en_route", "on_scene", "transporting", "at_hospital", "returning", "available", "out_of_service"];
const STORY_SHOWN = 12;
const MOST_TEXT = 5000; // as dispatch/commands.py has them
const MOST_REASON = 200;

export class IncidentPanel {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    this.id = null;
    this.found = null;
    desk.board.addEventListener("log", ({ detail }) => {
      if (this.id && detail.incident_id === this.id) this.reload();
    });
    desk.board.addEventListener("change", ({ detail }) => {
      if (this.id && (detail.whole || this.found?.assignments.some((one) => detail.units.has(one.unit_id)))) this.reload();
    });
    desk.board.addEventListener("eta", ({ detail }) => this.#eta(detail));
    setInterval(() => this.#tick(), 1000);
  }

  translate() {
    if (this.id) this.show(this.id);
    else this.#empty();
  }

  /** Show an incident; null for none. passing: somebody steps through the queue, and may step on. */
  show(incidentId, { passing = false } = {}) {
    this.id = incidentId;
    this.found = null;
    this.etas = new Map();
    this.recommended?.stop();
    this.recommended = null;
    if (!incidentId) {
      this.#empty();
      return;
    }
    const part = (name) => (this.parts[name] = el("section", { class: "incident-part part-" + name }));
    this.parts = {};
    this.host.replaceChildren(...["head", "actions", "units", "recommended", "calls", "notes", "story"].map(part));
    this.parts.head.append(el("p", { class: "note" }, word("loading")));
    if (this.desk.may("assign")) this.recommended = new Recommended(this.parts.recommended, this.desk, incidentId, { passing });
    this.said = new IncidentTexts(this.parts, this.desk, incidentId, () => this.reload());
    this.told = null;
    this.reload();
  }

  #empty() {
    this.host.replaceChildren(el("p", { class: "note empty" }, word("selected_none")));
  }

  /** Read it again; requests that come together become one. */
  async reload() {
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    const { id } = this;
    try {
      const [found, story, texts] = await Promise.all([
        ask("incidents/" + encodeURIComponent(id), {}, undefined, { background: true }),
        ask(`incidents/${encodeURIComponent(id)}/story`, {}, undefined, { background: true }),
        this.desk.may("personal:read") ? ask(`incidents/${encodeURIComponent(id)}/texts`, {}, undefined, { background: true }) : { texts: [] },
      ]);
      if (id === this.id) {
        Object.assign(this, { found, story: story.events });
        this.said.take(found.calls, texts.texts, story.events);
        this.#render();
      }
    } catch (error) {
      if (id === this.id && !this.found) this.parts.head.replaceChildren(el("p", { class: "warning", role: "alert" }, error.lost ? word("lost") : error.message));
      if (!error.lost && !error.status) throw error;
    } finally {
      this.reading = false;
      if (this.again || id !== this.id) {
        this.again = false;
        if (this.id) this.reload();
      }
    }
  }

  /** Ask again who should go, where that was asked and nobody was sent yet. */
  rerank() {
    this.recommended?.again();
  }

  #render() {
    const focused = focusMark(this.host);
    this.#head();
    this.#actions();
    this.#units();
    this.recommended?.update(this.found.incident, this.found.recommendations.at(-1), this.story);
    if (!this.recommended) this.#lastRecommendation();
    this.said.render();
    this.#story();
    this.#tick();
    if (focused) this.host.querySelector(focused)?.focus();
  }

  // --- what it is ---------------------------------------------------------------------------------------------------

  #head() {
    const { incident } = this.found;
    const shown = this.desk.board.incidents.get(this.id);
    this.parts.head.className = `incident-part part-head severity-${incident.severity}`;
    this.parts.head.replaceChildren(
      el("div", { class: "incident-title" },
        icon(this.desk.categoryIcon(incident.category), "category-icon"),
        el("h2", {}, this.desk.categoryName(incident.category)),
        el("span", { class: "incident-id" }, incident.incident_id),
        el("button", { type: "button", class: "key-close", "aria-label": word("close_panel"), on: { click: () => this.desk.select(null) } }, "×")),
      el("p", { class: "tags" },
        el("span", { class: "tag severity-tag" }, wordOf("severities", incident.severity)),
        el("span", { class: "tag" }, wordOf("incident_statuses", incident.status)),
        incident.alarm_level > 1 ? el("span", { class: "tag" }, word("alarm_level", { n: incident.alarm_level })) : "",
        incident.exercise ? el("span", { class: "tag tag-exercise" }, word("exercise")) : "",
        incident.disposition ? el("span", { class: "tag" }, this.#disposition(incident.disposition)) : "",
        incident.handed_to ? el("span", { class: "tag" }, word("handed_to", { name: incident.handed_to })) : ""),
      el("p", { class: "where" }, shown ? placeText(shown) : incident.location.label || incident.location.village_code || word("place_unknown"),
        incident.location.radius_m > 5 && incident.location.location ? el("span", { class: "muted" }, " · " + word("radius", { m: metres(incident.location.radius_m) })) : ""),
      el("p", { class: "muted" }, word("received_at", { time: this.desk.time(incident.received_at, { seconds: true }) }), " · ", el("span", { class: "incident-age" })),
      el("ul", { class: "plain timers" }, this.found.timers.map((one) =>
        el("li", { "data-due": one.due_at, "data-what": wordOf("timers", one.kind) + (one.unit_id ? " " + one.unit_id : "") }))));
  }

  #disposition(id) {
    return this.desk.directory.dispositions.find((one) => one.disposition_id === id)?.name[currentLanguage()] ?? id;
  }

  #tick() {
    if (!this.found) return;
    const { board } = this.desk;
    const old = this.parts.head.querySelector(".incident-age");
    if (old) setText(old, age(board.since(this.found.incident.received_at)));
    for (const line of this.parts.head.querySelectorAll(".timers li")) {
      const left = (Date.parse(line.dataset.due) - board.now()) / 1000;
      setText(line, word(left < 0 ? "due_over" : "due_in", { what: line.dataset.what, time: clock(Math.abs(left)) }));
      line.classList.toggle("overdue", left < 0);
    }
  }

  // --- what can be done ---------------------------------------------------------------------------------------------

  #actions() {
    const { incident, assignments } = this.found;
    const moves = this.desk.start.incident_moves[incident.status] ?? [];
    const writes = this.desk.may("incident:write");
    const isOpen = !["closed", "cancelled"].includes(incident.status);
    const button = (key, label, act) => el("button", { type: "button", class: "quiet", "data-act": key, on: { click: act } }, label);
    const bound = assignments.some((one) => one.ended_at === null);
    const wanted = writes ? [
      isOpen ? button("alarm", word("raise_alarm", { n: incident.alarm_level + 1 }), () => this.#do("POST", "alarm", {})) : "",
      moves.includes("under_control") ? button("under_control", wordOf("incident_statuses", "under_control"), () => this.#do("POST", "status", { status: "under_control" })) : "",
      incident.status === "under_control" ? button("on_scene", word("again_on_scene"), () => this.#do("POST", "status", { status: "on_scene" })) : "",
      moves.includes("reopened") ? button("reopened", word("reopen_incident"), () => this.#do("POST", "status", { status: "reopened" })) : "",
      moves.includes("closed") ? button("close", word("close_incident"), () => this.#closeForm(bound)) : "",
      moves.includes("cancelled") ? button("cancel", word("cancel_incident"), () => this.#cancelForm()) : "",
    ].filter(Boolean) : [];
    const sheet = el("a", { class: "quiet sheet-link", "data-act": "sheet", href: `/incidents/${encodeURIComponent(incident.incident_id)}/sheet?lang=${currentLanguage()}`, target: "_blank", rel: "noopener" }, word("sheet"));
    const bar = el("div", { class: "buttons" }, wanted, sheet);
    if (this.parts.actions.firstElementChild?.matches(".buttons")) this.parts.actions.firstElementChild.replaceWith(bar);
    else this.parts.actions.prepend(bar);
  }

  /** A small form below the buttons; one at a time. Left undone, it gives the keyboard back to the button that opened it. */
  #form(id, fields, label, act, { danger = false } = {}) {
    this.parts.actions.querySelector("form")?.remove();
    const opener = focusMark(this.host);
    const form = smallForm({ id, fields, label, act, danger, back: () => opener && this.host.querySelector(opener)?.focus() });
    this.parts.actions.append(form);
    form.querySelector("select, input, textarea")?.focus();
    form.scrollIntoView({ block: "nearest" });
  }

  #closeForm(bound) {
    const { dispositions } = this.desk.directory;
    this.#form("close-form", [
      field(word("disposition"), el("select", { name: "disposition" },
        el("option", { value: "" }, word("choose_one")), dispositions.map((one) => el("option", { value: one.disposition_id }, one.name[currentLanguage()] ?? one.disposition_id))),
      { missing: word("disposition_missing") }),
      field(word("note"), el("input", { name: "note", autocomplete: "off" }), { most: MOST_TEXT }),
      bound ? el("label", { class: "check" }, el("input", { type: "checkbox", name: "release_units" }), " ", word("release_units")) : "",
    ], word("close_incident_now"), async (given) => {
      await this.#send("POST", "close", {
        disposition: given.get("disposition"), ...(given.get("note").trim() ? { note: given.get("note").trim() } : {}), release_units: given.has("release_units"),
      });
      this.#ended("closed_now");
    });
  }

  #cancelForm() {
    this.#form("cancel-form", [
      field(word("reason"), el("input", { name: "reason", autocomplete: "off" }), { missing: word("reason_missing"), most: MOST_TEXT }),
    ], word("cancel_incident_now"), async (given) => {
      await this.#send("POST", "cancel", { reason: given.get("reason").trim() });
      this.#ended("cancelled_now");
    }, { danger: true });
  }

  /** What is done with makes room for the next; on its tab it stays to be looked at, printed or opened again. */
  #ended(said) {
    this.desk.toast(word(said, { incident: this.id }));
    this.desk.toQueue();
  }

  async #send(method, path, body) {
    const { version } = this.found.incident;
    const answer = await send(method, `incidents/${encodeURIComponent(this.id)}/${path}`, body, { key: newKey(), version });
    this.desk.refresh();
    await this.reload();
    return answer;
  }

  async #do(method, path, body) {
    try {
      await this.#send(method, path, body);
    } catch (error) {
      this.desk.toast(sentence(error), { alarm: true });
      this.reload();
    }
  }

  // --- units --------------------------------------------------------------------------------------------------------

  #units() {
    // Somebody is choosing a hospital: the list under his hand stays as it is until he has.
    if (this.parts.units.querySelector("select.hospital")) return;
    const { assignments } = this.found;
    const active = assignments.filter((one) => one.ended_at === null);
    const ended = assignments.filter((one) => one.ended_at !== null);
    const open = this.parts.units.querySelector("details")?.open;
    this.parts.units.hidden = assignments.length === 0;
    this.parts.units.replaceChildren(
      el("h3", {}, word("units_sent", { n: active.length })),
      el("ul", { class: "plain assignments" }, active.map((one) => this.#assignment(one))),
      ended.length ? el("details", { class: "ended", open }, el("summary", {}, word("units_ended", { n: ended.length })),
        el("ul", { class: "plain assignments" }, ended.map((one) => this.#assignment(one)))) : "");
  }

  #assignment(one) {
    const unit = this.desk.board.units.get(one.unit_id);
    const isActive = one.ended_at === null;
    const eta = this.etas.get(one.unit_id);
    return el("li", { class: "assignment", "data-unit": one.unit_id },
      el("div", { class: "assignment-head" },
        el("button", { type: "button", class: "unit-chip", on: { click: () => this.desk.selectUnit(one.unit_id) } }, one.unit_id),
        el("span", { class: "tag status-tag status-" + (unit?.status ?? "") }, isActive && unit ? wordOf("unit_statuses", unit.status) : wordOf("assignment_ends", one.end ?? "completed")),
        one.hospital && isActive ? el("span", { class: "muted" }, this.#hospital(one.hospital)) : "",
        el("span", { class: "assignment-eta" }, isActive && eta ? word("eta_left", { time: clock(eta) }) : "")),
      el("ol", { class: "milestones" }, MILESTONES.filter((step) => isActive || one.milestones[step]).map((step) => {
        const moment = one.milestones[step];
        const time = moment && (moment.corrected_time ?? moment.device_time ?? moment.server_time);
        return el("li", { class: time ? "reached" : "" }, el("span", { class: "milestone-name" }, wordOf("milestones", step)), el("time", { datetime: time }, time ? this.desk.time(time, { seconds: true }) : "–"));
      })),
      one.override_reason ? el("p", { class: "muted" }, word("override", { reason: one.override_reason })) : "",
      isActive && unit ? el("div", { class: "buttons" }, ...this.statusButtons(unit), this.#recall(unit)) : "");
  }

  #hospital(id) {
    return this.desk.directory.hospitals.find((one) => one.hospital_id === id)?.name ?? id;
  }

  /** Buttons for what may follow a unit's status, for who may report it. */
  statusButtons(unit) {
    if (!this.desk.may("status:write")) return [];
    // A dispatch needs an incident: it is given by assigning.
    const after = this.desk.start.unit_moves[unit.status] ?? [];
    const moves = NEXT.filter((status) => after.includes(status));
    return moves.map((status) => el("button", { type: "button", class: `quiet status-button status-${status}`, "data-status": status, on: { click: (event) => this.#report(unit, status, event.currentTarget) } },
      wordOf("unit_statuses", status)));
  }

  async #report(unit, status, button, hospital) {
    if (status === "transporting" && hospital === undefined && this.desk.directory.hospitals.length) {
      this.#hospitalForm(unit, button);
      return;
    }
    button.disabled = true;
    try {
      await send("POST", `units/${encodeURIComponent(unit.unit_id)}/status`, { status, ...(hospital ? { hospital } : {}) }, { key: newKey() });
      await this.desk.refresh();
    } catch (error) {
      this.desk.toast(sentence(error), { alarm: true });
      button.disabled = false;
    }
  }

  #hospitalForm(unit, button) {
    const { hospitals } = this.desk.directory;
    const back = () => choose.replaceWith(button);
    const choose = el("select", { class: "hospital", "aria-label": word("hospital"), on: {
      change: () => {
        back();
        this.#report(unit, "transporting", button, choose.value === "-" ? "" : choose.value);
      },
      blur: () => setTimeout(() => {
        if (!choose.isConnected) return;
        back();
        this.#units();
      }, 200),
    } },
      el("option", { value: "" }, word("hospital")), hospitals.map((one) => el("option", { value: one.hospital_id }, one.name)), el("option", { value: "-" }, word("hospital_unknown")));
    button.replaceWith(choose);
    choose.focus();
  }

  #recall(unit) {
    if (!this.desk.may("assign")) return "";
    return el("button", { type: "button", class: "quiet", "data-act": "recall", on: { click: () => this.#form("recall-form", [
      field(word("recall_why", { unit: unit.unit_id }), el("input", { name: "reason", autocomplete: "off" }), { missing: word("reason_missing"), most: MOST_REASON }),
    ], word("recall"), async (given) => {
      await send("POST", `units/${encodeURIComponent(unit.unit_id)}/recall`, { reason: given.get("reason").trim() }, { key: newKey() });
      await this.desk.refresh();
    }) } }, word("recall"));
  }

  #eta({ unit, seconds }) {
    if (!this.etas) return;
    this.etas.set(unit, seconds);
    const shown = this.parts?.units.querySelector(`[data-unit="${CSS.escape(unit)}"] .assignment-eta`);
    if (shown) setText(shown, word("eta_left", { time: clock(seconds) }));
  }

  async #lastRecommendation() {
    const last = this.found.recommendations.at(-1);
    if (!last || last.recommendation_id === this.told) return;
    this.told = last.recommendation_id;
    const { id } = this;
    try {
      const { text } = await ask(`recommendations/${encodeURIComponent(last.recommendation_id)}/text`, { lang: currentLanguage() }, undefined, { background: true });
      if (id === this.id) this.parts.recommended.replaceChildren(el("h3", {}, word("recommended")), el("p", {}, text));
    } catch {
      this.told = null;
    }
  }

  // --- what happened -----------------------------------------------------------------------------------------------

  #story() {
    const open = this.parts.story.querySelector("details")?.open ?? false;
    const lines = [...this.story].reverse();
    const row = (event) => el("li", {}, el("time", { datetime: event.server_time }, this.desk.time(event.server_time, { seconds: true })),
      el("span", {}, storyLine(event, this.desk)), el("span", { class: "muted" }, event.actor));
    this.parts.story.replaceChildren(
      el("h3", {}, word("story")),
      el("ol", { class: "plain story" }, lines.slice(0, STORY_SHOWN).map(row)),
      lines.length > STORY_SHOWN ? el("details", { open }, el("summary", {}, word("story_more", { n: lines.length - STORY_SHOWN })), el("ol", { class: "plain story" }, lines.slice(STORY_SHOWN).map(row))) : "");
  }
}

/** How to find the button again that has the keyboard, when the parts were written anew; null where none has. */
function focusMark(host) {
  const { activeElement: node } = document;
  if (!host.contains(node)) return null;
  const name = ["data-status", "data-act", "id"].find((one) => node.hasAttribute(one));
  if (!name) return null;
  const unit = node.closest("[data-unit]")?.dataset.unit;
  return `${unit ? `[data-unit="${CSS.escape(unit)}"] ` : ""}[${name}="${CSS.escape(node.getAttribute(name))}"]`;
}
