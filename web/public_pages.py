"""What anybody may know, without an account: counts per kecamatan, month and category, small numbers withheld.

`dispatch.public_counts` holds the rule. Only months that are over are shown, so that no two states of one month can be
subtracted, and no address takes a span of time, so that no two spans can. A category whose incidents are told to nobody
by kecamatan (`exports.public` is `region` or `hidden`) is in no number here, nor is one that the directory does not
know. On with a centre; `[public] counts = false` of region.toml turns it off.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from typing import Any, Final

from flask import Blueprint, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from dispatch.directory import Directory
from dispatch.exports_common import UTF8_WITH_MARK, Cell, area_codes, category_export, category_name, csv_text
from dispatch.exports_incidents import LEVELS
from dispatch.exports_ministry import month_bounds, month_of
from dispatch.public_counts import PublicTable, public_table, year_of
from dispatch.store import queries
from gis.errors import N_, SourceError
from gis.region_folder import SETTINGS
from web.access import Permission, needs
from web.api_centre import language
from web.api_commands import centre
from web.api_exports import CSV
from web.page_frame import month_name, page_words, show_page
from web.problems import BadRequestError, NotFoundError

public_pages = Blueprint("public", __name__)

KEPT_S: Final = 600.0
"""Counts are worked out anew after so long, however many ask."""
KEPT_MONTHS: Final = 240
CACHE_CONTROL: Final = f"public, max-age={round(KEPT_S)}"
CSV_COLUMNS: Final = ("period", "kecamatan_code", "kecamatan", "category", "category_name", "incidents")
ALL: Final = "*"
_PUBLISHED: Final = "siaga112-public-counts"


class Published:
    """Tables of months, remembered for a while."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, PublicTable]] = OrderedDict()
        self._lock = threading.Lock()

    def table(self, month: str) -> PublicTable:
        """The table of a month that is over."""
        now = time.monotonic()
        # Held while it counts: a crowd that asks at once makes the database count once.
        with self._lock:
            kept = self._kept.get(month)
            if kept is None or now - kept[0] > KEPT_S:
                kept = self._kept[month] = now, _table(month)
                while len(self._kept) > KEPT_MONTHS:
                    self._kept.popitem(last=False)
            return kept[1]


@public_pages.get("/public")
@needs(Permission.PUBLIC)
def page() -> AnyResponse:
    """The counts of a month."""
    _check_on()
    _ = page_words(of_account=False)
    months = _months()
    asked = request.args.get("month", months[0] if months else "")
    if asked and asked not in months:
        raise NotFoundError(
            N_("There are no counts of {month}; only months that are over are shown."), month=asked[:20]
        )
    directory = centre().store.directory()
    table = _published().table(asked) if asked else None
    answer = show_page(
        "public.html", _, of_account=False, table=table, month=asked, months=months,
        month_name=month_name(asked, _) if asked else "", month_names={one: month_name(one, _) for one in months},
        category_names=[category_name(directory, one, _.language) for one in _categories(directory)],
        areas={one.code: one.name for one in centre().region.boundaries.kecamatan},
        left_out=[category_name(directory, one.category_id, _.language) for one in directory.categories
                  if one.category_id not in _categories(directory)],
        years=sorted({one[:4] for one in months}, reverse=True),
    )  # fmt: skip
    answer.headers["Cache-Control"] = CACHE_CONTROL
    return answer


