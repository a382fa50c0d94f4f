from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import Category, Directory
from dispatch.duplicates import (
    LIKELY_FROM,
    POSSIBLE_FROM,
    RELATED_GROUPS,
    RELATION_SCORE,
    SAME_KECAMATAN,
    SAME_VILLAGE,
    UNKNOWN_SPACE,
    Likeness,
    Relation,
    SpaceBasis,
    category_part,
    duplicate_candidates,
    mean_nearness,
    space_part,
)
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    Incident,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Severity,
)
from gis.types import Location
from tests.strategies import NOW, locations

DIRECTORY = Directory(
    categories=(
        Category(category_id="fire", name={}, lead="damkar", duplicate_radius_m=500.0, duplicate_window_s=3600.0),
        Category(category_id="medical", name={}, lead="psc", duplicate_radius_m=200.0, duplicate_window_s=900.0),
        Category(category_id="animal", name={}, lead="damkar"),
    )
)
VILLAGE = "32.09.01.2008"
OTHER_VILLAGE = "32.09.01.2009"
FAR_VILLAGE = "32.09.02.2001"


def point(north_m: float = 0.0, radius_m: float | None = 0.0, **more: str) -> IncidentLocation:
    return IncidentLocation(
        kind=LocationKind.POINT,
        location=Location(lat=-6.76 + north_m / 111_195.0, lon=108.48),
        radius_m=radius_m,
        **more,
    )


def village(code: str = VILLAGE) -> IncidentLocation:
    return IncidentLocation(kind=LocationKind.VILLAGE, village_code=code)


def incident(
    incident_id: str = "260131-001",
    *,
    location: IncidentLocation | None = None,
    category: str = "fire",
    age_s: float = 0.0,
    **more: object,
) -> Incident:
    at = NOW - timedelta(seconds=age_s)
    values: dict[str, object] = {
        "severity": Severity.HIGH,
        "status": IncidentStatus.RECEIVED,
        "received_at": at,
        "status_at": at,
    }
    return Incident(
        incident_id=incident_id,
        category=category,
        location=point() if location is None else location,
        **(values | more),  # type: ignore[arg-type]
    )


def proposed(
    *incidents: Incident,
    location: IncidentLocation | None = None,
    category: str | None = "fire",
    received_at: datetime = NOW,
    exercise: bool = False,
):
    return duplicate_candidates(
        location=point() if location is None else location,
        category=category,
        received_at=received_at,
        incidents=incidents,
        directory=DIRECTORY,
        now=NOW,
        exercise=exercise,
    )


def test_a_second_call_from_the_same_spot_is_likely_the_same() -> None:
    (found,) = proposed(incident(), location=point(50.0))
    assert found.likeness is Likeness.LIKELY
    assert found.space.score == pytest.approx(0.9, abs=0.001)
    assert found.space.basis is SpaceBasis.DISTANCE
    assert found.time.score == 1.0
    assert found.category.relation is Relation.SAME
    assert found.score == pytest.approx(found.space.score * found.time.score * found.category.score, abs=1e-6)


def test_a_call_beyond_the_radius_of_the_category_is_not_proposed() -> None:
    assert proposed(incident(), location=point(501.0)) == ()
    assert proposed(incident(), location=point(400.0))


def test_the_wider_of_two_categories_rules_both_ways() -> None:
    assert proposed(incident(category="medical"), location=point(300.0), category="fire")
    assert proposed(incident(category="fire"), location=point(300.0), category="medical")
    assert proposed(incident(category="medical"), location=point(300.0), category="medical") == ()


def test_radii_of_both_bring_two_vague_points_together() -> None:
    sure = space_part(point(), point(800.0), 500.0)
    vague = space_part(point(radius_m=200.0), point(800.0, radius_m=200.0), 500.0)
    assert sure.score == 0.0
    assert vague.score > 0.0
    assert (vague.least_m, vague.most_m) == pytest.approx((400.0, 1200.0), abs=1.0)


def test_a_vague_point_at_the_same_spot_scores_less_than_a_sure_one() -> None:
    assert space_part(point(), point(radius_m=400.0), 500.0).score < space_part(point(), point(), 500.0).score


def test_villages_are_compared_by_area() -> None:
    same = space_part(village(), village(), 500.0)
    assert (same.score, same.basis) == (SAME_VILLAGE, SpaceBasis.SAME_VILLAGE)
    assert space_part(village(), village(OTHER_VILLAGE), 500.0).score == 0.0
    assert space_part(village(), point(village_code=VILLAGE), 500.0).basis is SpaceBasis.SAME_VILLAGE


def test_a_kecamatan_matches_its_own_villages_only() -> None:
    kecamatan = IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code="32.09.01")
    found = space_part(kecamatan, village(), 500.0)
    assert (found.score, found.basis) == (SAME_KECAMATAN, SpaceBasis.SAME_KECAMATAN)
    assert space_part(kecamatan, village(FAR_VILLAGE), 500.0).score == 0.0


def test_two_points_in_one_village_are_compared_by_distance_alone() -> None:
    far = space_part(point(village_code=VILLAGE), point(3000.0, village_code=VILLAGE), 500.0)
    assert (far.score, far.basis) == (0.0, SpaceBasis.DISTANCE)


def test_a_call_from_nowhere_matches_by_time_and_category() -> None:
    (found,) = proposed(incident(), location=UNKNOWN_LOCATION)
    assert (found.space.basis, found.score) == (SpaceBasis.UNKNOWN, UNKNOWN_SPACE)
    assert found.likeness is Likeness.POSSIBLE
    assert proposed(incident(category="animal"), location=UNKNOWN_LOCATION) == ()


