"""The response standard measured on what was recorded: incidents without a time are counted, never dropped.

Of a village with n incidents, k of them with a recorded arrival and w of those in time, the share in time is known only
to lie between w / n (had all others been late) and (w + n - k) / n (had all been in time). Both are told beside w / k.
Quantiles are the least recorded time that the share of the recorded ones does not exceed, and so are recorded times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.coverage import MEDIAN, P90
from planning.demand import Area
from planning.errors import PlanningInputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFigures:
    """Responses in an area.

    Attributes
    ----------
    area
        Village, kecamatan or region.
    incidents, recorded, impossible
        All; with a usable arrival; with an arrival before the report, which counts as not recorded.
    in_time
        Recorded within the standard.
    mean_s, median_s, p90_s
        Of the recorded; NaN where there is none.
    """

    area: Area
    incidents: int
    recorded: int
    impossible: int
    in_time: int
    mean_s: float
    median_s: float
    p90_s: float

    @property
    def missing(self) -> int:
        """Incidents without a usable arrival."""
        return self.incidents - self.recorded

    @property
    def share(self) -> float:
        """In time of the recorded; NaN where there is none."""
        return self.in_time / self.recorded if self.recorded else float("nan")

    @property
    def least_share(self) -> float:
        """In time of all, had every incident without a time been late."""
        return self.in_time / self.incidents if self.incidents else float("nan")

    @property
    def most_share(self) -> float:
        """In time of all, had every incident without a time been in time."""
        return (self.in_time + self.missing) / self.incidents if self.incidents else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseReport:
    """The standard by area.

    Attributes
    ----------
    within_s
        The standard.
    region
        All incidents, those of unknown villages among them.
    kecamatan, villages
        By code.
    nowhere
        Incidents whose village is not known; they are part of the region alone.
    """

    within_s: float
    region: ResponseFigures
    kecamatan: tuple[ResponseFigures, ...]
    villages: tuple[ResponseFigures, ...]
    nowhere: int


def response_report(
    response_s: FloatArray,
    village: Sequence[str | None],
    within_s: float,
    *,
    region: Area,
    kecamatan: Sequence[Area],
    villages: Sequence[Area],
) -> ResponseReport:
    """Figures of every area.

    Parameters
    ----------
    response_s
        (n,) seconds from the first report to the first unit on scene; NaN where not recorded; negative is impossible.
    village
        (n,) code of the village, of the kecamatan where no more is known, or None.
    within_s
        The standard.
    region, kecamatan, villages
        The areas.

    Raises
    ------
    PlanningInputError
        A standard that is not positive, or lists of different length.
    """
    response = np.asarray(response_s, dtype=np.float64)
    if not 0 < within_s < float("inf"):
        raise PlanningInputError(
            N_("The standard is {seconds} seconds; it must be more than 0, such as 900 for 15 minutes."),
            seconds=within_s,
        )
    if response.shape != (len(village),):
        raise PlanningInputError(N_("Response times and villages do not match in number."))
    parent = {area.code: area.parent_code for area in villages} | {area.code: area.code for area in kecamatan}
    codes = np.array(["" if code is None else code for code in village], dtype=object)
    parents = np.array([parent.get(code, "") for code in codes], dtype=object)
    return ResponseReport(
        within_s=within_s,
        region=response_figures(region, response, within_s),
        kecamatan=tuple(
            response_figures(area, response[parents == area.code], within_s)
            for area in sorted(kecamatan, key=lambda one: one.code)
        ),
        villages=tuple(
            response_figures(area, response[codes == area.code], within_s)
            for area in sorted(villages, key=lambda one: one.code)
        ),
        nowhere=int((parents == "").sum()),
    )


def response_figures(area: Area, response_s: FloatArray, within_s: float) -> ResponseFigures:
    """Figures of one area.

    Parameters
    ----------
    area
        Village, kecamatan or region.
    response_s
        (n,) as for `response_report`.
    within_s
        The standard; NaN where there is none, and then nothing is in time.
    """
    response = np.asarray(response_s, dtype=np.float64)
    known = np.sort(response[response >= 0])
    return ResponseFigures(
        area=area,
        incidents=len(response),
        recorded=len(known),
        impossible=int((response < 0).sum()),
        in_time=int((known <= within_s).sum()),
        mean_s=float(known.mean()) if len(known) else float("nan"),
        median_s=_quantile(known, MEDIAN),
        p90_s=_quantile(known, P90),
    )


def _quantile(ordered: FloatArray, share: float) -> float:
    if not len(ordered):
        return float("nan")
    return float(ordered[max(int(np.ceil(share * len(ordered) - 1e-9)) - 1, 0)])
