// The form of a call as it stands on the screen; what the keys do is in call_form.js.

import { choiceList } from "./answer.js";
import { LocationBox } from "./combobox.js";
import { el, icon } from "./dom.js";
import { unknownPlace } from "./places.js";
import { placeText } from "./queue.js";
import { age, currentLanguage, word, wordOf } from "./words.js";

const SEVERITIES = ["critical", "high", "moderate", "low"];
const STEPS = ["where", "what", "details", "units"];

export class CallPaper {
  /** @param {HTMLElement} host @param {import("./call_form.js").CallForm} form */
  constructor(host, form) {
    this.host = host;
    this.form = form;
    setInterval(() => this.#tick(), 1000);
  }

  /** What stands there while no call is taken. */
  nothing() {
    this.parts = null;
    this.box = null;
    const may = this.form.desk.may("call:write");
    this.host.replaceChildren(el("p", { class: "note empty" }, word("call_none")),
      ...(may ? [el("button", { type: "button", class: "primary calm", id: "call-begin", on: { click: () => this.form.begin() } }, word("call_new"), " ", el("kbd", {}, "N"))] : []));
  }

  begin() {
    const part = (name, more = {}) => (this.parts[name] = el("section", { class: `call-part call-${name}`, ...more }));
    this.parts = {};
    this.language = currentLanguage();
    this.error = el("p", { class: "alarm call-error", role: "alert", hidden: true });
    const steps = { tabindex: "-1" };
    this.host.replaceChildren(el("div", { class: "call-form", role: "group", "aria-labelledby": "call-title" },
      part("head"), part("where"), part("confirm", steps), part("what", steps), part("same", { "aria-live": "polite" }), part("details", steps), part("units", steps), part("leave", steps),
      part("caller"), part("keys")));
    this.#where();
    this.#caller();
    this.step({ selects: false });
  }

  /** Show what belongs to the step, and put the focus where its keys are. */
  step({ selects = true } = {}) {
    if (!this.parts) return;
    const { data } = this.form;
    const { step } = data;
    const isOpened = Boolean(data.incidentId);
    const shows = {
      where: true, confirm: step === "confirm", what: Boolean(data.place) && !["where", "confirm", "leave"].includes(step),
      details: Boolean(data.category) && ["details", "units"].includes(step), units: step === "units", leave: step === "leave",
      same: !isOpened || this.form.duplicates.length > 0, caller: step !== "leave", keys: true,
    };
    for (const [name, isShown] of Object.entries(shows)) this.parts[name].hidden = !isShown;
    this.head();
    this.#place();
    this.#confirm();
    this.#what();
    this.details();
    this.same();
    this.units();
    this.#leave();
    this.#keys();
    this.#placeError();
    this.focusStep({ selects });
  }

  focusStep({ selects = true } = {}) {
    const { step } = this.form.data;
    if (step === "where" && selects) this.box.focus();
    else if (step === "where") this.box.input.focus();
    else this.parts[step].focus({ preventScroll: true });
    const at = step === "where" ? this.parts.head : this.parts[step];
    at.scrollIntoView({ block: step === "units" ? "start" : "nearest" });
  }

  // --- head ------------------------------------------------------------------------------------------------------

  head() {
    if (!this.parts) return;
    const { data } = this.form;
    const n = STEPS.indexOf(data.step === "confirm" ? "where" : data.step) + 1;
    this.since = el("span", { class: "call-since" });
    this.parts.head.replaceChildren(
      el("h2", { id: "call-title" }, data.callId ?? word("call_title"), data.exercise ? el("span", { class: "tag tag-exercise" }, word("exercise")) : ""),
      el("span", { class: "muted" }, [data.incidentId, n ? word("call_step_of", { n }) : ""].filter(Boolean).join(" · ")),
      this.since,
      el("button", { type: "button", class: "key-close", "aria-label": word("call_close"), title: word("call_close") + " (Esc)", on: { click: () => this.form.leave() } }, "×"));
    this.#tick();
  }

  #tick() {
    if (!this.form.data || !this.since) return;
    const seconds = (this.form.desk.board.now() - Date.parse(this.form.data.startedAt)) / 1000;
    this.since.textContent = age(Math.max(0, seconds));
  }

