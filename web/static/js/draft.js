// A call that is being taken, kept in this tab: it outlives a reload and a lost connection, never a sign-out.
//
// Every request of it is kept with its key before it is sent. Sent again, it is done once; so nothing has to be guessed
// about an answer that never came.

import { account, newKey, send } from "./api.js";

export const DRAFT = "siaga112-call";

const EMPTY = {
  startedAt: null, step: "where", text: "", place: null, category: null, severity: null, answers: {}, note: "", exercise: false, name: "", number: "",
  callId: null, told: {}, incidentId: null, reason: "", steps: {},
};

export class Draft {
  constructor() {
    this.data = null;
  }

  get isOpen() {
    return this.data !== null;
  }

  begin(now) {
    this.data = { ...structuredClone(EMPTY), who: account()?.login ?? "", startedAt: new Date(now).toISOString() };
    this.keep();
  }

  /** What this tab has of a call that was not finished; false for nothing, or for somebody else's. */
  restore() {
    let found = null;
    try {
      found = JSON.parse(sessionStorage.getItem(DRAFT));
    } catch {
      // no storage, or not ours
    }
    if (!found?.startedAt || found.who !== (account()?.login ?? "")) {
      this.end();
      return false;
    }
    this.data = { ...structuredClone(EMPTY), ...found };
    return true;
  }

  keep() {
    try {
      sessionStorage.setItem(DRAFT, JSON.stringify(this.data));
    } catch {
      // without storage it lasts as long as the page
    }
  }

  end() {
    this.data = null;
    try {
      sessionStorage.removeItem(DRAFT);
    } catch {
      // there was nothing
    }
  }

  /** Whether a request of this name was sent and not answered yet. */
  isUnanswered(name) {
    return Boolean(this.data?.steps[name]);
  }

  /**
   * Send a request once, whatever happens on the way: one that was not answered is sent again as it was.
   * A refusal is an answer too, after which another request may go under the name.
   */
  async once(name, method, path, body) {
    const of = this.data;
    const kept = of.steps[name] ?? (of.steps[name] = { key: newKey(), method, path, body });
    this.keep();
    try {
      const answer = await send(kept.method, kept.path, kept.body, { key: kept.key });
      delete of.steps[name];
      if (of === this.data) this.keep();
      return answer;
    } catch (error) {
      if (!error.lost && error.status) {
        delete of.steps[name];
        if (of === this.data) this.keep();
      }
      throw error;
    }
  }
}
