"""Where people are: pieces of road with the people who live along them, grouped by village and kecamatan.

A village is not its centroid: its people stand on its roads, so travel times to them are a distribution. A road node,
a village's middle or any other point serves as well, as one piece.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.errors import N_
from planning.errors import PlanningInputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A village or kecamatan of a plan: code, name, and the code of the area it belongs to."""

    code: str
    name: str
    parent_code: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """People on m pieces of road in v villages.

    Attributes
    ----------
    villages
        (v,) in the order of `piece_village`.
    people
        (v,) people of each village; NaN where nobody counted them.
    piece_village
        (m,) number of the village of each piece.
    piece_people
        (m,) people on each piece; the pieces of a village add up to its people.
    """

    villages: tuple[Area, ...]
    people: FloatArray
    piece_village: IntArray
    piece_people: FloatArray

    @property
    def village_count(self) -> int:
        """Number of villages v."""
        return len(self.villages)

    @property
    def piece_count(self) -> int:
        """Number of pieces m."""
        return len(self.piece_village)

    @property
    def uncounted(self) -> tuple[Area, ...]:
        """Villages whose people nobody counted."""
        return tuple(self.villages[number] for number in np.flatnonzero(np.isnan(self.people)).tolist())

    @property
    def unserved(self) -> tuple[Area, ...]:
        """Villages with people and without any piece of road: no time can be told for them."""
        has = np.bincount(self.piece_village, minlength=self.village_count) > 0
        return tuple(self.villages[number] for number in np.flatnonzero(~has & (self.people > 0)).tolist())

    @classmethod
    def spread(
        cls,
        *,
        villages: tuple[Area, ...],
        people: FloatArray,
        piece_village: IntArray,
        piece_length_m: FloatArray,
        populated: BoolArray,
    ) -> Demand:
        """Spread the people of each village evenly over its populated roads.

        Parameters
        ----------
        villages, people
            (v,) the villages and their people, NaN where nobody counted them.
        piece_village
            (m,) number of the village of each piece; negative for pieces outside all of them, which are left out.
        piece_length_m
            (m,) metres.
        populated
            (m,) whether people live along a piece: not along motorways and ramps. A village with no such road has its
            people on all its roads.

        Raises
        ------
        PlanningInputError
            Arrays that do not match, negative or infinite people or lengths, or no people at all.
        """
        people = np.asarray(people, dtype=np.float64)
        length = np.asarray(piece_length_m, dtype=np.float64)
        village = np.asarray(piece_village, dtype=np.int64)
        if people.shape != (len(villages),) or not len(village) == len(length) == len(populated):
            raise PlanningInputError(N_("Villages, people and pieces of road do not match in number."))
        if (people < 0).any() or np.isinf(people).any() or not (np.isfinite(length) & (length >= 0)).all():
            raise PlanningInputError(
                N_("People or lengths of road are negative or without end; mend the table they come from.")
            )
        if not np.nansum(people) > 0:
            raise PlanningInputError(
                N_("No village has any people; build the region with a table of population (--population).")
            )
        inside = village >= 0
        count = len(villages)
        lived = inside & np.asarray(populated, dtype=np.bool_)
        has_lived = np.bincount(village[lived], weights=length[lived], minlength=count) > 0
        used = np.flatnonzero(inside & (length > 0) & (lived | ~has_lived[np.where(inside, village, 0)]))
        owner = village[used]
        total = np.bincount(owner, weights=length[used], minlength=count)
        share = length[used] / total[owner]
        return cls(
            villages=villages,
            people=people,
            piece_village=owner,
            piece_people=np.nan_to_num(people)[owner] * share,
        )

    @classmethod
    def points(cls, villages: tuple[Area, ...], people: FloatArray) -> Demand:
        """One piece per village: everybody at one point."""
        people = np.asarray(people, dtype=np.float64)
        return cls(
            villages=villages, people=people, piece_village=np.arange(len(villages)), piece_people=np.nan_to_num(people)
        )
