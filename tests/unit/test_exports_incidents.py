from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.exports_common import IncidentCase, PrivacyLevel, csv_text, local_hour, safe_cell
from dispatch.exports_incidents import (
    COLUMNS,
    MIN_GROUP,
    incident_rows,
    incidents_csv,
    incidents_geojson,
)
from dispatch.incidents import IncidentLocation, IncidentStatus, LocationKind
from tests.export_cases import (
    AREAS,
    DIRECTORY,
    JAKARTA,
    NOTICE,
    SPOT,
    VILLAGES,
    assignment,
    incident,
    private_cases,
)
from tests.strategies import NOW


def rows(cases, level: PrivacyLevel, **more):
    return incident_rows(cases, level=level, directory=DIRECTORY, areas=AREAS, timezone=JAKARTA, **more)


def group(size: int, start: int = 1, **more: object) -> list[IncidentCase]:
    return [IncidentCase(incident=incident(start + at, **more)) for at in range(size)]


def village(code: str) -> IncidentLocation:
    return IncidentLocation(kind=LocationKind.VILLAGE, village_code=code)


def test_a_public_incident_is_a_village_an_hour_and_a_category() -> None:
    found = rows(group(MIN_GROUP, received_at=NOW + timedelta(minutes=7, seconds=13)), PrivacyLevel.PUBLIC)
    assert len(found.rows) == MIN_GROUP
    assert not found.suppressed
    assert found.rows[0] == {
        "category": "fire",
        "category_name": "Kebakaran",
        "hour": local_hour(NOW, JAKARTA),
        "state": "closed",
        "exercise": False,
        "area_level": "village",
        "area_code": VILLAGES[0],
        "area_name": "Desa 0",
        "lat": -6.7,
        "lon": 108.5,
        "radius_m": 900.0,
    }


def test_too_few_in_a_village_move_up_to_the_kecamatan_then_to_the_region() -> None:
    few = group(3, location=village(VILLAGES[0])) + group(2, 10, location=village(VILLAGES[1]))
    found = rows(few, PrivacyLevel.PUBLIC)
    assert {row["area_level"] for row in found.rows} == {"kecamatan"}
    apart = group(3, location=village(VILLAGES[0])) + group(2, 10, location=village(VILLAGES[2]))
    found = rows(apart, PrivacyLevel.PUBLIC)
    assert {(row["area_level"], row["lat"], row["area_code"]) for row in found.rows} == {("region", None, "")}


def test_what_is_too_few_even_in_the_region_is_left_out_without_a_number() -> None:
    found = rows(group(MIN_GROUP - 1), PrivacyLevel.PUBLIC)
    assert (found.rows, found.suppressed) == ((), True)
    assert json.loads(incidents_geojson(found)) == {
        "type": "FeatureCollection",
        "privacy": "public",
        "suppressed": True,
        "features": [],
    }


def test_a_category_can_ask_for_more_privacy() -> None:
    found = rows(group(9, category="violence") + group(9, 20, category="secret"), PrivacyLevel.PUBLIC)
    assert {(row["category"], row["area_level"]) for row in found.rows} == {("violence", "region")}
    assert found.suppressed


def test_a_drill_is_never_counted_with_real_incidents() -> None:
    found = rows(group(MIN_GROUP - 1) + group(MIN_GROUP - 1, 20, exercise=True), PrivacyLevel.PUBLIC)
    assert found.rows == ()


def test_duplicates_are_left_out_of_public_rows() -> None:
    assert rows(group(9, duplicate_of="260131-001"), PrivacyLevel.PUBLIC).rows == ()


def test_an_agency_gets_exact_points_times_and_units() -> None:
    case = IncidentCase(
        incident=incident(),
        assignments=(
            assignment("260131-001", 1, "DMK-02", dispatched=60, on_scene=700),
            assignment("260131-001", 2, "DMK-01", dispatched=30, on_scene=800),
        ),
    )
    (row,) = rows([case], PrivacyLevel.AGENCY).rows
    assert (row["lat"], row["lon"]) == (SPOT.lat, SPOT.lon)
    assert row["units"] == "DMK-01 DMK-02"
    assert row["dispatched_at"] == NOW + timedelta(seconds=30)
    assert row["on_scene_at"] == NOW + timedelta(seconds=700)
    assert row["en_route_at"] is None
    assert "call_ids" not in row


def test_internal_rows_add_references() -> None:
    extra = set(COLUMNS[PrivacyLevel.INTERNAL]) - set(COLUMNS[PrivacyLevel.AGENCY])
    assert "recommendation_ids" in extra
    assert set(COLUMNS[PrivacyLevel.AGENCY]) < set(COLUMNS[PrivacyLevel.INTERNAL])


