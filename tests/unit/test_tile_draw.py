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
from web.map_icons import MARKS, mark_masks, mark_of
from web.map_labels import LABEL_STYLES, lay_out
from web.map_layers import Cover, Label, MapLayers, Shapes, Streets, mercator, ungroup
from web.map_style import DARK, LIGHT, PALETTES
from web.tile_draw import TILE_PX, MapPainter, View

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


def town() -> MapLayers:
    """Roads with names, borders, marks and names, close together about 6.2 S, 108.2 E."""
    lines = [
        ("primary", [(-6.2, 108.19), (-6.2004, 108.2), (-6.199, 108.21)]),
        ("residential", [(-6.195, 108.2), (-6.205, 108.2005)]),
        ("residential", [(-6.1985, 108.195), (-6.1988, 108.205)]),
    ]
    drawn = roads(*lines)["roads"]
    labels = []
    for number, (kind, name) in enumerate((
        ("village", "Kedungdawa Kulon Progo"), ("hospital", "RSUD Gunung Jati"), ("police", "Polsek Depok"),
        ("place_of_worship", "Masjid Al-Falah"), ("school", "SDN 1 Depok"), ("market", "Pasar Minggu"),
    )):  # fmt: skip
        x, y = (float(value) for value in mercator(-6.196 - 0.0013 * number, 108.196 + 0.0017 * number))
        labels.append(Label(text=name, kind=kind, x=x, y=y, weight=1))
    return layers(
        roads=drawn, road_bridge=np.zeros(3, bool), names=("", "Jalan Raya Pantura", "Gang Mawar", "Jalan Pasar"),
        streets=Streets.of(drawn, np.array([1, 2, 3])), labels=tuple(labels),
        villages=Shapes.borders_of([shapely.box(108.18, -6.3, 108.2, -6.1), shapely.box(108.2, -6.3, 108.22, -6.1)]),
        kecamatan=Shapes.borders_of([shapely.box(108.1, -6.3, 108.203, -6.197)]),
        notice="PETA CONTOH - bukan untuk operasi",
    )  # fmt: skip


