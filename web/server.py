"""The server: waitress around the Flask app, on loopback unless told otherwise."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from waitress.server import create_server

from gis.errors import InputError
from web.app import create_app
from web.lanes import LaneDispatcher
from web.one_send import OneSendChannel
from web.running import Running
from web.service import Desk
from web.sessions import Access
from web.tile_workers import TileWorkers
from web.tiles import OutsideTiles

THREADS = 8
STREAM_THREADS = 32
"""One for each console that follows the event log."""
POSITION_THREADS = 64
POSITIONS_PATH = "/api/v1/positions"
EVENTS_PATH = "/api/v1/events"
TILES_PATH = "/tiles/"
TILE_THREADS = 8
"""They only wait for the processes that draw, or hand out what is kept."""
MAX_CONNECTIONS = 2000


def run(
    desk: Desk,
    *,
    host: str,
    port: int,
    announce: Callable[[str], Any],
    running: Running | None = None,
    access: Access | None = None,
    public_url: str | None = None,
    outside: OutsideTiles | None = None,
) -> None:
    """Serve until interrupted; says the address once the socket listens and the region is warm.

    Parameters
    ----------
    desk
        The region.
    host, port
        Where to listen.
    announce
        Told the address.
    running
        The centre with its workers, which are started and stopped here; None serves the map alone.
    access
        Accounts; None lets this machine do everything and all others read the map.
    public_url
        Where people reach the server, if not at the address where it listens.
    outside
        Tiles of another host that pages offer beside our own.

    Raises
    ------
    InputError
        The address is taken or not of this machine.
    """
    desk.warm()
    listener = _listen(host, port)
    drawing = TileWorkers(desk.region)
    app = (
        create_app(desk, draw=drawing, outside=outside)
        if running is None
        else create_app(
            desk, centre=running.centre, positions=running.positions, access=access, draw=drawing, outside=outside
        )
    )
    own = {POSITIONS_PATH: POSITION_THREADS, EVENTS_PATH: STREAM_THREADS} if running else {}
    lanes = LaneDispatcher({**own, TILES_PATH: TILE_THREADS}, threads=THREADS)
    # Trackers keep hundreds of connections open; the default of 100 would shut dispatchers out.
    server = create_server(
        app, sockets=[listener], _dispatcher=lanes, connection_limit=MAX_CONNECTIONS, asyncore_use_poll=True
    )
    server.channel_class = OneSendChannel
    if running is not None:
        running.start()
    # The region's objects stay; looking through all of them for garbage again and again would make an answer wait.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shown = f"[{host}]" if ":" in host else host
    address = (public_url or f"http://{shown}:{listener.getsockname()[1]}").rstrip("/")
    announce(f"{desk.region.name}: {address}/")
    if access is not None and (link := access.sign_in.first_link()) is not None:
        hours = access.sign_in.settings.link_hours
        announce(
            f"There is no administrator yet. Open this link within {hours} hours to make one; it works once:\n"
            f"{address}/link/{link}"
        )
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
        drawing.stop()
        if running is not None:
            running.stop()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise InputError(
            f"The server cannot listen on {host}:{port}: {error.strerror}; choose another --port or stop what uses it."
        ) from None
    return listener
