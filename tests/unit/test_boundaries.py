from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.boundaries import BoundaryIndex
from gis.errors import InputError, OutsideRegionError
from gis.nearby_villages import NearbyFinder
from gis.types import AreaLevel, AreaStatus, Location
from gis.village_grid import STATUSES
from tests.boundaries import SOUTH, WEST, SlowLocator, boundary_set, square
from tests.strategies import lattice_regions

M = 9.05e-6  # about one metre in degrees


def lattice() -> dict[str, shapely.Geometry]:
    """Two by two villages; codes rise to the east, then to the north."""
    return {f"32.09.0{row + 1}.200{column + 1}": square(column, row) for row in range(2) for column in range(2)}


@pytest.fixture(scope="module")
def index() -> BoundaryIndex:
    return BoundaryIndex.build(boundary_set(lattice()))


def at(column: float, row: float) -> Location:
    return Location(lat=SOUTH + row * 0.01, lon=WEST + column * 0.01)


def test_a_point_in_a_village_gets_it_and_the_areas_above(index: BoundaryIndex) -> None:
    match = index.locate(at(0.5, 0.5))
    assert match.status is AreaStatus.INSIDE
    assert match.village is not None
    assert match.kecamatan is not None
    assert match.kabupaten is not None
    assert (match.village.code, match.kecamatan.code, match.kabupaten.code) == ("32.09.01.2001", "32.09.01", "32.09")
    assert match.border_m == pytest.approx(552, abs=2)
    assert match.neighbours == ()
    assert (match.towards, match.towards_bearing_deg) == (None, None)


@pytest.mark.parametrize(
    ("where", "code", "others"),
    [
        ((1, 0.5), "32.09.01.2001", ["32.09.01.2002"]),
        ((0.5, 1), "32.09.01.2001", ["32.09.02.2001"]),
        ((1, 1), "32.09.01.2001", ["32.09.01.2002", "32.09.02.2001", "32.09.02.2002"]),
        ((1.5, 1), "32.09.01.2002", ["32.09.02.2002"]),
        ((0, 0), "32.09.01.2001", []),
    ],
)
def test_a_point_on_a_border_gets_the_lower_code(
    index: BoundaryIndex, where: tuple[float, float], code: str, others: list[str]
) -> None:
    match = index.locate(at(*where))
    assert match.village is not None
    assert (match.village.code, match.status, match.border_m) == (code, AreaStatus.INSIDE, 0)
    assert [near.area.code for near in match.neighbours] == others
    assert all(near.distance_m == 0 for near in match.neighbours)


def test_neighbours_within_250_m_stand_nearest_first(index: BoundaryIndex) -> None:
    match = index.locate(at(0.9, 0.85))
    assert [near.area.code for near in match.neighbours] == ["32.09.01.2002", "32.09.02.2001", "32.09.02.2002"]
    distances = [near.distance_m for near in match.neighbours]
    assert distances == sorted(distances)
    assert match.border_m == distances[0] == pytest.approx(110.5, abs=1)


def test_a_point_just_off_the_villages_gets_the_nearest(index: BoundaryIndex) -> None:
    match = index.locate(at(-0.1, 0.5))
    assert match.status is AreaStatus.NEAREST
    assert match.village is not None
    assert match.village.code == "32.09.01.2001"
    assert match.border_m == pytest.approx(110.5, abs=1)
    assert match.neighbours == ()


def test_between_two_villages_equally_near_the_lower_code_wins(index: BoundaryIndex) -> None:
    match = index.locate(at(-0.1, 1))
    assert match.village is not None
    assert match.village.code == "32.09.01.2001"
    assert [near.area.code for near in match.neighbours] == ["32.09.02.2001"]


def test_a_point_in_a_sliver_gets_the_nearest() -> None:
    gap = {"1.1.1": square(0, 0), "1.1.2": square(1.004, 0)}
    index = BoundaryIndex.build(boundary_set(gap))
    match = index.locate(at(1.003, 0.5))
    assert match.status is AreaStatus.NEAREST
    assert match.village is not None
    assert match.village.code == "1.1.2"
    assert match.border_m == pytest.approx(1.1, abs=0.1)


