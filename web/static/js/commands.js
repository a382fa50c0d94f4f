// The commands of a control room: what each is called, what may follow, what it does, and what undoes it.
//
// A command gives {said, undo?}: the sentence that answers it, and the correcting step that takes it back. What was done
// stays in the log; to undo is to do the opposite, or to report that the report was a mistake.

import { ofAsked, ofCandidate } from "./places.js";
import { placeText } from "./queue.js";
import { incidentsMeant, shortIncident, unitsMeant } from "./short_ids.js";
import { currentLanguage, word, wordOf } from "./words.js";

/** A command that cannot be carried out as it is written: one sentence, and perhaps the line that would do it. */
export class Refusal extends Error {
  constructor(text, { line = null } = {}) {
    super(text);
    this.line = line;
  }
}

export const STATUSES = {
  en_route: ["er", "mj", "otw", "menuju"],
  on_scene: ["os", "tkp", "lokasi"],
  transporting: ["tr", "bw", "membawa"],
  at_hospital: ["ah", "rs"],
  returning: ["cl", "rt", "kembali", "selesai"],
  available: ["av", "sp", "siap"],
  out_of_service: ["oo", "rusak", "nonaktif"],
};

/** A unit in one of these has not reached the incident that it was given, and can be given another. */
const ON_THE_WAY = ["dispatched", "en_route"];
const SEVERITIES = ["critical", "high", "moderate", "low"];
const PLACES_NAMED = 4;
const OPTIONS = 8;

const at = (...parts) => parts.map((part, n) => (n % 2 ? encodeURIComponent(part) : part)).join("/");

