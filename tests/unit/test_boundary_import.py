from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gis.boundary_import import read_boundaries
from gis.errors import InputError, SourceError
from tests.boundaries import boundary_set, feature, square, village_feature, write_geojson


@pytest.fixture
def two_villages(tmp_path: Path) -> Path:
    return write_geojson(
        tmp_path / "desa.geojson", [village_feature(8, square(0, 0)), village_feature(9, square(1, 0))]
    )


def refusal(path: Path, **options: object) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(SourceError) as refused:
        read_boundaries([path], **options)  # type: ignore[arg-type]
    text = str(refused.value)
    assert path.name in text
    assert "\n" not in text
    assert text.endswith((".", "?"))
    return text


def test_villages_carry_their_parents_official_names_and_postcodes(two_villages: Path) -> None:
    boundaries = read_boundaries([two_villages])
    village = boundaries.villages.iloc[0]
    assert village[["code", "name", "official_name", "postcode"]].tolist() == [
        "32.09.01.2008", "Desa 8", "Waled Desa", "45180",
    ]  # fmt: skip
    assert village[["kecamatan_code", "kecamatan", "kabupaten_code", "kabupaten"]].tolist() == [
        "32.09.01", "Waled", "32.09", "Kabupaten Cirebon",
    ]  # fmt: skip
    assert boundaries.kecamatan[["code", "name", "kabupaten_code"]].values.tolist() == [["32.09.01", "Waled", "32.09"]]
    assert boundaries.kabupaten["code"].tolist() == ["32.09"]
    assert boundaries.kabupaten.geometry[0].equals(shapely.union_all(boundaries.villages.geometry.values))
    assert boundaries.projected_crs == "EPSG:32749"
    assert boundaries.villages.crs.to_epsg() == 4326
    assert {row["code"] for row in boundaries.report["names"]["official_names_differ"]} == set(
        boundaries.villages["code"]
    )
    json.dumps(boundaries.report)


def test_a_code_that_the_official_list_lacks_has_no_official_name(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0), code="32.09.01.2999")])
    boundaries = read_boundaries([path])
    assert boundaries.villages["official_name"][0] is None
    assert boundaries.villages["postcode"][0] is None
    assert boundaries.report["names"]["unknown_codes"] == ["32.09.01.2999"]


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".zip"])
def test_every_format_gives_the_same_areas(tmp_path: Path, two_villages: Path, suffix: str) -> None:
    expected = read_boundaries([two_villages])
    frame = gpd.read_file(two_villages)
    if suffix == ".zip":
        frame.to_file(tmp_path / "other.shp")
        path = tmp_path / "other.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in tmp_path.glob("other.*"):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
    else:
        path = tmp_path / f"other{suffix}"
        frame.to_file(path)
    found = read_boundaries([path])
    assert found.villages.drop(columns="geometry").equals(expected.villages.drop(columns="geometry"))
    assert found.villages.geometry.geom_equals(expected.villages.geometry).all()


def test_another_reference_system_is_reprojected_and_reported(tmp_path: Path, two_villages: Path) -> None:
    path = tmp_path / "utm.gpkg"
    gpd.read_file(two_villages).to_crs("EPSG:32749").to_file(path)
    boundaries = read_boundaries([path])
    assert boundaries.report["files"][0]["reprojected"]
    expected = read_boundaries([two_villages]).villages.geometry
    assert boundaries.villages.geometry.geom_equals_exact(expected, 2e-7).all()


@pytest.mark.parametrize(
    "names",
    [
        {"code": "KODE", "name": "NAMA", "kecamatan": "KECAMATAN"},
        {"code": "KDEPUM", "name": "NAMOBJ", "kecamatan": "WADMKC"},
        {"code": "kode_desa", "name": "nama_desa", "kecamatan": "nama_kec"},
        {"code": "Kode Desa", "name": "DESA", "kecamatan": "Nama Kecamatan"},
    ],
)
def test_columns_are_guessed_by_their_usual_names(tmp_path: Path, names: dict[str, str]) -> None:
    properties = {names["code"]: "3209012008", names["name"]: "Waled Desa", names["kecamatan"]: "Waled Baru"}
    path = write_geojson(tmp_path / "a.geojson", [feature(square(0, 0), **properties)])
    boundaries = read_boundaries([path])
    assert boundaries.villages[["code", "name", "kecamatan"]].values.tolist() == [
        ["32.09.01.2008", "Waled Desa", "Waled Baru"]
    ]
    assert boundaries.report["files"][0]["guessed_columns"] == ["code", "kecamatan", "name"]


