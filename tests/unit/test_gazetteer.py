"""The gazetteer's layers, written with GDAL and read without it, and the search over a few places."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from gis.errors import InputError, RegionDamagedError, SourceError
from gis.gazetteer import Gazetteer, Street, write_gazetteer
from gis.geodesy import FloatArray, bearing_deg, distance_m
from gis.geopackage import read_layer, wkb_of
from gis.name_index import (
    LOWEST_SHORT_SIMILARITY,
    LOWEST_SIMILARITY,
    SHORT_LENGTH,
    AlikeStrings,
    Likeness,
    NameIndex,
    similarity,
)
from gis.search_reason import search_reason_text
from gis.search_results import candidate_json, search_file
from gis.text import MAX_TEXT_LENGTH, compact
from gis.types import Location, Place


def village(code: str, name: str, lat: float, lon: float, *alt_names: str, postcode: str | None = None) -> Place:
    return Place(
        place_id=f"village:{code}",
        kind="village",
        name=name,
        alt_names=alt_names,
        location=Location(lat=lat, lon=lon),
        radius_m=900.0,
        village_code=code,
        postcode=postcode,
    )


def kecamatan(code: str, name: str, lat: float, lon: float) -> Place:
    return Place(
        place_id=f"kecamatan:{code}",
        kind="kecamatan",
        name=name,
        location=Location(lat=lat, lon=lon),
        radius_m=3000.0,
    )


def point(number: int, kind: str, name: str, lat: float, lon: float, code: str) -> Place:
    return Place(
        place_id=f"osm:node/{number}",
        kind=kind,
        name=name,
        location=Location(lat=lat, lon=lon),
        radius_m=50.0,
        village_code=code,
    )


PLACES = (
    kecamatan("32.09.15", "Sumber", -6.76, 108.48),
    kecamatan("32.09.26", "Ciwaringin", -6.69, 108.37),
    kecamatan("32.09.19", "Weru", -6.71, 108.50),
    village("32.09.15.1003", "Babakan", -6.77, 108.48, postcode="45611"),
    village("32.09.15.1004", "Sumber", -6.76, 108.49, postcode="45611"),
    village("32.09.26.2005", "Babakan", -6.68, 108.37, postcode="45167"),
    village("32.09.26.2006", "Ciwaringin", -6.69, 108.375, postcode="45167"),
    village("32.09.19.2007", "Weru Kidul", -6.715, 108.50, postcode="45154"),
    village("32.09.19.2008", "Weru Lor", -6.705, 108.50, "Weru Utara", postcode="45154"),
    point(1, "townhall", "Kantor Desa Weru Lor", -6.7051, 108.5001, "32.09.19.2008"),
    point(2, "clinic", "Puskesmas Sumber", -6.7616, 108.4828, "32.09.15.1004"),
    point(3, "police", "Kantor Polisi", -6.6947, 108.3777, "32.09.26.2006"),
    point(4, "place", "Karangmoncol", -6.7055, 108.5055, "32.09.19.2008"),
)
STREETS = (
    Street(
        name="Jl. Fatahillah (Sumber)",
        geometry=shapely.MultiLineString([[(108.48, -6.78), (108.48, -6.74)]]),
    ),
    Street(
        name="Sumber - Mandirancan (Jl. Dewi Sartika)",
        alt_names=("Jl. Raya Timur",),
        geometry=shapely.MultiLineString([[(108.46, -6.76), (108.4799, -6.76)], [(108.4801, -6.76), (108.5, -6.76)]]),
    ),
)
GAZETTEER = Gazetteer(places=PLACES, streets=STREETS)


def first(text: str) -> str:
    found = GAZETTEER.search(text).candidates
    return found[0].place.place_id if found else "nothing"


# --- Layers -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gpkg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("region") / "a region#1.gpkg"
    write_gazetteer(path, PLACES, STREETS)
    return path


def test_what_is_written_is_read_back(gpkg: Path) -> None:
    loaded = Gazetteer.load(gpkg)
    assert sorted(loaded.places, key=lambda place: place.place_id) == sorted(PLACES, key=lambda place: place.place_id)
    assert {street.name: street for street in loaded.streets} == {street.name: street for street in STREETS}


def test_an_empty_gazetteer_is_written_and_read_back(tmp_path: Path) -> None:
    write_gazetteer(tmp_path / "empty.gpkg", [], [])
    loaded = Gazetteer.load(tmp_path / "empty.gpkg")
    assert (loaded.places, loaded.streets, loaded.bounds) == ((), (), None)
    assert loaded.search("plumbon").candidates == ()


def test_the_layers_are_in_the_same_order_whatever_the_order_given(tmp_path: Path, gpkg: Path) -> None:
    write_gazetteer(tmp_path / "other.gpkg", PLACES[::-1], STREETS[::-1])
    assert Gazetteer.load(tmp_path / "other.gpkg").places == Gazetteer.load(gpkg).places
    assert Gazetteer.load(tmp_path / "other.gpkg").streets == Gazetteer.load(gpkg).streets


def test_gdal_sees_both_layers_beside_others(tmp_path: Path) -> None:
    import geopandas as gpd

    path = tmp_path / "region.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs="EPSG:4326").to_file(path, layer="villages")
    write_gazetteer(path, PLACES, STREETS)
    assert {str(name) for name, _ in pyogrio.list_layers(path)} == {"villages", "places", "streets"}
    assert len(gpd.read_file(path, layer="places")) == len(PLACES)


def test_reading_leaves_no_file_beside_the_package(gpkg: Path) -> None:
    Gazetteer.load(gpkg)
    assert [path.name for path in gpkg.parent.iterdir()] == [gpkg.name]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at" * 20])
def test_a_damaged_package_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gpkg"
    path.write_bytes(content)
    with pytest.raises(RegionDamagedError, match="build the region again"):
        Gazetteer.load(path)


def test_a_missing_package_or_layer_is_one_sentence(tmp_path: Path, gpkg: Path) -> None:
    with pytest.raises(RegionDamagedError, match="is missing"):
        Gazetteer.load(tmp_path / "none.gpkg")
    with pytest.raises(RegionDamagedError, match="no layer 'rivers'"):
        read_layer(gpkg, "rivers", ("name",))
    with pytest.raises(RegionDamagedError, match="cannot be read"):
        read_layer(gpkg, "places", ("colour",))


def test_a_damaged_geometry_is_one_sentence(tmp_path: Path, gpkg: Path) -> None:
    path = tmp_path / "bad.gpkg"
    path.write_bytes(gpkg.read_bytes())
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE places SET geom = x'00'")
    connection.close()
    with pytest.raises(RegionDamagedError, match="not a GeoPackage geometry"):
        Gazetteer.load(path)


@given(envelope=st.integers(0, 4), lon=st.floats(-180, 180), lat=st.floats(-90, 90))
def test_the_header_is_stripped_whatever_its_envelope(envelope: int, lon: float, lat: float) -> None:
    wkb = shapely.to_wkb(shapely.Point(lon, lat))
    header = b"GP" + struct.pack("<BBi", 0, 1 | envelope << 1, 4326) + bytes((0, 32, 48, 48, 64)[envelope])
    assert wkb_of(header + wkb) == wkb


@pytest.mark.parametrize("blob", [b"", b"GP", b"XX" + bytes(30), b"GP\x00\x21" + bytes(30), b"GP\x00\x0b" + bytes(90)])
def test_what_is_no_standard_geometry_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match="GeoPackage geometry"):
        wkb_of(blob)


# --- Names ------------------------------------------------------------------------------------------------------------

NAMES = [tuple(place.name.lower().split()) for place in PLACES]
SYLLABLES = st.sampled_from(["ba", "ka", "kan", "su", "sum", "ber", "we", "ru", "lor", "ci", "wa", "ring", "in", "dul"])
SPANS = st.lists(SYLLABLES, min_size=1, max_size=5).map(lambda parts: ("".join(parts),))


@given(span=SPANS)
@settings(deadline=None)
def test_whole_names_are_matched_as_a_plain_loop_over_all_names_would(span: tuple[str, ...]) -> None:
    """The slow twin: every name compared alone. Parts and swapped words, which the index adds, may only add names."""
    string = compact(span)
    found = {match.name: match for match in NameIndex(NAMES).match([span])[0]}
    lowest = LOWEST_SHORT_SIMILARITY if len(string) < SHORT_LENGTH else LOWEST_SIMILARITY
    values = {number: similarity(string, compact(name)) for number, name in enumerate(NAMES)}
    best = max(values.values())
    for number, value in values.items():
        if len(string) >= 4 and value >= lowest and value == best:
            assert found[number].similarity >= value - 1e-6
        if number in found and found[number].likeness is Likeness.SIMILAR and found[number].similarity > 0.9:
            assert OSA.normalized_similarity(string, compact(NAMES[number])) >= 0.6


@given(strings=st.lists(SPANS, min_size=1, max_size=30, unique=True), queries=st.lists(SPANS, min_size=1, max_size=6))
@example(strings=[("kanci",)], queries=[("kwnci",)])  # 0.8 alike, which no float is exactly
def test_letters_and_lengths_rule_out_no_string_that_is_alike(
    strings: list[tuple[str, ...]], queries: list[tuple[str, ...]]
) -> None:
    """The slow twin: every string is measured."""
    names = [compact(span) for span in strings]
    asked = [compact(span) for span in queries]
    alike = AlikeStrings({name: [number] for number, name in enumerate(names)})
    for lowest in (0.0, 0.72, 0.8, 0.9):
        found = {(query, form): value for query, forms, value in alike.like(asked, lowest) for form in forms}
        wanted = {
            (query, form): value
            for query, string in enumerate(asked)
            for form, name in enumerate(names)
            if (value := OSA.normalized_similarity(string, name))
            >= max(lowest, LOWEST_SHORT_SIMILARITY if len(string) < SHORT_LENGTH else LOWEST_SIMILARITY) - 1e-7
        }
        assert found == pytest.approx(wanted)


def test_an_exact_name_is_the_best_match_of_itself() -> None:
    index = NameIndex(NAMES)
    for number, name in enumerate(NAMES):
        best = index.match([name])[0][0]
        assert (best.similarity, best.likeness) == (1.0, Likeness.EXACT)
        assert NAMES[best.name] == NAMES[number]


def test_the_same_words_twice_get_the_same_answer() -> None:
    one, other = NameIndex(NAMES).match([("weru", "lor"), ("weru", "lor")])
    assert one == other


# --- Search -----------------------------------------------------------------------------------------------------------


def test_a_name_in_several_kecamatan_offers_each() -> None:
    found = GAZETTEER.search("Babakan").candidates
    assert {candidate.village_code for candidate in found[:2]} == {"32.09.15.1003", "32.09.26.2005"}
    assert found[0].score == found[1].score
    assert found[0].reason.shared
    assert "several villages" in search_reason_text(found[0].reason)


@pytest.mark.parametrize("text", ["Babakan Ciwaringin", "Ds. Babakan Kec. Ciwaringin", "kec ciwaringin desa babakan"])
def test_a_kecamatan_decides_among_villages_of_one_name(text: str) -> None:
    assert first(text) == "village:32.09.26.2005"


def test_a_village_named_like_its_kecamatan_comes_first_and_both_are_offered() -> None:
    assert [each.place.place_id for each in GAZETTEER.search("Sumber").candidates[:2]] == [
        "village:32.09.15.1004",
        "kecamatan:32.09.15",
    ]
    assert first("kecamatan Sumber") == "kecamatan:32.09.15"


def test_part_of_a_name_offers_all_villages_that_begin_so() -> None:
    names = {each.place.name for each in GAZETTEER.search("weru").candidates}
    assert names >= {"Weru", "Weru Lor", "Weru Kidul"}


def test_a_kecamatan_has_no_village_code() -> None:
    candidate = GAZETTEER.search("kec weru").candidates[0]
    assert (candidate.place.kind, candidate.village_code, candidate.kecamatan) == ("kecamatan", None, "Weru")


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("balai desa weru lor", "osm:node/1"),
        ("puskesmas sumber", "osm:node/2"),
        ("polsek ciwaringin", "osm:node/3"),
        ("kantor polisi kec. ciwaringin", "osm:node/3"),
        ("kp karangmoncol", "osm:node/4"),
        ("weru utara", "village:32.09.19.2008"),
        ("wreu lor", "village:32.09.19.2008"),
        ("SMPN 1 Ciwaringin", "village:32.09.26.2006"),
    ],
)
def test_places_are_found_by_kind_and_name(text: str, place_id: str) -> None:
    assert first(text) == place_id


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("weru selatan", "village:32.09.19.2007"),
        ("kidul weru", "village:32.09.19.2007"),
        ("werulorweru", "village:32.09.19.2008"),
        ("babakanciwaringin", "village:32.09.26.2005"),
        ("weru sebelah kidul kec weru", "village:32.09.19.2007"),
        ("kecamatan ciwaringin kantor polisi", "osm:node/3"),
    ],
)
def test_a_direction_may_be_said_otherwise_and_names_may_run_together(text: str, place_id: str) -> None:
    assert first(text) == place_id


def test_a_place_is_found_by_the_end_of_its_name() -> None:
    hospital = point(9, "hospital", "RS Tk III Ciremai", -6.737, 108.549, "32.09.15.1004")
    found = Gazetteer(places=(*PLACES, hospital)).search("rs ciremai").candidates[0]
    assert (found.place, found.reason.likeness) == (hospital, Likeness.PART)


def test_an_office_is_not_taken_for_that_of_a_longer_name() -> None:
    halls = (
        point(9, "townhall", "Kantor Desa Weru", -6.71, 108.51, "32.09.19.2007"),
        point(10, "townhall", "Kantor Desa Sumber", -6.76, 108.49, "32.09.15.1004"),
    )
    gazetteer = Gazetteer(places=(*PLACES, *halls))
    assert gazetteer.search("kantor kuwu weru lor").candidates[0].place.name == "Kantor Desa Weru Lor"
    assert gazetteer.search("kantor kuwu weru").candidates[0].place.name == "Kantor Desa Weru"


def test_beside_a_village_the_offices_of_others_in_its_kecamatan_are_not_meant() -> None:
    other = point(9, "townhall", "Kantor Desa Weru Kidul", -6.715, 108.5, "32.09.19.2007")
    found = Gazetteer(places=(*PLACES, other)).search("desa weru lor kec weru, dekat kantor kuwu").candidates
    assert found[0].place.name == "Kantor Desa Weru Lor"
    assert all(each.score < found[0].score - 20 for each in found if each.place == other)


def test_a_postcode_alone_offers_its_villages() -> None:
    found = GAZETTEER.search("45154").candidates
    assert GAZETTEER.search("kode pos 45154").candidates == found
    assert {candidate.place.name for candidate in found} == {"Weru Kidul", "Weru Lor"}
    assert all(candidate.score < 60 for candidate in found)


def test_a_postcode_decides_among_villages_of_one_name() -> None:
    assert first("babakan 45167") == "village:32.09.26.2005"
    assert first("babakan 45611") == "village:32.09.15.1003"


def test_a_relation_with_a_distance_moves_the_point_and_widens_the_radius() -> None:
    hall = PLACES[9]
    candidate = GAZETTEER.search("sebelah timur 200 m dari balai desa weru lor").candidates[0]
    moved = distance_m(hall.location.lat, hall.location.lon, candidate.location.lat, candidate.location.lon)
    assert candidate.place == hall
    assert moved == pytest.approx(200, rel=0.01)
    assert bearing_deg(hall.location, candidate.location) == pytest.approx(90, abs=0.5)
    assert candidate.radius_m > moved
    assert "200 m east" in search_reason_text(candidate.reason)


def test_a_relation_without_a_distance_only_widens_the_radius() -> None:
    near = GAZETTEER.search("dekat balai desa weru lor").candidates[0]
    assert near.location == PLACES[9].location
    assert near.radius_m > PLACES[9].radius_m


def test_a_moved_point_in_another_village_says_so() -> None:
    elsewhere = replace(GAZETTEER, villages_at=lambda lat, lon: ["32.09.19.2007"] * len(lat))
    candidate, *others = elsewhere.search("300 m selatan balai desa weru lor").candidates
    reached = next(each for each in others if each.place.name == "Weru Kidul")
    assert candidate.village_code == "32.09.19.2008"
    assert candidate.reason.moved_to == "Weru Kidul"
    assert "there it is Weru Kidul" in search_reason_text(candidate.reason)
    assert reached.village_code == "32.09.19.2007"
    assert search_reason_text(reached.reason) == "village Weru Kidul, reached 300 m south of Kantor Desa Weru Lor"


@pytest.mark.parametrize(
    "text",
    [
        "perempatan Jl. Fatahillah - Jl. Dewi Sartika",
        "simpang jalan dewi sartika dan jalan fatahillah",
        "pertigaan fatahillah/dewi sartika sumber",
    ],
)
def test_a_crossing_is_where_the_two_streets_meet_though_one_ends_short(text: str) -> None:
    found = [each for each in GAZETTEER.search(text).candidates if each.place.kind == "crossing"]
    assert len(found) == 1
    assert distance_m(found[0].location.lat, found[0].location.lon, -6.76, 108.48) < 25


MERDEKA = (
    Street(name="Jalan Merdeka", geometry=shapely.MultiLineString([[(108.48, -6.78), (108.48, -6.74)]])),
    Street(name="Jalan Pasar", geometry=shapely.MultiLineString([[(108.46, -6.765), (108.5, -6.765)]])),
)


@pytest.mark.parametrize(
    "text",
    [
        "perempatan jalan merdeka jalan pasar",
        "Jalan Merdeka Jalan Pasar sumber",
        "jl merdeka jl pasar",
        "perempatan merdeka pasar",
        "simpang tiga jln. merdeka - pasar, kec. sumber",
    ],
)
def test_two_streets_named_one_after_the_other_are_their_crossing(text: str) -> None:
    candidate = Gazetteer(places=PLACES, streets=MERDEKA).search(text).candidates[0]
    assert candidate.place.kind == "crossing"
    assert distance_m(candidate.location.lat, candidate.location.lon, -6.765, 108.48) < 1


def test_a_common_word_ends_a_streets_name_unless_a_street_is_called_so() -> None:
    merdeka = Gazetteer(places=PLACES, streets=MERDEKA)
    assert merdeka.search("jalan merdeka").candidates[0].place.name == "Jalan Merdeka"
    assert merdeka.search("jalan rusak desa weru lor").candidates[0].place.name == "Weru Lor"


def test_a_crossing_in_the_kecamatan_that_is_named_comes_first() -> None:
    far = [shapely.transform(street.geometry, lambda xy: np.add(xy, (-0.1, 0.07))) for street in MERDEKA]
    twice = [Street(name=street.name, geometry=line) for street, line in zip(MERDEKA, far, strict=True)]

    def villages_at(lats: FloatArray, lons: FloatArray) -> list[str | None]:
        return ["32.09.26.2006" if lon < 108.43 else "32.09.15.1004" for lon in lons.tolist()]

    gazetteer = Gazetteer(places=PLACES, streets=(*MERDEKA, *twice), villages_at=villages_at)
    for name, code in (("ciwaringin", "32.09.26.2006"), ("sumber", "32.09.15.1004")):
        found = gazetteer.search(f"perempatan jl merdeka - jl pasar, kec {name}").candidates
        assert (found[0].place.kind, found[0].village_code) == ("crossing", code)
        assert [each.village_code for each in found if each.place.kind == "crossing"][1:] != [code]


def test_streets_that_do_not_meet_have_no_crossing() -> None:
    far = Street(name="Jl. Jauh", geometry=shapely.MultiLineString([[(108.6, -6.6), (108.7, -6.6)]]))
    gazetteer = Gazetteer(places=PLACES, streets=(*STREETS, far))
    kinds = {each.place.kind for each in gazetteer.search("perempatan jl fatahillah - jl jauh").candidates}
    assert "crossing" not in kinds


def test_a_street_in_a_village_is_its_piece_there() -> None:
    whole = GAZETTEER.search("Jl. Fatahillah").candidates[0]
    piece = GAZETTEER.search("Jl. Fatahillah kelurahan Babakan kec Sumber").candidates
    street = next(each for each in piece if each.place.kind == "street")
    assert whole.place.kind == "street"
    assert street.radius_m < whole.radius_m
    assert street.village_code == "32.09.15.1003"


def test_a_village_behind_a_streets_name_is_no_part_of_it() -> None:
    def villages_at(lats: FloatArray, lons: FloatArray) -> list[str | None]:
        return ["32.09.19.2008" for _ in lats]

    gazetteer = Gazetteer(places=PLACES, streets=STREETS, villages_at=villages_at)
    marked, unmarked = (
        gazetteer.search(text).candidates[0] for text in ("jl fatahillah desa weru lor", "jl fatahillah weru lor")
    )
    assert (unmarked.place, unmarked.village_code) == (marked.place, "32.09.19.2008")
    assert unmarked.score > marked.score - 20


def test_coordinates_in_a_text_come_first() -> None:
    result = GAZETTEER.search("posisi saya -6.7063, 108.557 desa weru lor")
    assert result.coordinates is not None
    assert result.candidates[0].place.kind == "coordinates"
    assert result.candidates[1].place.name == "Weru Lor"


def test_a_short_plus_code_is_read_near_the_place_named_beside_it() -> None:
    result = GAZETTEER.search("6P7W+XX Weru Lor".replace("6P7W+XX", "7GV2+XX"))
    assert result.coordinates is not None
    assert distance_m(result.coordinates.location.lat, result.coordinates.location.lon, -6.705, 108.50) < 60_000


def test_wrong_coordinates_alone_are_refused_but_do_not_hide_a_place() -> None:
    with pytest.raises(InputError, match="shortened"):
        GAZETTEER.search("https://maps.app.goo.gl/abc")
    result = GAZETTEER.search("https://maps.app.goo.gl/abc desa weru lor")
    assert result.candidates[0].place.name == "Weru Lor"
    assert isinstance(result.problem, InputError)


def test_a_text_of_ten_thousand_characters_is_one_sentence() -> None:
    with pytest.raises(InputError, match=f"10000 characters, more than the {MAX_TEXT_LENGTH}"):
        GAZETTEER.search("weru lor " * 1111 + "x")


@pytest.mark.parametrize("text", ["", "   ", "asdfghjkl qwertyuiop", "🔥🔥🔥", "tolong tolong", "((((", "%s %d \x00"])
def test_nonsense_finds_nothing(text: str) -> None:
    assert GAZETTEER.search(text).candidates == ()


@given(text=st.text(max_size=120))
@settings(deadline=None, max_examples=60)
def test_any_text_gives_ranked_candidates_or_one_sentence(text: str) -> None:
    try:
        found = GAZETTEER.search(text).candidates
    except InputError:
        return
    scores = [candidate.score for candidate in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)
    assert len({candidate.place.place_id for candidate in found}) == len(found)


@given(
    name=st.sampled_from([place for place in PLACES if place.kind == "village"]),
    change=st.sampled_from(["upper", "title", "lower"]),
)
def test_every_village_is_found_first_by_its_own_name_in_any_case(name: Place, change: str) -> None:
    found = GAZETTEER.search(getattr(name.name, change)()).candidates
    assert found[0].place.name == name.name


def test_a_prepared_gazetteer_answers_alike() -> None:
    prepared = Gazetteer(places=PLACES, streets=STREETS)
    prepared.prepare()
    for text in ("weru lor", "puskesmas sumber", "Jl. Fatahillah kelurahan Babakan kec Sumber", "babakanciwaringin"):
        assert prepared.search(text) == GAZETTEER.search(text)


def test_the_limit_is_kept() -> None:
    assert len(GAZETTEER.search("babakan sumber weru", limit=2).candidates) == 2


def test_a_candidate_is_plain_json() -> None:
    json = candidate_json(GAZETTEER.search("Ds. Weru Lor Kec. Weru").candidates[0])
    assert json == {
        "place_id": "village:32.09.19.2008",
        "village_code": "32.09.19.2008",
        "name": "Weru Lor",
        "kind": "village",
        "kecamatan": "Weru",
        "lat": -6.705,
        "lon": 108.5,
        "radius_m": 900.0,
        "score": 100.0,
        "reason": "village Weru Lor, by name, in kecamatan Weru",
    }


def test_a_file_gets_one_answer_per_line(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("weru lor\n\nhttps://maps.app.goo.gl/abc\nKEBAKARAN\\nDs. Sumber\n", encoding="utf-8")
    answers = list(search_file(GAZETTEER, path))
    assert [answer["text"] for answer in answers] == [
        "weru lor",
        "",
        "https://maps.app.goo.gl/abc",
        "KEBAKARAN\\nDs. Sumber",
    ]
    assert [bool(answer["candidates"]) for answer in answers] == [True, False, False, True]
    assert ["problem" in answer for answer in answers] == [False, True, True, False]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.mkdir(), "cannot be read"),
        (lambda path: path.write_bytes(b"weru\xff\xfe"), "not UTF-8"),
    ],
)
def test_an_unusable_file_is_one_sentence(tmp_path: Path, make: Callable[[Path], object], says: str) -> None:
    path = tmp_path / "texts.txt"
    make(path)
    with pytest.raises(SourceError, match=says):
        list(search_file(GAZETTEER, path))
