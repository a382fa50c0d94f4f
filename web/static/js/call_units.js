// Who goes to the incident of a call: ranked with the parts of the time, chosen by digits, sent by Enter.

import { ask, send } from "./api.js";
import { el, icon, kindIcon } from "./dom.js";
import { recommendationMessage } from "./times_said.js";
import { age, clock, currentLanguage, kindWord, metres, number, percent, word } from "./words.js";

const PARTS = ["waiting", "turnout", "reach_road", "driving", "last_metres"];
const KEYS = 9;
const BESIDES = 2;

export class CallUnits {
  /** @param {{desk: object, onChange: () => void}} how */
  constructor({ desk, onChange }) {
    this.desk = desk;
    this.onChange = onChange;
    this.forget();
  }

  forget() {
    this.made = null;
    this.chosen = new Set();
    this.turn = {};
    this.isRanking = false;
    /** Somebody pressed Enter before the units stood there. */
    this.isAwaited = false;
    this.showsAll = false;
    /** Since when the units stand there, by the clock of the page. */
    this.shownAt = 0;
  }

  /** Rank anew. Only the last of several questions is answered. */
  async rank(incidentId) {
    const turn = (this.turn = {});
    this.isRanking = true;
    this.isAwaited = false;
    this.onChange();
    try {
      const { recommendation_id: id } = await send("POST", `incidents/${encodeURIComponent(incidentId)}/recommendations`);
      const { details } = await ask(`recommendations/${encodeURIComponent(id)}/text`, { lang: currentLanguage() });
      if (turn !== this.turn) return false;
      this.made = { id, ...details };
      this.chosen = new Set(this.recommended());
      return true;
    } finally {
      if (turn === this.turn) {
        this.isRanking = false;
        this.onChange();
        this.shownAt = performance.now();
      }
    }
  }

  /** Units of the response that can be given the incident now. */
  recommended() {
    return (this.made?.response.picks ?? []).filter((pick) => pick.is_free).map((pick) => pick.unit_id);
  }

  /** Whether others are chosen than recommended: that has a reason. */
  get differs() {
    const wanted = this.recommended();
    return wanted.length !== this.chosen.size || wanted.some((unitId) => !this.chosen.has(unitId));
  }

  /** Choose the unit of a digit, or let it be. Whether there is one. */
  toggle(unitId) {
    if (!unitId) return false;
    if (!this.chosen.delete(unitId)) this.chosen.add(unitId);
    this.onChange();
    return true;
  }

  unitOfKey(digit) {
    return this.numbered()[digit - 1];
  }

  /** Units by their keys: of every requirement those that are sent and the next best. */
  numbered() {
    return this.#groups().flatMap(({ rows }) => rows.map((row) => row.unit_id)).slice(0, KEYS);
  }

  /** The keyboard goes on at the first of those that came. */
  #showAll() {
    const before = new Set(this.#groups().flatMap(({ rows }) => rows.map((one) => one.unit_id)));
    this.showsAll = true;
    this.onChange();
    const first = this.#groups().flatMap(({ rows }) => rows).find((one) => !before.has(one.unit_id));
    if (first) document.querySelector(`.call-unit[data-unit="${CSS.escape(first.unit_id)}"]`)?.focus();
  }

