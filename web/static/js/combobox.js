// The location box: suggestions while typing, as an ARIA combobox with a listbox.

import { ask } from "./api.js";
import { byId, el } from "./dom.js";
import { kindWord, word } from "./words.js";

const PAUSE_MS = 140;
const LEAST_LETTERS = 2;
const MOST_LETTERS = 300;

export class LocationBox {
  /**
   * @param {{onText: (text: string) => void, onCandidate: (candidate: object) => void, onClear: () => void, onEmpty?: () => void, onTyped?: (text: string) => void, onLost: (lost: boolean) => void, says: (text: string) => void}} handlers
   *   onEmpty: the empty box was sent; without it that clears
   * @param {{input: HTMLInputElement, list: HTMLElement, clear: HTMLElement, form: HTMLFormElement}} [parts] those of the page without it
   */
  constructor(handlers, parts = { input: byId("at"), list: byId("suggestions"), clear: byId("clear"), form: byId("ask") }) {
    this.handlers = handlers;
    this.input = parts.input;
    this.list = parts.list;
    this.clear = parts.clear;
    this.candidates = [];
    this.active = -1;
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => setTimeout(() => {
      if (document.activeElement !== this.input) this.close(); // who is back already is not disturbed
    }, 150));
    this.clear.addEventListener("click", () => this.#cleared());
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  get text() {
    return this.input.value;
  }

  set text(value) {
    this.input.value = value;
    this.clear.hidden = !value;
    this.#stop();
    this.close();
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  close() {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.candidates = [];
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #stop() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  #typed() {
    this.clear.hidden = !this.input.value;
    this.handlers.onTyped?.(this.input.value);
    this.#stop();
    const text = this.input.value.trim();
    if (text.length < LEAST_LETTERS || text.length > MOST_LETTERS) {
      this.close();
      return;
    }
    this.timer = setTimeout(() => this.#suggest(text), PAUSE_MS);
  }

  async #suggest(text) {
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const found = await ask("search", { q: text, limit: 8 }, signal);
      if (signal.aborted) return;
      this.handlers.onLost(false);
      this.#show(found.candidates);
    } catch (error) {
      if (signal.aborted) return;
      this.close();
      if (error.lost) this.handlers.onLost(true);
    }
  }

  #show(candidates) {
    this.candidates = candidates;
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...candidates.map((candidate, n) => this.#option(candidate, n)));
    const open = candidates.length > 0;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.handlers.says(open ? word("count_suggestions", { n: candidates.length }) : word("no_suggestions"));
  }

  #option(candidate, n) {
    return el(
      "li",
      {
        role: "option", id: `${this.list.id}-${n}`, "aria-selected": "false",
        on: {
          mousedown: (event) => event.preventDefault(),
          click: () => this.#choose(n),
        },
      },
      el("span", { class: "suggestion-name" }, candidate.name),
      el("span", { class: "suggestion-kind" }, kindWord(candidate.kind)),
      el("span", { class: "suggestion-where" }, placeLine(candidate)),
    );
  }

  #key(event) {
    const many = this.candidates.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (many === 0) {
        if (event.key === "ArrowDown") this.#typed();
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#activate(((this.active + step + many + 1) % (many + 1)));
    } else if (event.key === "Escape") {
      if (this.list.hidden && !this.input.value) return;
      event.stopPropagation();
      if (!this.list.hidden) this.close();
      else this.#cleared();
    } else if (event.key === "Enter" && this.active >= 0 && this.active < many) {
      event.preventDefault();
      this.#choose(this.active);
    }
  }

  /** The place after the last option is the box itself. */
  #activate(n) {
    this.active = n === this.candidates.length ? -1 : n;
    for (const [i, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(i === this.active));
      if (i === this.active) option.scrollIntoView({ block: "nearest" });
    }
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #choose(n) {
    const candidate = this.candidates[n];
    this.text = candidate.name;
    this.handlers.onCandidate(candidate);
  }

  #submit() {
    const text = this.input.value.trim();
    this.#stop();
    this.close();
    if (text) this.handlers.onText(text);
    else (this.handlers.onEmpty ?? this.handlers.onClear)();
  }

  #cleared() {
    this.text = "";
    this.handlers.onClear();
    this.input.focus();
  }
}

/** Where a candidate lies, in words. */
export function placeLine(candidate) {
  const parts = [];
  if (candidate.village && candidate.kind !== "village") parts.push(candidate.village);
  if (candidate.kecamatan) parts.push(word("kecamatan") + " " + candidate.kecamatan);
  return parts.join(", ") || candidate.reason || "";
}
