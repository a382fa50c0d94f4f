"""What OpenStreetMap tags say of the shape of a road and of what stands on it. Pure functions: tags in, facts out.

Every reader tells `note` of values that it cannot read, as those of `routing.osm_tags` do.

Sources: the OpenStreetMap wiki pages `Key:width`, `Key:maxheight`, `Key:maxwidth`, `Key:maxweight`, `Key:lanes`,
`Key:surface`, `Key:smoothness`, `Key:tracktype`, `Key:barrier`, `Key:ford`, `Tag:railway=level_crossing`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from routing.network import BARRIERS, SMOOTHNESSES, SURFACES, EdgeFlag
from routing.osm_tags import ROAD_KEYS, Note, Tags, _silent, barrier, motorcycle

METRES_PER_FOOT: Final = 0.3048
TONNES_PER_SHORT_TON: Final = 0.90718474
WIDEST_M: Final = 100.0
HEAVIEST_T: Final = 500.0
MOST_LANES: Final = 20

_LENGTH = re.compile(r"(\d+(?:[.,]\d+)?)\s*(m|metres?|meters?|cm|ft|feet)?")
_FEET = re.compile(r"(\d+)\s*'\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|'')?)?")
_WEIGHT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(t|tonnes?|tons?|ton|kg|st|lbs?)?")
_METRES_PER_UNIT: Final = {"cm": 0.01, "ft": METRES_PER_FOOT, "feet": METRES_PER_FOOT}
_TONNES_PER_UNIT: Final = {"kg": 0.001, "st": TONNES_PER_SHORT_TON, "lb": 0.00045359237, "lbs": 0.00045359237}
_NO_LIMIT = frozenset({"none", "no", "default", "unsigned", "no_sign", "no_indications", "below_default"})


class RoadFacts(NamedTuple):
    """Shape and limits of a way, as the columns of `RoadNetwork`; NaN and 0 where nobody tagged them."""

    width_m: float
    maxheight_m: float
    maxwidth_m: float
    maxweight_t: float
    lanes: int
    surface: int
    smoothness: int


class BarrierFacts(NamedTuple):
    """A barrier that stops some vehicle or costs it time: its flags, its kind (of `BARRIERS`) and its limits."""

    flags: EdgeFlag
    kind: int
    maxheight_m: float = math.nan
    maxwidth_m: float = math.nan
    maxweight_t: float = math.nan


def road_facts(tags: Tags, note: Note = _silent) -> RoadFacts:
    """Width, limits, lanes, surface and smoothness of a way.

    `width` goes before `est_width`; of `maxheight` and `maxheight:physical` and of `maxwidth` and `maxwidth:physical`
    the lower counts. Where no surface is tagged, `tracktype` stands for one.
    """
    return RoadFacts(
        width_m=_metres(tags, ("width",), note) if "width" in tags else _metres(tags, ("est_width",), note),
        maxheight_m=_metres(tags, ("maxheight", "maxheight:physical"), note),
        maxwidth_m=_metres(tags, ("maxwidth", "maxwidth:physical"), note),
        maxweight_t=_tonnes(tags, note),
        lanes=_lanes(tags, note),
        surface=_surface(tags, note),
        smoothness=_smoothness(tags, note),
    )


# --- numbers with units ------------------------------------------------------------------------------------------


def metres(text: str) -> float | None:
    """A length in metres (`3`, `3.5 m`, `350 cm`, `11'6"`), or None where it cannot be read. Of a list the lowest."""
    found = [_one_length(part.strip().lower()) for part in text.split(";")]
    known = [length for length in found if length is not None and 0 < length <= WIDEST_M]
    return min(known) if len(known) == len(found) else None


def _one_length(value: str) -> float | None:
    if match := _FEET.fullmatch(value):
        return (int(match[1]) + float(match[2] or 0) / 12) * METRES_PER_FOOT
    if match := _LENGTH.fullmatch(value):
        return float(match[1].replace(",", ".")) * _METRES_PER_UNIT.get(match[2] or "m", 1.0)
    return None


def tonnes(text: str) -> float | None:
    """A weight in tonnes (`7.5`, `7.5 t`, `3500 kg`), or None where it cannot be read. Of a list the lowest."""
    found: list[float] = []
    for part in text.split(";"):
        match = _WEIGHT.fullmatch(part.strip().lower())
        weight = (
            0.0 if match is None else float(match[1].replace(",", ".")) * _TONNES_PER_UNIT.get(match[2] or "t", 1.0)
        )
        if not 0 < weight <= HEAVIEST_T:
            return None
        found.append(weight)
    return min(found)


def _metres(tags: Tags, keys: tuple[str, ...], note: Note) -> float:
    known = []
    for key in keys:
        text = tags.get(key)
        if text is None or text.strip().lower() in _NO_LIMIT:
            continue
        length = metres(text)
        if length is None:
            note(f"{key}={text} is not understood")
        else:
            known.append(length)
    return min(known, default=math.nan)


def _tonnes(tags: Tags, note: Note) -> float:
    text = tags.get("maxweight")
    if text is None or text.strip().lower() in _NO_LIMIT:
        return math.nan
    weight = tonnes(text)
    if weight is None:
        note(f"maxweight={text} is not understood")
    return math.nan if weight is None else weight


def _lanes(tags: Tags, note: Note) -> int:
    text = tags.get("lanes")
    if text is None:
        return 0
    match = re.fullmatch(r"\s*(\d{1,2})(?:\.\d+)?\s*", text, re.ASCII)
    if match is None or not 0 < int(match[1]) <= MOST_LANES:
        note(f"lanes={text} is not understood")
        return 0
    return int(match[1])


# --- surface -----------------------------------------------------------------------------------------------------

_SURFACE_NUMBER: Final = {name: number for number, name in enumerate(SURFACES) if name}
_SURFACE_ALIASES: Final[Mapping[str, str]] = {
    "cement": "concrete", "chipseal": "asphalt", "tarmac": "asphalt", "bitumen": "asphalt", "tartan": "asphalt",
    "brick": "bricks", "paving_stones:lanes": "concrete:lanes", "unhewn_cobblestone": "cobblestone",
    "cobblestone:flattened": "sett", "stone": "rock", "rocky": "rock", "soil": "earth", "grass_pavers": "grass_paver",
    "laterite": "compacted", "metal_grid": "metal", "unpaved;ground": "ground",
}  # fmt: skip
_TRACK_SURFACES: Final[Mapping[str, str]] = {
    "grade1": "compacted", "grade2": "gravel", "grade3": "ground", "grade4": "clay", "grade5": "earth",
}  # fmt: skip
_SMOOTHNESS_NUMBER: Final = {name: number for number, name in enumerate(SMOOTHNESSES) if name}


def _surface(tags: Tags, note: Note) -> int:
    text = tags.get("surface")
    if text is not None:
        value = text.strip().lower()
        value = _SURFACE_ALIASES.get(value, value)
        known = [_SURFACE_NUMBER[part] for part in re.split(r"[;/]", value) if part in _SURFACE_NUMBER]
        if known:
            return max(known)  # of a list the rougher: surfaces are numbered from good to bad
        note(f"surface={text} is not understood")
    return _SURFACE_NUMBER.get(_TRACK_SURFACES.get(tags.get("tracktype", ""), ""), 0)


def _smoothness(tags: Tags, note: Note) -> int:
    text = tags.get("smoothness")
    if text is None:
        return 0
    number = _SMOOTHNESS_NUMBER.get(text.strip().lower(), 0)
    if not number:
        note(f"smoothness={text} is not understood")
    return number


# --- what stands on a road ---------------------------------------------------------------------------------------

_KIND_OF: Final[Mapping[str, str]] = {
    **{name: name for name in BARRIERS if name not in {"", "unknown"}},
    "planter": "block", "boulder": "block", "tank_trap": "block", "spikes": "block", "log": "debris",
    "guard_rail": "jersey_barrier", "rope": "chain", "bar": "chain", "barrier_board": "jersey_barrier",
    "delineators": "bollard", "stile": "kissing_gate", "horse_stile": "kissing_gate", "turnstile": "kissing_gate",
    "full-height_turnstile": "kissing_gate", "wicket_gate": "kissing_gate", "fence": "wall", "retaining_wall": "wall",
    "city_wall": "wall", "hedge": "wall", "ditch": "wall", "sump_buster": "bus_trap", "hampshire_gate": "gate",
    "bump_gate": "gate", "sally_port": "gate", "sliding_beam": "lift_gate", "border_control": "checkpoint",
}  # fmt: skip
_UNKNOWN: Final = BARRIERS.index("unknown")


def barrier_facts(tags: Tags, note: Note = _silent) -> BarrierFacts | None:
    """The barrier of a node, or None where it is none or neither stops nor delays anybody (a kerb, a cattle grid)."""
    text = tags.get("barrier")
    if text is None:
        return None
    flags = barrier(tags, note)
    name = _KIND_OF.get(text)
    if name is None and not flags:
        return None
    kind = _UNKNOWN if name is None else BARRIERS.index(name)
    if tags.get("locked") == "yes":
        flags |= EdgeFlag.LOCKED
    flags |= motorcycle(tags, car=flags & EdgeFlag.PRIVATE)
    widths = ("maxwidth", "maxwidth:physical", *(("width",) if name == "width_restrictor" else ()))
    heights = ("maxheight", "maxheight:physical", *(("height",) if name == "height_restrictor" else ()))
    return BarrierFacts(
        flags=flags,
        kind=kind,
        maxheight_m=_metres(tags, heights, note),
        maxwidth_m=_metres(tags, widths, note),
        maxweight_t=_tonnes(tags, note),
    )


def is_level_crossing(tags: Tags) -> bool:
    """Whether a road crosses a railway at this node."""
    return tags.get("railway") == "level_crossing"


def is_ford(tags: Tags) -> bool:
    """Whether a way, or a way at this node, leads through water."""
    return tags.get("ford", "no") not in {"no", "stepping_stones"}


FACT_KEYS: Final = (
    "width", "est_width", "maxheight", "maxheight:physical", "maxwidth", "maxwidth:physical", "maxweight", "lanes",
    "surface", "tracktype", "smoothness", "ford",
)  # fmt: skip
"""Every key of a way that these readers look at."""

BARRIER_KEYS: Final = (*ROAD_KEYS, *FACT_KEYS, "barrier", "railway", "locked", "height")
"""Every key of a node that they look at."""
