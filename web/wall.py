"""The screen on the wall: counts and a map for everybody in the room, and nothing of any person.

It is seen by whoever walks by, so it shows no label, no note, no number of a caller and, of a sensitive category, no
point closer than the village. `/api/v1/wall` gives all of it at once; the event stream only says when to ask again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, render_template, request

from dispatch.codec import dump
from dispatch.exports_common import category_name
from dispatch.incidents import Incident, IncidentStatus, Severity
from dispatch.reach import for_village
from dispatch.store import queries
from dispatch.types import UnitStatus
from web.access import Permission, needs
from web.api import LANGUAGES, desk
from web.api_centre import language, send_json
from web.api_commands import centre
from web.assets import LEAFLET_VERSION
from web.centre import Centre
from web.credits import credit_line
from web.i18n import Translator, translator
from web.incident_words import severity_name, wait_name
from web.page_frame import page_words
from web.people_frame import THEMES
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM
from web.wording import kind_name

wall_pages: Final = Blueprint("wall", __name__)

KEPT_S: Final = 2.0
"""Facts are good for so long where nothing happened: many screens ask the database once."""
MOST_TIMERS: Final = 8
MOST_OPEN: Final = 1000
_UNSENT: Final = (IncidentStatus.RECEIVED, IncidentStatus.LOCATED, IncidentStatus.REOPENED)
_BUSY: Final = (UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING,
                UnitStatus.AT_HOSPITAL)  # fmt: skip
_FACTS: Final = "siaga112-wall"
_READ: Final = needs(Permission.WALL_READ)


class WallFacts:
    """The facts by language, remembered until something happens or they are old."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def of(self, centre: Centre, words: Translator) -> dict[str, Any]:
        """As `wall_facts`."""
        seq, now = centre.store.head()[0], time.monotonic()
        with self._lock:
            kept = self._kept.get(words.language)
            if kept is None or kept[0] != seq or now - kept[1] > KEPT_S:
                kept = self._kept[words.language] = seq, now, wall_facts(centre, seq, words)
            return kept[2]


@wall_pages.get("/wall")
@_READ
def page() -> Response:
    """The screen; dark unless `?theme=light`."""
    _ = page_words()
    theme = request.args.get("theme", "dark")
    stamp = current_app.extensions["siaga112-tiles"].stamp
    at = f"/tiles/{{z}}/{{x}}/{{y}}{{r}}.png?v={stamp}"
    theme = theme if theme in THEMES else "dark"
    start = {
        "account": None, "languages": LANGUAGES, "language": _.language, "bounds": desk().region_json()["bounds"],
        "tiles": at if theme == "light" else f"{at}&style=dark", "least_zoom": LEAST_ZOOM,
        "greatest_zoom": GREATEST_ZOOM, "credit": credit_line(desk().region), "words": _words(_),
        "severities": [[one.value, severity_name(one, _)] for one in Severity],
        "timezone": str(centre().store.timezone),
    }  # fmt: skip
    answer = make_response(
        render_template(
            "wall.html", _=_, start=start, theme=theme, language=_.language, region_name=desk().region.name,
            notice=desk().region.notice, stamp=current_app.extensions["siaga112-asset-version"],
            leaflet=LEAFLET_VERSION, severities=start["severities"],
        )
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-store"
    return answer


@wall_pages.get("/api/v1/wall")
@_READ
def facts() -> Response:
    """Open incidents and units in numbers, what is overdue, and points for the map: no personal data."""
    found = current_app.extensions.setdefault(_FACTS, WallFacts())
    version = current_app.extensions["siaga112-asset-version"]
    return send_json({**found.of(centre(), translator(language())), "version": version})


def wall_facts(centre: Centre, seq: int, words: Translator) -> dict[str, Any]:
    """All that the screen shows, as plain JSON.

    Parameters
    ----------
    centre
        Asked as it stands now.
    seq
        The event of the log that it is of: what follows is told by the stream.
    words
        The language of names.
    """
    _, store = words, centre.store
    directory = store.directory()
    with store.book() as book:
        found = queries.incidents(book.connection, limit=MOST_OPEN, only_open=True).items
        bound = {one.incident_id for one in queries.active_assignments(book.connection).values()}
        closures = sum(one.is_in_force(store.now()) for one in queries.closures(book.connection, store.now()))
    waiting = [one for one in found if one.duplicate_of is None]
    units = centre.units()
    timers = centre.running_timers()[:MOST_TIMERS]
    agencies = {one.agency_id: one.name for one in directory.agencies}
    by_category = Counter(one.category for one in waiting)
    return {
        "seq": seq,
        "now": dump(store.now()),
        "open": len(waiting),
        "severities": {one.value: sum(incident.severity is one for incident in waiting) for one in Severity},
        "categories": [
            {"name": category_name(directory, category, _.language), "count": count,
             "worst": min((one.severity for one in waiting if one.category == category), key=lambda one: -one.weight)}
            for category, count in sorted(by_category.items(), key=lambda one: (-one[1], one[0]))
        ],
        "unsent": sum(one.status in _UNSENT and one.incident_id not in bound for one in waiting),
        "closures": closures,
        "timers": [
            {"incident_id": one.incident_id, "unit_id": one.unit_id, "what": wait_name(one.kind.value, _),
             "due_at": dump(one.due_at)}
            for one in timers
        ],
        "agencies": [
            {"name": agencies.get(agency, agency), **_fleet_counts([one for one in units if one.unit.agency == agency])}
            for agency in sorted({one.unit.agency for one in units}, key=lambda one: agencies.get(one, one))
        ],
        "incidents": [spot for one in waiting if (spot := _spot(one, centre)) is not None],
        "units": [
            {"id": one.unit.unit_id, "lat": round(one.unit.location.lat, 5), "lon": round(one.unit.location.lon, 5),
             "kind": one.unit.kind, "name": kind_name(one.unit.kind, _),
             "free": one.unit.status is UnitStatus.AVAILABLE}
            for one in units
            if one.on_duty and one.unit.status is not UnitStatus.OUT_OF_SERVICE
        ],
    }  # fmt: skip


def _fleet_counts(units: list[Any]) -> dict[str, int]:
    on_duty = [one.unit.status for one in units if one.on_duty]
    out = len(units) - len(on_duty) + sum(one is UnitStatus.OUT_OF_SERVICE for one in on_duty)
    busy = sum(one in _BUSY for one in on_duty)
    return {"free": len(units) - out - busy, "busy": busy, "out": out}


def _spot(incident: Incident, centre: Centre) -> dict[str, Any] | None:
    """Where an incident is drawn: at its point, or in the middle of its village where only that may be told."""
    place = for_village(incident, centre.store.directory()).location
    at, code = place.location, place.village_code or place.kecamatan_code
    if at is None and code is not None:
        try:
            at = centre.region.boundaries.middle(code)
        except LookupError:  # a code of another region
            return None
    if at is None:
        return None
    return {"id": incident.incident_id, "lat": round(at.lat, 4), "lon": round(at.lon, 4),
            "severity": incident.severity.value, "sent": incident.status not in _UNSENT}  # fmt: skip


def _words(_: Translator) -> dict[str, str]:
    return {
        "lost": _("NO CONNECTION SINCE {time}. What is shown is old."),
        "over": _("This screen is signed out. Sign in again."),
        "overdue": _("overdue by {time}"),
        "left": _("in {time}"),
        "none": _("None"),
    }
