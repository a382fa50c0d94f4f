"""Intervals of learnt factors hold the truth about as often as they say."""

from __future__ import annotations

import random

import numpy as np

from routing.learning_folds import FOLDS, dealt
from routing.learning_model import Observation, fit, widened


def simulated(seed: int, trips: int = 120) -> tuple[dict[tuple[int, int, int], float], list[Observation]]:
    """Trips over classes and kecamatan, whose parts share more than their trip: half of a trip may be one jam."""
    chance = random.Random(seed)
    truth = {(kind, area, 0): float(np.exp(chance.gauss(-0.2, 0.2))) for kind in range(4) for area in range(4)}
    found = []
    for number in range(trips):
        own, jam = chance.gauss(0.0, 0.1), chance.gauss(0.0, 0.2)
        for part in range(8):
            cells = chance.sample(sorted(truth), 2)
            parts = {cell: chance.uniform(10.0, 40.0) for cell in cells}
            seconds = sum(one / truth[cell] for cell, one in parts.items())
            log = own + (jam if part < 4 else 0.0) + chance.gauss(0.0, 0.1)
            found.append(
                Observation(trip_id=f"T{number}", seconds=seconds * float(np.exp(log)), fixed_s=0.0, parts=parts)
            )
    return truth, found


def test_intervals_hold_the_truth_about_as_often_as_they_say_and_only_widen() -> None:
    inside = []
    for seed in range(2):
        truth, observations = simulated(seed)
        plain = fit(observations)
        fold_of = dealt(sorted({one.trip_id for one in observations}))
        without = [fit([one for one in observations if fold_of[one.trip_id] != fold]) for fold in range(FOLDS)]
        wide = widened(plain, without)
        for cell, one in wide.cells.items():
            assert one.factor == plain.cells[cell].factor
            assert one.low <= plain.cells[cell].low < plain.cells[cell].high <= one.high
            inside.append(one.low <= truth[cell] <= one.high)
    assert 0.88 < np.mean(inside) <= 1.0
