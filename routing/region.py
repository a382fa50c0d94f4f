"""A built region, opened read-only: where (boundaries, gazetteer) and how far (roads) in one folder.

Layout, format 2::

    region.toml      name, sources, routing and dispatch settings; meant to be edited
    region.gpkg      layers villages, kecamatan, kabupaten, places, streets, stations: opens in QGIS
    boundaries/      arrays of `gis.boundaries.BoundaryIndex`
    network/         arrays of `routing.network.RoadNetwork`
    snapping/        arrays of `routing.snap.Snapper`
    background/      arrays of `routing.background.Background`: water, rail and the like, for maps
    hierarchy/       arrays of `routing.hierarchy.Hierarchy`, with a record of their own; made from network/ alone, so
                     it is not in the manifest, and made again where it is missing or cannot be trusted
    units.csv        optional: the units that are offered when nobody names others
    report.json      what the build read, used, repaired and skipped, and why
    manifest.json    sizes and checksums; written last
"""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from gis.boundaries import BoundaryIndex
from gis.errors import RegionDamagedError, SourceError
from gis.gazetteer import Gazetteer
from gis.region_folder import SETTINGS, Manifest, read_manifest
from routing.background import Background
from routing.kernels import KernelsUnusableError, warm_kernels
from routing.metric import Metric
from routing.midpoints import curve_midpoints
from routing.network import RoadNetwork
from routing.region_metrics import RegionMetrics
from routing.router import Router
from routing.routers import Routers, Say
from routing.settings import RoutingSettings
from routing.snap import Snapper

if TYPE_CHECKING:
    from routing.hierarchy import Hierarchy

_log = logging.getLogger(__name__)

T = TypeVar("T")

GEOPACKAGE = "region.gpkg"
HIERARCHY = "hierarchy"
REPORT = "report.json"
UNITS = "units.csv"
DEMONSTRATION_NOTICE = "PETA CONTOH - bukan untuk operasi"


