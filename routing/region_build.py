"""Building a region: read every source, join what belongs together, write one folder in one step."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.boundaries import BoundaryIndex
from gis.boundary_import import BoundarySet, read_boundaries
from gis.errors import InputError, SourceError
from gis.gazetteer import Street, write_gazetteer
from gis.gazetteer_build import (
    Extras,
    StationRow,
    kecamatan_places,
    read_places_csv,
    read_population_csv,
    read_stations_csv,
    station_places,
    village_places,
)
from gis.geodesy import distance_m
from gis.region_folder import SETTINGS, replacing_folder, write_manifest
from gis.types import Place
from routing.kernels import KernelsUnusableError, warm_kernels
from routing.network import RoadNetwork
from routing.osm_read import OsmExtract, read_osm
from routing.region import GEOPACKAGE, HIERARCHY, REPORT, UNITS
from routing.settings import default_toml as routing_toml
from routing.settings import own_toml
from routing.snap import Snapper

if TYPE_CHECKING:
    import networkx as nx

Progress = Callable[[str], None]

OSM_LICENCE = "© OpenStreetMap contributors, ODbL"
"""Of every file in OpenStreetMap's formats whose owner states nothing else."""

NOT_STATED = "not stated"

STAGES = ("villages", "roads", "boundaries", "names", "writing", "compiling", "hierarchy")
"""What `progress` is called with, in this order."""

