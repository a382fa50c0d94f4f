"""Rules of recommending units for one incident."""

from __future__ import annotations

import dataclasses
import itertools
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dispatch import codec
from dispatch.cover import CoverCost
from dispatch.errors import UnknownIdError
from dispatch.incidents import UNKNOWN_LOCATION, IncidentLocation, LocationKind
from dispatch.ranking import EtaPart
from dispatch.readiness import Availability, start_of
from dispatch.recommend import recommend_from, recommendation_inputs, why, with_exemptions
from dispatch.recommendation import AreaTimes, Basis, Recommendation, RecommendationInputs, WhyKind
from dispatch.response import fits
from dispatch.screening import Exclusion, ShortfallKind
from dispatch.types import UnitStatus
from dispatch.village_eta import UNREACHED_S
from gis.errors import InputError
from gis.types import Location
from tests.recommendations import INCIDENT, SETTINGS, TARGET, ask, drive, need, questions, recommend, state
from tests.strategies import NOW

IN_5_MIN = NOW + timedelta(minutes=5)
AREA = dataclasses.replace(
    INCIDENT, location=IncidentLocation(kind=LocationKind.VILLAGE, location=TARGET, village_code="32.09.01.2001")
)


def sent(answer: Recommendation) -> list[str]:
    return [pick.unit_id for pick in answer.response.picks]


def kinds(answer: Recommendation) -> list[ShortfallKind]:
    return [one.kind for one in answer.shortfalls]


# --- the response as a whole ------------------------------------------------------------------------------------------


def test_a_response_of_several_units_is_recommended_as_a_whole() -> None:
    rows = [
        (state("E1", kind="fire_engine"), 100),
        (state("E2", kind="fire_engine"), 300),
        (state("E3", kind="fire_engine"), 200),
        (state("A1"), 50),
    ]
    answer = ask(rows, need("fire_engine", 2), need())
    assert sent(answer) == ["E1", "E3", "A1"]
    assert [pick.requirement for pick in answer.response.picks] == [0, 0, 1]
    assert (answer.response.first_s, answer.response.latest_s, answer.response.lacking) == (110, 280, 0)
    assert answer.response.total_s == 110 + 180 + 280
    assert not answer.shortfalls


def test_a_flexible_unit_is_sent_where_it_is_needed_most() -> None:
    rows = [(state("ALS", capabilities=frozenset({"als"})), 60), (state("BLS"), 240)]
    answer = ask(rows, need(), need("ambulance", 1, "als"))
    assert sent(answer) == ["BLS", "ALS"]
    first = answer.answers[0].candidates[0]
    assert (first.unit.unit_id, first.rank, first.chosen_for) == ("ALS", 1, 1)
    assert why(answer, "BLS").kind is WhyKind.SENT_AFTER_OTHERS
    assert why(answer, "BLS").before == ("ALS",)


def test_what_was_sent_already_is_not_asked_for_again() -> None:
    rows = [(state("A", status=UnitStatus.EN_ROUTE), 10), (state("B"), 100), (state("C"), 200)]
    answer = ask(rows, need(number=2), sent={"A"})
    assert sent(answer) == ["B"]
    assert answer.answers[0].requirement.number == 1
    assert answer.required == (need(number=2),)
    assert why(answer, "A").kind is WhyKind.ALREADY_SENT


def test_nothing_is_recommended_when_everything_was_sent() -> None:
    answer = ask([(state("A"), 10), (state("B"), 10)], need(), sent={"A"})
    assert (answer.answers, sent(answer), answer.response.latest_s) == ((), [], None)
    assert why(answer, "B").kind is WhyKind.NOTHING_OPEN


@given(questions())
def test_a_unit_is_never_sent_twice_and_only_where_it_fits(question: dict[str, Any]) -> None:
    answer = recommend(**question)
    by_id = {one.unit.unit_id: one for one in question["units"]}
    assert len(set(sent(answer))) == len(sent(answer))
    for pick in answer.response.picks:
        one = by_id[pick.unit_id]
        assert fits(one.unit, answer.answers[pick.requirement].requirement)
        assert one.on_duty and not one.retired and pick.unit_id not in question["sent"]
        assert one.unit.status is not UnitStatus.OUT_OF_SERVICE
        assert question["agencies"] is None or one.unit.agency in question["agencies"]


