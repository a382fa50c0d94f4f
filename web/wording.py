"""What the records say, in one short sentence of the reader's language.

Every function takes the `Translator` as `_`, so that the messages are found by their extraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from dispatch.ranking import EtaPart, Reason, ReasonKind
from dispatch.screening import ExcludedUnit, Exclusion, Shortfall, ShortfallKind
from dispatch.types import UnitStatus
from dispatch.village_eta import VillageRanking, VillageUnit
from gis.codes import is_kelurahan, is_kota
from gis.types import AdministrativeArea, AreaLevel, AreaMatch, AreaStatus
from routing.types import RoadAccess, RoadStatus
from web.area_roads import LeftOut
from web.i18n import Translator

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
MOST_OF_THE_ROADS = 0.5
COARSE_FROM_M = 100
"""Distances from here on are told to ten metres."""


def duration(seconds: float, _: Translator) -> str:
    """`4 min 10 s`; from an hour `1 h 5 min`, from two days `3 days`."""
    whole_s = int(seconds + 0.5)
    if whole_s < MINUTE_S:
        return _("{seconds} s").format(seconds=whole_s)
    if whole_s < HOUR_S:
        minutes, rest = divmod(whole_s, MINUTE_S)
        if not rest:
            return _("{minutes} min").format(minutes=minutes)
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    if seconds < 2 * DAY_S:
        hours, minutes = divmod(int(seconds / MINUTE_S + 0.5), 60)
        if not minutes:
            return _("{hours} h").format(hours=hours)
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    days = int(seconds / DAY_S)
    return _.ngettext("{days} day", "{days} days", days).format(days=_.number(days))


def distance(metres: float, _: Translator) -> str:
    """`35 m`, `850 m`, `1.2 km`, `120 km`."""
    whole_m = int(metres + 0.5)
    if whole_m >= COARSE_FROM_M:
        whole_m = 10 * int(metres / 10 + 0.5)
    if whole_m < 1000:
        return _("{metres} m").format(metres=whole_m)
    kilometres = metres / 1000
    return _("{kilometres} km").format(kilometres=_.number(kilometres, 1 if kilometres < 99.95 else 0))


def share(part: float, _: Translator) -> str:
    """`63%`; what is not quite nothing or all is `<1%` or `>99%`."""
    percent = int(part * 100 + 0.5)
    if percent == 0 and part > 0:
        return "<1%"
    if percent == 100 and part < 1:
        return ">99%"
    return f"{percent}%"


def kind_name(kind: str | None, _: Translator) -> str:
    """A kind of unit; an unlisted one as it is written, None as any unit."""
    if kind is None:
        return _("unit")
    return _kind_names(_).get(kind, kind.replace("_", " "))


@cache
def _kind_names(_: Translator) -> dict[str, str]:
    return {
        "ambulance": _("ambulance"),
        "fire_engine": _("fire engine"),
        "water_tanker": _("water tanker"),
        "ladder_truck": _("ladder truck"),
        "rescue": _("rescue vehicle"),
        "police": _("police car"),
        "boat": _("boat"),
        "rapid_response": _("rapid response team"),
        "evacuation_truck": _("evacuation truck"),
        "heavy_equipment": _("heavy equipment"),
        "public_order": _("Satpol PP patrol"),
        "traffic_unit": _("Dishub patrol"),
        "tow_truck": _("tow truck"),
        "social_services": _("Dinsos car"),
    }


def status_name(status: UnitStatus, _: Translator) -> str:
    """Where a unit stands in its work."""
    return _status_names(_)[status]


@cache
def _status_names(_: Translator) -> dict[UnitStatus, str]:
    return {
        UnitStatus.AVAILABLE: _("available"),
        UnitStatus.DISPATCHED: _("dispatched"),
        UnitStatus.EN_ROUTE: _("on the way"),
        UnitStatus.ON_SCENE: _("on scene"),
        UnitStatus.TRANSPORTING: _("transporting"),
        UnitStatus.AT_HOSPITAL: _("at the hospital"),
        UnitStatus.RETURNING: _("returning"),
        UnitStatus.OUT_OF_SERVICE: _("out of service"),
    }


def eta_part_name(part: EtaPart, _: Translator) -> str:
    """One part of an ETA, as a heading."""
    return {
        EtaPart.TURNOUT: _("Turnout"),
        EtaPart.REACH_ROAD: _("To the road"),
        EtaPart.DRIVING: _("Driving"),
        EtaPart.LAST_METRES: _("Last metres"),
        EtaPart.WAITING: _("Until it is free"),
    }[part]


def fix_age(age_s: float | None, _: Translator) -> str:
    """How old a position is."""
    if age_s is None:
        return _("parked at its post, age of position not known")
    if age_s < 0:
        return _("position dated in the future")
    if age_s < 1:
        return _("position just now")
    return _("position {age} ago").format(age=duration(age_s, _))


def reason_text(reason: Reason, _: Translator) -> str:
    """Why a unit stands where it stands in the ranking."""
    sentence = _reason_sentences(_)[reason.kind]
    if reason.kind is ReasonKind.FIRST_AND_NEAREST and reason.cause is None:
        sentence = _("Arrives together with {other}; nearest in a straight line.")
    text = sentence.format(
        other=reason.other,
        difference=_short_difference(reason.difference_s, _),
        nearer=distance(reason.nearer_m, _),
        cause="" if reason.cause is None else _causes(_)[reason.cause],
    )
    return text[:1].upper() + text[1:]


@cache
def _reason_sentences(_: Translator) -> dict[ReasonKind, str]:
    return {
        ReasonKind.ONLY: _("The only unit that can be sent."),
        ReasonKind.FIRST_AND_NEAREST: _(
            "First by road, {difference} ahead of {other}; also nearest in a straight line."
        ),
        ReasonKind.FIRST_NOT_NEAREST: _(
            "First by road, {difference} ahead of {other}, which is {nearer} nearer in a straight line but {cause}."
        ),
        ReasonKind.LEVEL: _("Arrives together with {other}, and is no nearer in a straight line."),
        ReasonKind.NEARER_BUT_LATER: _(
            "{nearer} nearer than {other} in a straight line, but {difference} later: it {cause}."
        ),
        ReasonKind.LATER: _("{difference} after {other}: it {cause}."),
    }


@cache
def _causes(_: Translator) -> dict[EtaPart, str]:
    return {
        EtaPart.DRIVING: _("takes longer on the road"),
        EtaPart.TURNOUT: _("takes longer to turn out"),
        EtaPart.REACH_ROAD: _("stands farther from the road"),
        EtaPart.LAST_METRES: _("has farther to go from the road"),
        EtaPart.WAITING: _("is not free yet"),
    }


def exclusion_text(excluded: ExcludedUnit, _: Translator) -> str:
    """Why a unit is not ranked, and when it would be there all the same."""
    why = _exclusion_reasons(_)[excluded.why].format(
        kind=kind_name(excluded.unit.kind, _),
        agency=excluded.unit.agency,
        capabilities=words(excluded.missing_capabilities, _),
        status=status_name(excluded.unit.status, _),
        age=duration(excluded.fix_age_s or 0.0, _),
    )
    if excluded.why in (Exclusion.UNREACHABLE, Exclusion.NO_LOCATION):
        return f"{why}."
    if excluded.eta_s is None:
        return _("{why}; no road leads from there to the location.").format(why=why)
    return _("{why}; would take {eta} from its last position.").format(why=why, eta=duration(excluded.eta_s, _))


@cache
def _exclusion_reasons(_: Translator) -> dict[Exclusion, str]:
    return {
        Exclusion.WRONG_KIND: _("Not of the kind asked for ({kind})"),
        Exclusion.WRONG_AGENCY: _("Not of an agency asked for ({agency})"),
        Exclusion.MISSING_CAPABILITY: _("Lacks {capabilities}"),
        Exclusion.ALREADY_SENT: _("Sent to this incident already"),
        Exclusion.OUT_OF_SERVICE: _("Out of service"),
        Exclusion.OFF_DUTY: _("Its crew is not on duty"),
        Exclusion.BUSY: _("Busy ({status})"),
        Exclusion.STALE: _("Position too old ({age})"),
        Exclusion.FIX_IN_FUTURE: _("Position dated in the future: check the clock of its device"),
        Exclusion.NO_LOCATION: _("The location of the incident is not known"),
        Exclusion.UNREACHABLE: _("No road leads from there to the location"),
    }


def shortfall_text(shortfall: Shortfall, _: Translator) -> str:
    """What is lacking."""
    sentences = {
        ShortfallKind.NO_UNITS: _("No units are known."),
        ShortfallKind.NONE_OF_KIND: _("There is no {kind} among the units."),
        ShortfallKind.NONE_OF_AGENCY: _("No {kind} belongs to an agency asked for."),
        ShortfallKind.NONE_CAPABLE: _("No {kind} has {capabilities}."),
        ShortfallKind.ALL_OUT_OF_SERVICE: _("Every {kind} is out of service."),
        ShortfallKind.ALL_OFF_DUTY: _("The crew of every {kind} is off duty."),
        ShortfallKind.ALL_BUSY: _("Every {kind} is busy."),
        ShortfallKind.ALL_STALE: _("The position of every {kind} is too old."),
        ShortfallKind.ALL_UNREACHABLE: _("No {kind} can reach the location by road."),
        ShortfallKind.LOCATION_UNKNOWN: _("No {kind} can be ranked: the location is not known."),
        ShortfallKind.NONE_READY: _("No {kind} can be sent: see the reason for each."),
        ShortfallKind.FEWER_THAN_ASKED: _("Only {found} of the {wanted} units asked for can be sent."),
        ShortfallKind.ONLY_LATER: _("Only {found} of the {wanted} units asked for are free now; others soon will be."),
        ShortfallKind.ALL_BEYOND: _("Every {kind} is more than {limit} away; the first arrives in {first}."),
    }
    return sentences[shortfall.kind].format(
        kind=kind_name(shortfall.unit_kind, _),
        capabilities=words(shortfall.capabilities, _),
        found=shortfall.found,
        wanted=shortfall.wanted,
        limit=duration(shortfall.limit_s or 0.0, _),
        first=duration(shortfall.first_s or 0.0, _),
    )


def road_access_text(access: RoadAccess, _: Translator) -> str:
    """How a location meets the roads."""
    if access.on_closed_road:
        open_road = _open_road_text(access, _)
        return _("The location stands on a road closed to cars. {open_road}").format(open_road=open_road)
    return _open_road_text(access, _)


def _open_road_text(access: RoadAccess, _: Translator) -> str:
    nearest = distance(access.nearest_m or 0.0, _)
    if access.status is RoadStatus.CONNECTED:
        return _("The nearest road is {nearest} away.").format(nearest=nearest)
    if access.status is RoadStatus.OFF_NETWORK:
        return _("No road is near enough to the location.")
    if access.connected_m is None:
        return _("The road here ({nearest} away) is cut off, and no road that units can reach is near.").format(
            nearest=nearest
        )
    connected = distance(access.connected_m, _)
    if access.status is RoadStatus.REROUTED:
        return _("The nearest road ({nearest} away) is cut off; times are to the next one, {connected} away.").format(
            nearest=nearest, connected=connected
        )
    return _(
        "The road here ({nearest} away) is cut off; the nearest road that units can reach is {connected} away."
    ).format(nearest=nearest, connected=connected)


def area_name(area: AdministrativeArea, _: Translator) -> str:
    """`Desa Kertawinangun`, `Kec. Kedawung`, `Kab. Cirebon`: official words, the same in every language."""
    if area.level is AreaLevel.VILLAGE:
        title = "Kelurahan" if is_kelurahan(area.code) else "Desa"
    elif area.level is AreaLevel.KECAMATAN:
        title = "Kec."
    else:
        title = "Kota" if is_kota(area.code) else "Kab."
    name = area.name
    for word in ("Kabupaten ", "Kota ", "Kecamatan "):
        name = name.removeprefix(word)
    return f"{title} {name}"


def area_match_text(match: AreaMatch, _: Translator) -> str:
    """In which village a location lies, and what is uncertain about it."""
    if match.village is None:
        if match.towards is None:
            return _("Outside the region.")
        return _("Outside the region: {village} is the nearest village, {distance} to the {direction}.").format(
            village=area_name(match.towards, _),
            distance=distance(match.border_m, _),
            direction=direction_name(match.towards_bearing_deg or 0.0, _),
        )
    areas = ", ".join(area_name(area, _) for area in (match.village, match.kecamatan, match.kabupaten) if area)
    if match.status is AreaStatus.NEAREST:
        return _("{areas}: the nearest village, {distance} from its border.").format(
            areas=areas, distance=distance(match.border_m, _)
        )
    if not match.neighbours:
        return f"{areas}."
    return _("{areas}; {neighbour} begins {distance} away.").format(
        areas=areas,
        neighbour=area_name(match.neighbours[0].area, _),
        distance=distance(match.neighbours[0].distance_m, _),
    )


def direction_name(bearing_deg: float, _: Translator) -> str:
    """The nearest of the eight winds."""
    names = (
        _("north"), _("northeast"), _("east"), _("southeast"), _("south"), _("southwest"), _("west"), _("northwest"),
    )  # fmt: skip
    return names[int(bearing_deg / 45 + 0.5) % 8]


def village_unit_text(unit: VillageUnit, _: Translator) -> str:
    """The spread of a unit's ETA over a village (or kecamatan), and where it is first."""
    text = _("{least} to {most}, half of the roads there within {median}; first on {share} of them").format(
        least=duration(unit.min_s, _),
        most=duration(unit.max_s, _),
        median=duration(unit.median_s, _),
        share=share(unit.first_share, _),
    )
    if unit.unreachable_share:
        return _("{text}; {share} it cannot reach.").format(text=text, share=share(unit.unreachable_share, _))
    return f"{text}."


