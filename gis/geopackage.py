"""Read a GeoPackage with the standard library alone: sqlite3 for the table, Shapely for the geometry.

Opening a region must not import GDAL. Only what the project's own writers produce is supported: standard
GeoPackageBinary geometries (OGC 12-128r19, clause 2.1.3), each in a column named in `gpkg_geometry_columns`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gis.errors import RegionDamagedError

_MAGIC = b"GP"
_HEADER_LENGTH = 8
_ENVELOPE_LENGTHS = (0, 32, 48, 48, 64)
_EXTENDED = 0b0010_0000


def wkb_of(blob: bytes) -> bytes:
    """Strip the header of a GeoPackageBinary geometry and return its well-known binary.

    Raises
    ------
    ValueError
        When the blob is not a standard GeoPackageBinary geometry.
    """
    if len(blob) < _HEADER_LENGTH or blob[:2] != _MAGIC:
        raise ValueError("not a GeoPackage geometry")
    flags = blob[3]
    envelope = flags >> 1 & 0b111
    if envelope >= len(_ENVELOPE_LENGTHS) or flags & _EXTENDED:
        raise ValueError("not a standard GeoPackage geometry")
    start = _HEADER_LENGTH + _ENVELOPE_LENGTHS[envelope]
    if len(blob) <= start:
        raise ValueError("a GeoPackage geometry without content")
    return blob[start:]


def read_layer(path: Path, layer: str, columns: Sequence[str]) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """Read the columns and the well-known binaries of a layer, in the order of its rows.

    The file is opened read-only and as immutable, so that no lock or journal file is made beside it.

    Raises
    ------
    RegionDamagedError
        When the file cannot be read, or lacks the layer or a column.
    """
    if not path.is_file():
        raise RegionDamagedError(f"{path.name} is missing in {path.parent}; build the region again.")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)
            ).fetchone()
            if found is None:
                raise RegionDamagedError(f"{path.name} has no layer {layer!r}; build the region again.")
            # Brackets, since SQLite takes an unknown name in double quotes for a text.
            names = ", ".join(f"[{name}]" for name in (*columns, found[0]))
            rows = connection.execute(f"SELECT {names} FROM [{layer}] ORDER BY rowid").fetchall()
        return [row[:-1] for row in rows], [wkb_of(row[-1]) for row in rows]
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise RegionDamagedError(
            f"{path.name} cannot be read (layer {layer!r}: {error}); build the region again."
        ) from error
