// Asks the server. Every failure becomes one sentence: the server's own, or that it cannot be reached.

const ROOT = "/api/v1/";
const PATIENCE_MS = 30000;

export class Problem extends Error {
  constructor(detail, { status = 0, lost = false, offered = [] } = {}) {
    super(detail);
    this.status = status;
    this.lost = lost;
    this.offered = offered;
  }
}

/**
 * The JSON answer to a question.
 * @param {string} path below /api/v1/
 * @param {Object<string, string|number|undefined>} query empty values are left out
 * @param {AbortSignal} [signal]
 */
export async function ask(path, query = {}, signal) {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response;
  try {
    response = await fetch(address(path, query), { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem("", { lost: true });
  }
  if (response.ok) return response.json();
  // Signed out or locked: the server sends the page to where one signs in, and back here afterwards.
  if (response.status === 401) location.reload();
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    problem = { detail: response.statusText };
  }
  throw new Problem(problem.detail ?? "", { status: response.status, offered: problem.offered });
}

/**
 * Keep a setting with the account, where somebody has signed in.
 * @param {{language?: string, theme?: string}} setting
 */
export function keep(setting) {
  const account = JSON.parse(document.getElementById("start").textContent).account;
  if (!account) return;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": account.csrf };
  fetch(ROOT + "me", { method: "PATCH", headers, body: JSON.stringify(setting) }).catch(() => {});
}

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return ROOT + path + (text ? "?" + text : "");
}
