"""What a crew's phone shows: its unit, its task, hospitals and notes, each small enough for a weak network."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from dispatch.incidents import (
    Assignment,
    Call,
    Incident,
    IncidentLocation,
    LocationKind,
    Severity,
    TextField,
    TextRef,
    UnitState,
)
from dispatch.types import UnitStatus
from gis.errors import N_
from gis.types import Location
from web.centre import Centre
from web.crew_unit import may_share
from web.fleet_times import Vehicle
from web.i18n import Translator
from web.wording import area_name, distance, kind_name, status_name

MOST_HOSPITALS: Final = 12
MOST_OTHERS: Final = 8
TEXT_BYTES: Final = 900
"""Of notes in one answer, so that no answer is large; the rest is asked for."""
WIDE_M: Final = 200.0
"""A location less sure than this is said to be so."""
OLD: Final = timedelta(minutes=15)
"""A position older than this is said to be old beside the ETA that is counted from it."""
_MOST_DRIVES: Final = 2000
_UNDERWAY: Final = frozenset({UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE})

SEVERITY_NAMES: Final[dict[Severity, str]] = {
    Severity.CRITICAL: N_("critical"),
    Severity.HIGH: N_("high"),
    Severity.MODERATE: N_("moderate"),
    Severity.LOW: N_("low"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A way on the roads: seconds, metres."""

    eta_s: float
    length_m: float


class Drives:
    """Ways that were asked for lately: a phone asks again and again, and its unit often stands still."""

    def __init__(self) -> None:
        self._known: OrderedDict[Any, Drive | None] = OrderedDict()
        self._lock = Lock()

    def drive(self, centre: Centre, vehicle: Vehicle, target: Location, at: datetime) -> Drive | None:
        """The way of a vehicle to a target, by the roads as they are open now; None where none leads there."""

        def ask() -> Drive | None:
            router = centre.desk.times.router(vehicle.profile, at)
            key = (vehicle, target, router.metric.key)
            with self._lock:
                if key in self._known:
                    return self._known[key]
            route = router.route(vehicle.start, target)
            eta_s = None if route is None else route.time.total_s
            found = None if route is None or eta_s is None else Drive(eta_s=eta_s, length_m=route.length_m)
            with self._lock:
                self._known[key] = found
                while len(self._known) > _MOST_DRIVES:
                    self._known.popitem(last=False)
            return found

        return centre.desk.roads.answered(ask)[0]


_drives = Drives()


def crew_state(centre: Centre, state: UnitState, bound: Assignment | None, _: Translator) -> dict[str, Any]:
    """All that the page shows, but for hospitals and notes.

    Parameters
    ----------
    centre
        Knows incidents and roads.
    state, bound
        The unit at its newest position, and its task.
    _
        Language of the sentences.
    """
    unit = state.unit
    return {
        "unit": {
            "id": unit.unit_id,
            "kind": unit.kind,
            "kind_name": kind_name(unit.kind, _),
            "status": unit.status.value,
            "since": _seconds(state.status_at),
        },
        "sharing": may_share(state, bound),
        "task": None if bound is None else _task(centre, state, bound, _),
    }


def _task(centre: Centre, state: UnitState, bound: Assignment, _: Translator) -> dict[str, Any] | None:
    with centre.store.book() as book:
        incident = book.incident(bound.incident_id)
        if incident is None:
            return None
        calls = book.calls_of(bound.incident_id)
        others = [one for one in book.assignments_of(bound.incident_id) if one.is_active and one != bound]
        states = [(one.unit_id, book.unit(one.unit_id)) for one in others[:MOST_OTHERS]]
    category = centre.store.directory().category(incident.category)
    place, point = incident.location, centre_point(centre, incident.location)
    told: dict[str, Any] = {
        "id": incident.incident_id,
        "category": incident.category if category is None else named(category.name, _),
        "severity": incident.severity.value,
        "severity_name": _(SEVERITY_NAMES[incident.severity]),
        "label": place.label,
        "area": area_words(centre, place, _),
        "at": _point(point),
        "received": _seconds(incident.received_at),
        "acknowledged": bound.acknowledged is not None,
        "notes": len(text_refs(incident, calls)),
        "others": [[one, status_name(other.unit.status, _)] for one, other in states if other is not None],
    }
    warnings = _warnings(incident, _)
    target, name = _target(centre, state, bound, point)
    if target is not None:
        warnings += _way(centre, state, target, told, _)
    hospital = hospital_of(centre, bound.hospital)
    if hospital is not None or bound.hospital is not None:
        told["hospital"] = {"name": name or bound.hospital, "at": None if hospital is None else _point(hospital[1])}
    return {**told, "warnings": warnings}


def _target(
    centre: Centre, state: UnitState, bound: Assignment, point: Location | None
) -> tuple[Location | None, str | None]:
    """Where the unit drives to now, and the name of the hospital if it has one."""
    hospital = hospital_of(centre, bound.hospital)
    name = None if hospital is None else hospital[0]
    if state.unit.status in _UNDERWAY:
        return point, name
    return (hospital[1] if hospital is not None and state.unit.status is UnitStatus.TRANSPORTING else None), name


