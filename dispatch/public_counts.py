"""What anybody may know: incidents per kecamatan, month and category, with small numbers withheld for good.

The rule, for one month, from the top down:

1. A number below `LEAST` is withheld, zero among them.
2. A kecamatan with `LEAST` or more incidents has its total shown. The total of the region is shown where it is `LEAST`
   or more and the totals that are withheld under it are a *wide* group, or there are none.
3. A kecamatan whose total is shown is split up by category where the categories that are withheld are a wide group, or
   there are none. Else it is not split up at all: one category that is shown would tell what is left for the others.

A group of withheld numbers is known by its sum, the total without what is shown. It is wide where that sum says nothing
of any one of them: there are at least two, the sum is at least 4, and at most 4 for each but one. Then each may still
be anything from 0 to 4 (the others take up the rest), and no two groups share a number, so nothing else narrows it.

Nothing is withheld for the sake of something else by a choice that depends on sizes, so who knows this rule learns no
more than who does not: for every table shown, and every number withheld in it, there are months that would be shown in
just the same way in which that number is 0, and others in which it is 4 or more. `tests/unit/test_public_counts.py`
proves it by trying all small tables, and solves the equations of larger ones.

A year is the sum of its months, shown only where every month is: it says nothing that the months do not. There are no
totals by category over kecamatan, for they would cross the groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEAST: Final = 5
"""Smaller numbers are withheld."""
_MOST_SMALL: Final = LEAST - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRow:
    """One kecamatan in a month; None is withheld.

    Attributes
    ----------
    area
        Code of the kecamatan.
    total
        Of all categories.
    cells
        Incidents by category, in the table's order.
    """

    area: str
    total: int | None
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTable:
    """One month as anybody may see it.

    Attributes
    ----------
    categories
        Ids, in the order of the cells.
    rows
        Kecamatan in their order.
    total
        Of the region; None is withheld.
    """

    categories: tuple[str, ...]
    rows: tuple[PublicRow, ...]
    total: int | None


def public_table(
    counts: Mapping[tuple[str, str], int], *, areas: Sequence[str], categories: Sequence[str]
) -> PublicTable:
    """Withhold what is small in a month, and what would give it away.

    Parameters
    ----------
    counts
        Incidents by kecamatan and category; what is missing is 0.
    areas, categories
        In the order of the table.

    Raises
    ------
    ValueError
        A count that is negative, or of an area or category that is not listed.
    """
    if any(count < 0 for count in counts.values()):
        raise ValueError("a count is negative")
    if strange := set(counts) - {(area, category) for area in areas for category in categories}:
        raise ValueError(f"counts of what is not listed: {sorted(strange)[:3]}")
    table = [[counts.get((area, category), 0) for category in categories] for area in areas]
    totals = [sum(cells) for cells in table]
    return PublicTable(
        categories=tuple(categories),
        rows=tuple(_row(area, cells) for area, cells in zip(areas, table, strict=True)),
        total=sum(totals) if sum(totals) >= LEAST and _may_be_split_up(totals) else None,
    )


def year_of(months: Sequence[int | None]) -> int | None:
    """The sum of all months of a year; withheld where any of them is."""
    known = [one for one in months if one is not None]
    return sum(known) if len(known) == len(months) else None


def _row(area: str, cells: Sequence[int]) -> PublicRow:
    total = sum(cells)
    is_shown = total >= LEAST
    is_split = is_shown and _may_be_split_up(cells)
    return PublicRow(
        area=area,
        total=total if is_shown else None,
        cells=tuple(count if is_split and count >= LEAST else None for count in cells),
    )


def _may_be_split_up(parts: Sequence[int]) -> bool:
    """Whether their sum and those that are shown say nothing of any one that is withheld."""
    withheld = [one for one in parts if one < LEAST]
    return not withheld or _MOST_SMALL <= sum(withheld) <= _MOST_SMALL * (len(withheld) - 1)
