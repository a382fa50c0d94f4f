"""The directory: what a centre knows before the first call. All of it is data, in region.toml and the database.

Agencies, stations, categories of incident with their run cards, response standards, dispositions, hospitals and
neighbouring centres. The records only; `dispatch.directory_file` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.incidents import Severity
from dispatch.roster import Roster, Shift
from gis.types import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """Who runs units or is told of incidents; a `partner` (Polres, PLN) is outside the centre.

    Attributes
    ----------
    aliases
        Other names of it, as units files spell them (`PSC 119`).
    station_kinds
        Kinds of the region's stations that are its own (`fire_station`, `puskesmas`).
    """

    agency_id: str
    name: str
    partner: bool = False
    contact: str = ""
    webhook: str | None = None
    aliases: tuple[str, ...] = ()
    station_kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Where units stand when they wait."""

    station_id: str
    name: str
    agency: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """Where patients are taken."""

    hospital_id: str
    name: str
    location: Location
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """So many units of a kind, each with all the capabilities."""

    kind: str
    number: int = 1
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOption:
    """An answer that is chosen by one key.

    Attributes
    ----------
    severity
        It is at least this bad; None where the answer says nothing of that.
    alarm_level
        At least this alarm level of the run card is asked for.
    """

    answer_id: str
    text: dict[str, str]
    severity: Severity | None = None
    alarm_level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to ask the caller, in the languages that are there (`id`, `en`).

    Attributes
    ----------
    answers
        To choose from; without any the answer is in the caller's own words.
    """

    question_id: str
    text: dict[str, str]
    answers: tuple[AnswerOption, ...] = ()

    def answer(self, answer_id: str) -> AnswerOption | None:
        """The answer of an id, or None."""
        return next((one for one in self.answers if one.answer_id == answer_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """The run card of one category and severity.

    Attributes
    ----------
    alarms
        What each alarm level asks for beyond the one before it; the first is sent at once.
    notify
        Agencies to tell.
    questions
        To ask the caller, in this order.
    """

    category: str
    severity: Severity
    alarms: tuple[tuple[Requirement, ...], ...]
    notify: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    def requirements(self, alarm_level: int) -> tuple[Requirement, ...]:
        """Everything asked for up to an alarm level (beyond the last: all there is)."""
        return tuple(one for alarm in self.alarms[:alarm_level] for one in alarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStandard:
    """How soon somebody must be there.

    Attributes
    ----------
    within_s
        Seconds from the report to the first unit on scene.
    share
        Of incidents that must meet it, 0 to 1.
    source
        The regulation or decision it comes from.
    """

    within_s: float
    share: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of incident.

    Attributes
    ----------
    lead
        Agency that leads.
    standard
        How soon somebody must be there; None where nobody has set it.
    duplicate_radius_m, duplicate_window_s
        A call this near an open incident of the category, in space and time, may be the same.
    exports
        The same category in the codes of others: `eido`, `cap_event`, `cap_category`, `ministry`, ….
    key
        The letter by which it is chosen; None where `dispatch.intake` finds one.
    severity
        What a new incident of it is until somebody says otherwise.
    """

    category_id: str
    name: dict[str, str]
    lead: str
    standard: ResponseStandard | None = None
    duplicate_radius_m: float = 300.0
    duplicate_window_s: float = 1800.0
    exports: dict[str, str] | None = None
    key: str | None = None
    severity: Severity = Severity.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """How an incident ended: asked for when it is closed."""

    disposition_id: str
    name: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourCentre:
    """The call centre beyond a border, by the code of its kabupaten or kota."""

    neighbour_id: str
    name: str
    contact: str
    area_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageOfficial:
    """Whom to ask in a village: a post, not a person (the office's number)."""

    village_code: str
    post: str
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everything above, for one centre.

    Attributes
    ----------
    rosters
        Shifts of units; a unit that none of them names is always on duty.
    border_m
        An incident this near the region's edge, in metres, shows the neighbours.
    kinds
        Kinds of units that the centre has beside those of `dispatch.vocabulary`.
    """

    agencies: tuple[Agency, ...] = ()
    stations: tuple[Station, ...] = ()
    hospitals: tuple[Hospital, ...] = ()
    categories: tuple[Category, ...] = ()
    plans: tuple[ResponsePlan, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    neighbours: tuple[NeighbourCentre, ...] = ()
    officials: tuple[VillageOfficial, ...] = ()
    border_m: float = 2000.0
    rosters: tuple[Roster, ...] = ()
    kinds: tuple[str, ...] = ()

    def category(self, category_id: str) -> Category | None:
        """The category of an id, or None."""
        return next((one for one in self.categories if one.category_id == category_id), None)

    def plan(self, category_id: str, severity: Severity) -> ResponsePlan | None:
        """The run card of a category and severity, or None."""
        return next(
            (one for one in self.plans if one.category == category_id and one.severity is severity),
            None,
        )

    def questions(self) -> dict[str, Question]:
        """All questions that some run card asks, by id."""
        return {one.question_id: one for plan in self.plans for one in plan.questions}

    def shifts(self, unit_id: str) -> tuple[Shift, ...]:
        """The shifts of a unit; none where no roster names it."""
        return tuple(shift for one in self.rosters if unit_id in one.units for shift in one.shifts)
