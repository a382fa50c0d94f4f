// The answer in the panel: where it is, which units, how they get there.

import { el, icon, kindIcon } from "./dom.js";
import { placeLine } from "./combobox.js";
import { gpxAddress } from "./map.js";
import { timesMessage } from "./times_said.js";
import { age, bearing, clock, kindWord, metres, number, percent, word } from "./words.js";

export const UNITS_SHOWN = 6;
const PARTS = ["turnout", "reach_road", "driving", "last_metres"];
const ROUTE_PARTS = PARTS.slice(1);

/** What stands there before anything is asked. */
export function welcome(region) {
  const counts = region.counts ?? {};
  return el(
    "section", { class: "welcome" },
    el("h2", {}, word("welcome_title")),
    el("p", {}, word("welcome")),
    counts.villages
      ? el("p", { class: "muted" }, word("welcome_counts", { villages: number(counts.villages), units: number(counts.units ?? 0) }))
      : null,
  );
}

/**
 * The whole answer.
 * @param {object} answer of /nearest
 * @param {{onUnit: Function, onCandidate: Function, rest: () => Promise<object|null>}} handlers rest: the answer with all that this one only counts
 */
export function answerParts(answer, handlers) {
  return [
    place(answer),
    alternatives(answer.asked, handlers),
    road(answer.road),
    answer.closures?.message ? el("p", { class: "warning", id: "closed-roads" }, icon("warn"), el("span", {}, answer.closures.message)) : null,
    timesMessage(answer.times),
    shortfalls(answer.shortfalls),
    units(answer, handlers),
    el("section", { id: "route", class: "route", hidden: true }),
    excluded(answer, handlers),
  ].filter(Boolean);
}

function place({ asked, area }) {
  const onlyKecamatan = asked.kind === "village" && !asked.village;
  const outside = area?.status === "outside" || (!area?.village && !onlyKecamatan);
  const name = onlyKecamatan ? word("kecamatan") + " " + area.kecamatan.name : area?.village?.name;
  const kecamatan = onlyKecamatan ? null : area?.kecamatan;
  const status = area?.status ?? "outside";
  const lines = [
    el("p", { class: "tags" },
      el("span", { class: "tag tag-" + asked.kind }, word("asked_" + asked.kind)),
      asked.kind === "village" ? null : el("span", { class: "tag tag-" + status }, word("status_" + status))),
    el("h2", { id: "place-name" }, outside && !name ? word("status_outside") : name ?? ""),
    area?.kecamatan ? el("p", { class: "where" }, [kecamatan ? word("kecamatan") + " " + kecamatan.name : "", area?.kabupaten?.name].filter(Boolean).join(" · ")) : null,
    detail(asked),
  ];
  for (const note of [...(asked.notes ?? []), ...(area?.notes ?? [])]) lines.push(el("p", { class: "note" }, note));
  if (area?.towards) {
    const { name: towards, distance_m: distance, bearing_deg: degrees } = area.towards;
    lines.push(el("p", { class: "note" }, word("towards", { name: towards, m: metres(distance), bearing: bearing(degrees ?? 0) })));
  }
  return el("section", { class: "place", "aria-labelledby": "place-name" }, lines.filter(Boolean), border(asked, area));
}

function detail(asked) {
  const parts = [];
  if (asked.place && asked.kind === "place") parts.push(asked.place.name + " (" + kindWord(asked.place.kind) + ")");
  if (asked.location && asked.kind !== "village") parts.push(`${asked.location.lat.toFixed(5)}, ${asked.location.lon.toFixed(5)}`);
  if (asked.radius_m > 5 && asked.kind !== "village") parts.push(word("radius", { m: metres(asked.radius_m) }));
  return parts.length ? el("p", { class: "muted detail" }, parts.join(" · ")) : null;
}

function border(asked, area) {
  if (!area || asked.kind === "village" || !area.neighbours?.length || area.status === "outside") return null;
  return el(
    "div", { class: "warning", id: "border" },
    icon("warn"),
    el("div", {},
      el("p", {}, word("border_near", { m: metres(area.border_m) })),
      el("ul", { class: "plain inline" },
        area.neighbours.map((other) => el("li", {}, el("strong", {}, other.name), " " + metres(other.distance_m))))),
  );
}

