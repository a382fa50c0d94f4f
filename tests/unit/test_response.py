"""Rules of a response as a whole, against every response tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import Requirement
from dispatch.response import Offer, best_response, fits, merged, still_open
from dispatch.types import Unit
from tests.recommendations import need, requirements, state
from tests.strategies import fleets

UNITS = ("A", "B", "C", "D", "E")
Offers = list[dict[str, Offer]]


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], Offers]:
    """Up to three requirements and four slots; flexible units, ties, and units that are not free."""
    numbers = draw(st.lists(st.integers(1, 2), max_size=3).filter(lambda some: sum(some) <= 4))
    offer = st.builds(Offer, arrival_ms=st.integers(0, 5) | st.integers(0, 10**7), is_free=st.booleans())
    return numbers, [draw(st.dictionaries(st.sampled_from(UNITS), offer, max_size=5)) for _ in numbers]


def every_response(numbers: list[int], offers: Offers) -> Iterator[list[tuple[int, str | None]]]:
    slots = [at for at, number in enumerate(numbers) for _ in range(number)]
    for chosen in itertools.product([None, *UNITS], repeat=len(slots)):
        sent = [one for one in chosen if one is not None]
        pairs = list(zip(slots, chosen, strict=True))
        if len(set(sent)) == len(sent) and all(one is None or one in offers[at] for at, one in pairs):
            yield pairs


def worth(pairs: list[tuple[int, str | None]], offers: Offers) -> tuple[int, int, int, int]:
    """Slots open, units not free, last arrival, sum of arrivals."""
    sent = [offers[at][one] for at, one in pairs if one is not None]
    times = [one.arrival_ms for one in sent]
    return len(pairs) - len(sent), sum(not one.is_free for one in sent), max(times, default=0), sum(times)


@given(problems())
def test_no_response_is_better(problem: tuple[list[int], Offers]) -> None:
    numbers, offers = problem
    chosen = best_response(numbers, offers, UNITS)
    pairs = [(at, one) for at, ids in enumerate(chosen) for one in ids]
    assert [len(ids) for ids in chosen] == numbers
    assert worth(pairs, offers) == min(worth(one, offers) for one in every_response(numbers, offers))
    sent = [one for _, one in pairs if one is not None]
    assert len(set(sent)) == len(sent)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_in_which_units_are_offered_makes_no_difference(
    problem: tuple[list[int], Offers], shuffle: object
) -> None:
    numbers, offers = problem
    mixed = []
    for one in offers:
        items = list(one.items())
        shuffle.shuffle(items)  # type: ignore[attr-defined]
        mixed.append(dict(items))
    assert best_response(numbers, mixed, UNITS) == best_response(numbers, offers, UNITS)


def test_a_flexible_unit_fills_the_slot_that_only_it_can_fill() -> None:
    free = lambda ms: Offer(arrival_ms=ms, is_free=True)  # noqa: E731
    chosen = best_response([1, 1], [{"A": free(1), "B": free(5)}, {"A": free(2)}], UNITS)
    assert chosen == (("B",), ("A",))


def test_the_last_arrival_counts_before_the_sum() -> None:
    free = lambda ms: Offer(arrival_ms=ms, is_free=True)  # noqa: E731
    offers = [{"A": free(0), "B": free(60)}, {"A": free(50), "B": free(100)}]
    assert best_response([1, 1], offers, UNITS) == (("B",), ("A",))


def test_equal_requirements_of_two_alarm_levels_are_one() -> None:
    assert merged([need(number=1), need("fire_engine", 2), need(number=2), need("boat", 0)]) == (
        need(number=3),
        need("fire_engine", 2),
    )


def test_a_unit_that_was_sent_counts_for_what_only_it_can_fill() -> None:
    sent = [state("A", capabilities=frozenset({"als"})).unit]
    assert still_open([need(), need("ambulance", 1, "als")], sent) == (need(),)


def test_a_unit_of_another_kind_that_was_sent_counts_for_nothing() -> None:
    assert still_open([need()], [state("A", kind="boat").unit]) == (need(),)


@given(requirements(), fleets(max_size=4))
def test_as_many_slots_as_can_be_are_filled_by_the_units_sent(asked: list[Requirement], sent: list[Unit]) -> None:
    slots = [one for one in merged(asked) for _ in range(one.number)]
    most = max(
        sum(slot is not None and fits(unit, slots[slot]) for unit, slot in zip(sent, chosen, strict=True))
        for chosen in itertools.product([None, *range(len(slots))], repeat=len(sent))
        if len({one for one in chosen if one is not None}) == sum(one is not None for one in chosen)
    )
    assert sum(one.number for one in still_open(asked, sent)) == len(slots) - most
