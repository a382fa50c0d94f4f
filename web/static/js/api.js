// Asks the server. Every failure becomes one sentence: the server's own, or that it cannot be reached.

import { currentLanguage } from "./words.js";

const ROOT = "/api/v1/";
const PATIENCE_MS = 30000;
/** What this page did: incidents that its commands touched, and how many commands have no answer yet. */
export const own = { ids: new Set(), pending: 0 };
export const BACKGROUND = { "Siaga112-Background": "1" };

export class Problem extends Error {
  constructor(detail, { status = 0, lost = false, offered = [], body = {} } = {}) {
    super(detail);
    this.status = status;
    this.lost = lost;
    this.offered = offered;
    this.body = body;
  }

  /** What kind of refusal it is, such as `unit-taken`. */
  get code() {
    return (this.body.type ?? "").split(":").at(-1);
  }
}

/**
 * The JSON answer to a question.
 * @param {string} path below /api/v1/
 * @param {Object<string, string|number|undefined>} query empty values are left out
 * @param {AbortSignal} [signal]
 * @param {{background?: boolean}} [how] background: nobody at the desk asked, so it keeps no session alive
 */
export async function ask(path, query = {}, signal, { background = false } = {}) {
  return fetched(address(path, query), { headers: background ? BACKGROUND : {} }, signal);
}

/**
 * A command: the JSON answer, or a Problem with the server's sentence in the page's language. Sent again with the same key
 * it is done once.
 * @param {string} method POST, PUT, PATCH or DELETE
 * @param {string} path below /api/v1/
 * @param {object|null} [body] none is sent for null
 * @param {{key?: string, version?: number, signal?: AbortSignal}} [how] key: Idempotency-Key; version: If-Match
 */
export async function send(method, path, body = null, { key, version, signal } = {}) {
  const csrf = account()?.csrf;
  const headers = {
    ...(body === null ? {} : { "Content-Type": "application/json" }),
    ...(csrf ? { "X-CSRFToken": csrf } : {}),
    ...(key ? { "Idempotency-Key": key } : {}),
    ...(version === undefined || version === null ? {} : { "If-Match": `"${version}"` }),
  };
  const url = ROOT + path + (/[?&]lang=/.test(path) ? "" : (path.includes("?") ? "&" : "?") + "lang=" + currentLanguage());
  own.pending += 1;
  try {
    const found = await fetched(url, { method, headers, body: body === null ? undefined : JSON.stringify(body) }, signal);
    for (const one of found?.incidents ?? []) own.ids.add(one.incident_id);
    return found;
  } finally {
    own.pending -= 1;
  }
}

/** A key that no other request has. */
export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

/** Who has signed in, as the page was told; null without accounts. */
export function account() {
  return JSON.parse(document.getElementById("start").textContent).account ?? null;
}

/**
 * The session is over or locked: on to where one signs in, which says so, and back here afterwards.
 * @param {Response} response the 401
 */
export async function signInAgain(response) {
  const { type = "" } = await response.json().catch(() => ({}));
  // A locked session knows its page, which asks for the password alone.
  if (type.endsWith(":locked")) location.reload();
  else location.assign("/sign-in?" + new URLSearchParams({ ended: "1", next: location.pathname + location.search }));
}

async function fetched(url, how, signal) {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response;
  try {
    response = await fetch(url, { ...how, signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("", { lost: true });
  }
  if (response.ok) return response.json();
  if (response.status === 401) signInAgain(response.clone());
  const body = await response.json().catch(() => ({ detail: response.statusText }));
  throw new Problem(body.detail ?? "", { status: response.status, offered: body.offered, body });
}

/**
 * Keep a setting with the account, where somebody has signed in.
 * @param {{language?: string, theme?: string}} setting
 */
export function keep(setting) {
  if (account()) send("PATCH", "me", setting).catch(() => {});
}

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return ROOT + path + (text ? "?" + text : "");
}