@given(questions())
def test_no_set_of_units_would_be_better(question: dict[str, Any]) -> None:
    answer = recommend(**question)
    slots = [at for at, one in enumerate(answer.answers) for _ in range(one.requirement.number)]
    offers = [{one.unit.unit_id: one for one in part.candidates} for part in answer.answers]
    worths = []
    for chosen in itertools.product([None, *sorted({one for units in offers for one in units})], repeat=len(slots)):
        ids = [one for one in chosen if one is not None]
        if len(set(ids)) < len(ids) or any(
            one is not None and one not in offers[at] for at, one in zip(slots, chosen, strict=True)
        ):
            continue
        some = [offers[at][one] for at, one in zip(slots, chosen, strict=True) if one is not None]
        ms = [round(one.arrival_s * 1000) for one in some]
        not_free = sum(not one.availability.is_now for one in some)
        worths.append((len(slots) - len(some), not_free, max(ms, default=0), sum(ms)))
    picks = answer.response.picks
    ms = [round(pick.arrival_s * 1000) for pick in picks]
    found = (answer.response.lacking, sum(not pick.is_free for pick in picks), max(ms, default=0), sum(ms))
    assert found == min(worths)


@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_the_units_makes_no_difference(question: dict[str, Any], shuffle: Any) -> None:
    order = list(range(len(question["units"])))
    shuffle.shuffle(order)
    mixed = {
        **question,
        "units": [question["units"][row] for row in order],
        "times": [question["times"][row] for row in order],
    }
    assert recommendation_inputs(**mixed) == recommendation_inputs(**question)


# --- every unit, with its time or its reason --------------------------------------------------------------------------


@given(questions())
def test_every_unit_of_a_kind_asked_for_is_a_candidate_or_excluded_with_its_reason(question: dict[str, Any]) -> None:
    answer = recommend(**question)
    for part in answer.answers:
        listed = [one.unit.unit_id for one in (*part.candidates, *part.excluded)]
        assert sorted(listed) == sorted(
            one.unit.unit_id for one in question["units"] if one.unit.kind == part.requirement.kind and not one.retired
        )
    assert all(why(answer, one.unit.unit_id).unit_id == one.unit.unit_id for one in question["units"])


@given(questions())
def test_the_list_is_by_arrival_and_whoever_is_first_is_shown_first(question: dict[str, Any]) -> None:
    for part in recommend(**question).answers:
        arrivals = [round(one.arrival_s * 1000) for one in part.candidates]
        assert arrivals == sorted(arrivals)
        assert [one.rank for one in part.candidates] == list(range(1, len(arrivals) + 1))


@given(questions())
def test_only_a_unit_that_is_not_free_is_left_out_for_a_later_one(question: dict[str, Any]) -> None:
    answer = recommend(**question)
    for part in answer.answers:
        picked = [one for one in part.candidates if one.chosen_for is not None]
        for one in part.candidates:
            if one.chosen_for is None and one.availability.is_now:
                here = [other for other in picked if answer.answers[other.chosen_for or 0] is part]
                assert all(round(other.arrival_s * 1000) <= round(one.arrival_s * 1000) for other in here)
                assert all(other.availability.is_now for other in here)


@pytest.mark.parametrize(
    ("changes", "asked", "reason"),
    [
        ({"status": UnitStatus.OUT_OF_SERVICE}, {}, Exclusion.OUT_OF_SERVICE),
        ({"on_duty": False}, {}, Exclusion.OFF_DUTY),
        ({"status": UnitStatus.ON_SCENE}, {}, Exclusion.BUSY),
        ({"status": UnitStatus.EN_ROUTE, "free_at": IN_5_MIN}, {}, Exclusion.BUSY),
        ({"status": UnitStatus.AT_HOSPITAL, "free_at": NOW - timedelta(seconds=601)}, {}, Exclusion.BUSY),
        ({"fix_time": NOW - timedelta(hours=1)}, {}, Exclusion.STALE),
        ({"fix_time": NOW + timedelta(hours=1)}, {}, Exclusion.FIX_IN_FUTURE),
        ({}, {"agencies": {"Damkar"}}, Exclusion.WRONG_AGENCY),
        ({}, {"times": [drive(None)]}, Exclusion.UNREACHABLE),
        ({}, {"times": None}, Exclusion.NO_LOCATION),
    ],
)
def test_a_unit_that_cannot_be_sent_says_why(changes: dict[str, Any], asked: dict[str, Any], reason: Exclusion) -> None:
    answer = ask([(state("A", **changes), 100)], need(), **asked)
    assert sent(answer) == []
    assert answer.response.lacking == 1
    assert (why(answer, "A").kind, why(answer, "A").exclusion) == (WhyKind.EXCLUDED, reason)


