"""The folder that a region is: written whole or not at all, and checked when it is opened.

`region.toml` is meant to be edited (speeds, turnout times), so the manifest only asks that it exists; every
other file stands there with its size and SHA-256.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gis.errors import InputError, RegionDamagedError, RegionError, RegionVersionError

FORMAT_VERSION = 2
MANIFEST = "manifest.json"
SETTINGS = "region.toml"
VERIFY_ON_OPEN_BYTES = 64 * 2**20
"""Up to this size all checksums are verified at every opening (some tens of milliseconds); larger regions are
checked by size at opening and by checksum in `siaga112 region info`."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HASH_BLOCK = 2**20
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a region folder holds.

    Attributes
    ----------
    format_version
        Of the folder's layout.
    built_at
        UTC.
    builder
        Program and version.
    files
        Relative path to (bytes, SHA-256 in hexadecimal).
    """

    format_version: int
    built_at: datetime
    builder: str
    files: dict[str, tuple[int, str]]


def write_manifest(folder: Path, *, built_at: datetime, builder: str, derived: Collection[str] = ()) -> Manifest:
    """Record every file below `folder` but the settings; written last, so that its presence ends the build.

    Folders named in `derived` are left out: they can be made again from the rest, and have records of their own.
    """
    files = {
        path.relative_to(folder).as_posix(): (path.stat().st_size, _sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST, SETTINGS) and path.relative_to(folder).parts[0] not in derived
    }
    manifest = Manifest(format_version=FORMAT_VERSION, built_at=built_at, builder=builder, files=files)
    record = {
        "format": manifest.format_version,
        "built_at": built_at.isoformat(),
        "builder": builder,
        "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in files.items()},
    }
    (folder / MANIFEST).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return manifest


def read_manifest(folder: Path, *, verify: bool | None = None) -> Manifest:
    """Read and check a region folder.

    Parameters
    ----------
    folder
        The region.
    verify
        True compares every checksum, False only presence and size; None verifies regions of up to
        `VERIFY_ON_OPEN_BYTES`.

    Raises
    ------
    RegionError
        No region there.
    RegionVersionError
        Of another format version.
    RegionDamagedError
        A file is missing, or its size or checksum differs.
    """
    if not folder.is_dir():
        raise RegionError(
            f"There is no region folder {folder}; build one with 'siaga112 region build' or name another."
        )
    try:
        record: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version = int(record["format"])
    except FileNotFoundError:
        raise RegionError(
            f"The folder {folder} is not a region (no {MANIFEST}); build one with 'siaga112 region build'."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise RegionDamagedError(f"{folder / MANIFEST} cannot be read; build the region again.") from None
    if version != FORMAT_VERSION:
        raise RegionVersionError(
            f"The region {folder} has format {version}, this program reads format {FORMAT_VERSION}; "
            "build it again with this version."
        )
    try:
        manifest = Manifest(
            format_version=version,
            built_at=datetime.fromisoformat(record["built_at"]),
            builder=str(record["builder"]),
            files={name: (int(entry["bytes"]), str(entry["sha256"])) for name, entry in record["files"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RegionDamagedError(f"{folder / MANIFEST} cannot be read; build the region again.") from None
    if not (folder / SETTINGS).is_file():
        raise RegionDamagedError(f"The region {folder} is damaged: {SETTINGS} is missing; build it again.")
    total = sum(size for size, _ in manifest.files.values())
    with_checksums = total <= VERIFY_ON_OPEN_BYTES if verify is None else verify
    for name, (size, digest) in manifest.files.items():
        path = folder / name
        try:
            found = path.stat().st_size
        except OSError:
            raise RegionDamagedError(f"The region {folder} is damaged: {name} is missing; build it again.") from None
        if found != size or (with_checksums and _sha256(path) != digest):
            raise RegionDamagedError(
                f"The region {folder} is damaged: {name} differs from the manifest; build it again."
            )
    return manifest


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give a new empty folder beside `target` and put it in the target's place when the block ends well.

    A crash at any moment leaves the old region or none at `target`, never a half. A folder that is not a region
    is never replaced.

    Raises
    ------
    InputError
        `target` exists and is neither empty nor a region, or its parent cannot be written.
    """
    target = target.absolute()
    try:
        _refuse_foreign(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        building, lock = _begin(target)
    except OSError as error:
        raise InputError(f"The region cannot be written to {target}: {error.strerror}; choose another --out.") from None
    try:
        yield building
        _sync(building)
        _put_in_place(building, target)
    except OSError as error:
        if error.filename is not None and not Path(os.fsdecode(error.filename)).is_relative_to(target.parent):
            raise
        # numpy tells of a short write without an error number
        if error.errno in _NO_ROOM or error.errno is None:
            raise InputError(
                f"The disk is full at {target.parent}; free some room and build again (nothing was changed)."
            ) from None
        raise InputError(
            f"The region cannot be written to {target}: {error.strerror}; choose another --out (nothing was changed)."
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
        os.close(lock)


def _refuse_foreign(target: Path) -> None:
    for folder in (target, *target.parents):
        if folder.exists():
            if not folder.is_dir():
                raise InputError(f"{folder} is a file, not a folder; choose another --out.")
            break
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise InputError(f"{target} holds other files and is not a region; choose an empty or new folder for --out.")


def _begin(target: Path) -> tuple[Path, int]:
    """Sweep what killed builds left; a new empty folder beside the target, and the lock that tells it is alive."""
    beside = os.open(target.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(beside, fcntl.LOCK_EX)  # so that nobody sweeps a folder that is made but not locked yet
        _sweep_dead_builds(target)
        building = target.parent / f".{target.name}.building-{os.getpid()}"
        building.mkdir()
        lock = os.open(building, os.O_RDONLY)
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return building, lock
    finally:
        os.close(beside)


def _sweep_dead_builds(target: Path) -> None:
    """Remove what killed builds of this target left behind, and nothing else."""
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.building-*"):
        match = re.fullmatch(r".*\.building-(\d+)", leftover.name)
        if match and leftover.is_dir() and not leftover.is_symlink() and not _is_alive(leftover, int(match[1])):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(building: Path, pid: int) -> bool:
    """Whether a process still builds there: it holds a lock, of which the kernel lets go whatever it dies of.

    A process id alone may be another process's by now, or that of another container. It only counts where the file
    system has no locks.
    """
    try:
        lock = os.open(building, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return Path(f"/proc/{pid}").exists()
    finally:
        os.close(lock)
    return False


def _put_in_place(building: Path, target: Path) -> None:
    if target.is_dir():
        if any(target.iterdir()):
            _exchange(building, target)  # the old region is now at `building`, which the caller removes
            return
        target.rmdir()
    building.rename(target)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders in one step where the kernel can (Linux), else in two."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None and not renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
    ):
        return
    aside = one.with_name(one.name + ".old")
    other.rename(aside)
    one.rename(other)
    shutil.rmtree(aside)


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
