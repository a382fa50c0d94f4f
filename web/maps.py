"""An answer as one HTML file with a map that opens without any network: to hand over, to print, to keep.

Leaflet, the background pictures and all data stand inside the file, and a content policy in it forbids loading
anything else. This is the only module that touches folium.
"""

from __future__ import annotations

import html
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, MacroElement
from jinja2 import Template

from gis.errors import SiagaError
from gis.files import write_text_atomically
from web.assets import leaflet_text
from web.i18n import Translator, translator
from web.region_layers import layers_of
from web.service import Desk
from web.tile_draw import MapPainter
from web.wording import distance, kind_name

Bounds = tuple[float, float, float, float]

CLOSE_DEG = 0.012
"""Half the height of the closest picture: about 1.3 km."""

PICTURES_PX = (1400, 2000, 1800)
"""Longer sides of the three background pictures: region, answer, surroundings of the incident."""

LEAST_SPAN_DEG = 0.02

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

STYLE = """
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; font: 14px/1.4 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; color: #15202b; }
.notice { padding: 5px 12px; background: #ffb300; color: #201600; font-weight: 700; text-align: center; letter-spacing: .03em; }
.sheet { position: fixed; z-index: 1000; top: 12px; left: 12px; width: 360px; max-height: calc(100% - 40px); overflow: auto; background: #fff; border: 1px solid #c3ccd5; border-radius: 8px; box-shadow: 0 2px 10px rgb(0 0 0 / 22%); padding: 12px 14px; }
.with-notice .sheet { top: 44px; max-height: calc(100% - 72px); }
.sheet h1 { font-size: 19px; line-height: 1.2; margin: 0 0 2px; } .sheet p { margin: 0 0 6px; } .sheet h2 { font-size: 13px; margin: 12px 0 4px; color: #51606e; }
.sheet table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } .sheet td { padding: 4px 6px 4px 0; border-top: 1px solid #dde3e9; vertical-align: top; }
.sheet td:last-child { text-align: right; font-weight: 700; font-size: 17px; padding-right: 0; white-space: nowrap; } .sheet small { display: block; color: #51606e; }
.sheet ul { margin: 0; padding-left: 18px; } .alarm { color: #9c1c15; font-weight: 600; } .legend span { display: inline-flex; align-items: center; gap: 6px; margin-right: 14px; font-size: 12.5px; }
.legend i { display: inline-block; width: 20px; height: 0; border-top: 4px solid; } .legend .ring { width: 12px; height: 12px; border: 3px solid #d01716; border-radius: 50%; } .legend .grey { width: 12px; height: 12px; border: 0; border-radius: 50%; background: #8a96a1; }
.folium-map { flex: 1; min-height: 0; position: relative; width: 100%; background: #dfe5ea; }
.unit b { display: grid; place-items: center; width: 100%; height: 100%; box-sizing: border-box; border-radius: 7px; border: 2px solid #fff; background: #14497f; color: #fff; font: 700 14px/1 system-ui, sans-serif; box-shadow: 0 1px 4px rgb(0 0 0 / 45%); }
.unit.ambulance b { background: #b3261e; } .unit.fire_engine b { background: #a33b00; } .unit.excluded b { background: #8a96a1; border-radius: 50%; }
.incident i { position: absolute; inset: 4px; border: 4px solid #d01716; border-radius: 50%; background: rgb(208 23 22 / 25%); box-shadow: 0 0 0 2px #fff; }
@media (max-width: 720px) { .sheet, .with-notice .sheet { position: static; width: auto; max-height: 45%; border-radius: 0; order: 2; } }
@media print { .sheet { box-shadow: none; } }
"""


class _Popup(MacroElement):  # type: ignore[misc]
    """A popup of plain text lines; folium's own needs jQuery."""

    _template = Template(
        "{% macro script(this, kwargs) %}{{ this._parent.get_name() }}.bindPopup({{ this.text | tojson }});{% endmacro %}"
    )

    def __init__(self, *lines: str) -> None:
        super().__init__()
        self._name = "TextPopup"
        self.text = "<br>".join(html.escape(line) for line in lines if line)


class _SharpestPicture(MacroElement):  # type: ignore[misc]
    """Shows each background picture only from the zoom at which it is the sharpest."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        (function () {
          var map = {{ this._parent.get_name() }}, pictures = [{% for one in this.pictures %}{{ one }},{% endfor %}];
          var from = {{ this.from_zoom | tojson }};
          function choose() {
            pictures.forEach(function (picture, n) { picture.setOpacity(map.getZoom() >= from[n] ? 1 : 0); });
          }
          map.on("zoomend", choose); choose();
        })();
        {% endmacro %}"""
    )

    def __init__(self, pictures: list[str], from_zoom: list[int]) -> None:
        super().__init__()
        self._name = "SharpestPicture"
        self.pictures, self.from_zoom = pictures, from_zoom


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
    chart = folium.Map(location=at, tiles=None, control_scale=True, zoom_control="topright", attribution_control=False)
    chart.default_js, chart.default_css = [], []
    _add_background(chart, desk, view, at)
    for area, (colour, dashes) in zip(areas, (("#7a4fa0", "10 6"), ("#c2371f", None)), strict=False):
        _add_outline(chart, area, colour, dashes)
    for route in routes:
        lines = [one for one in route["features"] if one["geometry"]["type"] == "LineString"]
        for colour, weight in (("#ffffff", 9), ("#0b57d0", 5)):
            for line in lines:
                track = [(lat, lon) for lon, lat in line["geometry"]["coordinates"]]
                folium.PolyLine(track, color=colour, weight=weight, opacity=1).add_to(chart)
    if asked["kind"] != "village" and asked["radius_m"] > 0:
        folium.Circle(at, radius=asked["radius_m"], color="#c2371f", weight=1.5, fill=True, fill_opacity=0.1).add_to(
            chart
        )
    _add_units(chart, answer, _)
    _marker(at, "incident", "<i></i>", 34, 34).add_to(chart)
    chart.fit_bounds([view[:2], view[2:]])
    return _page(chart, answer, _)


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
    lats, lons = zip(*spots, strict=True)
    margin = max(LEAST_SPAN_DEG, (max(lats) - min(lats)) * 0.12, (max(lons) - min(lons)) * 0.12)
    return min(lats) - margin, min(lons) - margin, max(lats) + margin, max(lons) + margin


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
    else:
        for part in coordinates:
            yield from _positions(part)


