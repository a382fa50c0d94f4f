"""A wire between a browser and a server, on loopback: counts what crosses it, and loses answers when told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PROXY_PAGE = (
    b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 39\r\n"
    b"Connection: close\r\n\r\n<html><h1>502 Bad Gateway</h1></html>\r\n"
)


class Wire:
    """Passes bytes on; `answers` has the request line and the bytes of the answer, headers and all, of each request."""

    def __init__(self, port: int) -> None:
        self.answers: list[list[object]] = []
        self.losing: bytes | None = None
        """Beginning of the requests whose answers are lost after the server gave them."""
        self.lost = 0
        self.away = False
        """Whether the server is away: a proxy before it would answer with a page of its own."""
        self.away = False
        """Whether the server is away: then a page of a proxy answers, as nginx has it."""
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def sizes(self, start: str = "", since: int = 0) -> list[int]:
        """Bytes of the answers to requests that begin so."""
        return [int(str(size)) for line, size in self.answers[since:] if str(line).startswith(start)]

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                state: dict[str, bool] = {"lose": False}
                for from_, to, note in ((client, server, self._asked), (server, client, self._answered)):
                    threading.Thread(target=self._pass_on, args=(from_, to, note, state), daemon=True).start()

    def _pass_on(self, from_: socket.socket, to: socket.socket, note: object, state: dict[str, bool]) -> None:
        with suppress(OSError):
            while data := from_.recv(65536):
                if self.away and note == self._asked:
                    from_.sendall(PROXY_PAGE)
                    while from_.recv(65536):  # closed by the browser, which else might not read the page
                        pass
                    break
                if not note(data, state):  # type: ignore[operator]
                    break
                to.sendall(data)
        for one in (from_, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _asked(self, data: bytes, state: dict[str, bool]) -> bool:
        if data.startswith((b"GET ", b"POST ", b"PATCH ", b"HEAD ")):
            state["entry"] = [data.split(b"\r\n", 1)[0].decode("latin-1"), 0]  # type: ignore[assignment]
            self.answers.append(state["entry"])  # type: ignore[arg-type]
            state["lose"] = self.losing is not None and data.startswith(self.losing)
        return True

    def _answered(self, data: bytes, state: dict[str, bool]) -> bool:
        if state["lose"]:
            self.lost += 1
            return False
        state["entry"][1] += len(data)  # type: ignore[index]
        return True


@contextmanager
def wired(port: int) -> Iterator[Wire]:
    """A wire to a port."""
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
