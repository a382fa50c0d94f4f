"""The files that the page loads: our own and Leaflet's, all from this server.

Their addresses carry a version, so a browser may keep them for ever and yet never shows an old one.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache, lru_cache
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Final

from flask import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from web.access import Permission, needs
from web.packing import offer

assets = Blueprint("assets", __name__)

STATIC = Path(__file__).resolve().parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
PACKED = frozenset({".css", ".js", ".svg"})
LEAFLET_FILES = {"leaflet.js": "text/javascript; charset=utf-8", "leaflet.css": "text/css; charset=utf-8"}
LEAFLET_VERSION = version("django-js-lib-leaflet")


def leaflet_text(name: str) -> str:
    """The text of one of Leaflet's files from the installed package."""
    folder: Traversable = files("js_lib_leaflet") / "static" / "js_lib_leaflet"
    return (folder / name).read_text(encoding="utf-8").replace("//# sourceMappingURL=leaflet.js.map", "")


def asset_version() -> str:
    """A short checksum over all of our own files."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


_IMPORT: Final = re.compile(r'^(?:import|export)\b[^"]*"\./([\w.]+)";$', re.MULTILINE)


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """A module and all that it imports, so that a browser is told of them at once and not one after another."""
    found, left = [name], [name]
    while left:
        text = (STATIC / "js" / left.pop()).read_text(encoding="utf-8")
        new = [one for one in _IMPORT.findall(text) if one not in found]
        found += new
        left += new
    return tuple(dict.fromkeys(found))


@assets.get("/static/<stamp>/<path:name>")
@needs(Permission.PUBLIC)
def own(stamp: str, name: str) -> Response:
    """One of our own files; the stamp only keeps browsers from using an old copy."""
    answer = send_from_directory(STATIC, name)
    answer.headers["Cache-Control"] = FOR_EVER
    return _packed(answer, name) if answer.status_code == HTTPStatus.OK else answer


def _packed(answer: Response, name: str) -> Response:
    """The file compressed, where its reader takes that: a third of the bytes, for phones on a weak network."""
    if PurePosixPath(name).suffix not in PACKED:
        return answer
    if "Range" not in request.headers and offer(answer, lambda: _gzip(STATIC / PurePosixPath(name))):
        answer.headers.pop("Accept-Ranges", None)
    return answer


@lru_cache(maxsize=256)
def _gzip(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)


@cache
def _gzip_leaflet(name: str) -> bytes:
    return gzip.compress(leaflet_text(name).encode(), compresslevel=9, mtime=0)


@assets.get("/static-leaflet/<stamp>/<name>")
@needs(Permission.PUBLIC)
def leaflet(stamp: str, name: str) -> Response:
    """One of Leaflet's files."""
    if name not in LEAFLET_FILES:
        raise NotFound
    answer = Response(leaflet_text(name), content_type=LEAFLET_FILES[name])
    answer.headers["Cache-Control"] = FOR_EVER
    offer(answer, lambda: _gzip_leaflet(name))
    answer.add_etag()
    answer.make_conditional(request)
    return answer
