"""Learning speeds from trips: the report, with what it would change and whether that tells other trips better.

Trips have one of three parts, by a hash of their ids: three fifths teach; a fifth chooses, for a class of roads whose
times on these trips would be told worse keeps its speed; and a fifth only judges: nothing was fitted or chosen on them,
so the error that is reported is that of trips nobody looked at. A report changes nothing; factors come into force by a
decision that is logged (`siaga112 learn adopt`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np

from gis.errors import InputError
from routing.learning_model import Cell, CellEstimate, Observation, SpeedModel, fit, predicted_s, widened
from routing.learning_trips import ReadTrip
from routing.network import ROAD_CLASSES, Float64Array, UInt8Array
from routing.speed_factors import HOURS, HOURS_PER_DAY, SpeedFactors

LEAST_FACTOR, MOST_FACTOR = 0.2, 3.0
"""Factors beyond these are not believed, and never adopted."""
PARTS: Final = 5
"""Of so many trips one judges and one chooses."""
LEAST_TRIPS: Final = 20
LEAST_CHOOSING: Final = 5
THIN_TRIPS: Final = 5
THIN_WIDTH: Final = 1.5
"""A cell with fewer trips than the one, or whose interval spans more than this ratio, is called thin."""
JUDGED_SHARE: Final = 0.1
"""A part of a trip chooses for a class that takes at least this share of its time."""

BINS: Final[tuple[str, ...]] = ("night", "morning", "midday", "evening", "weekend")


def default_bins() -> UInt8Array:
    """(168,) bin of each hour of the week: night 21 to 5, morning 6 to 8, midday 9 to 14, evening 15 to 20, weekend."""
    found = np.zeros(HOURS, dtype=np.uint8)
    for hour in range(HOURS):
        day, clock = divmod(hour, HOURS_PER_DAY)
        if clock < 6 or clock >= 21:
            name = "night"
        elif day >= 5:
            name = "weekend"
        else:
            name = "morning" if clock < 9 else "midday" if clock < 15 else "evening"
        found[hour] = BINS.index(name)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How far predicted driving times are from driven ones, over trips.

    Attributes
    ----------
    median_s, p90_s
        Of the absolute difference in seconds.
    bias_s
        Median of predicted less driven: negative where units arrive later than told.
    median_share
        Median of the absolute difference over the time driven.
    """

    trips: int
    median_s: float
    p90_s: float
    bias_s: float
    median_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """What would change for a class of roads.

    Attributes
    ----------
    factor
        Mean factor on its speed, by the time driven.
    trips, seconds
        From which it was learnt.
    before, after
        Median of the absolute log error of parts of the choosing trips on it; None where there was none.
    changed
        Whether it changes; not where choosing trips would be told worse, or none is there to tell.
    """

    road_class: str
    factor: float
    trips: int
    seconds: float
    before: float | None
    after: float | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """The factor of a class in a kecamatan at a time, with its interval of 95 %."""

    road_class: str
    kecamatan: str
    bin: str
    factor: float
    low: float
    high: float
    trips: int
    thin: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class LearningReport:
    """What trips say of speeds.

    Attributes
    ----------
    trips, choosing, held_out
        Used, how many of them only choose the classes that change, and how many only judge.
    by_trace
        How many gave positions on their way.
    excluded
        Trips by the reason why they were not used.
    before, after
        Errors on the judging trips, under the factors in force and under the proposed ones.
    classes, cells
        What would change.
    factors
        The proposed factors.
    noise, trip_spread
        Standard deviations of a part of a trip and of a whole trip, in log seconds.
    warnings
        One sentence each.
    """

    since: datetime | None
    until: datetime | None
    trips: int
    choosing: int
    held_out: int
    by_trace: int
    excluded: Mapping[str, int]
    before: Errors
    after: Errors
    classes: tuple[ClassChange, ...]
    cells: tuple[CellChange, ...]
    factors: SpeedFactors
    noise: float
    trip_spread: float
    warnings: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether any speed would change."""
        return any(one.changed for one in self.classes)


class Part(StrEnum):
    """What a trip is for."""

    TEACH = "teach"
    CHOOSE = "choose"
    JUDGE = "judge"


def part_of(trip_id: str) -> Part:
    """What a trip is for; always the same for the same id."""
    number = int.from_bytes(hashlib.sha256(trip_id.encode()).digest()[:4], "big") % PARTS
    return {0: Part.JUDGE, 1: Part.CHOOSE}.get(number, Part.TEACH)


def learn(
    trips: Sequence[ReadTrip],
    *,
    kecamatan: Sequence[str],
    bin_of_hour: UInt8Array,
    bin_names: Sequence[str] = BINS,
    in_force: SpeedFactors | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> LearningReport:
    """Learn from trips that were read.

    Parameters
    ----------
    trips
        Excluded ones as well, to be counted.
    kecamatan
        (K,) codes by the index that cells have.
    bin_of_hour, bin_names
        (168,) bins of the week and their names.
    in_force
        Factors that hold now; None for none.
    since, until
        For the record.

    Raises
    ------
    InputError
        Too few trips can be used.
    """
    excluded = Counter(one.excluded.value for one in trips if one.excluded is not None)
    used = sorted((one for one in trips if one.excluded is None), key=lambda one: one.trip_id)
    if len(used) < LEAST_TRIPS:
        raise InputError(_too_few(len(used), excluded))
    parts: dict[Part, list[Sequence[Observation]]] = {part: [] for part in Part}
    for one in used:
        parts[part_of(one.trip_id)].append(one.observations)
    teaching = [observation for trip in parts[Part.TEACH] for observation in trip]
    choosing, judging = parts[Part.CHOOSE], parts[Part.JUDGE]
    model = widened(fit(teaching), teaching)
    held_now = _in_force(in_force, kecamatan, bin_of_hour)
    cells = {cell for one in used for observation in one.observations for cell in observation.parts}
    now = {cell: float(held_now[cell]) if cell[1] >= 0 else 1.0 for cell in cells}
    # Roads in no kecamatan keep their speed: the table has no row for them.
    proposed = {cell: _believed(model.factor(cell), now[cell]) if cell[1] >= 0 else 1.0 for cell in cells}
    classes = _chosen(teaching, choosing, proposed, now)
    changed = {ROAD_CLASSES.index(one.road_class) for one in classes if one.changed}
    after = {cell: proposed[cell] if cell[0] in changed else now[cell] for cell in cells}
    warnings = []
    if changed and _errors(choosing, after).median_s > _errors(choosing, now).median_s:
        changed, after = set(), now
        classes = [_unchanged(one) for one in classes]
        warnings.append("The choosing trips as a whole would be told worse, so nothing is proposed.")
    errors_before, errors_after = _errors(judging, now), _errors(judging, after)
    if changed and errors_after.median_s > errors_before.median_s:
        warnings.append("The trips that only judge would be told worse: look twice before these speeds are adopted.")
    shown = _cells(model, changed, kecamatan, bin_names)
    warnings += _warnings(len(choosing), shown, model)
    return LearningReport(
        since=since,
        until=until,
        trips=len(used),
        choosing=len(choosing),
        held_out=len(judging),
        by_trace=sum(one.by_trace for one in used),
        excluded=dict(sorted(excluded.items())),
        before=errors_before,
        after=errors_after,
        classes=tuple(classes),
        cells=tuple(shown),
        factors=_table(model, changed, held_now, kecamatan, bin_of_hour),
        noise=model.noise,
        trip_spread=model.trip_spread,
        warnings=tuple(warnings),
    )


def checked_factors(factors: SpeedFactors) -> SpeedFactors:
    """Factors that may be adopted.

    Raises
    ------
    InputError
        One is beyond the limits.
    """
    beyond = np.argwhere((factors.factor < np.float32(LEAST_FACTOR)) | (factors.factor > np.float32(MOST_FACTOR)))
    if len(beyond):
        kind, area, number = beyond[0].tolist()
        raise InputError(
            f"The factor of {ROAD_CLASSES[kind]} in {factors.kecamatan[area]} is "
            f"{float(factors.factor[kind, area, number]):g}, outside {LEAST_FACTOR:g} to {MOST_FACTOR:g}; "
            "make the report again with `siaga112 learn report`."
        )
    return factors


# --- judging -----------------------------------------------------------------------------------------------------


def _chosen(
    teaching: Sequence[Observation],
    choosing: Sequence[Sequence[Observation]],
    proposed: Mapping[Cell, float],
    now: Mapping[Cell, float],
) -> list[ClassChange]:
    """Which classes change: taken out one by one, the worst first, until none makes the choosing trips worse."""
    seconds: defaultdict[int, float] = defaultdict(float)
    weighted: defaultdict[int, float] = defaultdict(float)
    trips: dict[int, set[str]] = {}
    for one in teaching:
        for cell, part in one.parts.items():
            seconds[cell[0]] += part
            weighted[cell[0]] += part / proposed[cell]
            trips.setdefault(cell[0], set()).add(one.trip_id)
    flat = [one for trip in choosing for one in trip]
    changed = set(seconds) if len(choosing) >= LEAST_CHOOSING else set()
    told: dict[int, tuple[float | None, float | None]] = {}
    while True:
        after = {cell: proposed[cell] if cell[0] in changed else now[cell] for cell in proposed}
        told = {}
        for kind in seconds:
            mine = [one for one in flat if _share(one, kind) >= JUDGED_SHARE]
            trial = after if kind in changed else after | {c: proposed[c] for c in proposed if c[0] == kind}
            without = after | {cell: now[cell] for cell in proposed if cell[0] == kind}
            told[kind] = (_log_error(mine, without), _log_error(mine, trial))
        worse = [
            (float("inf") if before is None or ahead is None else ahead - before, kind)
            for kind, (before, ahead) in told.items()
            if kind in changed and (before is None or ahead is None or ahead > before)
        ]
        if not worse:
            break
        changed.discard(max(worse)[1])
    return [
        ClassChange(
            road_class=ROAD_CLASSES[kind],
            factor=seconds[kind] / weighted[kind],
            trips=len(trips[kind]),
            seconds=float(seconds[kind]),
            before=told[kind][0],
            after=told[kind][1],
            changed=kind in changed,
        )
        for kind in sorted(seconds)
    ]


def _share(observation: Observation, kind: int) -> float:
    whole = observation.fixed_s + sum(observation.parts.values())
    return sum(part for cell, part in observation.parts.items() if cell[0] == kind) / whole


def _log_error(observations: Sequence[Observation], factor_of: Mapping[Cell, float]) -> float | None:
    if not observations:
        return None
    return float(np.median([abs(np.log(predicted_s(one, factor_of) / one.seconds)) for one in observations]))


def _errors(trips: Sequence[Sequence[Observation]], factor_of: Mapping[Cell, float]) -> Errors:
    driven = np.array([sum(one.seconds for one in trip) for trip in trips])
    told = np.array([sum(predicted_s(one, factor_of) for one in trip) for trip in trips])
    if not len(trips):
        return Errors(trips=0, median_s=0.0, p90_s=0.0, bias_s=0.0, median_share=0.0)
    off: Float64Array = told - driven
    return Errors(
        trips=len(trips),
        median_s=float(np.median(np.abs(off))),
        p90_s=float(np.percentile(np.abs(off), 90)),
        bias_s=float(np.median(off)),
        median_share=float(np.median(np.abs(off) / driven)),
    )


# --- tables ------------------------------------------------------------------------------------------------------


def _believed(factor: float | None, now: float) -> float:
    # As the table of factors keeps it.
    return now if factor is None else float(np.float32(round(float(np.clip(factor, LEAST_FACTOR, MOST_FACTOR)), 4)))


def _in_force(in_force: SpeedFactors | None, kecamatan: Sequence[str], bin_of_hour: UInt8Array) -> Float64Array:
    """(C, K, B) the factors that hold now, at the first hour of every bin; 1 where none do."""
    found = SpeedFactors.neutral(kecamatan, bin_of_hour).factor.astype(np.float64)
    if in_force is not None:
        place = {code: number for number, code in enumerate(in_force.kecamatan)}
        first = [int(np.flatnonzero(bin_of_hour == bin_)[0]) for bin_ in range(found.shape[2])]
        for area, code in enumerate(kecamatan):
            if code in place:
                found[:, area] = in_force.factor[:, place[code]][:, in_force.bin_of_hour[first]]
    return found


def _cells(
    model: SpeedModel, changed: set[int], kecamatan: Sequence[str], bin_names: Sequence[str]
) -> list[CellChange]:
    return [
        CellChange(
            road_class=ROAD_CLASSES[kind],
            kecamatan=kecamatan[area],
            bin=bin_names[bin_],
            factor=float(np.clip(one.factor, LEAST_FACTOR, MOST_FACTOR)),
            low=one.low,
            high=one.high,
            trips=one.trips,
            thin=_is_thin(one),
        )
        for (kind, area, bin_), one in sorted(model.cells.items())
        if kind in changed and area >= 0
    ]


def _is_thin(one: CellEstimate) -> bool:
    return one.trips < THIN_TRIPS or one.high / one.low > THIN_WIDTH


def _table(
    model: SpeedModel, changed: set[int], held: Float64Array, kecamatan: Sequence[str], bin_of_hour: UInt8Array
) -> SpeedFactors:
    """Every cell of the classes that change; those nobody passed have their class's factor at that time, or at all."""
    factor = held.astype(np.float32)
    for kind in changed:
        for area in range(factor.shape[1]):
            for bin_ in range(factor.shape[2]):
                factor[kind, area, bin_] = _believed(model.factor((kind, area, bin_)), 1.0)
    return SpeedFactors(factor=factor, kecamatan=tuple(kecamatan), bin_of_hour=bin_of_hour)


