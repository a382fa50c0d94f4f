// What happened to an incident, each event in a line. Personal texts stand in none of them.

import { placeText } from "./queue.js";
import { metres, word, wordOf } from "./words.js";

/** @param {object} event of the log @param {object} desk */
export function storyLine({ type, payload }, desk) {
  const say = (key, values) => word("story_" + key, values);
  switch (type) {
    case "incident.opened":
      return say("opened", { category: desk.categoryName(payload.incident.category), severity: wordOf("severities", payload.incident.severity) });
    case "incident.located":
      return say("located", { place: place(payload.location) });
    case "incident.edited":
      return say("edited", { what: [payload.category && desk.categoryName(payload.category), payload.severity && wordOf("severities", payload.severity)].filter(Boolean).join(", ") });
    case "incident.moved":
      return wordOf("incident_statuses", payload.after) + (payload.duplicate_of ? " · " + say("same_as", { id: payload.duplicate_of }) : "");
    case "incident.status_corrected":
      return wordOf("incident_statuses", payload.after);
    case "incident.answered":
      return say("questions");
    case "unit.status_taken_back":
      return say("taken_back", { unit: payload.unit_id, wrong: wordOf("unit_statuses", payload.before), right: wordOf("unit_statuses", payload.after), reason: payload.reason });
    case "incident.alarm_raised":
      return word("alarm_level", { n: payload.alarm_level });
    case "incident.note_added":
      return say("note");
    case "incident.agency_notified":
      return say("notified", { agency: desk.agencyName(payload.agency) });
    case "incident.overdue":
      return say("overdue", { what: wordOf("timers", payload.timer.split(":")[0]) });
    case "recommendation.made":
      return say("recommended");
    case "assignment.made":
      return say("assigned", { unit: payload.assignment.unit_id });
    case "assignment.milestone":
      return `${payload.unit_id}: ${wordOf("milestones", payload.milestone)}`;
    case "assignment.milestone_corrected":
      return say("corrected", { unit: payload.unit_id, what: wordOf("milestones", payload.milestone), time: desk.time(payload.corrected_time, { seconds: true }), reason: payload.reason });
    case "assignment.ended":
      return say("freed", { unit: payload.unit_id, how: wordOf("assignment_ends", payload.end) }) + (payload.reason ? ": " + payload.reason : "");
    case "call.taken":
    case "call.linked":
      return say("call");
    case "texts.unmasked":
      return say("unmasked", { reason: payload.reason });
    case "verification.asked":
      return say("asked", { post: payload.post });
    case "verification.answered":
      return say("answered", { answer: wordOf("village_answers", payload.answer) });
    case "handover.asked":
      return say("handover", { name: payload.neighbour });
    case "handover.received":
      return say("handover_received", { reference: payload.reference });
    case "alert.issued":
      return say("alert");
    default:
      return type;
  }
}

function place(location) {
  const shown = placeText({ place: { ...location, village: location.village_code && { name: location.village_code }, kecamatan: null } });
  return location.radius_m > 5 ? `${shown} (± ${metres(location.radius_m)})` : shown;
}
