"""A line between browser and server that can be cut, or fall silent as when a laptop sleeps, and be mended."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Forwards connections of one port of loopback to another."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self.is_cut = False
        self.is_silent = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and let none come about."""
        self.is_cut = True
        with self._lock:
            for pair in self._pairs:
                for end in pair:
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections come about again."""
        self.is_cut = self.is_silent = False

    def close(self) -> None:
        """End."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                here.close()
                continue
            threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        there = socket.create_connection(("127.0.0.1", self._to))
        pair = (here, there)
        with self._lock:
            self._pairs.add(pair)
        waiting = selectors.DefaultSelector()
        waiting.register(here, selectors.EVENT_READ, there)
        waiting.register(there, selectors.EVENT_READ, here)
        with suppress(OSError):
            while True:
                for key, _ in waiting.select():
                    piece = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not piece:
                        raise ConnectionResetError
                    if not self.is_silent:
                        key.data.sendall(piece)
        with self._lock:
            self._pairs.discard(pair)
        waiting.close()
        for end in pair:
            end.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to a server."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