def village_ranking_text(ranking: VillageRanking, _: Translator) -> str:
    """What a ranking for a whole village (or kecamatan) rests on."""
    if not ranking.road_m:
        return _("Only the area is known, and it has no road: ask for the exact place.")
    length = distance(ranking.road_m, _)
    if ranking.unreachable_share:
        text = _(
            "Only the area is known: times are spread over its {length} of road, of which no unit reaches {share}."
        ).format(length=length, share=share(ranking.unreachable_share, _))
    else:
        text = _("Only the area is known: times are spread over its {length} of road.").format(length=length)
    divided = _divided_text(ranking, _)
    return f"{text} {divided}" if divided else text


def _divided_text(ranking: VillageRanking, _: Translator) -> str:
    """Says so where the first unit, by its mean, is not the first on most of the roads."""
    if not ranking.ranked or ranking.ranked[0].first_share > MOST_OF_THE_ROADS:
        return ""
    first, *others = (*ranking.ranked, *ranking.further)
    most = max(others, key=lambda one: one.first_share, default=first)
    values = {"unit": first.unit.unit_id, "share": share(first.first_share, _)}
    if most.first_share <= first.first_share:
        return _(
            "{unit} has the least mean, yet is first on only {share} of the roads: ask for the exact place."
        ).format(**values)
    return _(
        "{unit} has the least mean, yet is first on only {share} of the roads; {other} is first on {other_share}: ask "
        "for the exact place."
    ).format(**values, other=most.unit.unit_id, other_share=share(most.first_share, _))


