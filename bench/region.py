"""How long a region takes to build and to open.

    script/bench region [--data ../shared/data] [--runs 3]

Builds Kabupaten and Kota Cirebon from their real boundaries and roads, and Malta from its OpenStreetMap extract with a
grid of squares as villages; then opens each. Opening is timed in a new process, after the imports, until everything
that a first answer needs is there; beside it stands the same region opened with geopandas and osmnx.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import osmium

from routing.region_build import RegionSources, build_region

REPOSITORY = Path(__file__).resolve().parents[1]
GRID = 8

OPEN = """
import sys, time
from pathlib import Path
from routing.region import Region
import gis.search
start = time.perf_counter()
region = Region.open(Path(sys.argv[1]))
region.boundaries, region.gazetteer, region.router
print(time.perf_counter() - start)
"""

OPEN_PEERS = """
import sys, time
import geopandas, osmnx
start = time.perf_counter()
for layer in ("villages", "kecamatan", "places", "streets"):
    geopandas.read_file(sys.argv[1], layer=layer)
osmnx.load_graphml(sys.argv[2])
print(time.perf_counter() - start)
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench region", description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"bench region: there is no folder {options.data}; name the real data with --data.")
    with tempfile.TemporaryDirectory() as scratch:
        print(f"{'region':10} {'build s':>8} {'most':>6} {'MB':>6} {'open s':>7} {'geopandas+osmnx':>20} {'ratio':>6}")
        for name, sources in (("Cirebon", cirebon(options.data)), ("Malta", malta(options.data, Path(scratch)))):
            measure(name, sources, Path(scratch), options.runs)


def measure(name: str, sources: RegionSources, scratch: Path, runs: int) -> None:
    out = scratch / name
    builds = []
    for _ in range(runs):
        start = time.perf_counter()
        build_region(sources, out)
        builds.append(time.perf_counter() - start)
    graphml = save_graphml(out, scratch / f"{name}.graphml")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    ours = statistics.median(timed(OPEN, out) for _ in range(runs))
    peers = statistics.median(timed(OPEN_PEERS, out / "region.gpkg", graphml) for _ in range(runs))
    print(
        f"{name:10} {statistics.median(builds):8.2f} {max(builds):6.2f} {size / 1e6:6.1f} {ours:7.3f} {peers:20.2f} "
        f"{peers / ours:5.0f}x"
    )


def timed(program: str, *arguments: Path) -> float:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY)
    return float(done.stdout)


def save_graphml(region: Path, path: Path) -> Path:
    import osmnx

    from routing.network import RoadNetwork

    osmnx.save_graphml(RoadNetwork.load(region / "network").to_networkx(), path)
    return path


def cirebon(data: Path) -> RegionSources:
    folder = data / "cirebon"
    return RegionSources(
        name="Cirebon",
        villages=[folder / "desa_3209.geojson", folder / "desa_3274.geojson"],
        kecamatan=folder / "kecamatan_3209.geojson",
        roads=[folder / "cirebon.osm.pbf"],
        stations=folder / "stations.csv",
        population=folder / "population.csv",
        places=folder / "places.csv",
    )


def malta(data: Path, scratch: Path) -> RegionSources:
    roads = data / "osm" / "malta.osm.pbf"
    villages = scratch / "malta-villages.geojson"
    villages.write_text(json.dumps(squares(roads)), encoding="utf-8")
    return RegionSources(name="Malta", villages=[villages], roads=[roads])


def squares(roads: Path) -> dict[str, object]:
    """A grid of villages, with codes of no real province, over the box of all nodes of ways."""
    lats, lons = [], []
    for node in osmium.FileProcessor(roads, osmium.osm.NODE):
        lats.append(node.lat)
        lons.append(node.lon)
    south, north, west, east = min(lats), max(lats), min(lons), max(lons)
    features = []
    for row in range(GRID):
        for column in range(GRID):
            box = [
                (west + (east - west) * (column + dx) / GRID, south + (north - south) * (row + dy) / GRID)
                for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
            ]
            properties = {"code": f"99.01.{row + 1:02}.{2001 + column}", "name": f"Petak {row + 1}-{column + 1}"}
            properties |= {"kecamatan": f"Baris {row + 1}", "kabupaten": "Malta"}
            geometry = {"type": "Polygon", "coordinates": [box]}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


if __name__ == "__main__":
    main()
