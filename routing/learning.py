"""Learning speeds from trips: the report, with what it would change and whether that tells other trips better.

All trips teach. A class of roads whose times on trips that did not teach it would be told worse keeps its speed, and
the error that is reported is that of trips nobody looked at, by cross-fitting (`routing.learning_folds`). A report
changes nothing; factors come into force by a decision that is logged (`siaga112 learn adopt`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from gis.errors import N_, InputError
from routing.learning_folds import FOLDS, Believe, CrossFit, Verdicts
from routing.learning_model import Cell, CellEstimate, SpeedModel, widened
from routing.learning_trips import ReadTrip
from routing.network import ROAD_CLASSES, Float64Array, UInt8Array
from routing.speed_factors import HOURS, HOURS_PER_DAY, SpeedFactors

LEAST_FACTOR, MOST_FACTOR = 0.2, 3.0
"""Factors beyond these are not believed, and never adopted."""
LEAST_TRIPS: Final = 20
THIN_TRIPS: Final = 5
THIN_WIDTH: Final = 1.5
"""A cell with fewer trips than the one, or whose interval spans more than this ratio, is called thin."""

REMARKS: Final[Mapping[str, str]] = {
    "whole_worse": N_("The trips as a whole would be told worse, so nothing is proposed."),
    "judged_worse": N_("The trips would be told worse: look twice before these speeds are adopted."),
    "taught": N_("Trips until {day} taught the speeds in force, which look better on them than they are."),
    "thin": N_("{thin} of {factors} factors rest on fewer than {trips} trips or are uncertain; they stay near their "
               "class."),
    "held": N_("{factors} factors lay outside {least} to {most} and were held at these limits."),
}  # fmt: skip
"""What a report may remark, by its code."""

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


class TooFewTripsError(InputError):
    """So few trips can be used that nothing can be said of speeds.

    Parameters
    ----------
    used
        How many can be used.
    excluded
        How many cannot, by the reason.
    reasons
        The same in words; in English where they are not given.
    """

    def __init__(self, used: int, excluded: Mapping[str, int], reasons: str | None = None) -> None:
        self.used, self.excluded = used, dict(sorted(excluded.items()))
        if not used and not excluded:
            super().__init__(
                N_("There are no trips from dispatch to arrival on scene in this time; choose a longer one.")
            )
            return
        told = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in self.excluded.items())
        super().__init__(
            N_("Only {used} trips can be used (left out: {reasons}), and at least {least} are needed; choose a longer "
               "time."),
            used=used,
            reasons=reasons or told or "0",
            least=LEAST_TRIPS,
        )  # fmt: skip


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
        Median of the absolute log error of parts of trips on it, told without them; None where there was none.
    changed
        Whether it changes; not where trips that did not teach it would be told worse, or none is there to tell.
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
    trips, by_trace
        Used, and how many of them gave positions on their way.
    excluded
        Trips by the reason why they were not used.
    before, after
        Errors of all trips under the factors in force, and under what was learnt and chosen without them.
    classes, cells
        What would change.
    factors
        The proposed factors.
    noise, trip_spread
        Standard deviations of a part of a trip and of a whole trip, in log seconds.
    remarks
        What to know before they are adopted.
    """

    since: datetime | None
    until: datetime | None
    trips: int
    by_trace: int
    excluded: Mapping[str, int]
    before: Errors
    after: Errors
    classes: tuple[ClassChange, ...]
    cells: tuple[CellChange, ...]
    factors: SpeedFactors
    noise: float
    trip_spread: float
    remarks: tuple[Remark, ...]

    @property
    def changes(self) -> bool:
        """Whether any speed would change."""
        return any(one.changed for one in self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to know before speeds are adopted; `REMARKS` has the sentence of its code, `values` what it names."""

    code: str
    values: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """In English."""
        return REMARKS[self.code].format(**self.values)


def learn(
    trips: Sequence[ReadTrip],
    *,
    kecamatan: Sequence[str],
    bin_of_hour: UInt8Array,
    bin_names: Sequence[str] = BINS,
    in_force: SpeedFactors | None = None,
    taught_until: datetime | None = None,
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
    in_force, taught_until
        Factors that hold now (None for none), and until when trips taught them (None where that is not known).
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
        raise TooFewTripsError(len(used), excluded)
    held_now = _in_force(in_force, kecamatan, bin_of_hour)
    # Roads in no kecamatan keep their speed: the table has no row for them.
    now = {
        cell: float(held_now[cell]) if cell[1] >= 0 else 1.0
        for cell in {cell for one in used for observation in one.observations for cell in observation.parts}
    }

    def believe(model: SpeedModel, cell: Cell) -> float:
        return _believed(model.factor(cell), now[cell]) if cell[1] >= 0 else 1.0

    folds = CrossFit([one.observations for one in used], now, believe)
    driven, told_now, told_after = folds.judged()
    verdicts = folds.verdicts()
    model = widened(folds.model(), [folds.model(fold) for fold in range(FOLDS)])
    before, after = _errors(told_now - driven, driven), _errors(told_after - driven, driven)
    shown = _cells(model, verdicts.changed, kecamatan, bin_names)
    remarks = []
    if verdicts.whole_worse:
        remarks.append(Remark(code="whole_worse"))
    elif verdicts.changed and after.median_s > before.median_s:
        remarks.append(Remark(code="judged_worse"))
    if in_force is not None and taught_until is not None and since is not None and since < taught_until:
        remarks.append(Remark(code="taught", values={"day": taught_until.date().isoformat()}))
    return LearningReport(
        since=since,
        until=until,
        trips=len(used),
        by_trace=sum(one.by_trace for one in used),
        excluded=dict(sorted(excluded.items())),
        before=before,
        after=after,
        classes=_classes(used, folds.model(), verdicts, believe),
        cells=tuple(shown),
        factors=_table(model, verdicts.changed, held_now, kecamatan, bin_of_hour),
        noise=model.noise,
        trip_spread=model.trip_spread,
        remarks=(*remarks, *_remarks(shown, model)),
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
            N_(
                "The factor of {road_class} in {kecamatan} is {factor}, outside {least} to {most}; make the report "
                "again."
            ),
            road_class=ROAD_CLASSES[kind],
            kecamatan=factors.kecamatan[area],
            factor=f"{float(factors.factor[kind, area, number]):g}",
            least=LEAST_FACTOR,
            most=f"{MOST_FACTOR:g}",
        )
    return factors


# --- tables ------------------------------------------------------------------------------------------------------


def _errors(off_s: Float64Array, driven_s: Float64Array) -> Errors:
    return Errors(
        trips=len(off_s),
        median_s=float(np.median(np.abs(off_s))),
        p90_s=float(np.percentile(np.abs(off_s), 90)),
        bias_s=float(np.median(off_s)),
        median_share=float(np.median(np.abs(off_s) / driven_s)),
    )


def _classes(
    used: Sequence[ReadTrip], model: SpeedModel, verdicts: Verdicts, believe: Believe
) -> tuple[ClassChange, ...]:
    seconds: defaultdict[int, float] = defaultdict(float)
    weighted: defaultdict[int, float] = defaultdict(float)
    trips: defaultdict[int, set[str]] = defaultdict(set)
    for trip in used:
        for one in trip.observations:
            for cell, part in one.parts.items():
                seconds[cell[0]] += part
                weighted[cell[0]] += part / believe(model, cell)
                trips[cell[0]].add(trip.trip_id)
    return tuple(
        ClassChange(
            road_class=ROAD_CLASSES[kind],
            factor=seconds[kind] / weighted[kind],
            trips=len(trips[kind]),
            seconds=float(seconds[kind]),
            before=one.before,
            after=one.after,
            changed=one.changed,
        )
        for kind, one in sorted(verdicts.classes.items())
    )


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
    model: SpeedModel, changed: Set[int], kecamatan: Sequence[str], bin_names: Sequence[str]
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
    model: SpeedModel, changed: Set[int], held: Float64Array, kecamatan: Sequence[str], bin_of_hour: UInt8Array
) -> SpeedFactors:
    """Every cell of the classes that change; those nobody passed have their class's factor at that time, or at all."""
    factor = held.astype(np.float32)
    for kind in changed:
        for area in range(factor.shape[1]):
            for bin_ in range(factor.shape[2]):
                factor[kind, area, bin_] = _believed(model.factor((kind, area, bin_)), 1.0)
    return SpeedFactors(factor=factor, kecamatan=tuple(kecamatan), bin_of_hour=bin_of_hour)


def _remarks(cells: Sequence[CellChange], model: SpeedModel) -> list[Remark]:
    found = []
    thin = sum(one.thin for one in cells)
    if thin:
        found.append(Remark(code="thin", values={"thin": thin, "factors": len(cells), "trips": THIN_TRIPS}))
    beyond = sum(one.factor < LEAST_FACTOR or one.factor > MOST_FACTOR for one in model.cells.values())
    if beyond:
        found.append(Remark(code="held", values={"factors": beyond, "least": LEAST_FACTOR, "most": MOST_FACTOR}))
    return found


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
        "choosing": report.trips,
        "held_out": report.trips,
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
        "warnings": [one.sentence for one in report.remarks],
        "remarks": [{"code": one.code, "values": dict(one.values)} for one in report.remarks],
        "factors": report.factors.to_json(),
    }