def _add_background(chart: folium.Map, desk: Desk, view: Bounds, at: tuple[float, float]) -> None:
    box = desk.region.boundaries.bounds
    margin = max(box.north - box.south, box.east - box.west) / 10
    whole = (box.south - margin, box.west - margin, box.north + margin, box.east + margin)
    close = (at[0] - CLOSE_DEG, at[1] - CLOSE_DEG, at[0] + CLOSE_DEG, at[1] + CLOSE_DEG)
    painter = MapPainter(layers_of(desk.region))
    overlays = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (bounds, size_px) in enumerate(zip((whole, view, close), PICTURES_PX, strict=True)):
            picture = Path(folder) / f"{number}.png"
            picture.write_bytes(painter.picture(bounds, size_px))
            south, west, north, east = bounds
            overlay = folium.raster_layers.ImageOverlay(str(picture), [[south, west], [north, east]], zindex=number + 1)
            overlays.append(overlay.add_to(chart).get_name())
    chart.add_child(_SharpestPicture(overlays, [0, 0, 15]))


def _add_outline(chart: folium.Map, area: dict[str, Any], colour: str, dashes: str | None) -> None:
    geometry = area["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [[[(lat, lon) for lon, lat in ring] for ring in polygon] for polygon in polygons]
    folium.Polygon(
        rings, color=colour, weight=2.5, dash_array=dashes, fill=dashes is None, fill_color=colour, fill_opacity=0.07
    ).add_to(chart)


def _add_units(chart: folium.Map, answer: dict[str, Any], _: Translator) -> None:
    for unit in reversed(answer["excluded"]):
        marker = _marker((unit["lat"], unit["lon"]), "unit excluded", "<b></b>", 16, 16)
        marker.add_child(_Popup(unit["unit_id"], _kind_line(unit, _), unit["reason"])).add_to(chart)
    for unit in reversed(answer["candidates"]):
        marker = _marker((unit["lat"], unit["lon"]), f"unit {unit['kind']}", f"<b>{unit['rank']}</b>", 28, 28)
        lines = (unit["unit_id"], _kind_line(unit, _), _clock_range(unit), unit["reason"])
        marker.add_child(_Popup(*lines)).add_to(chart)


def _marker(at: tuple[float, float], css: str, inside: str, width: int, height: int) -> folium.Marker:
    icon = folium.DivIcon(
        html=inside, icon_size=(width, height), icon_anchor=(width // 2, height // 2), class_name=html.escape(css)
    )
    return folium.Marker(at, icon=icon)


def _page(chart: folium.Map, answer: dict[str, Any], _: Translator) -> str:
    figure = chart.get_root()
    notice = answer["region"]["notice"]
    figure.title = f"Siaga112: {answer['asked']['text']}"
    for text in (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<style>{leaflet_text('leaflet.css')}</style>",
        f"<style>{STYLE}</style>",
        f"<script>{leaflet_text('leaflet.js')}</script>",
    ):
        figure.header.add_child(Element(_raw(text)))
    if notice:
        figure.html.add_child(Element(_raw(f'<p class="notice">{html.escape(notice)}</p>')), index=0)
    figure.html.add_child(Element(_raw(_sheet(answer, _))))
    page: str = figure.render()
    return page.replace("<body>", f'<body class="{"with-notice" if notice else ""}">', 1)


def _raw(text: str) -> str:
    """Text that the template engine passes on as it is."""
    return "{% raw %}" + text + "{% endraw %}"


def _sheet(answer: dict[str, Any], _: Translator) -> str:
    """Place, shortfalls, units and legend as HTML."""
    asked, area = answer["asked"], answer["area"]
    place = (asked if asked["kind"] == "village" else area)["village"]
    spot = f"{asked['location']['lat']:.5f}, {asked['location']['lon']:.5f}"
    rows = "".join(
        f"<tr><td>{unit['rank']}</td><td><strong>{html.escape(unit['unit_id'])}</strong>"
        f"<small>{html.escape(_kind_line(unit, _))} · {html.escape(distance(unit['straight_m'], _))}</small></td>"
        f"<td>{_clock_range(unit)}</td></tr>"
        for unit in answer["candidates"]
    )
    alarms = "".join(f"<li>{html.escape(text)}</li>" for text in answer["shortfalls"])
    left_out = "".join(
        f"<li><strong>{html.escape(unit['unit_id'])}</strong>: {html.escape(unit['reason'])}</li>"
        for unit in answer["excluded"]
    )
    parts = [
        f"<h1>{html.escape(place['name'] if place else asked['text'])}</h1>",
        f"<p>{html.escape(area['message'])}</p><p><small>{spot}</small></p>",
        f'<ul class="alarm">{alarms}</ul>' if alarms else "",
        f"<h2>{html.escape(_('Units by road travel time'))}</h2><table>{rows}</table>" if rows else "",
        f"<h2>{html.escape(_('Not offered'))}</h2><ul>{left_out}</ul>" if left_out else "",
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