def _unchanged(one: ClassChange) -> ClassChange:
    return ClassChange(
        road_class=one.road_class, factor=one.factor, trips=one.trips, seconds=one.seconds, before=one.before,
        after=one.after, changed=False,
    )  # fmt: skip


def _warnings(choosing: int, cells: Sequence[CellChange], model: SpeedModel) -> list[str]:
    found = []
    if choosing < LEAST_CHOOSING:
        found.append(
            f"Only {choosing} trips are left to choose by, and at least {LEAST_CHOOSING} are needed, "
            "so nothing is proposed."
        )
    thin = sum(one.thin for one in cells)
    if thin:
        found.append(
            f"{thin} of {len(cells)} factors rest on fewer than {THIN_TRIPS} trips or are uncertain; "
            "they stay near their class."
        )
    beyond = sum(one.factor < LEAST_FACTOR or one.factor > MOST_FACTOR for one in model.cells.values())
    if beyond:
        found.append(f"{beyond} factors lay outside {LEAST_FACTOR:g} to {MOST_FACTOR:g} and were held at these limits.")
    return found


def _too_few(used: int, excluded: Counter[str]) -> str:
    reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(excluded.items()))
    if not used and not excluded:
        return "There are no trips from dispatch to arrival on scene in this time; choose a longer one."
    return (
        f"Only {used} trips can be used ({reasons or 'none was left out'}), and at least {LEAST_TRIPS} are needed; "
        "choose a longer time."
    )


