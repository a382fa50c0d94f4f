// Follows the event log: every event once, in order, over one connection that is taken up again where it broke.
//
// By fetch and not by EventSource, which sends no headers, hides heartbeats, and so cannot tell a server that is silent
// from one that is gone (a laptop that slept, a cable that was pulled).

import { BACKGROUND, signInAgain } from "./api.js";

const SILENCE_MS = 25000;
const WATCH_MS = 2000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10000;

/**
 * Fires "log" (detail: one event of the log), "positions" (detail: {now, units: [[id, lat, lon, fix_time], …]}),
 * "open" (connected, also again) and "lost" (detail: {since: Date, by this machine's clock}).
 */
export class Live extends EventTarget {
  /**
   * @param {{seq: number, positions?: boolean, before?: (seq: number, signal: AbortSignal) => Promise<number>}} how seq: events after it are
   *   told; before: asked before a lost connection is taken up again, gives the seq to go on from
   */
  constructor({ seq, positions = false, before = async (known) => known }) {
    super();
    this.seq = seq;
    this.positions = positions;
    this.before = before;
    this.goneSince = null;
    this.tries = 0;
  }

  connect() {
    this.stopped = false;
    this.heard = Date.now();
    clearInterval(this.watch);
    this.watch = setInterval(() => this.#look(), WATCH_MS);
    addEventListener("online", this.now);
    document.addEventListener("visibilitychange", this.now);
    this.#run();
  }

  close() {
    this.stopped = true;
    clearInterval(this.watch);
    removeEventListener("online", this.now);
    document.removeEventListener("visibilitychange", this.now);
    this.breaker?.abort();
  }

  get isOpen() {
    return this.goneSince === null && this.tries === 0;
  }

  /** The network is back or somebody looks again: do not wait for the next try. */
  now = () => {
    this.#look();
    if (this.goneSince && !document.hidden) this.wake?.();
  };

  /** Silence longer than the server's heartbeats: the line is dead, be it cut or be it that this machine slept. */
  #look() {
    if (Date.now() - this.heard > SILENCE_MS) this.breaker?.abort();
  }

  async #run() {
    while (!this.stopped) {
      this.breaker = new AbortController();
      try {
        if (this.goneSince) this.seq = await this.before(this.seq, this.breaker.signal);
        await this.#follow(this.breaker.signal);
      } catch (error) {
        if (!(error instanceof DOMException || error instanceof TypeError || error.lost || error.status)) console.error(error);
      }
      if (this.stopped) return;
      if (!this.goneSince) {
        this.goneSince = new Date(this.heard);
        this.dispatchEvent(new CustomEvent("lost", { detail: { since: this.goneSince } }));
      }
      await this.#pause();
    }
  }

  async #pause() {
    // Not all desks at the same moment, when it was the server that went.
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.tries) * (0.7 + 0.6 * Math.random());
    this.tries += 1;
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, wait);
    });
    this.wake = null;
    this.heard = Date.now();
  }

  async #follow(signal) {
    const address = `/api/v1/events?after=${this.seq}${this.positions ? "&positions=true" : ""}`;
    const response = await fetch(address, { signal, cache: "no-store", headers: { ...BACKGROUND, Accept: "text/event-stream", "Last-Event-ID": String(this.seq) } });
    if (response.status === 401) signInAgain(response.clone());
    if (!response.ok) throw new TypeError(`the server answered ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#opened();
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) this.#tell(block);
    }
  }

  #opened() {
    this.heard = Date.now();
    this.tries = 0;
    if (this.isTold && !this.goneSince) return;
    this.isTold = true;
    this.goneSince = null;
    this.dispatchEvent(new CustomEvent("open"));
  }

  #tell(block) {
    const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
    if (!data) return;
    const told = JSON.parse(data);
    if (block.startsWith("event: positions")) {
      this.dispatchEvent(new CustomEvent("positions", { detail: told }));
      return;
    }
    if (told.seq <= this.seq) return;
    this.seq = told.seq;
    this.dispatchEvent(new CustomEvent("log", { detail: told }));
  }
}
