from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import Directory
from dispatch.exports_common import IncidentCase
from dispatch.exports_mapping import DEFAULT_TOML, Measure, Statistic, check_mapping, read_mapping
from dispatch.exports_ministry import (
    NO_INCIDENT,
    TOTAL,
    MonthlyReport,
    month_bounds,
    month_of,
    monthly_report,
    report_csv,
)
from dispatch.incidents import Call, CallType, Channel, IncidentStatus, Milestone, Severity
from gis.errors import InputError, SourceError
from tests.export_cases import DIRECTORY, JAKARTA, NOTICE, assignment, incident, private_cases
from tests.strategies import NOW

DEFAULT = read_mapping(DEFAULT_TOML, source="default")
KINDS = {"AMB-00": "ambulance", "AMB-01": "ambulance", "DMK-01": "fire_engine"}


def mapping(*columns: str, total: bool = True):
    body = "\n".join(f"[[column]]\n{one}" for one in ('title = "c"\nmeasure = "category"', *columns))
    return read_mapping(f"total = {str(total).lower()}\n{body}", source="test.toml")


def column(measure: str, **more: str) -> str:
    lines = "\n".join(f'{name} = "{value}"' for name, value in more.items())
    return f'title = "x"\nmeasure = "{measure}"\n{lines}'


def report(cases=(), calls=(), mapped=DEFAULT, months=("2026-01",), timezone=JAKARTA, now=NOW) -> MonthlyReport:
    return monthly_report(
        cases,
        calls,
        months=months,
        mapping=mapped,
        directory=DIRECTORY,
        unit_kinds=KINDS,
        timezone=timezone,
        now=now,
    )


def cell(cases=(), calls=(), *, of: str = column("incidents"), category: str = "fire", **more):
    found = report(cases, calls, mapping(of), **more)
    return next(row[1] for row in found.rows if row[0] == category)


def case(number: int = 1, *, on_scene: float | None = None, dispatched: float = 0, unit: str = "DMK-01", **more):
    at = {"dispatched": dispatched} | ({} if on_scene is None else {"on_scene": on_scene})
    one = incident(number, **more)
    return IncidentCase(incident=one, assignments=(assignment(one.incident_id, 1, unit, **at),))


def call(number: int = 1, *, at: datetime = NOW, kind: CallType = CallType.NORMAL, of: str | None = None) -> Call:
    return Call(call_id=f"C260131-{number:04}", channel=Channel.PHONE, call_type=kind, received_at=at, incident_id=of)


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        ("Asia/Jakarta", "2026-01-31T16:59:59.999999+00:00", "2026-01-31T17:00:00+00:00"),
        ("Asia/Makassar", "2026-01-31T15:59:59.999999+00:00", "2026-01-31T16:00:00+00:00"),
        ("Asia/Jayapura", "2026-01-31T14:59:59.999999+00:00", "2026-01-31T15:00:00+00:00"),
        ("UTC", "2026-01-31T23:59:59.999999+00:00", "2026-02-01T00:00:00+00:00"),
    ],
)
def test_a_month_ends_at_local_midnight(zone: str, last: str, first: str) -> None:
    timezone = ZoneInfo(zone)
    before, after = datetime.fromisoformat(last), datetime.fromisoformat(first)
    assert (month_of(before, timezone), month_of(after, timezone)) == ("2026-01", "2026-02")
    assert month_bounds("2026-02", timezone)[0] == after
    cases = [
        IncidentCase(incident=incident(1, received_at=before)),
        IncidentCase(incident=incident(2, received_at=after)),
    ]
    calls = [call(1, at=before), call(2, at=after)]
    for month in ("2026-01", "2026-02"):
        assert cell(cases, months=(month,), timezone=timezone) == 1
        assert cell((), calls, of=column("calls"), category=NO_INCIDENT, months=(month,), timezone=timezone) == 1


def test_the_bounds_of_months_meet_and_december_is_followed_by_january() -> None:
    assert month_bounds("2026-12", UTC) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    for number in range(1, 12):
        assert month_bounds(f"2026-{number:02}", JAKARTA)[1] == month_bounds(f"2026-{number + 1:02}", JAKARTA)[0]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "", "2026-01-01", "0000-01", "9999-12", "٢٠٢٦-01"])
