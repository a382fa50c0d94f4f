"""How the background map looks: calm colours, so that units, routes and incidents stand out on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageColor, ImageFont

from routing.network import ROAD_CLASSES

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one map style, as `#rrggbb`."""

    outside: str
    land: str
    water: str
    waterway: str
    green: str
    built: str
    rail: str
    coast: str
    village_border: str
    kecamatan_border: str
    kabupaten_border: str
    roads: Mapping[str, tuple[str, str]]  # group of road classes: fill, casing
    bridge: str
    text: Mapping[str, str]  # kind of label: colour
    other_text: str
    halo: str
    water_text: str
    street_text: str
    notice: str


LIGHT = Palette(
    outside="#dfe5ea",
    land="#f6f4ef",
    water="#b5d3e3",
    waterway="#9cc4da",
    green="#dfead3",
    built="#ebe7df",
    rail="#9a9aa2",
    coast="#7fa9c0",
    village_border="#b9a6c6",
    kecamatan_border="#9d7fb4",
    kabupaten_border="#75528f",
    roads={
        "motorway": ("#ee9f85", "#b9654b"),
        "trunk": ("#f6c07f", "#c28a47"),
        "primary": ("#f9d58f", "#c79f55"),
        "secondary": ("#fdebae", "#c6b06c"),
        "tertiary": ("#ffffff", "#b3aea3"),
        "minor": ("#ffffff", "#c9c4b9"),
        "lane": ("#fdfcfa", "#d5d1c8"),
        "ferry": ("#6f9fbc", "#6f9fbc"),
    },
    bridge="#5d5a55",
    text={
        "kabupaten": "#5b3f73",
        "kecamatan": "#6b4a86",
        "village": "#3b4148",
        "hospital": "#b3261e",
        "clinic": "#b3261e",
        "fire_station": "#a33b00",
        "police": "#1f4e9c",
    },
    other_text="#565c63",
    halo="#fbfaf7",
    water_text="#3f7391",
    street_text="#4d4a45",
    notice="#c2410c",
)

DARK = Palette(
    outside="#12171d",
    land="#1d242c",
    water="#0f3044",
    waterway="#1b4a64",
    green="#1f2f2a",
    built="#232b34",
    rail="#5c6570",
    coast="#2d5f7d",
    village_border="#4a4158",
    kecamatan_border="#7d6598",
    kabupaten_border="#a98cc6",
    roads={
        "motorway": ("#b8644a", "#5a2f22"),
        "trunk": ("#a97c41", "#4f3b20"),
        "primary": ("#8f7645", "#463b24"),
        "secondary": ("#73684a", "#3a3527"),
        "tertiary": ("#5a626b", "#2b3139"),
        "minor": ("#434b55", "#272d35"),
        "lane": ("#38404a", "#252b33"),
        "ferry": ("#33647f", "#33647f"),
    },
    bridge="#9aa3ad",
    text={
        "kabupaten": "#d3bbea",
        "kecamatan": "#c3a8de",
        "village": "#d5dbe2",
        "hospital": "#ff9d94",
        "clinic": "#ff9d94",
        "fire_station": "#ffb37c",
        "police": "#9dc1ff",
    },
    other_text="#a9b2bc",
    halo="#171d24",
    water_text="#7fb4d2",
    street_text="#bcc4cd",
    notice="#ff9a62",
)

PALETTES: Mapping[str, Palette] = {"light": LIGHT, "dark": DARK}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadStyle:
    """Width of a group of road classes: pixels at zoom 14, drawn from `least_zoom` on."""

    group: str
    width_px: float
    least_zoom: int


_STYLES: Mapping[str, RoadStyle] = {
    "motorway": RoadStyle(group="motorway", width_px=4.6, least_zoom=0),
    "motorway_link": RoadStyle(group="motorway", width_px=2.8, least_zoom=11),
    "trunk": RoadStyle(group="trunk", width_px=4.4, least_zoom=0),
    "trunk_link": RoadStyle(group="trunk", width_px=2.8, least_zoom=11),
    "primary": RoadStyle(group="primary", width_px=4.2, least_zoom=0),
    "primary_link": RoadStyle(group="primary", width_px=2.6, least_zoom=11),
    "secondary": RoadStyle(group="secondary", width_px=3.6, least_zoom=9),
    "secondary_link": RoadStyle(group="secondary", width_px=2.4, least_zoom=12),
    "tertiary": RoadStyle(group="tertiary", width_px=3.0, least_zoom=11),
    "tertiary_link": RoadStyle(group="tertiary", width_px=2.2, least_zoom=12),
    "unclassified": RoadStyle(group="minor", width_px=2.2, least_zoom=12),
    "residential": RoadStyle(group="minor", width_px=2.2, least_zoom=12),
    "living_street": RoadStyle(group="minor", width_px=2.0, least_zoom=13),
    "road": RoadStyle(group="minor", width_px=2.0, least_zoom=13),
    "busway": RoadStyle(group="minor", width_px=2.0, least_zoom=13),
    "service": RoadStyle(group="lane", width_px=1.4, least_zoom=13),
    "track": RoadStyle(group="lane", width_px=1.2, least_zoom=13),
    "ferry": RoadStyle(group="ferry", width_px=1.2, least_zoom=9),
}

ROAD_STYLES: tuple[RoadStyle | None, ...] = tuple(_STYLES.get(name) for name in ROAD_CLASSES)
"""By number of the road class; None is not drawn."""

DRAWING_ORDER: tuple[int, ...] = tuple(n for n in reversed(range(len(ROAD_CLASSES))) if ROAD_STYLES[n])
"""Road classes from the least important to the most."""

WIDTH_GROWTH = 1.52
"""Roads widen by this factor per zoom, up to what a real road would measure and down to a hairline."""

CASING_FROM_ZOOM = 12.5
MAIN_ROADS = frozenset({"motorway", "trunk", "primary", "secondary"})
"""Groups with casings at every zoom."""


def road_width_px(style: RoadStyle, zoom: float) -> float:
    """Width of the fill at a zoom, in pixels."""
    return float(max(0.9, min(style.width_px * WIDTH_GROWTH ** (zoom - 14), style.width_px * 6)))


def road_rim_px(zoom: float) -> float:
    """Width of both casings of a road together."""
    return 1.0 if zoom < 12 else 1.6 if zoom < 15 else 2.2


def mixed(first: str, second: str, share: float) -> str:
    """A colour between two, `share` of the way to the second."""
    parts = zip(ImageColor.getrgb(first)[:3], ImageColor.getrgb(second)[:3], strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def font_names() -> str:
    """Which letters are used."""
    return " ".join(
        str(letters.getname()) for bold in (False, True) if hasattr(letters := font(12, bold=bold), "getname")
    )


@lru_cache(maxsize=64)
def font(size_px: int, *, bold: bool = False) -> Font:
    """DejaVu Sans where the machine has it (more letters), else the font inside Pillow."""
    try:
        return ImageFont.truetype("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf", size_px)
    except OSError:
        return ImageFont.load_default(size_px)
