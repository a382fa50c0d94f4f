"""Villages and kecamatan made into places, and the build's CSV files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.errors import SourceError
from gis.gazetteer_build import (
    kecamatan_places,
    read_places_csv,
    read_population_csv,
    read_stations_csv,
    station_places,
    village_places,
)
from gis.geodesy import distance_m
from gis.types import Location

VILLAGES = gpd.GeoDataFrame(
    {
        "code": ["32.09.19.2007", "32.09.19.2008"],
        "name": ["Weru Kidul", "Weru Lor"],
        "official_name": ["Weru Kidul", "Weru Utara"],
        "postcode": ["45154", None],
        "kecamatan_code": ["32.09.19", "32.09.19"],
        "kecamatan": ["Weru", "Weru"],
    },
    geometry=[shapely.box(108.50, -6.72, 108.51, -6.71), shapely.box(108.50, -6.71, 108.51, -6.70)],
    crs="EPSG:4326",
)


def test_a_village_is_a_place_with_its_variants_and_its_reach() -> None:
    kidul, lor = village_places(VILLAGES, {"32.09.19.2008": ("45155", ("Werulor", "weru lor"))})
    assert (kidul.place_id, kidul.village_code, kidul.alt_names, kidul.postcode) == (
        "village:32.09.19.2007",
        "32.09.19.2007",
        (),
        "45154",
    )
    assert (lor.alt_names, lor.postcode) == (("Weru Utara", "Werulor"), "45155")
    for place, shape in zip((kidul, lor), VILLAGES.geometry, strict=True):
        assert shape.contains(shapely.Point(place.location.lon, place.location.lat))
        corners = shapely.get_coordinates(shape)
        farthest = max(distance_m(y, x, place.location.lat, place.location.lon) for x, y in corners)
        assert place.radius_m == pytest.approx(farthest)


def test_a_kecamatan_is_a_place_over_its_villages() -> None:
    (weru,) = kecamatan_places(VILLAGES)
    assert (weru.place_id, weru.kind, weru.name, weru.village_code) == ("kecamatan:32.09.19", "kecamatan", "Weru", None)
    assert weru.location.lat == pytest.approx(-6.71)
    assert weru.radius_m == pytest.approx(distance_m(-6.71, 108.505, -6.70, 108.50), rel=1e-6)


def test_a_bent_village_has_its_point_inside() -> None:
    bent = shapely.Polygon([(0, 0), (10, 0), (10, 1), (1, 1), (1, 10), (0, 10)])
    (place,) = village_places(VILLAGES.iloc[:1].set_geometry([bent], crs="EPSG:4326"), {})
    assert bent.contains(shapely.Point(place.location.lon, place.location.lat))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_places_file_enriches_villages(tmp_path: Path) -> None:
    extras, points = read_places_csv(
        write(
            tmp_path,
            "code,name,postcode,aliases\n32.09.19.2008,Weru Lor,45154,Werulor;Weru Utara|WL\n32.09.19.2007,,,\n",
        )
    )
    assert extras == {"32.09.19.2008": ("45154", ("Werulor", "Weru Utara", "WL")), "32.09.19.2007": (None, ())}
    assert points == []


def test_a_places_file_may_hold_points_of_interest(tmp_path: Path) -> None:
    extras, points = read_places_csv(write(tmp_path, "\ufeffkind;name;lat;lon\nmarket;Pasar Jungjang;-6.64;108.41\n"))
    assert extras == {}
    assert [(point.kind, point.name, point.location) for point in points] == [
        ("market", "Pasar Jungjang", Location(lat=-6.64, lon=108.41))
    ]


def test_a_stations_file_tells_what_operates(tmp_path: Path) -> None:
    stations = read_stations_csv(
        write(
            tmp_path,
            "kind,name,lat,lon,operating,position\n"
            "fire_station,Pos A,-6.7,108.5,0,approximate\npuskesmas,Puskesmas B,-6.8,108.6,1,\n",
        )
    )
    assert [(station.operating, station.position) for station in stations] == [(False, "approximate"), (True, None)]
    assert [(place.place_id, place.kind) for place in station_places(stations)] == [
        ("station:1", "fire_station"),
        ("station:2", "clinic"),
    ]


def test_a_population_file_is_people_by_code(tmp_path: Path) -> None:
    assert read_population_csv(write(tmp_path, "code,name,population\n32.09.19.2008,Weru Lor,3788.5\n")) == {
        "32.09.19.2008": 3788.5
    }


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (read_places_csv, "", "is empty"),
        (read_places_csv, "a,b\n1,2\n", "give code,name,postcode,aliases or kind,name,lat,lon"),
        (read_places_csv, "code,postcode\n32.09.19.2008,4515\n", "line 2, column postcode: '4515'"),
        (read_places_csv, "code,postcode\n,45154\n", "line 2, column code is empty"),
        (read_places_csv, "code,postcode\nA,45154\nA,45154\n", "line 3, column code: 'A'"),
        (read_places_csv, "kind,name,lat,lon\nmarket,Pasar,x,108\n", "line 2, column lat: 'x'"),
        (read_places_csv, "kind,name,lat,lon\nmarket,Pasar,-96,108\n", "line 2: Latitude -96.0"),
        (read_stations_csv, "kind,name,lat\n", "lacks the column lon"),
        (read_stations_csv, "kind,name,lat,lon,operating\na,b,1,2,maybe\n", "line 2, column operating: 'maybe'"),
        (read_stations_csv, "kind,name,lat,lon\na,b,1,2,3,4\n", "line 2 has more fields"),
        (read_stations_csv, "kind,name,lat,lon\na,b,1\n", "line 2, column lon is empty"),
        (read_population_csv, "code,population\nA,-1\n", "line 2, column population: '-1'"),
        (read_population_csv, "code,population\nA,nan\n", "line 2, column population: 'nan'"),
        (read_population_csv, "code,population\nA,1\nA,2\n", "line 3, column code: 'A'"),
        (read_population_csv, 'code,population\n"A"x,1\n', "line 2 is not CSV"),
    ],
)
def test_a_bad_row_names_its_line_and_field(
    tmp_path: Path, read: Callable[[Path], object], text: str, says: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(write(tmp_path, text))
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_stations_csv(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("kind,name\ncafé".encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        read_stations_csv(tmp_path / "latin.csv")
