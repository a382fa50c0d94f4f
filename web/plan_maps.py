"""Plans as maps in one HTML file that opens without any network."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gis.files import write_text_atomically
from planning.comparison import Comparison
from planning.coverage import Coverage, Standard
from web.i18n import Translator, translator
from web.maps import Field, Spot, plan_map
from web.plan_pictures import reach_colour
from web.plan_reach import Reach, reach_json
from web.plan_sites import SitingAnswer
from web.plan_words import (
    certificate,
    change_head,
    change_row,
    coverage_sentence,
    gained_sentence,
    gap_head,
    gap_rows,
    people,
    percent,
    reach_head,
    reach_rows,
    seconds,
    standard_text,
    station_kind,
)
from web.plans import Planner, Post
from web.plots import share_colour, share_legend
from web.service import Desk

POST_STYLE = "unit fire_engine"
NEW_STYLE = "unit"


def save_coverage_map(
    path: Path,
    desk: Desk,
    planner: Planner,
    found: Coverage,
    posts: Sequence[Post],
    both: Comparison | None,
    *,
    lang: str,
    reach: Sequence[Reach] = (),
    assumed: Sequence[str] = (),
) -> None:
    """Villages by the share of people reached in time, and the posts; beside another plan, what changed.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    _ = translator(lang)
    names = {area.code: area.name for area in planner.kecamatan}
    rows = [[row[1], row[3], row[4]] for row in gap_rows(found, names, _)]
    head = gap_head(_)
    title = _("Coverage of {region}").format(region=planner.region.name)
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(standard_text(found.standard, _))}</p>",
        f"<p><strong>{html.escape(coverage_sentence(found.region, _))}</strong></p>",
        _legend(_),
        f"<h2>{html.escape(_('Most people outside the standard'))}</h2>",
        html_table([head[1], head[3], head[4]], rows),
    ]
    if both is not None:
        changed = [one for one in both.kecamatan if round(one.gained)]
        rows = [[cells[0], cells[2], cells[3]] for cells in (change_row(one, _) for one in changed)]
        head = change_head(_)
        parts[3:3] = [
            f"<p>{html.escape(gained_sentence(both.region.gained, _))}</p>",
            html_table([head[0], head[2], head[3]], rows),
        ]
    if assumed:
        parts[3:3] = [assumed_html(assumed, _)]
    if reach:
        parts[-2:-2] = [_reach_legend(reach, _)]
        parts += [f"<h2>{html.escape(_('Reached by road'))}</h2>",
                  html_table(reach_head(_), reach_rows(reach, found.region.people, _))]  # fmt: skip
    page = plan_map(
        desk,
        [*_fields(planner, found, _), *_outlines(reach, _)],
        _spots(posts, _),
        title=f"Siaga112: {title}",
        sheet="".join(parts),
    )
    write_text_atomically(path, page)


def save_siting_map(
    path: Path, desk: Desk, planner: Planner, solved: SitingAnswer, standard: Standard, *, lang: str,
    assumed: Sequence[str] = (),
) -> None:  # fmt: skip
    """Coverage by the chosen posts; those that are new stand out.

    Raises
    ------
    InputError
        The file cannot be written, or there is no answer to draw.
    """
    _ = translator(lang)
    chosen = solved.chosen
    fields = _fields(planner, planner.coverage(chosen, standard), _) if chosen else []
    stands = {one["name"]: one["stands"] for one in solved.answer["sites"]}
    spots = [
        Spot(
            lat=post.location.lat, lon=post.location.lon, css=POST_STYLE if stands[post.name] else NEW_STYLE,
            text=str(number), lines=(post.name, _("stands") if stands[post.name] else _("new")),
        )
        for number, post in enumerate(chosen, start=1)
    ]  # fmt: skip
    rows = [[str(number), post.name] for number, post in enumerate(chosen, start=1)]
    sheet = "".join([
        f"<h1>{html.escape(solved.found.model.value)}: {html.escape(planner.region.name)}</h1>",
        f"<p>{html.escape(standard_text(standard, _))}</p>",
        f"<p>{html.escape(certificate(solved.found, _))}</p>", assumed_html(assumed, _), _legend(_),
        html_table(["#", _("name")], rows),
    ])  # fmt: skip
    write_text_atomically(path, plan_map(desk, fields, spots, title="Siaga112", sheet=sheet))


