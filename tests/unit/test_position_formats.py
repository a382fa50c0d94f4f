"""What real clients send is read as they mean it; what nobody means is refused with one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.fixes import Reading
from gis.errors import InputError
from gis.types import Location
from web.position_formats import MAX_BATCH, osmand_token, parse_batch, parse_osmand, parse_owntracks

TIME = datetime(2026, 1, 31, 6, 45, tzinfo=UTC)
SECONDS = int(TIME.timestamp())
HERE = {"lat": "-6.7172", "lon": "108.5362"}

# As Traccar Client sends it from version 9 on; `_` is its bow to old servers.
TRACCAR_JSON: dict[str, Any] = {
    "location": {
        "timestamp": "2026-01-31T06:45:00.862Z",
        "coords": {
            "latitude": -6.7172,
            "longitude": 108.5362,
            "accuracy": 4.5,
            "speed": 10,
            "heading": 63,
            "altitude": 35.7,
        },
        "is_moving": True,
        "odometer": 1290,
        "event": "motionchange",
        "battery": {"level": 0.79, "is_charging": False},
        "activity": {"type": "in_vehicle"},
        "extras": {},
        "_": "&id=48241179&lat=-6.7172&lon=108.5362&timestamp=2026-01-31T06:45:00.862Z&",
    },
    "device_id": "48241179",
}
# As the iPhone's library adds to it: unknown values are -1.
IPHONE_JSON: dict[str, Any] = {
    "location": {
        "extras": {},
        "mock": True,
        "coords": {
            "speed_accuracy": -1,
            "speed": -1,
            "longitude": 108.5362,
            "ellipsoidal_altitude": 0,
            "floor": None,
            "heading_accuracy": -1,
            "latitude": -6.7172,
            "accuracy": 5,
            "altitude_accuracy": -1,
            "altitude": 0,
            "heading": -1,
        },
        "is_moving": False,
        "age": 188,
        "odometer": 0,
        "event": "motionchange",
        "battery": {"level": -1, "is_charging": False},
        "activity": {"type": "unknown", "confidence": 100},
        "timestamp": "2026-01-31T06:45:00.579Z",
    },
    "device_id": 658765,
}
OWNTRACKS_ANDROID = {
    "_type": "location",
    "acc": 15,
    "alt": 44,
    "batt": 46,
    "conn": "w",
    "lat": -6.7172,
    "lon": 108.5362,
    "t": "u",
    "tid": "5t",
    "tst": SECONDS,
    "vac": 2,
    "vel": 0,
}


def query(**fields: str) -> Reading:
    (reading,) = parse_osmand(urlencode({"id": "123456", **HERE, **fields}), b"", "")
    return reading


def osmand(body: object) -> tuple[Reading, ...]:
    return parse_osmand("", json.dumps(body).encode(), "application/json; charset=utf-8")


def owntracks(**fields: object) -> Reading:
    (reading,) = parse_owntracks(json.dumps({**OWNTRACKS_ANDROID, **fields}).encode())
    return reading


def batch(*positions: object) -> tuple[Reading, ...]:
    return parse_batch(json.dumps({"positions": positions}).encode())


# --- OsmAnd: query and form --------------------------------------------------------------------------------------


def test_the_query_of_older_traccar_clients_is_read_in_its_units() -> None:
    text = (
        f"id=123456&timestamp={SECONDS}&lat=-6.7172&lon=108.5362&speed=10.0&bearing=45.0&altitude=3.0"
        "&accuracy=12.5&batt=87.0"
    )
    assert parse_osmand(text, b"", "") == (
        Reading(
            location=Location(lat=-6.7172, lon=108.5362),
            device_time=TIME,
            accuracy_m=12.5,
            speed_kph=pytest.approx(18.52),
            heading_deg=45.0,
            battery_percent=87.0,
        ),
    )
    assert osmand_token(text, b"", "") == "123456"


def test_the_form_of_a_post_is_read_as_the_query_is() -> None:
    text = urlencode({"deviceid": "123456", **HERE, "timestamp": str(SECONDS), "heading": "45"})
    kind = "application/x-www-form-urlencoded"
    assert parse_osmand("", text.encode(), kind) == parse_osmand(text, b"", "")
    assert osmand_token("", text.encode(), kind) == "123456"


@pytest.mark.parametrize(
    "timestamp",
    [
        str(SECONDS),
        str(SECONDS * 1000),
        f"{SECONDS}.0",
        "2026-01-31T06:45:00Z",
        "2026-01-31T06:45:00.000Z",
        "2026-01-31T13:45:00+07:00",
        "2026-01-31 06:45:00",
    ],
)
def test_times_come_as_seconds_milliseconds_or_iso(timestamp: str) -> None:
    assert query(timestamp=timestamp).device_time == TIME


def test_milliseconds_are_kept() -> None:
    assert query(timestamp=str(SECONDS * 1000 + 579)).device_time == TIME.replace(microsecond=579_000)


def test_location_stands_for_lat_and_lon() -> None:
    (reading,) = parse_osmand("id=1&location=-6.7172,108.5362", b"", "")
    assert reading.location == Location(lat=-6.7172, lon=108.5362)
    assert reading.device_time is None


def test_dilution_stands_in_for_accuracy() -> None:
    assert query(hdop="6.0").accuracy_m == 30.0
    assert query(hdop="6.0", accuracy="8").accuracy_m == 8.0
    assert query(hdop="0.0").accuracy_m is None


@pytest.mark.parametrize(("word", "valid"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_device_may_say_itself_that_its_position_is_wrong(word: str, valid: bool) -> None:
    assert query(valid=word).valid is valid


@pytest.mark.parametrize("text", ["id=1&cell=257,02,16,2224&wifi=00-14-22-01-23-45,-80", "id=1&batt=5", "", "id"])
def test_a_message_without_a_position_is_no_reading(text: str) -> None:
    assert parse_osmand(text, b"", "") == ()


def test_senseless_extras_are_left_out_and_the_position_is_kept() -> None:
    reading = query(speed="-1", bearing="{6}", accuracy="NaN", batt="1e999", hdop="inf")
    assert reading == Reading(location=Location(lat=-6.7172, lon=108.5362))


# --- OsmAnd: JSON ------------------------------------------------------------------------------------------------


def test_the_json_of_traccar_client_is_read_in_its_units() -> None:
    assert osmand(TRACCAR_JSON) == (
        Reading(
            location=Location(lat=-6.7172, lon=108.5362),
            device_time=TIME.replace(microsecond=862_000),
            accuracy_m=4.5,
            speed_kph=36.0,
            heading_deg=63.0,
            battery_percent=79.0,
        ),
    )
    assert osmand_token("", json.dumps(TRACCAR_JSON).encode(), "application/json") == "48241179"


def test_minus_one_of_an_iphone_means_unknown() -> None:
    assert osmand(IPHONE_JSON) == (
        Reading(
            location=Location(lat=-6.7172, lon=108.5362),
            device_time=TIME.replace(microsecond=579_000),
            accuracy_m=5.0,
            mock=True,
        ),
    )
    assert osmand_token("", json.dumps(IPHONE_JSON).encode(), "application/json") == "658765"


def test_json_is_known_by_its_brace_where_no_header_says_so() -> None:
    assert parse_osmand("", json.dumps(TRACCAR_JSON).encode(), "") == osmand(TRACCAR_JSON)


def test_a_heartbeat_without_coordinates_is_no_reading() -> None:
    location = {name: value for name, value in TRACCAR_JSON["location"].items() if name != "coords"}
    assert osmand({**TRACCAR_JSON, "location": location}) == ()


def test_several_locations_of_one_message_are_all_read() -> None:
    assert len(osmand({**TRACCAR_JSON, "location": [TRACCAR_JSON["location"]] * 3})) == 3


# --- OwnTracks ---------------------------------------------------------------------------------------------------


def test_a_location_of_owntracks_is_read_in_its_units() -> None:
    assert owntracks(vel=61, cog=271) == Reading(
        location=Location(lat=-6.7172, lon=108.5362),
        device_time=TIME,
        accuracy_m=15.0,
        speed_kph=61.0,
        heading_deg=271.0,
        battery_percent=46.0,
    )


@pytest.mark.parametrize("kind", ["lwt", "waypoint", "transition", "status", "card", "steps", "something new", None])
def test_other_messages_of_owntracks_are_no_reading(kind: str | None) -> None:
    assert parse_owntracks(json.dumps({"_type": kind, "tst": SECONDS}).encode()) == ()


def test_an_empty_message_of_owntracks_is_no_reading() -> None:
    assert parse_owntracks(b"") == ()


def test_an_encrypted_message_of_owntracks_says_what_to_do() -> None:
    with pytest.raises(InputError, match="switch encryption off"):
        parse_owntracks(b'{"_type": "encrypted", "data": "AAAA"}')


# --- batches -----------------------------------------------------------------------------------------------------


def test_a_batch_is_read_in_its_order() -> None:
    first = {"time": "2026-01-31T06:45:00Z", "lat": -6.7, "lon": 108.5, "accuracy_m": 5, "speed_kph": 40, "heading": 9}
    second = {"time": SECONDS + 5, "lat": -6.71, "lon": 108.51, "battery": 80}
    one, two = batch(first, second)
    assert (one.device_time, one.accuracy_m, one.speed_kph, one.heading_deg) == (TIME, 5.0, 40.0, 9.0)
    assert (two.location, two.battery_percent) == (Location(lat=-6.71, lon=108.51), 80.0)


def test_a_batch_holds_a_thousand_positions_and_no_more() -> None:
    one = {"time": SECONDS, "lat": -6.7, "lon": 108.5}
    assert len(batch(*[one] * MAX_BATCH)) == MAX_BATCH == 1000
    with pytest.raises(InputError, match="1001 positions, more than 1000"):
        batch(*[one] * (MAX_BATCH + 1))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time": SECONDS, "lat": "x", "lon": 108.5}, "positions[1]: lat is “x”"),
        ({"time": SECONDS, "lat": 0, "lon": 0}, "positions[1]: The position 0, 0"),
        ({"lat": -6.7, "lon": 108.5}, "positions[1]: time is missing"),
        ({"time": SECONDS, "lat": -6.7, "lon": 108.5, "latt": 1}, "positions[1] has the unknown field “latt”"),
        ([1, 2], "positions[1] is not an object"),
    ],
)
def test_a_wrong_position_of_a_batch_is_named(wrong: object, says: str) -> None:
    with pytest.raises(InputError) as error:
        batch({"time": SECONDS, "lat": -6.7, "lon": 108.5}, wrong)
    assert says in str(error.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"positions": []}', b'{"positions": {}}', b"\xff", b"null"])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        parse_batch(body)


# --- coordinates and times that cannot be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon"),
    [("0", "0"), ("0.0", "-0.0"), ("91", "108"), ("-6.7", "181"), ("NaN", "108"), ("inf", "108"), ("", "108")],
)
def test_coordinates_that_cannot_be_are_refused(lat: str, lon: str) -> None:
    with pytest.raises(InputError):
        query(lat=lat, lon=lon)


def test_coordinates_of_json_that_cannot_be_are_refused() -> None:
    for wrong in (b"NaN", b"1e999", b"null", b"true", b'"x"', b"[1]", b"1" * 400, b"1" * 5000):
        body = json.dumps(OWNTRACKS_ANDROID).encode().replace(b"-6.7172", wrong)
        with pytest.raises(InputError):
            parse_owntracks(body)


def test_a_position_on_the_equator_or_the_meridian_is_none_of_zero() -> None:
    assert query(lat="0.0", lon="109.3").location == Location(lat=0.0, lon=109.3)
    assert query(lat="51.5", lon="0").location == Location(lat=51.5, lon=0.0)


@pytest.mark.parametrize(
    "timestamp", ["yesterday", "0", "-5", "9" * 20, "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"]
)
def test_times_that_cannot_be_are_refused(timestamp: str) -> None:
    with pytest.raises(InputError, match="timestamp"):
        query(timestamp=timestamp)


# --- any bytes at all --------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("-6.7") | st.just(5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
COORDS = st.dictionaries(st.sampled_from(list(TRACCAR_JSON["location"]["coords"])), SCALARS) | VALUES
LOCATIONS = st.fixed_dictionaries({}, optional={"timestamp": SCALARS, "coords": COORDS, "battery": VALUES})
MESSAGES = (
    st.fixed_dictionaries({}, optional={"device_id": VALUES, "location": LOCATIONS | st.lists(LOCATIONS) | VALUES})
    | st.dictionaries(st.sampled_from(list(OWNTRACKS_ANDROID)), VALUES | st.just("location"))
    | st.fixed_dictionaries({"positions": st.lists(st.dictionaries(st.sampled_from(["time", "lat", "lon"]), SCALARS))})
)


def survives(query_text: str, body: bytes, content_type: str) -> None:
    osmand_token(query_text, body, content_type)
    for parse in (
        lambda: parse_osmand(query_text, body, content_type),
        lambda: parse_owntracks(body),
        lambda: parse_batch(body),
    ):
        try:
            readings = parse()
        except InputError as error:
            assert len(str(error)) < 400
            continue
        assert all(-90 <= reading.location.lat <= 90 for reading in readings)


@given(st.text(), st.binary(), st.sampled_from(["", "application/json", "text/plain"]))
def test_no_bytes_make_a_parser_crash(query_text: str, body: bytes, content_type: str) -> None:
    survives(query_text, body, content_type)


@given(MESSAGES)
def test_no_json_makes_a_parser_crash(message: object) -> None:
    survives("", json.dumps(message).encode(), "application/json")


@given(st.dictionaries(st.sampled_from(["id", "lat", "lon", "timestamp", "location", "speed", "hdop"]), st.text()))
def test_no_form_makes_a_parser_crash(fields: dict[str, str]) -> None:
    survives(urlencode(fields, errors="replace"), b"", "")


def test_a_body_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InputError, match="no JSON"):
        parse_batch(b'{"positions":' + b"[" * 100_000)