def test_the_window_counts_from_the_last_change_of_the_incident() -> None:
    old = incident(age_s=10_000.0)
    assert proposed(old) == ()
    assert proposed(replace(old, status_at=NOW - timedelta(seconds=60)))


def test_a_call_between_first_report_and_last_change_has_no_gap() -> None:
    one = replace(incident(age_s=7000.0), status_at=NOW)
    (found,) = proposed(one, received_at=NOW - timedelta(seconds=3000))
    assert (found.time.gap_s, found.time.score) == (0.0, 1.0)
    assert found.age_s == 7000.0


def test_related_categories_score_between_same_and_different() -> None:
    scores = [category_part(one, "fire").score for one in ("fire", "medical", None, "animal")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert RELATION_SCORE[Relation.DIFFERENT] >= POSSIBLE_FROM, "the same spot and minute is shown whatever the words"


@pytest.mark.parametrize("status", [IncidentStatus.CLOSED, IncidentStatus.CANCELLED])
def test_closed_incidents_are_never_proposed(status: IncidentStatus) -> None:
    assert proposed(incident(status=status)) == ()


def test_a_duplicate_is_passed_over_for_the_incident_it_belongs_to() -> None:
    found = proposed(incident("260131-001"), incident("260131-002", duplicate_of="260131-001"))
    assert [one.incident_id for one in found] == ["260131-001"]


def test_a_real_call_is_never_proposed_a_drill() -> None:
    assert proposed(incident(exercise=True)) == ()
    assert proposed(incident(), exercise=True) == ()
    assert proposed(incident(exercise=True), exercise=True)


def test_a_category_that_the_directory_lost_keeps_the_defaults() -> None:
    (found,) = proposed(incident(category="gone"), category="gone")
    assert (found.space.radius_m, found.time.window_s) == (300.0, 1800.0)


def test_every_related_group_relates_at_least_two() -> None:
    assert all(len(group) >= 2 for group in RELATED_GROUPS)


def test_a_call_ahead_of_the_clock_counts_as_now() -> None:
    assert proposed(incident(), received_at=NOW + timedelta(hours=5)) == proposed(incident())


CATEGORIES = st.sampled_from(("fire", "medical", "animal", "gone"))
PLACES = st.one_of(
    st.builds(
        lambda at, radius, code: IncidentLocation(
            kind=LocationKind.POINT, location=at, radius_m=radius, village_code=code
        ),
        locations(),
        st.none() | st.floats(0, 3000),
        st.sampled_from((None, VILLAGE, OTHER_VILLAGE)),
    ),
    st.sampled_from((village(), village(OTHER_VILLAGE), village(FAR_VILLAGE), UNKNOWN_LOCATION)),
    st.builds(
        lambda at: IncidentLocation(
            kind=LocationKind.KECAMATAN, location=at, radius_m=4000.0, kecamatan_code="32.09.01"
        ),
        st.none() | locations(),
    ),
)


@st.composite
def many(draw: st.DrawFn) -> list[Incident]:
    ids = draw(st.lists(st.integers(1, 50), unique=True, max_size=8))
    return [
        incident(
            f"260131-{number:03}",
            location=draw(PLACES),
            category=draw(CATEGORIES),
            age_s=draw(st.integers(-600, 9000)),
            status=draw(st.sampled_from(IncidentStatus)),
            exercise=draw(st.sampled_from((False, False, True))),
        )
        for number in ids
    ]


@given(many(), PLACES, st.none() | CATEGORIES, st.randoms())
def test_the_order_of_the_incidents_makes_no_difference(incidents, place, category, shuffler) -> None:
    before = proposed(*incidents, location=place, category=category)
    shuffled = list(incidents)
    shuffler.shuffle(shuffled)
    assert proposed(*shuffled, location=place, category=category) == before
    assert [one.score for one in before] == sorted((one.score for one in before), reverse=True)


@given(many(), PLACES, st.none() | CATEGORIES)
def test_every_proposal_is_open_real_and_above_its_threshold(incidents, place, category) -> None:
    by_id = {one.incident_id: one for one in incidents}
    for found in proposed(*incidents, location=place, category=category):
        assert by_id[found.incident_id].status.is_open
        assert not by_id[found.incident_id].exercise
        for part in (found.space, found.time, found.category):
            assert 0.0 < part.score <= 1.0
        assert found.score == pytest.approx(found.space.score * found.time.score * found.category.score, abs=1e-6)
        assert (found.likeness is Likeness.LIKELY) is (found.score >= LIKELY_FROM)
        assert found.score >= POSSIBLE_FROM


@given(PLACES, PLACES, st.floats(1, 2000))
def test_space_is_the_same_both_ways(one, other, radius_m) -> None:
    first, second = space_part(one, other, radius_m), space_part(other, one, radius_m)
    assert first.basis is second.basis
    assert first.score == pytest.approx(second.score, abs=1e-9)


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(1, 3000))
def test_nearness_equals_its_slow_twin(least, width, radius) -> None:
    """The twin walks the span in small steps."""
    steps = 2000
    distances = [least + width * (step + 0.5) / steps for step in range(steps)]
    slow = sum(max(0.0, 1.0 - one / radius) for one in distances) / steps
    assert mean_nearness(least, least + width, radius) == pytest.approx(slow, abs=1e-3)


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 500), st.floats(1, 2000))
def test_farther_never_scores_more(near, more, width, radius) -> None:
    farther = mean_nearness(near + more, near + more + width, radius)
    assert farther <= mean_nearness(near, near + width, radius) + 1e-9