@pytest.mark.parametrize(("metres", "status"), [(249, AreaStatus.NEAREST), (251, AreaStatus.OUTSIDE)])
def test_the_reach_beyond_the_coast_is_250_m(index: BoundaryIndex, metres: float, status: AreaStatus) -> None:
    south = index.locate(Location(lat=SOUTH - metres / index.village_grid.plane.metres_per_degree[1], lon=WEST + 0.005))
    assert south.status is status
    assert south.border_m == pytest.approx(metres, abs=0.01)


@pytest.mark.parametrize(
    ("where", "code", "bearing"),
    [((-1, 0.5), "32.09.01.2001", 90), ((1.5, -2), "32.09.01.2002", 0), ((3, 1.5), "32.09.02.2002", 270)],
)
def test_outside_tells_how_far_and_towards_which_village(
    index: BoundaryIndex, where: tuple[float, float], code: str, bearing: float
) -> None:
    match = index.locate(at(*where))
    assert match.status is AreaStatus.OUTSIDE
    assert (match.village, match.kecamatan, match.kabupaten, match.neighbours) == (None, None, None, ())
    assert match.towards is not None
    assert match.towards.code == code
    assert match.towards_bearing_deg is not None
    assert abs((match.towards_bearing_deg - bearing + 180) % 360 - 180) < 0.1
    assert match.border_m == pytest.approx(1105 * max(abs(where[0] - 1) - 1, abs(where[1] - 1) - 1), rel=0.01)


def test_far_away_the_distance_is_on_the_great_circle(index: BoundaryIndex) -> None:
    match = index.locate(Location(lat=52.0, lon=5.0))
    assert match.status is AreaStatus.OUTSIDE
    assert 11_000_000 < match.border_m < 12_500_000
    assert match.towards is not None


def test_an_area_of_every_level_is_found_by_its_code(index: BoundaryIndex) -> None:
    assert index.area("32.09.01.2001") == index.villages[0]
    assert index.area("32.09.01").level is AreaLevel.KECAMATAN
    assert index.area("32.09").parent_code is None
    assert index.polygon("32.09.01.2001").equals(square(0, 0))
    assert index.polygon("32.09").symmetric_difference(square(0, 0, 2, 2)).area < 1e-12
    assert index.radius_m("32.09.01.2001") == pytest.approx(781, abs=3)
    with pytest.raises(OutsideRegionError, match=r"32\.99"):
        index.area("32.99")


def test_bounds_are_those_of_the_villages(index: BoundaryIndex) -> None:
    bounds = index.bounds
    assert (bounds.south, bounds.west, bounds.north, bounds.east) == pytest.approx((-7, 108, -6.98, 108.02))


@pytest.mark.parametrize("position", [(np.nan, 108), (-7, np.inf), (91, 108), (-7, 181)])
def test_a_position_off_the_earth_is_refused_by_number(index: BoundaryIndex, position: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="Position 2"):
        index.locate_many([-7, position[0]], [108, position[1]])


def test_as_many_latitudes_as_longitudes_are_asked_for(index: BoundaryIndex) -> None:
    with pytest.raises(InputError, match="1 latitudes and 2 longitudes"):
        index.locate_many([-7], [108, 108])


def test_no_points_give_no_answers(index: BoundaryIndex) -> None:
    assert len(index.locate_many([], []).village) == 0
    assert len(index.villages_of([], [])) == 0
    assert NearbyFinder(index.village_grid).nearby_many([], []).offset.tolist() == [0]


def test_an_index_needs_a_village() -> None:
    empty = boundary_set(lattice())
    with pytest.raises(InputError, match="no village"):
        BoundaryIndex.build(type(empty)(**{**vars(empty), "villages": empty.villages.iloc[:0]}))


