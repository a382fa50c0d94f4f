"""An agency's server on loopback: it checks signatures and behaves as badly as a test asks it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dispatch.webhooks import is_authentic


@dataclass(frozen=True, kw_only=True)
class Message:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def seq(self) -> int:
        return int(self.content["data"]["seq"])

    def is_from(self, secret: str) -> bool:
        return is_authentic(self.headers, self.body, secret, datetime.now(UTC))


Behaviour = Callable[["Handler", Message], None]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self) -> None:
        """A sender that follows redirects would come by here."""
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        message = Message(path=self.path, headers=headers, body=body)
        self.server.take(message)
        self.server.behaviour(self, message)

    def answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests look at what was received."""


class Receiver(ThreadingHTTPServer):
    """A server and everything it received."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.closing = threading.Event()
        self._news = threading.Condition()
        self._messages: list[Message] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def messages(self) -> list[Message]:
        with self._news:
            return list(self._messages)

    def take(self, message: Message) -> None:
        with self._news:
            self._messages.append(message)
            self._news.notify_all()

    def wait_until(self, true_of: Callable[[list[Message]], bool], timeout_s: float = 60) -> list[Message]:
        """Wait for messages that satisfy a test; the time only ends a test that has failed."""
        with self._news:
            assert self._news.wait_for(lambda: true_of(self._messages), timeout_s), len(self._messages)
            return list(self._messages)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders that break off are part of the tests."""


def ok(handler: Handler, message: Message) -> None:
    """Take everything."""
    handler.answer(204)


@contextmanager
def receiver(behaviour: Behaviour = ok) -> Iterator[Receiver]:
    """A running server; stopped at the end."""
    server = Receiver(behaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
