"""The planner in the browser: posts dragged on a map, coverage by the minute, two plans side by side, exports."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from dispatch.exports_common import csv_text
from planning.comparison import compare
from web.access import Permission, actor, needs
from web.api import desk
from web.assets import LEAFLET_VERSION
from web.credits import credit_line
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, translator
from web.people_frame import sees_speeds
from web.plan_candidates import of_villages
from web.plan_changes import told_changes
from web.plan_files import BYTE_ORDER_MARK, comparison_table, coverage_table, write_coverage_geopackage
from web.plan_pictures import reach_colour
from web.plan_reach import REACH_MINUTES, reach_of
from web.plan_reports import coverage_report
from web.plan_simulation import NIGHT
from web.plan_sites import rank_next
from web.planner_bench import MOST_MINUTES, Workbench
from web.planner_plan import MOST_UNITS, sent_plan
from web.planner_words import page_words
from web.plans import post_json
from web.plots import share_legend
from web.report_pdf import report_pdf
from web.service import utc_now
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM
from web.wording import kind_name

planner_pages = Blueprint("planner", __name__)

WORKBENCH: Final = "siaga112-planner"
MOST_STREETS: Final = 3000
"""Names that the page offers; any other can be typed."""

SIMPLER_DEG: Final = 0.0003
"""Outlines on the page may be this far off, about 30 m; what is counted is not."""


def workbench() -> Workbench:
    """The one of this application, made when first asked for."""
    found = current_app.extensions.get(WORKBENCH)
    if not isinstance(found, Workbench):
        found = current_app.extensions.setdefault(WORKBENCH, Workbench(desk()))
    return found


@planner_pages.get("/planner")
@needs(Permission.PLAN)
def page() -> Response:
    """The planner's page; `?lang=en` for English."""
    who = actor()
    lang = request.args.get("lang", who.language or DEFAULT_LANGUAGE)
    _ = translator(lang if lang in LANGUAGES else DEFAULT_LANGUAGE)
    bench = workbench()
    planner, words = bench.planner, page_words(_)
    stations = [post_json(post) for post in planner.stations]
    kinds = [
        {"kind": kind, "name": kind_name(kind, _), "stations": list(found)}
        for kind, found in planner.post_kinds.items()
        if any(one["kind"] in found for one in stations)
    ]
    stamp = current_app.extensions["siaga112-tiles"].stamp
    tiles = "/tiles/{z}/{x}/{y}{r}.png"
    account = {"csrf": generate_csrf()} if who.by_cookie else None
    region = desk().region_json()
    start = {
        "lang": _.language, "words": words, "kinds": kinds, "stations": stations,
        "legend": [{"colour": colour, "text": text} for colour, text in share_legend()],
        "reach": [{"colour": reach_colour(number), "minutes": one} for number, one in enumerate(REACH_MINUTES)],
        "bounds": region["bounds"], "most_minutes": MOST_MINUTES, "most_units": MOST_UNITS,
        "has_people": planner.has_people, "tells_hours": bench.tells_hours,
        "night": sorted(NIGHT),
        "streets": sorted(set(desk().region.network.names) - {""})[:MOST_STREETS],
        "kecamatan": {area.code: area.name for area in planner.kecamatan},
        "account": account, "credit": str(escape(credit_line(desk().region))),
        "tiles": {
            "light": f"{tiles}?v={stamp}", "dark": f"{tiles}?style=dark&v={stamp}", "least_zoom": LEAST_ZOOM,
            "greatest_zoom": GREATEST_ZOOM,
        },
    }  # fmt: skip
    answer = make_response(
        render_template(
            "planner.html", start=start, words=words, region=region, lang=_.language,
            kept={"language": who.language, "theme": who.theme},
            shows_speeds=sees_speeds(),
            stamp=current_app.extensions["siaga112-asset-version"], leaflet=LEAFLET_VERSION,
        )
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-cache" if account is None else "no-store"
    return answer


@planner_pages.get("/planner/villages.geojson")
@needs(Permission.PLAN)
def villages() -> Response:
    """Outlines of all villages, made simpler for the screen."""
    from shapely.geometry import mapping

    boundaries = desk().region.boundaries
    features = [
        {
            "type": "Feature",
            "properties": {"code": area.code, "name": area.name},
            "geometry": mapping(boundaries.polygon(area.code).simplify(SIMPLER_DEG)),
        }
        for area in boundaries.villages
    ]
    return jsonify({"type": "FeatureCollection", "features": features})


@planner_pages.post("/planner/coverage")
@needs(Permission.PLAN)
def measure() -> Response:
    """Coverage of the plan sent: people of every village reached within each minute."""
    return jsonify(workbench().answer(sent_plan(request.get_json(silent=True))))


@planner_pages.post("/planner/isochrones")
@needs(Permission.PLAN)
def isochrones() -> Response:
    """What the plan sent reaches by road within 5, 8, 10 and 15 minutes from the alarm."""
    return jsonify({"isochrones": workbench().reach(sent_plan(request.get_json(silent=True)), REACH_MINUTES)})


@planner_pages.post("/planner/coverage.csv")
@needs(Permission.PLAN)
def export_csv() -> Response:
    """The plan as a table; with `before`, another plan, side by side."""
    body = request.get_json(silent=True)
    plan = sent_plan(body)
    bench = workbench()
    found = bench.coverage(plan)
    before = body.get("before") if isinstance(body, dict) else None
    if before is None:
        columns, rows = coverage_table(found)
    else:
        columns, rows = comparison_table(compare(bench.coverage(sent_plan(before)), found))
    cells = [["" if value is None else value for value in row] for row in rows]
    return _download(
        (BYTE_ORDER_MARK + csv_text(columns, cells, notice=bench.planner.region.notice)).encode(),
        "text/csv; charset=utf-8", "coverage.csv",
    )  # fmt: skip


@planner_pages.post("/planner/coverage.gpkg")
@needs(Permission.PLAN)
def export_geopackage() -> Response:
    """The plan as a GeoPackage: villages, kecamatan, posts, junctions and isochrones."""
    plan = sent_plan(request.get_json(silent=True))
    bench = workbench()
    planner, found = bench.under(plan), bench.coverage(plan)
    reach = reach_of(planner, plan.places, plan.standard.kinds[0], found)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.gpkg"
        write_coverage_geopackage(path, planner, found, plan.places, reach)
        return _download(path.read_bytes(), "application/geopackage+sqlite3", "coverage.gpkg")


@planner_pages.post("/planner/report.pdf")
@needs(Permission.PLAN)
def report() -> Response:
    """The plan as the printable report."""
    plan = sent_plan(request.get_json(silent=True))
    bench = workbench()
    lang = request.args.get("lang", DEFAULT_LANGUAGE)
    _ = translator(lang if lang in LANGUAGES else DEFAULT_LANGUAGE)
    planner, found = bench.under(plan), bench.coverage(plan)
    kind = plan.standard.kinds[0]
    reach = reach_of(planner, plan.places, kind, found)
    _ranked, ranking = rank_next(planner, kind, plan.standard.within_s, of_villages(planner), plan.places)
    assumed = (*told_changes(planner, kind, plan.posts, _), *plan.assumptions(_))
    made = coverage_report(planner, found, plan.places, ranking, _, now=utc_now(), reach=reach, assumed=assumed)
    return _download(report_pdf(made), "application/pdf", "coverage.pdf")


def _download(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, content_type=kind)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer
