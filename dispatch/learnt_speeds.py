"""The record of learnt speeds that are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntSpeeds:
    """A report whose factors were adopted; the whole of it is the document of that digest."""

    digest: str
    reason: str
    adopted_at: datetime
    adopted_by: str
