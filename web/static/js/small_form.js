// Small forms of the desk: what is missing is said in one sentence beside its field, in the language of the page.

import { el } from "./dom.js";
import { setText } from "./keyed_list.js";
import { word } from "./words.js";

let made = 0;

/** What to say of a command that was not carried out. */
export const sentence = (error) => (error.lost ? word("not_sent") : error.message || word("failed"));

/**
 * A field with its name and room for what is wrong with it.
 * @param {string} label
 * @param {HTMLInputElement|HTMLSelectElement} input
 * @param {object} [how] as of `watch`
 */
export function field(label, input, how) {
  return el("div", { class: "field" }, el("label", {}, label, input), watch(input, how));
}

/**
 * The place for a sentence about a field: stands where the caller puts it, and goes when the field is mended.
 *
 * A text that is too long is told so and stays; `maxlength` would cut what is pasted without a word.
 * @param {HTMLInputElement|HTMLSelectElement} input
 * @param {{missing?: string, most?: number}} [how] missing: the sentence where nothing but spaces stands in it; without,
 *   it may stay empty; most: letters
 */
export function watch(input, { missing = "", most = 0 } = {}) {
  made += 1;
  const fault = el("p", { class: "field-fault", id: `fault-${made}`, hidden: true });
  input.addEventListener("input", () => mend(input));
  Object.assign(input, { fault, missing, most });
  if (missing) input.setAttribute("aria-required", "true");
  return fault;
}

/** Say what is wrong with a field, and take the keyboard there; what was written stays. */
export function refuse(input, text) {
  setText(input.fault, text);
  input.fault.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", input.fault.id);
  input.focus();
}

function mend(input) {
  input.fault.hidden = true;
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-describedby");
}

/** Whether all fields of a form can be sent as they are; the first that can not says why. */
export function isFit(form) {
  for (const one of [...form.elements].filter(({ fault }) => fault)) {
    // As the server counts: a sign outside the first plane is one.
    const letters = [...one.value.trim()].length;
    if (one.missing && !letters) refuse(one, one.missing);
    else if (one.most && letters > one.most) refuse(one, word("too_long", { most: one.most, n: letters }));
    else continue;
    return false;
  }
  return true;
}

/**
 * A form with its buttons. It goes when it was carried out, by Esc or by "cancel", and the keyboard goes back.
 * @param {{id: string, fields: Node[], label: string, act: (given: FormData) => Promise<void>, back: () => void, danger?: boolean}} how
 *   back: told when the form is left undone, to give the keyboard back to what opened it
 */
export function smallForm({ id, fields, label, act, back, danger = false }) {
  const said = el("p", { class: "warning", role: "alert", hidden: true });
  const leave = () => {
    form.remove();
    back();
  };
  const submit = el("button", { type: "submit", class: danger ? "primary" : "primary calm" }, label);
  const form = el("form", { class: "small-form", id, novalidate: true, on: {
    submit: async (event) => {
      event.preventDefault();
      said.hidden = true;
      if (submit.disabled || !isFit(form)) return;
      submit.disabled = true;
      try {
        await act(new FormData(form));
        form.remove();
      } catch (error) {
        submit.disabled = false;
        said.hidden = false;
        setText(said, sentence(error));
      }
    },
    keydown: (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      leave();
    },
  } }, ...fields, said, el("div", { class: "buttons" }, submit, el("button", { type: "button", class: "quiet", on: { click: leave } }, word("cancel"))));
  return form;
}
