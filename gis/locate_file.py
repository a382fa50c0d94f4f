"""A spreadsheet of positions in, the same with villages out: for a planner's past incidents.

CSV in UTF-8 with or without byte order mark, delimited by commas, semicolons or tabs, with or without the line `sep=;`
that Excel reads; the output is written in the way of the input (mark, delimiter, line ends, decimal commas). Every row
keeps its place: one whose position cannot be read gets empty answers and the reason in the column `problem`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from gis.boundaries import BoundaryIndex
from gis.errors import InputError, SourceError
from gis.files import writing_atomically
from gis.nearby_villages import NearbyFinder
from gis.threads import CHUNK
from gis.village_grid import INSIDE, NEAREST, OUTSIDE, STATUSES

LAT_NAMES = ("lat", "latitude", "lintang", "garis_lintang", "y")
LON_NAMES = ("lon", "long", "longitude", "lng", "bujur", "garis_bujur", "x")
"""Column names, compared without case or a unit of degrees; the first of these that a file has is taken."""

ADDED = ("village_code", "village", "kecamatan", "border_m", "candidates", "status", "problem")
NOTICE = "notice"
RENAMED = "located_{}"
"""What an added column is called where the file has one of its name."""

ROWS_AT_ONCE = 2 * CHUNK
PROBLEMS_LISTED = 20
COLUMNS_LISTED = 20
LONGEST_QUOTE = 40
BYTE_ORDER_MARK = "\ufeff"

DELIMITERS = (",", ";", "\t")
_EXCEL_LINE = re.compile(r"\s*\"?sep=(?P<delimiter>[,;\t|])\"?\s*", re.IGNORECASE)
_UNIT_OF_DEGREES = re.compile(
    r"[\s_]*[(\[]?(?:°|deg|degrees?|decimal degrees|dd|derajat|derajat desimal|wgs ?84)[)\]]?$"
)

Progress = Callable[[int], None]


@dataclass(slots=True, kw_only=True)
class LocateFileReport:
    """What became of the rows.

    Attributes
    ----------
    rows
        Rows read and written.
    inside, nearest, outside, problems
        Rows by outcome; together all rows.
    first_problems
        Line in the file and reason of the first `PROBLEMS_LISTED` bad rows.
    lat_column, lon_column
        Where the positions were read.
    renamed
        Added columns that got another name because the file had theirs.
    blank_lines
        Lines without anything, which are not rows.
    """

    lat_column: str
    lon_column: str
    rows: int = 0
    inside: int = 0
    nearest: int = 0
    outside: int = 0
    problems: int = 0
    blank_lines: int = 0
    renamed: dict[str, str] = field(default_factory=dict)
    first_problems: list[tuple[int, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **asdict(self),
            "first_problems": [{"line": line, "problem": problem} for line, problem in self.first_problems],
        }

    def sentence(self) -> str:
        """The counts in one sentence."""
        text = (
            f"{self.rows} rows: {self.inside} inside a village, {self.nearest} nearest to one, {self.outside} outside"
        )
        if not self.problems:
            return f"{text}."
        line, problem = self.first_problems[0]
        return f"{text}, {self.problems} with a problem (the first in line {line}: {problem})."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a CSV is written."""

    excel_line: str
    header: tuple[str, ...]
    delimiter: str
    line_end: str
    marked: bool
    lat: int
    lon: int


def locate_file(
    index: BoundaryIndex,
    source: Path,
    target: Path,
    *,
    progress: Progress | None = None,
    notice: str | None = None,
) -> LocateFileReport:
    """Add the village of every row's position to a CSV.

    Parameters
    ----------
    index
        Of the region.
    source
        A CSV with a column of latitudes and one of longitudes.
    target
        The CSV to write, whole or not at all; not the source.
    progress
        Told how many further rows are done.
    notice
        What every export of the region says; it fills a last column `notice`.

    Raises
    ------
    SourceError
        Where the file is missing, empty, not UTF-8 or has no such columns.
    InputError
        Where the target cannot be written or is the source.
    """
    if not source.is_file():
        raise SourceError(f"The file {source} does not exist; check the path.")
    if target.exists() and target.samefile(source):
        raise InputError(f"{target} is the file to be read; give another name for the one to be written.")
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            layout = _layout(stream, source)
            lines = _Lines(stream)
            rows = _records(csv.reader(lines, delimiter=layout.delimiter), lines, layout, source)
            for _ in range(2 if layout.excel_line else 1):
                next(rows)
            report = LocateFileReport(
                lat_column=layout.header[layout.lat],
                lon_column=layout.header[layout.lon],
                renamed=_renamed(layout, notice),
            )
            with writing_atomically(target) as out:
                _convert(index, rows, out, layout, report, progress or (lambda _: None), notice)
    except UnicodeDecodeError as error:
        raise SourceError(f"{source.name} is not in UTF-8; save it as CSV UTF-8.") from error
    except csv.Error as error:
        raise SourceError(f"{source.name} cannot be read as CSV ({error}); save it again as CSV.") from error
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {error.strerror}.") from error
    return report


