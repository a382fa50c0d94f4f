"""The directory as the tables it is read from: for region.toml, and for JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.directory import (
    Agency,
    AnswerOption,
    Category,
    Directory,
    Hospital,
    Question,
    Requirement,
    ResponsePlan,
    Station,
)
from dispatch.roster import DAYS, EVERY_DAY, Shift

Table = dict[str, Any]


def directory_tables(directory: Directory) -> dict[str, Any]:
    """Plain tables, lists, texts and numbers, that `dispatch.directory_read.read_tables` reads as the same directory.

    Raises
    ------
    ValueError
        Two run cards ask different questions under one id.
    """
    return {
        "directory": {"border_m": directory.border_m, "kinds": list(directory.kinds)},
        "agencies": [_agency(one) for one in directory.agencies],
        "categories": [_category(one) for one in directory.categories],
        "questions": _questions(directory.plans),
        "response_plans": [_plan(one) for one in directory.plans],
        "dispositions": [{"id": one.disposition_id, "name": dict(one.name)} for one in directory.dispositions],
        "stations": [_station(one) for one in directory.stations],
        "hospitals": [_hospital(one) for one in directory.hospitals],
        "neighbours": [
            {"id": one.neighbour_id, "name": one.name, "contact": one.contact, "area_codes": list(one.area_codes)}
            for one in directory.neighbours
        ],
        "village_officials": [
            {"village_code": one.village_code, "post": one.post, "contact": one.contact} for one in directory.officials
        ],
        "rosters": [
            {"id": one.roster_id, "units": list(one.units), "shifts": [_shift(shift) for shift in one.shifts]}
            for one in directory.rosters
        ],
    }


def directory_toml(directory: Directory) -> str:
    """The same as TOML text.

    Raises
    ------
    ValueError
        As `directory_tables`.
    """
    blocks: list[str] = []
    for name, value in directory_tables(directory).items():
        if isinstance(value, Mapping):
            blocks.append("\n".join([f"[{name}]", *_fields(value)]))
        elif value:
            blocks += ["\n".join([f"[[{name}]]", *_fields(entry)]) for entry in value]
        else:
            # An empty list stands before all tables: below one it would be a field of it.
            blocks.insert(0, f"{name} = []")
    return "\n\n".join(blocks) + "\n"


def _agency(one: Agency) -> Table:
    webhook = {} if one.webhook is None else {"webhook": one.webhook}
    return {
        "id": one.agency_id,
        "name": one.name,
        "partner": one.partner,
        "contact": one.contact,
        **webhook,
        "aliases": list(one.aliases),
        "station_kinds": list(one.station_kinds),
    }


def _category(one: Category) -> Table:
    table: Table = {"id": one.category_id, "name": dict(one.name), "lead": one.lead}
    if one.standard is not None:
        table["standard"] = {
            "within_s": one.standard.within_s,
            "share": one.standard.share,
            "source": one.standard.source,
        }
    table |= {"duplicate_radius_m": one.duplicate_radius_m, "duplicate_window_s": one.duplicate_window_s}
    table |= {"severity": one.severity.value} | ({} if one.key is None else {"key": one.key})
    return table if one.exports is None else {**table, "exports": dict(one.exports)}


def _questions(plans: Sequence[ResponsePlan]) -> list[Table]:
    found: dict[str, Question] = {}
    for plan in plans:
        for question in plan.questions:
            if found.setdefault(question.question_id, question) != question:
                raise ValueError(f"the question {question.question_id} has two texts; give one of them another id")
    return [_question(one) for one in found.values()]


def _question(one: Question) -> Table:
    answers = {"answers": [_answer(each) for each in one.answers]} if one.answers else {}
    return {"id": one.question_id, "text": dict(one.text), **answers}


def _answer(one: AnswerOption) -> Table:
    severity = {} if one.severity is None else {"severity": one.severity.value}
    return {"id": one.answer_id, "text": dict(one.text), **severity, "alarm": one.alarm_level}


def _plan(one: ResponsePlan) -> Table:
    return {
        "category": one.category,
        "severity": one.severity.value,
        "alarms": [[_requirement(unit) for unit in alarm] for alarm in one.alarms],
        "notify": list(one.notify),
        "questions": [question.question_id for question in one.questions],
    }


def _requirement(one: Requirement) -> Table:
    capabilities = {"capabilities": sorted(one.capabilities)} if one.capabilities else {}
    return {"kind": one.kind, "number": one.number, **capabilities}


def _station(one: Station) -> Table:
    where = {"lat": one.location.lat, "lon": one.location.lon}
    return {"id": one.station_id, "name": one.name, "agency": one.agency, **where}


def _hospital(one: Hospital) -> Table:
    where = {"lat": one.location.lat, "lon": one.location.lon}
    return {"id": one.hospital_id, "name": one.name, **where, "phone": one.phone}


def _shift(one: Shift) -> Table:
    days = {} if one.days == EVERY_DAY else {"days": [DAYS[day] for day in sorted(one.days)]}
    return {**days, "from": one.start.isoformat(), "to": one.end.isoformat()}


def _fields(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_fields(value)) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON writes texts, numbers and truth values as TOML does; U+007F alone needs to be escaped in TOML.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007F")


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key, ensure_ascii=False)
