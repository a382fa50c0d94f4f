// The board: what the desk knows of open incidents and the fleet, kept true by the event log.
//
// An event only says that something changed; what it is now, the board asks the server, once for all events that came
// together. So no rule of the centre is written twice, and nobody sees more than the server shows him.

import { ask } from "./api.js";
import { Live } from "./live.js";

const TOUCHING = /^(incident|assignment|unit|handover|directory)\./;
const AGAIN_MS = 3000;

/**
 * Fires "change" (detail: {incidents: Set of ids, units: Set of ids, whole: boolean}), "moved" (detail: ids of units whose
 * position changed), "log" (detail: one event of the log) and "connection" (detail: {lost: boolean, since: Date|null by
 * the server's clock, was: seconds it was gone}).
 */
export class Board extends EventTarget {
  constructor() {
    super();
    this.incidents = new Map();
    this.units = new Map();
    this.seq = 0;
    this.skew = 0;
    this.lostSince = null;
  }

  /** Ask for the board; nothing is told before `start`. */
  async load() {
    this.asked = Date.now();
    this.loaded = await ask("board", {}, undefined, { background: true });
    this.skew = Date.parse(this.loaded.now) - (this.asked + Date.now()) / 2;
  }

  /** Show the board that was loaded, and follow it from now on. */
  start() {
    this.#take(this.loaded);
    this.loaded = null;
    this.live = new Live({ seq: this.seq, positions: true, before: (_, signal) => this.#caughtUp(signal) });
    this.live.addEventListener("log", ({ detail }) => this.#log(detail));
    this.live.addEventListener("positions", ({ detail }) => this.#moved(detail));
    this.live.addEventListener("lost", ({ detail }) => this.#connection(detail.since));
    this.live.addEventListener("open", () => this.#connection(null));
    this.live.connect();
  }

  /** Milliseconds since 1970 by the server's clock: a desk's own may be minutes off. */
  now() {
    return Date.now() + this.skew;
  }

  /** Seconds since a moment that the server told. */
  since(text) {
    return (this.now() - Date.parse(text)) / 1000;
  }

  /** Read everything again. */
  async reload() {
    await this.#read();
  }

  /** Ask now for what changed, as after an own command: nobody waits for the event to come round. */
  async refresh() {
    if (this.reading) {
      this.dirty = true;
      return this.reading;
    }
    this.reading = this.#catchUp();
    try {
      await this.reading;
    } finally {
      this.reading = null;
    }
  }

  async #catchUp() {
    do {
      this.dirty = false;
      try {
        await this.#read(this.seq);
      } catch (error) {
        if (!error.lost && !error.status) throw error;
        // Told again by the next event or when the connection is back; in case neither comes, by the clock.
        clearTimeout(this.again);
        this.again = setTimeout(() => this.refresh(), AGAIN_MS);
        return;
      }
    } while (this.dirty);
  }

  async #read(after, signal) {
    const asked = Date.now();
    const found = await ask("board", after === undefined ? {} : { after }, signal, { background: true });
    // The answer was made between asking and hearing: half of the way is as near as can be known.
    this.skew = Date.parse(found.now) - (asked + Date.now()) / 2;
    this.#take(found);
    return found;
  }

  #take(found) {
    if (found.whole) {
      this.incidents = new Map();
      this.units = new Map();
    }
    for (const one of found.incidents) this.incidents.set(one.incident_id, one);
    for (const one of found.units) this.units.set(one.unit_id, this.#newest(one));
    for (const one of found.gone) this.incidents.delete(one);
    for (const one of found.gone_units) this.units.delete(one);
    this.seq = found.seq;
    const incidents = new Set([...found.incidents.map((one) => one.incident_id), ...found.gone]);
    const units = new Set([...found.units.map((one) => one.unit_id), ...found.gone_units]);
    if (found.whole || incidents.size || units.size) this.#fire("change", { incidents, units, whole: found.whole });
  }

  /** A position may have come by the stream that is newer than the one in the answer. */
  #newest(unit) {
    const known = this.places?.get(unit.unit_id);
    if (!known || (unit.fix_time && Date.parse(unit.fix_time) >= Date.parse(known[2]))) return unit;
    return { ...unit, lat: known[0], lon: known[1], fix_time: known[2] };
  }

  async #caughtUp(signal) {
    // What was missed is shown first. Where too much was, its events are not told one by one.
    const before = this.seq;
    const found = await this.#read(before, signal);
    return found.whole ? found.seq : this.live.seq;
  }

  #log(event) {
    this.#fire("log", event);
    if (event.seq > this.seq && TOUCHING.test(event.type)) this.refresh();
  }

  #moved({ units }) {
    this.places ??= new Map();
    const moved = [];
    for (const [unitId, lat, lon, fixTime] of units) {
      this.places.set(unitId, [lat, lon, fixTime]);
      const unit = this.units.get(unitId);
      if (!unit || (unit.lat === lat && unit.lon === lon && unit.fix_time === fixTime)) continue;
      this.units.set(unitId, { ...unit, lat, lon, fix_time: fixTime });
      moved.push(unitId);
    }
    if (moved.length) this.#fire("moved", moved);
  }

  #connection(since) {
    const before = this.lostSince;
    this.lostSince = since && new Date(since.getTime() + this.skew);
    const wasGone = since === null && before !== null;
    this.#fire("connection", { lost: since !== null, since: this.lostSince ?? before, was: wasGone ? (this.now() - before) / 1000 : 0 });
  }

  #fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