def _layout(stream: TextIO, source: Path) -> _Layout:
    """Delimiter, header and columns; leaves the stream at its beginning."""
    first, excel_line, delimiter = stream.readline(), "", None
    if (excel := _EXCEL_LINE.fullmatch(first)) is not None:
        excel_line, delimiter = first, excel["delimiter"]
        first = stream.readline()
    if not first.strip():
        raise SourceError(f"{source.name} is empty or has no header; give a CSV whose first line names the columns.")
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    stream.seek(0)
    if excel_line:
        stream.readline()
    header = tuple(next(csv.reader(stream, delimiter=delimiter)))
    stream.seek(0)
    plain = [name.strip().casefold() for name in header]
    for nth, name in enumerate(plain):
        if name and name in plain[:nth]:
            raise SourceError(f"{source.name} has two columns named “{header[nth]}”; rename one of them.")
    with source.open("rb") as raw:
        marked = raw.read(3) == BYTE_ORDER_MARK.encode()
    return _Layout(
        excel_line=excel_line,
        header=header,
        delimiter=delimiter,
        line_end="\r\n" if first.endswith("\r\n") else "\n",
        marked=marked,
        lat=_column(plain, LAT_NAMES, "latitudes", header, source),
        lon=_column(plain, LON_NAMES, "longitudes", header, source),
    )


def _column(plain: Sequence[str], names: Sequence[str], what: str, header: Sequence[str], source: Path) -> int:
    for columns in (plain, [_UNIT_OF_DEGREES.sub("", name) for name in plain]):
        for name in names:
            if name in columns:
                return columns.index(name)
    raise SourceError(
        f"{source.name} has no column of {what} ({', '.join(names)}); its columns are "
        f"{', '.join(header[:COLUMNS_LISTED])}{' …' if len(header) > COLUMNS_LISTED else ''}."
    )


class _Lines:
    """The lines of a file, of which those of the present row are kept."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.of_row: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.of_row.append(line)
        return line


def _records(rows: Any, lines: _Lines, layout: _Layout, source: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a `csv.reader`, each with its last line; refused where a quotation mark swallows rows."""
    for row in rows:
        if len(lines.of_row) > 1 and not _is_one_row(lines.of_row, layout):
            last = rows.line_num
            raise SourceError(
                f"{source.name}, line {last - len(lines.of_row) + 1}: a quotation mark is opened and not closed, which "
                f"swallows the rows down to line {last}; close or remove it."
            )
        lines.of_row.clear()
        yield rows.line_num, row


def _is_one_row(lines: Sequence[str], layout: _Layout) -> bool:
    """Whether several lines are one row with line breaks in its cells, every quotation mark in its place."""
    try:
        (row,) = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    except (csv.Error, ValueError):
        return False
    return len(row) == len(layout.header)


def _added(notice: str | None) -> tuple[str, ...]:
    return ADDED if notice is None else (*ADDED, NOTICE)


def _renamed(layout: _Layout, notice: str | None) -> dict[str, str]:
    taken = {name.strip().casefold() for name in layout.header}
    renamed = {}
    for name in _added(notice):
        new = name
        while new in taken:
            new = RENAMED.format(new)
        if new != name:
            renamed[name] = new
    return renamed