def test_a_month_of_another_form_is_refused(month: str) -> None:
    with pytest.raises(InputError, match="2026-01"):
        month_bounds(month, UTC)


def test_the_default_mapping_has_every_measure_it_promises() -> None:
    found = report()
    assert len(found.titles) == len(set(found.titles)) == len(DEFAULT.columns) + len(DIRECTORY.dispositions)
    assert found.titles[-1] == "Insiden: Ditangani"
    assert {one.measure for one in DEFAULT.columns} == set(Measure) - {Measure.CATEGORY}
    assert {one.filters["call_type"] for one in DEFAULT.columns if one.filters} == set(CallType)


def test_every_category_has_its_row_then_calls_without_incident_then_the_total() -> None:
    found = report([IncidentCase(incident=incident(category="gone"))], mapped=mapping())
    assert [row[0] for row in found.rows] == ["fire", "medical", "violence", "secret", "gone", NO_INCIDENT, TOTAL]
    assert [row[0] for row in report(mapped=mapping(total=False)).rows][-1] == NO_INCIDENT


def test_drills_and_duplicates_are_not_counted() -> None:
    cases = [case(1), case(2, exercise=True), case(3, duplicate_of="260131-001")]
    assert cell(cases) == 1
    calls = [call(1, of="260131-001"), call(2, of="260131-002")]
    assert cell(cases, calls, of=column("calls"), category=TOTAL) == 1


def test_calls_are_counted_by_type_and_by_the_category_of_their_incident() -> None:
    cases = [case(1, category="medical")]
    calls = [call(1, of="260131-001"), call(2, of="260131-001", kind=CallType.DUPLICATE), call(3, kind=CallType.GHOST)]
    assert cell(cases, calls, of=column("calls"), category="medical") == 2
    assert cell(cases, calls, of=column("calls", call_type="duplicate"), category="medical") == 1
    assert cell(cases, calls, of=column("calls", call_type="ghost"), category=NO_INCIDENT) == 1
    assert cell(cases, calls, of=column("calls"), category=TOTAL) == 3


def test_times_are_of_the_first_unit_and_in_the_unit_asked_for() -> None:
    cases = [case(at, on_scene=60.0 * at) for at in range(1, 11)]
    for statistic, minutes in (("mean", 5.5), ("median", 5.5), ("p90", 9.0), ("count", 10), ("left_out", 0)):
        assert cell(cases, of=column("report_to_on_scene", statistic=statistic)) == minutes
    assert cell(cases, of=column("report_to_on_scene", statistic="p90", unit="s")) == 540
    assert cell(cases, of=column("report_to_dispatch", statistic="mean")) == 0.0


def test_a_time_that_nobody_knows_is_empty_and_not_zero() -> None:
    cases = [IncidentCase(incident=incident())]
    assert cell(cases, of=column("report_to_on_scene", statistic="mean")) is None
    table = list(csv.reader(io.StringIO(report_csv(report(cases)))))
    assert "" in table[1]


def test_a_time_before_the_report_is_left_out_and_told() -> None:
    cases = [case(1, on_scene=-5), case(2, on_scene=600)]
    assert cell(cases, of=column("report_to_on_scene", statistic="mean")) == 10.0
    assert cell(cases, of=column("report_to_on_scene", statistic="left_out")) == 1


def test_the_share_within_the_standard_counts_who_is_overdue_and_nobody_who_may_still_come() -> None:
    met, late = case(1, on_scene=900), case(2, on_scene=901)
    waiting = case(3, status=IncidentStatus.DISPATCHED)
    recalled = case(4, status=IncidentStatus.CLOSED)
    share = column("within_standard")
    assert cell([met, late, waiting, recalled], of=share, now=NOW + timedelta(seconds=900)) == 0.5
    assert cell([met, late, waiting, recalled], of=share, now=NOW + timedelta(seconds=901)) == round(1 / 3, 3)
    assert cell([met, late], of=column("within_standard", unit="percent")) == 50.0
    assert cell([case(1, on_scene=1, category="medical")], of=share, category="medical") is None
    assert cell([case(1, on_scene=1, category="medical"), late], of=share, category=TOTAL) == 0.0


