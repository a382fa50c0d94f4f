"""An answer as one HTML file with a map that opens without any network: to hand over, to print, to keep.

Leaflet, the background pictures and all data stand inside the file, and a content policy in it forbids loading
anything else. This is the only module that touches folium.
"""

from __future__ import annotations

import base64
import html
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, MacroElement
from jinja2 import Template

from dispatch.screening import UNSUITABLE
from gis.errors import SiagaError
from gis.files import write_text_atomically
from web.assets import STATIC, leaflet_text
from web.credits import credit_line
from web.i18n import Translator, translator
from web.map_layers import mercator
from web.region_layers import layers_of
from web.service import Desk
from web.tile_draw import MapPainter
from web.tiles import GREATEST_ZOOM, LEAST_ZOOM
from web.wording import distance, kind_name

Bounds = tuple[float, float, float, float]

CLOSE_DEG = 0.012
"""Half the height of the surroundings drawn best: about 1.3 km."""

MOST_TILES = 200
"""At most so many tiles of one zoom go into the file, which keeps it at a few megabytes."""

MOST_AREA_TILES = 40
"""The same for the map of one village or kecamatan, of all zooms."""

WIDE_UNTIL = 12
"""Up to this zoom its surroundings are drawn too."""

FINEST_ENLARGED = 15
"""Finer tiles stand beside none that are enlarged more than twice, where letters can still be read."""

LEAST_SPAN_DEG = 0.02

STYLE = "answer_map.css"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


class _Popup(MacroElement):
    """A popup of plain text lines; folium's own needs jQuery."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "{{ this._parent.get_name() }}.bindPopup({{ this.text | tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, *lines: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "TextPopup"
        self.text = "<br>".join(html.escape(line) for line in lines if line)


class _Marker(MacroElement):
    """A marker drawn by our own style; folium's first asks for Leaflet's picture of a pin, which is not in the file."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.marker({{ this.at | tojson }}, {
          icon: L.divIcon({
            className: {{ this.css | tojson }}, html: {{ this.inside | tojson }}, iconSize: {{ this.size | tojson }}
          }),
        }).addTo({{ this._parent.get_name() }});
        {% endmacro %}"""
    )

    def __init__(self, at: tuple[float, float], css: str, inside: str, size_px: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "DrawnMarker"
        self.at, self.css, self.inside, self.size = list(at), css, inside, [size_px, size_px]


class _Background(MacroElement):
    """Tiles from inside the file, and whose data they show.

    Where a tile is missing, its part of the nearest coarser one is enlarged: without names, since an enlarged letter is
    a blot beside the name itself.
    """

    _template = Template(
        """{% macro script(this, kwargs) %}
        (function () {
          var map = {{ this._parent.get_name() }}, size = 256;
          var tiles = {{ this.tiles | tojson }}, nameless = {{ this.nameless | tojson }};
          var Layer = L.GridLayer.extend({createTile: function (at) {
            var tile = document.createElement("div"), depth = 0, key, drawn;
            do {
              key = [at.z - depth, at.x >> depth, at.y >> depth].join("/");
              drawn = (depth && nameless[key]) || tiles[key];
            } while (!drawn && ++depth <= at.z);
            if (!drawn) return tile;
            var part = 1 << depth, px = function (n) { return -(n & (part - 1)) * size + "px"; };
            tile.style.backgroundImage = "url(data:image/png;base64," + drawn + ")";
            tile.style.backgroundSize = size * part + "px";
            tile.style.backgroundPosition = px(at.x) + " " + px(at.y);
            return tile;
          }});
          new Layer({maxZoom: {{ this.greatest_zoom }}}).addTo(map);
          L.control.attribution({prefix: false, position: "bottomright"})
            .addAttribution({{ this.credit | tojson }}).addTo(map);
          L.control.scale({imperial: false, position: "bottomright"}).addTo(map);
          var beside = window.innerWidth > 720 ? 390 : 16;
          map.fitBounds({{ this.view | tojson }}, {
            paddingTopLeft: [beside, 16], paddingBottomRight: [16, 16], animate: false
          });
        })();
        {% endmacro %}"""
    )

    def __init__(self, tiles: dict[str, str], nameless: dict[str, str], view: Bounds, credit: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Background"
        self.tiles, self.nameless, self.greatest_zoom = tiles, nameless, GREATEST_ZOOM
        self.credit = html.escape(credit)
        self.view = [list(view[:2]), list(view[2:])]


def save_answer_map(path: Path, desk: Desk, answer: dict[str, Any], *, lang: str) -> None:
    """Write the map of an answer to an HTML file, whole or not at all.

    Parameters
    ----------
    path
        The file; it is replaced when it exists.
    desk
        That gave the answer.
    answer
        Of `Desk.nearest`.
    lang
        `id` or `en`.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    write_text_atomically(path, answer_map(desk, answer, lang=lang))


