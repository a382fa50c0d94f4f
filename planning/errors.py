"""What is wrong with a planner's question, in one sentence."""

from __future__ import annotations

from gis.errors import InputError


class PlanningInputError(InputError):
    """Sites, demand, times or a standard that cannot be used."""


class TimesShapeError(PlanningInputError):
    """Arrays that do not belong together."""
