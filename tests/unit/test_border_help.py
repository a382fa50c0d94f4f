from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.border_help import (
    RECEIPT_WITHIN_S,
    BorderStanding,
    HandoverStanding,
    NearbyCode,
    border_help,
    handover_standing,
    handover_took_s,
    neighbour_of,
    received,
)
from dispatch.directory import Directory, NeighbourCentre
from dispatch.errors import RefusedError
from dispatch.incidents import Handover
from gis.errors import InputError
from tests.strategies import NOW

DIRECTORY = Directory(
    neighbours=(
        NeighbourCentre(neighbour_id="kuningan", name="112 Kuningan", contact="0232-112", area_codes=("32.08",)),
        NeighbourCentre(neighbour_id="kota", name="112 Kota", contact="0231-112", area_codes=("32.74", "32.7")),
        NeighbourCentre(neighbour_id="brebes", name="112 Brebes", contact="0283-112", area_codes=("33.29",)),
    ),
    border_m=2000.0,
)
NEARBY = (
    NearbyCode(code="32.09.01.2008", distance_m=0.0),
    NearbyCode(code="33.29.01.2001", distance_m=900.0),
    NearbyCode(code="32.08.10.2003", distance_m=400.0),
    NearbyCode(code="32.08.10.2004", distance_m=300.0),
)


def helped(edge_m: float | None, radius_m: float | None = 0.0, nearby=NEARBY, outside: bool = False):
    return border_help(edge_m=edge_m, radius_m=radius_m, nearby=nearby, directory=DIRECTORY, outside=outside)


def test_an_incident_near_the_edge_shows_the_neighbours_nearest_first() -> None:
    found = helped(250.0)
    assert found.standing is BorderStanding.NEAR
    assert [(one.neighbour_id, one.code, one.distance_m) for one in found.contacts] == [
        ("kuningan", "32.08.10.2004", 300.0),
        ("brebes", "33.29.01.2001", 900.0),
    ]
    assert found.contacts[0].contact == "0232-112"


@pytest.mark.parametrize(
    ("edge_m", "radius_m", "expected"),
    [
        (2000.0, 0.0, BorderStanding.NEAR),
        (2000.1, 0.0, BorderStanding.FAR),
        (2000.1, None, BorderStanding.FAR),
        (3000.0, 1000.0, BorderStanding.MAY_BE_NEAR),
        (3000.0, 999.0, BorderStanding.FAR),
        (None, 500.0, BorderStanding.UNKNOWN),
    ],
)
def test_the_set_distance_counts_with_the_radius(edge_m, radius_m, expected) -> None:
    found = helped(edge_m, radius_m)
    assert found.standing is expected
    assert bool(found.contacts) is (expected in (BorderStanding.NEAR, BorderStanding.MAY_BE_NEAR))


def test_an_incident_beyond_the_edge_always_shows_a_neighbour() -> None:
    assert helped(9000.0, outside=True).contacts
    assert helped(None, outside=True).standing is BorderStanding.OUTSIDE


def test_all_neighbours_are_shown_where_none_owns_a_near_area() -> None:
    found = helped(100.0, nearby=(NearbyCode(code="32.09.01.2008", distance_m=0.0),))
    assert [one.neighbour_id for one in found.contacts] == ["brebes", "kota", "kuningan"]
    assert {one.distance_m for one in found.contacts} == {None}


def test_a_code_is_matched_by_whole_groups() -> None:
    found = helped(100.0, nearby=(NearbyCode(code="32.71.01.1001", distance_m=5.0),))
    assert all(one.code is None for one in found.contacts), "32.7 is no area of which 32.71 would be a part"


@pytest.mark.parametrize("metres", [-1.0, math.nan, math.inf])
def test_a_distance_that_is_none_is_refused(metres: float) -> None:
    with pytest.raises(InputError, match="metres"):
        helped(metres)
    with pytest.raises(InputError, match="metres"):
        helped(10.0, nearby=(NearbyCode(code="32.08", distance_m=metres),))


CODES = st.sampled_from(("32.08.01.2001", "32.09.01.2001", "32.74.01.1001", "33.29.02.2002", "33.29"))


@given(
    st.floats(0, 5000), st.floats(0, 5000), st.lists(st.builds(NearbyCode, code=CODES, distance_m=st.floats(0, 9e3)))
)
def test_contacts_are_each_once_in_order_and_their_own_nearest(edge_m, radius_m, nearby) -> None:
    found = helped(edge_m, radius_m, nearby)
    assert bool(found.contacts) is (edge_m - radius_m <= DIRECTORY.border_m)
    assert len({one.neighbour_id for one in found.contacts}) == len(found.contacts)
    distances = [one.distance_m for one in found.contacts if one.distance_m is not None]
    assert distances == sorted(distances)
    own = {"kuningan": "32.08", "kota": "32.74", "brebes": "33.29"}
    for one in found.contacts:
        slow = [near.distance_m for near in nearby if near.code[:5] == own[one.neighbour_id]]
        assert one.distance_m == (min(slow) if slow else None)


ASKED = Handover(handover_id="260131-001.h1", incident_id="260131-001", neighbour="kuningan", asked_at=NOW)


def test_a_handover_waits_for_its_receipt_and_is_overdue_without() -> None:
    assert handover_standing(ASKED, NOW) is HandoverStanding.WAITING
    late = NOW + timedelta(seconds=RECEIPT_WITHIN_S + 1)
    assert handover_standing(ASKED, late) is HandoverStanding.OVERDUE
    done = received(ASKED, reference=" KNG-17 ", received_at=NOW + timedelta(seconds=40))
    assert (done.reference, handover_took_s(done)) == ("KNG-17", 40.0)
    assert handover_standing(done, late) is HandoverStanding.RECEIVED
    assert handover_took_s(ASKED) is None


def test_the_same_receipt_again_changes_nothing_and_another_is_refused() -> None:
    done = received(ASKED, reference="KNG-17", received_at=NOW)
    assert received(done, reference="KNG-17", received_at=NOW + timedelta(seconds=5)) is done
    with pytest.raises(RefusedError, match="KNG-17"):
        received(done, reference="KNG-18", received_at=NOW)


@pytest.mark.parametrize("reference", ["", "  ", "x" * 65, "two\nlines", "nul\x00"])
def test_a_reference_is_one_short_line(reference: str) -> None:
    with pytest.raises(InputError, match="reference"):
        received(ASKED, reference=reference, received_at=NOW)


def test_a_receipt_never_comes_before_the_question() -> None:
    with pytest.raises(InputError, match="earlier"):
        received(ASKED, reference="KNG-17", received_at=NOW - timedelta(seconds=1))


def test_the_neighbour_of_a_handover_is_found_by_its_id() -> None:
    found = neighbour_of(ASKED, DIRECTORY)
    assert found is not None
    assert found.name == "112 Kuningan"
    assert neighbour_of(ASKED, Directory()) is None
