"""How a region recommends: the `[recommendation]` table of region.toml, beside `[dispatch]`.

The figures are assumptions of this project, to be replaced by a centre's own: half an hour as “far”, ten minutes of
patience with a unit that said when it would be free, three tenths of a unit's time busy. Daskin (1983) takes the busy
fraction from records: the time units were out divided by the time they were on duty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dispatch.settings import DEFAULT_TURNOUT_S, OTHER_TURNOUT_S, STALE_AFTER_S, DispatchSettings
from dispatch.vocabulary import unit_kind
from gis.errors import SourceError

BEYOND_S: Final = 1800.0
OVERDUE_S: Final = 600.0
ROLLING_TURNOUT_S: Final = 0.0
BUSY_FRACTION: Final = 0.3
COVER_STANDARD_S: Final = 900.0
MAX_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationSettings:
    """Settings of a recommendation, stored with it.

    Attributes
    ----------
    turnout_s, default_turnout_s, stale_after_s
        As in `dispatch.settings.DispatchSettings`.
    rolling_turnout_s
        Turnout of a crew that is in its vehicle already: returning, or free after a hospital.
    beyond_s
        Where every unit takes longer than this, the shortfall `ALL_BEYOND` says so.
    overdue_s
        How long a unit is still offered after the time at which it expected to be free.
    busy_fraction, default_busy_fraction
        Share of its time that a unit is busy, by kind, 0 to 1 (1 excluded): the q of `dispatch.cover`.
    cover_standard_s
        A village counts as covered by a unit that is there within this time, turnout included.
    """

    turnout_s: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_TURNOUT_S))
    default_turnout_s: float = OTHER_TURNOUT_S
    stale_after_s: float = STALE_AFTER_S
    rolling_turnout_s: float = ROLLING_TURNOUT_S
    beyond_s: float = BEYOND_S
    overdue_s: float = OVERDUE_S
    busy_fraction: dict[str, float] = field(default_factory=dict)
    default_busy_fraction: float = BUSY_FRACTION
    cover_standard_s: float = COVER_STANDARD_S

    @property
    def dispatch(self) -> DispatchSettings:
        """The part that ranking needs."""
        return DispatchSettings(
            turnout_s=self.turnout_s, default_turnout_s=self.default_turnout_s, stale_after_s=self.stale_after_s
        )

    def busy_fraction_of(self, kind: str) -> float:
        """Share of its time that a unit of the kind is busy."""
        return self.busy_fraction.get(kind, self.default_busy_fraction)

    @classmethod
    def of(cls, settings: DispatchSettings) -> RecommendationSettings:
        """The defaults, with the turnout and staleness of a region."""
        return cls(
            turnout_s=dict(settings.turnout_s),
            default_turnout_s=settings.default_turnout_s,
            stale_after_s=settings.stale_after_s,
        )

    @classmethod
    def from_table(cls, table: object, settings: DispatchSettings, *, source: str) -> RecommendationSettings:
        """Read the `[recommendation]` table; what it leaves out keeps its default.

        Parameters
        ----------
        table
            As parsed from TOML.
        settings
            The region's `[dispatch]` table.
        source
            The file, for the text of errors.

        Raises
        ------
        SourceError
            An unknown key, or a value out of range.
        """
        where = f"{source}, [recommendation]"
        if not isinstance(table, Mapping):
            raise SourceError(f"{where}: {table!r} is not a table; write its keys below [recommendation].")
        most = {
            "rolling_turnout_s": MAX_S,
            "beyond_s": MAX_S,
            "overdue_s": MAX_S,
            "cover_standard_s": MAX_S,
            "default_busy_fraction": 0.99,
        }
        unknown = sorted(set(table) - set(most) - {"busy_fraction"})
        if unknown:
            raise SourceError(f"{where}: “{unknown[0]}” is not a setting; use {', '.join(most)} or busy_fraction.")
        by_kind = table.get("busy_fraction", {})
        if not isinstance(by_kind, Mapping):
            raise SourceError(f"{where}: busy_fraction must be a table by unit kind, such as ambulance = 0.3.")
        numbers = {name: _number(table[name], most[name], f"{where} {name}") for name in most if name in table}
        base = cls.of(settings)
        return cls(
            turnout_s=base.turnout_s,
            default_turnout_s=base.default_turnout_s,
            stale_after_s=base.stale_after_s,
            busy_fraction={
                unit_kind(str(word)): _number(value, 0.99, f"{where} busy_fraction.{word}")
                for word, value in by_kind.items()
            },
            **numbers,
        )


def _number(value: object, most: float, where: str) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0 <= number <= most:
        raise SourceError(f"{where}: {value!r} is not a number from 0 to {most:g}.")
    return float(number)
