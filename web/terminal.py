"""Answers as text for a terminal: what a dispatcher reads first stands first."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dispatch.ranking import EtaPart
from dispatch.screening import UNSUITABLE
from web.i18n import Translator, translator
from web.wording import confirm_lines, distance, duration, eta_part_name, fix_age, kind_name, share

Cell = str


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], right: Sequence[int] = ()) -> str:
    """Columns in line; those numbered in `right` are set flush right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def table_within(
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    right: Sequence[int],
    first: Sequence[int],
    sentence: int | None,
    width: int | None,
) -> str:
    """A table no wider than the terminal: where it would be, only the columns `first` stay in it.

    Parameters
    ----------
    head, rows, right
        As for `table`.
    first
        Columns that a narrow table keeps; the others follow below each row, with their headings.
    sentence
        A column that needs no heading and begins a line of its own, if there is one.
    width
        Characters of a line; None for as many as there are, which is what other programs read.
    """
    whole = table(head, rows, right)
    if width is None or max(map(len, whole.splitlines())) <= width:
        return whole
    kept = [[line[column] for column in first] for line in (head, *rows)]
    top, *lines = table(kept[0], kept[1:], [first.index(column) for column in right if column in first]).splitlines()
    others = [column for column in range(len(head)) if column not in first and column != sentence]
    shown = [top]
    for line, row in zip(lines, rows, strict=True):
        below = ["; ".join(f"{head[column]} {row[column]}" for column in others)]
        below += [] if sentence is None else [row[sentence]]
        shown += [line, *(part for text in below for part in _indented(text, width))]
    return "\n".join(shown)


def _indented(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 20), initial_indent="    ", subsequent_indent="    ")


def located_text(answer: dict[str, Any], lang: str) -> str:
    """The areas of a point."""
    _ = translator(lang)
    where = answer["location"]
    lines = [f"{where['lat']:.6f}, {where['lon']:.6f}", answer["message"]]
    if answer["village"]:
        names = ((_("Village"), "village"), (_("Kecamatan"), "kecamatan"), (_("Kabupaten"), "kabupaten"))
        rows = [[label, answer[key]["name"], answer[key]["code"]] for label, key in names if answer[key]]
        lines += [table(["", "", ""], rows).lstrip("\n"), _("Nearest border: {distance}").format(
            distance=distance(answer["border_m"], _))]  # fmt: skip
    lines += [
        _("Within 250 m: {village} ({code}), {distance}").format(
            village=near["name"], code=near["code"], distance=distance(near["distance_m"], _)
        )
        for near in answer["neighbours"]
    ]
    return "\n".join([*lines, *answer["notes"]])


def candidates_text(answer: dict[str, Any], lang: str, width: int | None = None) -> str:
    """Ranked places for a text, within lines of `width` characters."""
    _ = translator(lang)
    if not answer["candidates"]:
        return answer.get("problem") or _("Nothing of that name was found in the region.")
    rows = [
        [
            str(number),
            f"{one['score']:.0f}",
            one["name"],
            one["kind"],
            one["village_code"] or "-",
            f"{one['lat']:.5f},{one['lon']:.5f}",
            distance(one["radius_m"], _),
            one["reason"],
        ]
        for number, one in enumerate(answer["candidates"], start=1)
    ]
    head = ["#", _("score"), _("name"), _("kind"), _("village"), _("position"), _("radius"), _("reason")]
    found = table_within(head, rows, right=(0, 1, 6), first=(0, 1, 2, 3, 4), sentence=7, width=width)
    return f"{answer['problem']}\n{found}" if "problem" in answer else found


def ranking_text(answer: dict[str, Any], lang: str, *, width: int | None = None, most: int | None = None) -> str:
    """Units ranked for a location, the first `most` of them, within lines of `width` characters."""
    _ = translator(lang)
    candidates = answer["candidates"][:most]
    asked = answer["asked"]
    where = f"{asked['location']['lat']:.6f}, {asked['location']['lon']:.6f}  "
    lines = [f"{'' if answer['spread'] else where}{answer['area']['message']}"]
    if asked["place"]:
        lines.append(f"{asked['place']['name']}: {asked['place']['reason']}")
    lines += asked["notes"]
    lines += confirm_lines(asked, _)
    lines.append(answer["spread"]["message"] if answer["spread"] else answer["road"]["message"])
    if answer["spread"] and answer["road"]["status"] != "connected":
        lines.append(answer["road"]["message"])
    lines += answer["shortfalls"]
    lines += roads_lines(answer)
    lines.append("")
    if candidates:
        lines.append((_spread_table if answer["spread"] else _point_table)(candidates, width, _))
    every = len(answer["candidates"]) + answer["further"]
    if every > len(candidates):
        lines.append(
            _("… and {count} more that can be sent; -k {every} shows all.").format(
                count=every - len(candidates), every=every
            )
        )
    unsuitable = [one for one in answer["excluded"] if one["why"] in UNSUITABLE]
    if answer["excluded"]:
        lines += ["", _("Not offered:")]
        lines += [
            f"  {one['unit_id']}  {kind_name(one['kind'], _)}  {one['reason']}"
            for one in answer["excluded"]
            if one not in unsuitable
        ]
    if unsuitable:
        sentence = _.ngettext(
            "{count} unit of another kind or without the capability.",
            "{count} units of another kind or without the capability.",
            len(unsuitable),
        )
        lines.append("  " + sentence.format(count=len(unsuitable)))
    return "\n".join(lines)


