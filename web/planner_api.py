"""The planner in the browser: posts dragged on a map, coverage by the minute, two plans side by side, exports."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import numpy as np
import numpy.typing as npt
from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from dispatch.exports_common import csv_text
from dispatch.vocabulary import unit_kind
from gis.errors import N_, InputError
from gis.types import Location
from planning.coverage import Coverage, Standard, coverage
from web.access import Permission, actor, needs
from web.api import desk
from web.assets import LEAFLET_VERSION
from web.credits import credit_line
from web.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from web.plan_changes import ADDED_KIND
from web.plan_files import BYTE_ORDER_MARK, FIGURES
from web.plans import Planner, Post, area_json, post_json
from web.plots import share_legend
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM
from web.wording import kind_name

FloatArray = npt.NDArray[np.float64]

planner_pages = Blueprint("planner", __name__)

WORKBENCH: Final = "siaga112-planner"
MOST_POSTS: Final = 300
MOST_MINUTES: Final = 60
KEPT_ROWS: Final = 1000
SIMPLER_DEG: Final = 0.0003
"""Outlines on the page may be this far off, about 30 m; what is counted is not."""


class Workbench:
    """One planner for all who plan on the page. Rows of times are kept: who drags one post waits for one search."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._rows: OrderedDict[tuple[str, float, float], FloatArray] = OrderedDict()
        self._lock = threading.Lock()

    def coverage(self, posts: tuple[Post, ...], standard: Standard) -> Coverage:
        """As `Planner.coverage`."""
        kind = standard.kinds[0]
        keys = [(kind, post.location.lat, post.location.lon) for post in posts]
        with self._lock:
            new = [post for post, key in zip(posts, keys, strict=True) if key not in self._rows]
            if new:
                for post, row in zip(new, self.planner.times_s(new, kind), strict=True):
                    self._rows[(kind, post.location.lat, post.location.lon)] = row
            times = np.stack([self._rows[key] for key in keys])
            for key in keys:
                self._rows.move_to_end(key)
            while len(self._rows) > KEPT_ROWS:
                self._rows.popitem(last=False)
        planner = self.planner
        return coverage(times, planner.demand, standard, region=planner.region_area, kecamatan=planner.kecamatan)


def workbench() -> Workbench:
    """The one of this application, made when first asked for."""
    found = current_app.extensions.get(WORKBENCH)
    if not isinstance(found, Workbench):
        found = current_app.extensions.setdefault(WORKBENCH, Workbench(Planner(desk().region)))
    return found


