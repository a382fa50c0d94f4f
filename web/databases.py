"""Which database belongs to a region where nobody names one. Imports nothing slow: every cold command may ask."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

DATABASE_VARIABLE: Final = "SIAGA112_DB"


def database_url(option: str | None, region_name: str) -> str:
    """The database of the option, else of the environment, else a file of the user's own for this region."""
    named = option or os.environ.get(DATABASE_VARIABLE, "").strip()
    if named:
        return named
    file = _own_file(region_name)
    file.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{file}"


def own_database(region_name: str) -> str | None:
    """What to call the database that commands use when none is named, where there is one; without its password."""
    named = os.environ.get(DATABASE_VARIABLE, "").strip()
    if named:
        return re.sub(r"//[^@/]*@", "//", named)
    file = _own_file(region_name)
    return str(file) if file.is_file() else None


def _own_file(region_name: str) -> Path:
    home = os.environ.get("XDG_DATA_HOME", "").strip()
    folder = (Path(home) if home else Path.home() / ".local" / "share") / "siaga112"
    slug = re.sub(r"[^a-z0-9]+", "-", region_name.lower()).strip("-") or "region"
    return folder / f"{slug}.db"
