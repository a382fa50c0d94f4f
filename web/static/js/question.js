// The question "who is nearest to here": one location in the address, one answer on the screen.

import { UNITS_SHOWN, answerParts, choiceList, routeParts, welcome } from "./answer.js";
import { ask } from "./api.js";
import { LocationBox } from "./combobox.js";
import { byId, el, icon, kindIcon } from "./dom.js";
import { whenTimesAreReady } from "./times_said.js";
import { clock, currentLanguage, kindWord, word } from "./words.js";

const KEYS = ["at", "q", "kind", "unit"];

export class Question {
  /**
   * @param {DeskMap} map
   * @param {object} start as in the page
   * @param {{remember: (how: {push: boolean}) => void, title: (text: string) => void, says: (text: string) => void,
   *   onConnection: (lost: boolean) => void, onAsked?: () => void, keepsView?: boolean}} page keepsView: the map has more to show
   */
  constructor(map, start, page) {
    this.map = map;
    this.start = start;
    this.page = page;
    /** What the address says: location, text shown for it, kind of unit, unit chosen. The answer follows from it. */
    this.state = { at: "", shown: "", kind: "", unit: "" };
    this.answer = null;
    this.box = new LocationBox({
      onText: (text) => this.go({ at: text, shown: text }),
      onCandidate: (candidate) => this.choose(candidate),
      onClear: () => this.go({ at: "", shown: "" }),
      onLost: page.onConnection,
      says: page.says,
    });
  }

  get isAsked() {
    return this.state.at !== "";
  }

