"""Plans as files: CSV for spreadsheets, GeoPackage for QGIS."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dispatch.exports_common import csv_text
from gis.errors import N_, InputError
from gis.files import unwritable, write_text_atomically
from planning.comparison import AreaChange, Comparison
from planning.coverage import AreaCoverage, Coverage
from web.plan_reach import Reach, node_times, reach_json
from web.plans import Planner, Post, area_json

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets take a CSV file without it for another encoding."""

FIGURES = (
    "people", "within", "share", "second_share", "uncovered", "unreached", "mean_s", "median_s", "p90_s", "worst_s",
    "meets",
)  # fmt: skip


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]], notice: str | None) -> None:
    """A CSV file with a heading; what a spreadsheet would take for a formula is made harmless."""
    cells = [["" if value is None else value for value in row] for row in rows]
    write_text_atomically(path, BYTE_ORDER_MARK + csv_text(columns, cells, notice=notice))


def coverage_table(found: Coverage) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Columns, and a row for the region, for every kecamatan and for every village."""
    rows = [
        [level, one.area.code, one.area.name, one.area.parent_code, *_figures(one)]
        for level, areas in (("region", (found.region,)), ("kecamatan", found.kecamatan), ("village", found.villages))
        for one in areas
    ]
    return ("level", "code", "name", "parent_code", *FIGURES), rows


def comparison_table(found: Comparison) -> tuple[tuple[str, ...], list[list[Any]]]:
    """The same rows, each before and after."""
    rows = [
        [level, one.after.area.code, one.after.area.name, *_both(one)]
        for level, changes in (
            ("region", (found.region,)), ("kecamatan", found.kecamatan), ("village", found.villages)
        )
        for one in changes
    ]  # fmt: skip
    columns = (
        "level", "code", "name", *(f"before_{name}" for name in FIGURES), *(f"after_{name}" for name in FIGURES),
        "people_gained",
    )  # fmt: skip
    return columns, rows


def write_coverage_geopackage(
    path: Path, planner: Planner, found: Coverage, posts: Sequence[Post], reach: Sequence[Reach] = ()
) -> None:
    """Layers villages, kecamatan, posts, junctions (when the first post is there) and isochrones, where there are any.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    import geopandas
    import shapely

    boundaries, notice = planner.region.boundaries, planner.region.notice

    def areas(chosen: Sequence[AreaCoverage]) -> Any:
        rows = [{**area_json(one), "notice": notice} for one in chosen]
        shapes = [boundaries.polygon(one.area.code) for one in chosen]
        return geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")

    points = geopandas.GeoDataFrame(
        [{"name": post.name, "kind": post.kind, "notice": notice} for post in posts],
        geometry=[shapely.Point(post.location.lon, post.location.lat) for post in posts],
        crs="EPSG:4326",
    )
    seconds, first = node_times(planner, posts, found.standard.kinds[0])
    network = planner.region.network
    junctions = geopandas.GeoDataFrame(
        {
            "osm_id": np.asarray(network.node_osm_id), "seconds": seconds,
            "post": [posts[one].name if one >= 0 else None for one in first.tolist()], "notice": notice,
        },
        geometry=shapely.points(np.asarray(network.node_lon), np.asarray(network.node_lat)),
        crs="EPSG:4326",
    )  # fmt: skip
    drawn = [one for one in reversed(reach) if not one.polygon.is_empty]
    isochrones = geopandas.GeoDataFrame(
        [{**one, "notice": notice} for one in reach_json(drawn, shapes=False)],
        geometry=[one.polygon for one in drawn], crs="EPSG:4326",
    )  # fmt: skip
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.gpkg")
    try:
        part.touch()  # a folder that is not there is told in the words of every other file
        part.unlink()
        for layer, frame in (
            ("villages", areas(found.villages)), ("kecamatan", areas(found.kecamatan)), ("posts", points),
            ("junctions", junctions), ("isochrones", isochrones),
        ):  # fmt: skip
            if len(frame):
                frame.to_file(part, layer=layer, driver="GPKG", engine="pyogrio")
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    except RuntimeError as error:  # of the library that writes the layers, which tells no number
        raise InputError(
            N_("{file} cannot be written: {reason}; choose another file."), file=str(path), reason=str(error)
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _both(one: AreaChange) -> list[Any]:
    return [*_figures(one.before), *_figures(one.after), round(one.gained)]


def _figures(found: AreaCoverage) -> list[Any]:
    plain = area_json(found)
    return [int(plain[name]) if name == "meets" else plain[name] for name in FIGURES]
