"""Long JSON answers go over the line compressed, and say the same."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.centre_app import centre_app

PACKED = {"Accept-Encoding": "gzip"}


def test_a_long_answer_is_compressed_for_who_takes_it_and_a_short_one_or_a_stream_is_not(tmp_path: Path) -> None:
    with centre_app(f"sqlite:///{tmp_path / 'centre.db'}") as made:
        client = made.app.test_client()
        plain = client.get("/api/v1/board")
        packed = client.get("/api/v1/board", headers=PACKED)
        assert "Content-Encoding" not in plain.headers
        assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 3
        assert json.loads(gzip.decompress(packed.data))["units"] == plain.get_json()["units"]
        short = client.get("/api/v1/locate?at=-6.7172,108.5362", headers=PACKED)
        assert "Content-Encoding" not in short.headers