function alternatives(asked, handlers) {
  if (!asked.confirm) return null;
  const choices = (asked.place ? [asked.place] : []).concat(asked.alternatives);
  return el(
    "section", { class: "choose", id: "alternatives", "aria-labelledby": "choose-title" },
    el("h3", { id: "choose-title" }, word(asked.alternatives.length ? "choose" : "confirm")),
    asked.place ? el("p", { class: "muted" }, asked.place.reason) : null,
    choiceList(choices, handlers, asked.place),
  );
}

/** Buttons for places that may be meant; the one that is taken for now is marked. */
export function choiceList(candidates, handlers, taken = null) {
  return el("ul", { class: "plain" }, candidates.map((candidate) =>
    el("li", {}, el("button", {
      type: "button", class: "choice" + (candidate === taken ? " choice-taken" : ""), on: { click: () => handlers.onCandidate(candidate) },
    },
    el("strong", {}, candidate.name), el("span", { class: "muted" }, kindWord(candidate.kind) + " · " + placeLine(candidate)),
    candidate === taken ? el("span", { class: "tag" }, word("taken")) : null))));
}

function road(found) {
  if (!found || found.status === "connected" || !found.message) return null;
  return el("div", { class: found.status === "rerouted" ? "warning" : "alarm" }, icon("warn"), el("p", {}, found.message));
}

function shortfalls(list) {
  if (!list?.length) return null;
  return el(
    "section", { class: "alarm", id: "shortfalls" }, icon("warn"),
    el("div", {}, el("h3", {}, word("shortfalls")), el("ul", { class: "plain" }, list.map((text) => el("li", {}, text)))),
  );
}

function units(answer, handlers) {
  const { candidates, spread } = answer;
  if (!candidates.length) return answer.shortfalls?.length ? null : el("p", { class: "note" }, word("no_units"));
  const first = candidates.slice(0, UNITS_SHOWN);
  const later = candidates.slice(UNITS_SHOWN);
  const longest = Math.max(...first.map((unit) => unit.eta_range_s?.max ?? unit.eta_s));
  const row = (unit) => el("li", {}, unitButton(unit, longest, handlers));
  const list = el("ol", { class: "plain", id: "ranked" }, first.map(row));
  return el(
    "section", { class: "units", "aria-labelledby": "units-title" },
    el("h3", { id: "units-title" }, word("units"), el("span", { class: "muted unit-of-time" }, word("minutes"))),
    spread?.message ? el("p", { class: "note" }, spread.message) : null,
    list,
    later.length || answer.further ? el("button", {
      type: "button", class: "more",
      on: {
        click: async ({ target }) => {
          target.disabled = true;
          const whole = answer.further ? await handlers.rest() : answer;
          target.disabled = false;
          if (!whole) return;
          list.append(...whole.candidates.slice(UNITS_SHOWN).map(row));
          target.remove();
          list.children[UNITS_SHOWN]?.querySelector("button").focus();
        },
      },
    }, word("further", { n: number(later.length + (answer.further ?? 0)) })) : null,
  );
}

function unitButton(unit, longest, handlers) {
  const range = unit.eta_range_s;
  return el(
    "button",
    {
      type: "button", class: "unit-row", "data-unit": unit.unit_id, "aria-pressed": "false",
      on: { click: () => handlers.onUnit(unit.unit_id) },
    },
    el("span", { class: "rank kind-" + kindIcon(unit.kind) }, String(unit.rank)),
    el("span", { class: "who" },
      el("span", { class: "unit-id" }, unit.unit_id),
      el("span", { class: "muted" }, icon(kindIcon(unit.kind), "kind-icon"), [kindWord(unit.kind), unit.agency].filter(Boolean).join(" · "))),
    el("span", { class: "eta" },
      el("span", { class: "eta-value" }, clock(unit.eta_s)),
      range ? el("span", { class: "eta-range muted" }, clock(range.min) + "–" + clock(range.max)) : null),
    bar(unit, longest),
    el("span", { class: "parts muted" }, range ? rangeText(unit) : partsText(unit)),
    el("span", { class: "facts muted" },
      el("span", { class: unit.straight_rank !== unit.rank ? "differs" : "" }, word("straight", { n: unit.straight_rank, m: metres(unit.straight_m) })),
      el("span", {}, unit.fix_age_s === null ? word("fix_unknown") : word("fix_age", { age: age(unit.fix_age_s) }))),
    unit.reason && !range ? el("span", { class: "reason" }, unit.reason) : null,
  );
}

