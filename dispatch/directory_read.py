"""The records of the directory, read from its TOML tables and checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import time
from difflib import get_close_matches
from string import ascii_lowercase
from typing import Final, TypeVar

from dispatch.directory import (
    Agency,
    AnswerOption,
    Category,
    Directory,
    Disposition,
    Hospital,
    NeighbourCentre,
    Question,
    Requirement,
    ResponsePlan,
    ResponseStandard,
    Station,
    VillageOfficial,
)
from dispatch.incidents import Severity
from dispatch.roster import DAYS, Roster, Shift
from dispatch.toml_entry import Entry, shown
from dispatch.vocabulary import KIND_SPELLINGS, normalised, unit_kind
from gis.codes import check_village_code, normalise_code
from gis.errors import InputError, SourceError
from gis.types import Location

MAX_STANDARD_S: Final = 86_400.0
MAX_RADIUS_M: Final = 100_000.0
MAX_WINDOW_S: Final = 7 * 86_400.0
MAX_UNITS: Final = 50
MAX_ALARM: Final = 20
MAX_ANSWERS: Final = 9
"""More answers than that are read too slowly while somebody waits on the line."""

_DAY_NAMES: Final = {
    **{name: number for number, name in enumerate(DAYS)},
    **{name: number for number, name in enumerate(("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu"))},
}
T = TypeVar("T")


def read_tables(tables: Mapping[str, object], source: str) -> Directory:
    """Read all tables of a directory.

    Parameters
    ----------
    tables
        By name, as parsed from TOML; those that are missing are empty.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        An unknown key, agency, category, kind or question, a missing or doubled run card, an id used twice, a value
        of the wrong type or out of bounds.
    """
    head = Entry(tables.get("directory", {}), f"{source}, [directory]", ("border_m", "kinds"))
    kinds = tuple(unit_kind(word) for word in head.texts("kinds"))
    known_kinds = {*KIND_SPELLINGS, *kinds}

    def entries(name: str, key: str, read: Callable[[Entry], T], keys: Collection[str]) -> tuple[T, ...]:
        return _entries(tables.get(name, ()), name, key, read, keys, source)

    agencies = entries("agencies", "id", _agency, _AGENCY)
    agency_ids = [one.agency_id for one in agencies]
    _refuse_shared_names(agencies, source)

    def agency(entry: Entry, key: str) -> str:
        return _known(entry, key, entry.text(key), agency_ids, "agency")

    def category(entry: Entry) -> Category:
        exports = entry.raw("exports", None)
        return Category(
            category_id=entry.identifier("id"),
            name=entry.translations("name"),
            lead=agency(entry, "lead"),
            standard=_standard(entry) if entry.has("standard") else None,
            duplicate_radius_m=entry.number("duplicate_radius_m", least=0, most=MAX_RADIUS_M, default=300.0),
            duplicate_window_s=entry.number("duplicate_window_s", least=0, most=MAX_WINDOW_S, default=1800.0),
            exports=None if exports is None else _exports(exports, f"{entry.where}, exports"),
            key=_letter(entry) if entry.has("key") else None,
            severity=_severity(entry) or Severity.HIGH,
        )

    categories = entries("categories", "id", category, _CATEGORY)
    _refuse_shared_letters(categories, source)
    questions = {
        one.question_id: one
        for one in entries(
            "questions",
            "id",
            _question,
            ("id", "text", "answers"),
        )
    }

    def plan(entry: Entry) -> ResponsePlan:
        severity = entry.text("severity")
        return ResponsePlan(
            category=_known(entry, "category", entry.text("category"), [c.category_id for c in categories], "category"),
            severity=Severity(_known(entry, "severity", severity, [one.value for one in Severity], "severity")),
            alarms=tuple(
                _alarm(entry, level, alarm, known_kinds) for level, alarm in enumerate(entry.items("alarms"), start=1)
            ),
            notify=tuple(_known(entry, "notify", one, agency_ids, "agency") for one in entry.texts("notify")),
            questions=tuple(
                questions[_known(entry, "questions", one, list(questions), "question")]
                for one in entry.texts("questions")
            ),
        )

    plans = entries("response_plans", "", plan, ("category", "severity", "alarms", "notify", "questions"))
    _refuse_incomplete(categories, plans, source)
    return Directory(
        agencies=agencies,
        stations=entries(
            "stations",
            "id",
            lambda entry: Station(
                station_id=entry.identifier("id"),
                name=entry.text("name"),
                agency=agency(entry, "agency"),
                location=_location(entry),
            ),
            ("id", "name", "agency", "lat", "lon"),
        ),
        hospitals=entries(
            "hospitals",
            "id",
            lambda entry: Hospital(
                hospital_id=entry.identifier("id"),
                name=entry.text("name"),
                location=_location(entry),
                phone=entry.text("phone", ""),
            ),
            ("id", "name", "lat", "lon", "phone"),
        ),
        categories=categories,
        plans=plans,
        dispositions=entries(
            "dispositions",
            "id",
            lambda entry: Disposition(disposition_id=entry.identifier("id"), name=entry.translations("name")),
            ("id", "name"),
        ),
        neighbours=entries("neighbours", "id", _neighbour, ("id", "name", "contact", "area_codes")),
        officials=entries("village_officials", "", _official, ("village_code", "post", "contact")),
        border_m=head.number("border_m", least=0, most=MAX_RADIUS_M, default=2000.0),
        rosters=entries("rosters", "id", _roster, ("id", "units", "shifts")),
        kinds=kinds,
    )


def _entries(
    value: object, name: str, key: str, read: Callable[[Entry], T], keys: Collection[str], source: str
) -> tuple[T, ...]:
    """All entries of an array of tables; where `key` names their id, each id once."""
    if not isinstance(value, list | tuple):
        raise SourceError(f"{source}: {name} is not a list of tables; begin every entry with [[{name}]].")
    records: list[T] = []
    seen: dict[object, int] = {}
    for number, table in enumerate(value, start=1):
        entry = Entry(table, _where(table, name, key, number, source), keys)
        records.append(read(entry))
        mark = entry.raw(key) if key else number
        if mark in seen:
            raise SourceError(
                f"{source}, [[{name}]]: the {key} {shown(mark)} stands at entries {seen[mark]} and {number}; "
                "give every entry its own."
            )
        seen[mark] = number
    return tuple(records)


def _where(table: object, name: str, key: str, number: int, source: str) -> str:
    """How errors call an entry: by its id, a run card by category and severity, else by number."""
    if isinstance(table, Mapping):
        words = [table.get(one) for one in ((key,) if key else ("category", "severity", "village_code"))]
        called = "/".join(word for word in words if isinstance(word, str))
        if called:
            return f"{source}, [[{name}]] {shown(called)[1:-1]}"
    return f"{source}, [[{name}]] number {number}"


_AGENCY = ("id", "name", "partner", "contact", "webhook", "aliases", "station_kinds")
_CATEGORY = (
    "id", "name", "lead", "standard", "duplicate_radius_m", "duplicate_window_s", "exports", "key", "severity",
)  # fmt: skip


def _agency(entry: Entry) -> Agency:
    webhook = entry.text("webhook") if entry.has("webhook") else None
    if webhook is not None and not webhook.startswith(("https://", "http://")):
        raise entry.fault("webhook", f"{shown(webhook)} is not an address; it begins with https://")
    return Agency(
        agency_id=entry.identifier("id"),
        name=entry.text("name"),
        partner=entry.flag("partner"),
        contact=entry.text("contact", ""),
        webhook=webhook,
        aliases=entry.texts("aliases"),
        station_kinds=entry.texts("station_kinds"),
    )


def _question(entry: Entry) -> Question:
    answers: list[AnswerOption] = []
    for number, one in enumerate(entry.items("answers"), start=1):
        answer = Entry(one, f"{entry.where}, answers, number {number}", ("id", "text", "severity", "alarm"))
        answers.append(
            AnswerOption(
                answer_id=answer.identifier("id"),
                text=answer.translations("text"),
                severity=_severity(answer),
                alarm_level=answer.whole("alarm", least=1, most=MAX_ALARM, default=1),
            )
        )
        if answers[-1].answer_id in [each.answer_id for each in answers[:-1]]:
            raise answer.fault("id", f"{shown(answers[-1].answer_id)} stands there twice; give every answer its own")
    if len(answers) > MAX_ANSWERS:
        raise entry.fault("answers", f"{len(answers)} are too many to choose from; at most {MAX_ANSWERS}")
    return Question(question_id=entry.identifier("id"), text=entry.translations("text"), answers=tuple(answers))


def _severity(entry: Entry) -> Severity | None:
    if not entry.has("severity"):
        return None
    return Severity(_known(entry, "severity", entry.text("severity"), [one.value for one in Severity], "severity"))


def _letter(entry: Entry) -> str:
    letter = entry.text("key").lower()
    if len(letter) != 1 or letter not in ascii_lowercase:
        raise entry.fault("key", f"{shown(letter)} is not one letter from a to z")
    return letter


def _standard(entry: Entry) -> ResponseStandard:
    standard = Entry(entry.raw("standard"), f"{entry.where}, standard", ("within_s", "share", "source"))
    return ResponseStandard(
        within_s=standard.number("within_s", least=1, most=MAX_STANDARD_S),
        share=standard.number("share", least=0, most=1),
        source=standard.text("source"),
    )


def _exports(value: object, where: str) -> dict[str, str]:
    names = tuple(value) if isinstance(value, Mapping) else ()
    codes = Entry(value, where, names)
    return {name: codes.text(name) for name in names}


def _alarm(entry: Entry, level: int, value: object, known_kinds: set[str]) -> tuple[Requirement, ...]:
    where = f"{entry.where}, alarms, level {level}"
    if not isinstance(value, list | tuple) or not value:
        raise SourceError(f"{where}: {shown(value)} is not a list of units; write [{{ kind = 'ambulance' }}].")
    requirements: list[Requirement] = []
    for one in value:
        unit = Entry(one, where, ("kind", "number", "capabilities"))
        kind = unit_kind(unit.text("kind"))
        if kind not in known_kinds:
            raise unit.fault(
                "kind",
                f"{shown(unit.text('kind'))} is not a kind of unit{_meant(kind, known_kinds)}; use one of "
                "docs/units.md or add it to kinds under [directory]",
            )
        requirement = Requirement(
            kind=kind,
            number=unit.whole("number", least=1, most=MAX_UNITS, default=1),
            capabilities=frozenset(normalised(word) for word in unit.texts("capabilities")),
        )
        if any((r.kind, r.capabilities) == (kind, requirement.capabilities) for r in requirements):
            raise unit.fault("kind", f"{shown(kind)} is asked for twice; write its number instead")
        requirements.append(requirement)
    return tuple(requirements)


def _neighbour(entry: Entry) -> NeighbourCentre:
    codes = entry.texts("area_codes")
    return NeighbourCentre(
        neighbour_id=entry.identifier("id"),
        name=entry.text("name"),
        contact=entry.text("contact"),
        area_codes=tuple(_code(entry, "area_codes", code, normalise_code) for code in codes),
    )


def _official(entry: Entry) -> VillageOfficial:
    return VillageOfficial(
        village_code=_code(entry, "village_code", entry.text("village_code"), check_village_code),
        post=entry.text("post"),
        contact=entry.text("contact", ""),
    )


def _roster(entry: Entry) -> Roster:
    units = entry.texts("units")
    shifts = tuple(
        _shift(Entry(one, f"{entry.where}, shifts", ("days", "from", "to"))) for one in entry.items("shifts")
    )
    for key, found in (("units", units), ("shifts", shifts)):
        if not found:
            raise entry.fault(key, "is empty; a roster needs at least one")
    return Roster(roster_id=entry.identifier("id"), units=units, shifts=shifts)


def _shift(entry: Entry) -> Shift:
    days = entry.texts("days") or DAYS
    return Shift(
        days=frozenset(_DAY_NAMES[_known(entry, "days", day.lower(), list(_DAY_NAMES), "weekday")] for day in days),
        start=_clock(entry, "from"),
        end=_clock(entry, "to"),
    )


def _clock(entry: Entry, key: str) -> time:
    value = entry.raw(key)
    try:
        clock = value if isinstance(value, time) else time.fromisoformat(entry.text(key))
        if clock.tzinfo is None:
            return clock
    except ValueError:
        pass
    raise entry.fault(key, f"{shown(value)} is not a local time of day; write 07:00")


def _location(entry: Entry) -> Location:
    return Location(
        lat=entry.number("lat", least=-90, most=90),
        lon=entry.number("lon", least=-180, most=180),
    )


def _code(entry: Entry, key: str, value: str, check: Callable[[object], str]) -> str:
    try:
        return check(value)
    except InputError as error:
        raise entry.fault(key, str(error).rstrip(".")) from None


# --- checks across tables ---------------------------------------------------------------------------------------------


def _known(entry: Entry, key: str, value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise entry.fault(
            key, f"there is no {what} {shown(value)}{_meant(value, known) or '; the file has ' + _some(known)}"
        )
    return value


def _meant(value: str, known: Iterable[str]) -> str:
    near = get_close_matches(value, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _some(known: Sequence[str]) -> str:
    return ", ".join(known[:12]) + (", …" if len(known) > 12 else "") if known else "none"


def _refuse_shared_letters(categories: Sequence[Category], source: str) -> None:
    """A letter chooses one category."""
    owner: dict[str, str] = {}
    for one in categories:
        if one.key is not None and owner.setdefault(one.key, one.category_id) != one.category_id:
            raise SourceError(
                f"{source}, [[categories]] {one.category_id}, key: the letter {shown(one.key)} already chooses "
                f"{owner[one.key]}; give it another."
            )


def _refuse_shared_names(agencies: Sequence[Agency], source: str) -> None:
    """A name in a units file must mean one agency."""
    owner: dict[str, str] = {}
    for agency in agencies:
        for word in {normalised(one) for one in (agency.agency_id, agency.name, *agency.aliases)}:
            other = owner.setdefault(word, agency.agency_id)
            if other != agency.agency_id:
                raise SourceError(
                    f"{source}, [[agencies]] {agency.agency_id}, aliases: {shown(word)} already means {other}; "
                    "a name must mean one agency."
                )
    kinds: dict[str, str] = {}
    for agency in agencies:
        for kind in agency.station_kinds:
            if kinds.setdefault(kind, agency.agency_id) != agency.agency_id:
                raise SourceError(
                    f"{source}, [[agencies]] {agency.agency_id}, station_kinds: stations of kind {shown(kind)} already "
                    f"belong to {kinds[kind]}; keep one."
                )


def _refuse_incomplete(categories: Sequence[Category], plans: Sequence[ResponsePlan], source: str) -> None:
    """Every category has exactly one run card for each severity."""
    seen: set[tuple[str, Severity]] = set()
    for plan in plans:
        if (plan.category, plan.severity) in seen:
            raise SourceError(
                f"{source}, [[response_plans]] {plan.category}/{plan.severity}: this run card stands there twice; "
                "keep one."
            )
        seen.add((plan.category, plan.severity))
    for category in categories:
        for severity in Severity:
            if (category.category_id, severity) not in seen:
                raise SourceError(
                    f"{source}, [[response_plans]]: the category {category.category_id} has no run card for severity "
                    f"{severity}; add one."
                )
