// Clock times of the centre's own zone, whatever zone the desk's computer believes to be in.

/** How far a zone is ahead of UTC at a moment, in milliseconds. */
function aheadMs(moment_ms, timeZone) {
  const how = { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" };
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", how).formatToParts(moment_ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(moment_ms / 60000) * 60000;
}

/**
 * The moment at which the clocks of a zone show a time.
 * @param {string} text of a field for date and time, such as 2026-11-27T07:30
 * @param {string} timeZone such as Asia/Jakarta
 */
export function momentOf(text, timeZone) {
  const read_ms = Date.parse(`${text}Z`);
  // The zone's distance is that of the moment sought, which is known nearly enough by then.
  const near_ms = read_ms - aheadMs(read_ms, timeZone);
  return new Date(read_ms - aheadMs(near_ms, timeZone));
}
