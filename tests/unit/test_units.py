"""Rules of reading a units file: nothing is guessed, every fault is named with its line and field."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.types import Unit, UnitStatus
from dispatch.units import COLUMNS, UnitsRead, read_units
from dispatch.vocabulary import KIND_SPELLINGS, STATUS_SPELLINGS, unit_kind, unit_status
from gis.errors import SourceError
from gis.types import Location
from tests.strategies import NOW, fleets

HEADER = "id,kind,agency,status,lat,lon,fix_time,capabilities\n"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "units.md"


def read(text: str, timezone: str = "Asia/Jakarta") -> UnitsRead:
    return read_units(io.StringIO(text), source="units.csv", now=NOW, timezone=ZoneInfo(timezone))


def row(**cells: str) -> str:
    good = {"id": "A1", "kind": "ambulance", "agency": "Dinkes", "status": "available", "lat": "-6.76", "lon": "108.48"}
    return ",".join({**dict.fromkeys(COLUMNS, ""), **good, **cells}.values()) + "\n"


def problem(line: str) -> tuple[int, str, str]:
    answer = read(HEADER + line)
    assert answer.units == ()
    (one,) = answer.problems
    assert one.text.startswith(f"units.csv, line {one.line}, {one.field}: ")
    assert one.text.endswith((".", "?"))
    return one.line, one.field, one.text


def test_a_row_becomes_a_unit() -> None:
    answer = read(HEADER + "AMB 1,Ambulans,Dinkes,Siap,-6.76,108.48,2026-01-31T13:44:00+07:00,ALS|rescue foam;Winch\n")
    assert answer.problems == ()
    assert answer.units == (
        Unit(
            unit_id="AMB 1",
            kind="ambulance",
            agency="Dinkes",
            status=UnitStatus.AVAILABLE,
            location=Location(lat=-6.76, lon=108.48),
            fix_time=datetime(2026, 1, 31, 6, 44, tzinfo=UTC),
            capabilities=frozenset({"als", "rescue", "foam", "winch"}),
        ),
    )


def test_columns_stand_in_any_order_in_any_case_and_others_are_ignored() -> None:
    text = "LON,Lat,note,Fix Time,STATUS,Id,Kind,capabilities,Agency\n108.48,-6.76,new,,siaga,A1,police,,\n"
    (one,) = read(text).units
    assert (one.unit_id, one.location, one.agency) == ("A1", Location(lat=-6.76, lon=108.48), "")


def test_a_spreadsheet_of_indonesia_with_semicolons_decimal_commas_and_a_byte_order_mark_is_read(
    tmp_path: Path,
) -> None:
    file = tmp_path / "u.csv"
    file.write_bytes(("\ufeff" + HEADER.replace(",", ";") + "A1;damkar;;siap;-6,76;108,48;;\r\n").encode())
    answer = read_units(file, source="u.csv", now=NOW)
    assert answer.problems == ()
    assert (answer.units[0].kind, answer.units[0].location) == ("fire_engine", Location(lat=-6.76, lon=108.48))


def test_a_byte_order_mark_in_text_already_open_is_passed_over() -> None:
    assert read("\ufeff" + HEADER + row()).units


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T06:45:00Z", datetime(2026, 1, 31, 6, 45, tzinfo=UTC)),
        ("2026-01-31 13:45:00.5+07:00", datetime(2026, 1, 31, 6, 45, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T13:45+0700", datetime(2026, 1, 31, 6, 45, tzinfo=UTC)),
        ("2026-01-31 13:45", datetime(2026, 1, 31, 6, 45, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_fix_time_is_utc_inside_and_local_without_an_offset(text: str, utc: datetime | None) -> None:
    assert read(HEADER + row(fix_time=text)).units[0].fix_time == utc


@pytest.mark.parametrize("local", ["2025-03-30 02:30", "2025-10-26 02:30"])
def test_a_local_time_that_a_change_of_clocks_makes_doubtful_is_a_fault(local: str) -> None:
    answer = read(HEADER + row(fix_time=local), timezone="Europe/Malta")
    assert "add the offset from UTC" in answer.problems[0].text
    assert read(HEADER + row(fix_time=local + "+01:00"), timezone="Europe/Malta").units


def test_a_fix_up_to_a_minute_ahead_of_our_clock_is_taken_and_beyond_that_a_fault() -> None:
    at_limit = (NOW + timedelta(seconds=60)).isoformat()
    assert read(HEADER + row(fix_time=at_limit)).units
    assert problem(row(fix_time=(NOW + timedelta(seconds=61)).isoformat()))[1] == "fix_time"


@pytest.mark.parametrize(
    ("cells", "field", "says"),
    [
        ({"id": " "}, "id", "it is empty"),
        ({"kind": ""}, "kind", "it is empty"),
        ({"status": "santai"}, "status", "“santai” is not a status"),
        ({"status": ""}, "status", "is not a status"),
        ({"lat": ""}, "lat", "it is empty"),
        ({"lat": "6°45' LS"}, "lat", "is not a number"),
        ({"lat": "nan"}, "lat", "is not a number"),
        ({"lat": "-6.7e0"}, "lat", "is not a number"),
        ({"lat": "108.48", "lon": "-6.76"}, "lat", "were latitude and longitude swapped"),
        ({"lon": "180.5"}, "lon", "not between -180 and 180"),
        ({"lon": "inf"}, "lon", "is not a number"),
        ({"fix_time": "2026-01-31"}, "fix_time", "is not a time"),
        ({"fix_time": "31/01/2026 13:45"}, "fix_time", "is not a time"),
        ({"fix_time": "2026-02-30 13:45"}, "fix_time", "is not a time"),
        ({"fix_time": "0001-01-01 00:00+07:00"}, "fix_time", "is not a time"),
        ({"fix_time": "13:45"}, "fix_time", "is not a time"),
    ],
)
def test_a_faulty_field_is_named(cells: dict[str, str], field: str, says: str) -> None:
    line, named, text = problem(row(**cells))
    assert (line, named) == (2, field)
    assert says in text


def test_a_row_with_a_cell_too_many_or_too_few_is_left_out() -> None:
    assert problem(row().replace("\n", ",x\n"))[1:] == (
        "row",
        "units.csv, line 2, row: it has 9 cells where the header has 8.",
    )
    assert problem("A1,ambulance\n")[1] == "row"


def test_a_long_value_is_not_repeated_in_full() -> None:
    assert len(problem(row(status="x" * 10_000))[2]) < 300


def test_good_rows_are_kept_beside_bad_ones_and_lines_count_as_an_editor_does() -> None:
    text = HEADER + "\n" + row(id="A1") + '"A\n2",ambulance,,?,1,2,,\n' + row(id="A3", lat="x") + row(id="A4")
    answer = read(text)
    assert [one.unit_id for one in answer.units] == ["A1", "A4"]
    assert [(one.line, one.field) for one in answer.problems] == [(4, "status"), (6, "lat")]


def test_no_row_of_a_repeated_id_is_used_and_one_message_names_them_as_written() -> None:
    answer = read(HEADER + row(id="Amb-1") + row(id="B2") + row(id="amb-1") + row(id="C3") + row(id="Amb-1"))
    assert [one.unit_id for one in answer.units] == ["B2", "C3"]
    (only,) = answer.problems
    assert (only.line, only.field) == (2, "id")
    assert only.text == (
        "units.csv, lines 2, 4 and 6, id: “Amb-1”, “amb-1” stands there 3 times and none of these rows is used; give "
        "every unit its own id."
    )


def test_a_good_row_is_not_used_where_a_bad_one_has_its_id() -> None:
    answer = read(HEADER + row(id="A1") + row(id="A1", status="?") + row(id="B2"))
    assert [one.unit_id for one in answer.units] == ["B2"]
    assert [(one.line, one.field) for one in answer.problems] == [(2, "id"), (3, "status")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (HEADER, "names columns but no unit"),
        ("id,kind,status,lat\n", "line 1: columns agency, lon, fix_time, capabilities are missing"),
        ("id\tkind\n", "separated by commas or semicolons"),
        (HEADER.replace("agency", "Id"), "column agency is missing"),
        (HEADER.strip() + ",LAT\n" + row(), "column lat stands there twice"),
        (HEADER + row() + '"A2,ambulance\n', "line 3: the row is no valid CSV"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=re.escape(says)) as caught:
        read(text)
    assert str(caught.value).startswith("units.csv")


def test_a_file_that_is_missing_or_no_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read_units(tmp_path / "none.csv", source="none.csv", now=NOW)
    with pytest.raises(SourceError, match="cannot be read"):
        read_units(tmp_path, source="a folder", now=NOW)
    latin = tmp_path / "latin.csv"
    latin.write_bytes(HEADER.encode() + row(agency="Dinkes Jati-Ñ").encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        read_units(latin, source="latin.csv", now=NOW)


@given(fleets())
def test_what_is_written_is_what_is_read(units: list[Unit]) -> None:
    in_time = [one for one in units if one.fix_time is None or one.fix_time - NOW <= timedelta(seconds=60)]
    lines = [
        ";".join(
            (
                one.unit_id,
                one.kind,
                one.agency,
                one.status,
                str(one.location.lat).replace(".", ","),
                str(one.location.lon),
                one.fix_time.isoformat() if one.fix_time else "",
                "|".join(one.capabilities),
            )
        )
        for one in in_time
    ]
    if not in_time:
        return
    answer = read(HEADER.replace(",", ";") + "\n".join(lines))
    assert answer.units == tuple(in_time)
    assert answer.problems == ()


@given(
    st.text(max_size=200) | st.text(alphabet='",;\n\r\0 A1x', max_size=80),
    st.sampled_from(["", HEADER, HEADER.replace(",", ";"), HEADER + "A1,ambulance,,siap,", HEADER + "A1,boat,,"]),
)
def test_whatever_stands_in_a_file_is_answered_in_sentences_on_one_line(text: str, before: str) -> None:
    try:
        answer = read(before + text)
    except SourceError as error:
        assert str(error).isprintable()
    else:
        assert answer.units or answer.problems
        assert all(one.text.isprintable() for one in answer.problems)


def documented(first_column: str) -> dict[str, tuple[str, ...]]:
    table = DOCUMENT.read_text(encoding="utf-8").split(f"| {first_column} | also written |\n|---|---|\n")[1]
    rows = [line.strip("| ").split(" | ") for line in table.split("\n\n")[0].splitlines()]
    return {name: tuple(spellings.split(", ")) for name, spellings in rows}


def test_the_documented_spellings_are_those_understood() -> None:
    kinds = {kind: tuple(word.replace("_", " ") for word in words) for kind, words in KIND_SPELLINGS.items()}
    statuses = {
        status.value: tuple(word.replace("_", " ") for word in words) for status, words in STATUS_SPELLINGS.items()
    }
    assert documented("kind") == kinds
    assert documented("status") == statuses
    assert all(unit_kind(word) == kind for kind, words in documented("kind").items() for word in (kind, *words))
    assert all(
        unit_status(word.title()) == status
        for status, words in documented("status").items()
        for word in (status, *words)
    )


def test_no_spelling_means_two_things() -> None:
    for spellings in (KIND_SPELLINGS, STATUS_SPELLINGS):
        words = [word for main, others in spellings.items() for word in (str(main), *others)]
        assert len(words) == len(set(words))


def test_an_unlisted_kind_is_kept_and_an_unlisted_status_is_not_a_status() -> None:
    assert unit_kind(" Hot-Air Balloon ") == "hot_air_balloon"
    assert unit_status("rubber") is None


def test_the_example_of_the_document_is_read_without_a_fault() -> None:
    example = DOCUMENT.read_text(encoding="utf-8").split("```\n")[1]
    later = datetime(2026, 2, 1, tzinfo=UTC)
    answer = read_units(io.StringIO(example), source="docs/units.md", now=later)
    assert [one.kind for one in answer.units] == ["ambulance", "fire_engine"]
    assert answer.problems == ()
