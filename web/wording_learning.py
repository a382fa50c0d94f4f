"""Learnt speeds in the reader's language: what a report says, by class, kecamatan and hour, with its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from dispatch.learnt_speeds import LearntSpeeds
from gis.errors import N_
from routing.learning import REMARKS
from web.i18n import Translator
from web.terminal import table

EXCLUSIONS: Final[Mapping[str, str]] = {
    "impossible_times": N_("impossible times"),
    "device_clock": N_("wrong clock of the device"),
    "no_position": N_("no position"),
    "too_short": N_("too short"),
    "not_matched": N_("positions that fit no roads"),
    "no_road": N_("no road between the ends"),
    "impossible_speed": N_("impossible speed"),
}
TIMES: Final[Mapping[str, str]] = {
    "night": N_("night"),
    "morning": N_("morning"),
    "midday": N_("midday"),
    "evening": N_("evening"),
    "weekend": N_("weekend"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWords:
    """A report in words; every table with its heading.

    Attributes
    ----------
    head
        How many trips, and which were left out.
    errors, classes, cells
        Rows of the tables.
    remarks
        What to know before it is adopted.
    changes
        Whether any speed would change.
    """

    head: str
    errors: tuple[tuple[str, ...], ...]
    classes: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]
    changes: bool


def error_heading(_: Translator) -> tuple[str, ...]:
    """Of the table of errors."""
    return (_("Error of driving times"), _("Median"), _("P90"), _("Bias"), _("Median %"))


def class_heading(_: Translator) -> tuple[str, ...]:
    """Of the table of road classes."""
    return (_("Road class"), _("Factor"), _("Trips"), _("Driven"), _("Before"), _("After"), "")


def cell_heading(_: Translator) -> tuple[str, ...]:
    """Of the table of factors."""
    return (_("Road class"), _("Kecamatan"), _("Time"), _("Factor"), "95 %", _("Trips"), "")


def excluded_text(excluded: Mapping[str, int], _: Translator) -> str:
    """Which trips were left out, by reason; empty where none was."""
    return ", ".join(
        f"{_.number(count)} {_(EXCLUSIONS[reason]) if reason in EXCLUSIONS else reason.replace('_', ' ')}"
        for reason, count in excluded.items()
    )


def report_words(described: Mapping[str, Any], areas: Mapping[str, str], _: Translator) -> ReportWords:
    """A report, as `routing.learning.report_json` describes it.

    Parameters
    ----------
    described
        The report.
    areas
        Names of kecamatan by code.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        It is no report.
    """
    head = _(
        "{trips} trips used, {by_trace} of them with positions; the error is that of {judged} trips, each told by what "
        "was learnt without it; left out: {excluded}."
    ).format(
        trips=_.number(described["trips"]),
        by_trace=_.number(described["by_trace"]),
        judged=_.number(described["held_out"]),
        excluded=excluded_text(described["excluded"], _) or _("none"),
    )
    errors = tuple(
        (
            name,
            f"{_.number(one['median_s'])} s",
            f"{_.number(one['p90_s'])} s",
            f"{'+' if one['bias_s'] > 0 else ''}{_.number(one['bias_s'])} s",
            _percent(one["median_share"], _),
        )
        for name, one in ((_("before"), described["before"]), (_("after"), described["after"]))
    )
    classes = tuple(
        (
            str(one["road_class"]),
            _.number(one["factor"], 2),
            _.number(one["trips"]),
            _("{n} h").format(n=_.number(one["seconds"] / 3600, 1)),
            "-" if one["before"] is None else _percent(one["before"], _),
            "-" if one["after"] is None else _percent(one["after"], _),
            _("changes") if one["changed"] else _("stays"),
        )
        for one in described["classes"]
    )
    cells = tuple(
        (
            str(one["road_class"]),
            areas.get(one["kecamatan"], str(one["kecamatan"])),
            _(TIMES[one["bin"]]) if one["bin"] in TIMES else str(one["bin"]),
            _.number(one["factor"], 2),
            f"{_.number(one['low'], 2)}–{_.number(one['high'], 2)}",
            _.number(one["trips"]),
            _("thin") if one["thin"] else "",
        )
        for one in described["cells"]
    )
    return ReportWords(
        head=head,
        errors=errors,
        classes=classes,
        cells=cells,
        remarks=_remarks(described, _),
        changes=any(one["changed"] for one in described["classes"]),
    )


def report_text(words: ReportWords, _: Translator) -> str:
    """A report for a terminal."""
    parts = [
        words.head,
        _table(error_heading(_), words.errors, right=(1, 2, 3, 4)),
        _table(class_heading(_), words.classes, right=(1, 2, 3, 4, 5)),
        _table(cell_heading(_), words.cells, right=(3, 5)) if words.cells else _("No speed would change."),
        *words.remarks,
    ]
    return "\n\n".join(parts)


def in_force_text(held: LearntSpeeds | None, timezone: tzinfo, _: Translator) -> str:
    """Which speeds count, and by whose decision."""
    if held is None:
        return _("No learnt speeds are in force; those of region.toml count.")
    return _("In force since {time} by {who}: {reason}").format(
        time=held.adopted_at.astimezone(timezone).strftime("%Y-%m-%d %H:%M"), who=held.adopted_by, reason=held.reason
    )


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> str:
    return table([one.upper() for one in heading], rows, right=right)


def _percent(share: float, _: Translator) -> str:
    return f"{_.number(100 * share, 1)} %"


def _remarks(described: Mapping[str, Any], _: Translator) -> tuple[str, ...]:
    found = []
    for one in described.get("remarks", ()):
        values = {
            name: str(value).replace(".", _.decimal_mark) if isinstance(value, float) else value
            for name, value in one["values"].items()
        }
        found.append(_(REMARKS[one["code"]]).format(**values))
    # Reports of before remarks had codes have their sentences alone.
    return tuple(found) if "remarks" in described else tuple(str(one) for one in described["warnings"])
