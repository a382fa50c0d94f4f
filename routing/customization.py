"""Putting the milliseconds of one metric on a hierarchy: quick work, so that a closed bridge is closed at once.

From the lowest rank to the highest, the way between a rank and each of its higher neighbours is the least of the arc
between them and of the ways by each rank below both (Dibbelt, Strasser and Wagner 2016, the basic customization; the
perfect one, which finds the pairs that no shortest way needs, costs more than this and would spare a label and a sweep
a sixth; docs/travel-times.md has the figures). Branches of the elimination tree that do not lie above each other are
worked on at once, then what lies above them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.elimination import Elimination
from routing.network import Int32Array, Int64Array
from routing.parallel import in_parts, workers

PARTS_PER_WORKER = 8
LEAST_PART = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """How a hierarchy is customized; the same for every metric.

    Attributes
    ----------
    up_depth
        (M,) depth of each higher neighbour.
    run_offset, run_first
        Ragged: where a run of higher neighbours without a gap in depth begins, for ranks of many.
    lowest
        (S,) the lowest rank below each.
    low_offset, low_tail, low_slot
        Ragged: the lower neighbours of each rank, and their places among the higher neighbours of those.
    parts
        Ranks, rising, of branches that can be worked on at once.
    top
        All other ranks, rising.
    """

    up_depth: Int32Array
    run_offset: Int64Array
    run_first: Int32Array
    lowest: Int32Array
    low_offset: Int64Array
    low_tail: Int32Array
    low_slot: Int32Array
    parts: tuple[Int32Array, ...]
    top: Int32Array

    @classmethod
    def of(cls, tree: Elimination, *, most: int | None = None) -> Plan:
        """Plan for an elimination, in parts of at most so many ranks (by default as suits the processors)."""
        from routing.customization_kernels import runs
        from routing.elimination_kernels import branches, lower_neighbours, lowest

        up_depth = tree.depth[tree.up_head]
        run_offset, run_first = runs(tree.up_offset, up_depth)
        low_offset, low_tail, low_slot = lower_neighbours(tree.up_offset, tree.up_head)
        most = most or max(LEAST_PART, len(tree.parent) // (PARTS_PER_WORKER * workers()))
        root = branches(tree.parent, most)
        ranks = np.flatnonzero(root >= 0).astype(np.int32)
        # Small branches that follow each other make one part.
        roots, branch, size = np.unique(root[ranks], return_inverse=True, return_counts=True)
        part = ((np.cumsum(size) - 1) // most)[branch] if len(roots) else branch
        by_part = np.argsort(part, kind="stable")
        ends = np.cumsum(np.bincount(part))[:-1]
        return cls(
            up_depth=up_depth,
            run_offset=run_offset,
            run_first=run_first,
            lowest=lowest(tree.parent),
            low_offset=low_offset,
            low_tail=low_tail,
            low_slot=low_slot,
            parts=tuple(np.split(ranks[by_part], ends)),
            top=np.flatnonzero(root < 0).astype(np.int32),
        )


def customized(tree: Elimination, plan: Plan, arc_ms: Int32Array) -> tuple[Int32Array, Int32Array]:
    """(M,) milliseconds up and down between every rank and its higher neighbours; `NEVER_MS` where there is no way.

    Parameters
    ----------
    tree, plan
        Of one hierarchy.
    arc_ms
        (A,) milliseconds of every arc, `NEVER_MS` where it is closed.
    """
    from routing.customization_kernels import customize, put_arcs

    up_ms, down_ms = np.empty(len(tree.up_head), dtype=np.int32), np.empty(len(tree.up_head), dtype=np.int32)
    put_arcs(tree.arc_slot, arc_ms, up_ms, down_ms)
    height = int(tree.depth.max(initial=0)) + 1

    def work_on(ranks: Int32Array) -> None:
        customize(
            tree.up_offset, plan.up_depth, plan.run_offset, plan.run_first,
            plan.low_offset, plan.low_tail, plan.low_slot, ranks, height, up_ms, down_ms,
        )  # fmt: skip

    in_parts(len(plan.parts), lambda part, _: work_on(plan.parts[part]), size=1)
    work_on(plan.top)
    return up_ms, down_ms
