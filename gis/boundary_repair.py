"""Slivers and overlaps between neighbouring polygons, mended without moving a border by more than 25 m.

All borders are noded on a grid of 1e-7 degrees and cut into faces. A face that no area covers is a gap, one that
several cover an overlap. Each such face goes whole to the claimant with the longest common border, if no border of
any area moves by more than the limit; where no claimant may have it whole, it is cut where the reach of the best
claimant ends and each piece is tried again. What still does not fit is left as it was and reported.

The movement of a border is the two-way Hausdorff distance between an area's old and new border: how far the
farthest point of either lies from the other. It is measured on the result (to 0.1 m, along every piece of
border that came or went), and a face whose change breaks the limit is put back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

GRID_DEG = 1e-7
"""Coordinates are rounded to this (about 1 cm), as in the rest of a region."""

MAX_MOVE_M = 25.0
WORKING_LIMIT_M = 24.8
"""Below `MAX_MOVE_M`, so that the scale of the projection (0.9996 and up) and sampling cannot push a border over."""

SAMPLES_M = (16.0, 2.0, 0.2)
"""Borders are measured at points this far apart, the closer the more depends on it; the last leaves 0.1 m unseen."""

CUT_ROUNDS = 2
"""Times that faults, and pieces of them, which fit no claimant whole are cut."""

CUT_TOLERANCE_M = 0.5
"""Cuts are simplified by this."""

CUT_SPACING_M = 10.0
"""A fault is cut into triangles with corners at most this far apart along its border."""

Geometries = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]
Coordinates = npt.NDArray[np.float64]
Owners = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPlane:
    """A projection and its inverse, each from (M, 2) to (M, 2): longitude and latitude, and metres."""

    to_metres: Callable[[Coordinates], Coordinates]
    to_degrees: Callable[[Coordinates], Coordinates]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftFault:
    """A gap or overlap that was not mended.

    Attributes
    ----------
    kind
        `gap` or `overlap`.
    areas
        Numbers of the areas beside the gap, or of those that overlap.
    area_m2
        Its area.
    lat, lon
        A point in it.
    """

    kind: str
    areas: Owners
    area_m2: float
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCount:
    """Gaps and overlaps of a set of polygons, counted as faces, with their areas."""

    gaps: int
    gap_m2: float
    overlaps: int
    overlap_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What `repair_coverage` made.

    Attributes
    ----------
    polygons
        (N,) repaired geometries in the order given.
    before, after
        Faults found and left.
    left
        Each fault that stayed.
    largest_move_m
        The farthest that any border moved, measured; 0 where nothing changed.
    moved_most
        Number of the area whose border moved the farthest, or None.
    cut_faces
        Faults that were cut between their claimants.
    """

    polygons: Geometries
    before: FaultCount
    after: FaultCount
    left: tuple[LeftFault, ...]
    largest_move_m: float
    moved_most: int | None
    cut_faces: int


