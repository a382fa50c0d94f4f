"""The columns of the monthly report: which measure stands under which title, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatch.directory import Directory
from dispatch.incidents import CallType, Severity
from gis.errors import SourceError

MAX_COLUMNS: Final = 200


class Measure(StrEnum):
    """What a column holds; docs/exports.md says how each is counted."""

    MONTH = "month"
    CATEGORY = "category"
    CATEGORY_NAME = "category_name"
    CALLS = "calls"
    INCIDENTS = "incidents"
    UNITS_SENT = "units_sent"
    REPORT_TO_DISPATCH = "report_to_dispatch"
    REPORT_TO_ON_SCENE = "report_to_on_scene"
    WITHIN_STANDARD = "within_standard"


class Statistic(StrEnum):
    """Of a time; `COUNT` is of how many incidents it is known, `LEFT_OUT` of how many it was negative."""

    MEAN = "mean"
    MEDIAN = "median"
    P90 = "p90"
    COUNT = "count"
    LEFT_OUT = "left_out"


_TIMES: Final = frozenset({Measure.REPORT_TO_DISPATCH, Measure.REPORT_TO_ON_SCENE})
_UNITS: Final[Mapping[Measure, tuple[str, ...]]] = MappingProxyType(
    {**dict.fromkeys(_TIMES, ("min", "s")), Measure.WITHIN_STANDARD: ("share", "percent")}
)
"""Units of a measure, the first where the mapping names none."""
_FILTERS: Final[Mapping[Measure, tuple[str, ...]]] = MappingProxyType(
    {
        Measure.CALLS: ("call_type",),
        Measure.INCIDENTS: ("severity", "disposition"),
        Measure.UNITS_SENT: ("severity", "disposition", "unit_kind"),
        Measure.REPORT_TO_DISPATCH: ("severity", "disposition"),
        Measure.REPORT_TO_ON_SCENE: ("severity", "disposition"),
        Measure.WITHIN_STANDARD: ("severity", "disposition"),
    }
)

DEFAULT_TOML: Final = """\
# Columns of the monthly report, in their order. Put the titles of the official form in place of these.
# measure: month, category, category_name, calls, incidents, units_sent, report_to_dispatch, report_to_on_scene,
# within_standard. docs/exports.md says how each is counted and which filters it takes.
language = "id"
total = true

[[column]]
title = "Bulan"
measure = "month"

[[column]]
title = "Kategori"
measure = "category_name"

[[column]]
title = "Panggilan"
measure = "calls"

[[column]]
title = "Panggilan normal"
measure = "calls"
call_type = "normal"

[[column]]
title = "Panggilan hantu"
measure = "calls"
call_type = "ghost"

[[column]]
title = "Panggilan iseng"
measure = "calls"
call_type = "prank"

[[column]]
title = "Panggilan informasi"
measure = "calls"
call_type = "information"

[[column]]
title = "Panggilan ganda"
measure = "calls"
call_type = "duplicate"

[[column]]
title = "Panggilan uji"
measure = "calls"
call_type = "test"

[[column]]
title = "Insiden"
measure = "incidents"

[[column]]
title = "Unit dikirim"
measure = "units_sent"

[[column]]
title = "Laporan sampai pengiriman, rata-rata (menit)"
measure = "report_to_dispatch"
statistic = "mean"

[[column]]
title = "Laporan sampai pengiriman, median (menit)"
measure = "report_to_dispatch"
statistic = "median"

[[column]]
title = "Laporan sampai pengiriman, persentil 90 (menit)"
measure = "report_to_dispatch"
statistic = "p90"

[[column]]
title = "Laporan sampai tiba, rata-rata (menit)"
measure = "report_to_on_scene"
statistic = "mean"

[[column]]
title = "Laporan sampai tiba, median (menit)"
measure = "report_to_on_scene"
statistic = "median"

[[column]]
title = "Laporan sampai tiba, persentil 90 (menit)"
measure = "report_to_on_scene"
statistic = "p90"

[[column]]
title = "Dalam standar (persen)"
measure = "within_standard"
unit = "percent"

# One column per disposition of the directory is added where this stands.
[dispositions]
title = "Insiden: {name}"
"""
"""The default mapping, to be copied into a file and edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportColumn:
    """One column.

    Attributes
    ----------
    title
        As it is printed.
    measure
        See `Measure`.
    statistic
        Of a time; None for other measures.
    unit
        `min` or `s` for times, `share` or `percent` for shares; empty for other measures.
    filters
        Field to the one value that counts: `call_type`, `severity`, `disposition`, `unit_kind`.
    """

    title: str
    measure: Measure
    statistic: Statistic | None = None
    unit: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMapping:
    """All columns; language of names; whether there is a total; title of the columns per disposition, if any."""

    columns: tuple[ReportColumn, ...]
    lang: str = "id"
    total: bool = True
    disposition_title: str | None = None


