// Taking a call by keyboard alone: where, what, the questions, who goes. One key begins, Enter goes on, Esc leaves.

import { newKey } from "./api.js";
import { CallKeys } from "./call_keys.js";
import { CallPaper } from "./call_paper.js";
import { CallUnits } from "./call_units.js";
import { Draft } from "./draft.js";
import { ChosenRoutes } from "./chosen_routes.js";
import { ofAsked, ofCandidate } from "./places.js";
import { currentLanguage, word } from "./words.js";
import "./words_call.js";

const SEVERITIES = ["critical", "high", "moderate", "low"];
const FUTURE = 422;
const NEAR_ZOOM = 13;

export class CallForm {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    this.draft = new Draft();
    this.units = new CallUnits({ desk, onChange: () => {
      this.paper.units();
      this.#drawRoutes();
    } });
    this.routes = new ChosenRoutes(desk);
    this.paper = new CallPaper(host, this);
    this.intake = null;
    this.asked = 0;
    if (!desk.may("call:write") || !desk.may("incident:write")) {
      this.draft.end();
      return;
    }
    desk.onKey("n", () => this.begin(), "call_new");
    const keys = new CallKeys(this);
    host.addEventListener("keydown", (event) => keys.pressed(event));
    this.#takeMapClicks();
    desk.board.addEventListener("log", ({ detail }) => this.#heard(detail));
    setTimeout(() => this.#restore()); // when the desk is whole
  }

  /** Everything of the call that is kept: see draft.js. */
  get data() {
    return this.draft.data;
  }

  translate() {
    // The page dresses itself once more when it is whole: what is being typed by then is left alone.
    if (this.draft.isOpen && this.paper.language === currentLanguage()) return;
    if (this.draft.isOpen && this.intake) {
      this.paper.begin();
      if (this.data.incidentId) this.rank();
    } else this.paper.nothing();
  }

  async begin() {
    this.desk.show("call");
    if (!this.draft.isOpen) {
      this.draft.begin(this.desk.board.now());
      this.units.forget();
      Object.assign(this, { duplicates: [], ghost: null, resolved: null, error: null, asked: 0, taking: null });
    }
    this.paper.begin();
    await this.#learn();
    // Where it is, is being typed already: that part is left alone.
    if (this.draft.isOpen && !["where", "confirm"].includes(this.data.step)) this.paper.step();
  }

  async #restore() {
    if (!this.draft.restore()) {
      this.paper.nothing();
      return;
    }
    Object.assign(this, { duplicates: [], ghost: null, resolved: null, error: null, taking: null });
    this.desk.show("call");
    await this.#learn();
    if (!this.draft.isOpen || !this.intake) return;
    this.paper.begin();
    this.#findSame();
    if (this.data.number && this.data.callId) this.#readGhost();
    if (this.draft.isUnanswered("open")) await this.open();
    else if (this.draft.isUnanswered("assign")) await this.assign();
    else if (this.data.incidentId) await this.rank();
  }

  /** The directory as a form needs it; asked once. */
  async #learn() {
    while (!this.intake) {
      try {
        this.intake = await this.desk.ask("intake");
      } catch (error) {
        if (!error.lost && !error.status) throw error;
        this.paper.fail(error);
        if (!this.draft.isOpen) return;
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    }
  }

  // --- where -----------------------------------------------------------------------------------------------------

  /** What was typed is understood by the server; one candidate that was chosen is known already. */
  async typed(text) {
    this.paper.busy(true);
    try {
      const found = await this.desk.ask("locate", { at: text, lang: currentLanguage() });
      this.resolved = found;
      this.error = null;
      if (found.asked.confirm) {
        this.go("confirm");
        return;
      }
      this.place(ofAsked(found.asked, text));
    } catch (error) {
      this.paper.fail(error, { offered: error.offered });
    } finally {
      this.paper.busy(false);
    }
  }

  choose(candidate) {
    this.place(ofCandidate(candidate));
  }

  /** A place is known (or known to be unknown): the call is on record from here on. */
  async place(place) {
    this.data.place = place;
    this.data.text = place.shown;
    this.#showOnMap();
    if (this.data.incidentId) {
      await this.#relocate();
      return;
    }
    this.#takeCall().catch(() => {}); // told again when the incident is opened
    this.go(this.data.category ? "details" : "what");
    this.#findSame();
  }

