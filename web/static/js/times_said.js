// What a recommendation says, so that nobody misses that its times are from before the roads changed.

import { el, icon } from "./dom.js";

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