def read_mapping(text: str, *, source: str) -> ReportMapping:
    """A mapping from TOML.

    Parameters
    ----------
    text
        See `DEFAULT_TOML`.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        No TOML; an unknown key, measure, statistic, filter or value (a misspelt one must not become a column of
        zeros); no column, or a title twice.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SourceError(f"{source} is no TOML file: {fault}.") from fault
    _known(table, ("language", "total", "column", "dispositions"), source)
    lang, total, listed = table.get("language", "id"), table.get("total", True), table.get("column", [])
    if lang not in ("id", "en"):
        raise SourceError(f"{source}: language must be “id” or “en”.")
    if not isinstance(total, bool):
        raise SourceError(f"{source}: total must be true or false.")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_COLUMNS:
        raise SourceError(f"{source}: give 1 to {MAX_COLUMNS} tables [[column]], each with a title and a measure.")
    columns = tuple(_column(one, f"{source}, column {at}") for at, one in enumerate(listed, start=1))
    title = None
    if "dispositions" in table:
        where = f"{source}, [dispositions]"
        if not isinstance(table["dispositions"], dict):
            raise SourceError(f"{where} must be a table with a title.")
        _known(table["dispositions"], ("title",), where)
        title = _text(table["dispositions"], "title", where)
        if "{name}" not in title:
            raise SourceError(f"{where}: the title must hold {{name}}, where the disposition's name is put.")
    titles = [one.title for one in columns]
    for one in titles:
        if titles.count(one) > 1:
            raise SourceError(f"{source}: the title “{one}” stands there twice; give each column its own.")
    return ReportMapping(columns=columns, lang=lang, total=total, disposition_title=title)


def _column(table: object, where: str) -> ReportColumn:
    if not isinstance(table, dict):
        raise SourceError(f"{where} is no table; give a title and a measure.")
    title, word = _text(table, "title", where), _text(table, "measure", where)
    if word not in set(Measure):
        raise SourceError(f"{where}: “{word}” is no measure; use {', '.join(Measure)}.")
    measure = Measure(word)
    filters, units = _FILTERS.get(measure, ()), _UNITS.get(measure, ())
    special = (("statistic",) if measure in _TIMES else ()) + (("unit",) if units else ())
    _known(table, ("title", "measure", *filters, *special), where)
    statistic = None
    if measure in _TIMES:
        chosen = table.get("statistic")
        if chosen not in list(Statistic):
            raise SourceError(f"{where}: {measure} needs a statistic: {', '.join(Statistic)}.")
        statistic = Statistic(chosen)
    unit = table.get("unit", units[0] if units else "")
    if units and unit not in units:
        raise SourceError(f"{where}: the unit of {measure} is {' or '.join(units)}.")
    chosen_filters = {name: _text(table, name, where) for name in filters if name in table}
    for name, allowed in (("call_type", set(CallType)), ("severity", set(Severity))):
        if name in chosen_filters and chosen_filters[name] not in allowed:
            raise SourceError(f"{where}: “{chosen_filters[name]}” is no {name}; use {', '.join(sorted(allowed))}.")
    return ReportColumn(title=title, measure=measure, statistic=statistic, unit=unit, filters=chosen_filters)


def _known(table: Mapping[str, object], keys: Iterable[str], where: str) -> None:
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise SourceError(f"{where}: “{unknown[0]}” is not known here; use {', '.join(keys)}.")


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SourceError(f"{where}: {key} must be a text that is not empty.")
    return value


def check_mapping(mapping: ReportMapping, directory: Directory, *, source: str) -> None:
    """Refuse a mapping that filters by a disposition of which the directory knows nothing.

    Parameters
    ----------
    mapping
        As it was read.
    directory
        Of the centre.
    source
        The file, for the text of errors.

    Raises
    ------
    SourceError
        With the dispositions that there are.
    """
    known = [one.disposition_id for one in directory.dispositions]
    for column in mapping.columns:
        if column.filters.get("disposition") not in (None, *known):
            raise SourceError(
                f"{source}, column “{column.title}”: “{column.filters['disposition']}” is no disposition of the "
                f"directory; use {', '.join(known) or 'none, for there are none'}."
            )