def test_units_are_counted_once_per_incident_and_by_kind() -> None:
    one = incident(1)
    twice = IncidentCase(
        incident=one,
        assignments=tuple(
            assignment(one.incident_id, at, unit, dispatched=at)
            for at, unit in enumerate(("DMK-01", "DMK-01", "AMB-01"))
        ),
    )
    assert cell([twice], of=column("units_sent")) == 2
    assert cell([twice], of=column("units_sent", unit_kind="ambulance")) == 1
    assert cell([twice, case(2)], of=column("units_sent")) == 3


def test_incidents_are_counted_by_severity_and_disposition() -> None:
    cases = [case(1, severity=Severity.LOW, disposition="handled"), case(2), case(3, disposition="handled")]
    assert cell(cases, of=column("incidents", severity="low")) == 1
    assert cell(cases, of=column("incidents", disposition="handled")) == 2
    assert cell(cases, of=column("incidents", disposition="handled", severity="high")) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("= 1", "no TOML"),
        ("", "column"),
        ("column = 3", "column"),
        ("column = [1]", "column 1"),
        ("colour = 1", "colour"),
        ('[[column]]\ntitle = "a"', "measure"),
        ('[[column]]\nmeasure = "calls"', "title"),
        ('[[column]]\ntitle = "a"\nmeasure = "cals"', "cals"),
        ('[[column]]\ntitle = "a"\nmeasure = "calls"\ncall_type = "goast"', "goast"),
        ('[[column]]\ntitle = "a"\nmeasure = "calls"\nseverity = "low"', "severity"),
        ('[[column]]\ntitle = "a"\nmeasure = "month"\nunit = "min"', "unit"),
        ('[[column]]\ntitle = "a"\nmeasure = "incidents"\nseverity = "bad"', "bad"),
        ('[[column]]\ntitle = "a"\nmeasure = "report_to_dispatch"', "statistic"),
        ('[[column]]\ntitle = "a"\nmeasure = "report_to_dispatch"\nstatistic = "p95"', "statistic"),
        ('[[column]]\ntitle = "a"\nmeasure = "report_to_dispatch"\nstatistic = "p90"\nunit = "h"', "min or s"),
        ('[[column]]\ntitle = "a"\nmeasure = "report_to_dispatch"\nstatistic = ["p90"]', "statistic"),
        ('[[column]]\ntitle = "a"\nmeasure = "month"\n[[column]]\ntitle = "a"\nmeasure = "calls"', "twice"),
        ('language = "fr"\n[[column]]\ntitle = "a"\nmeasure = "month"', "language"),
        ('total = 1\n[[column]]\ntitle = "a"\nmeasure = "month"', "total"),
        ('[[column]]\ntitle = "a"\nmeasure = "month"\n[dispositions]\ntitle = "x"', "name"),
        ('dispositions = 1\n[[column]]\ntitle = "a"\nmeasure = "month"', "table"),
    ],
)
def test_a_mapping_with_a_fault_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as refused:
        read_mapping(text, source="form.toml")
    assert "form.toml" in str(refused.value)


def test_a_disposition_that_nobody_knows_is_refused() -> None:
    check_mapping(DEFAULT, DIRECTORY, source="form.toml")
    check_mapping(mapping(column("incidents", disposition="handled")), DIRECTORY, source="form.toml")
    with pytest.raises(SourceError, match=r"form\.toml.*handeld.*use handled"):
        check_mapping(mapping(column("incidents", disposition="handeld")), DIRECTORY, source="form.toml")


def test_titles_and_names_are_never_formulas_and_the_notice_is_in_every_row() -> None:
    mapped = read_mapping('[[column]]\ntitle = "=cmd()"\nmeasure = "month"', source="x")
    table = list(csv.reader(io.StringIO(report_csv(report(mapped=mapped), notice=NOTICE))))
    assert table[0] == ["'=cmd()", "notice"]
    assert {row[-1] for row in table[1:]} == {NOTICE}


