"""The printable reports: coverage and the response standard, each with method, sources and their faults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from dispatch.exports_common import IncidentCase
from dispatch.exports_ministry import seconds_to
from dispatch.incidents import Milestone
from planning.coverage import Coverage
from planning.response_standard import ResponseFigures, ResponseReport, response_report
from web.credits import NOT_STATED
from web.i18n import Translator
from web.plan_pictures import coverage_picture, reach_picture
from web.plan_reach import Reach
from web.plan_words import (
    area_head,
    area_row,
    clock,
    coverage_sentence,
    cut_off_text,
    gap_head,
    gap_rows,
    people,
    percent,
    reach_head,
    reach_rows,
    seconds,
    source_kind,
    standard_text,
    station_kind,
)
from web.plans import Planner, Post
from web.plots import NO_DATA, area_map, share_colour, share_legend
from web.report_parts import Grid, Heading, Items, Paragraph, Part, Picture, Report
from web.wording import duration, kind_name

NEXT_SHOWN = 15


def coverage_report(
    planner: Planner,
    found: Coverage,
    posts: Sequence[Post],
    ranking: dict[str, Any],
    _: Translator,
    *,
    now: datetime,
    reach: Sequence[Reach] = (),
    assumed: Sequence[str] = (),
) -> Report:
    """Who is reached in time, the gaps, and where one more post brings most.

    Parameters
    ----------
    planner, found, posts
        The plan and its coverage.
    ranking
        Of `web.plan_sites.rank_next`.
    now
        When it is made.
    reach
        Isochrones of the posts.
    assumed
        What differs from how things stand, in sentences.
    """
    kind = found.standard.kinds[0]
    names = {area.code: area.name for area in planner.kecamatan}
    rows = [
        [str(one["rank"]), one["kecamatan"], one["site"], people(one["gained"], _),
         "-" if one["runner_up"] is None else people(one["runner_up"], _), str(one["candidates"])]
        for one in ranking["ranking"][:NEXT_SHOWN]
    ]  # fmt: skip
    parts: list[Part] = [
        Heading(text=_("Result")),
        Paragraph(text=coverage_sentence(found.region, _)),
        Paragraph(
            text=_("Mean {mean}, half within {median}, nine tenths within {p90}; {second} reached by two; {lost} "
                   "people by no road at all.").format(
                mean=seconds(found.region.mean_s, _), median=seconds(found.region.median_s, _),
                p90=seconds(found.region.p90_s, _), second=percent(found.region.second_share, _),
                lost=people(found.region.unreached, _),
            )
        ),
        Picture(png=coverage_picture(planner, found, posts, _), text=_("Villages by the share of people in time")),
        *_assumed(assumed, _),
        *_reached(planner, found, posts, reach, _),
        Heading(text=_("Most people outside the standard")),
        Grid.of(gap_head(_), gap_rows(found, names, _, 20, clock), left=3),
        Heading(text=_("By kecamatan")),
        Grid.of(area_head(_), [area_row(one, _, clock) for one in found.kecamatan]),
        Heading(text=_("Where one more post brings most")),
        Grid.of(
            ["#", _("kecamatan"), _("best place"), _("people gained"), _("second best"), _("tried")], rows, left=3
        ),
        Paragraph(
            text=_("Certificate: every candidate was tried, {candidates} in all; none gains more in its kecamatan.")
            .format(candidates=_.number(ranking["candidates"]))
        ),
        Heading(text=_("Posts")),
        Grid.of(
            [_("name"), _("kind"), _("position")],
            [
                [post.name, station_kind(post.kind, _), f"{post.location.lat:.5f}, {post.location.lon:.5f}"]
                for post in posts
            ],
            left=2,
        ),
        Heading(text=_("Method")),
        Items(texts=(
            _("Times are exact shortest times by road from every post to the middle of every piece of road, with "
              "turnout ({turnout}) and the way from the post to the road.").format(
                turnout=duration(planner.dispatch_settings.turnout_of(kind), _)),
            _("Times in tables are minutes and seconds, such as 12:40. A mean is over those whom a road joins to a "
              "post; P50 and P90 are over all, and “never” stands where no road leads to so many."),
            _("The people of a village are spread evenly over its roads, without motorways, ramps and tracks; times "
              "are weighted by people."),
            _("A unit is taken to be free at its post: the best case. Simulation tells what busy units change."),
            _("Speeds are those of region.toml, by class of road; traffic counts only where the plan names an hour."),
        )),
        *_sources(planner, [*cut_off_text(planner.cut_off(posts, kind), _), *_unreached(found, _)], _),
    ]  # fmt: skip
    return Report(
        title=_("Coverage of {region}: {kind}, {minutes}").format(
            region=planner.region.name, kind=kind_name(kind, _), minutes=duration(found.standard.within_s, _)
        ),
        subtitle=f"{standard_text(found.standard, _)}. {_made(planner, now, _)}",
        lang=_.language,
        notice=planner.region.notice,
        parts=tuple(parts),
    )


def _unreached(found: Coverage, _: Translator) -> list[str]:
    if round(found.region.unreached) == 0:
        return []
    return [
        _("{people} people live along roads that are joined to no post on the map; they count as not reached.").format(
            people=people(found.region.unreached, _)
        )
    ]


def _assumed(assumed: Sequence[str], _: Translator) -> list[Part]:
    return [Heading(text=_("What this plan assumes")), Items(texts=tuple(assumed))] if assumed else []


def _reached(
    planner: Planner, found: Coverage, posts: Sequence[Post], reach: Sequence[Reach], _: Translator
) -> list[Part]:
    if not reach:
        return []
    return [
        Heading(text=_("Reached by road")),
        Picture(png=reach_picture(planner, posts, reach, _), text=_("Areas reached by road")),
        Grid.of(reach_head(_), reach_rows(reach, found.region.people, _)),
    ]


def measured_responses(
    planner: Planner, cases: Sequence[IncidentCase], within_s: float, *, category: str | None = None
) -> ResponseReport:
    """The response standard over incidents: no drills, no duplicates; all others, with a time or without."""
    chosen = [
        case for case in cases
        if not case.incident.exercise and case.incident.duplicate_of is None
        and (category is None or case.incident.category == category)
    ]  # fmt: skip
    response = np.full(len(chosen), np.nan)
    for number, case in enumerate(chosen):
        arrived_s = seconds_to(case, Milestone.ON_SCENE)
        if arrived_s is not None:
            response[number] = arrived_s
    return response_report(
        response,
        [case.incident.location.village_code or case.incident.location.kecamatan_code for case in chosen],
        within_s,
        region=planner.region_area,
        kecamatan=planner.kecamatan,
        villages=planner.villages,
    )


def figures_json(found: ResponseFigures) -> dict[str, Any]:
    """Figures of an area as plain values."""

    def number(value: float, digits: int) -> float | None:
        return round(value, digits) if np.isfinite(value) else None

    return {
        "code": found.area.code, "name": found.area.name, "incidents": found.incidents, "recorded": found.recorded,
        "missing": found.missing, "impossible": found.impossible, "in_time": found.in_time,
        "share": number(found.share, 4), "least_share": number(found.least_share, 4),
        "most_share": number(found.most_share, 4), "mean_s": number(found.mean_s, 1),
        "median_s": number(found.median_s, 1), "p90_s": number(found.p90_s, 1),
    }  # fmt: skip


def standard_report(
    planner: Planner, found: ResponseReport, _: Translator, *, span: str, head: tuple[int, str], now: datetime
) -> Report:
    """The pack of the response standard (SPM).

    Parameters
    ----------
    planner, found
        The region and what was measured.
    span
        The time it is of, in words.
    head
        Number and hash of the last event of the log it was computed from.
    now
        When it is made.
    """
    region = found.region
    columns = [
        _("name"), _("incidents"), _("without time"), _("in time"), _("share"), _("at least"), _("at most"), _("mean"),
        _("P50"), _("P90"),
    ]  # fmt: skip
    busy = [one for one in found.villages if one.incidents]
    colours = {one.area.code: share_colour(one.share) for one in busy}
    title = _("Response standard of {region}: {minutes}").format(
        region=planner.region.name, minutes=duration(found.within_s, _)
    )
    parts: list[Part] = [
        Heading(text=_("Result")),
        Paragraph(
            text=_("{in_time} of {recorded} incidents with a recorded arrival were reached in time ({share}). "
                   "{missing} of {incidents} incidents have no usable time, {impossible} of them an impossible one; "
                   "counting those as late or as in time, the share lies between {least} and {most}.").format(
                in_time=_.number(region.in_time), recorded=_.number(region.recorded), share=percent(region.share, _),
                missing=_.number(region.missing), incidents=_.number(region.incidents),
                impossible=_.number(region.impossible), least=percent(region.least_share, _),
                most=percent(region.most_share, _),
            )
        ),
        *_nowhere(found, _),
        Picture(
            png=area_map(
                planner, colours, (), title=title, meaning=_("incidents in time"),
                legend=[*share_legend(), (NO_DATA, _("none with a recorded arrival"))],
            ),
            text=_("Villages by the share of incidents in time"),
        ),
        Heading(text=_("By kecamatan")),
        Grid.of(columns, [_figure_row(one, _) for one in (region, *found.kecamatan)]),
        Heading(text=_("By village")),
        Paragraph(text=_("Villages without any incident in this time are left out of the table, not of the sums.")),
        Grid.of(columns, [_figure_row(one, _) for one in busy]),
        Heading(text=_("Method")),
        Items(texts=(
            _("A response time runs from the first report to the first unit on scene, as recorded; drills and "
              "duplicates are left out. An arrival before the report, or before the unit was sent, cannot be and "
              "counts as no time."),
            _("Incidents without a time are counted and never dropped: the shares at least and at most take them all "
              "as late, and all as in time."),
            _("Quantiles are recorded times: half, and nine tenths, of the recorded incidents took no longer."),
            _("Computed from the event log alone, events 1 to {seq}, last hash {hash}.").format(
                seq=_.number(head[0]), hash=head[1][:16]),
        )),
        *_sources(planner, [], _),
    ]  # fmt: skip
    return Report(
        title=title,
        subtitle=f"{span}. {_made(planner, now, _)}",
        lang=_.language,
        notice=planner.region.notice,
        parts=tuple(parts),
    )


def _made(planner: Planner, now: datetime, _: Translator) -> str:
    return _("Made {when}").format(when=local_time(now.astimezone(planner.region.timezone)))


def local_time(moment: datetime) -> str:
    """Date, time and zone, such as 2026-10-01 00:00 WIB."""
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def _nowhere(found: ResponseReport, _: Translator) -> list[Part]:
    if not found.nowhere:
        return []
    said = _("{count} incidents lie in no known village; they count for the region alone.")
    return [Paragraph(text=said.format(count=_.number(found.nowhere)))]


def _figure_row(one: ResponseFigures, _: Translator) -> list[str]:
    return [
        one.area.name, _.number(one.incidents), _.number(one.missing), _.number(one.in_time), percent(one.share, _),
        percent(one.least_share, _), percent(one.most_share, _), clock(one.mean_s, _), clock(one.median_s, _),
        clock(one.p90_s, _),
    ]  # fmt: skip


def _sources(planner: Planner, faults: Sequence[str], _: Translator) -> list[Part]:
    rows = []
    for one in planner.region.table.get("sources", []):
        rows.append([source_kind(str(one.get("kind", "")), _), *(str(one.get(name, "")) for name in ("file", "date"))])
        rows[-1].append(_("not stated") if one.get("licence") == NOT_STATED else str(one.get("licence", "")))
    told = list(faults)
    if planner.has_people:
        uncounted, unserved = planner.demand.uncounted, planner.demand.unserved
        if uncounted:
            told.append(
                _("{count} villages have no count of people and count as empty: {names}.").format(
                    count=len(uncounted), names=", ".join(area.name for area in uncounted[:5])
                )
            )
        if unserved:
            told.append(
                _("{count} villages have people and no road on the map: {names}.").format(
                    count=len(unserved), names=", ".join(area.name for area in unserved[:5])
                )
            )
    told.append(_("The number of people per village is that of the table of population, as exact as its source."))
    told.append(
        _("The roads are those of the map named here, with its gaps; narrow ones may be too narrow for a vehicle.")
    )
    return [
        Heading(text=_("Sources and their faults")),
        Grid.of([_("kind"), _("file"), _("date"), _("licence")], rows, left=4),
        Items(texts=tuple(told)),
    ]