def left_out_text(part: LeftOut, _: Translator) -> str:
    """A far part of a village that is left out."""
    return _(
        "A far part of {village} is left out: {distance} away, {share} of its area, most likely a fault of the "
        "boundaries."
    ).format(
        village=area_name(part.village, _),
        distance=distance(part.distance_m, _),
        share=share(part.area_share, _),
    )


def confirm_lines(asked: dict[str, Any], _: Translator) -> list[str]:
    """That the caller should confirm the place, and what else may be meant."""
    if not asked["confirm"]:
        return []
    if not asked["alternatives"]:
        return [_("The name is only similar, or not complete; confirm with the caller.")]
    others = [
        f"  {one['name']}, {one['kecamatan'] or ''} ({one['village_code'] or one['place_id'].partition(':')[2]})"
        for one in asked["alternatives"]
    ]
    return [_("This may also be meant; confirm with the caller:"), *others]


def exemptions_text(exemptions: Sequence[str], _: Translator) -> str:
    """Which rules of the road a unit breaks on its way, in one sentence."""
    names = {
        "emergency_yes": _("a road open to emergency vehicles only"),
        "bus_lanes": _("a bus lane"),
        "access_private": _("a private road"),
        "oneway_against": _("a one-way road against its direction"),
        "restrictions_ignored": _("a forbidden turn"),
    }
    return _("The way uses {exemptions}.").format(exemptions=words([names.get(one, one) for one in exemptions], _))


def words(items: Sequence[str], _: Translator) -> str:
    """`a`, `a and b`, `a, b and c`; underscores become spaces."""
    shown = [item.replace("_", " ") for item in items]
    if len(shown) < 2:
        return "".join(shown)
    return _("{some} and {last}").format(some=", ".join(shown[:-1]), last=shown[-1])


def _short_difference(seconds: float, _: Translator) -> str:
    """A difference that is not nothing never reads as `0 s`."""
    return _("less than 1 s") if 0 < seconds < 0.5 else duration(seconds, _)
