"""Data of people that has served its purpose: found, erased, and said how much (UU 27/2022, articles 43 and 44).

What is erased: personal texts by age and by category, and sessions, links, tokens and names of people whose accounts
were disabled long ago; the intake of positions forgets where units were. What stays is the event log, which holds no
name, number or words of a caller.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dispatch.access_settings import AccessSettings, PrivacySettings
from dispatch.commands import EraseTexts
from dispatch.store import care
from dispatch.store.credentials import Credentials
from gis.region_folder import SETTINGS

if TYPE_CHECKING:
    from routing.region import Region
    from web.centre import Centre

SYSTEM: Final = "system"
_AT_ONCE: Final = 1000
_ALL: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """How much was erased, or would be.

    Attributes
    ----------
    texts
        Personal texts past their age.
    texts_by_category
        Personal texts of closed incidents whose category is kept for less long, by category.
    sessions, links, tokens, credentials
        Of people.
    """

    texts: int
    texts_by_category: dict[str, int]
    sessions: int
    links: int
    tokens: int
    credentials: int

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def privacy_settings(region: Region) -> PrivacySettings:
    """`[privacy]` of a region.

    Raises
    ------
    SourceError
        It cannot be used.
    """
    return PrivacySettings.from_table(region.table.get("privacy", {}), source=str(region.folder / SETTINGS))


def access_settings(region: Region) -> AccessSettings:
    """`[access]` of a region.

    Raises
    ------
    SourceError
        It cannot be used.
    """
    return AccessSettings.from_table(region.table.get("access", {}), source=str(region.folder / SETTINGS))


def sweep(centre: Centre, *, only_look: bool = False) -> SweepReport:
    """Erase what has served its purpose; with `only_look` only count it."""
    store, now = centre.store, centre.store.now()
    privacy, access = privacy_settings(centre.region), access_settings(centre.region)
    by_category: dict[str, int] = {}
    for category, days in sorted(privacy.category_days.items()):
        found = care.texts_of_closed(store.engine, category, now - timedelta(days=days))
        by_category[category] = len(found)
        if not only_look:
            _erase(centre, found, f"retention of {category}")
    expired = care.expired_texts(store.engine, now, limit=_ALL)
    if not only_look:
        _erase(centre, expired, "expired")
    gone = Credentials(store.engine, clock=store.now).forget(
        sessions_before=now - access.longest_session,
        disabled_before=now - timedelta(days=privacy.accounts_days),
        only_look=only_look,
    )
    return SweepReport(texts=len(expired), texts_by_category=by_category, **gone)


def _erase(centre: Centre, text_ids: list[str], reason: str) -> None:
    for first in range(0, len(text_ids), _AT_ONCE):
        part = tuple(text_ids[first : first + _AT_ONCE])
        centre.store.execute(EraseTexts(text_ids=part, reason=reason), actor=SYSTEM)