def test_retired_units_and_other_kinds_are_told_apart_from_unknown_ones() -> None:
    answer = ask([(state("OLD", retired=True), 1), (state("BOAT", kind="boat"), 1), (state("A"), 9)], need())
    assert sent(answer) == ["A"]
    assert why(answer, "OLD").kind is WhyKind.RETIRED
    assert why(answer, "BOAT").kind is WhyKind.OTHER_KIND
    with pytest.raises(UnknownIdError, match="NOBODY"):
        why(answer, "NOBODY")


# --- units about to be free -------------------------------------------------------------------------------------------


def test_a_returning_unit_is_sent_at_once_and_needs_no_turnout() -> None:
    answer = ask([(state("BACK", status=UnitStatus.RETURNING), 100), (state("POST"), 50)], need())
    first = answer.answers[0].candidates[0]
    assert (sent(answer), first.availability, first.arrival_s) == (["BACK"], Availability.RETURNING, 100)


@pytest.mark.parametrize("status", [UnitStatus.ON_SCENE, UnitStatus.TRANSPORTING, UnitStatus.AT_HOSPITAL])
def test_a_unit_free_soon_is_offered_with_its_delay_and_marked(status: UnitStatus) -> None:
    rows = [(state("SOON", status=status, free_at=IN_5_MIN), 60), (state("FAR"), 1000)]
    answer = ask(rows, need())
    soon, far = answer.answers[0].candidates
    assert (soon.unit.unit_id, soon.rank, soon.arrival_s, soon.waiting_s) == ("SOON", 1, 360, 300)
    assert (soon.availability, soon.free_at) == (Availability.SOON, IN_5_MIN)
    assert far.point is not None and far.point.reason.other == "SOON"
    assert (sent(answer), why(answer, "SOON").kind) == (["FAR"], WhyKind.NOT_FREE_YET)
    assert (why(answer, "SOON").free_in_s, why(answer, "SOON").difference_s) == (300, 700)


def test_what_waiting_would_gain_is_offered_beside_the_response() -> None:
    soon = state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=IN_5_MIN)
    answer = ask([(soon, 60), (state("FAR"), 1000)], need())
    assert answer.if_waited is not None
    assert [(pick.unit_id, pick.is_free, pick.arrival_s) for pick in answer.if_waited.picks] == [("SOON", False, 360)]
    assert ask([(soon, 60), (state("NEAR"), 100)], need()).if_waited is None


def test_a_unit_free_soon_fills_what_no_other_can_and_that_is_said() -> None:
    answer = ask([(state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=IN_5_MIN), 60)], need())
    assert (sent(answer), kinds(answer)) == (["SOON"], [ShortfallKind.ONLY_LATER])
    assert (answer.shortfalls[0].found, answer.shortfalls[0].wanted) == (0, 1)


def test_a_unit_just_past_its_expected_time_is_still_offered_but_marked() -> None:
    late = state("LATE", status=UnitStatus.AT_HOSPITAL, free_at=NOW - timedelta(seconds=600))
    one = ask([(late, 60)], need()).answers[0].candidates[0]
    assert (one.availability, one.waiting_s, one.arrival_s) == (Availability.OVERDUE, 0, 60)


def test_waiting_is_named_as_the_cause_where_it_is() -> None:
    soon = state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=IN_5_MIN)
    answer = ask([(state("A"), 60), (soon, 60)], need())
    assert answer.answers[0].candidates[1].point is not None
    assert answer.answers[0].candidates[1].point.reason.cause is EtaPart.WAITING


