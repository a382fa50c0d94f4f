"""What an import read, used and skipped, and why: counts with a few examples of each."""

from __future__ import annotations

from typing import Any, Final

EXAMPLES: Final = 5
"""Ids kept per reason: enough to look at, few enough to store."""

_MOST_REASONS: Final = 200
"""Kinds of oddity kept per section; free-text values beyond that are counted together."""
_OTHER: Final = "other oddities"


class Tally:
    """Counts per section and reason, with the first few OSM ids of each."""

    def __init__(self) -> None:
        self._sections: dict[str, dict[str, dict[str, Any]]] = {}

    def add(self, section: str, reason: str, osm_id: int | None = None, count: int = 1) -> None:
        """Count `count` things under a section and reason, with the id of one of them as an example."""
        reasons = self._sections.setdefault(section, {})
        if reason not in reasons and len(reasons) >= _MOST_REASONS:
            reason = _OTHER
        entry = reasons.setdefault(reason, {"count": 0, "examples": []})
        entry["count"] += count
        if osm_id is not None and len(entry["examples"]) < EXAMPLES and osm_id not in entry["examples"]:
            entry["examples"].append(int(osm_id))

    def total(self, section: str) -> int:
        """Things counted in a section."""
        return sum(entry["count"] for entry in self._sections.get(section, {}).values())

    def section(self, section: str) -> dict[str, dict[str, Any]]:
        """Reasons of a section, the most frequent first: `{reason: {"count": n, "examples": [ids]}}`."""
        reasons = self._sections.get(section, {})
        return dict(sorted(reasons.items(), key=lambda item: (-item[1]["count"], item[0])))