def repair_coverage(polygons: Sequence[Any] | Geometries, plane: MetricPlane) -> Repair:
    """Mend gaps and overlaps between neighbouring polygons.

    Parameters
    ----------
    polygons
        (N,) valid polygons or multipolygons in longitude and latitude; of two with an equal claim the first wins.
    plane
        Metres of the region, by which borders are measured.
    """
    old = shapely.set_precision(np.asarray(polygons, dtype=object), GRID_DEG)
    old_lines = shapely.transform(shapely.boundary(old), plane.to_metres)
    shapely.prepare(old_lines)
    arrangement = _Arrangement.build(old, [], plane)
    before = arrangement.count(arrangement.cover)
    assignment = _Assignment(arrangement, old_lines)
    cuts: list[BaseGeometry] = []
    for _ in range(CUT_ROUNDS):
        new = [cut for face in assignment.misfits if (cut := _cut(arrangement, face, old_lines, plane)) is not None]
        if not new:
            break
        cuts += new
        arrangement = _Arrangement.build(old, cuts, plane)
        assignment = _Assignment(arrangement, old_lines)
    moves = assignment.moves_m
    moved_most = max(moves, key=lambda area: (moves[area], -area), default=None)
    return Repair(
        polygons=arrangement.polygons(assignment.owners, len(old)),
        before=before,
        after=arrangement.count(assignment.owners),
        left=arrangement.left(assignment.owners),
        largest_move_m=0.0 if moved_most is None else moves[moved_most],
        moved_most=moved_most,
        cut_faces=len(cuts),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Arrangement:
    """The plane cut into F faces by all borders, with the U pieces of border between them.

    Attributes
    ----------
    faces, faces_m
        (F,) polygons in degrees and in metres.
    cover
        For each face the areas that cover it, ascending.
    edge_xy
        (U, 4) x0, y0, x1, y1 in metres.
    edge_m
        (U,) lengths.
    edge_faces
        (U, 2) the faces on its two sides; the face after the last (number F) is the outside.
    face_edges
        For each face the numbers of its edges.
    """

    faces: Geometries
    faces_m: Geometries
    cover: list[Owners]
    edge_xy: Coordinates
    edge_m: Coordinates
    edge_faces: IntArray
    face_edges: list[IntArray]

    @classmethod
    def build(cls, polygons: Geometries, cuts: Sequence[Any], plane: MetricPlane) -> _Arrangement:
        lines = shapely.union_all([*shapely.boundary(polygons), *cuts], grid_size=GRID_DEG)
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
        inner = shapely.point_on_surface(faces)
        face, area = shapely.STRtree(polygons).query(inner, predicate="intersects")
        cover: list[list[int]] = [[] for _ in faces]
        for one_face, one_area in sorted(zip(face.tolist(), area.tolist(), strict=True)):
            cover[one_face].append(one_area)
        edges, edge_of, face_of = _edges_of(faces)
        edge_xy = plane.to_metres(edges.reshape(-1, 2)).reshape(-1, 4)
        return cls(
            faces=faces,
            faces_m=shapely.transform(faces, plane.to_metres),
            cover=[tuple(areas) for areas in cover],
            edge_xy=edge_xy,
            edge_m=np.hypot(edge_xy[:, 2] - edge_xy[:, 0], edge_xy[:, 3] - edge_xy[:, 1]),
            edge_faces=_sides(edge_of, face_of, len(edges), len(faces)),
            face_edges=_grouped(face_of, edge_of, len(faces)),
        )

    def beyond(self, face: int, edge: int, owners: Sequence[Owners]) -> Owners:
        """The owners of the face across an edge of a face; none for the outside."""
        one, other = self.edge_faces[edge]
        across = other if one == face else one
        return owners[across] if across < len(owners) else ()

    def common_m(self, face: int, owners: Sequence[Owners]) -> dict[int, float]:
        """The claimants of a fault: for each the metres of border where it carries on beyond the fault."""
        common: defaultdict[int, float] = defaultdict(float)
        for edge in self.face_edges[face]:
            for area in self.beyond(face, edge, owners):
                if not self.cover[face] or area in self.cover[face]:
                    common[area] += float(self.edge_m[edge])
        return dict(common)

    def polygons(self, owners: Sequence[Owners], area_count: int) -> Geometries:
        """(area_count,) geometries made of the faces that each area owns, on the grid."""
        faces_of: list[list[int]] = [[] for _ in range(area_count)]
        for face, areas in enumerate(owners):
            for area in areas:
                faces_of[area].append(face)
        joined = [shapely.coverage_union_all(self.faces[faces]) for faces in faces_of]
        return np.asarray(shapely.normalize(joined), dtype=object)

    def count(self, owners: Sequence[Owners]) -> FaultCount:
        area_m2 = shapely.area(self.faces_m)
        held = np.array([len(areas) for areas in owners])
        return FaultCount(
            gaps=int((held == 0).sum()),
            gap_m2=float(area_m2[held == 0].sum()),
            overlaps=int((held > 1).sum()),
            overlap_m2=float((area_m2 * np.maximum(held - 1, 0)).sum()),
        )

    def left(self, owners: Sequence[Owners]) -> tuple[LeftFault, ...]:
        """Faults under an assignment, the largest first."""
        found = []
        for face, areas in enumerate(owners):
            if len(areas) == 1:
                continue
            beside = {area for edge in self.face_edges[face] for area in self.beyond(face, edge, owners)}
            point = shapely.point_on_surface(self.faces[face])
            found.append(
                LeftFault(
                    kind="overlap" if areas else "gap",
                    areas=areas or tuple(sorted(beside)),
                    area_m2=float(shapely.area(self.faces_m[face])),
                    lat=round(point.y, 7),
                    lon=round(point.x, 7),
                )
            )
        return tuple(sorted(found, key=lambda fault: (-fault.area_m2, fault.lat, fault.lon)))


def _edges_of(faces: Geometries) -> tuple[Coordinates, IntArray, IntArray]:
    """Unique undirected edges (U, 4) in degrees; for each ring segment its edge and its face."""
    rings, face_of_ring = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    units = np.rint(xy / GRID_DEG).astype(np.int64)
    same_ring = ring[1:] == ring[:-1]
    start, end = units[:-1][same_ring], units[1:][same_ring]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    ends = np.where(swap[:, None], np.hstack([end, start]), np.hstack([start, end]))
    unique, edge_of = np.unique(ends, axis=0, return_inverse=True)
    return unique * GRID_DEG, edge_of.reshape(-1), face_of_ring[ring[:-1][same_ring]]


def _sides(edge_of: IntArray, face_of: IntArray, edge_count: int, outside: int) -> IntArray:
    """(U, 2) faces beside each edge; `outside` where there is none."""
    sides = np.full((edge_count, 2), outside, dtype=np.int64)
    order = np.argsort(edge_of, kind="stable")
    edge, face = edge_of[order], face_of[order]
    first = np.r_[True, edge[1:] != edge[:-1]]
    sides[edge[first], 0] = face[first]
    sides[edge[~first], 1] = face[~first]
    return sides


def _grouped(group: IntArray, value: IntArray, count: int) -> list[IntArray]:
    """The values of each group."""
    order = np.argsort(group, kind="stable")
    return np.split(value[order], np.cumsum(np.bincount(group, minlength=count))[:-1])


class _Assignment:
    """Who owns each face: faults go to the claimant with the longest common border that moves none too far."""

    def __init__(self, arrangement: _Arrangement, old_lines: Geometries) -> None:
        self.owners: list[Owners] = list(arrangement.cover)
        self.moves_m: dict[int, float] = {}
        self._arrangement = arrangement
        self._old_lines = old_lines
        self._old_edges = self._border_edges(arrangement.cover)
        faults = [face for face, areas in enumerate(arrangement.cover) if len(areas) != 1]
        self._claims: dict[int, list[int]] = {}
        while faults:  # pieces of a cut fault may touch no claimant but a piece that has gone to one
            self._claims |= self._claims_within_limit(faults)
            for face in faults:
                self._give_to_next(face)
            unowned = [face for face in faults if len(self.owners[face]) != 1]
            faults = unowned if len(unowned) < len(faults) else []
        self._take_back_what_moves_too_far()

    @property
    def misfits(self) -> list[int]:
        """Faults that went to no claimant."""
        return [face for face in self._claims if len(self.owners[face]) != 1]

    def _give_to_next(self, face: int) -> None:
        claims = self._claims[face]
        self.owners[face] = (claims.pop(0),) if claims else self._arrangement.cover[face]

    def _claims_within_limit(self, faults: Sequence[int]) -> dict[int, list[int]]:
        """For each fault the areas that may have it by the new border's distance from the old one, best first."""
        arrangement = self._arrangement
        common_m = {face: arrangement.common_m(face, self.owners) for face in faults}
        pairs = [(face, area) for face in faults for area in sorted({*arrangement.cover[face], *common_m[face]})]
        if not pairs:
            return {face: [] for face in faults}
        edges = [arrangement.face_edges[face] for face, _ in pairs]
        lines = np.repeat(self._old_lines[[area for _, area in pairs]], [len(one) for one in edges])
        reach_m = _reach_m(arrangement.edge_xy[np.concatenate(edges)], lines)
        parts = np.split(reach_m, np.cumsum([len(one) for one in edges])[:-1])
        fits = {pair: bool((part <= WORKING_LIMIT_M).all()) for pair, part in zip(pairs, parts, strict=True)}
        return {
            face: [
                area
                for area in _best_first(common_m[face])
                if all(fits[face, other] for other in _moved_by(area, arrangement.cover[face]))
            ]
            for face in faults
        }

    def _take_back_what_moves_too_far(self) -> None:
        """Measure every border that changed, and pass the faces that broke the limit to the next claimant."""
        unmeasured = {area for face in self._claims for area in self._areas_of(face)}
        while unmeasured:
            offending = self._measure(sorted(unmeasured))
            unmeasured = set()
            for face in offending:
                unmeasured |= self._areas_of(face)
                self._give_to_next(face)
                unmeasured |= self._areas_of(face)

    def _areas_of(self, face: int) -> set[int]:
        return {*self.owners[face], *self._arrangement.cover[face]}

    def _border_edges(self, owners: Sequence[Owners]) -> list[IntArray]:
        """For each area the edges that have it on one side only."""
        faces_of: list[list[int]] = [[] for _ in self._old_lines]
        for face, areas in enumerate(owners):
            for area in areas:
                faces_of[area].append(face)
        borders = []
        for faces in faces_of:
            edges = [self._arrangement.face_edges[face] for face in faces]
            edge, times = np.unique(np.concatenate(edges) if edges else np.zeros(0, np.int64), return_counts=True)
            borders.append(edge[times == 1])
        return borders

    def _measure(self, areas: Sequence[int]) -> list[int]:
        """Measure the borders of areas; the changed faces beside the places where one moved too far."""
        xy = self._arrangement.edge_xy
        new_edges = self._border_edges(self.owners)
        changed, lines, of_area = [], [], []
        for area in areas:
            old, new = self._old_edges[area], new_edges[area]
            new_line = shapely.multilinestrings(list(xy[new].reshape(-1, 2, 2)))
            shapely.prepare(new_line)
            for edges, line in (
                (np.setdiff1d(new, old, assume_unique=True), self._old_lines[area]),
                (np.setdiff1d(old, new, assume_unique=True), new_line),
            ):
                changed.append(edges)
                lines += [line] * len(edges)
                of_area += [area] * len(edges)
        edge = np.concatenate(changed)
        self.moves_m.update(dict.fromkeys(areas, 0.0))
        if len(edge) == 0:
            return []
        reach_m = _reach_m(xy[edge], np.array(lines, dtype=object))
        for area, one_m in zip(of_area, reach_m.tolist(), strict=True):
            self.moves_m[area] = max(self.moves_m[area], one_m)
        beside = np.unique(self._arrangement.edge_faces[edge[reach_m > WORKING_LIMIT_M]])
        cover = self._arrangement.cover
        return [face for face in beside.tolist() if face < len(cover) and self.owners[face] != cover[face]]


def _best_first(common_m: Mapping[int, float]) -> list[int]:
    """Claimants by the length of their common border with a fault, the longest first."""
    return sorted(common_m, key=lambda area: (-common_m[area], area))


def _moved_by(winner: int, areas: Owners) -> list[int]:
    """The areas whose border changes when a fault goes to one: the losers of an overlap, the winner of a gap."""
    return [area for area in areas if area != winner] or [winner]


def _cut(arrangement: _Arrangement, face: int, old_lines: Geometries, plane: MetricPlane) -> BaseGeometry | None:
    """Lines in degrees that part a fault into what each claimant may have; None where it is too wide.

    The fault is cut into triangles. Each belongs to the best claimant that may have all of it; lines run between
    triangles of different claimants, and along the middle of triangles too wide for any.
    """
    outline = arrangement.faces_m[face]
    if shapely.length(shapely.maximum_inscribed_circle(outline)) > MAX_MOVE_M:
        return None
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(shapely.segmentize(outline, CUT_SPACING_M)))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)
    sides = np.concatenate([corners[:, :3], corners[:, 1:]], axis=2).reshape(-1, 4)
    claimant = np.full(len(triangles), -1)
    for area in reversed(_best_first(arrangement.common_m(face, arrangement.cover))):
        may_have = np.ones(len(triangles), dtype=bool)
        for moved in _moved_by(area, arrangement.cover[face]):
            reach_m = _reach_m(sides, np.repeat(old_lines[[moved]], len(sides)))
            may_have &= (reach_m.reshape(-1, 3) <= WORKING_LIMIT_M).all(axis=1)
        claimant[may_have] = area

    backward = (sides[:, 0] > sides[:, 2]) | ((sides[:, 0] == sides[:, 2]) & (sides[:, 1] > sides[:, 3]))
    sides[backward] = sides[backward][:, [2, 3, 0, 1]]
    unique, side, times = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    side = side.reshape(-1, 3)
    lowest = np.full(len(unique), np.iinfo(np.int64).max)
    highest = np.full(len(unique), -1)
    np.minimum.at(lowest, side, claimant[:, None])
    np.maximum.at(highest, side, claimant[:, None])
    lines = list(unique[lowest != highest].reshape(-1, 2, 2))
    for triangle in np.flatnonzero(claimant < 0):
        lines += _axis(corners[triangle, :3], unique[side[triangle]], times[side[triangle]] == 2)
    if not lines:
        return None
    cut: BaseGeometry = shapely.simplify(shapely.line_merge(shapely.multilinestrings(lines)), CUT_TOLERANCE_M)
    return shapely.transform(cut, plane.to_degrees)