def test_a_transporting_unit_sets_out_from_its_hospital_whatever_the_age_of_its_fix() -> None:
    hospital = Location(lat=TARGET.lat, lon=TARGET.lon + 0.1)
    moving = state("A", status=UnitStatus.TRANSPORTING, free_at=IN_5_MIN, fix_time=NOW - timedelta(hours=1))
    assert start_of(moving, hospital) == hospital
    assert start_of(state("B"), hospital) is None
    one = ask([(moving, 60)], need(), starts={"A": hospital}).answers[0].candidates[0]
    assert one.start == hospital
    assert one.straight_m == pytest.approx(11_040, rel=0.01)


# --- shortfalls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"kind": "boat"}, ShortfallKind.NONE_OF_KIND),
        ({"status": UnitStatus.OUT_OF_SERVICE}, ShortfallKind.ALL_OUT_OF_SERVICE),
        ({"on_duty": False}, ShortfallKind.ALL_OFF_DUTY),
        ({"status": UnitStatus.ON_SCENE}, ShortfallKind.ALL_BUSY),
        ({"fix_time": NOW - timedelta(hours=1)}, ShortfallKind.ALL_STALE),
        ({"agency": "Damkar"}, ShortfallKind.NONE_OF_AGENCY),
        ({"retired": True}, ShortfallKind.NONE_OF_KIND),
    ],
)
def test_a_shortfall_says_what_keeps_all_units_out(changes: dict[str, Any], kind: ShortfallKind) -> None:
    answer = ask([(state("A", **changes), 1), (state("B", **changes), 1)], need(), agencies={"Dinkes"})
    assert kinds(answer) == [kind]
    assert (answer.shortfalls[0].wanted, answer.shortfalls[0].found, answer.response.lacking) == (1, 0, 1)


def test_a_kind_whose_only_unit_is_here_already_is_busy_not_missing() -> None:
    busy = state("A", status=UnitStatus.EN_ROUTE)
    assert kinds(ask([(busy, 1)], need(number=2), sent={"A"})) == [ShortfallKind.ALL_BUSY]


def test_none_capable_and_fewer_than_asked_are_told_apart() -> None:
    rows = [(state("A"), 1)]
    assert kinds(ask(rows, need("ambulance", 1, "als"))) == [ShortfallKind.NONE_CAPABLE]
    assert kinds(ask(rows, need(number=2))) == [ShortfallKind.FEWER_THAN_ASKED]


def test_a_unit_that_another_requirement_needs_leaves_a_shortfall() -> None:
    answer = ask([(state("A", capabilities=frozenset({"als"})), 1)], need(), need("ambulance", 1, "als"))
    assert answer.response.lacking == 1
    assert kinds(answer) == [ShortfallKind.FEWER_THAN_ASKED]


def test_units_that_are_all_far_are_offered_and_the_distance_is_said() -> None:
    answer = ask([(state("A"), 1741)], need())
    (shortfall,) = answer.shortfalls
    assert (sent(answer), shortfall.kind) == (["A"], ShortfallKind.ALL_BEYOND)
    assert (shortfall.limit_s, shortfall.first_s, shortfall.found) == (1800, 1801, 1)
    assert not ask([(state("A"), 1740)], need()).shortfalls


def test_units_with_old_fixes_that_may_be_sooner_are_worth_asking() -> None:
    old = NOW - timedelta(hours=1)
    rows = [
        (state("NEAR", fix_time=old), 10),
        (state("FAR", fix_time=old), 900),
        (state("OFF", fix_time=old, on_duty=False), 10),
        (state("A"), 100),
    ]
    assert ask(rows, need()).answers[0].worth_asking == ("NEAR",)
    assert ask(rows, need(number=2)).answers[0].worth_asking == ("NEAR", "FAR")


def test_the_standard_gives_a_due_time_and_how_late_the_first_will_be() -> None:
    answer = ask([(state("A"), 840)], need(), standard_s=900)
    assert answer.due_at == INCIDENT.received_at + timedelta(seconds=900)
    assert answer.late_s == 120  # reported 120 s ago
    assert ask([(state("A"), 720)], need(), standard_s=900).late_s == 0
    assert ask([], need(), standard_s=900).late_s is None


