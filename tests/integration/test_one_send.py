"""An answer that is known whole leaves in one piece; a stream part by part. A real server, and sockets."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server

from web.one_send import OneSendChannel

WHOLE, PARTS, NOTHING = b"/whole", b"/parts", b"/nothing"


def _app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"].encode()
    if path == NOTHING:
        start_response("204 No Content", [])
        return []
    if path == PARTS:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"one,", b"two"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"whole"]


class _Counted(OneSendChannel):
    pieces: list[bytes]

    def write_soon(self, data: bytes) -> Any:
        self.pieces.append(data)
        return super().write_soon(data)


def _answers(channel_class: type[HTTPChannel]) -> dict[str, bytes]:
    """What a server with such connections says to each kind of request, without the time of day."""
    channels: dict[int, Any] = {}
    server = create_server(_app, map=channels, host="127.0.0.1", port=0, threads=1, asyncore_use_poll=True)
    server.channel_class = channel_class
    serving = Thread(target=server.run, daemon=True)
    serving.start()
    told = {}
    try:
        for method, path in ((b"GET", WHOLE), (b"HEAD", WHOLE), (b"GET", PARTS), (b"GET", NOTHING)):
            with socket.create_connection(("127.0.0.1", server.effective_port), timeout=30) as line:
                line.sendall(method + b" " + path + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
                said = b"".join(iter(lambda: line.recv(65536), b""))
            told[f"{method.decode()} {path.decode()}"] = re.sub(rb"Date: [^\r]*\r\n", b"", said)
    finally:
        server.close()
        server.task_dispatcher.shutdown()
        serving.join(30)
    return told


def test_every_answer_is_the_one_that_waitress_gives() -> None:
    ours, theirs = _answers(OneSendChannel), _answers(HTTPChannel)
    assert ours == theirs
    assert ours["GET /whole"].endswith(b"\r\n\r\nwhole")


def test_head_and_body_of_a_whole_answer_leave_together_and_a_stream_as_its_parts_come() -> None:
    pieces: list[bytes] = []
    channel = type("Channel", (_Counted,), {"pieces": pieces})
    _answers(channel)
    whole = [piece for piece in pieces if b"Content-Length: 5" in piece]
    assert whole[0].endswith(b"\r\n\r\nwhole")
    assert len([piece for piece in pieces if b"whole" in piece]) == 1
    streamed = [piece for piece in pieces if b"one," in piece or b"two" in piece]
    assert len(streamed) == 2
    assert not any(piece.startswith(b"HTTP/") for piece in streamed)
