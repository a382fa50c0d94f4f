"""Which region a command or the server works on."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from gis.errors import InputError, RegionError
from gis.region_folder import MANIFEST, replacing_folder

if TYPE_CHECKING:
    from routing.region import Region

REGION_VARIABLE = "SIAGA112_REGION"
ARCHIVE = "region.zip"

_INSTALLED = Path(__file__).resolve().parent / "demonstration" / ARCHIVE
_CHECKOUT = Path(__file__).resolve().parents[1] / "data" / "demonstration" / ARCHIVE


def open_region(option: Path | None, *, verify: bool | None = None) -> Region:
    """Open the region named by the option, else by the environment, else the demonstration region.

    Parameters
    ----------
    option
        A folder, or None.
    verify
        As in `gis.region_folder.read_manifest`.

    Raises
    ------
    RegionError
        It cannot be opened.
    """
    from routing.region import Region

    named = option or (Path(text) if (text := os.environ.get(REGION_VARIABLE, "").strip()) else None)
    if named is not None:
        return Region.open(named, verify=verify)
    archive = demonstration_archive()
    folder = _unpacked(archive)
    try:
        return Region.open(folder, verify=verify)
    except RegionError:  # a copy that somebody damaged; the archive is the original
        _unpack(archive, folder)
        return Region.open(folder, verify=verify)


def demonstration_archive() -> Path:
    """The embedded demonstration region: beside this module when installed, under data/ in a checkout.

    Raises
    ------
    RegionError
        The installation lacks it.
    """
    for archive in (_INSTALLED, _CHECKOUT):
        if archive.is_file():
            return archive
    raise RegionError(
        "The embedded demonstration region is missing from this installation; "
        f"name a region with --region or {REGION_VARIABLE}."
    )


def _unpacked(archive: Path) -> Path:
    """The archive's folder in the user's cache, unpacked at its first use; named by content, so never outdated."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:16]
    for cache in _caches():
        folder = cache / f"demonstration-{digest}"
        if (folder / MANIFEST).is_file():
            return folder
        try:
            _unpack(archive, folder)
        except InputError:
            continue  # not writable: the next one
        return folder
    raise RegionError(
        "The demonstration region could not be unpacked into any cache folder; set XDG_CACHE_HOME to a writable one."
    )


def _caches() -> list[Path]:
    home = os.environ.get("XDG_CACHE_HOME", "").strip()
    own = Path(home) if home else Path.home() / ".cache"
    return [own / "siaga112", Path(tempfile.gettempdir()) / f"siaga112-{os.getuid()}"]


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed, replacing_folder(folder) as building:
            packed.extractall(building)
    except zipfile.BadZipFile:
        raise RegionError(f"{archive} is damaged; install Siaga112 again.") from None