def answer_map(desk: Desk, answer: dict[str, Any], *, lang: str) -> str:
    """The HTML of the map of an answer; parameters as for `save_answer_map`."""
    _ = translator(lang)
    asked = answer["asked"]
    at = (asked["location"]["lat"], asked["location"]["lon"])
    routes = list(_routes(desk, answer, lang))
    areas = [desk.area_geojson(code) for code in _area_codes(answer)]
    view = _bounds_of(answer, areas, routes)
    chart = folium.Map(location=at, tiles=None, zoom_control="topright", attribution_control=False)
    chart.default_js, chart.default_css = [], []
    chart.add_child(_Background(*_tiles(desk, view, at), view, credit_line(desk.region)))
    for area, (colour, dashes) in zip(areas, (("#7a4fa0", "10 6"), ("#c2371f", None)), strict=False):
        _add_outline(chart, area, colour, dashes)
    for route in routes:
        lines = [one for one in route["features"] if one["geometry"]["type"] == "LineString"]
        for colour, weight in (("#ffffff", 9), ("#0b57d0", 5)):
            for line in lines:
                track = [(lat, lon) for lon, lat in line["geometry"]["coordinates"]]
                folium.PolyLine(track, color=colour, weight=weight, opacity=1).add_to(chart)  # type: ignore[no-untyped-call]
    if asked["kind"] != "village" and asked["radius_m"] > 0:
        folium.Circle(at, radius=asked["radius_m"], color="#c2371f", weight=1.5, fill=True, fill_opacity=0.1).add_to(
            chart
        )
    _add_units(chart, answer, _)
    _Marker(at, "incident", "<i></i>", 34).add_to(chart)
    return _page(chart, answer, _)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An area filled with a colour on a map of a plan, with lines of text that open on it."""

    geometry: dict[str, Any]
    colour: str
    lines: tuple[str, ...]
    is_outline: bool = False
    """Only its border is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A marker of a map of a plan: degrees, class of its style, what stands in it, and lines that open on it."""

    lat: float
    lon: float
    css: str
    text: str
    lines: tuple[str, ...]


def plan_map(desk: Desk, fields: Sequence[Field], spots: Sequence[Spot], *, title: str, sheet: str) -> str:
    """The HTML of a map of the whole region with coloured areas and markers, complete in itself.

    Parameters
    ----------
    desk
        Of the region.
    fields, spots
        What is shown, the last on top.
    title
        Of the window.
    sheet
        HTML of the sheet beside the map; the caller escapes what stands in it.
    """
    box = desk.region.boundaries.bounds
    view = (box.south, box.west, box.north, box.east)
    middle = ((box.south + box.north) / 2, (box.west + box.east) / 2)
    # Half steps of the zoom, so that a region fills a small screen too.
    chart = folium.Map(location=middle, tiles=None, zoom_control="topright", attribution_control=False, zoom_snap=0.5)
    chart.default_js, chart.default_css = [], []
    chart.add_child(_Background(*_tiles(desk, view, middle), view, credit_line(desk.region)))
    for field in fields:
        geometry = field.geometry
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for polygon in polygons:
            rings = [[(round(lat, 5), round(lon, 5)) for lon, lat in ring] for ring in polygon]
            look: dict[str, Any] = {"color": "#ffffff", "weight": 0.8, "fill_color": field.colour, "fill_opacity": 0.55}
            if field.is_outline:
                look = {"color": field.colour, "weight": 2, "fill_opacity": 0.0}
            shape = folium.Polygon(rings, fill=True, **look)
            shape.add_child(_Popup(*field.lines)).add_to(chart)
    for spot in spots:
        marker = _Marker((spot.lat, spot.lon), spot.css, f"<b>{html.escape(spot.text)}</b>", 24)
        marker.add_child(_Popup(*spot.lines)).add_to(chart)
    return _whole_page(chart, title=title, notice=desk.region.notice, sheet=f'<section class="sheet">{sheet}</section>')


def area_map(desk: Desk, code: str, spots: Sequence[Spot], *, title: str, sheet: str) -> str:
    """The HTML of a map of one village or kecamatan with markers, complete in itself.

    Parameters
    ----------
    desk
        Of the region.
    code
        Of the area, whose outline is drawn and fills the view.
    spots, title, sheet
        As for `plan_map`.
    """
    area = desk.area_geojson(code)
    middle = desk.region.boundaries.middle(code)
    at = (middle.lat, middle.lon)
    view = _box([(lat, lon) for lon, lat in _positions(area["geometry"]["coordinates"])])
    chart = folium.Map(location=at, tiles=None, zoom_control="topright", attribution_control=False)
    chart.default_js, chart.default_css = [], []
    chart.add_child(_Background(*_area_tiles(desk, view), view, credit_line(desk.region)))
    _add_outline(chart, area, "#7a4fa0", "10 6")
    for spot in spots:
        marker = _Marker((spot.lat, spot.lon), spot.css, f"<b>{html.escape(spot.text)}</b>", 24)
        marker.add_child(_Popup(*spot.lines)).add_to(chart)
    return _whole_page(chart, title=title, notice=desk.region.notice, sheet=f'<section class="sheet">{sheet}</section>')


def save_isochrone_map(path: Path, desk: Desk, answer: dict[str, Any], *, lang: str) -> None:
    """Write the map of isochrones to an HTML file, whole or not at all.

    Parameters
    ----------
    path
        The file; it is replaced when it exists.
    desk
        That gave the answer.
    answer
        Of `web.isochrones.isochrone_json`.
    lang
        `id` or `en`.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    write_text_atomically(path, isochrone_map(desk, answer, lang=lang))