def test_columns_that_are_given_win_over_guesses(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0), label="Asli", other="3209012009")])
    boundaries = read_boundaries([path], columns={"code": "OTHER", "name": "label"})
    assert boundaries.villages[["code", "name"]].values.tolist() == [["32.09.01.2009", "Asli"]]
    assert boundaries.report["files"][0]["guessed_columns"] == ["kecamatan"]


def test_a_column_that_is_given_must_exist(two_villages: Path) -> None:
    assert "no column “sandi”" in refusal(two_villages, columns={"code": "sandi"})
    with pytest.raises(InputError, match="“kode” is not a field"):
        read_boundaries([two_villages], columns={"kode": "code"})


def test_a_number_column_of_codes_is_read_as_codes(tmp_path: Path) -> None:
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0), code=3209012008)])
    assert read_boundaries([path]).villages["code"].tolist() == ["32.09.01.2008"]


def test_the_same_input_gives_the_same_bytes_in_any_order_of_features(tmp_path: Path) -> None:
    features = [village_feature(n, square(n % 3, n // 3, 1.003, 1.003)) for n in range(1, 9)]
    first = read_boundaries([write_geojson(tmp_path / "a.geojson", features)])
    second = read_boundaries([write_geojson(tmp_path / "a.geojson", features[::-1])])
    for level in ("villages", "kecamatan", "kabupaten"):
        one, other = getattr(first, level), getattr(second, level)
        assert one.drop(columns="geometry").equals(other.drop(columns="geometry"))
        assert [shape.wkb for shape in one.geometry] == [shape.wkb for shape in other.geometry]
    assert first.report == second.report


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_village_without_a_code_is_named(tmp_path: Path) -> None:
    features = [village_feature(8, square(0, 0)), village_feature(9, square(1, 0), code=None)]
    text = refusal(write_geojson(tmp_path / "a.geojson", features))
    assert "feature 2" in text
    assert "column code" in text


def test_a_file_without_a_column_of_codes_is_refused_with_its_columns(tmp_path: Path) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [feature(square(0, 0), gid=1, label="x")]))
    assert "no column with codes" in text
    assert "gid, label" in text


@pytest.mark.parametrize("code", ["320901", "32.09.01.5008", "abc", "99999999999999"])
def test_a_wrong_code_is_named_with_its_feature_and_column(tmp_path: Path, code: str) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0), code=code)]))
    assert "column code of feature 1" in text


def test_two_villages_with_one_code_are_both_named(tmp_path: Path) -> None:
    features = [village_feature(8, square(0, 0)), village_feature(8, square(1, 0), name="Lain")]
    text = refusal(write_geojson(tmp_path / "a.geojson", features))
    assert "32.09.01.2008" in text
    assert "feature 1" in text
    assert "feature 2" in text


def test_a_village_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0))] * 2))
    assert "stands twice" in text


def test_a_code_that_stands_in_two_files_names_both(tmp_path: Path, two_villages: Path) -> None:
    other = write_geojson(tmp_path / "kota.geojson", [village_feature(9, square(5, 0), name="Lain")])
    with pytest.raises(SourceError, match=r"feature 2 of desa\.geojson and feature 1 of kota\.geojson"):
        read_boundaries([two_villages, other])


def test_parts_of_one_village_are_joined_and_reported(tmp_path: Path) -> None:
    features = [village_feature(8, square(0, 0)), village_feature(8, square(2, 0)), village_feature(9, square(1, 0))]
    boundaries = read_boundaries([write_geojson(tmp_path / "a.geojson", features)])
    assert boundaries.villages.geometry[0].geom_type == "MultiPolygon"
    assert boundaries.report["joined_parts"] == [{"code": "32.09.01.2008", "name": "Desa 8", "features": 2}]


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (None, "missing or unreadable"),
        ({"type": "Polygon", "coordinates": []}, "is empty"),
        ({"type": "Polygon", "coordinates": [[[108, -7], [108.1, -7]]]}, "missing or unreadable"),
        ({"type": "Point", "coordinates": [108, -7]}, "is a Point"),
        ({"type": "LineString", "coordinates": [[108, -7], [108.1, -7]]}, "is a LineString"),
        ({"type": "Polygon", "coordinates": [[[108, -7], [108.1, -7], [108.2, -7], [108, -7]]]}, "encloses no area"),
        ({"type": "Polygon", "coordinates": [[[108, -7], [108.01, -6.99], [108.01, -7], [108, -6.99], [108, -7]]]},
         "crosses itself"),
        ({"type": "Polygon", "coordinates": [[[108, -7], [108 + 1e-9, -7], [108, -7 + 1e-9], [108, -7]]]},
         "smaller than a centimetre"),
    ],
)  # fmt: skip
def test_a_geometry_that_is_no_area_is_named_with_its_feature(tmp_path: Path, geometry: object, says: str) -> None:
    features = [village_feature(8, square(3, 0)), village_feature(9, geometry)]
    text = refusal(write_geojson(tmp_path / "a.geojson", features))
    assert "eature 2" in text
    assert says in text


