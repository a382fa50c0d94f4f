"""How long tiles of the background map take, and what drawing them costs a dispatcher's answers.

    script/bench tiles [--region DIR …] [--tiles 30] [--seconds 10]

For each region (default the demonstration) it draws tiles where roads are, none of them drawn before, and prints by
zoom the wall time of drawing in one process, of the answer over HTTP when the tile is drawn for it, and when it is
kept. All in milliseconds, `p50 p95 max`, for ordinary (@1x) and fine (@2x) screens; beside the first, the processor
time at p95, which other work on the machine disturbs less. The peer is matplotlib's Agg renderer, which geopandas draws
with: the same roads of the same tile in the same widths and colours, from shapes chosen beforehand, without areas and
names.

At last one client asks for the nearest units while eight load tiles not drawn before: tiles drawn by the server's own
threads, and as `siaga112 serve` does it.
"""

from __future__ import annotations

import argparse
import http.client
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from routing.region import Region
from web.map_layers import MapLayers
from web.map_style import CASING_FROM_ZOOM, DRAWING_ORDER, LIGHT, ROAD_STYLES, road_rim_px, road_width_px
from web.region_layers import layers_of
from web.regions import open_region
from web.tile_draw import MapPainter

ZOOMS = range(9, 19)
CLIENTS = 8
PEER_ZOOMS = (9, 11, 13, 15, 17)
PEER_TILES = 8
Tile = tuple[int, int, int]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="script/bench tiles", description=__doc__)
    parser.add_argument("--region", type=Path, action="append", help="region folder; may be given several times")
    parser.add_argument("--tiles", type=int, default=30, help="most tiles of one zoom")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement with eight clients")
    parser.add_argument("--serve", choices=("threads", "processes"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(open_region(options.region[0] if options.region else None), options.serve)
        return
    for folder in options.region or [None]:
        region = open_region(folder)
        layers = layers_of(region)
        print(f"{region.name}: {len(layers.roads):,} pieces of road, {len(layers.labels):,} names")
        by_zoom = {zoom: tiles_with_roads(layers, zoom, options.tiles) for zoom in ZOOMS}
        painter = MapPainter(layers)
        for zoom in ZOOMS:
            painter.prepare(zoom)
        for density in (1, 2):
            table(region, painter, by_zoom, density)
        peer(layers, painter, by_zoom)
        beside_answers(region, layers, options.seconds)


def tiles_with_roads(layers: MapLayers, zoom: int, most: int) -> list[Tile]:
    """Tiles that hold points of roads, in an order by chance; no more than there are."""
    dice = np.random.default_rng(112)
    drawn = dice.permutation(len(layers.roads.x))
    columns = (layers.roads.x[drawn] * 2**zoom).astype(np.int64)
    rows = (layers.roads.y[drawn] * 2**zoom).astype(np.int64)
    found = dict.fromkeys(zip(columns.tolist(), rows.tolist(), strict=True))
    return [(zoom, column, row) for column, row in list(found)[:most]]


def table(region: Region, painter: MapPainter, by_zoom: dict[int, list[Tile]], density: int) -> None:
    """One line per zoom."""
    print(f"\n@{density}x   tiles      drawn p50 p95 max   (cpu)      HTTP, drawn p50 p95 max      HTTP, kept")
    with Server(region, "processes") as server:
        client = server.client()
        for zoom in (9, 12, 15):  # its first tiles wait for the layers
            get(client, (zoom, *by_zoom[zoom][0][1:]), 3 - density)
        for zoom, tiles in by_zoom.items():
            here = [timed(lambda one=one: painter.tile(*one, density=density)) for one in tiles]
            drawn = [timed(lambda one=one: get(client, one, density)) for one in tiles]
            kept = [timed(lambda one=one: get(client, one, density)) for one in tiles]
            print(
                f"z{zoom:<5}{len(tiles):>6}  {spread(wall for wall, _ in here)}  "
                f"({at(95, [cpu for _, cpu in here]):4.0f})"
                f"  {spread(wall for wall, _ in drawn)}  {spread(wall for wall, _ in kept)}"
            )


def peer(layers: MapLayers, painter: MapPainter, by_zoom: dict[int, list[Tile]]) -> None:
    """Medians of our whole tile, and of matplotlib's roads alone."""
    print("\n@1x      Siaga112, whole tile    matplotlib, its roads alone    ratio      (processor time, medians)")
    for zoom in PEER_ZOOMS:
        tiles = by_zoom[zoom][:PEER_TILES]
        ours = float(np.median([timed(lambda one=one: painter.tile(*one))[1] for one in tiles]))
        draw = matplotlib_roads(layers, zoom)
        theirs = float(np.median([timed(lambda one=one, draw=draw: draw(one))[1] for one in tiles]))
        print(f"z{zoom:<5} {ours:>16.0f} ms {theirs:>25.0f} ms {theirs / ours:>12.1f}")


def matplotlib_roads(layers: MapLayers, zoom: int) -> Callable[[Tile], bytes]:
    """Draws the roads of a tile with matplotlib; the classes of the zoom are picked here, the tile's roads in it."""
    import io

    import matplotlib.figure
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection

    scale = 256 * 2.0**zoom

    def draw(tile: Tile) -> bytes:
        _, column, row = tile
        figure = matplotlib.figure.Figure(figsize=(2.56, 2.56), dpi=100, facecolor=LIGHT.land)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), frameon=False)
        axes.set(xlim=(0, 256), ylim=(256, 0), xticks=[], yticks=[])
        box = (column / 2**zoom, row / 2**zoom, (column + 1) / 2**zoom, (row + 1) / 2**zoom)
        roads = layers.roads.pick(layers.roads.within(box))
        points = np.column_stack((roads.x * scale - column * 256, roads.y * scale - row * 256))
        lines = np.split(points, roads.offset[1:-1]) if len(roads) else []
        for casing in (True, False):
            for number in DRAWING_ORDER:
                style = ROAD_STYLES[number]
                chosen = [lines[i] for i in np.flatnonzero(roads.kind == number)]
                if style is None or style.least_zoom > zoom or not chosen or (casing and zoom < CASING_FROM_ZOOM):
                    continue
                width = road_width_px(style, zoom) + (road_rim_px(zoom) if casing else 0)
                colour = LIGHT.roads[style.group][casing]
                axes.add_collection(LineCollection(chosen, colors=colour, linewidths=width * 0.72, capstyle="round"))
        stored = io.BytesIO()
        figure.savefig(stored, format="png", dpi=100)
        return stored.getvalue()

    return draw


