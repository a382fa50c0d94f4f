"""The background map: seamless, complete, and drawn from few made-up shapes whose picture is known."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from routing.network import ROAD_CLASSES
from web.map_labels import lay_out
from web.map_layers import Label, MapLayers, Shapes, Streets, mercator, ungroup
from web.map_style import DARK, LIGHT
from web.tile_draw import TILE_PX, MapPainter

BOUNDS = (-7.0, 108.0, -6.0, 109.0)
ISLAND = shapely.Polygon(
    [(108, -7), (109, -7), (109, -6), (108, -6)], [[(108.4, -6.6), (108.6, -6.6), (108.6, -6.4), (108.4, -6.4)]]
)


def layers(**changes: Any) -> MapLayers:
    """A square land with a square hole and nothing else."""
    none = Shapes.empty()
    plain = MapLayers(
        land=Shapes.rings_of([ISLAND]),
        villages=none, kecamatan=none, kabupaten=none, water=none, green=none, built=none, waterways=none, rail=none,
        coast=none, roads=none, road_bridge=np.empty(0, bool), streets=Streets.of(none, none.kind), names=("",),
        beyond=none,
        labels=(), bounds=BOUNDS, notice=None,
    )  # fmt: skip
    return dataclasses.replace(plain, **changes)


def roads(*lines: tuple[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Roads by class and (lat, lon) points."""
    points = [point for _, line in lines for point in line]
    offset = np.concatenate(([0], np.cumsum([len(line) for _, line in lines])))
    return {
        "roads": Shapes.of(
            offset=offset,
            lat=[lat for lat, _ in points],
            lon=[lon for _, lon in points],
            kind=[ROAD_CLASSES.index(name) for name, _ in lines],
        ),
        "road_bridge": np.zeros(len(lines), bool),
    }


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def tile_of(lat: float, lon: float, zoom: int) -> tuple[int, int, int, int]:
    """Column and row of the tile, and the pixel of the place in it."""
    x, y = (float(value) * 2**zoom for value in mercator(lat, lon))
    return int(x), int(y), int(x % 1 * TILE_PX), int(y % 1 * TILE_PX)


@pytest.mark.parametrize(
    ("lat", "lon", "colour"),
    [(-6.2, 108.2, LIGHT.land), (-6.5, 108.5, LIGHT.outside), (-5.7, 108.2, LIGHT.outside)],
    ids=["land", "hole", "outside"],
)
@pytest.mark.parametrize("zoom", [8, 10, 14, 17])
def test_land_is_filled_and_holes_are_spared_at_every_zoom(lat: float, lon: float, colour: str, zoom: int) -> None:
    column, row, x, y = tile_of(lat, lon, zoom)
    assert tuple(pixels(MapPainter(layers()).tile(zoom, column, row))[y, x]) == rgb(colour)


def test_a_tile_and_the_same_piece_of_a_larger_picture_are_equal() -> None:
    around = roads(
        ("primary", [(-6.21, 108.19), (-6.2, 108.21), (-6.18, 108.24)]), ("residential", [(-6.2, 108.1), (-6.2, 108.3)])
    )
    painter = MapPainter(layers(**around))
    column, row, _, _ = tile_of(-6.2, 108.2, 13)
    tiles = [[pixels(painter.tile(13, column + i, row + j)) for i in range(2)] for j in range(2)]
    joined = np.vstack([np.hstack(line) for line in tiles])
    from web.tile_draw import View

    view = View(left=column * TILE_PX, top=row * TILE_PX, width=512, height=512, zoom=13)
    whole = np.asarray(painter.paint(view, LIGHT))
    assert joined.shape == whole.shape
    assert np.array_equal(joined, whole)