# --- only an area, or nothing, is known -------------------------------------------------------------------------------


def area_times(road_s: list[list[float]], length_m: list[float]) -> AreaTimes:
    return AreaTimes.of(np.array(road_s, dtype=float), np.array(length_m, dtype=float))


def test_only_a_village_known_gives_ranges_and_shares() -> None:
    answer = ask(
        [(state("B"), None), (state("A"), None)],
        need(),
        incident=AREA,
        times=None,
        area=area_times([[100, 200, 300], [50, 600, np.inf]], [100, 100, 200]),
    )
    first, second = answer.answers[0].candidates
    assert (answer.basis, sent(answer)) == (Basis.AREA, ["B"])
    assert first.area is not None and second.area is not None
    assert (first.area.min_s, first.area.median_s, first.area.max_s) == (160, 260, 360)
    assert (first.area.first_share, second.area.first_share) == (0.75, 0.25)
    assert (second.area.unreachable_share, second.unit.unit_id) == (0.5, "A")
    assert second.arrival_s == pytest.approx(385 * 0.5 + UNREACHED_S * 0.5)
    assert (answer.answers[0].road_m, answer.answers[0].unreachable_share) == (400, 0)


def test_waiting_and_roster_count_for_a_village_too() -> None:
    soon = state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=IN_5_MIN)
    rows = [(soon, None), (state("OFF", on_duty=False), None), (state("A"), None)]
    answer = ask(rows, need(), incident=AREA, times=None, area=area_times([[10], [10], [900]], [5]))
    assert [(one.unit.unit_id, one.arrival_s) for one in answer.answers[0].candidates] == [("SOON", 310), ("A", 960)]
    assert (sent(answer), why(answer, "OFF").exclusion) == (["A"], Exclusion.OFF_DUTY)


def test_nothing_known_of_the_location_is_said_and_nothing_is_guessed() -> None:
    unknown = dataclasses.replace(INCIDENT, location=UNKNOWN_LOCATION)
    answer = ask(
        [(state("A"), None), (state("B", status=UnitStatus.ON_SCENE), None)], need(), incident=unknown, times=None
    )
    assert (answer.basis, kinds(answer), sent(answer)) == (Basis.UNKNOWN, [ShortfallKind.LOCATION_UNKNOWN], [])
    assert why(answer, "B").also == (Exclusion.NO_LOCATION,)


@given(
    st.integers(0, 4).flatmap(
        lambda pieces: st.tuples(
            st.lists(
                st.lists(
                    st.just(np.inf) | st.integers(0, 10**7).map(lambda ms: ms / 1000), min_size=pieces, max_size=pieces
                ),
                max_size=3,
            ),
            st.lists(st.integers(0, 10**7).map(lambda mm: mm / 1000), min_size=pieces, max_size=pieces),
        )
    )
)
def test_packed_times_come_out_as_they_went_in(given_times: tuple[list[list[float]], list[float]]) -> None:
    road_s = np.array(given_times[0], dtype=float).reshape(len(given_times[0]), len(given_times[1]))
    packed = AreaTimes.of(road_s, np.array(given_times[1], dtype=float))
    assert np.array_equal(packed.road_s(), road_s)
    assert np.array_equal(packed.length_m(), given_times[1])


def test_packed_times_that_are_damaged_are_refused() -> None:
    packed = dataclasses.replace(area_times([[1.0]], [1.0]), packed_ms="!")
    with pytest.raises(ValueError, match="damaged"):
        packed.road_s()


# --- cost of cover ----------------------------------------------------------------------------------------------------


def test_the_cost_of_cover_is_shown_and_never_hides_the_fastest() -> None:
    def cost(unit_id: str, lost: float) -> CoverCost:
        return CoverCost(
            unit_id=unit_id, lost=lost, lost_share=0.1, covers=lost, alone=0, standard_s=900, busy_fraction=0.3
        )

    rows = [(state("FAST"), 60), (state("SLOW"), 120), (state("NEW"), 500)]
    answer = ask(rows, need(), cover=[cost("SLOW", 0.0), cost("FAST", 90_000.0)])
    assert sent(answer) == ["FAST"]
    assert [one.cover and one.cover.lost for one in answer.answers[0].candidates] == [90_000, 0, None]