@dataclass(frozen=True, kw_only=True)
class Region:
    """An opened region. Its parts load when first asked for, from memory-mapped arrays.

    Attributes
    ----------
    folder
        Where it lies.
    manifest
        As checked at opening.
    table
        `region.toml` as read.
    """

    folder: Path
    manifest: Manifest
    table: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path, *, verify: bool | None = None) -> Region:
        """Open a region folder.

        Parameters
        ----------
        folder
            As written by `routing.region_build.build_region`.
        verify
            As in `gis.region_folder.read_manifest`.

        Raises
        ------
        RegionError
            The folder is missing, no region, of another version, or damaged.
        SourceError
            `region.toml` is not valid TOML or a setting in it cannot be used.
        """
        manifest = read_manifest(folder, verify=verify)
        region = cls(folder=folder, manifest=manifest, table=_read_settings(folder / SETTINGS))
        _ = region.routing_settings, region.timezone
        return region

    @property
    def name(self) -> str:
        """The name to show."""
        return str(self._head["name"])

    @property
    def demonstration(self) -> bool:
        """Whether this is the made-up map that must not be used in operations."""
        return bool(self._head.get("demonstration", False))

    @property
    def notice(self) -> str | None:
        """What every screen and export must say, or None."""
        return DEMONSTRATION_NOTICE if self.demonstration else None

    @property
    def projected_crs(self) -> str:
        """The metric CRS that areas and repairs were computed in, for example EPSG:32749."""
        return str(self._head["projected_crs"])

    @cached_property
    def timezone(self) -> ZoneInfo:
        """Local time of the region."""
        name = str(self._head.get("timezone", "Asia/Jakarta"))
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise SourceError(
                f"{self.folder / SETTINGS}: timezone '{name}' under [region] is not an IANA time zone; "
                "write for example Asia/Jakarta."
            ) from None

    @cached_property
    def routing_settings(self) -> RoutingSettings:
        """Speeds and limits from `[routing]`."""
        return RoutingSettings.from_table(self.table.get("routing", {}), source=str(self.folder / SETTINGS))

    @cached_property
    def boundaries(self) -> BoundaryIndex:
        """Villages, kecamatan and kabupaten."""
        return self._load("boundaries", lambda: BoundaryIndex.load(self.folder / "boundaries"))

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """Names: villages, places, streets."""
        return self._load(
            "the gazetteer", lambda: Gazetteer.load(self.folder / GEOPACKAGE, villages_at=self._villages_at)
        )

    @cached_property
    def network(self) -> RoadNetwork:
        """The roads."""
        return self._load("network", lambda: RoadNetwork.load(self.folder / "network"))

    @cached_property
    def snapper(self) -> Snapper:
        """The index from points to roads."""
        return self._load("snapping", lambda: Snapper.load(self.folder / "snapping", self.network))

    @cached_property
    def router(self) -> Router:
        """Travel times of the default profile at no hour in particular, from scipy: nothing to compile."""
        return self.router_for()

    def router_for(self, profile: str | None = None, hour: int | None = None) -> Router:
        """Travel times of a vehicle (its profile's name or key) at an hour of the week; made once for each.

        Raises
        ------
        InputError
            There is no such profile, or it forbids every road.
        """
        vehicle = self.routing_settings.profile(profile)
        key = (vehicle.key, hour)
        with self._routers_lock:
            if key not in self._routers:
                metric = Metric.build(self.network, self.routing_settings, profile=vehicle, hour=hour)
                self._routers[key] = Router(self.network, self.routing_settings, snapper=self.snapper, metric=metric)
            return self._routers[key]

    @cached_property
    def _routers(self) -> dict[tuple[str, int | None], Router]:
        return {}

    @cached_property
    def _routers_lock(self) -> RLock:
        return RLock()

    def hour(self, at: datetime | None) -> int | None:
        """The hour of the week by which traffic at a time is told; None where it is as at no hour in particular."""
        return self.routing_settings.hour(at, self.timezone)

    def metrics(self) -> RegionMetrics:
        """A maker of metrics, which learnt speeds can be put into."""
        return RegionMetrics(
            self.network,
            self.routing_settings,
            timezone=self.timezone,
            kecamatan=[area.code for area in self.boundaries.kecamatan],
            edge_kecamatan=lambda: self.edge_kecamatan,
        )

    def open_routers(self, say: Say = lambda _: None, *, metrics: RegionMetrics | None = None) -> Routers:
        """Routers for a server, from the hierarchy: compiled code is made ready before this returns.

        Where that cannot be used, scipy answers, and the routers' state says why.

        Parameters
        ----------
        say
            Told what takes long.
        metrics
            Makes the metrics, by the learnt speeds in force.

        Raises
        ------
        SourceError
            A profile forbids every road.
        """
        makes = metrics or self.metrics()
        for profile in self.routing_settings.profiles:
            makes.make(profile, None)  # one that forbids every road is a slip to mend, not to answer by another's times
        remarks: list[str] = []
        hierarchy = None
        try:
            warm_kernels(say)
            hierarchy = self._hierarchy(say, remarks)
        except KernelsUnusableError as error:
            remarks.append(f"The compiled travel-time engine cannot be used ({error}); scipy answers, which is slower.")
            _log.warning("%s", remarks[-1])
        return Routers(
            self.network,
            self.routing_settings,
            snapper=self.snapper,
            hierarchy=hierarchy,
            make_metric=makes.make,
            hour_of=makes.hour,
            remarks=remarks,
        )

    def _hierarchy(self, say: Say, remarks: list[str]) -> Hierarchy:
        from routing.hierarchy import Hierarchy, HierarchyMissingError, HierarchyUnusableError

        try:
            return Hierarchy.load(self.folder / HIERARCHY, self.network)
        except HierarchyMissingError:
            say("building the hierarchy of the roads; 'siaga112 region build' would store it")
        except HierarchyUnusableError as error:
            remarks.append(
                f"The hierarchy of the region {self.folder} is not used, since {error}; it was built again, in memory "
                "alone. 'siaga112 region build' stores another."
            )
            _log.warning("%s", remarks[-1])
            say("building the hierarchy of the roads again")
        return Hierarchy.build(self.network, self.routing_settings)

    @cached_property
    def edge_village(self) -> npt.NDArray[np.int32]:
        """(E,) number of the village in which the middle of each edge lies, or -1.

        Each curve counts once: all edges but one of each (`RoadNetwork.is_first_of_curve`) have -1.
        """
        network = self.network
        lat, lon = curve_midpoints(network, self.snapper)
        village = self.boundaries.locate_many(lat, lon).village.astype(np.int32)[network.edge_curve]
        return np.where(network.is_first_of_curve, village, -1).astype(np.int32)

    @cached_property
    def edge_kecamatan(self) -> npt.NDArray[np.int32]:
        """(E,) number of the kecamatan (in `boundaries.kecamatan`) in which the middle of each edge lies, or -1.

        All edges of a curve have the same.
        """
        network = self.network
        village = np.full(len(network.curve_offset) - 1, -1, dtype=np.int32)
        np.maximum.at(village, network.edge_curve, self.edge_village)
        number = {area.code: index for index, area in enumerate(self.boundaries.kecamatan)}
        parents = [number.get(one.parent_code or "", -1) for one in self.boundaries.villages]
        of_village = np.array([*parents, -1], dtype=np.int32)  # the last is that of no village, -1
        return of_village[village[network.edge_curve]]

    @cached_property
    def background(self) -> Background:
        """Water, rail and the like, for maps."""
        return self._load("background", lambda: Background.load(self.folder / "background"))

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the build read, used, repaired and skipped."""

        def read() -> dict[str, Any]:
            return dict(json.loads((self.folder / REPORT).read_text(encoding="utf-8")))

        return self._load("the report", read)

    @property
    def units_file(self) -> Path | None:
        """The region's own list of units, or None."""
        path = self.folder / UNITS
        return path if path.is_file() else None

    @property
    def _head(self) -> Mapping[str, Any]:
        return dict(self.table["region"])

    def _villages_at(self, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> list[str | None]:
        villages = self.boundaries.villages
        return [villages[n].code if n >= 0 else None for n in self.boundaries.villages_of(lat, lon).tolist()]

    def _load(self, what: str, load: Callable[[], T]) -> T:
        try:
            return load()
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise RegionDamagedError(
                f"The region {self.folder} is damaged: {what} cannot be read ({type(error).__name__}); build it again."
            ) from error


def _read_settings(path: Path) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path} is not valid TOML: {error}; mend that line.") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8 text; save it as UTF-8 in your editor.") from None
    except OSError:
        raise RegionDamagedError(f"{path} cannot be read; build the region again.") from None
    head = table.get("region")
    if not isinstance(head, dict) or not isinstance(head.get("name"), str) or not head["name"].strip():
        raise SourceError(f"{path}: the table [region] with a name is missing; add it as docs/regions.md shows.")
    sources = table.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(one, dict) for one in sources):
        raise SourceError(f"{path}: sources is no list of tables; write each of them under [[sources]].")
    head.setdefault("projected_crs", "EPSG:4326")
    return table
