// What the phone keeps: taps that wait to be sent, the last state, positions. Taps are sent in order, each once.

const NAME = "siaga112-crew";
const PATIENCE_MS = 20000;
const AGAIN_S = 5; // after a first failure of the server; twice as long after each further one
const LONGEST_AGAIN_S = 60;
const TROUBLED = 3; // failures of one tap after which the person is told and may leave it out

/** A small database of the browser: `taps` and `positions` in the order they were put, `kept` by name. */
export class Kept {
  #opened = new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("taps", { keyPath: "id", autoIncrement: true });
      asked.result.createObjectStore("positions", { keyPath: "id", autoIncrement: true });
      asked.result.createObjectStore("kept");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });

  async #with(store, mode, act) {
    const transaction = (await this.#opened).transaction(store, mode, { durability: "strict" });
    return new Promise((done, failed) => {
      const asked = act(transaction.objectStore(store));
      transaction.oncomplete = () => done(asked?.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error);
    });
  }

  all(store) { return this.#with(store, "readonly", (open) => open.getAll()); }
  get(name) { return this.#with("kept", "readonly", (open) => open.get(name)); }
  keep(name, value) { return this.#with("kept", "readwrite", (open) => open.put(value, name)); }
  forget() { return this.#with("kept", "readwrite", (open) => open.clear()); }
  put(store, record) { return this.#with(store, "readwrite", (open) => open.put(record)); }
  drop(store, ids) { return this.#with(store, "readwrite", (open) => { for (const id of ids) open.delete(id); }); }
}

/** The server's clock as the phone reckons it; `offset_ms` is null until the server was heard once. */
export class Clock {
  offset_ms = null;
  #width_ms = Infinity;

  /** Hear the server's time; `width_ms` says how unsure it is. */
  hear(server_ms, sent_ms, width_ms = 0) {
    const received_ms = Date.now();
    const offset_ms = server_ms - (sent_ms + received_ms) / 2;
    const unsure_ms = received_ms - sent_ms + width_ms;
    const moved = this.offset_ms === null || Math.abs(offset_ms - this.offset_ms) > unsure_ms + this.#width_ms;
    if (moved || unsure_ms <= this.#width_ms) [this.offset_ms, this.#width_ms] = [offset_ms, unsure_ms];
  }

  at(device_ms) { return device_ms + (this.offset_ms ?? 0); }
  now() { return this.at(Date.now()); }
}

/** Asks the server as this page's account; knows whether it is in reach and whether somebody is signed in. */
export class Server extends EventTarget {
  csrf = null;
  how = "asking"; // then "online", "offline", "silent" (no answer in time) or "troubled" (the server itself fails)
  shut = null; // why nothing is answered: "sign-in-needed", "locked", "forbidden"
  #address;

  constructor(clock, address) {
    super();
    this.clock = clock;
    this.#address = address;
  }

  get reached() { return this.how === "asking" ? null : this.how === "online" || this.how === "troubled"; }

  /**
   * An answer, or null where there was none. What is refused in other words than the centre's own (the page of a proxy
   * whose server is away) is told as 502.
   */
  async ask(path, { method = "GET", body, headers = {}, background = true } = {}) {
    const sent_ms = Date.now();
    const given = { Accept: "application/json", ...headers };
    if (background) given["Siaga112-Background"] = "1";
    if (body !== undefined) {
      given["Content-Type"] = "application/json";
      if (this.csrf) given["X-CSRFToken"] = this.csrf;
    }
    let answer, told;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const sent = { method, headers: given, signal, cache: "no-store", redirect: "error" };
      answer = await fetch(this.#address(path), body === undefined ? sent : { ...sent, body: JSON.stringify(body) });
      told = answer.status === 304 ? null : await answer.json().catch((error) => {
        if (answer.ok || !(error instanceof SyntaxError)) throw error;
      });
    } catch (error) {
      this.#note(error.name === "TimeoutError" ? "silent" : "offline", this.shut);
      return null;
    }
    const status = told === undefined ? 502 : answer.status;
    if (told?.now) this.clock.hear(told.now, sent_ms);
    else if (answer.headers.get("Date")) this.clock.hear(Date.parse(answer.headers.get("Date")) + 500, sent_ms, 1000);
    this.csrf = answer.headers.get("Siaga112-Token") ?? this.csrf;
    const why = [401, 403].includes(status) ? (told?.type ?? "").split(":").pop() : null;
    this.#note(status < 500 ? "online" : "troubled", status < 500 ? why : this.shut);
    return { status, told, etag: answer.headers.get("ETag") };
  }

  #note(how, shut) {
    if (how === this.how && shut === this.shut) return;
    [this.how, this.shut] = [how, shut];
    this.dispatchEvent(new Event("change"));
  }
}

/** Taps of this phone, the oldest first. */
export class Queue extends EventTarget {
  taps = [];
  #kept; #server; #clock; #fresh; #others;

  /** `fresh` asks for the state anew, and so for the token of this session. */
  constructor(kept, server, clock, fresh) {
    super();
    [this.#kept, this.#server, this.#clock, this.#fresh] = [kept, server, clock, fresh];
    this.#others = new BroadcastChannel("siaga112-crew");
    this.#others.onmessage = () => this.#read();
  }

  waiting(login, unit) { return this.taps.filter((one) => !one.refused && one.login === login && one.unit === unit); }
  refused(login) { return this.taps.filter((one) => one.refused && one.login === login); }
  others(login) { return this.taps.filter((one) => one.login !== login); }

  /** The tap that the server has failed to take so often that the person is told; those after it wait for it. */
  troubled(login, unit) {
    const first = this.waiting(login, unit)[0];
    return first?.tries >= TROUBLED ? first : null;
  }

  /** Seconds until the first tap may be sent again; null where nothing waits. */
  due_s(login, unit) {
    const first = this.waiting(login, unit)[0];
    if (!first) return null;
    const left_s = ((first.after_ms ?? 0) - Date.now()) / 1000;
    return left_s > LONGEST_AGAIN_S ? 0 : Math.max(0, left_s); // the phone's clock was put back meanwhile
  }

  open() { return this.#read(); }

  async add(tap) {
    const key = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
    const device_ms = Date.now();
    // What is sent again must be the same to the letter: the time is fixed now, or before the first try.
    const time = this.#clock.offset_ms === null ? null : new Date(this.#clock.at(device_ms)).toISOString();
    await this.#kept.put("taps", { ...tap, key, device_ms, time, refused: null });
    await this.#changed();
  }

  /** Leave a tap out, so that those after it are sent; it stays to be seen, with why, until it is dismissed. */
  async leaveOut(tap, why) {
    await this.#kept.put("taps", { ...tap, refused: why });
    await this.#changed();
  }

  async dismiss(tap) {
    await this.#kept.drop("taps", [tap.id]);
    await this.#changed();
  }

  /**
   * Send what waits, in order; gives the newest state that the server told, or null. Only one tab sends at a time.
   * `eager` sends also what failed a moment ago: somebody looks, or the network has come back.
   */
  async send(login, unit, eager = false) {
    const send = () => this.#send(login, unit, eager);
    return navigator.locks ? navigator.locks.request("siaga112-crew-taps", send) : send();
  }

  async #send(login, unit, eager) {
    await this.#read();
    let state = null;
    if (!eager && this.due_s(login, unit) > 0) return null;
    for (const tap of this.waiting(login, unit)) {
      if (!tap.time) {
        tap.time = new Date(this.#clock.at(tap.device_ms)).toISOString();
        await this.#kept.put("taps", tap);
      }
      let answer = await this.#sent(tap);
      if (isStale(answer) && (await this.#fresh())) answer = await this.#sent(tap);
      if (!answer || isStale(answer) || [401, 403, 429].includes(answer.status)) break;
      if (answer.status >= 500) {
        // Those after it wait: they rest on it. It goes on being tried, ever more seldom.
        const tries = (tap.tries ?? 0) + 1;
        const after_ms = Date.now() + 1000 * Math.min(LONGEST_AGAIN_S, AGAIN_S * 2 ** (tries - 1));
        await this.#kept.put("taps", { ...tap, tries, after_ms });
        await this.#changed();
        break;
      }
      if (answer.status < 300) {
        await this.#kept.drop("taps", [tap.id]);
        state = answer;
      } else {
        await this.#kept.put("taps", { ...tap, refused: answer.told?.detail ?? String(answer.status) });
      }
      await this.#changed();
    }
    return state;
  }

  #sent(tap) {
    const body = { do: tap.do, device_time: tap.time };
    if (tap.incident_id) body.incident_id = tap.incident_id;
    if (tap.hospital) body.hospital = tap.hospital;
    if (tap.text) body.text = tap.text;
    return this.#server.ask("/crew/tap", { method: "POST", body, headers: { "Idempotency-Key": tap.key }, background: false });
  }

  async #changed() {
    this.#others.postMessage(0);
    await this.#read();
  }

  async #read() {
    this.taps = await this.#kept.all("taps");
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether a request was refused because its page belongs to an older session. */
function isStale(answer) {
  return answer?.status === 400 && (answer.told?.type ?? "").endsWith(":csrf");
}