def isochrone_map(desk: Desk, answer: dict[str, Any], *, lang: str) -> str:
    """The HTML of the map of isochrones; parameters as for `save_isochrone_map`."""
    _ = translator(lang)
    starts = [(one["lat"], one["lon"]) for one in answer["origins"]]
    spots = [*starts, *((lat, lon) for one in answer["features"] for lon, lat in _spots(one["geometry"]))]
    view = _box(spots)
    chart = folium.Map(location=starts[0], tiles=None, zoom_control="topright", attribution_control=False)
    chart.default_js, chart.default_css = [], []
    chart.add_child(_Background(*_tiles(desk, view, starts[0]), view, credit_line(desk.region)))
    colours = _band_colours(len(answer["features"]))
    for feature, colour in zip(answer["features"], colours, strict=True):
        for rings in feature["geometry"]["coordinates"]:
            outline = [[(lat, lon) for lon, lat in ring] for ring in rings]
            folium.Polygon(outline, color=colour, weight=1.5, fill=True, fill_color=colour, fill_opacity=0.35).add_to(
                chart
            )
    for start in starts:
        _Marker(start, "incident", "<i></i>", 34).add_to(chart)
    rows = "".join(
        f'<tr><td><i style="color:{colour}">■</i> {html.escape(feature["properties"]["text"])}</td></tr>'
        for feature, colour in zip(reversed(answer["features"]), reversed(colours), strict=True)
    )
    names = ", ".join(one["text"] for one in answer["origins"])
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in answer["notes"])
    sheet = (
        f'<section class="sheet"><h1>{html.escape(names)}</h1>{f"<ul>{notes}</ul>" if notes else ""}'
        f"<table>{rows}</table></section>"
    )
    return _whole_page(chart, title=f"Siaga112: {names}", notice=answer["notice"], sheet=sheet)


def _spots(geometry: dict[str, Any]) -> Iterator[tuple[float, float]]:
    return _positions(geometry["coordinates"]) if geometry["coordinates"] else iter(())


def _band_colours(count: int) -> list[str]:
    """From the farthest band to the nearest: from yellow over orange to dark red, told apart in grey too."""
    shades = ("#ffe08a", "#fdae61", "#f46d43", "#d73027", "#a50026", "#67001f")
    return [shades[round(at * (len(shades) - 1) / max(count - 1, 1))] for at in range(count)]


def _routes(desk: Desk, answer: dict[str, Any], lang: str) -> Iterator[dict[str, Any]]:
    """The route of the first unit; none where no road leads there."""
    if answer["candidates"]:
        where = answer["asked"]["location"]
        try:
            yield desk.route(answer["candidates"][0]["unit_id"], f"{where['lat']},{where['lon']}", lang)
        except SiagaError:
            return


def _area_codes(answer: dict[str, Any]) -> list[str]:
    """Kecamatan, then village, as far as they are known."""
    source = answer["asked"] if answer["asked"]["kind"] == "village" else answer["area"]
    return [source[level]["code"] for level in ("kecamatan", "village") if source[level]]