@pytest.mark.parametrize("level", PrivacyLevel)
def test_geojson_is_lon_before_lat_and_carries_the_notice(level: PrivacyLevel) -> None:
    text = incidents_geojson(rows(group(MIN_GROUP), level), notice=NOTICE)
    collection = json.loads(text)
    assert collection["type"] == "FeatureCollection"
    assert collection["notice"] == NOTICE
    for feature in collection["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        assert 108 < lon < 109
        assert -7 < lat < -6
        assert not {"lat", "lon"} & set(feature["properties"])


def test_csv_has_the_columns_of_its_level_and_the_notice_in_every_row() -> None:
    for level in PrivacyLevel:
        table = list(csv.DictReader(io.StringIO(incidents_csv(rows(group(MIN_GROUP), level), notice=NOTICE))))
        assert list(table[0]) == [*COLUMNS[level], "notice"]
        assert {row["notice"] for row in table} == {NOTICE}
        assert table[0]["lat"].startswith("-6.7"), "a negative number stays a number"


@given(private_cases(), st.sampled_from(PrivacyLevel), st.integers(1, 4))
def test_no_private_text_gets_out_at_any_level(drawn, level, min_group) -> None:
    cases, private = drawn
    found = rows(cases, level, min_group=min_group)
    for text in (incidents_csv(found), incidents_geojson(found)):
        assert not [one for one in private if one in text]


@given(private_cases(max_size=12), st.integers(1, 4))
def test_public_rows_equal_their_slow_twin(drawn, min_group) -> None:
    """The twin takes each incident by itself and asks at each level who stays with it there."""
    cases = [one.incident for one in drawn[0] if one.incident.duplicate_of is None]

    def code(one, level):
        where = one.location
        kecamatan = where.kecamatan_code or (where.village_code and where.village_code[:8])
        return {"village": where.village_code, "kecamatan": kecamatan, "region": ""}[level]

    def allowed(one, level):
        wanted = {"violence": ["region"], "secret": []}.get(one.category, ["village", "kecamatan", "region"])
        return level in wanted and code(one, level) is not None

    expected, left = [], list(cases)
    for level in ("village", "kecamatan", "region"):
        mates = {
            one.incident_id: [
                other
                for other in left
                if allowed(one, level)
                and allowed(other, level)
                and (code(one, level), one.category, one.exercise)
                == (code(other, level), other.category, other.exercise)
            ]
            for one in left
        }
        stays = [one for one in left if len(mates[one.incident_id]) >= min_group]
        expected += [(one.category, level, code(one, level), local_hour(one.received_at, JAKARTA)) for one in stays]
        left = [one for one in left if one not in stays]
    found = rows(drawn[0], PrivacyLevel.PUBLIC, min_group=min_group)
    got = [(row["category"], row["area_level"], row["area_code"], row["hour"]) for row in found.rows]
    assert sorted(map(str, got)) == sorted(map(str, expected))
    assert found.suppressed is bool(left)
    sizes: dict[object, int] = {}
    for row in found.rows:
        key = (row["category"], row["area_code"], row["exercise"])
        sizes[key] = sizes.get(key, 0) + 1
    assert all(size >= min_group for size in sizes.values())


@given(private_cases())
def test_public_rows_hold_no_exact_point_time_or_id(drawn) -> None:
    cases, _ = drawn
    text = incidents_csv(rows(cases, PrivacyLevel.PUBLIC, min_group=1))
    assert str(SPOT.lat) not in text
    assert str(SPOT.lon) not in text
    for one in cases:
        assert one.incident.incident_id not in text
    for row in rows(cases, PrivacyLevel.PUBLIC, min_group=1).rows:
        assert (row["hour"].minute, row["hour"].second, row["hour"].microsecond) == (0, 0, 0)


@given(private_cases(), st.randoms(), st.sampled_from(PrivacyLevel))
def test_the_order_of_the_incidents_makes_no_difference(drawn, shuffler, level) -> None:
    cases = list(drawn[0])
    before = rows(cases, level, min_group=1)
    shuffler.shuffle(cases)
    assert rows(cases, level, min_group=1) == before


@pytest.mark.parametrize(
    "text", ["=1+1", "+62811", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "＝1", "\ufeff=1"]
)
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text


@given(st.text(max_size=30))
def test_a_guarded_cell_survives_a_spreadsheet(text: str) -> None:
    cell = safe_cell(text)
    assert isinstance(cell, str)
    assert cell.strip()[:1] not in tuple("=+-@")
    assert cell in (text, "'" + text)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12), min_size=1, max_size=4))
def test_any_text_comes_back_from_csv_as_it_was_guarded(cells: list[str]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a"] * len(cells), [cells]), newline="")))
    assert read[1] == [safe_cell(one) for one in cells]


def test_status_of_a_public_row_says_no_more_than_open_or_how_it_ended() -> None:
    states = {
        status: rows(group(MIN_GROUP, status=status), PrivacyLevel.PUBLIC).rows[0]["state"] for status in IncidentStatus
    }
    assert set(states.values()) == {"open", "closed", "cancelled"}