  askPoint(lat, lon) {
    const text = `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
    this.box.text = text;
    this.go({ at: text.replace(/\s/g, ""), shown: text });
  }

  choose(candidate) {
    this.box.text = candidate.name;
    this.go({ at: addressOf(candidate), shown: candidate.name });
  }

  clear() {
    this.box.text = "";
    return this.go({ at: "", shown: "" });
  }

  /** Ask a new question: remember it in the address, then answer it. */
  go(change) {
    Object.assign(this.state, { unit: "" }, change);
    if (this.isAsked) this.page.onAsked?.();
    this.page.remember({ push: true });
    return this.refresh({ fit: true });
  }

  writeAddress(given) {
    const { at, shown, kind, unit } = this.state;
    for (const key of KEYS) given.delete(key);
    if (at) given.set("at", at);
    if (at && shown && shown !== at) given.set("q", shown);
    if (kind) given.set("kind", kind);
    if (unit) given.set("unit", unit);
  }

  readAddress(given) {
    this.state.at = given.get("at") ?? "";
    this.state.shown = given.get("q") ?? this.state.at;
    this.state.kind = given.get("kind") ?? "";
    this.state.unit = given.get("unit") ?? "";
    this.box.text = this.state.shown;
    this.#markKind();
  }

  async refresh({ fit }) {
    this.asking?.abort();
    this.routing?.abort();
    this.#showError(null);
    if (!this.isAsked) {
      if (this.answer || fit) this.map.clear({ fit: !this.page.keepsView });
      this.answer = null;
      this.#busy(false);
      byId("answer").replaceChildren(welcome(this.start.region));
      this.page.title("");
      return;
    }
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.#busy(true);
    try {
      let found = await this.#ask({ most: UNITS_SHOWN, excluded: 0 }, signal);
      // The address may name a unit that is not among the first.
      const isFurther = this.state.unit && found.further && !found.candidates.some((unit) => unit.unit_id === this.state.unit);
      if (isFurther) found = await this.#ask({}, signal);
      if (signal.aborted) return;
      this.page.onConnection(false);
      whenTimesAreReady(found.times, () => signal.aborted, () => this.refresh({ fit: false }));
      await this.#show(found, fit, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.answer = null;
      byId("answer").replaceChildren();
      this.map.clear({ fit: !this.page.keepsView });
      this.#showError(error);
    } finally {
      if (!signal.aborted) this.#busy(false);
    }
  }

  #ask(most, signal) {
    return ask("nearest", { at: this.state.at, kind: this.state.kind, lang: currentLanguage(), ...most }, signal);
  }

  /** Everything, where the first answer told of the nearest only. */
  async #rest() {
    const { signal } = this.asking;
    try {
      const found = await this.#ask({}, signal);
      if (signal.aborted) return null;
      this.answer = found;
      this.map.showUnits(found.candidates, found.excluded);
      return found;
    } catch (error) {
      if (!signal.aborted) this.#showError(error);
      return null;
    }
  }

  async #show(found, fit, signal) {
    this.answer = found;
    const handlers = { onUnit: (unitId) => this.select(unitId), onCandidate: (one) => this.choose(one), rest: () => this.#rest() };
    byId("answer").replaceChildren(...answerParts(found, handlers));
    this.map.clearRoute();
    this.map.showAreas([]);
    this.map.showIncident(found.asked);
    this.map.showUnits(found.candidates, found.excluded);
    const first = found.candidates[0];
    const eta = first && clock(first.eta_range_s?.median ?? first.eta_s);
    this.page.says(first ? word("says_units", { n: found.candidates.length + (found.further ?? 0), unit: first.unit_id, eta }) : word("says_none"));
    const place = found.asked.village?.name ?? found.asked.kecamatan?.name ?? this.state.shown;
    this.page.title([first ? `${first.unit_id} ${eta}` : "", place].filter(Boolean).join(" · "));
    const chosen = found.candidates.find((unit) => unit.unit_id === this.state.unit) ?? first;
    await Promise.all([this.#showAreas(found, signal), chosen ? this.select(chosen.unit_id, { remember: false }) : null]);
    if (fit && !signal.aborted) this.map.fit(found.asked);
  }

  async #showAreas({ asked, area }, signal) {
    const kecamatan = asked.kecamatan ?? area?.kecamatan;
    const village = asked.kind === "village" ? asked.village : area?.village;
    const wanted = [["kecamatan", kecamatan], ["village", village]].filter(([, known]) => known?.code);
    try {
      const features = await Promise.all(wanted.map(async ([level, { code }]) => [level, await ask("areas/" + encodeURIComponent(code), {}, signal)]));
      if (!signal.aborted) this.map.showAreas(features);
    } catch (error) {
      if (!signal.aborted && error.lost) this.page.onConnection(true);
    }
  }

  async select(unitId, { remember = true } = {}) {
    if (!this.answer) return;
    for (const row of document.querySelectorAll("#answer .unit-row")) row.setAttribute("aria-pressed", String(row.dataset.unit === unitId));
    this.map.select(unitId);
    if (remember) {
      this.state.unit = unitId;
      this.page.remember({ push: false });
    }
    this.routing?.abort();
    this.routing = new AbortController();
    const { signal } = this.routing;
    const panel = byId("route");
    try {
      const collection = await ask("route", { unit: unitId, at: this.#target(), lang: currentLanguage() }, signal);
      if (signal.aborted) return;
      panel.replaceChildren(...routeParts(collection, unitId, this.#target()));
      panel.hidden = false;
      this.map.showRoute(collection);
    } catch (error) {
      if (signal.aborted) return;
      this.map.clearRoute();
      panel.replaceChildren(el("p", { class: "note" }, error.lost ? word("lost") : error.message));
      panel.hidden = false;
      if (error.lost) this.page.onConnection(true);
    }
  }

  /** The route leads to what was asked; where only an area is known, to its middle. */
  #target() {
    const { location: point } = this.answer.asked;
    return point ? `${point.lat},${point.lon}` : this.state.at;
  }

  #showError(error) {
    const panel = byId("error");
    panel.hidden = !error;
    if (!error) return;
    const lost = Boolean(error.lost);
    if (!lost && !error.status) console.error(error);
    panel.replaceChildren(
      icon("warn"),
      el("p", {}, lost ? word("lost") : error.status ? error.message || word("failed") : word("failed")),
      lost ? el("button", { type: "button", on: { click: () => this.refresh({ fit: true }) } }, word("retry")) : "",
      error.offered?.length ? choiceList(error.offered, { onCandidate: (one) => this.choose(one) }) : "",
    );
    this.page.onConnection(lost);
  }

  #busy(on) {
    byId("progress").hidden = !on;
    byId("answer").setAttribute("aria-busy", String(on));
  }

  makeKinds() {
    const group = byId("kinds");
    const legend = group.querySelector("legend");
    const choices = ["", ...this.start.region.unit_kinds].map((kind) =>
      el("label", { class: "kind" },
        el("input", { type: "radio", name: "kind", value: kind, on: { change: () => this.go({ kind, unit: "" }) } }),
        el("span", {}, kind ? icon(kindIcon(kind), "kind-icon") : "", kind ? kindWord(kind) : word("kind_all"))));
    group.replaceChildren(legend, el("div", { class: "kind-row" }, choices));
    this.#markKind();
  }

  #markKind() {
    for (const choice of document.querySelectorAll("input[name=kind]")) choice.checked = choice.value === this.state.kind;
  }

  /** The keys of the answer: a number chooses a unit, the arrows go through the list. Whether the key was one. */
  onKey(event, typing) {
    if (!typing && /^[1-9]$/.test(event.key)) {
      const row = document.querySelectorAll("#answer .unit-row")[Number(event.key) - 1];
      row?.focus();
      row?.click();
      return Boolean(row);
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches?.(".unit-row")) {
      const rows = [...document.querySelectorAll("#answer .unit-row")];
      const next = rows[rows.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return false;
      event.preventDefault();
      next.focus();
      next.click();
      return true;
    }
    return false;
  }
}

/** What to ask for a candidate: the code of an area, else its point with its uncertainty as a geo: link (RFC 5870). */
function addressOf(candidate) {
  if (candidate.kind === "village" && candidate.village_code) return candidate.village_code;
  if (candidate.kind === "kecamatan") return candidate.place_id.replace("kecamatan:", "");
  return `geo:${candidate.lat},${candidate.lon};u=${candidate.radius_m}`;
}