def save_next_map(
    path: Path, desk: Desk, planner: Planner, answer: Mapping[str, Any], standing: Sequence[Post], *, lang: str,
    assumed: Sequence[str] = (),
) -> None:  # fmt: skip
    """The best place of every kecamatan, numbered by rank.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    _ = translator(lang)
    spots = _spots(standing, _) + [
        Spot(lat=one["lat"], lon=one["lon"], css=NEW_STYLE, text=str(one["rank"]),
             lines=(one["kecamatan"], one["site"], f"+{people(one['gained'], _)}"))
        for one in reversed(answer["ranking"])
    ]  # fmt: skip
    rows = [[str(one["rank"]), one["kecamatan"], people(one["gained"], _)] for one in answer["ranking"]]
    title = _("Where one more post brings most")
    head = ["#", _("kecamatan"), _("people gained")]
    sheet = f"<h1>{html.escape(title)}</h1>" + assumed_html(assumed, _) + html_table(head, rows)
    write_text_atomically(path, plan_map(desk, [], spots, title="Siaga112", sheet=sheet))


def assumed_html(assumed: Sequence[str], _: Translator) -> str:
    """How a plan differs from how things stand; empty where it does not."""
    if not assumed:
        return ""
    lines = "".join(f"<li>{html.escape(one)}</li>" for one in assumed)
    return f"<p><strong>{html.escape(_('What this plan assumes'))}</strong></p><ul>{lines}</ul>"


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of escaped texts."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _fields(planner: Planner, found: Coverage, _: Translator) -> list[Field]:
    from shapely.geometry import mapping

    return [
        Field(
            geometry=mapping(planner.region.boundaries.polygon(one.area.code)),
            colour=share_colour(one.share),
            lines=(
                one.area.name,
                f"{people(one.within, _)} / {people(one.people, _)} ({percent(one.share, _)})",
                f"{_('mean')} {seconds(one.mean_s, _)}, P90 {seconds(one.p90_s, _)}",
            ),
        )
        for one in found.villages
    ]


def _outlines(reach: Sequence[Reach], _: Translator) -> list[Field]:
    """Isochrones, the longest time first."""
    return [
        Field(
            geometry=told["polygon"], colour=reach_colour(len(reach) - 1 - number), is_outline=True,
            lines=(_("{minutes} min").format(minutes=f"{one.minutes:g}"), f"{people(one.people, _)}"),
        )
        for number, (one, told) in enumerate(zip(reversed(reach), reach_json(reach[::-1]), strict=True))
    ]  # fmt: skip


def _spots(posts: Sequence[Post], _: Translator) -> list[Spot]:
    return [
        Spot(
            lat=post.location.lat,
            lon=post.location.lon,
            css=POST_STYLE,
            text="",
            lines=(post.name, station_kind(post.kind, _)),
        )
        for post in posts
    ]


def _legend(_: Translator) -> str:
    return _key(_("people in time"), share_legend())


def _reach_legend(reach: Sequence[Reach], _: Translator) -> str:
    said = [
        (reach_colour(number), _("{minutes} min").format(minutes=f"{one.minutes:g}"))
        for number, one in enumerate(reach)
    ]
    return _key(_("Reached by road"), said)


def _key(meaning: str, colours: Sequence[tuple[str, str]]) -> str:
    spans = "".join(f'<span><i style="color:{colour}"></i>{html.escape(words)}</span>' for colour, words in colours)
    return f'<p class="legend"><b>{html.escape(meaning)}</b>{spans}</p>'
