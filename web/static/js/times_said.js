// What a recommendation says, so that nobody misses that its times are from before the roads changed.

import { ask } from "./api.js";
import { el, icon } from "./dom.js";

/** Whether travel times are still being worked out is looked at so often. */
const LOOK_MS = 1500;

/**
 * An answer that rests on the times before is to be asked for again when the newer ones are ready; nothing tells of it by itself.
 * @param {object|undefined} times of the answer @param {() => boolean} isGone whether nobody waits for it any more @param {() => void} then
 */
export function whenTimesAreReady(times, isGone, then) {
  if (!times?.pending) return;
  setTimeout(async () => {
    if (isGone()) return;
    const newer = await ask("health", {}, undefined, { background: true }).then((found) => found.travel_times, () => times);
    if (isGone()) return;
    if (newer.pending) whenTimesAreReady(newer, isGone, then);
    else then();
  }, LOOK_MS);
}

/** The sentence of a recommendation: an alarm where some of its times could not be worked out. */
export function recommendationMessage(made) {
  if (!made.times?.failed?.length) return el("p", { class: "recommended-message" }, made.message);
  return el("div", { class: "alarm times-failed", role: "alert" }, icon("warn"), el("p", { class: "recommended-message" }, made.message));
}

/** What there is to say of the times of an answer, or null. */
export function timesMessage(times) {
  if (!times?.message) return null;
  if (!times.failed?.length) return el("p", { class: "note", id: "times-pending" }, times.message);
  return el("p", { class: "alarm", role: "alert", id: "times-failed" }, icon("warn"), el("span", {}, times.message));
}
