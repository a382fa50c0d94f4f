from __future__ import annotations

import csv
from pathlib import Path

import pytest

import gis.locate_file
from gis.boundaries import BoundaryIndex
from gis.errors import InputError, SourceError
from gis.locate_file import LocateFileReport, locate_file
from tests.boundaries import boundary_set, square

INSIDE = [
    "32.09.01.2001",
    "Village 32.09.01.2001",
    "Area 32.09.01",
    "110.5",
    "32.09.01.2001 32.09.01.2002",
    "inside",
    "",
]


@pytest.fixture(scope="module")
def index() -> BoundaryIndex:
    return BoundaryIndex.build(boundary_set({"32.09.01.2001": square(0, 0), "32.09.01.2002": square(1, 0)}))


def located(index: BoundaryIndex, tmp_path: Path, text: str | bytes) -> tuple[list[list[str]], LocateFileReport]:
    """The rows written for a CSV, header first, and the report."""
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text.encode() if isinstance(text, str) else text)
    report = locate_file(index, source, target)
    written = target.read_text(encoding="utf-8-sig")
    with target.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream, delimiter=";" if ";" in written.splitlines()[0] else ",")), report


def test_every_row_gets_its_village_and_keeps_its_own_columns(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, report = located(
        index, tmp_path, 'id,lat,lon,note\n1,-6.995,108.009,a\n2,-6.995,107.999,\n3,-6.5,108.5,"x, y"\n'
    )
    assert rows[0] == [
        "id", "lat", "lon", "note",
        "village_code", "village", "kecamatan", "border_m", "candidates", "status", "problem",
    ]  # fmt: skip
    assert rows[1] == ["1", "-6.995", "108.009", "a", *INSIDE]
    assert rows[2][4:] == [*INSIDE[:4], "32.09.01.2001", "nearest", ""]
    assert rows[3][:4] == ["3", "-6.5", "108.5", "x, y"]
    assert rows[3][4:7] + rows[3][8:] == ["", "", "", "", "outside", ""]
    assert float(rows[3][7]) > 50_000
    assert (report.rows, report.inside, report.nearest, report.outside, report.problems) == (3, 1, 1, 1, 0)
    assert report.sentence() == "3 rows: 1 inside a village, 1 nearest to one, 1 outside."


@pytest.mark.parametrize("lat", ["lat", "Latitude", "LINTANG", " y ", "Lat (deg)", "latitude_deg", "Lintang [°]"])
@pytest.mark.parametrize("lon", ["lon", "Long", "longitude", "LNG", "bujur", "X", "Lon (deg)", "Bujur (derajat)"])
def test_columns_are_found_by_their_usual_names(index: BoundaryIndex, tmp_path: Path, lat: str, lon: str) -> None:
    rows, report = located(index, tmp_path, f"{lon},{lat}\n108.009,-6.995\n")
    assert rows[1][2:] == INSIDE
    assert (report.lat_column, report.lon_column) == (lat, lon)


def test_semicolons_and_decimal_commas_are_read_and_written(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, _ = located(index, tmp_path, "lat;lon;note\n-6,995;108,009;a,b\n")
    assert rows[1] == ["-6,995", "108,009", "a,b", *INSIDE[:3], "110,5", *INSIDE[4:]]


def test_tabs_are_read_and_written(index: BoundaryIndex, tmp_path: Path) -> None:
    located(index, tmp_path, "id\tlat\tlon\tnote\n1\t-6.995\t108.009\ta, b; c\n2\t-6,995\t108,009\t\n")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].split("\t")[:5] == ["id", "lat", "lon", "note", "village_code"]
    assert [line.split("\t")[4] for line in lines[1:]] == ["32.09.01.2001"] * 2


@pytest.mark.parametrize("mark", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_first_line_that_excel_writes_tells_the_delimiter_and_stays(
    index: BoundaryIndex, tmp_path: Path, mark: str
) -> None:
    located(index, tmp_path, f"{mark}\r\nid;lat;lon\r\n1;-6,995;108,009\r\n2;x;1\r\n")
    lines = (tmp_path / "out.csv").read_bytes().decode().split("\r\n")
    assert lines[0] == mark
    assert lines[1].startswith("id;lat;lon;village_code;")
    assert lines[2].split(";")[3] == "32.09.01.2001"
    report = locate_file(index, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (report.rows, [line for line, _ in report.first_problems]) == (2, [4])


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ('1,"abc,-6.995,108.009\n2,def,-6.995,108.009\n', "line 3: .* down to line 4"),
        ('1,"abc,-6.995,108.009\n2,"def",-6.995,108.009\n', "line 3: .* down to line 4"),
        ('1,"abc,-6.995,108.009\n2,def,-6.995,108.009\n3,"x",-6.9,108.1\n', "line 3: .* down to line 5"),
        ('1,abc,-6.995,"108.009\n2,def,-6.995,108.009\n', "line 3: .* down to line 4"),
    ],
)
def test_a_quotation_mark_that_swallows_rows_is_told_with_its_lines(
    index: BoundaryIndex, tmp_path: Path, rows: str, lines: str
) -> None:
    with pytest.raises(SourceError, match=lines):
        located(index, tmp_path, f"id,note,lat,lon\n0,,-6.995,108.009\n{rows}")
    assert not (tmp_path / "out.csv").exists()


def test_a_cell_may_hold_line_breaks(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, report = located(
        index, tmp_path, 'id,note,lat,lon\n1,"a ""b""\n\nc",-6.995,108.009\n2,5" pipe,-6.995,108.009\n'
    )
    assert [row[1] for row in rows[1:]] == ['a "b"\n\nc', '5" pipe']
    assert (report.rows, report.inside) == (2, 2)


def test_semicolons_with_decimal_points_keep_points(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, _ = located(index, tmp_path, "lat;lon\n-6.995;108.009\n")
    assert rows[1][5] == "110.5"


def test_byte_order_mark_and_line_ends_are_kept(index: BoundaryIndex, tmp_path: Path) -> None:
    located(index, tmp_path, b"\xef\xbb\xbflat,lon\r\n-6.995,108.009\r\n")
    written = (tmp_path / "out.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbflat,lon,village_code")
    assert written.count(b"\r\n") == written.count(b"\n") == 2
    located(index, tmp_path, b"lat,lon\n-6.995,108.009\n")
    assert b"\r" not in (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",108.009", "the latitude is missing"),
        ("-6.995, ", "the longitude is missing"),
        ("-6.995", "the longitude is missing"),
        ("selatan,108.009", "the latitude “selatan” is not a number"),
        ("-6.995,1.2.3", "the longitude “1.2.3” is not a number"),
        ("nan,108.009", "the latitude “nan” is not a number"),
        ("-6.995,inf", "the longitude “inf” is not a number"),
        ("-6_9,108.009", "the latitude “-6_9” is not a number"),
        ("108.009,-6.995", "the latitude 108.009 is not between -90 and 90; is it swapped with the longitude?"),
        ("-6.995,1080", "the longitude 1080 is not between -180 and 180"),
        ("-6.995,108.009,z", "the row has 3 cells but the header 2; left over: z"),
    ],
)
def test_a_bad_row_keeps_its_place_with_the_reason(
    index: BoundaryIndex, tmp_path: Path, row: str, problem: str
) -> None:
    rows, report = located(index, tmp_path, f"lat,lon\n-6.995,108.009\n{row}\n-6.995,108.009\n")
    assert rows[1][2:] == rows[3][2:] == INSIDE
    assert rows[2][:2] == [*row.split(","), ""][:2]
    assert rows[2][2:] == ["", "", "", "", "", "", problem]
    assert (report.rows, report.inside, report.problems) == (3, 2, 1)
    assert report.first_problems == [(3, problem)]
    assert "line 3" in report.sentence()
    assert report.to_json()["first_problems"] == [{"line": 3, "problem": problem}]


def test_a_true_minus_sign_is_read(index: BoundaryIndex, tmp_path: Path) -> None:
    for text in ("lat,lon\n−6.995,108.009\n", "lat;lon\n−6,995;108,009\n"):
        assert located(index, tmp_path, text)[0][1][7] == "inside"


def test_blank_lines_are_no_rows(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, report = located(index, tmp_path, "lat,lon\n\n-6.995,108.009\n\n")
    assert len(rows) == 2
    assert (report.rows, report.blank_lines) == (1, 2)


def test_an_added_column_gives_way_to_one_of_the_file(index: BoundaryIndex, tmp_path: Path) -> None:
    rows, report = located(index, tmp_path, "lat,lon,Status\n-6.995,108.009,open\n")
    assert rows[0][2] == "Status"
    assert rows[0][-2] == "located_status"
    assert (rows[1][2], rows[1][-2]) == ("open", "inside")
    assert report.renamed == {"status": "located_status"}


def test_the_answers_do_not_depend_on_the_size_of_blocks(
    index: BoundaryIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "lat,lon\n" + "".join(f"{-6.995 + n / 1e4},{108.0 + n / 1e4}\n" if n % 5 else "x,y\n" for n in range(200))
    whole = located(index, tmp_path, text)
    monkeypatch.setattr(gis.locate_file, "ROWS_AT_ONCE", 7)
    assert located(index, tmp_path, text) == whole
    assert whole[1].problems == 40


def test_progress_adds_up_to_all_rows(index: BoundaryIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gis.locate_file, "ROWS_AT_ONCE", 2)
    (tmp_path / "in.csv").write_text("lat,lon\n" + "-6.995,108.009\n" * 5)
    steps: list[int] = []
    locate_file(index, tmp_path / "in.csv", tmp_path / "out.csv", progress=steps.append)
    assert steps == [2, 2, 1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"a,b\n1,2\n", "no column of latitudes"),
        (b"lat,b\n1,2\n", "no column of longitudes"),
        (b"lat,lon,lat\n1,2,3\n", "two columns named “lat”"),
        (b"Lat,lon,LAT\n1,2,3\n", "two columns named “LAT”"),
        ("lat,lon,n\n1,2,é\n".encode("latin-1"), "not in UTF-8"),
        ("lat,lon\n1,2\n".encode("utf-16"), "not in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    index: BoundaryIndex, tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(SourceError, match=says):
        locate_file(index, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_missing_source_and_the_source_as_target_are_refused(index: BoundaryIndex, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        locate_file(index, tmp_path / "in.csv", tmp_path / "out.csv")
    (tmp_path / "in.csv").write_text("lat,lon\n1,2\n")
    with pytest.raises(InputError, match="another name"):
        locate_file(index, tmp_path / "in.csv", tmp_path / "in.csv")
    with pytest.raises(InputError, match="cannot be written"):
        locate_file(index, tmp_path / "in.csv", tmp_path / "none" / "out.csv")


def test_the_notice_of_a_region_stands_in_a_last_column_of_every_row(index: BoundaryIndex, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("lat,lon,notice\n-6.995,108.009,mine\nx,108.5,\n", encoding="utf-8")
    report = locate_file(index, source, target, notice="PETA CONTOH, bukan untuk operasi")
    with target.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header[2] == "notice"
    assert header[-2:] == ["problem", "located_notice"]
    assert [row[-1] for row in rows] == ["PETA CONTOH, bukan untuk operasi"] * 2
    assert [len(row) for row in rows] == [len(header)] * 2
    assert report.renamed == {"notice": "located_notice"}
