// What callers said, and notes: personal texts, masked by role until somebody says why he needs them.

import { answerItems } from "./answers.js";
import { newKey, send } from "./api.js";
import { el } from "./dom.js";
import { field, isFit, refuse, sentence, smallForm, watch } from "./small_form.js";
import { word, wordOf } from "./words.js";

const MOST_NOTE = 5000; // as dispatch/commands.py has them
const MOST_REASON = 200;

export class IncidentTexts {
  /**
   * @param {{calls: HTMLElement, notes: HTMLElement}} parts
   * @param {object} desk
   * @param {string} incidentId
   * @param {() => Promise<void>} reload
   */
  constructor(parts, desk, incidentId, reload) {
    Object.assign(this, { parts, desk, incidentId, reload });
    // Until another incident is chosen; the log keeps who looked, and why.
    this.unmasked = new Map();
    this.#notesForm();
  }

  /** The calls, their texts and the events that tell when a note was written. */
  take(calls, texts, story) {
    this.calls = calls;
    this.story = story;
    this.texts = texts.map((one) => this.unmasked.get(one.text_id) ?? one);
  }

  render() {
    this.#calls();
    this.#notes();
  }

  #calls() {
    const { calls } = this;
    const anyMasked = this.texts.some((one) => one.masked);
    this.parts.calls.hidden = calls.length === 0 && !anyMasked;
    const form = this.parts.calls.querySelector("form");
    this.parts.calls.replaceChildren(
      calls.length ? el("h3", {}, word("calls", { n: calls.length })) : "",
      el("ul", { class: "plain calls" }, calls.map((one) => el("li", {},
        el("p", { class: "muted" }, [one.call_id, wordOf("channels", one.channel), one.call_type === "normal" ? "" : wordOf("call_types", one.call_type), this.desk.time(one.received_at, { seconds: true }), one.taken_by].filter(Boolean).join(" · ")),
        el("dl", { class: "texts" }, this.texts.filter((text) => text.of === one.call_id).flatMap((text) => [el("dt", {}, wordOf("text_fields", text.field)), el("dd", { class: text.masked ? "masked" : "" }, text.erased ? word("erased") : text.text ?? "")]))))),
      anyMasked && this.desk.may("personal:unmask") && !form ? el("button", { type: "button", class: "quiet", id: "unmask", on: { click: () => this.#unmaskForm() } }, word("unmask")) : "",
      form ?? "");
  }

  #unmaskForm() {
    const back = () => {
      this.#calls();
      this.parts.calls.querySelector("#unmask")?.focus();
    };
    // By its id the keyboard finds the field again when the panel is written anew.
    const reason = el("input", { name: "reason", id: "unmask-reason", autocomplete: "off" });
    const form = smallForm({
      id: "unmask-form", label: word("unmask"), back, fields: [field(word("unmask_why"), reason, { missing: word("reason_missing"), most: MOST_REASON })],
      act: async () => {
        const { texts } = await send("POST", `incidents/${encodeURIComponent(this.incidentId)}/unmask`, { reason: reason.value.trim() });
        this.texts = texts;
        this.unmasked = new Map(texts.map((one) => [one.text_id, one]));
        form.remove();
        this.#calls();
        this.#notes();
      },
    });
    this.parts.calls.querySelector("#unmask")?.replaceWith(form);
    reason.focus();
  }

  #notesForm() {
    const list = el("ul", { class: "plain notes" });
    this.notesList = list;
    this.parts.notes.replaceChildren(el("h3", {}, word("notes")), list);
    if (!this.desk.may("note:write")) return;
    const input = el("input", { name: "text", autocomplete: "off", "aria-label": word("note_add"), placeholder: word("note_add") });
    let key = newKey();
    let sent = null;
    const fault = watch(input, { missing: word("note_missing"), most: MOST_NOTE });
    const form = el("form", { class: "note-form", id: "note-form", novalidate: true, on: { submit: async (event) => {
      event.preventDefault();
      if (!isFit(form)) return;
      const text = input.value.trim();
      // The same note is sent again under its key, for its answer may have been lost; another note is another request.
      if (sent !== null && sent !== text) key = newKey();
      sent = text;
      try {
        await send("POST", `incidents/${encodeURIComponent(this.incidentId)}/notes`, { text }, { key });
        key = newKey();
        sent = null;
        input.value = "";
        await this.reload();
      } catch (error) {
        refuse(input, sentence(error));
      }
    } } }, input, el("button", { type: "submit", class: "quiet" }, word("note_save")), fault);
    this.parts.notes.append(form);
  }

  #notes() {
    const notes = this.texts.filter((one) => one.field === "note");
    const written = new Map(this.story.filter((event) => event.type === "incident.note_added").map((event) => [event.payload.note.text_id, event]));
    const answers = answerItems(this.texts, this.desk);
    this.notesList.replaceChildren(...answers, ...notes.map((one) => {
      const event = written.get(one.text_id);
      return el("li", {}, el("p", { class: one.masked ? "masked" : "" }, one.erased ? word("erased") : one.text ?? ""),
        event ? el("p", { class: "muted" }, [this.desk.time(event.server_time, { seconds: true }), event.actor].filter(Boolean).join(" · ")) : "");
    }));
    this.parts.notes.hidden = notes.length + answers.length === 0 && !this.desk.may("note:write");
  }
}
