"""Which records somebody may see: all of them, or those of one agency, one unit or one area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from dispatch.accounts import Account, Role
from dispatch.directory import Directory
from dispatch.incidents import Assignment, Incident, IncidentLocation, LocationKind, Milestone

SEEN_AFTER_END: Final = timedelta(hours=24)
"""How long a crew sees an incident after its own part in it has ended."""


OF_A_PATIENT: Final = frozenset({Milestone.TRANSPORTING, Milestone.AT_HOSPITAL})
"""Milestones that tell of somebody's health: that there is a patient, and that he was taken away."""


class TimesTold(StrEnum):
    """How closely somebody is told when something happened."""

    EXACT = "exact"
    MINUTE = "minute"
    DAY = "day"


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


def times_told(incident: Incident, directory: Directory) -> TimesTold:
    """How closely a village official is told the times of an incident, wherever they stand.

    Seconds between a post that everybody knows and "on scene" draw a ring on the map, and two units two rings: of a
    sensitive category that is the house. So they are told to the minute while the village may be asked about it. Once
    it is over its purpose is served, and a minute that is kept would still single out who came to a hospital then.
    """
    if not is_sensitive(incident.category, directory):
        return TimesTold.EXACT
    return TimesTold.MINUTE if incident.status.is_open else TimesTold.DAY


def told_time(moment: datetime, told: TimesTold, timezone: tzinfo) -> datetime:
    """A time as closely as it is told: the beginning of its minute, or of its local day (UTC)."""
    match told:
        case TimesTold.EXACT:
            return moment
        case TimesTold.MINUTE:
            return moment.replace(second=0, microsecond=0)
        case TimesTold.DAY:
            local = moment.astimezone(timezone)
            return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def whole_days(
    since: datetime | None, until: datetime | None, timezone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """A span widened to whole local days: whoever is told days could else find minutes by asking again and again."""
    start = None if since is None else told_time(since, TimesTold.DAY, timezone)
    end = None if until is None else told_time(until, TimesTold.DAY, timezone)
    if until is not None and end is not None and end < until:
        # Where clocks are changed a day is not 24 hours: its end is the beginning of the next.
        end = told_time(end + timedelta(hours=36), TimesTold.DAY, timezone)
    return start, end


def assignment_for_village(assignment: Assignment, incident: Incident, directory: Directory) -> Assignment:
    """An assignment as a village official sees it: no names, words or hospital; of a sensitive category no patient."""
    milestones = assignment.milestones
    if is_sensitive(incident.category, directory):
        milestones = {one: moment for one, moment in milestones.items() if one not in OF_A_PATIENT}
    return replace(
        assignment, milestones=milestones, hospital=None, assigned_by="", override_reason=None, end_reason=None
    )


def for_village(incident: Incident, directory: Directory) -> Incident:
    """An incident as a village official sees it: no notes, answers or label; of a sensitive category no point.

    Nor how such a one ended: "taken to hospital" and "died there" are said of a person. Its times are another matter
    (`times_told`).
    """
    place = replace(incident.location, label="")
    if is_sensitive(incident.category, directory):
        incident = replace(incident, disposition=None)
        code, above = place.village_code, place.kecamatan_code
        kind = LocationKind.VILLAGE if code else LocationKind.KECAMATAN if above else LocationKind.UNKNOWN
        place = IncidentLocation(kind=kind, village_code=code, kecamatan_code=above)
    return replace(incident, location=place, notes=(), answers=())
