"""What the public is shown says nothing of what it is not shown, not even to who knows the rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from dispatch.public_counts import LEAST, PublicTable, public_table, year_of

AREAS = ("32.09.01", "32.09.02", "32.09.03", "32.09.04", "32.09.05")
CATEGORIES = ("medical", "fire", "flood", "animal", "wind", "security")
SMALL = set(range(LEAST))

# Mostly small, as real months are, and sometimes busy.
COUNT = st.one_of(st.integers(0, 4), st.integers(0, 4), st.integers(0, 30))


def table_of(cells: tuple[int, ...], areas: tuple[str, ...], categories: tuple[str, ...]) -> PublicTable:
    keys = [(area, category) for area in areas for category in categories]
    return public_table(dict(zip(keys, cells, strict=True)), areas=areas, categories=categories)


def tables_up_to(number: int, most: int) -> Iterator[tuple[int, ...]]:
    """All tables of so many cells whose sum is at most so much."""
    if number == 0:
        yield ()
        return
    for first in range(most + 1):
        for rest in tables_up_to(number - 1, most - first):
            yield (first, *rest)


def least_room(table: PublicTable) -> int:
    """The greatest month that would be shown like this has at most so many incidents, where it is not told."""
    return table.total or sum(row.total if row.total is not None else LEAST - 1 for row in table.rows)


@pytest.mark.parametrize(("areas", "categories", "most"), [(1, 3, 20), (1, 4, 16), (3, 1, 20), (2, 2, 14)])
def test_every_withheld_number_may_be_anything_small_for_who_knows_the_rule(
    areas: int, categories: int, most: int
) -> None:
    of, by = AREAS[:areas], CATEGORIES[:categories]
    alike: dict[PublicTable, list[tuple[int, ...]]] = defaultdict(list)
    for cells in tables_up_to(areas * categories, most):
        alike[table_of(cells, of, by)].append(cells)
    tried = 0
    for table, worlds in alike.items():
        if least_room(table) > most:
            continue  # some months that look like this were not tried
        numbers = np.array(worlds).reshape(-1, areas, categories)
        for place, row in enumerate(table.rows):
            if row.total is None:
                assert set(numbers[:, place].sum(axis=1).tolist()) == SMALL, table
                tried += 1
            for which, shown in enumerate(row.cells):
                if shown is None:
                    possible = numbers[:, place, which]
                    assert possible.min() == 0, table
                    assert possible.max() >= LEAST - 1, table
                    tried += 1
                else:
                    assert set(numbers[:, place, which].tolist()) == {shown}
    assert tried > 40


@settings(deadline=None)
@given(
    st.lists(st.lists(COUNT, min_size=30, max_size=30), min_size=1, max_size=3),
    st.integers(0, 29),
)
def test_solving_all_equations_of_a_year_narrows_no_withheld_number(months: list[list[int]], cell: int) -> None:
    tables = [table_of(tuple(one), AREAS, CATEGORIES) for one in months]
    width = len(CATEGORIES)
    equations: list[np.ndarray] = []
    sums: list[int] = []

    def told(numbers: list[tuple[int, int, int]], total: int | None) -> None:
        if total is not None:
            row = np.zeros((len(months), len(AREAS), width))
            for month, area, which in numbers:
                row[month, area, which] = 1
            equations.append(row.ravel())
            sums.append(total)

    for month, table in enumerate(tables):
        told([(month, area, which) for area in range(len(AREAS)) for which in range(width)], table.total)
        for area, row in enumerate(table.rows):
            told([(month, area, which) for which in range(width)], row.total)
            for which, shown in enumerate(row.cells):
                told([(month, area, which)], shown)
    everywhere = range(len(months))
    told([(m, a, c) for m in everywhere for a in range(len(AREAS)) for c in range(width)],
         year_of([one.total for one in tables]))  # fmt: skip
    for area in range(len(AREAS)):
        told(
            [(m, area, c) for m in everywhere for c in range(width)], year_of([one.rows[area].total for one in tables])
        )
        for which in range(width):
            told([(m, area, which) for m in everywhere], year_of([one.rows[area].cells[which] for one in tables]))

    def most(row_is_small: bool, shown: int | None) -> float | None:
        return LEAST - 1 if row_is_small and shown is None else None

    bounds = [
        (0, most(row.total is None or any(one is not None for one in row.cells), shown))
        for table in tables
        for row in table.rows
        for shown in row.cells
    ]
    for month, table in enumerate(tables):
        if table.rows[cell // width].cells[cell % width] is not None:
            continue
        aim = np.zeros(len(bounds))
        aim[month * 30 + cell] = 1
        for sign, wanted in ((1, 0), (-1, LEAST - 1)):
            found = linprog(
                sign * aim, A_eq=np.array(equations) if equations else None, b_eq=sums or None, bounds=bounds
            )
            if found.status == 3:  # nothing bounds it from above
                continue
            assert found.status == 0, found.message
            assert sign * found.fun <= wanted if sign > 0 else -found.fun >= wanted - 1e-7, (tables, month, cell)


@given(st.lists(COUNT, min_size=30, max_size=30))
def test_what_is_shown_is_true_and_never_small(cells: list[int]) -> None:
    table = table_of(tuple(cells), AREAS, CATEGORIES)
    assert table.total in (None, sum(cells))
    for place, row in enumerate(table.rows):
        own = cells[place * 6 : place * 6 + 6]
        assert row.total == (sum(own) if sum(own) >= LEAST else None)
        for shown, true in zip(row.cells, own, strict=True):
            assert shown is None or shown == true >= LEAST


def test_a_kecamatan_is_split_up_only_where_the_rest_is_wide() -> None:
    def split(*cells: int) -> tuple[int | None, ...]:
        return table_of(cells, AREAS[:1], CATEGORIES[: len(cells)]).rows[0].cells

    assert split(12, 7, 9) == (12, 7, 9)
    assert split(12, 1, 0) == (None, None, None)  # 13 in all: the two others would be known to be 0 or 1
    assert split(12, 4) == (None, None)  # 16 - 12
    assert split(12, 3, 1) == (12, None, None)
    assert split(12, 4, 4) == (None, None, None)  # both would be known to be 4


def test_a_year_is_shown_only_where_every_month_is() -> None:
    assert year_of([5, 6, 7]) == 18
    assert year_of([5, None, 7]) is None


def test_counts_of_what_is_not_listed_are_refused() -> None:
    with pytest.raises(ValueError, match="not listed"):
        public_table({("32.09.99", "fire"): 3}, areas=AREAS, categories=CATEGORIES)
    with pytest.raises(ValueError, match="negative"):
        public_table({(AREAS[0], "fire"): -1}, areas=AREAS, categories=CATEGORIES)
