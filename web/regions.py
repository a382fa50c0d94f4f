"""Which region a command or the server works on."""

from __future__ import annotations

import os
from pathlib import Path

from gis.errors import RegionError

REGION_VARIABLE = "SIAGA112_REGION"

_INSTALLED = Path(__file__).resolve().parent / "demonstration"
_CHECKOUT = Path(__file__).resolve().parents[1] / "data" / "demonstration" / "region"


def demonstration_folder() -> Path:
    """The embedded demonstration region: beside this module when installed, under data/ in a checkout.

    Raises
    ------
    RegionError
        The installation lacks it.
    """
    for folder in (_INSTALLED, _CHECKOUT):
        if folder.is_dir():
            return folder
    raise RegionError(
        f"The embedded demonstration region is missing from this installation; name a region with --region or {REGION_VARIABLE}."
    )


def chosen_region_folder(option: Path | None) -> Path:
    """The folder named by the option, else by the environment, else the demonstration region."""
    if option is not None:
        return option
    named = os.environ.get(REGION_VARIABLE, "").strip()
    return Path(named) if named else demonstration_folder()
