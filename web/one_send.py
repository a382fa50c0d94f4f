"""Answers that are known whole leave in one piece, head and body together.

waitress sends the head by itself and then the body: two calls of the system, two packets, and a reader who is woken
twice. Streams, whose length nobody knows, are sent part by part as before.
"""

from __future__ import annotations

from waitress.channel import HTTPChannel
from waitress.task import WSGITask


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    wrote_header: bool

    def write(self, data: bytes) -> None:
        """As waitress writes, but the head waits for the body where that comes whole."""
        whole = self.complete and not self.wrote_header and self.has_body and len(data) == self.content_length
        if not whole:
            super().write(data)
            return
        head: bytes = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(head + data)


class OneSendChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose answers leave so."""

    task_class = _Task