  #groups() {
    const seen = new Set();
    return (this.made?.answers ?? []).map((answer) => {
      let besides = 0;
      const fresh = answer.candidates.filter((one) => !seen.has(one.unit_id));
      const rows = fresh.filter((one) => this.showsAll || this.chosen.has(one.unit_id) || one.chosen_for !== null || besides++ < BESIDES);
      for (const one of rows) seen.add(one.unit_id);
      return { answer, rows, hidden: fresh.length - rows.length };
    });
  }

  /** The part of the form. */
  parts() {
    const { made } = this;
    const patience = this.isAwaited ? el("p", { class: "warning call-patience", role: "status" }, icon("warn"), el("span", {}, word("call_patience"))) : "";
    if (!made) return [el("p", { class: "note" }, word(this.isRanking ? "call_ranking" : "call_not_ranked")), patience].filter(Boolean);
    const keys = this.numbered();
    const groups = this.#groups();
    const longest = Math.max(1, ...groups.flatMap(({ rows }) => rows.map((one) => one.eta_range_s?.max ?? one.expected_s)));
    const hidden = groups.reduce((sum, group) => sum + group.hidden, 0);
    const excluded = made.answers.flatMap((answer) => answer.excluded);
    return [
      recommendationMessage(made),
      patience,
      made.shortfalls.length ? el("div", { class: "alarm", id: "call-shortfalls" }, icon("warn"),
        el("ul", { class: "plain" }, made.shortfalls.map((one) => el("li", {}, one.message)))) : "",
      ...groups.map(({ answer, rows }) => el("section", { class: "requirement" },
        el("h4", {}, answer.requirement.name),
        answer.message ? el("p", { class: "note" }, answer.message) : "",
        rows.length ? el("ol", { class: "plain candidates" }, rows.map((one) => this.#row(one, keys.indexOf(one.unit_id) + 1, longest))) : "",
        answer.worth_asking.length ? el("p", { class: "warning" }, icon("warn"), el("span", {}, word("worth_asking", { units: answer.worth_asking.join(", ") }))) : "")),
      hidden ? el("button", { type: "button", class: "more", id: "call-all", on: { click: () => this.#showAll() } }, word("call_all", { n: number(hidden) })) : "",
      excluded.length ? el("details", { class: "excluded" }, el("summary", {}, word("call_excluded", { n: number(excluded.length) })),
        el("ul", { class: "plain" }, excluded.map((one) => el("li", {}, el("strong", {}, one.unit_id), el("span", { class: "why" }, one.reason || one.why))))) : "",
    ].filter(Boolean);
  }

  #row(one, key, longest) {
    const range = one.eta_range_s;
    const isChosen = this.chosen.has(one.unit_id);
    const facts = [
      el("span", { class: one.straight_rank !== one.rank ? "differs" : "" }, word("straight", { n: one.straight_rank, m: metres(one.straight_m) })),
      el("span", {}, one.fix_age_s === null ? word("fix_unknown") : word("fix_age", { age: age(one.fix_age_s) })),
      one.availability === "ready" ? "" : el("span", { class: "differs" }, one.availability_text),
      one.first_share ? el("span", {}, word("first_share", { share: percent(one.first_share) })) : "",
    ];
    return el("li", {}, el("button", {
      type: "button", class: `candidate call-unit kind-${kindIcon(one.kind)}` + (isChosen ? " ticked" : ""), "data-unit": one.unit_id,
      "aria-pressed": String(isChosen), on: { click: () => this.toggle(one.unit_id) },
    },
    el("kbd", { class: "unit-key" }, key ? String(key) : "·"),
    el("span", { class: "candidate-who" }, el("span", { class: "candidate-rank", title: word("call_rank", { n: one.rank }) }, String(one.rank)), el("span", { class: "unit-id" }, one.unit_id),
      el("span", { class: "muted" }, kindWord(one.kind))),
    el("span", { class: "candidate-eta" }, clock(one.expected_s), range ? el("span", { class: "muted eta-range" }, ` ${clock(range.min)}–${clock(range.max)}`) : ""),
    bar(one, longest),
    el("span", { class: "parts muted" }, range ? word("range_detail", { mean: clock(one.eta_s), median: clock(range.median), p90: clock(range.p90) }) : partsOf(one).map((part) =>
      el("span", { class: "part part-" + part }, word("part_" + part) + " " + clock(one.eta_parts[part + "_s"])))),
    el("span", { class: "facts muted" }, facts),
    one.cover?.message ? el("span", { class: "cover muted", title: one.cover.message }, one.cover.message) : "",
    one.reason ? el("span", { class: "reason", title: one.reason }, one.reason) : ""));
  }
}

const partsOf = (one) => PARTS.filter((part) => (one.eta_parts?.[part + "_s"] ?? 0) >= 0.5);

function bar(one, longest) {
  const share = (seconds) => Math.min(100, (100 * seconds) / longest) + "%";
  const range = one.eta_range_s;
  if (range) {
    return el("span", { class: "eta-bar bar-range", "aria-hidden": "true" },
      el("span", { class: "bar-span", style: { left: share(range.min), width: share(range.max - range.min) } }),
      el("span", { class: "bar-median", style: { left: share(range.median) } }));
  }
  return el("span", { class: "eta-bar", "aria-hidden": "true" },
    partsOf(one).map((part) => el("span", { class: "bar-" + part, style: { width: share(one.eta_parts[part + "_s"]) } })));
}
