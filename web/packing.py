"""Long answers compressed for readers that take it: the board of a busy centre becomes about a tenth."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final

from flask import Response, request

LEAST_BYTES: Final = 4096
"""Shorter answers gain less than their compressing takes."""
LEVEL: Final = 5
_PACKED: Final = ("application/json", "application/geo+json", "application/problem+json")


def pack(response: Response) -> Response:
    """Compress a JSON answer to a GET.

    Left as they are: streams (the event log has to arrive event by event), files, answers that are compressed already,
    and answers with an entity tag, which names the bytes as they were.
    """
    if (
        request.method != "GET"
        or response.mimetype not in _PACKED
        or response.is_streamed
        or response.direct_passthrough
        or "ETag" in response.headers
        or response.content_encoding
    ):
        return response
    body = response.get_data()
    if len(body) > LEAST_BYTES:
        offer(response, lambda: gzip.compress(body, compresslevel=LEVEL, mtime=0))
    return response


def offer(response: Response, compressed: Callable[[], bytes]) -> bool:
    """Put the compressed body in place of the other where the reader takes it; whether that is so."""
    response.vary.add("Accept-Encoding")
    if "HTTP_ACCEPT_ENCODING" not in request.environ:
        return False
    if request.accept_encodings.quality("gzip") <= 0:
        return False
    response.set_data(compressed())
    response.content_encoding = "gzip"
    return True
