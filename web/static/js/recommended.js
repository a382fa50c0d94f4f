// Who should go: the recommendation of an incident, with the reasons, and sending those who are ticked.

import { ask, newKey, send } from "./api.js";
import { el, icon, kindIcon } from "./dom.js";
import { sentence } from "./small_form.js";
import { recommendationMessage, whenTimesAreReady } from "./times_said.js";
import { age, clock, currentLanguage, kindWord, metres, number, word } from "./words.js";

const PARTS = ["waiting", "turnout", "reach_road", "driving", "last_metres"];
const CANDIDATES_SHOWN = 5;
/** Milliseconds after which an incident that was stepped to is looked at and not passed by. */
const LOOKED_AT_MS = 700;
/** Seconds for which a recommendation is used again where nothing changed. */
const FRESH_S = 30;

export class Recommended {
  /** @param {HTMLElement} host @param {object} desk @param {string} incidentId @param {{passing?: boolean}} [how] passing: stepped to, perhaps past */
  constructor(host, desk, incidentId, { passing = false } = {}) {
    this.askAt = Date.now() + (passing ? LOOKED_AT_MS : 0);
    this.host = host;
    this.desk = desk;
    this.incidentId = incidentId;
    this.made = null;
    this.ticked = new Set();
    this.more = new Set();
    this.asSent = null;
    // Nobody sends what he does not see.
    const seen = (act) => () => this.host.offsetParent && act();
    desk.onKey("r", seen(() => this.ask()), "key_recommend");
    desk.onKey("Enter", (event) => {
      if (event.target === document.body && this.timer) seen(() => this.#first())();
    }, "key_now");
    desk.onKey("a", seen(() => this.send()), "key_send");
    this.taken = ({ detail }) => this.#changed(detail);
    desk.board.addEventListener("change", this.taken);
  }

  /** A unit that was going to be sent was taken or went out of service meanwhile: who goes now? */
  #changed({ units }) {
    const isLost = ({ unit_id: unitId, is_free: wasFree }) => {
      const unit = this.desk.board.units.get(unitId);
      return wasFree && units.has(unitId) && !(unit && this.desk.start.assignable.includes(unit.status));
    };
    if (this.made && !this.sending && this.made.response.picks.some(isLost)) this.again();
  }

  stop() {
    this.stopped = true;
    this.#wait(null);
    this.desk.onKey("Enter", null);
    this.desk.onKey("r", null);
    this.desk.onKey("a", null);
    this.desk.board.removeEventListener("change", this.taken);
  }

  /**
   * The incident changed: first ask by itself where nobody was sent yet and something is known of the place.
   * @param {object} incident @param {object} [last] the newest recommendation that is kept @param {object[]} [story] its events
   */
  update(incident, last, story = []) {
    this.last = last;
    this.story = story;
    const before = this.incident;
    this.incident = incident;
    const isOpen = !["closed", "cancelled"].includes(incident.status);
    this.host.hidden = !isOpen;
    if (!isOpen) return;
    const moved = before && (before.category !== incident.category || before.severity !== incident.severity
      || before.alarm_level !== incident.alarm_level || JSON.stringify(before.location) !== JSON.stringify(incident.location));
    const waits = ["received", "located", "reopened"].includes(incident.status) && incident.location.kind !== "unknown";
    if (!before && waits) {
      this.#wait(Math.max(0, this.askAt - Date.now()));
      this.#render();
    } else if (moved && this.made) this.ask();
    else if (!this.made) this.#render();
  }

  #wait(after) {
    clearTimeout(this.timer);
    this.timer = after === null ? null : setTimeout(() => this.#first(), after);
  }

  /** What was worked out a moment ago is as good as new while nothing changed; every other answer is asked for, and kept. */
  #first() {
    this.#wait(null);
    if (this.stopped || this.made || this.asking) return null;
    return this.ask({ again: this.#isFresh() ? this.last.recommendation_id : null });
  }

  #isFresh() {
    const { board, roadsChangedAt } = this.desk;
    if (!this.last || board.since(this.last.made_at) > FRESH_S) return false;
    const made = Date.parse(this.last.made_at);
    const isLater = (text) => Boolean(text) && Date.parse(text) > made;
    return roadsChangedAt < made && !this.story.some((event) => !event.type.startsWith("recommendation.") && isLater(event.server_time))
      && ![...board.units.values()].some((unit) => isLater(unit.status_at));
  }