def _axis(corners: Coordinates, sides: Coordinates, inner: npt.NDArray[np.bool_]) -> list[Coordinates]:
    """The part in one triangle of the line along a polygon's middle: it crosses inner sides at their middles.

    Parameters
    ----------
    corners
        (3, 2), the side i between the corners i and i + 1.
    sides
        (3, 4) x0, y0, x1, y1.
    inner
        (3,) whether another triangle lies beyond the side.
    """
    middles = (sides[inner, :2] + sides[inner, 2:]) / 2
    if len(middles) == 0:
        return []
    if len(middles) == 1:
        opposite = corners[(int(np.flatnonzero(inner)[0]) + 2) % 3]
        return [np.array([middles[0], opposite])]
    if len(middles) == 2:
        return [middles]
    return [np.array([middle, corners.mean(axis=0)]) for middle in middles]


def _reach_m(edge_xy: Coordinates, lines: Geometries) -> Coordinates:
    """For each edge the distance of its farthest point from its line, infinite where the line is empty.

    The distance changes by no more than one goes along an edge, so closer samples are needed only on edges of which
    wider ones leave open whether they exceed the limit, or else the greatest within it.
    """
    reach_m = np.zeros(len(edge_xy))
    unsure = np.arange(len(edge_xy))
    for spacing_m in SAMPLES_M:
        reach_m[unsure] = _reach_of_samples_m(edge_xy[unsure], lines[unsure], spacing_m)
        within = reach_m <= WORKING_LIMIT_M
        greatest_m = float(reach_m.max(where=within, initial=0.0))
        unsure = unsure[within[unsure] & (reach_m[unsure] + spacing_m / 2 > greatest_m)]
        if len(unsure) == 0:
            break
    return reach_m


def _reach_of_samples_m(edge_xy: Coordinates, lines: Geometries, spacing_m: float) -> Coordinates:
    """As `_reach_m`, over points that are at most `spacing_m` apart, both ends of each edge included."""
    steps = np.maximum(np.ceil(np.hypot(*(edge_xy[:, 2:] - edge_xy[:, :2]).T) / spacing_m), 1).astype(np.int64)
    first = np.cumsum(steps + 1) - (steps + 1)
    edge = np.repeat(np.arange(len(edge_xy)), steps + 1)
    share = ((np.arange(len(edge)) - first[edge]) / steps[edge])[:, None]
    samples = shapely.points(edge_xy[edge, :2] * (1 - share) + edge_xy[edge, 2:] * share)
    away_m = shapely.distance(samples, lines[edge])
    away_m[np.isnan(away_m)] = np.inf
    return np.asarray(np.maximum.reduceat(away_m, first))
