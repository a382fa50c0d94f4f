// What the keys of the form do, step by step. In a field they are letters, but for Enter, Esc and the function keys.

import { isTyping } from "./page.js";
import { currentLanguage } from "./words.js";

const LEAVING = { i: "information", t: "test" };
const SEVERITIES = ["critical", "high", "moderate", "low"];

export class CallKeys {
  /** @param {import("./call_form.js").CallForm} form */
  constructor(form) {
    this.form = form;
  }

  pressed(event) {
    if (!this.form.draft.isOpen || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = isTyping(event);
    // While the form has the keyboard, letters are its own; the command line alone is opened from everywhere.
    if (event.key.length === 1 && (typing || !["/", ":"].includes(event.key))) event.stopPropagation();
    if (this.#anyKey(event) || (typing ? this.#typingKey(event) : this.#stepKey(event))) event.preventDefault();
  }

  /** Keys that mean the same wherever the form has the focus. */
  #anyKey(event) {
    if (event.key === "Escape") this.form.leave();
    else if (event.key === "F2" && this.form.duplicates[0]) this.form.join(this.form.duplicates[0].incident_id);
    else if (event.key === "F4") this.form.drill();
    else if (event.key === "F8") this.form.type("ghost");
    else if (event.key === "F9") this.form.type("prank");
    else return false;
    return true;
  }

  #typingKey(event) {
    if (event.key !== "Enter" || event.target === this.form.paper.box?.input) return false;
    if (event.target.name === "reason") this.form.assign();
    else if (event.target.name === "name" || event.target.name === "number") this.form.paper.focusStep();
    else if (event.target.name === "note" || event.target.dataset.question) this.form.paper.focusStep();
    else return false;
    return true;
  }

  #stepKey(event) {
    const { step } = this.form.data;
    const key = event.key.toLowerCase();
    if (event.key === "Enter" && event.target.matches("button, summary, a")) return false;
    // A key that is held down says nothing of what has come meanwhile.
    if (event.key === "Enter" && event.repeat) return true;
    if (event.key === "Backspace") this.form.back();
    else if (step === "confirm") return this.#confirmKey(key);
    else if (!this.form.intake) return false; // the directory is still on its way
    else if (step === "what") return this.#chooseBy(key, this.form.intake.categories, (one) => this.form.category(one.id));
    else if (step === "details") return this.#detailsKey(key);
    else if (step === "units") return this.#unitsKey(key, event);
    else if (step === "leave" && LEAVING[key]) this.form.type(LEAVING[key]);
    else if (step === "leave" && key === "e") this.form.justEnd();
    else return false;
    return true;
  }

  #confirmKey(key) {
    const { asked } = this.form.resolved;
    const choices = [...(asked.place ? [asked.place] : []), ...asked.alternatives];
    const chosen = key === "enter" ? choices[0] : /^[1-9]$/.test(key) ? choices[Number(key) - 1] : null;
    if (chosen) this.form.choose(chosen);
    return Boolean(chosen);
  }

  #chooseBy(key, choices, choose) {
    const chosen = choices.find((one) => one.letter === key);
    if (chosen) choose(chosen);
    return Boolean(chosen);
  }

  #detailsKey(key) {
    const question = this.form.questions()[this.form.asked];
    const option = question?.answers.find((one) => one.letter[currentLanguage()] === key);
    if (/^[1-4]$/.test(key)) this.form.chooseSeverity(SEVERITIES[Number(key) - 1]);
    else if (key === "enter") this.form.open();
    else if (key === "arrowdown" || key === " ") this.form.step(1);
    else if (key === "arrowup") this.form.step(-1);
    else if (option) this.form.answer(question.id, option.id);
    else return false;
    return true;
  }

  #unitsKey(key, event) {
    if (key === "enter") this.form.assign({ pressedAt: event.timeStamp });
    else if (/^[1-9]$/.test(key)) return this.form.units.toggle(this.form.units.unitOfKey(Number(key)));
    else if (key === "r") this.form.rank();
    else if (key === "l") this.form.go("where");
    else return false;
    return true;
  }
}