export class Commands {
  /** @param {object} desk @param {() => object} intake what the form of a call is made of, or null */
  constructor(desk, intake) {
    this.desk = desk;
    this.intake = intake;
    this.picked = new Map();
    this.all = [
      { name: "d", aliases: ["dispatch", "kirim"], needs: "assign", run: this.#dispatch, options: this.#unitsThenIncident },
      { name: "d!", aliases: ["dispatch!", "kirim!", "divert", "alihkan"], needs: "assign", run: this.#dispatch, options: this.#unitsThenIncident, isHidden: true },
      { name: "s", aliases: ["status"], needs: "status:write", run: this.#status, options: this.#unitThenStatus },
      { name: "i", aliases: ["incident", "insiden", "new", "baru"], needs: "incident:write", run: this.#open, options: this.#categoryThenPlace },
      { name: "c", aliases: ["close", "tutup"], needs: "incident:write", run: this.#close, options: this.#incidentThenDisposition },
      { name: "c!", aliases: ["close!", "tutup!"], needs: "incident:write", run: this.#close, options: this.#incidentThenDisposition, isHidden: true },
      { name: "n", aliases: ["note", "catat", "catatan"], needs: "note:write", run: this.#note, options: this.#incident },
      { name: "v", aliases: ["village", "desa", "tanya"], needs: "incident:write", run: this.#askVillage, options: this.#incident },
      { name: "o", aliases: ["agency", "opd", "beritahu"], needs: "incident:write", run: this.#tellAgency, options: this.#incidentThenAgency },
      { name: "r", aliases: ["recommend", "rekomendasi"], needs: "assign", run: this.#recommend, options: this.#incident },
      { name: "u", aliases: ["unit"], needs: "fleet:read", run: this.#findUnit, options: this.#unit },
      { name: "f", aliases: ["find", "cari"], needs: "centre:read", run: this.#find, options: this.#incident },
      { name: "x", aliases: ["recall", "tarik"], needs: "assign", run: this.#recall, options: this.#unit },
      { name: "undo", aliases: ["batal", "z"], needs: "note:write", run: null, options: () => [] },
      { name: "h", aliases: ["help", "bantuan", "?"], needs: "region:read", run: null, options: this.#commandNames },
    ];
  }

  /** The command of a name, or undefined. */
  find(name) {
    const wanted = name.toLowerCase();
    return this.all.find((one) => one.name === wanted || one.aliases.includes(wanted));
  }

  /** What may be written at the end of a line: texts to put in its place, each with a few words. */
  async options(text, signal) {
    const [head, ...words] = text.replace(/^[/:]+/, "").split(/\s+/);
    if (!words.length) return this.#commandNames([head]).map((one) => ({ ...one, text: "/" + one.text, next: true }));
    const command = this.find(head);
    if (!command || !this.desk.may(command.needs)) return [];
    return command.options.call(this, words, signal);
  }

  /** Carry out a line. @param {string} key of all its requests */
  async run(command, words, key) {
    let requests = 0;
    const send = (method, path, body) => this.desk.send(method, path, body, { key: `${key}.${requests++}` });
    return command.run.call(this, words, send, command);
  }

  usage(command) {
    const name = command.name.replace("!", "");
    return { usage: `/${name} ${wordOf("line_commands", name)[0]}`.trim(), example: wordOf("line_examples", name) };
  }

  // --- the commands ----------------------------------------------------------------------------------------------

  async #dispatch(words, send, command) {
    if (!words.length) this.#misused(command);
    const diverts = command.name.endsWith("!");
    const { unitTexts, incidentText, reason } = diverts ? this.#namedWithReason(words) : this.#named(words);
    const incidentId = incidentText ? this.#theIncident(incidentText) : this.#selectedIncident();
    const units = unitTexts.map((text) => this.#theUnit(text));
    const before = units.map((unitId) => this.#standing(unitId, incidentId));
    const taken = before.filter((one) => one.from);
    if (taken.length && !diverts) {
      throw new Refusal([...taken.map((one) => word("line_on_the_way", { unit: one.unitId, incident: one.from, what: this.#incidentWords(one.from) })), word("line_divert_how")].join(" "),
        { line: `/d! ${units.join(" ")} ${shortIncident(incidentId, this.#open_ids())} ` });
    }
    await send("POST", at("incidents", incidentId, "assignments"), { unit_ids: units, ...(diverts ? { divert: true } : {}), ...(reason ? { override_reason: reason } : {}) });
    const said = [word("line_dispatched", { units: units.join(", "), incident: incidentId }), ...taken.map((one) => word("line_diverted", { unit: one.unitId, incident: one.from }))];
    return { said: said.join(" "), undo: { kind: "assign", incidentId, units: before }, select: incidentId };
  }

  /** Units, and the incident where the last word is one. */
  #named(words) {
    const last = words.length > 1 ? words.at(-1) : null;
    const isIncident = last !== null && (this.#isIncident(last) || !this.#isUnit(last));
    return { unitTexts: isIncident ? words.slice(0, -1) : words, incidentText: isIncident ? last : null, reason: "" };
  }

  /** Units, the incident, and what stands behind it. */
  #namedWithReason(words) {
    const n = words.findIndex((text, i) => i > 0 && this.#isIncident(text) && (/^[I#]|-/i.test(text) || !this.#isUnit(text)));
    if (n < 0) return this.#named(words);
    return { unitTexts: words.slice(0, n), incidentText: words[n], reason: words.slice(n + 1).join(" ").slice(0, 200) };
  }

  /** How a unit stands before it is sent; from: the other incident that it is on its way to, and has not reached. */
  #standing(unitId, incidentId) {
    const unit = this.desk.board.units.get(unitId);
    const from = unit?.incident_id && unit.incident_id !== incidentId && ON_THE_WAY.includes(unit.status) ? unit.incident_id : null;
    return { unitId, was: unit?.status, from };
  }

  #incidentWords(incidentId) {
    const one = this.desk.board.incidents.get(incidentId);
    return one ? [this.desk.categoryName(one.category), placeText(one)].join(", ") : "";
  }

  async #status(words, send, command) {
    const [unitText, statusText, ...rest] = words;
    if (!unitText || !statusText) this.#misused(command);
    const unitId = this.#theUnit(unitText);
    const status = statusMeant(statusText);
    if (!status) throw new Refusal(word("line_no_status", { text: statusText, known: Object.values(STATUSES).map(([code]) => code).join(", ") }));
    const was = this.desk.board.units.get(unitId)?.status;
    const hospital = rest.join(" ").slice(0, 200);
    const found = await send("POST", at("units", unitId, "status"), { status, ...(hospital ? { hospital } : {}) });
    const said = word("line_status", { unit: unitId, status: wordOf("unit_statuses", status) });
    if (was === status) return { said };
    return { said, undo: { kind: "status", unitId, wrong: status, right: was, assignmentId: found.assignments?.[0]?.assignment_id ?? null }, unit: unitId };
  }

  async #open(words, send, command) {
    const [categoryText, ...rest] = words;
    const severity = /^[1-4]$/.test(rest[0] ?? "") ? SEVERITIES[Number(rest.shift()) - 1] : null;
    const text = rest.join(" ");
    if (!categoryText || !text) this.#misused(command);
    const category = this.#chosen(categoryText, this.intake()?.categories ?? [], "line_no_category", "line_categories");
    const place = await this.#thePlace(text);
    const found = await send("POST", "incidents", { category: category.id, location: place.location, ...(severity ? { severity } : {}) });
    const incidentId = found.incidents[0].incident_id;
    return {
      said: word("line_opened", { incident: incidentId, category: category.name[currentLanguage()], place: place.shown }),
      undo: { kind: "open", incidentId }, select: incidentId,
    };
  }

  async #close(words, send, command) {
    const [incidentText, dispositionText, ...rest] = words;
    if (!incidentText || !dispositionText) this.#misused(command);
    const incidentId = this.#theIncident(incidentText);
    const disposition = this.#chosen(dispositionText, this.intake()?.dispositions ?? [], "line_no_disposition", "line_categories");
    const frees = command.name.endsWith("!");
    const bound = [...this.desk.board.units.values()].filter((one) => one.incident_id === incidentId);
    const note = rest.join(" ");
    await send("POST", at("incidents", incidentId, "close"), { disposition: disposition.id, release_units: frees, ...(note ? { note } : {}) });
    const units = frees ? bound.map((one) => ({ unitId: one.unit_id, was: one.status, assignmentId: one.assignment_id })) : [];
    return { said: word("line_closed", { incident: incidentId, disposition: disposition.name[currentLanguage()] }), undo: { kind: "close", incidentId, units } };
  }

  async #note(words, send, command) {
    const isNamed = words.length > 1 && this.#isIncident(words[0]);
    const incidentId = isNamed ? this.#theIncident(words[0]) : this.#selectedIncident();
    const text = (isNamed ? words.slice(1) : words).join(" ");
    if (!text) this.#misused(command);
    await send("POST", at("incidents", incidentId, "notes"), { text });
    return { said: word("line_noted", { incident: incidentId }), undo: { kind: "note" } };
  }

  /** Ask the village where an incident is whether the report is true; its officials answer on their own page. */
  async #askVillage(words, send) {
    const isNamed = words.length > 0 && this.#isIncident(words[0]);
    const incidentId = isNamed ? this.#theIncident(words[0]) : this.#selectedIncident();
    const village = this.desk.board.incidents.get(incidentId)?.place.village;
    if (!village) throw new Refusal(word("line_no_village", { incident: incidentId }));
    const { officials } = await this.desk.ask(at("incidents", incidentId, "inquiries"), {});
    const post = (isNamed ? words.slice(1) : words).join(" ") || officials[0]?.post || word("line_post");
    await send("POST", at("incidents", incidentId, "verifications"), { village_code: village.code, post });
    return { said: word("line_village_asked", { village: village.name, post, incident: incidentId }), undo: { kind: "told" }, select: incidentId };
  }

  async #tellAgency(words, send, command) {
    const isNamed = words.length > 1 && this.#isIncident(words[0]);
    const incidentId = isNamed ? this.#theIncident(words[0]) : this.#selectedIncident();
    const text = (isNamed ? words.slice(1) : words).join(" ");
    if (!text) this.#misused(command);
    const agency = this.#chosen(text, this.#agencies(), "line_no_agency", "line_agencies");
    await send("POST", at("incidents", incidentId, "notified"), { agency: agency.id });
    return { said: word("line_told", { agency: this.desk.agencyName(agency.id), incident: incidentId }), undo: { kind: "told" }, select: incidentId };
  }

  #agencies() {
    return this.desk.directory.agencies.map((one) => ({ id: one.agency_id, name: { id: one.name, en: one.name } }));
  }

  async #recommend(words) {
    const incidentId = words.length ? this.#theIncident(words[0]) : this.#selectedIncident();
    const { recommendation_id: id } = await this.desk.send("POST", at("incidents", incidentId, "recommendations"));
    const { text } = await this.desk.ask(at("recommendations", id, "text"), { lang: currentLanguage() });
    return { said: text, select: incidentId };
  }

  async #findUnit(words, _, command) {
    if (!words.length) this.#misused(command);
    const unit = this.desk.board.units.get(this.#theUnit(words[0]));
    const on = unit.incident_id ? word("line_unit_on", { incident: unit.incident_id }) : "";
    return { said: word("line_unit", { unit: unit.unit_id, status: wordOf("unit_statuses", unit.status), incident: on }), unit: unit.unit_id, shows: "units" };
  }

  async #find(words, _, command) {
    const text = words.join(" ");
    if (!text) this.#misused(command);
    const named = incidentsMeant(text, this.#open_ids());
    const wanted = text.toLowerCase();
    const found = named.length ? named : [...this.desk.board.incidents.values()].filter((one) =>
      [placeText(one), this.desk.categoryName(one.category)].join(" ").toLowerCase().includes(wanted)).map((one) => one.incident_id);
    if (!found.length) throw new Refusal(word("line_found_none", { text }));
    if (found.length > 1) return { said: word("line_found_many", { n: found.length, incidents: found.slice(0, OPTIONS).join(", ") }), select: found[0] };
    const one = this.desk.board.incidents.get(found[0]);
    return { said: word("line_found", { incident: found[0], category: this.desk.categoryName(one.category), place: placeText(one) }), select: found[0] };
  }

  async #recall(words, send, command) {
    const [unitText, ...rest] = words;
    if (!unitText) this.#misused(command);
    const unitId = this.#theUnit(unitText);
    const { status: was } = this.desk.board.units.get(unitId);
    const found = await send("POST", at("units", unitId, "recall"), { reason: rest.join(" ").slice(0, 200) || word("line_reason_recall") });
    const assignment = found.assignments[0];
    return {
      said: word("line_recalled", { unit: unitId, incident: assignment.incident_id }),
      undo: { kind: "recall", unitId, was, assignmentId: assignment.assignment_id }, unit: unitId,
    };
  }

  // --- undoing ---------------------------------------------------------------------------------------------------

  /** The correcting step of what a command did. Gives the sentence. */
  async undo(done, key) {
    let requests = 0;
    const send = (method, path, body) => this.desk.send(method, path, body, { key: `${key}.${requests++}` });
    const reason = word("line_reason_undo");
    switch (done.kind) {
      case "assign": return this.#standDown(done, send, reason);
      case "status": {
        await this.#takeBack(done, send, reason);
        return word("line_undo_status", { unit: done.unitId, status: wordOf("unit_statuses", done.right) });
      }
      case "recall": {
        await this.#takeBack({ unitId: done.unitId, wrong: "returning", right: done.was, assignmentId: done.assignmentId }, send, reason);
        return word("line_undo_status", { unit: done.unitId, status: wordOf("unit_statuses", done.was) });
      }
      case "open": {
        await send("POST", at("incidents", done.incidentId, "cancel"), { reason });
        return word("line_undo_open", { incident: done.incidentId });
      }
      case "join": {
        await send("POST", at("calls", done.callId, "link"), { incident_id: null });
        await send("POST", at("calls", done.callId, "type"), { call_type: "normal" });
        return word("line_undo_join", { call: done.callId, incident: done.incidentId });
      }
      case "merge": {
        await send("POST", at("incidents", done.incidentId, "status"), { status: "reopened" });
        await send("POST", at("calls", done.callId, "link"), { incident_id: done.incidentId });
        await send("POST", at("calls", done.callId, "type"), { call_type: "normal" });
        return word("line_undo_merge", { call: done.callId, incident: done.incidentId, into: done.into });
      }
      case "close": return this.#reopen(done, send, reason);
      case "told": throw new Refusal(word("line_undo_told"));
      default: throw new Refusal(word("line_undo_note"));
    }
  }

  /** One that has not set out stays where it is, one that has is called back; one that was diverted goes where it went before. */
  async #standDown({ incidentId, units }, send, reason) {
    const said = [];
    for (const one of units.filter(({ from }) => from)) {
      await send("POST", at("incidents", one.from, "assignments"), { unit_ids: [one.unitId], divert: true, override_reason: reason });
      if (one.was === "en_route") await send("POST", at("units", one.unitId, "status"), { status: "en_route" });
      said.push(word("line_undo_divert", { unit: one.unitId, incident: one.from }));
    }
    const returning = [];
    const others = units.filter(({ from }) => !from);
    for (const { unitId, was } of others) {
      try {
        await send("POST", at("units", unitId, "recall"), { reason, stood_down: was === "available" });
      } catch (error) {
        if (error.status !== 409 || was !== "available") throw error;
        await send("POST", at("units", unitId, "recall"), { reason });
        returning.push(unitId);
      }
    }
    if (others.length) said.push(word("line_undo_assign", { units: others.map((one) => one.unitId).join(", "), incident: incidentId }));
    if (returning.length) said.push(word("line_undo_returns", { units: returning.join(", ") }));
    return said.join(" ");
  }

  #takeBack({ unitId, wrong, right, assignmentId }, send, reason) {
    return send("POST", at("units", unitId, "status") + "/take-back", { wrong, right, reason, ...(assignmentId ? { assignment_id: assignmentId } : {}) });
  }

  async #reopen({ incidentId, units }, send, reason) {
    await send("POST", at("incidents", incidentId, "status"), { status: "reopened" });
    const said = [word("line_undo_close", { incident: incidentId })];
    for (const { unitId, was, assignmentId } of units) {
      try {
        await this.#takeBack({ unitId, wrong: "returning", right: was, assignmentId }, send, reason);
      } catch (error) {
        if (error.lost || !error.status) throw error;
        said.push(word("line_undo_unbound", { units: unitId, why: error.message }));
      }
    }
    return said.join(" ");
  }

  // --- what is meant ---------------------------------------------------------------------------------------------

  #misused(command) {
    throw new Refusal(word("line_usage", this.usage(command)));
  }

  #open_ids() {
    return this.desk.board.incidents.keys();
  }

  #isUnit(text) {
    return unitsMeant(text, this.desk.board.units.keys()).length > 0;
  }

  #isIncident(text) {
    return /^[I#]?[0-9][0-9-]*$/i.test(text) && incidentsMeant(text, this.#open_ids()).length > 0;
  }

  #theUnit(text) {
    const found = unitsMeant(text, this.desk.board.units.keys());
    if (found.length === 1) return found[0];
    if (found.length) throw new Refusal(word("line_units", { text, units: found.slice(0, OPTIONS).join(", ") }));
    throw new Refusal(word("line_no_unit", { text, example: this.desk.board.units.keys().next().value ?? "AMB-01" }));
  }

  #theIncident(text) {
    const found = incidentsMeant(text, this.#open_ids());
    if (found.length === 1) return found[0];
    if (found.length) throw new Refusal(word("line_incidents", { text, incidents: found.join(", ") }));
    throw new Refusal(word("line_no_incident", { text }));
  }

  #selectedIncident() {
    const chosen = this.desk.selected();
    if (!chosen) throw new Refusal(word("line_which_incident"));
    return chosen;
  }