@pytest.mark.parametrize(
    ("name", "zoom", "seen"),
    [
        ("motorway", 8, True), ("secondary", 10, True), ("secondary", 11, True), ("residential", 11, False),
        ("residential", 13, True), ("service", 12, False), ("service", 13, True), ("track", 16, True),
    ],
)  # fmt: skip
def test_small_roads_are_drawn_only_from_their_zoom_on(name: str, zoom: int, seen: bool) -> None:
    painter = MapPainter(layers(**roads((name, [(-6.2, 108.1), (-6.2, 108.3)]))))
    column, row, _, _ = tile_of(-6.2, 108.2, zoom)
    plain = MapPainter(layers()).tile(zoom, column, row)
    assert (not np.array_equal(pixels(painter.tile(zoom, column, row)), pixels(plain))) is seen


def test_a_larger_road_is_drawn_over_a_smaller_one() -> None:
    both = roads(("trunk", [(-6.2, 108.1), (-6.2, 108.3)]), ("residential", [(-6.1, 108.2), (-6.3, 108.2)]))
    column, row, x, y = tile_of(-6.2, 108.2, 16)
    assert tuple(pixels(MapPainter(layers(**both)).tile(16, column, row))[y, x]) == rgb(LIGHT.roads["trunk"][0])


def test_the_notice_stands_on_every_screenful_of_a_sample_map() -> None:
    plain, sample = MapPainter(layers()), MapPainter(layers(notice="PETA CONTOH - bukan untuk operasi"))
    column, row, _, _ = tile_of(-6.2, 108.2, 14)
    for i in range(2):
        marked = [
            not np.array_equal(
                pixels(plain.tile(14, column + i, row + j)), pixels(sample.tile(14, column + i, row + j))
            )
            for j in range(2)
        ]
        assert any(marked)


def test_the_dark_style_is_dark_and_fine_screens_get_twice_the_pixels() -> None:
    column, row, _, _ = tile_of(-6.2, 108.2, 12)
    painter = MapPainter(layers())
    assert pixels(painter.tile(12, column, row, palette=DARK)).mean() < 80
    assert pixels(painter.tile(12, column, row, density=2)).shape == (512, 512, 3)


def test_a_shared_border_is_told_once() -> None:
    left, right = shapely.box(108, -7, 108.5, -6), shapely.box(108.5, -7, 109, -6)
    borders = Shapes.borders_of([left, right])
    length = sum(
        float(np.hypot(np.diff(borders.x[a:b]), np.diff(borders.y[a:b])).sum())
        for a, b in zip(borders.offset[:-1], borders.offset[1:], strict=True)
    )
    outline = Shapes.borders_of([shapely.union_all([left, right])])
    height = abs(float(mercator(-7, 108)[1] - mercator(-6, 108)[1]))
    around = float(np.hypot(np.diff(outline.x), np.diff(outline.y)).sum())
    assert length == pytest.approx(around + height, rel=1e-6)


def test_no_two_names_touch_and_the_weightier_one_stays() -> None:
    x, y = (float(value) for value in mercator(-6.5, 108.5))
    light = Label(text="Kecil", kind="village", x=x, y=y, weight=1)
    heavy = Label(text="Besar", kind="village", x=x + 1e-7, y=y, weight=2)
    placed = lay_out(layers(labels=(light, heavy)), 14).within(-np.inf, -np.inf, np.inf, np.inf)
    assert [label.text for label in placed] == ["Besar"]


def test_a_picture_of_a_rectangle_has_its_shape() -> None:
    picture = pixels(MapPainter(layers()).picture((-6.4, 108.1, -6.2, 108.5), 800))
    assert picture.shape[1] == 800
    assert picture.shape[0] == pytest.approx(400, abs=6)


@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    data=st.data(),
)
def test_ungrouping_is_the_same_as_joining_slices(sizes: list[int], data: st.DataObject) -> None:
    offset = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    chosen = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=8)), dtype=np.int64)
    points, starts = ungroup(offset, chosen)
    plain = [list(range(offset[c], offset[c + 1])) for c in chosen]
    assert points.tolist() == [point for part in plain for point in part]
    assert np.diff(starts).tolist() == [len(part) for part in plain]
