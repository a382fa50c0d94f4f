"""What is taken of a text, what is only taken until the caller confirms it, and what is not taken at all."""

from __future__ import annotations

import pytest
import shapely

from gis.boundaries import BoundaryIndex
from gis.gazetteer import Gazetteer, Street
from gis.types import Location, Place
from tests.boundaries import SOUTH, WEST, boundary_set, square
from web.resolve import Asked, AskedKind, NothingSureError, resolve

NAMES = {
    "32.09.01": "Plumbon",
    "32.09.01.2001": "Plumbon",
    "32.09.01.2002": "Gombang",
    "32.09.02": "Talun",
    "32.09.02.2001": "Cirebon Girang",
    "32.09.02.2002": "Kanci Kulon",
    "32.09": "Kabupaten Cirebon",
}


def boundaries() -> BoundaryIndex:
    lattice = {f"32.09.0{row + 1}.200{column + 1}": square(column, row) for row in range(2) for column in range(2)}
    made = boundary_set(lattice)
    for table in (made.villages, made.kecamatan, made.kabupaten):
        table["name"] = [NAMES[code] for code in table["code"]]
    return BoundaryIndex.build(made)


BOUNDARIES = boundaries()


def place(code: str) -> Place:
    level = BOUNDARIES.area(code).level.value
    return Place(
        place_id=f"{level}:{code}",
        kind=level,
        name=NAMES[code],
        location=BOUNDARIES.middle(code),
        radius_m=BOUNDARIES.radius_m(code),
        village_code=code if level == "village" else None,
    )


CLINIC = Place(
    place_id="osm:node/1",
    kind="clinic",
    name="Puskesmas Plumbon",
    location=Location(lat=SOUTH + 0.005, lon=WEST + 0.005),
    radius_m=50.0,
    village_code="32.09.01.2001",
)
GAZETTEER = Gazetteer(
    places=(*(place(code) for code in NAMES if code != "32.09"), CLINIC),
    streets=(Street(name="Jl. Merdeka", geometry=shapely.MultiLineString([[(108.0, -6.99), (108.01, -6.99)]])),),
)


def asked(text: str) -> Asked:
    return resolve(text, boundaries=BOUNDARIES, gazetteer=GAZETTEER)


@pytest.mark.parametrize(
    "text", ["gombang", "desa gombang kec plumbon", "puskesmas plumbon", "jl merdeka", "kec talun"]
)
def test_what_is_written_out_is_taken_without_a_question(text: str) -> None:
    assert not asked(text).confirm
    assert asked(text).alternatives == ()


@pytest.mark.parametrize("text", ["gombng", "plmbon", "cirebon giramg", "desa gomang kec plumbon"])
def test_a_misspelt_village_is_taken_but_only_until_the_caller_confirms_it(text: str) -> None:
    found = asked(text)
    assert found.kind is AskedKind.AREA
    assert found.confirm


def test_a_name_that_may_be_read_otherwise_lists_what_else_it_may_be() -> None:
    assert "Plumbon" in [other.place.name for other in asked("plmbon").alternatives]


def test_a_village_within_the_name_of_an_unknown_street_is_to_be_confirmed() -> None:
    found = asked("jalan raya plumbon")
    assert found.confirm
    assert found.place is not None
    assert found.place.place.name == "Plumbon"


def test_a_name_that_is_hardly_alike_is_not_taken_but_the_nearest_are_offered() -> None:
    with pytest.raises(NothingSureError, match="Nothing is surely called") as raised:
        asked("tol palikanci km 210")
    assert raised.value.offered
    assert raised.value.offered[0].place.name in str(raised.value)


@pytest.mark.parametrize("text", ["jl raya", "xqzjwvk"])
def test_what_is_like_no_name_is_not_found(text: str) -> None:
    with pytest.raises(NothingSureError, match="was found in the region") as raised:
        asked(text)
    assert raised.value.offered == ()


@pytest.mark.parametrize(
    "text", ["cirebon", "Kab. Cirebon", "kabupaten cirebon", "kebakaran di cirebon", "32.09", "3209"]
)
def test_a_whole_kabupaten_is_too_large_to_send_a_unit_to(text: str) -> None:
    with pytest.raises(NothingSureError, match="is the whole of Kabupaten Cirebon, too large"):
        asked(text)


def test_a_village_that_is_called_like_its_kabupaten_and_more_is_offered() -> None:
    with pytest.raises(NothingSureError) as raised:
        asked("cirebon")
    assert [one.place.name for one in raised.value.offered] == ["Cirebon Girang"]
    assert asked("cirebon girang").confirm is False