  #chosen(text, choices, none, many) {
    const found = choicesMeant(text, choices);
    if (found.length === 1) return found[0];
    throw new Refusal(word(found.length ? many : none, { text, known: (found.length ? found : choices).map((one) => one.id).join(", ") }));
  }

  async #thePlace(text) {
    if (this.picked.has(text)) return ofCandidate(this.picked.get(text));
    const { asked } = await this.desk.ask("locate", { at: text, lang: currentLanguage() });
    if (asked.confirm) {
      const choices = [...(asked.place ? [asked.place] : []), ...asked.alternatives];
      throw new Refusal(word("line_place_many", { text, places: choices.slice(0, PLACES_NAMED).map(placeName).join("; ") }));
    }
    return ofAsked(asked, text);
  }

  // --- what may follow -------------------------------------------------------------------------------------------

  #commandNames(words) {
    const wanted = (words.at(-1) ?? "").toLowerCase();
    return this.all.filter((one) => !one.isHidden && this.desk.may(one.needs) && [one.name, ...one.aliases].some((name) => name.startsWith(wanted)))
      .map((one) => ({ text: one.name, label: `/${one.name} ${wordOf("line_commands", one.name)[0]}`.trim(), detail: wordOf("line_commands", one.name)[1] }));
  }

  #unit([text, ...rest]) {
    return rest.length ? [] : this.#unitOptions(text);
  }

  #unitOptions(text) {
    const { units } = this.desk.board;
    const found = text ? unitsMeant(text, units.keys()) : [];
    return found.slice(0, OPTIONS).map((unitId) => ({ text: unitId, label: unitId, detail: [wordOf("unit_statuses", units.get(unitId).status), units.get(unitId).incident_id].filter(Boolean).join(" · "), next: true }));
  }

  #incident([text, ...rest]) {
    return rest.length ? [] : this.#incidentOptions(text);
  }

  #incidentOptions(text) {
    const { incidents } = this.desk.board;
    const meant = text ? incidentsMeant(text, incidents.keys()) : [...incidents.keys()].sort().reverse();
    return meant.slice(0, OPTIONS).map((id) => {
      const one = incidents.get(id);
      return { text: shortIncident(id, incidents.keys()), label: id, detail: [this.desk.categoryName(one.category), placeText(one)].join(" · "), next: true };
    });
  }

  #unitsThenIncident(words) {
    const text = words.at(-1);
    const units = this.#unitOptions(text).filter((one) => !words.slice(0, -1).includes(one.text));
    if (words.length === 1) return units;
    return [...(/^(I|#|[0-9]|$)/i.test(text) ? this.#incidentOptions(text) : []), ...units].slice(0, OPTIONS);
  }

  #unitThenStatus(words) {
    if (words.length === 1) return this.#unitOptions(words[0]);
    if (words.length > 2) return [];
    const wanted = words[1].toLowerCase();
    return Object.entries(STATUSES).filter(([status, codes]) => [status, ...codes, wordOf("unit_statuses", status).toLowerCase()].some((code) => code.startsWith(wanted)))
      .map(([status, codes]) => ({ text: codes[0], label: codes[0], detail: wordOf("unit_statuses", status) }));
  }

  #incidentThenDisposition(words) {
    if (words.length === 1) return this.#incidentOptions(words[0]);
    return words.length === 2 ? choiceOptions(words[1], this.intake()?.dispositions ?? []) : [];
  }

  #incidentThenAgency(words) {
    if (words.length === 1) return this.#incidentOptions(words[0]);
    return words.length === 2 ? choiceOptions(words[1], this.#agencies()) : [];
  }

  async #categoryThenPlace(words, signal) {
    if (words.length === 1) return choiceOptions(words[0], this.intake()?.categories ?? []);
    const text = words.slice(/^[1-4]$/.test(words[1]) ? 2 : 1).join(" ");
    if (text.length < 2 || this.picked.has(text)) return [];
    const { candidates } = await this.desk.ask("search", { q: text, limit: OPTIONS, lang: currentLanguage() }, signal);
    return candidates.map((candidate) => ({ text: placeName(candidate), label: candidate.name, detail: [wordOf("kinds", candidate.kind), candidate.kecamatan].filter(Boolean).join(" · "), replaces: text, candidate }));
  }
}

