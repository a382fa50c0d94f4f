// The command line of the desk: opened by / or :, with completion, history, help, and undo by a correcting event.

import { newKey } from "./api.js";
import { Commands, Refusal } from "./commands.js";
import { el, icon } from "./dom.js";
import { word, wordOf } from "./words.js";
import "./words_line.js";

const KEPT = "siaga112-line";
const HISTORY = 50;
const UNDOS = 20;
const PAUSE_MS = 120;

export class CommandLine {
  /** @param {HTMLElement} host @param {object} desk */
  constructor(host, desk) {
    this.host = host;
    this.desk = desk;
    this.intake = null;
    this.commands = new Commands(desk, () => this.intake);
    this.past = { history: [], undos: [], pending: null, ...this.#kept() };
    this.at = this.past.history.length;
    this.options = [];
    this.active = -1;
    this.#build();
    for (const key of ["/", ":"]) desk.onKey(key, () => this.open(), "line_label");
    document.addEventListener("click", (event) => {
      if (!this.host.contains(event.target)) this.#hide();
    });
  }

  translate() {
    this.input.placeholder = word("line_placeholder");
    this.input.setAttribute("aria-label", word("line_label"));
    this.list.setAttribute("aria-label", word("line_completions"));
    this.#hide();
  }

  open(text = "/") {
    this.#learn();
    if (document.activeElement !== this.input) this.cameFrom = document.activeElement;
    if (!this.input.value) this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
    this.#suggest();
  }

  #build() {
    this.input = el("input", {
      id: "command", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "command-options",
      autocapitalize: "off", autocorrect: "off", autocomplete: "off", spellcheck: "false", enterkeyhint: "go", maxlength: 2000,
    });
    this.list = el("ul", { id: "command-options", class: "line-options", role: "listbox", hidden: true });
    this.answer = el("div", { id: "command-answer", class: "line-answer", "aria-live": "polite", hidden: true });
    const form = el("form", { class: "line-form", autocomplete: "off" }, el("kbd", { "aria-hidden": "true" }, "/"), this.input);
    this.host.replaceChildren(form, el("div", { class: "line-below" }, this.list, this.answer));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("input", () => {
      this.at = this.past.history.length;
      this.#suggest();
    });
    this.input.addEventListener("focus", () => this.#learn());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => setTimeout(() => {
      if (document.activeElement !== this.input) this.#closeList(); // who is back already is not disturbed
    }, 150));
    this.translate();
  }

  async #learn() {
    if (this.intake) return;
    this.learning ??= this.desk.ask("intake").then((found) => { this.intake = found; }, (error) => {
      if (!error.lost && !error.status) throw error;
    }).finally(() => { this.learning = null; });
    await this.learning;
  }

  // --- running ---------------------------------------------------------------------------------------------------

  async #submit() {
    const text = this.input.value.trim();
    this.#closeList();
    const bare = text.replace(/^[/:\s]+/, "");
    if (!bare || this.isBusy) return;
    await this.#learn();
    const [name, ...words] = bare.split(/\s+/);
    const command = this.commands.find(name);
    this.isBusy = true;
    this.host.setAttribute("aria-busy", "true");
    // What was not answered is sent again under its key, so that it is done once.
    const key = this.past.pending?.text === text ? this.past.pending.key : newKey();
    this.past.pending = isPrivate(command) ? null : { text, key };
    this.pendingKey = { text, key };
    try {
      if (!command) throw new Refusal(word("line_unknown", { name }));
      if (!this.desk.may(command.needs)) throw new Refusal(word("line_no_right", { name: command.name }));
      if (command.name === "h") this.#help(words[0]);
      else if (command.name === "undo") await this.#undo(key);
      else await this.#run(command, words, key, text);
      this.#remember(command, text);
      this.past.pending = null;
      this.input.value = "";
    } catch (error) {
      this.#failed(error, text);
    } finally {
      this.isBusy = false;
      this.host.removeAttribute("aria-busy");
      this.#keep();
    }
  }

  async #run(command, words, key, text) {
    const done = await this.commands.run(command, words, key);
    if (done.undo) this.past.undos = [...this.past.undos, { ...done.undo, text: shownText(command, text) }].slice(-UNDOS);
    await this.desk.refresh();
    if (done.select) this.desk.select(done.select);
    if (done.unit) this.desk.selectUnit(done.unit);
    if (done.shows) this.desk.show(done.shows);
    this.#say(done.said);
    this.input.focus();
  }

  /** Something was done elsewhere on this screen that can be taken back here. */
  did(undo, text) {
    this.past.undos = [...this.past.undos, { ...undo, text }].slice(-UNDOS);
    this.#keep();
  }

  async #undo(key) {
    const last = this.past.undos.at(-1);
    if (!last) throw new Refusal(word("line_undo_nothing"));
    try {
      const said = await this.commands.undo(last, key);
      this.past.undos.pop();
      this.#say(word("line_undone", { command: last.text, said }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // What can never be undone does not stand in the way of what was done before it.
      this.past.undos.pop();
      const next = this.past.undos.at(-1);
      throw new Refusal([error.message, next ? word("line_undo_next", { command: next.text }) : ""].filter(Boolean).join(" "));
    }
    await this.desk.refresh();
  }

  #failed(error, text) {
    // Where another line would do what was meant, it stands there: Enter is the confirmation.
    if (error instanceof Refusal) this.#say(error.message, { isFault: true });
    else if (error.lost) this.#say(word("line_lost"), { isFault: true });
    else if (error.status) {
      const next = error.body?.next_best?.length ? word("line_next_best", { units: error.body.next_best.join(", ") }) : "";
      this.#say([error.message || word("failed"), next].filter(Boolean).join(" "), { isFault: true });
    } else throw error;
    if (!error.lost) this.past.pending = null;
    else this.past.pending ??= this.pendingKey;
    this.input.value = error.line ?? text;
    this.input.focus();
  }

  #say(text, { isFault = false } = {}) {
    this.answer.hidden = false;
    this.answer.className = "line-answer" + (isFault ? " line-fault" : "");
    this.answer.replaceChildren(...(isFault ? [icon("warn")] : []), el("p", { role: isFault ? "alert" : null }, text));
    this.desk.says(text);
  }

  // --- help ------------------------------------------------------------------------------------------------------

  #help(name) {
    const wanted = name ? this.commands.find(name.replace(/^[/:]+/, "")) : null;
    if (name && !wanted) throw new Refusal(word("line_unknown", { name }));
    const shown = this.commands.all.filter((one) => (wanted ? one === wanted : !one.isHidden && this.desk.may(one.needs)));
    this.answer.hidden = false;
    this.answer.className = "line-answer line-help";
    this.answer.replaceChildren(el("h2", {}, word("line_help")), el("table", {}, el("tbody", {}, shown.map((one) => {
      const base = one.name.replace("!", "");
      return el("tr", {}, el("th", { scope: "row" }, this.commands.usage(one).usage), el("td", {}, wordOf("line_commands", base)[1]), el("td", {}, el("code", {}, wordOf("line_examples", base))));
    }))), el("p", { class: "hint" }, word("line_help_keys")));
    this.desk.says(shown.map((one) => this.commands.usage(one).usage).join("; "));
  }

  // --- completing ------------------------------------------------------------------------------------------------

  #suggest() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.timer = setTimeout(() => this.#ask(this.input.value), PAUSE_MS);
  }

  async #ask(text) {
    const asking = (this.asking = new AbortController());
    let found = [];
    try {
      if (/^\s*[/:]?\S/.test(text)) found = await this.commands.options(text.trimStart(), asking.signal);
    } catch (error) {
      if (!asking.signal.aborted && !error.lost && !error.status) throw error;
    }
    if (asking.signal.aborted || this.input.value !== text || document.activeElement !== this.input) return;
    this.options = found;
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...found.map((one, n) => el("li", {
      role: "option", id: `command-option-${n}`, "aria-selected": "false",
      on: { mousedown: (event) => event.preventDefault(), click: () => this.#take(n) },
    }, el("strong", {}, one.label), el("span", { class: "muted" }, one.detail ?? ""))));
    this.list.hidden = !found.length;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) this.answer.hidden = true;
  }

  /** Put an option in place of what it completes. */
  #take(n) {
    const option = this.options[n];
    const text = this.input.value;
    const start = option.replaces ? text.length - option.replaces.length : text.length - /\S*$/.exec(text)[0].length;
    this.input.value = text.slice(0, start) + option.text + (option.next ? " " : "");
    if (option.candidate) this.commands.picked.set(option.text, option.candidate);
    this.#closeList();
    this.input.focus();
    if (option.next) this.#suggest();
  }

  #closeList() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.options = [];
    this.active = -1;
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.#closeList();
    this.answer.hidden = true;
  }

  // --- keys ------------------------------------------------------------------------------------------------------

  #key(event) {
    event.stopPropagation();
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const many = this.options.length;
    const isBrowsing = this.at < this.past.history.length;
    if (event.key === "ArrowDown" && isBrowsing) this.#browse(1);
    else if (event.key === "ArrowDown" && many) this.#activate(Math.min(many - 1, this.active + 1));
    else if (event.key === "ArrowDown") this.#suggest();
    else if (event.key === "ArrowUp" && this.active >= 0) this.#activate(this.active - 1);
    else if (event.key === "ArrowUp") this.#browse(-1);
    else if (event.key === "Enter" && this.active >= 0) this.#take(this.active);
    // Tab completes what was begun; with nothing begun it leaves, as everywhere.
    else if (event.key === "Tab" && !event.shiftKey && many && (this.active >= 0 || /\S$/.test(this.input.value))) this.#take(Math.max(0, this.active));
    else if (event.key === "Escape") this.#escape();
    else return;
    event.preventDefault();
  }

  #escape() {
    if (!this.list.hidden) {
      this.#closeList();
      return;
    }
    this.input.value = "";
    this.#hide();
    this.input.blur();
    if (this.cameFrom?.isConnected) this.cameFrom.focus();
    this.cameFrom = null;
  }

  #activate(n) {
    this.active = n;
    for (const [i, item] of [...this.list.children].entries()) {
      item.setAttribute("aria-selected", String(i === n));
      if (i === n) item.scrollIntoView({ block: "nearest" });
    }
    if (n >= 0) this.input.setAttribute("aria-activedescendant", `command-option-${n}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #browse(by) {
    const { history } = this.past;
    this.at = Math.max(0, Math.min(history.length, this.at + by));
    this.input.value = history[this.at] ?? "/";
    this.#closeList();
  }

  // --- what the tab keeps ----------------------------------------------------------------------------------------

  #remember(command, text) {
    const shown = shownText(command, text);
    this.past.history = [...this.past.history.filter((one) => one !== shown), shown].slice(-HISTORY);
    this.at = this.past.history.length;
  }

  #kept() {
    try {
      const found = JSON.parse(sessionStorage.getItem(KEPT));
      return found?.who === this.#who() ? found : {};
    } catch {
      return {};
    }
  }

  #keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ ...this.past, who: this.#who() }));
    } catch {
      // without storage it lasts as long as the page
    }
  }

  #who() {
    return this.desk.start.account?.login ?? "";
  }
}

/** Whether the text of a command may hold what is personal: such a text is not kept. */
const isPrivate = (command) => ["n", "c", "c!", "d!", "x"].includes(command?.name);

const shownText = (command, text) => {
  if (!isPrivate(command)) return text.startsWith("/") || text.startsWith(":") ? text : "/" + text;
  return text.split(/\s+/).slice(0, command.name === "n" || command.name === "x" ? 2 : 3).join(" ");
};
