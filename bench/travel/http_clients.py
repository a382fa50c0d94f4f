"""Clients of a server on loopback, as cheap as they can be: plain sockets that stay open, one process for all of them.

Each asks, reads the whole answer, and asks again when it is due: a desk that looks once a second is due a second after
it asked last, whenever the answer came; a client without an interval asks at once. What the clients themselves take is
little, but it is taken from the same two cores.
"""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Heard:
    """What clients saw: seconds of every answer, over how many seconds, and the first status that was not 200."""

    times_s: list[float]
    seconds: float
    refused: str = ""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.times_s) / self.seconds


@dataclass(slots=True, eq=False)
class _Client:
    connection: socket.socket
    dice: random.Random
    due: float
    asked: float = 0.0
    waits: bool = False
    heard: bytearray = field(default_factory=bytearray)
    length: int = -1


def ask(port: int, paths: Sequence[str], *, clients: int, seconds: float, every_s: float, seed: int) -> Heard:
    """Have clients ask for any of some paths for a time.

    Parameters
    ----------
    port
        On 127.0.0.1.
    paths
        Asked at random.
    clients
        How many.
    seconds
        For so long; answers that come later are waited for.
    every_s
        Between two questions of one client; 0 asks again as soon as the answer is there.
    seed
        Of the random choice.
    """
    chooser = selectors.DefaultSelector()
    dice = random.Random(seed)
    started = time.perf_counter()
    people = []
    for number in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        person = _Client(connection, random.Random(seed + number), started + dice.uniform(0.0, every_s))
        chooser.register(connection, selectors.EVENT_READ, person)
        people.append(person)
    end, times_s, refused = started + seconds, [], ""
    try:
        while not refused:
            now = time.perf_counter()
            for person in people:
                if not person.waits and person.due <= now < end:
                    path = person.dice.choice(paths)
                    person.asked, person.waits = time.perf_counter(), True
                    person.due = max(person.due + every_s, now)
                    person.connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            if now >= end and not any(person.waits for person in people):
                break
            soonest = min((person.due for person in people if not person.waits), default=end)
            for key, _ in chooser.select(max(0.0, min(soonest, end) - time.perf_counter()) if now < end else 1.0):
                status = _read(key.data)
                if status is not None:
                    times_s.append(time.perf_counter() - key.data.asked)
                    refused = refused or ("" if " 200 " in status else status)
    finally:
        for person in people:
            person.connection.close()
        chooser.close()
    return Heard(times_s, seconds, refused)


def _read(person: _Client) -> str | None:
    """The status line of an answer that is complete, else None."""
    part = person.connection.recv(1 << 18)
    person.heard += part
    if person.length < 0:
        end = person.heard.find(b"\r\n\r\n")
        if end < 0:
            return None if part else "the server closed the connection"
        head = person.heard[:end].decode("latin-1").lower()
        person.length = end + 4 + int(head.partition("content-length:")[2].partition("\r\n")[0])
    if len(person.heard) < person.length and part:
        return None
    status = person.heard.split(b"\r\n", 1)[0].decode("latin-1")
    person.heard.clear()
    person.length, person.waits = -1, False
    return status if part else "the server closed the connection"