  async #relocate() {
    try {
      await this.draft.once("locate", "PUT", `incidents/${encodeURIComponent(this.data.incidentId)}/location`, { location: this.data.place.location });
      this.go("units");
      await this.rank();
    } catch (error) {
      this.paper.fail(error);
    }
  }

  #showOnMap() {
    const { place } = this.data;
    const { location } = place.location;
    if (!location || !this.desk.map.showIncident) return;
    const asked = { kind: place.location.kind === "kecamatan" ? "village" : place.location.kind, location, radius_m: place.location.radius_m ?? 0 };
    this.desk.map.showIncident(asked);
    const { map } = this.desk.map;
    map.setView([location.lat, location.lon], Math.max(map.getZoom(), NEAR_ZOOM), { animate: false });
  }

  /** While the form asks where it is, a click on the map answers. */
  #takeMapClicks() {
    const before = this.desk.askPoint;
    this.desk.askPoint = (lat, lon) => {
      const isAsking = this.draft.isOpen && ["where", "confirm"].includes(this.data.step);
      if (!isAsking) return before(lat, lon);
      return this.typed(`${lat.toFixed(5)},${lon.toFixed(5)}`);
    };
  }

  // --- what, and how bad -----------------------------------------------------------------------------------------

  category(id) {
    this.data.category = id;
    this.asked = 0;
    this.go("details");
    this.#findSame();
  }

  /** The severity as it stands, and what it rests on. */
  severity() {
    const { data } = this;
    if (data.severity) return { severity: data.severity, basis: "chosen" };
    const own = this.intake.categories.find((one) => one.id === data.category)?.severity ?? "high";
    const said = Object.entries(data.answers).map(([id, given]) =>
      this.intake.questions[id]?.answers.find((one) => one.id === given.answer)?.severity).filter(Boolean);
    const worst = [own, ...said].sort((a, b) => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b))[0];
    return { severity: worst, basis: worst === own ? "default" : "answers" };
  }

  chooseSeverity(severity) {
    this.data.severity = severity;
    this.keep();
    this.paper.details();
  }

  /** The questions of the run card; where it is was asked already. */
  questions() {
    const { severity } = this.severity();
    const plan = this.intake.plans.find((one) => one.category === this.data.category && one.severity === severity);
    const ids = new Set([...(plan?.questions ?? []), ...Object.keys(this.data.answers)]);
    return [...ids].filter((id) => id !== "where" && this.intake.questions[id]).map((id) => ({ id, ...this.intake.questions[id] }));
  }

  answer(questionId, answerId) {
    const given = this.data.answers[questionId];
    this.data.answers[questionId] = { ...given, answer: given?.answer === answerId ? null : answerId };
    this.keep();
    this.#nextQuestion(questionId);
    this.paper.details();
  }

  answerWords(questionId, words) {
    this.data.answers[questionId] = { ...this.data.answers[questionId], words };
    this.keep();
  }

  #nextQuestion(questionId) {
    const questions = this.questions();
    const at = questions.findIndex((one) => one.id === questionId);
    const open = questions.findIndex((one, n) => n > at && one.answers.length && !this.data.answers[one.id]?.answer);
    this.asked = open < 0 ? Math.min(at + 1, questions.length) : open;
  }

  step(by) {
    this.asked = Math.max(0, Math.min(this.questions().length, this.asked + by));
    this.paper.details();
  }

  /** A drill, or real after all. What was opened stays what it is: that is counted, exported and alerted differently. */
  drill() {
    if (this.isBusy) return;
    if (this.data.incidentId || this.draft.isUnanswered("open")) {
      this.desk.says(word("call_drill_fixed"));
      this.desk.toast(word("call_drill_fixed"));
      return;
    }
    this.data.exercise = !this.data.exercise;
    this.duplicates = [];
    this.keep();
    this.paper.drill();
    this.paper.same();
    this.desk.says(word(this.data.exercise ? "call_drill_on" : "call_drill_off"));
    this.#findSame();
  }

  // --- the caller ------------------------------------------------------------------------------------------------

  /** Name or number were written down: they are told at once, and what is known of the number is shown. */
  async described() {
    if (!this.draft.isOpen) return; // its field went with the form
    this.keep();
    if (!this.data.name && !this.data.number) return;
    try {
      await this.#takeCall();
      await this.#describe();
    } catch (error) {
      if (!error.lost) this.paper.fail(error);
    }
  }

  async #describe() {
    const of = this.draft;
    for (;;) {
      const { told, name, number } = this.data;
      const changed = { ...(name && name !== told.caller_name ? { caller_name: name } : {}), ...(number && number !== told.caller_number ? { caller_number: number } : {}) };
      const body = of.data.steps.describe?.body ?? changed;
      if (!Object.keys(body).length) break;
      await of.once("describe", "PATCH", `calls/${encodeURIComponent(this.data.callId)}`, body);
      if (!of.isOpen) return;
      Object.assign(this.data.told, body);
      this.keep();
      if (body.caller_number) this.#readGhost();
    }
  }

  async #readGhost() {
    try {
      const { ghost } = await this.desk.ask(`calls/${encodeURIComponent(this.data.callId)}`);
      this.ghost = ghost;
      this.paper.caller();
    } catch (error) {
      if (!error.lost && !error.status) throw error;
    }
  }

  /** Put the call on record, once. A clock that is ahead of the server's is not believed. */
  async #takeCall() {
    if (this.data.callId) return this.data.callId;
    this.taking ??= this.#take().finally(() => { this.taking = null; });
    return this.taking;
  }

  async #take() {
    const of = this.data;
    let found;
    try {
      found = await this.draft.once("take", "POST", "calls", { channel: "phone", device_time: of.startedAt });
    } catch (error) {
      if (error.status !== FUTURE) throw error;
      found = await this.draft.once("take", "POST", "calls", { channel: "phone" });
    }
    of.callId = found.calls[0].call_id;
    if (of === this.data) {
      this.keep();
      this.paper.head();
    }
    return of.callId;
  }

  // --- is it known already? --------------------------------------------------------------------------------------

  async #findSame() {
    const { place, category } = this.data;
    if (!place || !category) return;
    const turn = (this.sameTurn = {});
    const { kind, location, radius_m: radius, village_code: village, kecamatan_code: kecamatan } = place.location;
    const where = location && ["point", "place"].includes(kind) ? { lat: location.lat, lon: location.lon, radius_m: radius }
      : village ? { village_code: village } : { kecamatan_code: kecamatan };
    try {
      const { candidates } = await this.desk.ask("duplicates", { ...where, category, ...(this.data.exercise ? { exercise: "true" } : {}) });
      if (turn !== this.sameTurn || !this.draft.isOpen) return;
      this.duplicates = candidates.filter((one) => one.incident_id !== this.data.incidentId).slice(0, 3);
      this.paper.same();
    } catch (error) {
      if (!error.lost && !error.status) throw error;
    }
  }

  /** The call is about an incident that is open already. */
  async join(incidentId) {
    if (this.isBusy) return;
    const { draft } = this;
    const at = `incidents/${encodeURIComponent(incidentId)}`;
    this.paper.busy(true);
    try {
      const callId = await this.#takeCall();
      await this.#describe();
      const merged = this.data.incidentId;
      if (merged) {
        await draft.once(`merge ${incidentId}`, "POST", `incidents/${encodeURIComponent(this.data.incidentId)}/merge`, { into: incidentId });
      } else {
        await draft.once(`link ${incidentId}`, "POST", `calls/${encodeURIComponent(callId)}/link`, { incident_id: incidentId });
        await draft.once("duplicate", "POST", `calls/${encodeURIComponent(callId)}/type`, { call_type: "duplicate" });
      }
      const answers = this.#answers();
      if (answers.length) await draft.once(`answers ${incidentId}`, "POST", `${at}/answers`, { answers });
      if (this.data.note) await draft.once(`note ${incidentId}`, "POST", `${at}/notes`, { text: this.data.note });
      if (merged) this.desk.did({ kind: "merge", callId, incidentId: merged, into: incidentId }, word("line_merged", { incident: merged }));
      else this.desk.did({ kind: "join", callId, incidentId }, word("line_joined", { call: callId }));
      this.#finish(incidentId, word("call_joined", { incident: incidentId }));
    } catch (error) {
      this.paper.fail(error);
    } finally {
      this.paper.busy(false);
    }
  }

  #answers() {
    return Object.entries(this.data.answers)
      .map(([question, { answer, words }]) => ({ question, ...(answer ? { answer } : {}), ...(words?.trim() ? { words: words.trim() } : {}) }))
      .filter((one) => one.answer || one.words);
  }

  // --- opening and sending ---------------------------------------------------------------------------------------

  async open() {
    if (this.isBusy || !this.data.place || !this.data.category) return;
    const { data } = this;
    this.paper.busy(true);
    try {
      await this.#takeCall();
      await this.#describe();
      const found = await this.draft.once("open", "POST", "incidents", {
        category: data.category, location: data.place.location, call_id: data.callId, answers: this.#answers(),
        ...(data.exercise ? { exercise: true } : {}), ...(data.severity ? { severity: data.severity } : {}), ...(data.note.trim() ? { note: data.note.trim() } : {}),
      });
      data.incidentId = found.incidents[0].incident_id;
      if (!this.desk.may("assign")) {
        this.#finish(data.incidentId, word("call_waits", { incident: data.incidentId }));
        return;
      }
      this.go("units");
    } catch (error) {
      this.paper.fail(error);
      return;
    } finally {
      this.paper.busy(false);
    }
    await this.rank();
  }

  /** Rank the units; a sentence that stands there stays until the next attempt. */
  async rank({ keepsError = false } = {}) {
    if (!keepsError) this.error = null;
    try {
      if (await this.units.rank(this.data.incidentId)) this.desk.says(this.units.made.message);
    } catch (error) {
      this.paper.fail(error);
    }
  }

  /** The roads by which those who are chosen would come, while somebody chooses. */
  #drawRoutes() {
    const { data } = this;
    if (!this.draft.isOpen || data.step !== "units" || !data.place) return;
    this.routes.show([...this.units.chosen], data.place.location);
  }

  /** pressedAt: when the key was pressed that asks for it, by the clock of the page. */
  async assign({ pressedAt = Infinity } = {}) {
    const { data, units } = this;
    if (this.isBusy) return;
    // Nobody sends what he did not see: who presses before the units stand there is told, and presses again.
    if (units.isRanking || pressedAt < units.shownAt) {
      this.paper.askPatience();
      return;
    }
    if (!units.made && !data.steps.assign) {
      await this.rank();
      return;
    }
    const incidentId = data.incidentId;
    const sent = data.steps.assign?.body.unit_ids ?? [...units.chosen];
    if (!sent.length) {
      this.#finish(incidentId, word("call_kept", { incident: incidentId }));
      return;
    }
    if (!data.steps.assign && units.differs && !data.reason.trim()) {
      this.paper.askReason();
      return;
    }
    this.paper.busy(true);
    try {
      await this.draft.once("assign", "POST", `incidents/${encodeURIComponent(incidentId)}/assignments`, {
        unit_ids: sent, ...(units.made ? { recommendation_id: units.made.id } : {}), ...(units.differs && data.reason.trim() ? { override_reason: data.reason.trim() } : {}),
      });
      this.#finish(incidentId, word("call_sent", { incident: incidentId, units: sent.join(", ") }));
    } catch (error) {
      this.paper.fail(error);
      // Somebody was quicker: what can be sent now is shown at once, under the sentence that says why.
      if (!error.lost && error.status) await this.rank({ keepsError: true });
    } finally {
      this.paper.busy(false);
    }
  }

  /** Another desk took a unit that is about to be sent. */
  #heard(event) {
    if (!this.draft.isOpen || this.data.step !== "units" || this.isBusy || event.type !== "assignment.made") return;
    if (event.incident_id === this.data.incidentId || !this.units.chosen.has(event.unit_id)) return;
    this.error = { text: word("call_taken_meanwhile", { unit: event.unit_id }) };
    this.rank({ keepsError: true });
  }

  // --- the end ---------------------------------------------------------------------------------------------------

  /** The call was no emergency; an incident that was opened for it is called off. */
  async type(callType) {
    if (this.isBusy) return;
    const { data, draft } = this;
    this.paper.busy(true);
    try {
      const callId = await this.#takeCall();
      await this.#describe();
      await draft.once(`type ${callType}`, "POST", `calls/${encodeURIComponent(callId)}/type`, { call_type: callType });
      if (data.incidentId && word(`call_${callType}_reason`) !== `call_${callType}_reason`) {
        await draft.once("cancel", "POST", `incidents/${encodeURIComponent(data.incidentId)}/cancel`, { reason: word(`call_${callType}_reason`) });
      }
      this.#finish(null, word("call_typed", { call: callId, type: word("call_" + callType) }));
    } catch (error) {
      this.paper.fail(error);
    } finally {
      this.paper.busy(false);
    }
  }

  /** Leave the form. What is on record is never dropped without a word. */
  leave() {
    const { data } = this;
    if (data.incidentId) this.#finish(data.incidentId, word("call_kept", { incident: data.incidentId }));
    else if (!data.callId && !this.draft.isUnanswered("take")) this.#finish(null, null);
    else if (data.step === "leave") this.go(data.category ? "details" : data.place ? "what" : "where");
    else this.go("leave");
  }

  justEnd() {
    this.#finish(null, null);
  }

  #finish(incidentId, said) {
    const { callId } = this.data;
    this.draft.end();
    this.units.forget();
    this.routes.clear();
    this.isBusy = false;
    this.desk.map.clear?.({ fit: false });
    this.paper.nothing();
    // That the caller hung up matters to nobody enough to keep the form for it.
    if (callId) this.desk.send("POST", `calls/${encodeURIComponent(callId)}/end`, {}, { key: newKey() }).catch(() => {});
    if (incidentId) this.desk.select(incidentId);
    else this.desk.show("queue");
    if (said) {
      this.desk.says(said);
      this.desk.toast(said);
    }
    this.desk.refresh();
  }

  // --- steps --------------------------------------------------------------------------------------------

  go(step) {
    this.data.step = step;
    this.error = null;
    this.keep();
    this.paper.step();
  }

  back() {
    const before = { confirm: "where", what: "where", details: "what", leave: "where" }[this.data.step];
    if (before && !this.data.incidentId) this.go(before);
  }

  keep() {
    if (this.draft.isOpen) this.draft.keep();
  }
}