  /** Ask again, where it was asked: other roads are open than before. */
  again() {
    if (this.made) this.ask({ quiet: true });
  }

  /** again: a recommendation that is kept, to be shown in place of a new one. */
  async ask({ quiet = false, again = null } = {}) {
    this.#wait(null);
    if (this.asking) {
      this.repeat = true;
      return;
    }
    this.asking = true;
    if (!quiet) this.#render();
    try {
      const id = again ?? (await send("POST", `incidents/${encodeURIComponent(this.incidentId)}/recommendations`)).recommendation_id;
      const { details } = await ask(`recommendations/${encodeURIComponent(id)}/text`, { lang: currentLanguage() });
      if (this.stopped) return;
      this.made = { id, ...details };
      whenTimesAreReady(details.times, () => this.stopped || this.sending || this.made?.id !== id, () => this.again());
      this.error = null;
      this.ticked = new Set(details.response.picks.filter((pick) => pick.is_free).map((pick) => pick.unit_id));
      this.desk.says(details.message);
    } catch (error) {
      this.error = error.lost ? word("lost") : error.message || word("failed");
      if (!error.lost && !error.status) throw error;
    } finally {
      this.asking = false;
      if (!this.stopped) this.#render();
      if (this.repeat) {
        this.repeat = false;
        if (!this.stopped) this.ask({ quiet: true });
      }
    }
  }

  /** Give the ticked units to the incident. */
  async send() {
    if (!this.made || !this.ticked.size || this.sending) return;
    this.sending = true;
    this.#render();
    const reason = this.host.querySelector("[name=override]")?.value.trim();
    const body = { unit_ids: [...this.ticked], recommendation_id: this.made.id, ...(reason ? { override_reason: reason } : {}) };
    // Sent again as it was, because its answer was lost, it is done once; with anything changed it is another request.
    const asSent = JSON.stringify(body);
    if (asSent !== this.asSent) Object.assign(this, { asSent, key: newKey() });
    try {
      await send("POST", `incidents/${encodeURIComponent(this.incidentId)}/assignments`, body, { key: this.key });
      this.desk.says(word("sent", { units: [...this.ticked].join(", ") }));
      this.made = null;
      this.error = null;
      await this.desk.refresh();
    } catch (error) {
      this.desk.toast(sentence(error), { alarm: true });
      // Refused, as when another desk was quicker: what was refused is kept under its key, so the next try is another.
      if (!error.lost) {
        this.asSent = null;
        this.ask({ quiet: true });
      }
    } finally {
      this.sending = false;
      if (!this.stopped) this.#render();
    }
  }

  #render() {
    const { made } = this;
    const open = this.host.querySelector(".excluded")?.open;
    const typed = this.host.querySelector("[name=override]")?.value ?? "";
    const had = document.activeElement?.closest?.(".part-recommended") ? document.activeElement.dataset.focus : null;
    this.host.replaceChildren(...[
      el("div", { class: "part-title" },
        el("h3", {}, word("recommended"), made ? el("span", { class: "muted" }, " " + this.desk.time(made.made_at, { seconds: true })) : ""),
        el("button", { type: "button", class: "quiet", id: "recommend", "data-focus": "ask", disabled: this.asking, on: { click: () => this.ask() } }, word(made ? "recommend_again" : "recommend"), " ", el("kbd", {}, "R"))),
      this.error ? el("p", { class: "alarm", role: "alert" }, icon("warn"), el("span", {}, this.error)) : "",
      this.asking && !made ? el("p", { class: "note" }, word("loading")) : "",
      ...(made ? this.#answer(made, open, typed) : []),
    ].filter(Boolean));
    if (had) this.host.querySelector(`[data-focus="${CSS.escape(had)}"]`)?.focus();
  }

