"""One signed request to an agency's server, within a fixed time, whatever that server does.

No redirect is followed (it would carry the message to an address that nobody allowed), certificates are checked, and
of the response only the status and `Retry-After` are used.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Self
from urllib.parse import urlsplit

from dispatch.webhooks import Answer, retry_after_s

DEADLINE_S: Final = 15.0
MAX_RESPONSE_BYTES: Final = 65_536


class Call:
    """A request under way, which another thread can break off.

    A socket's own timeout begins anew with every byte, so a receiver that answers a byte at a time could hold a worker
    for hours: when the time is up the connection is shut, which ends every read on it.
    """

    def __init__(self, deadline_s: float) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(deadline_s, self.abort)
        self._timer.daemon = True
        self.aborted = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Name the socket that `abort` shuts."""
        with self._lock:
            self._socket = connection
            if self.aborted:
                raise TimeoutError

    def abort(self) -> None:
        """Break off, from any thread."""
        with self._lock:
            self.aborted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # The plain method: that of a TLS socket would take the session from the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Poster:
    """Sends webhooks.

    Parameters
    ----------
    clock
        Now, in UTC: dates in `Retry-After` count from it.
    deadline_s
        For everything after the connection stands; connecting may take as long again.
    tls
        Which certificates to trust; None for those that the system trusts.
    """

    def __init__(
        self, *, clock: Callable[[], datetime], deadline_s: float = DEADLINE_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self._clock = clock
        self.deadline_s = deadline_s
        self._tls = tls or ssl.create_default_context()

    @property
    def longest_s(self) -> float:
        """An attempt is over after this many seconds."""
        return 2 * self.deadline_s

    def call(self) -> Call:
        """A request to be made with `post`."""
        return Call(self.longest_s)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, call: Call) -> Answer:
        """Send, and say what came of it; whatever goes wrong outside is an answer too."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host = parts.hostname or ""
        connection = kind(host, parts.port, timeout=self.deadline_s)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with call:
                connection.sock = self._connect(host, connection.port, secure, call)
                connection.request("POST", target, body, dict(headers))
                response = connection.getresponse()
                if call.aborted:
                    # http.client takes the end of a connection in the middle of the headers for their end.
                    raise TimeoutError
                answer = Answer(
                    status=response.status,
                    retry_after_s=retry_after_s(response.headers.get("Retry-After"), self._clock()),
                )
                # The status counts as soon as it is there; the rest is read so that the receiver is not cut off.
                with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                    response.read(MAX_RESPONSE_BYTES)
                return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(status=None, fault=_fault(error, call))
        finally:
            connection.close()

    def _connect(self, host: str, port: int, secure: bool, call: Call) -> socket.socket:
        plain = socket.create_connection((host, port), timeout=self.deadline_s)
        try:
            call.watch(plain)
            if not secure:
                return plain
            wrapped = self._tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except BaseException:
            plain.close()
            raise
        try:
            call.watch(wrapped)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


def _fault(error: Exception, call: Call) -> str:
    """Why there was no answer, in a few words of our own: what a receiver sends is not repeated."""
    if call.aborted or isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return "no secure connection"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "connection broken off"
    if isinstance(error, http.client.HTTPException):
        return "no valid HTTP"
    return "cannot be reached"