def _point_table(candidates: Sequence[dict[str, Any]], width: int | None, _: Translator) -> str:
    head = [
        "#",
        _("unit"),
        _("kind"),
        _("agency"),
        "ETA",
        _("turnout"),
        _("to the road"),
        _("driving"),
        _("last metres"),
    ]
    head += [_("straight line"), _("position"), _("reason")]
    rows = [
        [
            str(one["rank"]),
            one["unit_id"],
            kind_name(one["kind"], _),
            one["agency"],
            duration(one["eta_s"], _),
            *(duration(seconds, _) for seconds in one["eta_parts"].values()),
            f"#{one['straight_rank']} {distance(one['straight_m'], _)}",
            fix_age(one["fix_age_s"], _),
            one["reason"],
        ]
        for one in candidates
    ]
    right = (0, 4, 5, 6, 7, 8)
    return table_within(head, rows, right=right, first=(0, 1, 2, 4, 7, 9), sentence=11, width=width)


def _spread_table(candidates: Sequence[dict[str, Any]], width: int | None, _: Translator) -> str:
    head = ["#", _("unit"), _("kind"), _("agency"), _("mean ETA"), _("least"), "P50", "P90", _("most"), _("first on")]
    head += [_("straight line"), _("position")]
    rows = [
        [
            str(one["rank"]),
            one["unit_id"],
            kind_name(one["kind"], _),
            one["agency"],
            duration(one["eta_s"], _),
            *(duration(one["eta_range_s"][name], _) for name in ("min", "median", "p90", "max")),
            share(one["first_share"], _),
            f"#{one['straight_rank']} {distance(one['straight_m'], _)}",
            fix_age(one["fix_age_s"], _),
        ]
        for one in candidates
    ]
    right = (0, 4, 5, 6, 7, 8, 9)
    return table_within(head, rows, right=right, first=(0, 1, 2, 4, 8, 9), sentence=None, width=width)


def roads_lines(answer: dict[str, Any]) -> list[str]:
    """Which roads are closed, and what the times lack; nothing where nothing is to be said."""
    return [part for part in (answer["closures"]["message"], answer["times"]["message"]) if part]


def route_text(answer: dict[str, Any], lang: str) -> str:
    """A route, street by street."""
    _ = translator(lang)
    line = answer["features"][0]["properties"]
    parts = [
        [eta_part_name(EtaPart.REACH_ROAD, _), duration(line["reach_road_s"], _), distance(line["reach_road_m"], _)],
        [eta_part_name(EtaPart.DRIVING, _), duration(line["driving_s"], _), distance(line["length_m"], _)],
        [eta_part_name(EtaPart.LAST_METRES, _), duration(line["last_metres_s"], _), distance(line["last_metres_m"], _)],
    ]
    head = [_("Together"), duration(line["seconds"], _), ""]
    said = [answer["road"]["message"], *([answer["exemptions_text"]] if answer["exemptions_text"] else [])]
    lines = [table(head, parts, right=(1, 2)), *said, *roads_lines(answer), ""]
    steps = [feature["properties"] for feature in answer["features"][1:]]
    return "\n".join([*lines, *(f"{number:3}. {step['text']}" for number, step in enumerate(steps, start=1))])


def build_report_text(report: dict[str, Any], out: Path) -> str:
    """What a build read, used, repaired and skipped: every count that is stored, one a line."""
    return "\n".join([*_tree(report), "", f"The region is in {out}."])


def region_text(described: dict[str, Any]) -> str:
    """What a region holds, without the build's report."""
    shown = {key: value for key, value in described.items() if key not in ("report", "checks")}
    checks = [
        f"{'ok  ' if check['ok'] else 'LOOK'}  {check['check']}: {check['text']}" for check in described["checks"]
    ]
    return "\n".join([*_tree(shown), "", *checks])


MAX_ITEMS = 12
"""Longer lists are cut in the terminal; --json has them whole."""


def _tree(value: dict[str, Any], indent: int = 0) -> list[str]:
    lines: list[str] = []
    pad = "  " * indent
    for key, item in value.items():
        label = key.replace("_", " ") if indent == 0 or "_" not in str(item) else key
        if isinstance(item, dict):
            lines += [f"{pad}{label}:", *_tree(item, indent + 1)] if item else []
        elif isinstance(item, list):
            lines += _list(label, item, pad, indent)
        elif item is not None:
            lines.append(f"{pad}{label}: {item}")
    return lines


def _list(label: str, items: list[Any], pad: str, indent: int) -> list[str]:
    if not items:
        return []
    lines = [f"{pad}{label}:"]
    for item in items[:MAX_ITEMS]:
        text = ", ".join(f"{key} {part}" for key, part in item.items()) if isinstance(item, dict) else str(item)
        lines.append(f"{pad}  - {text}")
    if len(items) > MAX_ITEMS:
        lines.append(f"{pad}  … and {len(items) - MAX_ITEMS} more (--json has all)")
    return lines