  #answer(made, open, typed) {
    const picks = new Set(made.response.picks.map((pick) => pick.unit_id));
    const differs = [...this.ticked].some((unitId) => !picks.has(unitId)) || [...picks].some((unitId) => !this.ticked.has(unitId));
    return [
      recommendationMessage(made),
      made.shortfalls.length ? el("div", { class: "alarm" }, icon("warn"), el("ul", { class: "plain" }, made.shortfalls.map((one) => el("li", {}, one.message)))) : "",
      ...made.answers.map((answer, n) => this.#requirement(answer, n)),
      made.answers.some((answer) => answer.candidates.length) ? el("div", { class: "send-bar" },
        differs && this.ticked.size ? el("input", { name: "override", "data-focus": "override", maxlength: 200, autocomplete: "off", value: typed, placeholder: word("override_why"), "aria-label": word("override_why") }) : "",
        el("button", { type: "button", class: "primary calm send-units", id: "assign", "data-focus": "assign", disabled: !this.ticked.size || this.sending, on: { click: () => this.send() } },
          word("send_units", { units: [...this.ticked].join(", ") || "–" }), " ", el("kbd", {}, "A"))) : "",
      this.#excluded(made, open),
    ];
  }

  #requirement(answer, n) {
    const { candidates } = answer;
    const shown = this.more.has(n) ? candidates : candidates.filter((one, i) => i < CANDIDATES_SHOWN || this.ticked.has(one.unit_id));
    return el("section", { class: "requirement" },
      el("h4", {}, answer.requirement.name),
      answer.message ? el("p", { class: "note" }, answer.message) : "",
      candidates.length ? el("ol", { class: "plain candidates" }, shown.map((one) => this.#candidate(one))) : el("p", { class: "note" }, word("no_units")),
      shown.length < candidates.length ? el("button", { type: "button", class: "more", on: { click: () => {
        this.more.add(n);
        this.#render();
        const first = candidates.find((one) => !shown.includes(one));
        this.host.querySelector(`[data-focus="${CSS.escape("unit " + first.unit_id)}"]`)?.focus();
      } } }, word("further", { n: number(candidates.length - shown.length) })) : "",
      answer.worth_asking.length ? el("p", { class: "warning" }, icon("warn"), el("span", {}, word("worth_asking", { units: answer.worth_asking.join(", ") }))) : "");
  }

  #candidate(one) {
    const range = one.eta_range_s;
    const parts = one.eta_parts ? PARTS.filter((part) => (one.eta_parts[part + "_s"] ?? 0) >= 0.5).map((part) =>
      el("span", { class: "part part-" + part }, word("part_" + part) + " " + clock(one.eta_parts[part + "_s"]))) : [];
    const facts = [
      word("straight", { n: one.straight_rank, m: metres(one.straight_m) }),
      one.fix_age_s === null || one.fix_age_s === undefined ? word("fix_unknown") : word("fix_age", { age: age(one.fix_age_s) }),
      one.availability === "ready" ? "" : one.availability_text,
    ].filter(Boolean);
    const box = el("input", { type: "checkbox", value: one.unit_id, "data-focus": "unit " + one.unit_id, checked: this.ticked.has(one.unit_id), on: { change: () => {
      if (!this.ticked.delete(one.unit_id)) this.ticked.add(one.unit_id);
      this.#render();
    } } });
    box.checked = this.ticked.has(one.unit_id);
    return el("li", {}, el("label", { class: `candidate kind-${kindIcon(one.kind)}` + (this.ticked.has(one.unit_id) ? " ticked" : ""), "data-unit": one.unit_id },
      box,
      el("span", { class: "candidate-who" }, el("span", { class: "candidate-rank" }, String(one.rank)), el("span", { class: "unit-id" }, one.unit_id), el("span", { class: "muted" }, kindWord(one.kind))),
      el("span", { class: "candidate-eta" }, clock(one.expected_s), range ? el("span", { class: "muted eta-range" }, ` ${clock(range.min)}–${clock(range.max)}`) : ""),
      el("span", { class: "parts muted" }, parts),
      el("span", { class: "facts muted" }, facts.map((fact, i) => el("span", { class: i === 0 && one.straight_rank !== one.rank ? "differs" : "" }, fact))),
      one.cover?.message ? el("span", { class: "cover muted" }, one.cover.message) : ""));
  }

  #excluded(made, open) {
    const all = made.answers.flatMap((answer) => answer.excluded);
    if (!all.length) return "";
    return el("details", { class: "excluded", open }, el("summary", {}, word("excluded", { n: all.length })),
      el("ul", { class: "plain" }, all.map((unit) => el("li", {}, el("strong", {}, unit.unit_id), el("span", { class: "muted" }, kindWord(unit.kind)), el("span", { class: "why" }, unit.reason || unit.why)))));
  }
}

