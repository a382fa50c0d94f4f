"""Which records somebody may see: all of them, or those of one agency, one unit or one area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from dispatch.accounts import Account, Role
from dispatch.directory import Directory
from dispatch.incidents import Incident, IncidentLocation, LocationKind

SEEN_AFTER_END: Final = timedelta(hours=24)
"""How long a crew sees an incident after its own part in it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """At most one of the three is given; none means the whole centre.

    Attributes
    ----------
    agency
        Its units, and incidents that it was told of or has sent a unit to.
    unit
        This unit, and incidents that it is sent to, until `SEEN_AFTER_END` after it was done.
    area
        Incidents in this village or kecamatan, without whatever tells of a person.
    without
        Categories whose incidents are out of reach: for an area, those that are hidden (`hidden_categories`).
    """

    agency: str | None = None
    unit: str | None = None
    area: str | None = None
    without: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is kept from it."""
        return self == WHOLE_CENTRE


WHOLE_CENTRE: Final = Reach()


def reach_of(account: Account) -> Reach:
    """What an account's role is bound to."""
    match account.role:
        case Role.AGENCY:
            return Reach(agency=account.bound_to or "-")
        case Role.CREW:
            return Reach(unit=account.bound_to or "-")
        case Role.VILLAGE_OFFICIAL:
            return Reach(area=account.bound_to or "-")
        case _:
            return WHOLE_CENTRE


def lies_within(area: str, code: str | None) -> bool:
    """Whether a code is that of an area or of what lies in it."""
    return code is not None and (code == area or code.startswith(f"{area}."))


def is_sensitive(category: str, directory: Directory) -> bool:
    """Whether incidents of a category are shown no closer than their village: those that the public sees coarser."""
    found = directory.category(category)
    return found is None or (found.exports or {}).get("public", "village") != "village"


def is_hidden(category: str, directory: Directory) -> bool:
    """Whether nobody outside the centre hears of a single incident of a category, its own village among them.

    In a village of two thousand people, category and day tell whose house it was (domestic violence): that is personal
    data of a special kind, by UU 27/2022 article 4, and a village needs none of it.
    """
    found = directory.category(category)
    return found is not None and (found.exports or {}).get("public") == "hidden"


def hidden_categories(directory: Directory) -> tuple[str, ...]:
    """Ids of all such categories, in the directory's order."""
    return tuple(one.category_id for one in directory.categories if is_hidden(one.category_id, directory))


def for_village(incident: Incident, directory: Directory) -> Incident:
    """An incident as a village official sees it: no notes, answers or label; of a sensitive category no point."""
    place = replace(incident.location, label="")
    if is_sensitive(incident.category, directory):
        code, above = place.village_code, place.kecamatan_code
        kind = LocationKind.VILLAGE if code else LocationKind.KECAMATAN if above else LocationKind.UNKNOWN
        place = IncidentLocation(kind=kind, village_code=code, kecamatan_code=above)
    return replace(incident, location=place, notes=(), answers=())