def _bounds_of(answer: dict[str, Any], areas: list[dict[str, Any]], routes: list[dict[str, Any]]) -> Bounds:
    """A box around the incident, the offered units, the route, and the smallest area."""
    where = answer["asked"]["location"]
    spots = [(where["lat"], where["lon"])] + [(unit["lat"], unit["lon"]) for unit in answer["candidates"]]
    for feature in [*areas[-1:], *(one for route in routes for one in route["features"])]:
        spots += [(lat, lon) for lon, lat in _positions(feature["geometry"]["coordinates"])]
    return _box(spots)


def _box(spots: list[tuple[float, float]]) -> Bounds:
    """A box around some positions, and a margin."""
    lats, lons = zip(*spots, strict=True)
    margin = max(LEAST_SPAN_DEG, (max(lats) - min(lats)) * 0.12, (max(lons) - min(lons)) * 0.12)
    return min(lats) - margin, min(lons) - margin, max(lats) + margin, max(lons) + margin


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
    else:
        for part in coordinates:
            yield from _positions(part)


def _tiles(desk: Desk, view: Bounds, at: tuple[float, float]) -> tuple[dict[str, str], dict[str, str]]:
    """Tiles by `zoom/column/row` in base64: the region coarsely, the answer finer, the incident's surroundings best.

    And those with a name on them once more without any, to be enlarged.
    """
    box = desk.region.boundaries.bounds
    close = (at[0] - CLOSE_DEG, at[1] - CLOSE_DEG, at[0] + CLOSE_DEG, at[1] + CLOSE_DEG)
    painter = MapPainter(layers_of(desk.region))
    tiles: dict[str, str] = {}
    nameless: dict[str, str] = {}
    for zooms, (south, west, north, east), ring in (
        # one tile more all round: what hangs over the border would be a blot when enlarged
        (range(LEAST_ZOOM, 13), (box.south, box.west, box.north, box.east), 1),
        (range(13, 14), _widened(view), 0),
        (range(14, 16), view, 0),
        (range(15, 18), close, 0),
    ):
        left, top = mercator(north, west)
        right, bottom = mercator(south, east)
        for zoom in zooms:
            columns = range(int(left * 2**zoom) - ring, int(right * 2**zoom) + 1 + ring)
            rows = range(int(top * 2**zoom) - ring, int(bottom * 2**zoom) + 1 + ring)
            if len(columns) * len(rows) <= MOST_TILES:
                for column, row in itertools.product(columns, rows):
                    key = f"{zoom}/{column}/{row}"
                    if zoom > FINEST_ENLARGED:
                        tiles[key] = _base64(painter.tile(zoom, column, row))
                        continue
                    tile, plain = painter.tile_and_nameless(zoom, column, row)
                    tiles[key] = _base64(tile)
                    if plain != tile:
                        nameless[key] = _base64(plain)
    return tiles, nameless


def _area_tiles(desk: Desk, view: Bounds) -> tuple[dict[str, str], dict[str, str]]:
    """Tiles as of `_tiles`, of an area and its surroundings alone: a server draws them while somebody waits."""
    painter = MapPainter(layers_of(desk.region))
    tiles: dict[str, str] = {}
    nameless: dict[str, str] = {}
    for zoom in range(LEAST_ZOOM, FINEST_ENLARGED + 1):
        south, west, north, east = _widened(view) if zoom <= WIDE_UNTIL else view
        left, top = mercator(north, west)
        right, bottom = mercator(south, east)
        columns = range(int(left * 2**zoom), int(right * 2**zoom) + 1)
        rows = range(int(top * 2**zoom), int(bottom * 2**zoom) + 1)
        if len(tiles) + len(columns) * len(rows) > MOST_AREA_TILES:
            break
        for column, row in itertools.product(columns, rows):
            tile, plain = painter.tile_and_nameless(zoom, column, row)
            tiles[f"{zoom}/{column}/{row}"] = _base64(tile)
            if plain != tile:
                nameless[f"{zoom}/{column}/{row}"] = _base64(plain)
    return tiles, nameless


def _base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode("ascii")


def _widened(bounds: Bounds) -> Bounds:
    """A box of three times the width and height, for screens of another shape than the answer's."""
    south, west, north, east = bounds
    return 2 * south - north, 2 * west - east, 2 * north - south, 2 * east - west