def test_a_village_in_the_hole_of_another_is_found() -> None:
    inner = square(0.4, 0.4, 0.2, 0.2)
    index = BoundaryIndex.build(boundary_set({"1.1.1": shapely.difference(square(0, 0), inner), "1.1.2": inner}))
    for column, code in ((0.5, "1.1.2"), (0.3, "1.1.1"), (0.4, "1.1.1")):
        match = index.locate(at(column, 0.5))
        assert match.village is not None
        assert match.village.code == code


def test_a_saved_index_answers_as_the_built_one(index: BoundaryIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = BoundaryIndex.load(tmp_path)
    assert loaded.areas == index.areas
    assert loaded.bounds == index.bounds
    rng = np.random.default_rng(112)
    lat, lon = rng.uniform(-7.01, -6.97, 2000), rng.uniform(107.99, 108.03, 2000)
    for name in ("village", "status", "border_m"):
        assert (getattr(loaded.locate_many(lat, lon), name) == getattr(index.locate_many(lat, lon), name)).all()
    for code in ("32.09", "32.09.02", "32.09.02.2002"):
        assert loaded.polygon(code).equals_exact(index.polygon(code), 0)


def test_the_same_areas_are_saved_as_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        BoundaryIndex.build(boundary_set(lattice())).save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "other").iterdir())
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_opening_an_index_needs_no_geopandas(index: BoundaryIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from gis.boundaries import BoundaryIndex; from gis.types import Location\n"
        "BoundaryIndex.load(Path(sys.argv[1])).locate(Location(lat=-6.995, lon=108.005))\n"
        "assert not {'geopandas', 'pandas', 'pyproj', 'pyogrio'} & set(sys.modules), 'slow imports'\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@given(lattice_regions(), st.integers(0, 2**32 - 1))
def test_the_grid_agrees_with_asking_every_polygon(villages: dict[str, shapely.Geometry], seed: int) -> None:
    """Villages may overlap, leave slivers, have holes or lie apart."""
    made = boundary_set(villages)
    index = BoundaryIndex.build(made)
    slow = SlowLocator(made, index.village_grid.plane)
    corners = shapely.get_coordinates(list(villages.values()))
    rng = np.random.default_rng(seed)
    anywhere = corners.min(axis=0) - 0.01 + rng.random((60, 2)) * (np.ptp(corners, axis=0) + 0.02)
    near_corners = corners + rng.normal(0, 30 * M, corners.shape)
    lonlat = np.concatenate([anywhere, corners, near_corners])
    lon, lat = lonlat.T
    found, nearby = index.locate_many(lat, lon), NearbyFinder(index.village_grid).nearby_many(lat, lon)
    assert (index.villages_of(lat, lon) == found.village).all()
    codes = [area.code for area in index.villages]
    for point in range(len(lat)):
        code, status, border_m = slow.locate(lat[point], lon[point])
        assert (codes[found.village[point]] if found.village[point] >= 0 else None) == code
        assert STATUSES[found.status[point]] == status
        assert found.border_m[point] == pytest.approx(border_m, abs=1e-6)
        part = slice(nearby.offset[point], nearby.offset[point + 1])
        some = dict(zip([codes[v] for v in nearby.village[part]], nearby.distance_m[part], strict=True))
        assert some == pytest.approx(slow.nearby(lat[point], lon[point]), abs=1e-6)
        one = index.nearby(lat[point], lon[point])
        assert [near.area.code for near in one] == list(some)
        assert [near.distance_m for near in one] == pytest.approx(list(some.values()), abs=1e-6)
        place = Location(lat=float(lat[point]), lon=float(lon[point]))
        alone = index.village_grid.locate_one(place)
        assert alone == (found.village[point], found.status[point], found.border_m[point])
        match = index.locate(place)
        assert (match.village.code if match.village else None) == code
        if code is not None:
            assert next(iter(some)) == code
            assert [near.area.code for near in match.neighbours] == list(some)[1:]
