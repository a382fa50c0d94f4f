// The phone's position as that of its unit: only where somebody switched it on, and only on duty.

const CONSENT = "siaga112-crew-share";
const MOVING_S = 5;
const STANDING_S = 60;
const MOVED_M = 40;
const SEND_S = 10;
const BATCH = 10;
const MOST_KEPT = 500;
const MOVING = new Set(["dispatched", "en_route", "transporting", "returning"]);

export class Share extends EventTarget {
  denied = false;
  #kept; #server; #clock; #fresh; #watch = null; #precise = null; #last = null; #unit = null; #login = null; #sending = false;

  /** `fresh` asks for the token of this session anew. */
  constructor(kept, server, clock, fresh) {
    super();
    [this.#kept, this.#server, this.#clock, this.#fresh] = [kept, server, clock, fresh];
    setInterval(() => this.#send(), SEND_S * 1000);
  }

  get possible() { return isSecureContext && "geolocation" in navigator; }
  get wanted() { return this.#login !== null && localStorage.getItem(CONSENT) === this.#login; }
  get on() { return this.#watch !== null; }

  /** Consent, or its end; it is of one account on this phone. */
  want(wanted) {
    if (wanted) localStorage.setItem(CONSENT, this.#login);
    else localStorage.removeItem(CONSENT);
    this.denied = false;
    if (!wanted) this.#stop(true);
    this.dispatchEvent(new Event("change"));
  }

  /** Who is signed in, his unit and what it does; `allowed` ends on leaving duty. */
  follow({ login, unit, status, allowed }) {
    [this.#login, this.#unit] = [login, unit];
    if (!this.wanted || !allowed || !this.possible || this.denied) {
      this.#stop(!allowed || !this.wanted);
      return;
    }
    const precise = MOVING.has(status);
    if (this.on && precise === this.#precise) return;
    if (this.on) navigator.geolocation.clearWatch(this.#watch);
    this.#precise = precise;
    const how = { enableHighAccuracy: precise, maximumAge: precise ? 2000 : 30000, timeout: 60000 };
    this.#watch = navigator.geolocation.watchPosition((found) => this.#take(found), (error) => this.#failed(error), how);
    this.dispatchEvent(new Event("change"));
  }

  async #stop(forget) {
    if (this.on) {
      navigator.geolocation.clearWatch(this.#watch);
      this.#watch = null;
      this.dispatchEvent(new Event("change"));
    }
    if (!forget) return;
    const left = await this.#kept.all("positions");
    if (left.length) await this.#kept.drop("positions", left.map((one) => one.id));
  }

  #failed(error) {
    if (error.code !== error.PERMISSION_DENIED) return;
    this.denied = true;
    this.#stop(true);
  }

  async #take({ coords, timestamp }) {
    const since_s = this.#last ? (timestamp - this.#last.timestamp) / 1000 : Infinity;
    const moved = !this.#last || metres(coords, this.#last.coords) > MOVED_M;
    if (since_s < MOVING_S || (since_s < STANDING_S && !(this.#precise && moved))) return;
    this.#last = { coords, timestamp };
    const position = { time: new Date(this.#clock.at(timestamp)).toISOString(), lat: fixed(coords.latitude, 6), lon: fixed(coords.longitude, 6) };
    if (coords.accuracy !== null) position.accuracy_m = fixed(coords.accuracy, 0);
    if (coords.speed !== null && coords.speed >= 0) position.speed_kph = fixed(coords.speed * 3.6, 0);
    if (coords.heading !== null && !Number.isNaN(coords.heading)) position.heading = fixed(coords.heading, 0);
    await this.#kept.put("positions", { position, login: this.#login, unit: this.#unit });
    const all = await this.#kept.all("positions");
    if (all.length > MOST_KEPT) await this.#kept.drop("positions", all.slice(0, all.length - MOST_KEPT).map((one) => one.id));
    if (all.length === 1) this.#send();
  }

  /** What has gathered, a few at a time so that no message is large. */
  async #send() {
    if (this.#sending || !this.on || this.#server.shut) return;
    this.#sending = true;
    try {
      for (;;) {
        const mine = (await this.#kept.all("positions")).filter((one) => one.login === this.#login && one.unit === this.#unit);
        const some = mine.slice(0, BATCH);
        if (!some.length) return;
        const body = { positions: some.map((one) => one.position) };
        const answer = await this.#server.ask("/api/v1/positions/crew", { method: "POST", body });
        if (answer?.status === 400) return void (await this.#fresh());
        if (answer?.status === 409) return void (await this.#stop(true));
        if (answer?.status !== 200 && answer?.status !== 422) return;
        await this.#kept.drop("positions", some.map((one) => one.id));
        if (mine.length === some.length) return;
      }
    } finally {
      this.#sending = false;
    }
  }
}

function fixed(value, digits) { return Number(value.toFixed(digits)); }

function metres(a, b) {
  const north = (a.latitude - b.latitude) * 111195;
  return Math.hypot(north, (a.longitude - b.longitude) * 111195 * Math.cos((a.latitude * Math.PI) / 180));
}