def test_a_ring_that_touches_itself_is_mended_and_reported(tmp_path: Path) -> None:
    ring = [[0, 0], [4, 0], [4, 4], [2, 4], [3, 2], [1, 2], [2, 4], [0, 4], [0, 0]]
    coordinates = [[[108 + x / 100, -7 + y / 100] for x, y in ring]]
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, {"type": "Polygon", "coordinates": coordinates})])
    boundaries = read_boundaries([path])
    assert shapely.area(boundaries.villages.geometry[0]) == pytest.approx(14e-4)
    (repaired,) = boundaries.report["files"][0]["geometries_repaired"]
    assert repaired["feature"] == 1
    assert "Self-intersection" in repaired["why"]


def test_a_small_crossing_of_a_ring_is_mended(tmp_path: Path) -> None:
    ring = [[108, -7], [108.01, -7], [108.01, -6.99], [108.00005, -6.99], [108.00005, -6.99005], [108.0001, -6.9899],
            [108, -6.9901], [108, -7]]  # fmt: skip
    geometry = {"type": "Polygon", "coordinates": [ring]}
    boundaries = read_boundaries([write_geojson(tmp_path / "a.geojson", [village_feature(8, geometry)])])
    assert boundaries.report["files"][0]["geometries_repaired"]
    assert boundaries.villages.geometry.is_valid.all()


def test_metres_declared_as_degrees_are_refused(tmp_path: Path) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [village_feature(8, shapely.box(2.5e5, 9.2e6, 2.6e5, 9.3e6))]))
    assert "no degrees" in text
    assert "metres" in text


def test_swapped_coordinates_are_refused(tmp_path: Path) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [village_feature(8, shapely.box(-7, 108, -6.9, 108.1))]))
    assert "swapped" in text


def test_an_indonesian_code_outside_indonesia_is_refused(tmp_path: Path) -> None:
    text = refusal(write_geojson(tmp_path / "a.geojson", [village_feature(8, shapely.box(14.4, 35.8, 14.5, 35.9))]))
    assert "outside Indonesia" in text


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}},
        {"type": "name", "properties": {"name": "EPSG:99999"}},
        {"type": "name", "properties": {"name": "our own"}},
        {"type": "name", "properties": {}},
        {"type": "EPSG", "properties": {"code": 99999}},
        {"type": "link", "properties": {"href": "https://example.org/crs"}},
        "EPSG:99999",
    ],
)
def test_a_reference_system_that_is_named_but_not_known_is_never_taken_for_degrees(tmp_path: Path, crs: object) -> None:
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0))], crs=crs)
    assert "which is not known; set the right one in QGIS" in refusal(path)


@pytest.mark.parametrize(
    "crs",
    [
        None,
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}},
        {"type": "name", "properties": {"name": "EPSG:4326"}},
        {"type": "EPSG", "properties": {"code": 4326}},
    ],
)
def test_the_usual_names_of_degrees_are_known(tmp_path: Path, crs: object) -> None:
    path = write_geojson(tmp_path / "a.geojson", [village_feature(8, square(0, 0))], crs=crs)
    assert len(read_boundaries([path]).villages) == 1


def test_a_village_without_a_name_has_its_official_one_and_is_reported(tmp_path: Path) -> None:
    features = [village_feature(7, square(0, 0)), village_feature(8, square(1, 0), name=None)]
    boundaries = read_boundaries([write_geojson(tmp_path / "a.geojson", features)])
    assert boundaries.villages["name"].tolist() == ["Desa 7", "Waled Desa"]
    assert boundaries.report["names"]["missing_taken_from_official_list"] == [
        {"code": "32.09.01.2008", "name": "Waled Desa", "feature": 2, "file": "a.geojson"}
    ]


def test_a_shapefile_without_its_reference_system_is_refused(tmp_path: Path, two_villages: Path) -> None:
    gpd.read_file(two_villages).to_file(tmp_path / "desa.shp")
    (tmp_path / "desa.prj").unlink()
    text = refusal(tmp_path / "desa.shp")
    assert ".prj" in text


def test_a_wrongly_declared_reference_system_is_refused(tmp_path: Path, two_villages: Path) -> None:
    frame = gpd.read_file(two_villages).set_crs("EPSG:32749", allow_override=True)
    frame.to_file(tmp_path / "wrong.gpkg")
    text = refusal(tmp_path / "wrong.gpkg")
    assert "EPSG:32749" in text