def beside_answers(region: Region, layers: MapLayers, seconds: float) -> None:
    """Answers on the nearest units, alone and while eight clients load tiles."""
    dice = random.Random(112)
    spots = [dice.randrange(len(layers.roads.x)) for _ in range(200)]
    print(f"\nnearest units over HTTP, ms p50 p95 max; {CLIENTS} clients load tiles drawn for the first time")
    for manner in ("threads", "processes"):
        with Server(region, manner) as server:
            places = [place_of(layers, spot) for spot in spots]
            client = server.client()
            for place in places[:20]:
                ask(client, place)
            get(client, tiles_with_roads(layers, 12, 1)[0], 1)
            alone = answers(client, places, seconds / 2)
            stop = threading.Event()
            loaded: list[float] = []
            threads = [
                threading.Thread(target=load, args=(server, layers, number, stop, loaded)) for number in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            beside = answers(client, places, seconds)
            stop.set()
            for thread in threads:
                thread.join()
            print(
                f"drawn by the server's {manner:<11} alone {spread(iter(alone))}   beside {spread(iter(beside))}   "
                f"{len(loaded) / seconds:5.1f} tiles/s {spread(iter(loaded))}"
            )


def load(server: Server, layers: MapLayers, number: int, stop: threading.Event, times: list[float]) -> None:
    """Load tiles of several zooms, each client others, until told to stop."""
    client = server.client()
    zooms = (13, 14, 15, 16)
    tiles = [one for zoom in zooms for one in tiles_with_roads(layers, zoom, 100_000)[number::CLIENTS]]
    random.Random(number).shuffle(tiles)
    for one in tiles:
        if stop.is_set():
            return
        times.append(timed(lambda one=one: get(client, one, 1))[0])


def answers(client: http.client.HTTPConnection, places: Sequence[str], seconds: float) -> list[float]:
    """Times of asking again and again, ten times a second at most."""
    end = time.perf_counter() + seconds
    found = []
    while time.perf_counter() < end:
        found.append(timed(lambda: ask(client, random.choice(places)))[0])
        time.sleep(0.05)
    return found


def place_of(layers: MapLayers, point: int) -> str:
    """Degrees of a point of a road."""
    x, y = float(layers.roads.x[point]), float(layers.roads.y[point])
    return f"{np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y)))):.6f},{x * 360 - 180:.6f}"


def ask(client: http.client.HTTPConnection, place: str) -> None:
    client.request("GET", f"/api/v1/nearest?at={place}")
    client.getresponse().read()


def get(client: http.client.HTTPConnection, tile: Tile, density: int) -> None:
    zoom, column, row = tile
    client.request("GET", f"/tiles/{zoom}/{column}/{row}{'@2x' if density == 2 else ''}.png")
    answer = client.getresponse()
    if not answer.read().startswith(b"\x89PNG"):
        sys.exit(f"bench tiles: tile {tile} was answered with {answer.status}")


class Server:
    """A server in a process of its own, on a free port of this machine."""

    def __init__(self, region: Region, manner: str) -> None:
        command = [sys.executable, "-m", "bench.tiles", "--serve", manner, "--region", str(region.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Server:
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def client(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def serve(region: Region, manner: str) -> None:
    """Answer until interrupted; in the manner `threads` tiles have no lane and are drawn by whoever is asked."""
    from waitress.server import create_server

    from web.app import create_app
    from web.lanes import LaneDispatcher
    from web.map_style import PALETTES
    from web.server import THREADS, TILE_THREADS, TILES_PATH
    from web.service import Desk
    from web.tile_workers import TileKey, TileWorkers

    desk = Desk(region)
    desk.answer_from(region.open_routers(lambda _: None, metrics=desk.times.metrics))
    desk.warm()
    own = manner == "processes"
    if own:
        workers = TileWorkers(region)
        app = create_app(desk, draw=workers)
    else:
        painter = MapPainter(layers_of(region))

        def draw(key: TileKey) -> bytes:
            style, zoom, column, row, density = key
            return painter.tile(zoom, column, row, palette=PALETTES[style], density=density)

        app = create_app(desk, draw=draw)
    lanes = LaneDispatcher({TILES_PATH: TILE_THREADS} if own else {}, threads=THREADS)
    server = create_server(app, _dispatcher=lanes, host="127.0.0.1", port=0, asyncore_use_poll=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(server.effective_port, flush=True)
    try:
        server.run()
    finally:
        if own:
            workers.stop()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of this process's processor."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def at(percent: float, values: Sequence[float]) -> float:
    return float(np.percentile(values, percent, method="higher"))


def spread(times: Iterator[float]) -> str:
    """`p50 p95 max`."""
    values = list(times)
    return f"{at(50, values):6.1f} {at(95, values):6.1f} {max(values):6.1f}"


if __name__ == "__main__":
    main()
