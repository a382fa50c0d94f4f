"""Incidents for tests of exports: a small directory, areas, and cases full of private texts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from dispatch.directory import (
    Agency,
    Category,
    Directory,
    Disposition,
    Hospital,
    ResponseStandard,
)
from dispatch.exports_common import ExportArea, IncidentCase
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    Assignment,
    AssignmentEnd,
    Call,
    CallType,
    Channel,
    Incident,
    IncidentLocation,
    IncidentStatus,
    LocationKind,
    Milestone,
    Moment,
    Severity,
    TextRef,
)
from gis.types import Location
from tests.strategies import NOW

JAKARTA = ZoneInfo("Asia/Jakarta")
VILLAGES = ("32.09.01.2008", "32.09.01.2009", "32.09.02.2001")
NOTICE = "Wilayah contoh: bukan data sungguhan."
SPOT = Location(lat=-6.712345, lon=108.512345)

STANDARD = ResponseStandard(within_s=900.0, share=0.8, source="Permendagri 114/2018")
DIRECTORY = Directory(
    agencies=(Agency(agency_id="damkar", name="Damkar"), Agency(agency_id="psc", name="PSC 119")),
    hospitals=(Hospital(hospital_id="rsud", name="RSUD", location=Location(lat=-6.7, lon=108.5)),),
    categories=(
        Category(
            category_id="fire",
            name={"id": "Kebakaran", "en": "Fire"},
            lead="damkar",
            standard=STANDARD,
            exports={"eido": "FSTRU", "cap_category": "Fire", "cap_event": "Structure fire"},
        ),
        Category(category_id="medical", name={"id": "Medis", "en": "Medical"}, lead="psc", exports={"eido": "SICK"}),
        Category(
            category_id="violence",
            name={"id": "Kekerasan", "en": "Violence"},
            lead="psc",
            exports={"public": "region", "cap_category": "Security"},
        ),
        Category(category_id="secret", name={"id": "Rahasia"}, lead="psc", exports={"public": "hidden"}),
    ),
    dispositions=(Disposition(disposition_id="handled", name={"id": "Ditangani", "en": "Handled"}),),
)
AREAS = {
    code: ExportArea(code=code, name=f"Desa {at}", middle=Location(lat=-6.7 - at / 100, lon=108.5), radius_m=900.0)
    for at, code in enumerate(VILLAGES)
} | {
    code: ExportArea(code=code, name=f"Kecamatan {at}", middle=Location(lat=-6.8, lon=108.6), radius_m=4000.0)
    for at, code in enumerate(("32.09.01", "32.09.02"))
}


def incident(number: int = 1, **more: object) -> Incident:
    values: dict[str, object] = {
        "incident_id": f"260131-{number:03}",
        "category": "fire",
        "severity": Severity.HIGH,
        "status": IncidentStatus.CLOSED,
        "location": IncidentLocation(kind=LocationKind.POINT, location=SPOT, radius_m=30.0, village_code=VILLAGES[0]),
        "received_at": NOW,
        "status_at": NOW,
    }
    return Incident(**(values | more))  # type: ignore[arg-type]


def assignment(case_id: str, number: int, unit_id: str, **at_s: float) -> Assignment:
    """An assignment with milestones at seconds after `NOW`."""
    return Assignment(
        assignment_id=f"{case_id}.{number}",
        incident_id=case_id,
        unit_id=unit_id,
        assigned_by="desk",
        milestones={Milestone(name): Moment(server_time=NOW + timedelta(seconds=age)) for name, age in at_s.items()},
    )


def moments(start: datetime) -> st.SearchStrategy[Moment]:
    return st.integers(0, 5000).map(lambda seconds: Moment(server_time=start + timedelta(seconds=seconds)))


def private_texts() -> st.SearchStrategy[str]:
    """Names, numbers and words that stand nowhere else in an export."""
    letters = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ' -", min_size=6, max_size=20)
    numbers = st.integers(100_000_000, 9_999_999_999).map(lambda number: f"+62 8{number}")
    return (letters | numbers).map(lambda text: f"Zq{text}")


@st.composite
def private_cases(draw: st.DrawFn, *, max_size: int = 6) -> tuple[list[IncidentCase], list[str]]:
    """Cases with a private text in every field that takes free text, and those texts."""
    private: list[str] = []
    base = draw(private_texts())

    def text() -> str:
        private.append(f"{base} q{len(private)}z")  # One draw for all: hundreds of them would take minutes.
        return private[-1]

    def ref() -> TextRef:
        return TextRef(text_id=text(), digest=text())

    cases = []
    for number in range(1, draw(st.integers(1, max_size)) + 1):
        received_at = NOW + timedelta(seconds=draw(st.integers(-90_000, 90_000)))
        village = draw(st.none() | st.sampled_from(VILLAGES))
        location = draw(
            st.sampled_from(
                (
                    UNKNOWN_LOCATION,
                    IncidentLocation(kind=LocationKind.POINT, location=SPOT, radius_m=30.0, village_code=village),
                    IncidentLocation(kind=LocationKind.PLACE, location=SPOT, village_code=village, label=text()),
                    IncidentLocation(kind=LocationKind.VILLAGE, village_code=VILLAGES[0], label=text()),
                    IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code="32.09.01", label=text()),
                )
            )
        )
        status = draw(st.sampled_from(IncidentStatus))
        one = incident(
            number,
            category=draw(st.sampled_from(("fire", "medical", "violence", "secret", "gone"))),
            severity=draw(st.sampled_from(Severity)),
            status=status,
            location=location,
            received_at=received_at,
            status_at=received_at + timedelta(seconds=draw(st.integers(0, 9000))),
            notes=(ref(),),
            notified=draw(st.sampled_from(((), ("damkar",)))),
            disposition=None if status.is_open else "handled",
            closed_at=None if status.is_open else received_at + timedelta(seconds=9000),
            exercise=draw(st.booleans()),
            duplicate_of=draw(st.sampled_from((None, None, None, "260131-001"))),
        )
        calls = tuple(
            Call(
                call_id=f"C260131-{number * 10 + at:04}",
                channel=draw(st.sampled_from(Channel)),
                call_type=draw(st.sampled_from(CallType)),
                received_at=received_at,
                number_hash=text(),
                name=ref(),
                number=ref(),
                words=ref(),
                incident_id=one.incident_id,
                taken_by=text(),
            )
            for at in range(draw(st.integers(0, 2)))
        )
        assignments = tuple(
            Assignment(
                assignment_id=f"{one.incident_id}.{at}",
                incident_id=one.incident_id,
                unit_id=f"AMB-{at:02}",
                assigned_by=text(),
                milestones={
                    milestone: draw(moments(received_at))
                    for milestone in (Milestone.DISPATCHED, *draw(st.sets(st.sampled_from(Milestone), max_size=3)))
                },
                recommendation_id="260131-R1",
                override_reason=text(),
                hospital=draw(st.sampled_from(("rsud", None))) or text(),
                end=AssignmentEnd.RECALLED,
                ended_at=received_at + timedelta(seconds=8000),
                end_reason=text(),
            )
            for at in range(draw(st.integers(0, 2)))
        )
        cases.append(IncidentCase(incident=one, calls=calls, assignments=assignments))
    return cases, private
