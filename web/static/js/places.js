// Where an incident is, as the server is told it.

import { word } from "./words.js";

/** Where an incident is, of a suggestion: an area is an area, everything else a place with its uncertainty. */
export function ofCandidate(candidate) {
  const { name, kind, lat, lon, radius_m: radius } = candidate;
  const label = name.slice(0, 200);
  const point = { location: { lat, lon }, radius_m: Math.min(radius, 100000) };
  const area = kind === "village" && candidate.village_code ? { kind, village_code: candidate.village_code }
    : kind === "kecamatan" ? { kind, kecamatan_code: candidate.place_id.replace("kecamatan:", "") } : null;
  return { shown: [name, candidate.kecamatan && candidate.kecamatan !== name ? word("kecamatan") + " " + candidate.kecamatan : ""].filter(Boolean).join(", "),
    location: area ? { ...area, ...point, label } : { kind: "place", ...point, label } };
}

/** The same of what the server understood of a text. */
export function ofAsked(asked, text) {
  if (asked.place) return ofCandidate(asked.place);
  const point = { location: asked.location, radius_m: asked.radius_m };
  const names = [asked.village?.name, asked.kecamatan ? word("kecamatan") + " " + asked.kecamatan.name : ""].filter(Boolean).join(", ");
  if (asked.kind === "village") {
    const area = asked.village ? { kind: "village", village_code: asked.village.code } : { kind: "kecamatan", kecamatan_code: asked.kecamatan.code };
    return { shown: names, location: { ...area, ...point } };
  }
  const degrees = `${asked.location.lat.toFixed(5)}, ${asked.location.lon.toFixed(5)}`;
  return { shown: [degrees, names].filter(Boolean).join(" · ") || text, location: { kind: "point", ...point } };
}

/** Nothing is known of the place; that too is said. */
export const unknownPlace = () => ({ shown: word("call_unknown_place"), location: { kind: "unknown" } });
