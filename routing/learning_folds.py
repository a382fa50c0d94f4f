"""Cross-fitting: every trip teaches, chooses and judges in its turn, and none ever judges what it taught.

Trips are dealt into `FOLDS` folds in the order of a hash of their ids. What is proposed is fitted on all of them. How
good it is, is told fold by fold by the same procedure without the trips of the fold: a model is fitted on the others,
and which classes of roads change is chosen on the others, each judged by models that knew neither it nor the fold
(nested cross-validation: Stone, M. 1974, Cross-validatory choice and assessment of statistical predictions, JRSS B 36,
111-147). So all trips teach, and the error that is told is that of trips which nobody had looked at; it is that of a
procedure with a fold fewer trips than the proposal has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from routing.learning_model import Cell, Observation, SpeedModel, fit
from routing.network import ROAD_CLASSES, Float64Array, Int64Array

FOLDS: Final = 5
JUDGED_SHARE: Final = 0.1
"""A part of a trip chooses for a class that takes at least this share of its time."""

Believe = Callable[[SpeedModel, Cell], float]
"""The factor that a model proposes for a cell, as the table of factors would have it."""


def dealt(trip_ids: Sequence[str]) -> dict[str, int]:
    """The fold of every trip, from 0: the same for the same trips in any order, and of nearly equal size."""
    order = sorted(trip_ids, key=lambda one: (hashlib.sha256(one.encode()).digest(), one))
    return {trip_id: place % FOLDS for place, trip_id in enumerate(order)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassVerdict:
    """Whether a class changes, and the median absolute log error of parts of trips on it, before and after."""

    before: float | None
    after: float | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Those of all classes; and whether none changes only because the trips as a whole would be told worse."""

    classes: Mapping[int, ClassVerdict]
    whole_worse: bool

    @property
    def changed(self) -> frozenset[int]:
        """The classes that change."""
        return frozenset(kind for kind, one in self.classes.items() if one.changed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """Parts of trips (n) as they were driven, and as they are told now and under models that did not know them.

    Attributes
    ----------
    trip
        (n,) number of the trip.
    seconds, fixed_s
        (n,) driven, and what no factor changes.
    share
        (n, C) share of each class in the time by the settings.
    now, proposed
        (n, C) seconds on each class of roads under the factors in force and under the proposed ones.
    """

    trip: Int64Array
    seconds: Float64Array
    fixed_s: Float64Array
    share: Float64Array
    now: Float64Array
    proposed: Float64Array

    def predicted_s(self, changed: Collection[int]) -> Float64Array:
        """(n,) where these classes change."""
        seconds: Float64Array = np.where(_mask(changed), self.proposed, self.now).sum(axis=1)
        return self.fixed_s + seconds

    def trips_s(self, changed: Collection[int]) -> tuple[Float64Array, Float64Array]:
        """(J,) seconds of whole trips: driven, and told where these classes change."""
        _, number = np.unique(self.trip, return_inverse=True)
        driven, told = np.bincount(number, self.seconds), np.bincount(number, self.predicted_s(changed))
        return driven.astype(np.float64), told.astype(np.float64)


class CrossFit:
    """The models of trips without one fold, without two, and without none; each fitted once, when it is asked for.

    Parameters
    ----------
    trips
        The observations of each.
    now
        Factors in force, by every cell that they have.
    believe
        What a model proposes.
    """

    def __init__(self, trips: Sequence[Sequence[Observation]], now: Mapping[Cell, float], believe: Believe) -> None:
        self._now, self._believe = now, believe
        self._folds: list[list[tuple[int, Observation]]] = [[] for _ in range(FOLDS)]
        fold_of = dealt([trip[0].trip_id for trip in trips])
        for number, trip in enumerate(trips):
            self._folds[fold_of[trip[0].trip_id]] += [(number, one) for one in trip]
        self._models: dict[frozenset[int], SpeedModel] = {}
        self._told: dict[tuple[int, frozenset[int]], Told] = {}

    def model(self, *left_out: int) -> SpeedModel:
        """Fitted on all trips but those of these folds."""
        key = frozenset(left_out)
        if key not in self._models:
            self._models[key] = fit(
                [one for fold, of_fold in enumerate(self._folds) if fold not in key for _, one in of_fold]
            )
        return self._models[key]

    def verdicts(self, *left_out: int) -> Verdicts:
        """Which classes change, by all trips but those of these folds.

        All change at first. Those whose parts of trips would be told worse, or on which none is there to tell, are
        taken out one by one, the worst first, until there is none; where the trips as a whole would be told worse,
        none changes.
        """
        told = _joined([self._told_of(fold, *left_out) for fold in range(FOLDS) if fold not in left_out])
        kinds = sorted({cell[0] for cell in self.model(*left_out).cells})
        mine = {kind: told.share[:, kind] >= JUDGED_SHARE for kind in kinds}
        changed, found = set(kinds), dict[int, tuple[float | None, float | None]]()
        while True:
            found = {
                kind: (_log_error(told, changed - {kind}, mine[kind]), _log_error(told, changed | {kind}, mine[kind]))
                for kind in kinds
            }
            worse = [
                (float("inf") if before is None or after is None else after - before, kind)
                for kind, (before, after) in found.items()
                if kind in changed and (before is None or after is None or after > before)
            ]
            if not worse:
                break
            changed.discard(max(worse)[1])
        whole_worse = bool(changed) and _median_off_s(told, changed) > _median_off_s(told, ())
        if whole_worse:
            changed = set()
        classes = {
            kind: ClassVerdict(before=before, after=after, changed=kind in changed)
            for kind, (before, after) in found.items()
        }
        return Verdicts(classes=classes, whole_worse=whole_worse)

    def judged(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """(J,) seconds of all trips: driven, told now, and told by what was learnt and chosen without their fold."""
        parts = []
        for fold in range(FOLDS):
            told = self._told_of(fold)
            driven, now = told.trips_s(())
            _, after = told.trips_s(self.verdicts(fold).changed)
            parts.append((driven, now, after))
        driven, now, after = (np.concatenate(one) for one in zip(*parts, strict=True))
        return driven, now, after

    def _told_of(self, fold: int, *left_out: int) -> Told:
        """The trips of a fold, as a model without it, and without these others, tells them."""
        key = (fold, frozenset(left_out))
        if key not in self._told:
            model = self.model(fold, *left_out)
            proposed: dict[Cell, float] = {}
            rows = self._folds[fold]
            shape = (len(rows), len(ROAD_CLASSES))
            share, now, after = np.zeros(shape), np.zeros(shape), np.zeros(shape)
            for row, (_, one) in enumerate(rows):
                for cell, seconds in one.parts.items():
                    if cell not in proposed:
                        proposed[cell] = self._believe(model, cell)
                    share[row, cell[0]] += seconds
                    now[row, cell[0]] += seconds / self._now[cell]
                    after[row, cell[0]] += seconds / proposed[cell]
            fixed_s = np.array([one.fixed_s for _, one in rows])
            self._told[key] = Told(
                trip=np.array([number for number, _ in rows], dtype=np.int64),
                seconds=np.array([one.seconds for _, one in rows]),
                fixed_s=fixed_s,
                share=share / (fixed_s + share.sum(axis=1))[:, None],
                now=now,
                proposed=after,
            )
        return self._told[key]


def _joined(parts: Sequence[Told]) -> Told:
    def one(name: str) -> Float64Array:
        return np.concatenate([getattr(part, name) for part in parts])

    return Told(
        trip=np.concatenate([part.trip for part in parts]),
        seconds=one("seconds"),
        fixed_s=one("fixed_s"),
        share=one("share"),
        now=one("now"),
        proposed=one("proposed"),
    )


def _mask(kinds: Collection[int]) -> np.ndarray:
    found = np.zeros(len(ROAD_CLASSES), dtype=bool)
    found[list(kinds)] = True
    return found


def _log_error(told: Told, changed: Collection[int], mine: np.ndarray) -> float | None:
    """The median absolute log error of some parts of trips; None where there is none."""
    if not mine.any():
        return None
    return float(np.median(np.abs(np.log(told.predicted_s(changed)[mine] / told.seconds[mine]))))


def _median_off_s(told: Told, changed: Collection[int]) -> float:
    driven, predicted = told.trips_s(changed)
    return float(np.median(np.abs(predicted - driven)))