function bar(unit, longest) {
  const share = (seconds) => Math.min(100, (100 * seconds) / longest) + "%";
  const range = unit.eta_range_s;
  if (range) {
    return el("span", { class: "eta-bar bar-range", "aria-hidden": "true" },
      el("span", { class: "bar-span", style: { left: share(range.min), width: share(range.max - range.min) } }),
      el("span", { class: "bar-median", style: { left: share(range.median) } }));
  }
  return el("span", { class: "eta-bar", "aria-hidden": "true" },
    PARTS.map((part) => el("span", { class: "bar-" + part, style: { width: share(unit.eta_parts[part + "_s"]) } })));
}

function partsText(unit) {
  return PARTS.filter((part) => unit.eta_parts[part + "_s"] >= 0.5).map((part) =>
    el("span", { class: "part part-" + part }, word("part_" + part) + " " + clock(unit.eta_parts[part + "_s"])));
}

function rangeText(unit) {
  const range = unit.eta_range_s;
  const parts = [el("span", { class: "part" }, word("range_detail", { mean: clock(unit.eta_s), median: clock(range.median), p90: clock(range.p90) }))];
  if (unit.first_share !== null) parts.unshift(el("strong", { class: "share" }, word("first_share", { share: percent(unit.first_share) })));
  return parts;
}

function excluded(answer, handlers) {
  const n = answer.excluded.length + (answer.excluded_further ?? 0);
  if (!n) return null;
  const line = (unit) => el("li", {},
    el("strong", {}, unit.unit_id),
    el("span", { class: "muted" }, [kindWord(unit.kind), unit.agency].filter(Boolean).join(" · ")),
    el("span", { class: "why" }, unit.reason || unit.why));
  const list = el("ul", { class: "plain" }, answer.excluded.map(line));
  const fill = async ({ target }) => {
    if (!target.open || !answer.excluded_further || list.children.length === n || list.ariaBusy) return;
    list.ariaBusy = "true";
    const whole = await handlers.rest();
    list.ariaBusy = null;
    if (whole) list.replaceChildren(...whole.excluded.map(line));
  };
  return el("details", { class: "excluded", id: "excluded", on: { toggle: fill } }, el("summary", {}, word("excluded", { n })), list);
}

/** The route of the selected unit, street by street. */
export function routeParts(collection, unitId, at) {
  const line = collection.features.find((feature) => feature.geometry?.type === "LineString");
  const steps = collection.features.filter((feature) => feature.geometry?.type === "Point" && feature.properties?.text);
  if (!line) return [el("p", { class: "note" }, word("route_none"))];
  const { length_m: length, seconds } = line.properties;
  const parts = ROUTE_PARTS.filter((part) => line.properties[part + "_s"] >= 0.5);
  return [
    el("div", { class: "route-head" },
      el("h3", { id: "route-title" }, word("route", { unit: unitId })),
      el("p", { class: "muted" }, word("route_summary", { m: metres(length), eta: clock(seconds) })),
      el("a", { class: "gpx", href: gpxAddress(unitId, at), download: `${unitId}.gpx` }, word("gpx"))),
    el("p", { class: "parts muted" }, parts.map((part) =>
      el("span", { class: "part part-" + part }, word("part_" + part) + " " + clock(line.properties[part + "_s"])))),
    road(collection.road),
    el("ol", { class: "steps", "aria-label": word("directions") }, steps.map(({ properties }) =>
      el("li", {}, properties.text))),
  ].filter(Boolean);
}