/** The status that a code or a word means, or undefined. */
function statusMeant(text) {
  const wanted = text.toLowerCase();
  return Object.keys(STATUSES).find((status) => status === wanted || STATUSES[status].includes(wanted));
}

/** The choices (with ids, letters and names) that a text may mean: those of the best fit. */
export function choicesMeant(text, choices) {
  const wanted = text.toLowerCase();
  const names = (one) => Object.values(one.name).map((name) => name.toLowerCase());
  const fits = [
    (one) => one.id === wanted || one.letter === wanted || names(one).includes(wanted),
    (one) => one.id.startsWith(wanted) || names(one).some((name) => name.startsWith(wanted)),
    (one) => names(one).some((name) => name.split(/[^a-z0-9]+/).some((part) => part.startsWith(wanted))),
    (one) => one.id.split("_").some((part) => part.startsWith(wanted)),
  ];
  for (const fit of fits) {
    const found = choices.filter(fit);
    if (found.length) return found;
  }
  return [];
}

const choiceOptions = (text, choices) => (text ? choicesMeant(text, choices) : choices)
  .map((one) => ({ text: one.id, label: one.id, detail: one.name[currentLanguage()], next: true }));

const placeName = (candidate) => [candidate.name, candidate.kecamatan !== candidate.name && candidate.kecamatan].filter(Boolean).join(", ");
