"""Plans in words: coverage, two plans side by side, siting and its certificate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planning.comparison import AreaChange, Comparison, NextPost
from planning.coverage import AreaCoverage, Coverage, Standard
from planning.programme import SolverStatus
from planning.sites import Siting
from web.i18n import Translator
from web.plan_reach import Reach
from web.terminal import table
from web.wording import duration, kind_name
from web.wording_errors import error_text

GAPS_SHOWN = 10
NOTHING = "-"


def people(count: float, _: Translator) -> str:
    """Whole people with the marks of the language."""
    return NOTHING if math.isnan(count) else _.number(round(count))


def percent(part: float, _: Translator) -> str:
    """`64.3%`."""
    return NOTHING if math.isnan(part) else f"{_.number(part * 100, 1)}%"


def seconds(value: float, _: Translator) -> str:
    """A time, or that nobody gets there."""
    if math.isnan(value):
        return NOTHING
    return _("never") if math.isinf(value) else duration(value, _)


def clock(value: float, _: Translator) -> str:
    """Minutes and seconds as figures, such as 12:40, for tables without room."""
    if not math.isfinite(value):
        return _("never") if value > 0 else NOTHING
    whole = round(value)
    return f"{whole // 60}:{whole % 60:02d}"


def station_kind(kind: str, _: Translator) -> str:
    """A kind of station; an unlisted one as it is written."""
    names = {
        "fire_station": _("fire station"), "hospital": _("hospital"), "clinic": _("clinic"), "police": _("police post"),
        "ambulance_station": _("ambulance station"), "added": _("new"),
    }  # fmt: skip
    return names.get(kind, kind)


def source_kind(kind: str, _: Translator) -> str:
    """What a source of the region holds."""
    names = {
        "villages": _("villages"), "kecamatan": _("kecamatan"), "osm": _("roads"), "stations": _("stations"),
        "population": _("population"), "places": _("places"),
    }  # fmt: skip
    return names.get(kind, kind)


TimeWords = Callable[[float, Translator], str]


def standard_text(standard: Standard, _: Translator) -> str:
    """What was asked for."""
    return _("{kind}: {share} of the people within {minutes}, turnout included").format(
        kind=", ".join(kind_name(kind, _) for kind in standard.kinds),
        share=percent(standard.share, _),
        minutes=duration(standard.within_s, _),
    )


def coverage_sentence(found: AreaCoverage, _: Translator) -> str:
    """The figure of an area in a sentence."""
    said = (
        _("{within} of {people} people ({share}) are reached in time: the standard is met.")
        if found.meets
        else _("{within} of {people} people ({share}) are reached in time: the standard is not met.")
    )
    return said.format(within=people(found.within, _), people=people(found.people, _), share=percent(found.share, _))


def area_head(_: Translator) -> list[str]:
    """Headings of a table of areas."""
    return [
        _("name"), _("people"), _("in time"), _("share"), _("twice"), _("outside"), _("mean"), _("P50"), _("P90"),
        _("longest"), _("met"),
    ]  # fmt: skip


def area_row(found: AreaCoverage, _: Translator, time: TimeWords = seconds) -> list[str]:
    """An area in a table."""
    return [
        found.area.name,
        people(found.people, _),
        people(found.within, _),
        percent(found.share, _),
        percent(found.second_share, _),
        people(found.uncovered, _),
        time(found.mean_s, _),
        time(found.median_s, _),
        time(found.p90_s, _),
        time(found.worst_s, _),
        _("yes") if found.meets else _("no"),
    ]


def gap_rows(
    found: Coverage, names: Mapping[str, str], _: Translator, count: int = GAPS_SHOWN, time: TimeWords = seconds
) -> list[list[str]]:
    """Villages with the most people outside the standard."""
    return [
        [
            str(number), one.area.name, names.get(one.area.parent_code, ""), people(one.uncovered, _),
            percent(one.share, _), time(one.mean_s, _), time(one.p90_s, _),
        ]
        for number, one in enumerate(found.gaps(count), start=1)
    ]  # fmt: skip


def gap_head(_: Translator) -> list[str]:
    """Headings of the list of gaps."""
    return ["#", _("village"), _("kecamatan"), _("outside"), _("share"), _("mean"), _("P90")]


def cut_off_text(cut_off: Sequence[tuple[str, float]], _: Translator) -> list[str]:
    """Posts that most people cannot be reached from: most likely the map lacks a road there."""
    return [
        _("{post} reaches only {people} people by road: the map lacks a road there; mend it in OpenStreetMap and build "
          "the region again.").format(post=post, people=people(count, _))
        for post, count in cut_off
    ]  # fmt: skip


def assumed_text(assumed: Sequence[str], _: Translator) -> str:
    """How a plan differs from how things stand."""
    return "\n".join([_("What this plan assumes"), *(f"  - {one}" for one in assumed)])


def coverage_text(
    found: Coverage, names: Mapping[str, str], _: Translator, *, posts: int, cut_off: Sequence[tuple[str, float]] = ()
) -> str:
    """Coverage of a region: its figure, the gaps, every kecamatan."""
    region = found.region
    lines = [
        standard_text(found.standard, _),
        _.ngettext("{n} post", "{n} posts", posts).format(n=posts),
        coverage_sentence(region, _),
        _("Mean {mean}, half within {median}, nine tenths within {p90}; {second} reached by two; {lost} people by no "
          "road at all.").format(
            mean=seconds(region.mean_s, _), median=seconds(region.median_s, _), p90=seconds(region.p90_s, _),
            second=percent(region.second_share, _), lost=people(region.unreached, _),
        ),
    ]  # fmt: skip
    lines += cut_off_text(cut_off, _)
    gaps = gap_rows(found, names, _)
    if gaps:
        lines += ["", _("Most people outside the standard"), table(gap_head(_), gaps, (0, 3, 4, 5, 6))]
    if found.kecamatan:
        rows = [area_row(one, _) for one in found.kecamatan]
        lines += ["", _("By kecamatan"), table(area_head(_), rows, tuple(range(1, 10)))]
    return "\n".join(lines)


def reach_head(_: Translator) -> list[str]:
    """Headings of the table of isochrones."""
    return [_("minutes from the alarm"), _("people in time"), _("share"), _("km of road reached")]


def reach_rows(reach: Sequence[Reach], everybody: float, _: Translator) -> list[list[str]]:
    """What is reached within each time."""
    return [
        [
            _.number(one.minutes, 0 if one.minutes == int(one.minutes) else 1), people(one.people, _),
            percent(one.people / everybody, _), _.number(one.road_length_m / 1000),
        ]
        for one in reach
    ]  # fmt: skip


def reach_text(reach: Sequence[Reach], everybody: float, _: Translator) -> str:
    """Isochrones in a terminal."""
    return "\n".join([_("Reached by road"), table(reach_head(_), reach_rows(reach, everybody, _), (0, 1, 2, 3))])


def comparison_text(found: Comparison, _: Translator) -> str:
    """Two plans side by side."""
    change = found.region
    lines = [
        _("Before: {text}").format(text=coverage_sentence(change.before, _)),
        _("After: {text}").format(text=coverage_sentence(change.after, _)),
        gained_sentence(change.gained, _),
    ]
    rows = [change_row(one, _) for one in found.kecamatan if one.gained or one.before.mean_s != one.after.mean_s]
    if rows:
        lines += ["", _("Kecamatan that change"), table(change_head(_), rows, tuple(range(1, 6)))]
    villages = [change_row(one, _) for one in found.most_changed(GAPS_SHOWN) if one.gained]
    if villages:
        lines += ["", _("Villages that change most"), table(change_head(_), villages, tuple(range(1, 6)))]
    return "\n".join(lines)


def gained_sentence(gained: float, _: Translator) -> str:
    """How many people a change brings or loses."""
    whole = round(gained)
    if whole == 0:
        return _("As many people are reached in time as before.")
    said = _("{people} more people are reached in time.") if whole > 0 else _("{people} fewer are reached in time.")
    return said.format(people=_.number(abs(whole)))


def change_head(_: Translator) -> list[str]:
    """Headings of a table of changes."""
    return [_("name"), _("share before"), _("share after"), _("people gained"), _("mean before"), _("mean after")]


def change_row(one: AreaChange, _: Translator) -> list[str]:
    """An area before and after."""
    return [
        one.after.area.name,
        percent(one.before.share, _),
        percent(one.after.share, _),
        f"{'+' if round(one.gained) > 0 else ''}{people(one.gained, _)}",
        seconds(one.before.mean_s, _),
        seconds(one.after.mean_s, _),
    ]


# --- siting ----------------------------------------------------------------------------------------------------------


def status_text(status: SolverStatus, _: Translator) -> str:
    """What the solver proved, in a word or two."""
    return {
        SolverStatus.OPTIMAL: _("proven best"),
        SolverStatus.FEASIBLE: _("time limit reached, not proven"),
        SolverStatus.INFEASIBLE: _("no answer exists"),
        SolverStatus.UNSOLVED: _("time limit reached before any answer"),
    }[status]


def certificate(found: Siting, _: Translator) -> str:
    """Status, objective, bound and gap on one line."""
    gap = NOTHING if math.isinf(found.gap) else f"{_.number(found.gap * 100, 4)}%"
    return _("Certificate: {status}; objective {objective}, bound {bound}, gap {gap}, {seconds} s of HiGHS").format(
        status=status_text(found.status, _),
        objective=_plain(found.objective, _),
        bound=_plain(found.bound, _),
        gap=gap,
        seconds=_.number(found.seconds, 1),
    )


def siting_text(found: Siting, answer: Mapping[str, Any], _: Translator) -> str:
    """Chosen sites and their certificate."""
    said = _("{model} over {candidates} candidates and {demand} demand points")
    counts = _.number(answer["candidates"]), _.number(answer["demand_points"])
    lines = [said.format(model=found.model.value, candidates=counts[0], demand=counts[1])]
    if answer["left_out_people"]:
        lines.append(
            _("{people} people whom no candidate can reach by road are left out.").format(
                people=_.number(answer["left_out_people"])
            )
        )
    if found.reason is not None:
        lines.append(error_text(found.reason, _))
    if answer["sites"]:
        rows = [
            [str(number), one["name"], one["village"] or "", one["kecamatan"] or "",
             f"{one['lat']:.5f},{one['lon']:.5f}", _("stands") if one["stands"] else _("new"), str(one["units"])]
            for number, one in enumerate(answer["sites"], start=1)
        ]  # fmt: skip
        head = ["#", _("name"), _("village"), _("kecamatan"), _("position"), _("post"), _("units")]
        lines.append(table(head, rows, (0, 6)))
    return "\n".join([*lines, certificate(found, _)])


def next_text(found: Sequence[NextPost], answer: Mapping[str, Any], _: Translator, *, most: int | None = None) -> str:
    """Kecamatan ranked by what one more post there brings."""
    rows = [
        [str(one["rank"]), one["kecamatan"], one["site"], f"{one['lat']:.5f},{one['lon']:.5f}",
         _.number(one["gained"]), NOTHING if one["runner_up"] is None else _.number(one["runner_up"]),
         str(one["candidates"])]
        for one in answer["ranking"][:most]
    ]  # fmt: skip
    head = ["#", _("kecamatan"), _("best place"), _("position"), _("people gained"), _("second best"), _("tried")]
    return "\n".join([
        _("One more post: people newly reached within {minutes}").format(minutes=duration(answer["within_s"], _)),
        table(head, rows, (0, 4, 5, 6)),
        _("Certificate: every candidate was tried, {candidates} in all; none gains more in its kecamatan.").format(
            candidates=_.number(sum(one.candidates for one in found))),
    ])  # fmt: skip


def _plain(value: float, _: Translator) -> str:
    if not math.isfinite(value):
        return NOTHING
    return _.number(value, 0 if abs(value) >= 1000 or value == int(value) else 1)


# --- simulation ------------------------------------------------------------------------------------------------------


def simulation_text(answer: Mapping[str, Any], _: Translator) -> str:
    """Policies side by side, each figure with half the width of its 95 % confidence interval."""
    kind = kind_name(answer["kind"], _)
    if "incidents" in answer:
        lines = [_("{incidents} incidents of the log replayed: {kind}, {posts} posts").format(
            incidents=_.number(answer["incidents"]), kind=kind, posts=answer["posts"])]  # fmt: skip
        reasons = {
            "exercise": _("left out, drills"), "duplicate": _("left out, duplicates"),
            "no place": _("left out, place not known"), "no unit of the kind": _("left out, no unit of the kind sent"),
        }  # fmt: skip
        lines += [f"  - {reasons[reason]}: {_.number(count)}" for reason, count in answer["left_out"].items()]
        if answer["impossible_times"]:
            said = _("impossible times, counted as not recorded")
            lines.append(f"  - {said}: {_.number(answer['impossible_times'])}")
        lines += _as_it_was(answer["actual"], _)
    else:
        lines = [
            _("{kind}, {posts} posts, {calls} calls a day, {days} days, seed {seed}").format(
                kind=kind, posts=answer["posts"], calls=_.number(answer["calls_per_day"], 1),
                days=_.number(answer["days"]), seed=answer["seed"],
            )
        ]  # fmt: skip
        if answer["unreached_people"]:
            lines.append(
                _("{people} people live where no post of this plan gets by road; calls from there are not simulated.")
                .format(people=_.number(answer["unreached_people"]))
            )  # fmt: skip
    head = [
        _("policy"), _("units"), _("calls"), _("mean"), _("P50"), _("P90"), _("late"), _("lost"), _("waited"),
        _("busy"),
    ]  # fmt: skip
    rows = [
        [
            one["policy"], str(one["units"]), _spread(one["calls"], _, 0), _spread(one["mean_s"], _, 1, " s"),
            _spread(one["median_s"], _, 1, " s"), _spread(one["p90_s"], _, 1, " s"),
            *(_spread(one[name], _, 2, "%", 100) for name in ("late", "lost", "waited", "utilisation")),
        ]
        for one in answer["policies"]
    ]  # fmt: skip
    told = _(
        "Late: not reached within {minutes}. After ±: half of the 95 per cent confidence interval over replications."
    )
    lines += [
        table(head, rows, tuple(range(1, 10))),
        told.format(minutes=duration(answer["standard_s"], _)),
    ]
    return "\n".join(lines)


def _as_it_was(actual: Mapping[str, Any], _: Translator) -> list[str]:
    """What the log recorded, beside which a replay is read."""
    if not actual["with_time"]:
        return [_("As it was: no incident has a usable recorded arrival.")]
    said = _("As it was: mean {mean}, late {late}; {missing} without a recorded arrival.")
    lines = [said.format(mean=seconds(actual["mean_s"], _), late=percent(actual["late"], _),
                         missing=_.number(actual["without_time"]))]  # fmt: skip
    if actual["handling_median_s"] is not None:
        lines.append(
            _("Half of the first units were sent within {handling} of the report; the replay sends at once, so compare "
              "replays with each other first.").format(handling=seconds(actual["handling_median_s"], _))
        )  # fmt: skip
    return lines


def _spread(one: Mapping[str, float | None], _: Translator, digits: int, unit: str = "", times: int = 1) -> str:
    if one["mean"] is None:
        return NOTHING
    around = "" if one["half_width"] is None else f" ±{_.number(one['half_width'] * times, digits)}"
    return f"{_.number(one['mean'] * times, digits)}{around}{unit}"


# --- hot spots -------------------------------------------------------------------------------------------------------


def hotspots_text(answer: Mapping[str, Any], _: Translator, count: int) -> str:
    """Hot villages, the hottest first, and the busiest hours."""
    lines = [
        _("{incidents} incidents, {unknown} of them in no known village; {hot} hot and {cold} cold villages").format(
            incidents=_.number(answer["incidents"]), unknown=_.number(answer["without_village"]),
            hot=answer["hot"], cold=answer["cold"],
        )
    ]  # fmt: skip
    hot = sorted((one for one in answer["villages"] if one["found"] == "hot"), key=lambda one: (-one["z"], one["code"]))
    rows = [
        [
            one["name"], one["code"],
            f"<{answer['suppressed_below']}" if one["incidents"] is None else _.number(one["incidents"]),
            NOTHING if one["smoothed_per_1000"] is None else _.number(one["smoothed_per_1000"], 2),
            _.number(one["z"], 2), _.number(one["q"], 4),
        ]
        for one in hot[:count]
    ]  # fmt: skip
    if rows:
        head = [_("village"), _("code"), _("incidents"), _("per 1000 people"), "z", "q"]
        lines.append(table(head, rows, (2, 3, 4, 5)))
    by_hour = [sum(day[hour] for day in answer["by_hour"]) for hour in range(24)]
    lines += [
        _("By hour of the day"),
        table([f"{hour:02d}" for hour in range(24)], [[str(one) for one in by_hour]], tuple(range(24))),
    ]
    return "\n".join(lines)