def _add_outline(chart: folium.Map, area: dict[str, Any], colour: str, dashes: str | None) -> None:
    geometry = area["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        rings = [[(lat, lon) for lon, lat in ring] for ring in polygon]
        folium.Polygon(
            rings,
            color=colour,
            weight=2.5,
            dash_array=dashes,
            fill=dashes is None,
            fill_color=colour,
            fill_opacity=0.07,
        ).add_to(chart)


def _add_units(chart: folium.Map, answer: dict[str, Any], _: Translator) -> None:
    for unit in reversed(answer["excluded"]):
        marker = _Marker((unit["lat"], unit["lon"]), "unit excluded", "<b></b>", 16)
        marker.add_child(_Popup(unit["unit_id"], _kind_line(unit, _), unit["reason"])).add_to(chart)
    for unit in reversed(answer["candidates"]):
        marker = _Marker((unit["lat"], unit["lon"]), f"unit {unit['kind']}", f"<b>{unit['rank']}</b>", 28)
        lines = (unit["unit_id"], _kind_line(unit, _), _clock_range(unit), unit["reason"])
        marker.add_child(_Popup(*lines)).add_to(chart)


def _page(chart: folium.Map, answer: dict[str, Any], _: Translator) -> str:
    title = f"Siaga112: {answer['asked']['text']}"
    return _whole_page(chart, title=title, notice=answer["region"]["notice"], sheet=_sheet(answer, _))


def _whole_page(chart: folium.Map, *, title: str, notice: str | None, sheet: str) -> str:
    figure: Any = chart.get_root()
    figure.title = html.escape(title)
    for text in (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<style>{leaflet_text('leaflet.css')}</style>",
        f"<style>{(STATIC / STYLE).read_text(encoding='utf-8')}</style>",
        f"<script>{leaflet_text('leaflet.js')}</script>",
    ):
        figure.header.add_child(Element(_raw(text)))
    if notice:
        figure.html.add_child(Element(_raw(f'<p class="notice">{html.escape(notice)}</p>')), index=0)
    figure.html.add_child(Element(_raw(sheet)))
    page: str = figure.render()
    return page.replace("<body>", f'<body class="{"with-notice" if notice else ""}">', 1)


def _raw(text: str) -> str:
    """Text that the template engine passes on as it is."""
    return "{% raw %}" + text + "{% endraw %}"


def _sheet(answer: dict[str, Any], _: Translator) -> str:
    """Place, shortfalls, units and legend as HTML."""
    asked, area = answer["asked"], answer["area"]
    place = area["village"] or (area["kecamatan"] if asked["kind"] == "village" else None)
    spot = f"{asked['location']['lat']:.5f}, {asked['location']['lon']:.5f}"
    rows = "".join(
        f"<tr><td>{unit['rank']}</td><td><strong>{html.escape(unit['unit_id'])}</strong>"
        f"<small>{html.escape(_kind_line(unit, _))} · {html.escape(distance(unit['straight_m'], _))}</small></td>"
        f"<td>{_clock_range(unit)}</td></tr>"
        for unit in answer["candidates"]
    )
    ranked, hidden = _("Units by road travel time"), _("Not offered")
    alarms = "".join(f"<li>{html.escape(text)}</li>" for text in answer["shortfalls"])
    left_out = "".join(
        f"<li><strong>{html.escape(unit['unit_id'])}</strong>: {html.escape(unit['reason'])}</li>"
        for unit in answer["excluded"]
        if unit["why"] not in UNSUITABLE
    )
    parts = [
        f"<h1>{html.escape(place['name'] if place else asked['text'])}</h1>",
        f"<p>{html.escape(area['message'])}</p><p><small>{spot}</small></p>",
        f'<ul class="alarm">{alarms}</ul>' if alarms else "",
        f"<h2>{html.escape(ranked)}</h2><table>{rows}</table>" if rows else "",
        f"<h2>{html.escape(hidden)}</h2><ul>{left_out}</ul>" if left_out else "",
        '<p class="legend"><span><i class="ring"></i>' + html.escape(_("Incident")) + "</span>"
        '<span><i style="color:#0b57d0"></i>' + html.escape(_("Route of the first unit")) + "</span>"
        '<span><i class="grey"></i>' + html.escape(_("Not offered")) + "</span></p>",
    ]
    return f'<section class="sheet">{"".join(parts)}</section>'


def _kind_line(unit: dict[str, Any], _: Translator) -> str:
    return " · ".join(part for part in (kind_name(unit["kind"], _), unit["agency"]) if part)


def _clock_range(unit: dict[str, Any]) -> str:
    spread = unit["eta_range_s"]
    return f"{_clock(spread['min'])}–{_clock(spread['max'])}" if spread else _clock(unit["eta_s"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