def _convert(
    index: BoundaryIndex,
    rows: Iterator[tuple[int, list[str]]],
    out: TextIO,
    layout: _Layout,
    report: LocateFileReport,
    progress: Progress,
    notice: str | None,
) -> None:
    """Answer the rows after the header."""
    finder = NearbyFinder(index.village_grid)
    writer = csv.writer(out, delimiter=layout.delimiter, lineterminator=layout.line_end)
    if layout.marked:
        out.write(BYTE_ORDER_MARK)
    out.write(layout.excel_line)
    writer.writerow([*layout.header, *(report.renamed.get(name, name) for name in _added(notice))])
    width, last = len(layout.header), () if notice is None else (notice,)
    decimal_comma: bool | None = None
    while block := list(islice(rows, ROWS_AT_ONCE)):
        cells = [row for _, row in block if row]
        lines = [line for line, row in block if row]
        if decimal_comma is None and cells:
            decimal_comma = layout.delimiter != "," and any(
                "," in row[layout.lat] for row in cells if row[layout.lat :]
            )
        positions, problems = _positions(cells, layout)
        answers = _answers(index, finder, positions, problems, bool(decimal_comma), report)
        writer.writerows(
            [*row[:width], *[""] * (width - len(row)), *answer, *last]
            for row, answer in zip(cells, answers, strict=True)
        )
        for number in sorted(problems)[: PROBLEMS_LISTED - len(report.first_problems)]:
            report.first_problems.append((lines[number], problems[number]))
        report.problems += len(problems)
        report.blank_lines += len(block) - len(cells)
        report.rows += len(cells)
        progress(len(cells))


def _positions(cells: Sequence[Sequence[str]], layout: _Layout) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """(N, 2) latitude and longitude (NaN where bad), and the reason of each bad row."""
    width, lat, lon = len(layout.header), layout.lat, layout.lon
    values: list[tuple[float, float]] = []
    problems: dict[int, str] = {}
    for number, row in enumerate(cells):
        try:
            if len(row) > width:
                left_over = layout.delimiter.join(row[width:])
                raise InputError(f"the row has {len(row)} cells but the header {width}; left over: {left_over}")
            values.append(
                (
                    _number(row[lat] if lat < len(row) else "", "latitude"),
                    _number(row[lon] if lon < len(row) else "", "longitude"),
                )
            )
        except InputError as error:
            values.append((math.nan, math.nan))
            problems[number] = str(error)
    positions = np.array(values, dtype=np.float64).reshape(-1, 2)
    for column, (name, most) in enumerate((("latitude", 90), ("longitude", 180))):
        for number in np.flatnonzero(np.abs(positions[:, column]) > most).tolist():
            swapped = "; is it swapped with the longitude?" if column == 0 and abs(positions[number, 0]) <= 180 else ""
            problems.setdefault(
                number, f"the {name} {positions[number, column]:g} is not between -{most} and {most}{swapped}"
            )
    return positions, problems


def _number(cell: str, what: str) -> float:
    """A decimal number, with point or comma."""
    try:
        value = float(cell)
    except ValueError:
        if not cell.strip():
            raise InputError(f"the {what} is missing") from None
        try:
            text = cell.replace("−", "-")
            value = float(text if "." in text else text.replace(",", "."))
        except ValueError:
            raise InputError(f"the {what} “{cell.strip()[:LONGEST_QUOTE]}” is not a number") from None
    if not math.isfinite(value) or "_" in cell:
        raise InputError(f"the {what} “{cell.strip()[:LONGEST_QUOTE]}” is not a number")
    return value


def _answers(
    index: BoundaryIndex,
    finder: NearbyFinder,
    positions: npt.NDArray[np.float64],
    problems: Mapping[int, str],
    decimal_comma: bool,
    report: LocateFileReport,
) -> list[tuple[str, ...]]:
    """The added cells of each row, in the order of `ADDED`."""
    bad = np.zeros(len(positions), dtype=bool)
    bad[list(problems)] = True
    lat, lon = positions[~bad].T
    found, near = index.locate_many(lat, lon), finder.nearby_many(lat, lon)
    counts = np.bincount(found.status, minlength=len(STATUSES))
    report.inside += int(counts[INSIDE])
    report.nearest += int(counts[NEAREST])
    report.outside += int(counts[OUTSIDE])

    codes = [village.code for village in index.villages]
    areas = [
        (village.code, village.name, index.kecamatan_name(number)) for number, village in enumerate(index.villages)
    ]
    areas.append(("", "", ""))  # number -1: outside
    candidates = [codes[number] for number in near.village.tolist()]
    offset = near.offset.tolist()
    border = [f"{one_m:.1f}" for one_m in found.border_m.tolist()]
    if decimal_comma:
        border = [text.replace(".", ",") for text in border]
    good = iter(
        [
            (*areas[village], border_m, " ".join(candidates[begin:end]), STATUSES[status].value, "")
            for village, border_m, begin, end, status in zip(
                found.village.tolist(), border, offset[:-1], offset[1:], found.status.tolist(), strict=True
            )
        ]
    )
    empty = ("",) * (len(ADDED) - 1)
    return [(*empty, problems[number]) if number in problems else next(good) for number in range(len(positions))]