@public_pages.get("/public.csv")
@needs(Permission.PUBLIC)
def table_csv() -> Response:
    """The counts of all months of a year that are over, and of the year where it is; an empty cell is withheld."""
    _check_on()
    lang, months, year = language(), _months(), request.args.get("year", "")
    if not (len(year) == 4 and year.isascii() and year.isdigit()):
        raise BadRequestError(N_("The parameter “year” is a year such as 2026; correct it."))
    wanted = sorted(one for one in months if one.startswith(f"{year}-"))
    if not wanted:
        raise NotFoundError(N_("There are no counts of {month}; only months that are over are shown."), month=year)
    tables = [_published().table(one) for one in wanted]
    rows = [row for month, table in zip(wanted, tables, strict=True) for row in _rows(month, [table], lang)]
    if wanted[-1] == f"{year}-12":
        # Before the first incident of all there is nothing to withhold: those months are not listed.
        rows += _rows(year, tables, lang)
    text = csv_text(CSV_COLUMNS, rows, centre().region.notice)
    answer = Response(text.encode(UTF8_WITH_MARK), content_type=CSV)
    answer.headers["Content-Disposition"] = f'attachment; filename="insiden-{year}.csv"'
    answer.headers["Cache-Control"] = CACHE_CONTROL
    return answer


def _rows(period: str, tables: list[PublicTable], lang: str) -> list[list[Cell]]:
    """Rows of one table, or of the sum of several."""
    directory, first = centre().store.directory(), tables[0]
    names = {one.code: one.name for one in centre().region.boundaries.kecamatan}
    total = {"id": "Semua", "en": "All"}[lang]
    rows: list[list[Cell]] = []
    for place, row in enumerate(first.rows):
        head: list[Cell] = [period, row.area, names.get(row.area)]
        own = [one.rows[place] for one in tables]
        rows += [
            [*head, category, category_name(directory, category, lang), year_of([one.cells[number] for one in own])]
            for number, category in enumerate(first.categories)
        ]
        rows.append([*head, ALL, total, year_of([one.total for one in own])])
    rows.append([period, ALL, total, ALL, total, year_of([one.total for one in tables])])
    return rows


def _check_on() -> None:
    """Answer as if nothing were here, where the region says so.

    Raises
    ------
    NotFoundError
        It is turned off.
    """
    if not is_on(centre().region.table.get("public", {}), str(centre().region.folder / SETTINGS)):
        raise NotFoundError(N_("This centre publishes no counts."))


def is_on(table: Any, source: str) -> bool:
    """Whether `[public]` of region.toml lets anybody see counts; they may where it says nothing.

    Raises
    ------
    SourceError
        A key or value that it does not have.
    """
    if not isinstance(table, dict) or not set(table) <= {"counts"} or not isinstance(table.get("counts", True), bool):
        raise SourceError(f"{source}, [public]: the only key is counts = true or false; correct it.")
    return bool(table.get("counts", True))


def _months() -> list[str]:
    """Months that are over, the newest first, from the first incident on."""
    store = centre().store
    with store.book() as book:
        first = queries.earliest_report(book.connection)
    if first is None:
        return []
    local = store.now().astimezone(store.timezone)
    start, end = month_of(first, store.timezone), local.year * 12 + local.month - 1
    begin = int(start[:4]) * 12 + int(start[5:7]) - 1
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(end - 1, begin - 1, -1)]


def _categories(directory: Directory) -> tuple[str, ...]:
    """Categories that the public may see by kecamatan, in the directory's order."""
    shown = LEVELS[:2]
    return tuple(
        one.category_id for one in directory.categories if (category_export(one, "public") or LEVELS[0]) in shown
    )


def _table(month: str) -> PublicTable:
    store, boundaries = centre().store, centre().region.boundaries
    since, until = month_bounds(month, store.timezone)
    categories = _categories(store.directory())
    areas = sorted(one.code for one in boundaries.kecamatan)
    with store.book() as book:
        found = queries.incidents(book.connection, limit=2**31 - 1, since=since, until=until).items
    counts = Counter(
        (kecamatan, one.category)
        for one in found
        if not one.exercise
        and one.duplicate_of is None
        and one.category in categories
        and (kecamatan := area_codes(one)[1]) in areas
    )
    return public_table(counts, areas=areas, categories=categories)


def _published() -> Published:
    found = current_app.extensions.get(_PUBLISHED)
    return found if isinstance(found, Published) else current_app.extensions.setdefault(_PUBLISHED, Published())
