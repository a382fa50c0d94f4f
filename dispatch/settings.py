"""How a region dispatches: the `[dispatch]` table of region.toml.

Turnout is the time from the alarm to wheels rolling. The defaults for ambulances (60 s) and for fire and rescue
vehicles (80 s) are the objectives of NFPA 1710 for career crews, to be met in 90 % of responses; what crews take
in practice is in Upson and Notarianni, Quantitative Evaluation of Fire and EMS Mobilization Times (Fire
Protection Research Foundation, 2010). The figures for police and for unlisted kinds are assumptions of this
project. All are starting points: a centre should put its own recorded turnout in their place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from dispatch.vocabulary import unit_kind
from gis.errors import SourceError

DEFAULT_TURNOUT_S: Final[Mapping[str, float]] = MappingProxyType(
    {
        "ambulance": 60.0,
        "fire_engine": 80.0,
        "water_tanker": 80.0,
        "ladder_truck": 80.0,
        "rescue": 80.0,
        "police": 30.0,
    }
)
TURNOUT_NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambulance": "NFPA 1710, emergency medical responses",
        "fire_engine": "NFPA 1710, fire responses: the crew dresses first",
        "water_tanker": "as a fire engine",
        "ladder_truck": "as a fire engine",
        "rescue": "NFPA 1710, special operations",
        "police": "assumption: the crew is in its car",
    }
)
OTHER_TURNOUT_S: Final = 90.0
STALE_AFTER_S: Final = 900.0
MAX_TURNOUT_S: Final = 3600.0
MAX_STALE_AFTER_S: Final = 7 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Settings of the ranking.

    Attributes
    ----------
    turnout_s
        Seconds from alarm to wheels rolling, by unit kind.
    default_turnout_s
        The same for kinds that `turnout_s` does not name.
    stale_after_s
        A position fix older than this is not trusted to rank its unit.
    """

    turnout_s: Mapping[str, float] = field(default_factory=lambda: DEFAULT_TURNOUT_S)
    default_turnout_s: float = OTHER_TURNOUT_S
    stale_after_s: float = STALE_AFTER_S

    def turnout_of(self, kind: str) -> float:
        """Seconds of turnout of a kind of unit."""
        return self.turnout_s.get(kind, self.default_turnout_s)

    @classmethod
    def from_table(cls, table: object, *, source: str) -> DispatchSettings:
        """Read the `[dispatch]` table; what it leaves out keeps its default.

        Parameters
        ----------
        table
            As parsed from TOML: `default_turnout_s`, `stale_after_s` and the table `turnout_s` by kind.
        source
            The file, for the text of errors.

        Raises
        ------
        SourceError
            An unknown key (a misspelt setting must not pass unnoticed) or a value that is no number of
            seconds in range.
        """
        if not isinstance(table, Mapping):
            raise SourceError(f"{source}, [dispatch]: {table!r} is not a table; write its keys below [dispatch].")
        unknown = sorted(set(table) - {"turnout_s", "default_turnout_s", "stale_after_s"})
        if unknown:
            raise SourceError(
                f"{source}, [dispatch]: “{unknown[0]}” is not a setting; use turnout_s, default_turnout_s or "
                "stale_after_s."
            )
        by_kind = table.get("turnout_s", {})
        if not isinstance(by_kind, Mapping):
            raise SourceError(
                f"{source}, [dispatch]: turnout_s must be a table of seconds by unit kind, such as "
                "turnout_s.ambulance = 60."
            )
        turnout_s = dict(DEFAULT_TURNOUT_S)
        spelling_of: dict[str, str] = {}
        for word, value in by_kind.items():
            kind = unit_kind(str(word))
            if kind in spelling_of:
                raise SourceError(
                    f"{source}, [dispatch.turnout_s]: “{spelling_of[kind]}” and “{word}” are the same kind of "
                    "unit; keep one."
                )
            spelling_of[kind] = str(word)
            turnout_s[kind] = _seconds(value, MAX_TURNOUT_S, f"{source}, [dispatch.turnout_s] {word}")
        return cls(
            turnout_s=MappingProxyType(turnout_s),
            default_turnout_s=_seconds(
                table.get("default_turnout_s", OTHER_TURNOUT_S), MAX_TURNOUT_S, f"{source}, default_turnout_s"
            ),
            stale_after_s=_seconds(
                table.get("stale_after_s", STALE_AFTER_S), MAX_STALE_AFTER_S, f"{source}, stale_after_s"
            ),
        )


def default_toml() -> str:
    """The `[dispatch]` table with every default and its source, for region.toml."""
    kinds = "\n".join(f"{kind} = {seconds:g}  # {TURNOUT_NOTES[kind]}" for kind, seconds in DEFAULT_TURNOUT_S.items())
    return f"""\
[dispatch]
# A position fix older than this many seconds does not rank its unit; the unit is listed as stale instead.
stale_after_s = {STALE_AFTER_S:g}
# Turnout, in seconds from the alarm to wheels rolling, of kinds not named below (assumption).
default_turnout_s = {OTHER_TURNOUT_S:g}

[dispatch.turnout_s]
# NFPA 1710 sets these as objectives for 90 % of responses by career crews; put your own recorded times here.
{kinds}
"""


def _seconds(value: object, most: float, where: str) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0 <= number <= most:
        raise SourceError(f"{where}: {value!r} is not a number of seconds from 0 to {most:g}.")
    return float(number)