def _way(centre: Centre, state: UnitState, target: Location, told: dict[str, Any], _: Translator) -> list[str]:
    """Put time and distance of the way beside the task; gives what there is to say of them."""
    now = centre.store.now()
    unit = state.unit
    vehicle = centre.desk.times.vehicle(unit.kind, unit.agency, unit.location)
    found = _drives.drive(centre, vehicle, target, now)
    if found is None:
        return [_(N_("The map knows no road from your position to this place; ask the centre for the way."))]
    # Whole minutes and tenths of a kilometre: nobody reads more, and an answer that says the same is not sent again.
    told["eta_min"] = max(1, math.ceil(found.eta_s / 60))
    told["distance_m"] = round(found.length_m, -2)
    if unit.fix_time is None:
        return [_(N_("Time and distance are counted from your post: no position of the unit is known."))]
    if now - unit.fix_time > OLD:
        return [_(N_("Time and distance are counted from an old position of the unit."))]
    return []


def _warnings(incident: Incident, _: Translator) -> list[str]:
    place, told = incident.location, []
    if incident.exercise:
        told.append(_(N_("EXERCISE: this is not real.")))
    if place.kind is LocationKind.UNKNOWN:
        told.append(_(N_("The place is not known yet; ask the centre.")))
    elif place.kind is LocationKind.VILLAGE:
        told.append(_(N_("Only the village is known: the point is its middle.")))
    elif place.kind is LocationKind.KECAMATAN:
        told.append(_(N_("Only the kecamatan is known: the point is its middle.")))
    elif place.radius_m is not None and place.radius_m > WIDE_M:
        told.append(_(N_("The place is sure only to {distance}.")).format(distance=distance(place.radius_m, _)))
    if incident.alarm_level > 1:
        told.append(_(N_("Alarm level {level}.")).format(level=incident.alarm_level))
    return told


# --- places ------------------------------------------------------------------------------------------------------


def centre_point(centre: Centre, place: IncidentLocation) -> Location | None:
    """Where a unit is sent: the point, else the middle of the area that is known."""
    code = place.village_code or place.kecamatan_code
    if place.location is not None or code is None:
        return place.location
    try:
        return centre.region.boundaries.middle(code)
    except LookupError:  # the region has this area no more
        return None


def area_words(centre: Centre, place: IncidentLocation, _: Translator) -> str:
    """`Desa Tuk, Kec. Kedawung`; empty where no area is known."""
    boundaries = centre.region.boundaries
    words: list[str] = []
    code = place.village_code or place.kecamatan_code
    try:
        area = None if code is None else boundaries.area(code)
    except LookupError:
        return code or ""
    while area is not None and len(words) < 2:
        words.append(area_name(area, _))
        area = boundaries.parent(area)
    return ", ".join(words)


def named(name: dict[str, str], _: Translator) -> str:
    """A name of the directory in the reader's language, else in any."""
    return name.get(_.language) or next(iter(name.values()), "")


def hospital_of(centre: Centre, hospital: str | None) -> tuple[str, Location] | None:
    """Name and place of a hospital of the directory, by its id or name."""
    found = (one for one in centre.store.directory().hospitals if hospital in (one.hospital_id, one.name))
    return next(((one.name, one.location) for one in found), None)


def hospitals(centre: Centre, state: UnitState) -> list[dict[str, Any]]:
    """Hospitals by the time that the unit needs to each over the roads; those that no road leads to come last."""
    known, unit = centre.store.directory().hospitals, state.unit
    if not known:
        return []
    vehicle = centre.desk.times.vehicle(unit.kind, unit.agency, unit.location)
    targets, now = [one.location for one in known], centre.store.now()
    seconds, _ = centre.desk.roads.answered(lambda: centre.desk.times.matrix([vehicle], targets, now))
    order = sorted(
        zip(seconds[0].tolist(), known, strict=True), key=lambda one: (math.isnan(one[0]), one[0], one[1].name)
    )
    return [
        {
            "id": one.hospital_id,
            "name": one.name,
            "at": _point(one.location),
            "eta_min": None if math.isnan(eta) else max(1, math.ceil(eta / 60)),
        }
        for eta, one in order[:MOST_HOSPITALS]
    ]


# --- texts -------------------------------------------------------------------------------------------------------


def text_refs(incident: Incident, calls: Sequence[Call]) -> list[tuple[TextField, TextRef]]:
    """What callers said, then what was noted: all that a crew reads."""
    said = [(TextField.WORDS, one.words) for one in calls if one.words is not None]
    return [*said, *((TextField.NOTE, one) for one in incident.notes)]


def text_pieces(texts: Sequence[tuple[str, str]], after: tuple[int, int]) -> tuple[list[dict[str, Any]], str | None]:
    """Some of the texts, as much as one answer holds, and where the next answer goes on.

    Parameters
    ----------
    texts
        What each is, and its words.
    after
        Number of the text to begin with, and how many of its characters were sent before.

    Returns
    -------
    tuple
        Pieces (`n` of the text, `what` it is, `text`), and `n.characters` to go on from, None at the end.
    """
    number, start = after
    left, pieces = TEXT_BYTES, []
    while number < len(texts):
        what, text = texts[number]
        piece = text[start : start + left].encode()[:left].decode(errors="ignore")
        pieces.append({"n": number, "what": what, "text": piece})
        start += len(piece)
        if start < len(text):
            return pieces, f"{number}.{start}"
        left -= len(piece.encode())
        number, start = number + 1, 0
        if left < 40 and number < len(texts):
            return pieces, f"{number}.0"
    return pieces, None


def _point(location: Location | None) -> list[float] | None:
    return None if location is None else [round(location.lat, 6), round(location.lon, 6)]


def _seconds(moment: datetime) -> int:
    return round(moment.timestamp())
