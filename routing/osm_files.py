"""Opening OpenStreetMap files: what kind they are, whether they are whole, and several as one.

Everything after this module sees one file, sorted by type and id, without repeats.
"""

from __future__ import annotations

import bz2
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import osmium
from osmium.osm.types import Node, Relation, Way

from gis.errors import SourceError
from routing.osm_report import Tally

_HEAD_BYTES: Final = 65_536
_ROOT = re.compile(rb"<\s*([A-Za-z][\w.:-]*)")
_SORTED: Final = "Type_then_ID"
MERGED_NAME: Final = "merged.osm.pbf"


def file_format(path: Path) -> str:
    """Format of a file by its content: `pbf`, `xml`, `xml.gz`, `xml.bz2` or `graphml`.

    Raises
    ------
    SourceError
        Where the file is missing, empty, or neither OpenStreetMap data nor GraphML.
    """
    if not path.is_file():
        raise SourceError(f"The OpenStreetMap file {path} does not exist; check the name.")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise SourceError(f"The OpenStreetMap file {path} is empty; download it again.")
    if b"OSMHeader" in head[:64]:
        return "pbf"
    packing = ""
    try:
        if head[:2] == b"\x1f\x8b":
            packing, head = ".gz", zlib.decompressobj(31).decompress(head, _HEAD_BYTES)
        elif head[:3] == b"BZh":
            packing, head = ".bz2", bz2.BZ2Decompressor().decompress(head, _HEAD_BYTES)
    except (zlib.error, OSError, ValueError) as error:
        raise SourceError(f"The file {path} cannot be unpacked; download it again.") from error
    root = _ROOT.search(re.sub(rb"<!--.*?-->", b"", head, flags=re.DOTALL).lstrip(b"\xef\xbb\xbf"))
    kind = root[1].decode("ascii", "replace") if root and b"\0" not in head else ""
    if kind == "osm":
        return "xml" + packing
    if kind == "graphml" and not packing:
        return "graphml"
    if kind == "osmChange":
        raise SourceError(f"The file {path} holds changes to OpenStreetMap, not a map; give an extract instead.")
    raise SourceError(f"The file {path} is not OpenStreetMap data; give an .osm.pbf, .osm, .osm.gz or .osm.bz2 file.")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what osmium raises on damaged data into one sentence about the file."""
    try:
        yield
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise SourceError(
            f"The OpenStreetMap file {path} is damaged or cut off ({reason}); download it again."
        ) from error


def one_sorted_file(files: Sequence[Path], scratch: Path, tally: Tally) -> osmium.io.File:
    """One `osmium.io.File` sorted by type and id that holds all of the files once.

    A single file that says it is sorted is taken as it is; anything else is merged into the folder `scratch`. Of an
    object that several files hold the newest version counts.

    Raises
    ------
    SourceError
        Where a file cannot be read, holds a history, or where two files give one id to different things.
    """
    opened = [_open(path) for path in files]
    if len(files) == 1 and _is_sorted(files[0], opened[0]):
        return opened[0]
    if len(files) > 1:
        _check_numbering(files, opened, tally)
    merger = osmium.MergeInputReader()
    for path in files:
        _add(merger, path)
    target = scratch / MERGED_NAME
    with osmium.SimpleWriter(osmium.io.File(str(target), "pbf,pbf_compression=none"), overwrite=True) as writer:
        merger.apply(writer, simplify=True)
    return osmium.io.File(str(target), "pbf")


def _open(path: Path) -> osmium.io.File:
    kind = file_format(path)
    if kind == "graphml":
        raise SourceError(f"The file {path} is GraphML, not OpenStreetMap data; name it .graphml and give it alone.")
    return osmium.io.File(str(path), kind)


def _is_sorted(path: Path, file: osmium.io.File) -> bool:
    with reading(path), osmium.io.Reader(file, osmium.osm.NOTHING) as reader:
        header = reader.header()
        if header.has_multiple_object_versions:
            raise SourceError(f"The file {path} holds a history of OpenStreetMap; give an extract of one day instead.")
        return bool(header.get("sorting") == _SORTED)


def _add(merger: osmium.MergeInputReader, path: Path) -> None:
    """Give a file to the merger under the format of its content, whatever its name."""
    kind = file_format(path)
    with reading(path):
        merger.add_buffer(path.read_bytes(), kind)


class _NumberingCheck:
    """Looks at sorted objects: the same id and version must be the same thing."""

    def __init__(self, tally: Tally) -> None:
        self.clash: str | None = None
        self._tally = tally
        self._last: tuple[str, int, int, object] | None = None

    def node(self, node: Node) -> None:
        self._see("node", node, (node.location.x, node.location.y))

    def way(self, way: Way) -> None:
        self._see("way", way, tuple(ref.ref for ref in way.nodes))

    def relation(self, relation: Relation) -> None:
        self._see("relation", relation, tuple((m.type, m.ref, m.role) for m in relation.members))

    def _see(self, kind: str, thing: Node | Way | Relation, content: object) -> None:
        seen = (kind, int(thing.id), int(thing.version), content)
        if self._last is not None and self._last[:2] == seen[:2]:
            self._tally.add("repeats", f"{kind} in more than one file", seen[1])
            if self._last[2] == seen[2] and self._last[3] != content and self.clash is None:
                self.clash = f"{kind} {seen[1]}"
        self._last = seen


def _check_numbering(files: Sequence[Path], opened: Sequence[osmium.io.File], tally: Tally) -> None:
    merger = osmium.MergeInputReader()
    for path, file in zip(files, opened, strict=True):
        _is_sorted(path, file)
        _add(merger, path)
    check = _NumberingCheck(tally)
    merger.apply(check, simplify=False)
    if check.clash is not None:
        names = ", ".join(str(path) for path in files)
        raise SourceError(
            f"The files {names} give the number of {check.clash} to different things, so at least one has numbers "
            "of its own; renumber it before joining them."
        )
