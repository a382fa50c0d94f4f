"""What OpenStreetMap tags mean to a motor vehicle. Pure functions: tags in, facts out.

Every reader takes the tags as a mapping and a `note`, which is told of each oddity (a value that cannot be read, a
condition that is not evaluated) in a few words, so that the import can count them; nothing is skipped in silence.

Sources: the OpenStreetMap wiki pages `Key:highway`, `Key:oneway`, `Key:maxspeed`, `Default speed limits`,
`Key:access`, `OSM tags for routing/Access restrictions`, `Key:barrier`, `Tag:route=ferry`, `Key:duration`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from routing.network import ROAD_CLASSES, EdgeFlag

Tags = Mapping[str, str]
Note = Callable[[str], None]


def _silent(_: str) -> None:
    """The `note` of a caller who does not count oddities."""


class Direction(Enum):
    """In which directions of the way a motor vehicle may drive.

    `REVERSIBLE` lanes change direction with the hour; which way they run cannot be known here, so the import keeps
    the road but closes it.
    """

    BOTH = "both"
    FORWARD = "forward"
    BACKWARD = "backward"
    REVERSIBLE = "reversible"


# --- one way ---------------------------------------------------------------------------------------------------

_ONEWAY_KEYS = ("oneway:emergency", "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway")
_ONEWAY_VALUES: Final = {
    "yes": Direction.FORWARD, "true": Direction.FORWARD, "1": Direction.FORWARD,
    "-1": Direction.BACKWARD, "reverse": Direction.BACKWARD,
    "no": Direction.BOTH, "false": Direction.BOTH, "0": Direction.BOTH,
    "reversible": Direction.REVERSIBLE,
    # one lane for both directions in turn (signals, a flagman): either direction is open within minutes
    "alternating": Direction.BOTH,
}  # fmt: skip
_ONEWAY_JUNCTIONS = frozenset({"roundabout", "circular"})
_ONEWAY_CLASSES = frozenset({"motorway", "motorway_link"})


def oneway(tags: Tags, note: Note = _silent) -> Direction:
    """Directions open to an emergency vehicle with a motor.

    The most specific of `oneway:emergency`, `oneway:motorcar`, `oneway:motor_vehicle`, `oneway:vehicle` and `oneway`
    counts; without any, roundabouts, circular junctions, motorways and motorway links run forward.
    `oneway:emergency` is noted where it is used, `oneway:conditional` is noted and not used.
    """
    if "oneway:conditional" in tags:
        note("oneway:conditional is not used")
    for key in _ONEWAY_KEYS:
        value = tags.get(key)
        if value is None:
            continue
        word = value.strip().lower()
        direction = _ONEWAY_VALUES.get(word)
        if direction is None:
            note(f"{key}={value} is not understood")
            continue
        if key == "oneway:emergency":
            note(f"{key}={value} is used")
        if word == "alternating":
            note(f"{key}=alternating is read as both directions")
        elif direction is Direction.REVERSIBLE:
            note(f"{key}=reversible is read as closed")
        return direction
    if tags.get("junction") in _ONEWAY_JUNCTIONS or tags.get("highway") in _ONEWAY_CLASSES:
        return Direction.FORWARD
    return Direction.BOTH


def is_roundabout(tags: Tags) -> bool:
    """Whether the way is (part of) a roundabout or a circular junction."""
    return tags.get("junction") in _ONEWAY_JUNCTIONS


# --- speed limits ----------------------------------------------------------------------------------------------

KPH_PER_MPH: Final = 1.609344
KPH_PER_KNOT: Final = 1.852
WALKING_KPH: Final = 7.0
"""`maxspeed=walk`: the upper end of what German courts call walking pace (4 to 7 km/h), where the tag comes from."""
HIGHEST_LIMIT_KPH: Final = 160.0
"""No country posts more; a larger number is a slip of the pen."""

IMPLICIT_LIMITS_KPH: Final[Mapping[str, float]] = {
    # Indonesia: Permenhub PM 111/2015, article 3
    "id:motorway": 100, "id:rural": 80, "id:urban": 50, "id:living_street": 30, "id:residential": 30,
    # Malta, France, Italy, Spain, Germany: OSM wiki, "Default speed limits"
    "mt:rural": 80, "mt:urban": 50,
    "fr:motorway": 130, "fr:trunk": 110, "fr:rural": 80, "fr:urban": 50, "fr:living_street": 20,
    "fr:zone30": 30, "fr:zone20": 20,
    "it:motorway": 130, "it:trunk": 110, "it:rural": 90, "it:urban": 50,
    "es:motorway": 120, "es:trunk": 90, "es:rural": 90, "es:urban": 50, "es:living_street": 20,
    "de:rural": 100, "de:urban": 50, "de:living_street": WALKING_KPH, "de:zone30": 30, "de:zone:30": 30,
    # neighbours of Indonesia
    "my:motorway": 110, "my:rural": 90, "my:urban": 60, "sg:urban": 50,
    "gb:motorway": 70 * KPH_PER_MPH, "gb:nsl_dual": 70 * KPH_PER_MPH, "gb:nsl_single": 60 * KPH_PER_MPH,
    "gb:urban": 30 * KPH_PER_MPH, "gb:nsl_restricted": 30 * KPH_PER_MPH,
}  # fmt: skip
_MAXSPEED_TYPE_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
_UNUSED_LIMITS = ("maxspeed:conditional", "maxspeed:lanes", "maxspeed:variable")
_NO_LIMIT = frozenset({"none", "no", "unlimited"})
_VARIABLE = frozenset({"signals", "variable", "unposted", "implicit", "default", "national"})
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(km/?h|kph|kmph|mph|knots?)?")
_KPH_PER_UNIT: Final = {"mph": KPH_PER_MPH, "knots": KPH_PER_KNOT, "knot": KPH_PER_KNOT}


def maxspeed_kph(tags: Tags, *, forward: bool, note: Note = _silent) -> float | None:
    """Legal limit in km/h in one direction of the way, or None where the tags give none.

    Looks at `maxspeed:forward` or `maxspeed:backward`, then `maxspeed`, then at what `maxspeed:type`,
    `source:maxspeed`, `zone:maxspeed` or `zone:traffic` imply (`ID:urban`). Of a list the lowest counts; `none`
    and signals give no number. Conditional limits and those of single lanes are noted and not used.
    """
    for key in _UNUSED_LIMITS:
        if key in tags:
            note(f"{key} is not used")
    for key in (f"maxspeed:{'forward' if forward else 'backward'}", "maxspeed"):
        if key in tags:
            limits = [_limit_kph(part, key, note) for part in re.split(r"[;|,]", tags[key])]
            known = [limit for limit in limits if limit is not None]
            if len(limits) > 1 and known:
                note(f"{key} is a list, the lowest counts")
            if known:
                return min(known)
    for key in _MAXSPEED_TYPE_KEYS:
        if key in tags:
            implied = IMPLICIT_LIMITS_KPH.get(tags[key].strip().lower())
            if implied is not None:
                return float(implied)
    return None


def _limit_kph(text: str, key: str, note: Note) -> float | None:
    value = text.strip().lower()
    if value == "walk":
        return WALKING_KPH
    if value in IMPLICIT_LIMITS_KPH:
        return float(IMPLICIT_LIMITS_KPH[value])
    if value in _NO_LIMIT or value in _VARIABLE:
        note(f"{key}={value} gives no number")
        return None
    match = _SPEED.fullmatch(value)
    if match is not None:
        kph = float(match[1]) * _KPH_PER_UNIT.get(match[2] or "", 1.0)
        if 0 < kph <= HIGHEST_LIMIT_KPH:
            return kph
    note(f"{key}={text.strip()} is not understood")
    return None


# --- access ----------------------------------------------------------------------------------------------------

_MOTOR_KEYS = ("motorcar", "motor_vehicle", "vehicle")
_ACCESS_KEYS = (*_MOTOR_KEYS, "access")
_OPEN = frozenset({"yes", "permissive", "designated", "official", "public", "unknown"})
_ACCESS_FLAGS: Final[Mapping[str, EdgeFlag]] = {
    "no": EdgeFlag.NO_ACCESS, "agricultural": EdgeFlag.NO_ACCESS, "forestry": EdgeFlag.NO_ACCESS,
    "psv": EdgeFlag.NO_ACCESS, "bus": EdgeFlag.NO_ACCESS,
    "emergency": EdgeFlag.NO_ACCESS | EdgeFlag.EMERGENCY, "use_sidepath": EdgeFlag.NO_ACCESS,
    "military": EdgeFlag.PRIVATE, "private": EdgeFlag.PRIVATE, "residents": EdgeFlag.PRIVATE,
    "employees": EdgeFlag.PRIVATE, "students": EdgeFlag.PRIVATE,
    "destination": EdgeFlag.DESTINATION, "customers": EdgeFlag.DESTINATION, "delivery": EdgeFlag.DESTINATION,
    "permit": EdgeFlag.DESTINATION, "visitors": EdgeFlag.DESTINATION, "discouraged": EdgeFlag.DESTINATION,
}  # fmt: skip
_EMERGENCY_OPEN = frozenset({"yes", "designated", "official", "permissive", "destination"})


def access(tags: Tags, *, forward: bool = True, note: Note = _silent) -> EdgeFlag:
    """`PRIVATE`, `NO_ACCESS`, `DESTINATION` and `EMERGENCY` of one direction of a way, or of a barrier.

    The most specific key counts: `motorcar`, `motor_vehicle`, `vehicle`, `access`, each first with `:forward` or
    `:backward`. `emergency=yes` or `designated` (and `service=emergency_access`) adds `EMERGENCY`;
    `emergency=no` closes. A value that is not understood is noted and the next key counts. Conditional access is
    noted and not used.
    """
    flags = EdgeFlag(0)
    side = ":forward" if forward else ":backward"
    for key in _ACCESS_KEYS:
        if f"{key}:conditional" in tags:
            note(f"{key}:conditional is not used")
    for key in (specific for plain in _ACCESS_KEYS for specific in (plain + side, plain)):
        value = tags.get(key)
        if value is None:
            continue
        found = _access_flags(value)
        if found is None:
            note(f"{key}={value} is not understood")
            continue
        flags = found
        break
    emergency = tags.get("emergency")
    if emergency in _EMERGENCY_OPEN or (emergency is None and tags.get("service") == "emergency_access"):
        flags |= EdgeFlag.EMERGENCY
    elif emergency in {"no", "private"}:
        flags = (flags & ~EdgeFlag.EMERGENCY) | (EdgeFlag.NO_ACCESS if emergency == "no" else EdgeFlag.PRIVATE)
    elif emergency is not None:
        note(f"emergency={emergency} says nothing of access")
    return flags


def _access_flags(value: str) -> EdgeFlag | None:
    """Flags of one access value, None where it is not understood; of a list the most open, and `EMERGENCY` of any."""
    value = value.strip().lower()
    if value in _OPEN:
        return EdgeFlag(0)
    if value in _ACCESS_FLAGS:
        return _ACCESS_FLAGS[value]
    parts = [_access_flags(part) for part in value.split(";")] if ";" in value else [None]
    known = [flags for flags in parts if flags is not None]
    if not known:
        return None
    emergency = EdgeFlag.EMERGENCY if any(flags & EdgeFlag.EMERGENCY for flags in known) else EdgeFlag(0)
    return min(known, key=_closedness) | emergency


def _closedness(flags: EdgeFlag) -> int:
    order = (EdgeFlag(0), EdgeFlag.DESTINATION, EdgeFlag.PRIVATE)
    return order.index(flags) if flags in order else len(order)


# --- which ways cars drive on ----------------------------------------------------------------------------------

_DRIVABLE = frozenset(ROAD_CLASSES) - {"ferry", "barrier"}
_OPENED_BY_TAG: Final[Mapping[str, str]] = {
    "pedestrian": "living_street", "footway": "service", "path": "track", "cycleway": "service", "bridleway": "track",
}  # fmt: skip
_EXPLICIT = frozenset({"yes", "designated", "permissive", "official", "destination", "delivery", "private", "permit"})
_MOTORCYCLES_ALLOWED = frozenset({"yes", "designated", "permissive", "official", "destination"})
_FERRY_CARS = (*_MOTOR_KEYS, "hgv")
_LIFE_CYCLE = ("abandoned", "disused", "razed", "demolished", "removed")


@dataclass(frozen=True, slots=True)
class Drivable:
    """The class under which a way joins the network (a member of `ROAD_CLASSES`), or why it does not."""

    road_class: str | None
    reason: str


def drivable(tags: Tags) -> Drivable:
    """Whether a way joins the network.

    Every class of `ROAD_CLASSES` joins, tracks and all kinds of `service` (parking aisles, driveways, alleys)
    included, because the last metres to a patient lead over them; what the law closes joins with its flags.
    Footways, paths, cycleways and pedestrian streets join only where a tag lets cars in: `motorcar=*`, or
    `emergency=yes`; for `pedestrian` also `motor_vehicle=*` or `vehicle=*`. Where a tag lets motorcycles in
    (`motorcycle=*`, or `motor_vehicle=*`, which on a footway speaks of them) they join too, closed to cars. Areas,
    roads under construction, planned or abandoned ones, steps and the rest do not join.

    A ferry joins where a tag says that it takes motor vehicles: the wiki gives no default, and a unit sent to a boat
    for people on foot would stand at the water.
    """
    highway = tags.get("highway")
    if highway is None:
        return _ferry(tags)
    if tags.get("area") == "yes":
        return Drivable(None, "area")
    for key in _LIFE_CYCLE:
        if tags.get(key) == "yes":
            return Drivable(None, key)
    if highway in _DRIVABLE:
        if tags.get("impassable") == "yes" or tags.get("smoothness") == "impassable":
            return Drivable(None, "impassable")
        return Drivable(highway, "")
    if highway in _OPENED_BY_TAG:
        keys = _MOTOR_KEYS if highway == "pedestrian" else ("motorcar",)
        if any(tags.get(key) in _EXPLICIT for key in keys) or tags.get("emergency") in {"yes", "designated"}:
            return Drivable(_OPENED_BY_TAG[highway], "")
        if _lets_motorcycles_in(tags):
            return Drivable(_OPENED_BY_TAG[highway], "")
    return Drivable(None, f"highway={highway}")


def _ferry(tags: Tags) -> Drivable:
    if tags.get("route") != "ferry":
        return Drivable(None, "no road")
    if any(tags.get(key) in _EXPLICIT for key in _FERRY_CARS):
        return Drivable("ferry", "")
    if any(tags.get(key) == "no" for key in (*_MOTOR_KEYS, "access")):
        return Drivable(None, "ferry without cars")
    return Drivable(None, "ferry that does not say whether it takes cars (motor_vehicle=yes would)")


def road_flags(tags: Tags, road_class: str) -> EdgeFlag:
    """Flags of a way that hold in both directions and do not come from access."""
    flags = EdgeFlag(0)
    if tags.get("toll") == "yes" or tags.get("toll:motorcar") == "yes" or tags.get("toll:motor_vehicle") == "yes":
        flags |= EdgeFlag.TOLL
    if tags.get("bridge", "no") != "no":
        flags |= EdgeFlag.BRIDGE
    if tags.get("tunnel", "no") not in {"no", "building_passage"}:
        flags |= EdgeFlag.TUNNEL
    if is_roundabout(tags):
        flags |= EdgeFlag.ROUNDABOUT
    if road_class.endswith("_link"):
        flags |= EdgeFlag.LINK
    if road_class == "ferry":
        flags |= EdgeFlag.FERRY
    return flags


def default_closed(tags: Tags, road_class: str) -> EdgeFlag:
    """`NO_ACCESS` where the class itself bars cars that no tag lets in (busways, opened footways); else nothing."""
    on_foot = tags.get("highway") in _OPENED_BY_TAG and tags.get("highway") != "pedestrian"
    if any(tags.get(key) in _EXPLICIT for key in (("motorcar",) if on_foot else _MOTOR_KEYS)):
        return EdgeFlag(0)
    if road_class == "busway" or tags.get("highway") in _OPENED_BY_TAG:
        return EdgeFlag.NO_ACCESS
    return EdgeFlag(0)


def motorcycle(tags: Tags, *, car: EdgeFlag, forward: bool = True) -> EdgeFlag:
    """`MOTORCYCLE` or `NO_MOTORCYCLE` where motorcycles fare otherwise than cars, whose flags are `car`.

    The most specific of `motorcycle`, `motor_vehicle`, `vehicle` and `access` counts, each first with `:forward` or
    `:backward`; on footways and the like only the first two, and without them motorcycles are not let in.
    """
    on_foot = tags.get("highway") in _OPENED_BY_TAG
    side = ":forward" if forward else ":backward"
    found = EdgeFlag.NO_ACCESS if on_foot else EdgeFlag(0)
    keys = ("motorcycle", "motor_vehicle", *(() if on_foot else ("vehicle", "access")))
    for key in (specific for plain in keys for specific in (plain + side, plain)):
        value = tags.get(key)
        flags = None if value is None else _access_flags(value)
        if flags is not None:
            found = flags
            break
    closed = EdgeFlag.NO_ACCESS | EdgeFlag.PRIVATE
    if bool(found & closed) == bool(car & closed):
        return EdgeFlag(0)
    return EdgeFlag.NO_MOTORCYCLE if found & closed else EdgeFlag.MOTORCYCLE


def _lets_motorcycles_in(tags: Tags) -> bool:
    word = tags.get("motorcycle", tags.get("motor_vehicle"))
    return word in _MOTORCYCLES_ALLOWED


# --- buses -----------------------------------------------------------------------------------------------------

_BUS_OPEN = frozenset({"yes", "designated", "official", "permissive"})
_BUS_ONLY = frozenset({"psv", "bus"})


def bus(tags: Tags, road_class: str, *, against: bool) -> EdgeFlag:
    """`BUS` where buses drive and other cars may not: on the way itself, or `against` its one-way direction."""
    if against:
        opposite = tags.get("busway") in {"opposite_lane", "opposite"}
        allowed = opposite or any(tags.get(key) == "no" for key in ("oneway:bus", "oneway:psv"))
    else:
        allowed = (
            road_class == "busway"
            or any(tags.get(key) in _BUS_OPEN for key in ("bus", "psv"))
            or any(tags.get(key) in _BUS_ONLY for key in _ACCESS_KEYS)
        )
    return EdgeFlag.BUS if allowed else EdgeFlag(0)


# --- barriers --------------------------------------------------------------------------------------------------

_STOPS_CARS = frozenset({
    "bollard", "block", "jersey_barrier", "debris", "log", "chain", "rope", "stile", "horse_stile", "turnstile",
    "full-height_turnstile", "kissing_gate", "wicket_gate", "motorcycle_barrier", "cycle_barrier", "planter", "bar",
    "barrier_board", "delineators", "fence", "wall", "retaining_wall", "city_wall", "hedge", "ditch", "guard_rail",
    "tank_trap", "spikes", "boulder", "bus_trap", "sump_buster",
})  # fmt: skip
_LETS_CARS_PASS = frozenset({
    "gate", "lift_gate", "swing_gate", "sliding_gate", "sliding_beam", "hampshire_gate", "bump_gate", "sally_port",
    "toll_booth", "border_control", "checkpoint", "cattle_grid", "kerb", "height_restrictor", "width_restrictor",
    "entrance", "coupure", "traffic_island", "no", "yes",
})  # fmt: skip


def barrier(tags: Tags, note: Note = _silent) -> EdgeFlag:
    """`BARRIER` with its access flags where the node stops a car; nothing where cars pass.

    Bollards, blocks, chains, fences and walls stop cars unless `motorcar`, `motor_vehicle` or `vehicle` lets them
    in (`access=yes` does not: it speaks of people on foot, and the block still stands). Gates, lift gates, toll booths,
    cattle grids, kerbs, height and width restrictors let cars pass unless access says private or no, or the gate is
    `locked=yes` and no access tag opens it. An unknown kind is noted and lets cars pass. Where `EMERGENCY` is set
    too, an ambulance may pass.
    """
    kind = tags.get("barrier")
    if kind is None:
        return EdgeFlag(0)
    flags = access(tags, note=note)
    closed = bool(flags & (EdgeFlag.NO_ACCESS | EdgeFlag.PRIVATE))
    if kind in _STOPS_CARS:
        stops = closed or not any(key in tags for key in _MOTOR_KEYS)
    else:
        if kind not in _LETS_CARS_PASS:
            note(f"barrier={kind} is not understood, cars pass")
        stops = closed or (tags.get("locked") == "yes" and not any(key in tags for key in _ACCESS_KEYS))
    return EdgeFlag.BARRIER | (flags & (EdgeFlag.EMERGENCY | EdgeFlag.PRIVATE)) if stops else EdgeFlag(0)


# --- ferries ---------------------------------------------------------------------------------------------------

_CLOCK = re.compile(r"(\d{1,3}):([0-5]?\d)(?::([0-5]?\d))?")
_ISO_8601 = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
LONGEST_FERRY_MS: Final = 7 * 24 * 3_600_000


def duration_ms(tags: Tags, note: Note = _silent) -> int | None:
    """`duration` of a ferry in milliseconds: `HH:MM`, `HH:MM:SS`, minutes, or ISO 8601 (`PT1H30M`)."""
    text = tags.get("duration")
    if text is None:
        return None
    value = text.strip()
    milliseconds: int | None = None
    if match := _CLOCK.fullmatch(value):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000
    elif re.fullmatch(r"\d+(\.\d+)?", value):
        milliseconds = round(float(value) * 60_000)
    elif (match := _ISO_8601.fullmatch(value)) and value not in {"P", "PT"}:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        milliseconds = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
    if milliseconds is None or not 0 < milliseconds <= LONGEST_FERRY_MS:
        note(f"duration={text} is not understood")
        return None
    return milliseconds


# --- names -----------------------------------------------------------------------------------------------------

ALT_NAME_KEYS: Final = (
    "name:id",
    "name:en",
    "alt_name",
    "old_name",
    "official_name",
    "short_name",
    "loc_name",
    "name:jv",
)
_ALT_NAMES = frozenset(ALT_NAME_KEYS)


def street_name(tags: Tags) -> str:
    """`name`, or the first of `ref` where there is no name, or nothing."""
    return (tags.get("name") or tags.get("ref") or "").strip()


def alternative_names(tags: Tags) -> tuple[str, ...]:
    """Other names for search, without repeats and without the name itself."""
    if _ALT_NAMES.isdisjoint(tags):  # so it is with most things
        return ()
    name = tags.get("name", "").strip()
    found = (part.strip() for key in ALT_NAME_KEYS for part in tags.get(key, "").split(";"))
    return tuple(dict.fromkeys(alt for alt in found if alt and alt != name))


# --- all of them -----------------------------------------------------------------------------------------------

ROAD_KEYS: Final = (
    "highway", "route", "area", *_LIFE_CYCLE, "impassable", "smoothness", "junction", "service", "emergency", "hgv",
    "oneway:conditional", *_ONEWAY_KEYS,
    "maxspeed", "maxspeed:forward", "maxspeed:backward", *_UNUSED_LIMITS, *_MAXSPEED_TYPE_KEYS,
    *(key + side for key in _ACCESS_KEYS for side in ("", ":forward", ":backward", ":conditional")),
    "toll", "toll:motorcar", "toll:motor_vehicle", "bridge", "tunnel", "duration",
    "motorcycle", "motorcycle:forward", "motorcycle:backward", "bus", "psv", "busway", "oneway:bus", "oneway:psv",
)  # fmt: skip
"""Every key that tells something of a road but its names: ways that agree in these are alike."""