  // --- where -----------------------------------------------------------------------------------------------------

  #where() {
    const input = el("input", {
      id: "call-at", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "call-suggestions",
      "aria-describedby": "call-at-hint", autocapitalize: "off", autocorrect: "off", autocomplete: "off", spellcheck: "false", placeholder: word("at_placeholder"),
    });
    const list = el("ul", { class: "suggestions", id: "call-suggestions", role: "listbox", "aria-label": word("suggestions"), hidden: true });
    const clear = el("button", { type: "button", class: "clear", "aria-label": word("clear"), hidden: true }, icon("close"));
    this.shown = el("div", { class: "call-place" });
    const form = el("form", { class: "ask call-ask", autocomplete: "off" },
      el("label", { for: "call-at" }, word("call_where")),
      el("div", { class: "box" }, icon("search", "box-icon"), input, clear, list),
      el("p", { class: "hint", id: "call-at-hint" }, word("call_where_hint")));
    this.parts.where.replaceChildren(form, this.shown);
    this.askForm = form;
    this.box = new LocationBox({
      onText: (text) => this.form.typed(text),
      onCandidate: (candidate) => this.form.choose(candidate),
      onClear: () => this.#typed(""),
      onEmpty: () => this.form.place(unknownPlace()),
      onTyped: (text) => this.#typed(text),
      onLost: (lost) => { if (lost) this.fail({ lost: true }); },
      says: (text) => this.form.desk.says(text),
    }, { input, list, clear, form });
    this.box.text = this.form.data.text;
  }

  #typed(text) {
    this.form.data.text = text;
    this.form.keep();
  }

  #place() {
    const { place, step } = this.form.data;
    const isAsked = ["where", "confirm"].includes(step);
    this.askForm.hidden = !isAsked;
    this.shown.hidden = isAsked || !place;
    if (!place) return;
    const vague = { village: "call_only_area", kecamatan: "call_only_area", unknown: "call_unknown_place" }[place.location.kind];
    this.shown.replaceChildren(
      el("p", {}, el("strong", { id: "call-place" }, place.shown),
        place.location.radius_m > 5 && !vague ? el("span", { class: "muted" }, ` ± ${Math.round(place.location.radius_m)} m`) : "",
        vague && place.location.kind !== "unknown" ? el("span", { class: "tag tag-village" }, word(vague)) : ""),
      el("button", { type: "button", class: "quiet", on: { click: () => this.form.go("where") } }, word("call_change"), this.form.data.step === "units" ? el("kbd", {}, "L") : ""));
  }

  #confirm() {
    const { resolved, data } = this.form;
    if (data.step !== "confirm" || !resolved) {
      if (data.step === "confirm") this.form.go("where");
      return;
    }
    const { asked } = resolved;
    const choices = [...(asked.place ? [asked.place] : []), ...asked.alternatives];
    const list = choiceList(choices, { onCandidate: (candidate) => this.form.choose(candidate) }, asked.place);
    for (const [n, item] of [...list.children].slice(0, 9).entries()) item.prepend(el("kbd", {}, n === 0 ? "Enter" : String(n + 1)));
    this.parts.confirm.replaceChildren(el("h3", {}, word("call_confirm")), ...(asked.place?.reason ? [el("p", { class: "note" }, asked.place.reason)] : []), list);
  }

  // --- what ------------------------------------------------------------------------------------------------------

  #what() {
    const { data, intake } = this.form;
    if (!intake) return;
    const name = (one) => one.name[currentLanguage()];
    if (data.category && data.step !== "what") {
      const chosen = intake.categories.find((one) => one.id === data.category);
      this.parts.what.replaceChildren(el("div", { class: "call-place" },
        el("p", {}, icon(this.form.desk.categoryIcon(data.category), "category-icon"), " ", el("strong", { id: "call-category" }, chosen ? name(chosen) : data.category)),
        data.incidentId ? "" : el("button", { type: "button", class: "quiet", on: { click: () => this.form.go("what") } }, word("call_change"))));
      return;
    }
    this.parts.what.replaceChildren(el("h3", {}, word("call_what")),
      el("div", { class: "call-choices", role: "group", "aria-label": word("call_what") }, intake.categories.map((one) =>
        el("button", { type: "button", class: "call-choice", "data-category": one.id, "aria-pressed": String(one.id === data.category), on: { click: () => this.form.category(one.id) } },
          el("kbd", {}, (one.letter ?? "·").toUpperCase()), icon(this.form.desk.categoryIcon(one.id), "category-icon"), el("span", {}, name(one))))));
  }

  // --- how bad, and the questions --------------------------------------------------------------------------------

  details() {
    if (!this.parts || this.parts.details.hidden || !this.form.intake) return;
    const { data } = this.form;
    const { severity, basis } = this.form.severity();
    if (data.incidentId) {
      this.parts.details.hidden = true;
      return;
    }
    const had = document.activeElement?.dataset?.question ?? document.activeElement?.name;
    const questions = this.form.questions();
    this.parts.details.className = `call-part call-details severity-${severity}`;
    this.parts.details.replaceChildren(
      el("div", { class: "call-severities", role: "group", "aria-label": word("call_severity") }, SEVERITIES.map((one, n) =>
        el("button", { type: "button", class: `call-severity severity-${one}`, "data-severity": one, "aria-pressed": String(one === severity), on: { click: () => this.#then(() => this.form.chooseSeverity(one)) } },
          el("kbd", {}, String(n + 1)), wordOf("severities", one)))),
      basis === "chosen" ? "" : el("p", { class: "hint" }, `${wordOf("severities", severity)}: ${word("call_severity_" + basis)}`),
      el("ol", { class: "plain call-questions", "aria-label": word("call_questions") }, questions.map((one, n) => this.#question(one, n))),
      el("input", { name: "note", class: "call-note", maxlength: 2000, autocomplete: "off", value: data.note, placeholder: word("call_note"), "aria-label": word("call_note"),
        on: { input: (event) => { data.note = event.target.value; this.form.keep(); } } }),
      el("div", { class: "send-bar" }, el("button", { type: "button", class: "primary calm send-units call-go", id: "call-open", disabled: this.form.isBusy, on: { click: () => this.form.open() } }, word(this.form.isBusy ? "call_opening" : "call_open"), " ", el("kbd", {}, "Enter"))));
    this.#placeError();
    if (had) this.parts.details.querySelector(`[data-question="${CSS.escape(had)}"], [name="${CSS.escape(had)}"]`)?.focus();
  }

  #question(one, n) {
    const language = currentLanguage();
    const given = this.form.data.answers[one.id];
    const isAsked = n === this.form.asked;
    return el("li", { class: "call-question" + (isAsked ? " is-asked" : "") + (given?.answer || given?.words ? " is-answered" : ""), "aria-current": isAsked ? "step" : null },
      el("p", { id: "question-" + one.id }, one.text[language]),
      el("div", { class: "call-answers", role: "group", "aria-labelledby": "question-" + one.id },
        one.answers.map((option) => el("button", { type: "button", class: "call-answer", "data-answer": `${one.id} ${option.id}`, "aria-pressed": String(given?.answer === option.id), on: { click: () => this.#then(() => this.form.answer(one.id, option.id)) } },
          isAsked ? el("kbd", {}, (option.letter[language] ?? "").toUpperCase()) : "", option.text[language])),
        el("input", { "data-question": one.id, maxlength: 500, autocomplete: "off", value: given?.words ?? "", placeholder: word("call_answer_words"), "aria-labelledby": "question-" + one.id,
          on: { input: (event) => this.form.answerWords(one.id, event.target.value) } })));
  }

  /** A click on a choice gives the keyboard back to the step. */
  #then(act) {
    act();
    this.focusStep();
  }

  // --- the caller ------------------------------------------------------------------------------------------------

  #caller() {
    const { data } = this.form;
    const field = (name, label, type) => el("label", {}, el("span", {}, label), el("input", {
      name, type, autocomplete: "off", value: data[name], maxlength: name === "number" ? 40 : 200,
      on: { input: (event) => { data[name] = event.target.value.trim(); this.form.keep(); }, change: () => this.form.described() },
    }));
    this.ghostLine = el("div", { class: "call-ghost", "aria-live": "polite" });
    this.parts.caller.replaceChildren(el("h3", {}, word("call_caller")),
      el("div", { class: "call-fields" }, field("name", word("call_name"), "text"), field("number", word("call_number"), "tel")), this.ghostLine);
    this.caller();
  }

  /** What is known of the number. */
  caller() {
    const { ghost } = this.form;
    if (!this.parts || !ghost) return;
    const said = [...ghost.hits.map((hit) => hit.text[currentLanguage()]), ghost.notice[currentLanguage()]];
    this.ghostLine.className = "call-ghost " + (ghost.level === "none" ? "muted" : ghost.level === "some" ? "warning" : "alarm");
    this.ghostLine.replaceChildren(el("div", {}, el("strong", { id: "ghost-points" }, word("call_points", { points: ghost.points })), el("ul", { class: "plain" }, said.map((text) => el("li", {}, text)))));
  }

  // --- is it known already? --------------------------------------------------------------------------------------

  same() {
    if (!this.parts) return;
    const found = this.form.duplicates ?? [];
    if (!found.length) {
      this.parts.same.replaceChildren();
      return;
    }
    this.parts.same.replaceChildren(el("div", { class: "warning" }, icon("warn"), el("div", {},
      el("h3", {}, word("call_same")),
      el("ul", { class: "plain" }, found.map((one, n) => {
        const known = this.form.desk.board.incidents.get(one.incident_id);
        return el("li", {}, el("button", { type: "button", class: "quiet", "data-join": one.incident_id, on: { click: () => this.form.join(one.incident_id) } }, word("call_join"), n === 0 ? el("kbd", {}, "F2") : ""),
          el("span", {}, el("strong", {}, one.incident_id), " ", [known && this.form.desk.categoryName(known.category), known && placeText(known), age(one.age_s), word("call_" + one.likeness)].filter(Boolean).join(" · ")));
      })))));
  }

  // --- who goes --------------------------------------------------------------------------------------------------

  units() {
    if (!this.parts || this.parts.units.hidden) return;
    const { form } = this;
    const { data } = form;
    const chosen = [...form.units.chosen];
    const needsReason = form.units.made && form.units.differs && chosen.length;
    const isReason = document.activeElement?.name === "reason";
    const openList = this.parts.units.querySelector("details")?.open;
    this.parts.units.replaceChildren(
      el("h3", {}, word("call_units")),
      ...form.units.parts(),
      form.units.made ? el("div", { class: "send-bar" }, needsReason ? el("label", { class: "call-reason" }, el("span", {}, word("call_reason")), el("input", { name: "reason", maxlength: 200, autocomplete: "off", value: data.reason,
        on: { input: (event) => { data.reason = event.target.value; form.keep(); } } })) : "",
      el("button", { type: "button", class: "primary calm send-units call-go", id: "call-assign", disabled: form.isBusy || form.units.isRanking, on: { click: () => form.assign() } },
        chosen.length ? word("call_assign", { units: chosen.join(", ") }) : word("call_nobody"), " ", el("kbd", {}, "Enter"))) : "");
    if (openList) this.parts.units.querySelector("details")?.setAttribute("open", "");
    this.#placeError();
    if (isReason) this.parts.units.querySelector("[name=reason]")?.focus();
    else if (!this.parts.units.contains(document.activeElement) && document.activeElement === document.body) this.focusStep();
  }

  /** Enter came before the units stood there: nothing was sent, and whoever pressed it is told. */
  askPatience() {
    this.form.units.isAwaited = true;
    this.units();
    this.form.desk.says(word("call_patience"));
  }

  /** Others than recommended go only with a reason. */
  askReason() {
    this.form.error = { text: word("call_reason_needed") };
    this.units();
    this.parts.units.querySelector("[name=reason]")?.focus();
  }

  // --- leaving ---------------------------------------------------------------------------------------------------

  #leave() {
    const { data } = this.form;
    if (data.step !== "leave") return;
    const choice = (key, text, act) => el("button", { type: "button", class: "call-choice", on: { click: act } }, el("kbd", {}, key), el("span", {}, text));
    this.parts.leave.replaceChildren(el("h3", {}, word("call_leave", { call: data.callId ?? "" })), el("div", { class: "call-choices" },
      choice("F8", word("call_ghost"), () => this.form.type("ghost")), choice("F9", word("call_prank"), () => this.form.type("prank")),
      choice("I", word("call_information"), () => this.form.type("information")), choice("T", word("call_test"), () => this.form.type("test")),
      choice("E", word("call_just_end"), () => this.form.justEnd()), choice("Esc", word("call_back"), () => this.form.leave())));
  }

  /** Whether it is a drill stands in the head, and on the button that says so. */
  drill() {
    if (!this.parts) return;
    this.head();
    this.#keys();
  }

  #keys() {
    const { step, exercise, incidentId } = this.form.data;
    const kind = (key, text, act, more = {}) => el("button", { type: "button", class: "quiet", on: { click: act }, ...more }, el("kbd", {}, key), text);
    const drill = incidentId ? "" : kind("F4", word("call_drill"), () => this.form.drill(), { id: "call-drill", "aria-pressed": String(exercise) });
    this.parts.keys.replaceChildren(
      el("p", { class: "hint" }, STEPS.includes(step) ? word("call_keys_" + step) : ""),
      ...(step === "leave" ? [] : [el("div", { class: "buttons" }, kind("F8", word("call_ghost"), () => this.form.type("ghost")), kind("F9", word("call_prank"), () => this.form.type("prank")), drill)]));
  }

  // --- what went wrong -------------------------------------------------------------------------------------------

  busy(on) {
    this.form.isBusy = on;
    this.host.setAttribute("aria-busy", String(on));
    for (const button of this.host.querySelectorAll(".call-go")) button.disabled = on || (button.id === "call-assign" && this.form.units.isRanking);
    const open = this.host.querySelector("#call-open");
    if (open) open.firstChild.textContent = word(on ? "call_opening" : "call_open");
  }

  /** One sentence, in the step that is being done. */
  fail(error, { offered = [] } = {}) {
    if (!error.lost && !error.status) throw error;
    this.form.error = { text: error.lost ? word("call_lost") : error.message || word("failed"), offered };
    this.#placeError();
  }

  #placeError() {
    if (!this.parts) return;
    const { error, data } = this.form;
    this.error.hidden = !error;
    if (!error) return;
    this.error.replaceChildren(icon("warn"), el("span", {}, error.text),
      ...(error.offered?.length ? [choiceList(error.offered, { onCandidate: (candidate) => this.form.choose(candidate) })] : []));
    const part = this.parts[data?.step] ?? this.parts.where;
    const bar = part.querySelector(".send-bar");
    if (bar) bar.lastElementChild.before(this.error);
    else part.append(this.error);
    this.error.scrollIntoView({ block: "nearest" });
  }
}