@pytest.mark.parametrize("content", ["", "hello", '{"type":"FeatureCollection","features":[{"type":"Fea', "\0" * 100])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.geojson"
    path.write_text(content)
    assert "cannot be read" in refusal(path)


def test_a_file_without_features_is_refused(tmp_path: Path) -> None:
    assert "no features" in refusal(write_geojson(tmp_path / "a.geojson", []))


def test_a_missing_file_and_a_strange_one_are_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.geojson")
    (tmp_path / "a.docx").write_text("")
    assert "not a boundary file" in refusal(tmp_path / "a.docx")
    with pytest.raises(InputError, match="No file"):
        read_boundaries([])


def test_a_file_of_several_layers_is_refused(tmp_path: Path, two_villages: Path) -> None:
    frame = gpd.read_file(two_villages)
    frame.to_file(tmp_path / "a.gpkg", layer="desa")
    frame.to_file(tmp_path / "a.gpkg", layer="lama")
    text = refusal(tmp_path / "a.gpkg")
    assert "2 layers" in text
    assert "desa, lama" in text


def test_a_village_without_any_name_is_refused(tmp_path: Path) -> None:
    features = [village_feature(8, square(0, 0), code="32.09.01.2999", name=None)]
    text = refusal(write_geojson(tmp_path / "a.geojson", features))
    assert "has no name in column name" in text


# --- kecamatan -----------------------------------------------------------------------------------------------------


def kecamatan_file(tmp_path: Path, *features: dict[str, object]) -> Path:
    return write_geojson(tmp_path / "kecamatan.geojson", features)


def test_a_kecamatan_file_gives_polygon_and_name(tmp_path: Path, two_villages: Path) -> None:
    outline = square(-0.001, -0.001, 2.002, 1.002)
    path = kecamatan_file(tmp_path, feature(outline, kdcpum="32.09.01", namobj="Waléd"))
    boundaries = read_boundaries([two_villages], kecamatan_file=path)
    assert boundaries.kecamatan["name"].tolist() == ["Waléd"]
    assert boundaries.villages["kecamatan"].tolist() == ["Waléd", "Waléd"]
    assert boundaries.kecamatan.geometry[0].equals_exact(shapely.normalize(outline), 1e-7)
    assert boundaries.report["kecamatan"]["from_file"] == ["32.09.01"]
    assert {
        "code": "32.09.01",
        "used": "Waléd",
        "other": "Waled",
        "why": "kecamatan file differs",
    } in boundaries.report["names"]["parents"]


def test_mismatches_with_a_kecamatan_file_are_reported(tmp_path: Path, two_villages: Path) -> None:
    other = write_geojson(tmp_path / "kota.geojson", [village_feature(1, square(9, 9), code="32.74.01.1001")])
    path = kecamatan_file(
        tmp_path,
        feature(square(0, 0), kdcpum="32.09.01", namobj="Waled"),
        feature(square(5, 5), kdcpum="32.09.02", namobj="Ciledug"),
    )
    report = read_boundaries([two_villages, other], kecamatan_file=path).report["kecamatan"]
    assert report["dissolved"] == ["32.74.01"]
    assert report["in_file_without_villages"] == [{"code": "32.09.02", "name": "Ciledug"}]
    assert [row["code"] for row in report["villages_mostly_outside"]] == ["32.09.01.2009"]


@pytest.mark.parametrize("code", [None, "32.09.01.2008", "x"])
def test_a_kecamatan_without_a_right_code_is_refused(tmp_path: Path, two_villages: Path, code: str | None) -> None:
    path = kecamatan_file(tmp_path, feature(square(0, 0), kdcpum=code, namobj="Waled", number=1))
    with pytest.raises(SourceError, match=r"feature 1 of kecamatan\.geojson"):
        read_boundaries([two_villages], kecamatan_file=path)


def test_a_kecamatan_that_stands_twice_is_refused(tmp_path: Path, two_villages: Path) -> None:
    one = feature(square(0, 0), kdcpum="32.09.01", namobj="Waled")
    with pytest.raises(SourceError, match="stands twice"):
        read_boundaries([two_villages], kecamatan_file=kecamatan_file(tmp_path, one, one))


def test_the_helper_for_other_tests_makes_all_levels() -> None:
    made = boundary_set({"1.1.1": square(0, 0), "1.1.2": square(1, 0), "1.2.1": square(2, 0)})
    assert made.kecamatan["code"].tolist() == ["1.1", "1.2"]
    assert made.kabupaten["code"].tolist() == ["1"]