def report_json(report: LearningReport) -> dict[str, Any]:
    """Ready for JSON; `siaga112 learn adopt` reads it again."""

    def errors(one: Errors) -> dict[str, Any]:
        return {
            "trips": one.trips,
            "median_s": round(one.median_s, 1),
            "p90_s": round(one.p90_s, 1),
            "bias_s": round(one.bias_s, 1),
            "median_share": round(one.median_share, 4),
        }

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "since": None if report.since is None else report.since.isoformat(),
        "until": None if report.until is None else report.until.isoformat(),
        "trips": report.trips,
        "choosing": report.choosing,
        "held_out": report.held_out,
        "by_trace": report.by_trace,
        "excluded": dict(report.excluded),
        "before": errors(report.before),
        "after": errors(report.after),
        "noise": round(report.noise, 4),
        "trip_spread": round(report.trip_spread, 4),
        "classes": [
            {
                "road_class": one.road_class,
                "factor": round(one.factor, 4),
                "trips": one.trips,
                "seconds": round(one.seconds),
                "before": rounded(one.before),
                "after": rounded(one.after),
                "changed": one.changed,
            }
            for one in report.classes
        ],
        "cells": [
            {
                "road_class": one.road_class,
                "kecamatan": one.kecamatan,
                "bin": one.bin,
                "factor": round(one.factor, 4),
                "low": round(one.low, 4),
                "high": round(one.high, 4),
                "trips": one.trips,
                "thin": one.thin,
            }
            for one in report.cells
        ],
        "warnings": list(report.warnings),
        "factors": report.factors.to_json(),
    }