SAME_PLACE_M = 300.0
"""Two records of one kind and name closer than this are one place (positions of public lists are rounded)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSources:
    """What a region is built from.

    Attributes
    ----------
    name
        Shown on every screen.
    villages
        GeoJSON, GeoPackage or Shapefiles.
    roads
        OpenStreetMap files, or one osmnx GraphML file.
    graph
        An osmnx graph in memory, instead of `roads`.
    kecamatan
        Boundaries of kecamatan; dissolved from the villages where missing.
    stations, population, places, units
        CSV files.
    columns
        Attribute names of the village files, where the common ones do not serve.
    licences
        Licence and attribution by kind of source (`villages`, `osm`, …), as the region's owner states them; without,
        `osm` has OpenStreetMap's.
    timezone
        IANA name.
    demonstration
        A made-up map: every screen and export says so.
    routing
        TOML with vehicle profiles, who drives by which, exemptions of agencies and rush hours.
    settings_toml
        More text for region.toml (`[dispatch]` and its kin), from the layers above.
    """

    name: str
    villages: Sequence[Path]
    roads: Sequence[Path] = ()
    graph: nx.MultiDiGraph[Any] | None = None
    kecamatan: Path | None = None
    stations: Path | None = None
    population: Path | None = None
    places: Path | None = None
    units: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "Asia/Jakarta"
    demonstration: bool = False
    routing: Path | None = None
    settings_toml: str = ""


def build_region(
    sources: RegionSources, out: Path, *, now: datetime | None = None, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Build a region folder, atomically.

    Parameters
    ----------
    sources
        The files.
    out
        The folder to write; an older region there is replaced when the new one is whole.
    now
        The time of the build, UTC; injected so that a build can be repeated byte for byte.
    progress
        Called with what begins.

    Returns
    -------
    dict
        The report that is also stored: counts of what was read, used, repaired and skipped, and why.

    Raises
    ------
    InputError
        A source cannot be used, with file, row and field; nothing is left half-written.
    """
    if not sources.name.strip():
        raise InputError("The region has no name; give one with --name.")
    own_routing = _own_routing(sources)
    built_at = (now or datetime.now(UTC)).replace(microsecond=0)
    with replacing_folder(out) as folder:
        progress("villages")
        boundary_set = read_boundaries(
            sources.villages, kecamatan_file=sources.kecamatan, columns=sources.columns or None
        )
        progress("roads")
        extract = _read_roads(sources)
        progress("boundaries")
        boundaries = BoundaryIndex.build(boundary_set)
        _refuse_apart(boundaries, extract)
        progress("names")
        tables = _Tables.read(sources)
        villages, unmatched = _enriched(boundary_set, tables)
        places, streets, merged = _gazetteer_entries(villages, boundary_set, extract, tables, boundaries)
        warnings = _warnings(sources)
        report = {
            "boundaries": boundary_set.report,
            "osm": extract.report,
            "tables": {**tables.counts, "codes_without_village": unmatched, "merged_places": merged},
            "gazetteer": _count_kinds(places, streets),
            "warnings": warnings,
        }
        progress("writing")
        with _writing_tables(out):
            _write_geopackage(folder / GEOPACKAGE, villages, boundary_set, tables.stations, built_at)
            write_gazetteer(folder / GEOPACKAGE, places, streets)
        for name, part in (
            ("boundaries", boundaries),
            ("network", extract.network),
            ("background", extract.background),
        ):
            (folder / name).mkdir()
            part.save(folder / name)
        (folder / "snapping").mkdir()
        Snapper.build(extract.network).save(folder / "snapping")
        warnings += _write_hierarchy(folder / HIERARCHY, extract.network, progress)
        if sources.units is not None:
            shutil.copyfile(sources.units, folder / UNITS)
        (folder / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (folder / SETTINGS).write_text(_settings_text(sources, boundary_set, built_at, own_routing), encoding="utf-8")
        write_manifest(folder, built_at=built_at, builder=f"siaga112 {version('siaga112')}", derived=(HIERARCHY,))
    return report


def _read_roads(sources: RegionSources) -> OsmExtract:
    if sources.graph is not None:
        from routing.osm_graphml import extract_from_networkx

        return extract_from_networkx(sources.graph)
    graphs = [path for path in sources.roads if path.suffix.lower() == ".graphml"]
    if not graphs:
        return read_osm(list(sources.roads))
    if len(sources.roads) > 1:
        raise SourceError(f"{graphs[0]} is a GraphML file, which must be the only --osm; leave the others out.")
    from routing.osm_graphml import read_graphml

    return read_graphml(graphs[0])


def _write_hierarchy(folder: Path, network: RoadNetwork, progress: Progress) -> list[str]:
    """Store what servers answer from; returns what to tell where it cannot be made on this machine."""
    progress("compiling")
    try:
        warm_kernels()
    except KernelsUnusableError as error:
        return [f"The region has no hierarchy, since the compiled travel-time engine cannot be used here: {error}."]
    from routing.hierarchy import Hierarchy

    progress("hierarchy")
    folder.mkdir()
    Hierarchy.build(network).save(folder, network)
    return []


def _refuse_apart(boundaries: BoundaryIndex, extract: OsmExtract) -> None:
    """Roads without any junction in a village cannot serve them: most likely one of the files is of elsewhere."""
    network = extract.network
    found = boundaries.locate_many(network.node_lat, network.node_lon)
    if not (found.village >= 0).any():
        raise SourceError(
            "The boundaries and the roads do not overlap: no junction of the roads lies in any village "
            f"(roads around {float(np.median(network.node_lat)):.3f}, {float(np.median(network.node_lon)):.3f}); "
            "give files of the same area."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """The CSV files, read."""

    stations: Sequence[StationRow]
    population: Mapping[str, float]
    extras: Extras
    points: Sequence[Place]

    @classmethod
    def read(cls, sources: RegionSources) -> _Tables:
        extras, points = read_places_csv(sources.places) if sources.places else ({}, ())
        return cls(
            stations=read_stations_csv(sources.stations) if sources.stations else (),
            population=read_population_csv(sources.population) if sources.population else {},
            extras=extras,
            points=points,
        )

    @property
    def counts(self) -> dict[str, int]:
        return {
            "stations": len(self.stations),
            "population_rows": len(self.population),
            "village_name_rows": len(self.extras),
            "extra_places": len(self.points),
        }


def _enriched(boundary_set: BoundarySet, tables: _Tables) -> tuple[Any, dict[str, list[str]]]:
    """Villages with people and postcodes; and the codes of the tables that no village has, by table."""
    villages = boundary_set.villages.copy()
    villages["population"] = villages["code"].map(dict(tables.population))
    own = villages["code"].map({code: postcode for code, (postcode, _) in tables.extras.items()})
    villages["postcode"] = own.where(own.notna(), villages["postcode"])
    known = set(villages["code"])
    return villages, {
        "population": sorted(set(tables.population) - known),
        "places": sorted(set(tables.extras) - known),
    }


def _gazetteer_entries(
    villages: Any, boundary_set: BoundarySet, extract: OsmExtract, tables: _Tables, boundaries: BoundaryIndex
) -> tuple[list[Place], list[Street], int]:
    named = village_places(villages, tables.extras)
    named += kecamatan_places(villages, tables.extras)
    points = [*station_places(tables.stations), *tables.points, *extract.places]
    distinct = _without_repeats(points)
    lat = np.array([place.location.lat for place in distinct])
    lon = np.array([place.location.lon for place in distinct])
    found = boundaries.locate_many(lat, lon).village
    located = [
        replace(place, village_code=boundaries.villages[number].code if number >= 0 else None)
        for place, number in zip(distinct, found.tolist(), strict=True)
    ]
    return named + located, list(extract.streets), len(points) - len(distinct)


def _without_repeats(points: Sequence[Place]) -> list[Place]:
    """Drop a place that an earlier source has too: same kind and name (apart from case and blanks), close by."""
    kept: list[Place] = []
    by_name: dict[str, list[Place]] = {}
    for place in points:
        key = " ".join(place.name.casefold().split())
        twins = by_name.setdefault(key, [])
        if any(place.kind == twin.kind and _apart_m(place, twin) <= SAME_PLACE_M for twin in twins):
            continue
        twins.append(place)
        kept.append(place)
    return kept


def _apart_m(one: Place, other: Place) -> float:
    a, b = one.location, other.location
    return float(distance_m(a.lat, a.lon, b.lat, b.lon))


def _count_kinds(places: Sequence[Place], streets: Sequence[Street]) -> dict[str, int]:
    counts = Counter(place.kind for place in places)
    return {**{kind: counts[kind] for kind in sorted(counts)}, "street": len(streets)}


@contextmanager
def _writing_tables(out: Path) -> Iterator[None]:
    """GDAL tells of a full disk in many ways, all of them its own."""
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        yield
    except (DataLayerError, DataSourceError) as error:
        raise InputError(
            f"The tables of the region cannot be written at {out.absolute().parent}, most likely because the disk is "
            "full; free some room and build again (nothing was changed)."
        ) from error


def _write_geopackage(
    path: Path, villages: Any, boundary_set: BoundarySet, stations: Sequence[StationRow], built_at: datetime
) -> None:
    """The layers of areas and stations; GDAL's time stamp is the build's, so that equal sources give equal bytes."""
    import geopandas as gpd
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": built_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    layers = {"villages": villages, "kecamatan": boundary_set.kecamatan, "kabupaten": boundary_set.kabupaten}
    if stations:
        layers["stations"] = gpd.GeoDataFrame(
            {
                "kind": [station.kind for station in stations],
                "name": [station.name for station in stations],
                "operating": [station.operating for station in stations],
            },
            geometry=gpd.points_from_xy(
                [station.location.lon for station in stations], [station.location.lat for station in stations]
            ),
            crs="EPSG:4326",
        )
    for name, frame in layers.items():
        frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", SPATIAL_INDEX="NO")


def _settings_text(sources: RegionSources, boundary_set: BoundarySet, built_at: datetime, own_routing: str) -> str:
    """region.toml as a person will edit it. JSON strings are valid TOML strings."""
    lines = [
        "# Settings of this region. Edit and restart: nothing has to be built again. Docs: docs/regions.md",
        "",
        "[region]",
        f"name = {_toml(sources.name)}",
        f"demonstration = {_toml(sources.demonstration)}",
        f"timezone = {_toml(sources.timezone)}",
        f"projected_crs = {_toml(boundary_set.projected_crs)}",
        f"built_at = {built_at.isoformat()}",
        "",
    ]
    for kind, path in _named_files(sources):
        lines += [
            "[[sources]]",
            f"kind = {_toml(kind)}",
            f"file = {_toml(path.name)}",
            f"sha256 = {_toml(hashlib.sha256(path.read_bytes()).hexdigest())}",
            f"date = {_file_date(path, built_at)}",
            f"licence = {_toml(_licence(sources, kind))}",
            "",
        ]
    return "\n".join([*lines, routing_toml(), *([own_routing] if own_routing else []), sources.settings_toml])


def _own_routing(sources: RegionSources) -> str:
    if sources.routing is None:
        return ""
    try:
        text = sources.routing.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SourceError(f"{sources.routing} is not UTF-8 text; save it as UTF-8.") from None
    except OSError:
        raise SourceError(f"The file {sources.routing} cannot be read; check its name.") from None
    return own_toml(text, source=str(sources.routing))


def _licence(sources: RegionSources, kind: str) -> str:
    return sources.licences.get(kind, OSM_LICENCE if kind == "osm" else NOT_STATED)


def _warnings(sources: RegionSources) -> list[str]:
    """What the region's owner should still do; borders always have an owner who asks to be named."""
    return [
        f"The licence of {path.name} is not stated; name its owner and licence with --licence {kind}=TEXT."
        for kind, path in _named_files(sources)
        if kind in ("villages", "kecamatan") and _licence(sources, kind) == NOT_STATED
    ]


def _toml(value: str | bool) -> str:
    return json.dumps(value, ensure_ascii=False)


def _named_files(sources: RegionSources) -> list[tuple[str, Path]]:
    single = ("kecamatan", "stations", "population", "places", "units")
    return [
        *(("villages", path) for path in sources.villages),
        *(("osm", path) for path in sources.roads),
        *((kind, path) for kind in single if (path := getattr(sources, kind)) is not None),
    ]


def _file_date(path: Path, built_at: datetime) -> str:
    """The file's own date; a made-up map, which is rebuilt byte for byte anywhere, has the date of its build."""
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return min(modified, built_at).date().isoformat()