# --- kept, and computed again a year later ----------------------------------------------------------------------------


@given(questions())
def test_a_stored_recommendation_is_computed_again_from_its_stored_inputs(question: dict[str, Any]) -> None:
    inputs = recommendation_inputs(**question)
    made = recommend_from(inputs)
    for_inputs, for_made = TypeAdapter(RecommendationInputs), TypeAdapter(Recommendation)
    kept_inputs, kept = for_inputs.dump_json(inputs), for_made.dump_json(made)
    assert for_inputs.validate_json(kept_inputs) == inputs
    assert for_made.validate_json(kept) == made
    assert recommend_from(for_inputs.validate_json(kept_inputs)) == for_made.validate_json(kept)


def test_the_codec_of_the_store_keeps_a_recommendation_and_its_inputs() -> None:
    cost = CoverCost(unit_id="A", lost=1.5, lost_share=0.1, covers=2, alone=1, standard_s=900, busy_fraction=0.3)
    inputs = recommendation_inputs(
        incident=AREA,
        required=[need("ambulance", 2, "als", "rescue")],
        units=[state("B"), state("A", capabilities=frozenset({"als", "rescue", "winch"}))],
        settings=dataclasses.replace(SETTINGS, busy_fraction={"ambulance": 0.4}),
        now=NOW,
        area=area_times([[100, np.inf], [20, 30]], [10, 20]),
        cover=[cost],
    )
    made = recommend_from(inputs)
    assert sent(made) == ["A"]
    text = codec.canonical([codec.dump(inputs), codec.dump(made)])
    kept_inputs, kept = json.loads(text)
    assert codec.load(RecommendationInputs, kept_inputs) == inputs
    assert recommend_from(codec.load(RecommendationInputs, kept_inputs)) == codec.load(Recommendation, kept) == made
    again = codec.canonical([codec.dump(codec.load(RecommendationInputs, kept_inputs)), codec.dump(made)])
    assert again == text


def test_no_infinity_and_no_nan_is_ever_kept() -> None:
    made = ask([(state("A"), None), (state("B"), 10)], need(number=2))
    assert json.loads(json.dumps(codec.dump(made), allow_nan=False))["policy"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"times": []},
        {"times": None, "area": area_times([[1], [2]], [1])},
        {"incident": dataclasses.replace(INCIDENT, location=UNKNOWN_LOCATION)},
    ],
)
def test_times_that_do_not_fit_the_question_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="times"):
        ask([(state("A"), 1)], need(), **changes)


def test_the_same_unit_twice_is_refused() -> None:
    with pytest.raises(InputError, match="A is given twice"):
        ask([(state("A"), 1), (state("A"), 2)], need())


def test_a_candidate_says_by_which_profile_it_drives_and_which_exemptions_it_uses() -> None:
    rows = [(state("A1"), 100), (state("A2"), 200)]
    inputs = recommendation_inputs(
        incident=INCIDENT,
        required=(need(),),
        units=[unit for unit, _ in rows],
        settings=SETTINGS,
        now=NOW,
        times=[drive(seconds) for _, seconds in rows],
        profiles={"A1": "ambulance", "A2": "motorcycle"},
        hour=31,
    )
    plain, told = recommend_from(inputs), recommend_from(with_exemptions(inputs, {"A1": ("oneway_against",)}))
    assert (plain.hour, told.hour) == (31, 31)
    assert [(one.profile, one.exemptions) for one in plain.answers[0].candidates] == [
        ("ambulance", None), ("motorcycle", None),
    ]  # fmt: skip
    assert [one.exemptions for one in told.answers[0].candidates] == [("oneway_against",), None]
    assert told.response == plain.response


def test_inputs_stored_before_there_were_profiles_still_give_their_recommendation() -> None:
    inputs = recommendation_inputs(
        incident=INCIDENT, required=(need(),), units=[state("A1")], settings=SETTINGS, now=NOW, times=[drive(100)]
    )
    stored = codec.dump(inputs)
    del stored["hour"]
    for unit in stored["units"]:
        del unit["profile"], unit["exemptions"]
    assert recommend_from(codec.load(RecommendationInputs, stored)) == recommend_from(inputs)
