// The planner's tables: two plans side by side, the villages that lack most or change most, the posts.

import { byId, el } from "./dom.js";

const ROWS_SHOWN = 10;

export class Tables {
  /** @param {object} start of the page */
  constructor(start) {
    this.words = start.words;
    this.kecamatan = start.kecamatan;
    const lang = start.lang === "id" ? "id-ID" : "en-GB";
    this.whole = new Intl.NumberFormat(lang);
    this.tenth = new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  number(value) { return this.whole.format(value); }
  percent(share) { return Number.isFinite(share) ? `${this.tenth.format(share * 100)}%` : "–"; }
  signed(value) { return `${value > 0 ? "+" : value < 0 ? "−" : ""}${this.number(Math.abs(value))}`; }

  /** Minutes and seconds. */
  clock(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    const whole = Math.round(Math.abs(seconds));
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }

  /** Plan A beside plan B at a minute. */
  compare(a, b, at) {
    const { words } = this;
    const people = (plan) => plan.found.region[at];
    const twice = (plan) => plan.found.twice[at];
    const share = (plan) => people(plan) / plan.found.people;
    const later = (name) => {
      const [before, after] = [a.found[name], b.found[name]];
      const change = before === null || after === null ? null : Math.round(after - before);
      const sign = change > 0 ? "+" : change < 0 ? "−" : "";
      return [this.clock(before), this.clock(after), change === null ? "–" : `${sign}${this.clock(change)}`, change === null ? 0 : -change];
    };
    const counted = (count) => [this.number(count(a)), this.number(count(b)), this.signed(count(b) - count(a)), count(b) - count(a)];
    const points = share(b) - share(a);
    const lines = [
      [words.row_in_time, ...counted(people)],
      [words.row_share, this.percent(share(a)), this.percent(share(b)), `${points > 0 ? "+" : points < 0 ? "−" : ""}${this.percent(Math.abs(points))}`, points],
      [words.row_twice, ...counted(twice)],
      [words.row_mean, ...later("mean_s")],
      [words.row_p50, ...later("median_s")],
      [words.row_p90, ...later("p90_s")],
      [words.row_unreached, this.number(a.found.unreached), this.number(b.found.unreached), this.signed(b.found.unreached - a.found.unreached), a.found.unreached - b.found.unreached],
      [words.row_units, this.number(a.units), this.number(b.units), this.signed(b.units - a.units), 0],
    ];
    byId("compare").tBodies[0].replaceChildren(...lines.map(([name, before, after, change, better]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, before), el("td", {}, after),
        el("td", { class: better > 0 ? "gain" : better < 0 ? "loss" : undefined }, change))));
  }

  /** The villages that change most; where none does, those with the most people outside. */
  villages(a, b, at, choose) {
    const { words } = this;
    const all = Object.entries(b.found.villages).map(([code, one]) => ({
      code, name: one.name, parent: one.parent, gain: one.within[at] - a.found.villages[code].within[at], outside: one.people - one.within[at],
    }));
    const changed = all.filter((one) => one.gain !== 0).sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain));
    const gaps = all.filter((one) => one.outside > 0).sort((x, y) => y.outside - x.outside);
    const shown = (changed.length ? changed : gaps).slice(0, ROWS_SHOWN);
    byId("changes-title").textContent = changed.length ? words.changed : words.gaps;
    byId("changes-figure").textContent = changed.length ? words.gain : words.outside;
    byId("changes").tBodies[0].replaceChildren(...shown.map((one) => {
      const figure = changed.length ? this.signed(one.gain) : this.number(one.outside);
      const look = !changed.length ? undefined : one.gain > 0 ? "gain" : "loss";
      return el("tr", { on: { click: () => choose(one.code) } }, el("td", {}, one.name), el("td", {}, this.kecamatan[one.parent] ?? ""), el("td", { class: look }, figure));
    }));
    if (!shown.length) byId("changes").tBodies[0].append(el("tr", {}, el("td", { colspan: 3 }, words.no_gaps)));
  }

  /** All posts with their units; `change(post, part)` is told what somebody sets. */
  posts(posts, change) {
    const open = posts.filter((post) => post.open).length;
    byId("posts-shown").textContent = `· ${this.words.in_service.replace("{open}", this.number(open)).replace("{all}", this.number(posts.length))}`;
    const wanted = byId("post-filter").value.trim().toLocaleLowerCase();
    const rows = posts.filter((post) => post.name.toLocaleLowerCase().includes(wanted)).map((post) =>
      el("tr", {},
        el("td", {}, el("label", {},
          el("input", { type: "checkbox", checked: post.open, "aria-label": `${this.words.serve}: ${post.name}`, on: { change: (event) => change(post, { open: event.target.checked }) } }),
          el("span", { class: post.open ? undefined : "is-closed" }, post.name))),
        el("td", {}, count(post, "units", this.words.units, change)),
        el("td", {}, count(post, "night", this.words.night, change))));
    byId("post-list").tBodies[0].replaceChildren(...rows);
  }
}

/** A box for a number of units. */
export function count(post, part, label, change) {
  return el("input", {
    type: "number", min: part === "units" ? 1 : 0, max: 20, step: 1, value: post[part], disabled: !post.open, "aria-label": `${label}: ${post.name}`,
    on: {
      change: (event) => {
        const given = Math.round(Number(event.target.value));
        const least = part === "units" ? 1 : 0;
        const value = Math.min(Math.max(Number.isFinite(given) ? given : least, least), 20);
        change(post, { [part]: value });
      },
    },
  });
}