def test_a_title_may_hold_other_braces() -> None:
    text = '[[column]]\ntitle = "a"\nmeasure = "month"\n[dispositions]\ntitle = "{name} {0} {x.__class__}"'
    assert report(mapped=read_mapping(text, source="x")).titles[-1] == "Ditangani {0} {x.__class__}"


def test_an_empty_directory_still_has_a_total() -> None:
    found = monthly_report(
        [], [], months=["2026-01"], mapping=mapping(), directory=Directory(), unit_kinds={}, timezone=UTC, now=NOW
    )
    assert [row[0] for row in found.rows] == [NO_INCIDENT, TOTAL]


def slow_p90(times: list[float]) -> float:
    """The least time for which at least 90 % are no longer."""
    return min(one for one in times if 10 * len([t for t in times if t <= one]) >= 9 * len(times))


def could_be(case, sent, milestone: Milestone) -> bool:
    """Whether a unit's time at a milestone is after the report and after it was sent, where that is known."""
    time = sent.milestones[milestone].time
    sent_at = sent.milestones[Milestone.DISPATCHED].time if Milestone.DISPATCHED in sent.milestones else time
    return time >= case.incident.received_at and time >= sent_at


@given(private_cases(max_size=8), st.sampled_from(("2026-01", "2026-02")), st.integers(0, 20_000))
def test_every_cell_equals_its_slow_twin(drawn, month: str, later_s: int) -> None:
    """The twin filters everything anew for each cell."""
    cases, private = drawn
    now = NOW + timedelta(seconds=later_s)
    calls = [one for case in cases for one in case.calls]
    found = report(cases, calls, months=(month,), now=now)
    start, end = month_bounds(month, JAKARTA)
    assert not [one for one in private if one in report_csv(found)]
    categories = ["fire", "medical", "violence", "secret"]
    categories += sorted({one.incident.category for one in cases if not one.incident.exercise} & {"gone"})
    names = [row[1] for row in found.rows]
    for category in [*categories, NO_INCIDENT, TOTAL]:
        mine = [
            one
            for one in cases
            if not one.incident.exercise
            and one.incident.duplicate_of is None
            and start <= one.incident.received_at < end
            and category in (TOTAL, one.incident.category)
        ]
        theirs = [
            call
            for one in cases
            for call in one.calls
            if not one.incident.exercise
            and start <= call.received_at < end
            and category in (TOTAL, one.incident.category)
        ]
        label = {"fire": "Kebakaran", "medical": "Medis", "violence": "Kekerasan", "secret": "Rahasia",
                 NO_INCIDENT: "Tanpa insiden", TOTAL: "Jumlah"}.get(category, category)  # fmt: skip
        if category == "gone" and label not in names:
            assert not mine
            assert not theirs
            continue
        row = dict(zip(found.titles, found.rows[names.index(label)], strict=True))
        assert row["Insiden"] == len(mine)
        assert row["Panggilan"] == len(theirs)
        assert row["Panggilan hantu"] == len([one for one in theirs if one.call_type == "ghost"])
        assert row["Insiden: Ditangani"] == len([one for one in mine if one.incident.disposition == "handled"])
        assert row["Unit dikirim"] == sum(
            len({sent.unit_id for sent in one.assignments if Milestone.DISPATCHED in sent.milestones}) for one in mine
        )
        for words, milestone in (("pengiriman", Milestone.DISPATCHED), ("tiba", Milestone.ON_SCENE)):
            times = []
            for one in mine:
                reached = [
                    sent.milestones[milestone].time
                    for sent in one.assignments
                    if milestone in sent.milestones and could_be(one, sent, milestone)
                ]
                if reached:
                    times.append((min(reached) - one.incident.received_at).total_seconds())
            p90 = row[f"Laporan sampai {words}, persentil 90 (menit)"]
            mean = row[f"Laporan sampai {words}, rata-rata (menit)"]
            assert p90 == (round(slow_p90(times) / 60, 1) if times else None)
            assert (mean is None) is (not times)
            if times:
                assert math.isclose(mean, sum(times) / len(times) / 60, abs_tol=0.051)


def test_statistics_are_all_computed() -> None:
    for one in Statistic:
        assert cell([case(on_scene=60)], of=column("report_to_on_scene", statistic=one.value)) is not None