@pytest.mark.parametrize("style", PALETTES)
@pytest.mark.parametrize(("zoom", "density"), [(13, 1), (14, 2), (15, 1), (16, 1), (17, 1), (18, 1)])
def test_names_marks_and_dashes_go_on_across_the_edges_of_tiles(style: str, zoom: int, density: int) -> None:
    painter = MapPainter(town())
    column, row, _, _ = tile_of(-6.2, 108.2, zoom)
    left, top = (column - 1) * TILE_PX, (row - 1) * TILE_PX
    view = View(left=left, top=top, width=768, height=768, zoom=zoom, density=density)
    whole = np.asarray(painter.paint(view, PALETTES[style]))
    size = TILE_PX * density
    for i, j in ((0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (1, 2)):
        view = View(
            left=left + i * TILE_PX, top=top + j * TILE_PX, width=TILE_PX, height=TILE_PX, zoom=zoom, density=density
        )
        part = np.asarray(painter.paint(view, PALETTES[style]))
        assert np.array_equal(part, whole[j * size : (j + 1) * size, i * size : (i + 1) * size])


def test_names_of_streets_are_never_upside_down_and_stand_on_their_street() -> None:
    lines, number = [], []
    for turn in range(0, 360, 15):
        at = np.radians(turn)
        lat, lon = -6.2 + 0.02 * np.sin(at), 108.2 + 0.02 * np.cos(at)
        lines.append(("residential", [(lat, lon), (lat + 0.003 * np.sin(at), lon + 0.003 * np.cos(at))]))
        number.append(turn // 15 + 1)
    drawn = roads(*lines)["roads"]
    names = ("", *(f"Jalan {n}" for n in number))
    placed = lay_out(layers(streets=Streets.of(drawn, np.array(number)), names=names), 17).within(
        -np.inf, -np.inf, np.inf, np.inf
    )
    assert {label.text for label in placed} == set(names[1:])
    scale = 256 * 2**17
    for label in placed:
        assert -90 < label.angle_deg <= 90
        line = slice(*drawn.offset[names.index(label.text) - 1 : names.index(label.text) + 1])
        street = shapely.LineString(np.column_stack((drawn.x[line], drawn.y[line])) * scale)
        assert street.distance(shapely.Point(label.x, label.y)) < 1


def test_pieces_of_a_street_bear_one_name_together() -> None:
    pieces = roads(*(("residential", [(-6.2, 108.2 + k / 2e3), (-6.2, 108.2005 + k / 2e3)]) for k in range(6)))["roads"]
    streets = Streets.of(pieces, np.ones(6, np.int64))
    placed = lay_out(layers(streets=streets, names=("", "Jalan Panjang Sekali")), 16).within(
        -np.inf, -np.inf, np.inf, np.inf
    )
    assert [label.text for label in placed] == ["Jalan Panjang Sekali"]


def test_a_hospital_without_room_for_its_name_is_still_marked() -> None:
    x, y = (float(value) for value in mercator(-6.5, 108.5))
    first = Label(text="RS Pertama", kind="hospital", x=x, y=y, weight=2)
    second = Label(text="RS Kedua", kind="hospital", x=x, y=y - 24 / (256 * 2**14), weight=1)
    placed = lay_out(layers(labels=(first, second)), 14).within(-np.inf, -np.inf, np.inf, np.inf)
    assert [(label.text, label.mark) for label in placed] == [("RS Pertama", "hospital"), ("", "hospital")]


@pytest.mark.parametrize("mark", ["dot", *MARKS])
def test_every_mark_has_ink_within_its_halo(mark: str) -> None:
    ink, halo = (np.asarray(mask) for mask in mark_masks(mark, 2))
    assert ink.max() == 255
    assert (halo >= ink).all()
    assert halo[0].max() < 255


def test_marks_of_all_kinds_are_known_and_names_tell_mosques_from_churches() -> None:
    assert {style.mark for style in LABEL_STYLES.values()} <= {"", "dot", *MARKS}
    assert mark_of("dot", "Masjid Al-Falah") == "mosque"
    assert mark_of("dot", "Gereja Bunda Maria") == "church"
    assert mark_of("dot", "Vihara Dewi") == "dot"


@pytest.mark.parametrize("style", PALETTES)
def test_roads_have_the_colour_of_their_class_and_a_casing_beside_it(style: str) -> None:
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary", "residential"):
        painter = MapPainter(layers(**roads((name, [(-6.2, 108.1), (-6.2, 108.3)]))))
        column, row, x, y = tile_of(-6.2, 108.2, 16)
        picture = pixels(painter.tile(16, column, row, palette=PALETTES[style]))
        group = "minor" if name == "residential" else name
        fill, casing = PALETTES[style].roads[group]
        assert tuple(picture[y, x]) == rgb(fill)
        # the casing fills part of a pixel: the edge leans from the land's colour towards the casing's
        land = np.array(rgb(PALETTES[style].land))
        towards = np.array(rgb(casing)) - land
        edge = ((picture[:, x].astype(int) - land) @ towards) / (towards @ towards)
        assert edge.max() > 0.4


def test_beyond_the_border_the_land_fades_in_steps() -> None:
    shores = [ISLAND.buffer(width) for width in (0.08, 0.06, 0.04, 0.02)]
    strips = Shapes.joined([
        dataclasses.replace(rings, kind=np.full(len(rings), step))
        for step, rings in enumerate(Shapes.rings_of([shapely.Polygon(shore.exterior)]) for shore in shores)
    ])  # fmt: skip
    column, row, x, y = tile_of(-6.5, 109.0, 10)
    line = pixels(MapPainter(layers(beyond=strips)).tile(10, column, row))[y, x:].astype(int)
    assert (np.diff(line[:, 0]) <= 0).all()
    assert len({tuple(pixel) for pixel in line}) >= 4


@given(
    lat=st.floats(-7.5, -5.5), lon=st.floats(107.5, 109.5), height=st.floats(0.001, 1.5), width=st.floats(0.001, 1.5)
)
def test_a_box_is_covered_only_where_the_land_itself_covers_it(
    lat: float, lon: float, height: float, width: float
) -> None:
    box = shapely.box(lon, lat, lon + width, lat + height)
    left, top = (float(value) for value in mercator(lat + height, lon))
    right, bottom = (float(value) for value in mercator(lat, lon + width))
    if Cover(layers().land).covers((left, top, right, bottom)):
        assert ISLAND.buffer(1e-6).covers(box)


@given(
    counts=st.lists(st.integers(2, 9), min_size=1, max_size=6),
    most=st.integers(2, 5),
)
def test_lines_in_pieces_are_the_same_lines(counts: list[int], most: int) -> None:
    offset = np.concatenate(([0], np.cumsum(counts)))
    points = np.arange(offset[-1], dtype=np.float64)
    whole = Shapes(offset=offset, x=points, y=-points, box=np.zeros((len(counts), 4)), kind=np.arange(len(counts)))
    pieces = whole.cut(most)
    assert (np.diff(pieces.offset) <= most).all()
    steps = [
        (kind, *pair)
        for kind, a, b in zip(pieces.kind, pieces.offset[:-1], pieces.offset[1:], strict=True)
        for pair in zip(pieces.x[a : b - 1], pieces.x[a + 1 : b], strict=True)
    ]
    plain = [
        (kind, *pair)
        for kind, a, b in zip(whole.kind, offset[:-1], offset[1:], strict=True)
        for pair in zip(points[a : b - 1], points[a + 1 : b], strict=True)
    ]
    assert steps == plain
