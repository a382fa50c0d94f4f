"""Places where a post might stand: one per village, the rows of a file, or the junctions of the roads."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gis.errors import N_, SourceError
from gis.files import unreadable
from gis.geodesy import distance_m
from gis.types import Location
from planning.demand import Area
from routing.midpoints import curve_midpoints
from web.plans import Planner, Post

CANDIDATE_KIND = "candidate"
VILLAGES = "villages"
NODES = "nodes"
COLUMNS = ("name", "lat", "lon")
MOST_ROWS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Candidate places, each with the village it lies in (None outside of all)."""

    posts: tuple[Post, ...]
    villages: tuple[Area | None, ...]


def candidates(planner: Planner, source: str) -> Candidates:
    """Candidates from `villages`, `nodes` or a CSV file with the columns name, lat and lon.

    Raises
    ------
    SourceError
        The file cannot be used.
    """
    if source == VILLAGES:
        return of_villages(planner)
    if source == NODES:
        return of_nodes(planner)
    return of_file(planner, Path(source))


def of_villages(planner: Planner) -> Candidates:
    """For each village the populated road whose middle is nearest to the middle of the village."""
    region, demand = planner.region, planner.demand
    lat, lon = midpoints(planner)
    posts: list[Post] = []
    found: list[Area] = []
    for number, area in enumerate(demand.villages):
        own = np.flatnonzero(demand.piece_village == number)
        if not len(own):
            continue
        middle = region.boundaries.middle(area.code)
        at = int(own[np.argmin(distance_m(lat[own], lon[own], middle.lat, middle.lon))])
        posts.append(_candidate(area.name, float(lat[at]), float(lon[at])))
        found.append(area)
    return Candidates(posts=tuple(posts), villages=tuple(found))


def of_nodes(planner: Planner) -> Candidates:
    """Every end of a road on which people live."""
    network = planner.region.network
    nodes = np.unique(np.asarray(network.edge_tail)[planner.pieces])
    lat, lon = np.asarray(network.node_lat)[nodes], np.asarray(network.node_lon)[nodes]
    posts = tuple(
        _candidate(f"node {node}", float(y), float(x))
        for node, y, x in zip(np.asarray(network.node_osm_id)[nodes].tolist(), lat, lon, strict=True)
    )
    return Candidates(posts=posts, villages=_villages(planner, posts))


def of_file(planner: Planner, path: Path) -> Candidates:
    """The rows of a CSV file.

    Raises
    ------
    SourceError
        It cannot be read, lacks a column, or has a row that is no place.
    """
    posts: list[Post] = []
    seen: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise SourceError(
                    N_("{file} lacks the column {column}; give the columns name, lat and lon."),
                    file=str(path), column=missing[0],
                )  # fmt: skip
            for line in reader:
                row = reader.line_num
                name = (line["name"] or "").strip()
                if not name or name.casefold() in seen:
                    raise SourceError(
                        N_("{file}, line {row}: the name is empty or stands twice; give every place its own."),
                        file=str(path), row=row,
                    )  # fmt: skip
                posts.append(_candidate(name, *_degrees(line["lat"], line["lon"], path, row)))
                seen[name.casefold()] = row
                if len(posts) > MOST_ROWS:
                    raise SourceError(
                        N_("{file} has more than {most} places; give fewer."), file=str(path), most=MOST_ROWS
                    )
    except OSError as error:
        raise unreadable(path, error) from None
    except (UnicodeDecodeError, csv.Error):
        raise SourceError(N_("{file} is no CSV file in UTF-8; save it as such."), file=str(path)) from None
    if not posts:
        raise SourceError(N_("{file} has no places; give a row per candidate."), file=str(path))
    return Candidates(posts=tuple(posts), villages=_villages(planner, tuple(posts)))


def midpoints(planner: Planner) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(m,) latitude and longitude of the middle of every piece of the demand."""
    network = planner.region.network
    lat, lon = curve_midpoints(network, planner.region.snapper)
    curve = np.asarray(network.edge_curve)[planner.pieces]
    return lat[curve], lon[curve]


def _degrees(lat: str | None, lon: str | None, path: Path, row: int) -> tuple[float, float]:
    try:
        degrees = float(lat or ""), float(lon or "")
    except ValueError:
        degrees = (math.nan, math.nan)
    if not (abs(degrees[0]) <= 90 and abs(degrees[1]) <= 180):
        raise SourceError(
            N_("{file}, line {row}: lat and lon must be degrees, such as -6.76 and 108.48."), file=str(path), row=row
        )
    return degrees


def _villages(planner: Planner, posts: tuple[Post, ...]) -> tuple[Area | None, ...]:
    by_code = {area.code: area for area in planner.demand.villages}
    found = []
    for post in posts:
        village = planner.region.boundaries.locate(post.location).village
        found.append(None if village is None else by_code.get(village.code))
    return tuple(found)


def _candidate(name: str, lat: float, lon: float) -> Post:
    return Post(name=name, kind=CANDIDATE_KIND, location=Location(lat=lat, lon=lon))