@planner_pages.get("/planner")
@needs(Permission.PLAN)
def page() -> Response:
    """The planner's page; `?lang=en` for English."""
    lang = request.args.get("lang", DEFAULT_LANGUAGE)
    _ = translator(lang if lang in LANGUAGES else DEFAULT_LANGUAGE)
    planner = workbench().planner
    stations = [post_json(post) for post in planner.stations]
    kinds = [
        {"kind": kind, "name": kind_name(kind, _), "stations": list(found)}
        for kind, found in planner.post_kinds.items()
        if any(one["kind"] in found for one in stations)
    ]
    tiles = current_app.extensions["siaga112-tiles"]
    token = generate_csrf() if actor().by_cookie else None
    start = {
        "lang": _.language, "words": _words(_), "kinds": kinds, "stations": stations,
        "legend": [{"colour": colour, "text": text} for colour, text in share_legend()],
        "bounds": desk().region_json()["bounds"], "most_minutes": MOST_MINUTES,
        "has_people": planner.has_people,
        "csrf": token, "credit": str(escape(credit_line(desk().region))),
        "tiles": {
            "address": f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={tiles.stamp}", "least_zoom": LEAST_ZOOM,
            "greatest_zoom": GREATEST_ZOOM,
        },
    }  # fmt: skip
    answer = make_response(
        render_template(
            "planner.html", start=start, words=_words(_), region=desk().region_json(), lang=_.language,
            stamp=current_app.extensions["siaga112-asset-version"], leaflet=LEAFLET_VERSION,
        )
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-cache" if token is None else "no-store"
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
    """Coverage of the posts sent: people of every village reached within each minute."""
    posts, standard = _asked()
    bench = workbench()
    found = bench.coverage(posts, standard)
    demand = bench.planner.demand
    with np.errstate(invalid="ignore"):
        minute = np.ceil(np.where(np.isfinite(found.nearest_s), found.nearest_s, np.inf) / 60 - 1e-9)
    table = np.zeros((demand.village_count, MOST_MINUTES + 1))
    within = minute <= MOST_MINUTES
    np.add.at(table, (demand.piece_village[within], minute[within].astype(np.int64)), demand.piece_people[within])
    running = np.cumsum(table, axis=1)
    return jsonify({
        "minutes": list(range(MOST_MINUTES + 1)),
        "region": [round(float(one)) for one in running.sum(axis=0)],
        "people": round(float(np.nansum(demand.people))),
        "unreached": round(found.region.unreached),
        "villages": {
            area.code: {
                "name": area.name, "people": round(float(np.nan_to_num(demand.people[number]))),
                "within": [round(float(one)) for one in running[number]],
            }
            for number, area in enumerate(demand.villages)
        },
        "summary": area_json(found.region),
        "notice": bench.planner.region.notice,
    })  # fmt: skip


@planner_pages.post("/planner/coverage.csv")
@needs(Permission.PLAN)
def export() -> Response:
    """The same plan as a table of the region, kecamatan and villages."""
    posts, standard = _asked()
    bench = workbench()
    found = bench.coverage(posts, standard)
    rows = []
    for level, areas in (("region", (found.region,)), ("kecamatan", found.kecamatan), ("village", found.villages)):
        for one in areas:
            plain = area_json(one)
            rows.append([level, one.area.code, one.area.name, *(plain[name] for name in FIGURES)])
    text = csv_text(("level", "code", "name", *FIGURES), rows, notice=bench.planner.region.notice)
    answer = Response(BYTE_ORDER_MARK + text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=coverage.csv"
    return answer


def _asked() -> tuple[tuple[Post, ...], Standard]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("posts"), list):
        raise InputError(N_("Send JSON with kind, minutes and posts, each with name, lat and lon."))
    if len(body["posts"]) > MOST_POSTS:
        raise InputError(N_("{count} posts are too many for one plan; send at most {most}."),
                         count=len(body["posts"]), most=MOST_POSTS)  # fmt: skip
    if not body["posts"]:
        raise InputError(N_("No post is left after these changes; nothing can be covered."))
    minutes = _number(body.get("minutes", 15))
    standard = Standard(kinds=(unit_kind(str(body.get("kind", ""))[:40]),), within_s=minutes * 60)
    posts = []
    for number, one in enumerate(body["posts"], start=1):
        if not isinstance(one, dict):
            raise InputError(N_("Post {number} is no object with name, lat and lon."), number=number)
        lat, lon = _number(one.get("lat")), _number(one.get("lon"))
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            raise InputError(N_("Post {number} has no position on earth; give lat and lon in degrees."), number=number)
        name = str(one.get("name", number))[:80]
        posts.append(Post(name=name, kind=ADDED_KIND, location=Location(lat=lat, lon=lon)))
    return tuple(posts), standard


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(N_("“{value}” is no number; give minutes and degrees as numbers."), value=str(value)[:20])
    return float(value)


def _words(_: Translator) -> dict[str, str]:
    return {
        "title": _("Planner"),
        "kind": _("Kind of unit"),
        "minutes": _("Within minutes"),
        "in_time": _("people in time"),
        "of": _("of"),
        "posts": _("Posts"),
        "drag": _("Drag a post to move it, click the map to add one, click a post to close or reopen it."),
        "keep": _("Keep as plan A"),
        "back": _("Back to plan A"),
        "export": _("Export CSV"),
        "plan_a": _("Plan A"),
        "plan_b": _("Plan B (as on the map)"),
        "gain": _("Difference"),
        "most": _("Villages that change most"),
        "gaps": _("Most people outside the standard"),
        "computing": _("Computing …"),
        "new_post": _("New post"),
        "closed": _("closed"),
        "no_people": _("The region has no population; build it with a table of people per village (--population)."),
        "no_change": _("The two plans are alike."),
        "desk": _("Dispatcher's desk"),
        "unreached": _("people by no road at all"),
        "language": "English" if _.language == "id" else "Bahasa Indonesia",
        "other_language": "en" if _.language == "id" else "id",
    }
