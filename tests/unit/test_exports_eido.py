from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.exports_common import IncidentCase
from dispatch.exports_eido import MILESTONE, STATUS, eido, eido_json
from dispatch.incidents import UNKNOWN_LOCATION, Call, CallType, Channel, IncidentStatus, Milestone
from dispatch.types import Unit, UnitStatus
from tests.export_cases import DIRECTORY, JAKARTA, NOTICE, SPOT, assignment, incident, private_cases
from tests.strategies import NOW

UNITS = {
    unit_id: Unit(
        unit_id=unit_id,
        kind=kind,
        agency="psc",
        status=UnitStatus.EN_ROUTE,
        location=SPOT,
        fix_time=None,
        capabilities=frozenset(capabilities),
    )
    for unit_id, kind, capabilities in (
        ("AMB-01", "ambulance", ()),
        ("AMB-02", "ambulance", ("als",)),
        ("DMK-01", "fire_engine", ()),
    )
}
GML = "{http://www.opengis.net/gml}pos"

# What the published schema of EIDO (openapi.yaml beside NENA-STA-021.1b) requires of the components used here.
PROLOGUE = {"$id", "lastUpdateTimeStamp", "updatedByAgencyReference"}
REQUIRED = {
    "agencyComponent": {"agencyRoleDescriptionRegistryText", "agencyType"},
    "incidentComponent": {"incidentTypeCommonRegistryText"},
    "locationComponent": {"locationTypeDescriptionRegistryText"},
    "callComponent": {"callStateRegistryText", "standardPrimaryCallType", "direction", "callStartTimestamp"},
    "dispatchComponent": set(),
    "emergencyResourceComponent": {
        "agentReference",
        "emergencyResourceTypeCommonRegistryText",
        "primaryUnitStatusRegistryText",
        "resourceAttributeRegistryText",
        "secondaryUnitStatusRegistryText",
    },
    "mergeComponent": {"incidentMergeDirectionCode", "incidentTrackingIdentifier"},
}


def exported(case: IncidentCase, **more):
    return eido(
        case,
        directory=DIRECTORY,
        units=UNITS,
        agency="112.example.id",
        element="siaga112.112.example.id",
        now=NOW,
        timezone=JAKARTA,
        **more,
    )


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if set(value) == {"$ref"} else []
        return own + [ref for one in value.values() for ref in references(one)]
    return [ref for one in value for ref in references(one)] if isinstance(value, list) else []


def test_a_category_is_mapped_by_the_directory() -> None:
    body = exported(IncidentCase(incident=incident()))
    assert body["incidentComponent"]["incidentTypeCommonRegistryText"] == "FSTRU"
    assert body["incidentComponent"]["incidentTypeInternalCode"] == "fire"
    assert body["siaga112"]["unmapped"] == []


@pytest.mark.parametrize("category", ["violence", "gone"])
def test_an_unmapped_category_passes_through_and_is_named(category: str) -> None:
    body = exported(IncidentCase(incident=incident(category=category)))
    assert body["incidentComponent"]["incidentTypeCommonRegistryText"] == category
    assert body["siaga112"]["unmapped"] == ["incidentComponent.incidentTypeCommonRegistryText"]


def test_every_status_and_milestone_has_its_words() -> None:
    assert set(STATUS) == set(IncidentStatus)
    assert set(MILESTONE) == set(Milestone)
    words = exported(IncidentCase(incident=incident(status=IncidentStatus.UNDER_CONTROL)))["incidentComponent"]
    assert "FireUnderControl" in words["incidentStatusCommonRegistryText"]
    medical = incident(status=IncidentStatus.UNDER_CONTROL, category="medical")
    words = exported(IncidentCase(incident=medical))["incidentComponent"]
    assert "FireUnderControl" not in words["incidentStatusCommonRegistryText"]


def test_units_are_told_by_kind_capability_and_what_they_did_here() -> None:
    sent = (
        assignment("260131-001", 1, "AMB-01", dispatched=10, en_route=60),
        assignment("260131-001", 2, "AMB-02", dispatched=10, on_scene=300),
        replace(assignment("260131-001", 3, "DMK-01", dispatched=10), ended_at=NOW),
        assignment("260131-001", 4, "SOLD", dispatched=20),
    )
    body = exported(IncidentCase(incident=incident(), assignments=sent))
    told = {one["emergencyResourceName"]: one for one in body["emergencyResourceComponent"]}
    kinds = {name: one["emergencyResourceTypeCommonRegistryText"] for name, one in told.items()}
    assert kinds == {
        "AMB-01": "GroundBLSAmbulance",
        "AMB-02": "GroundALSAmbulance",
        "DMK-01": "fire_engine",
        "SOLD": "unknown",
    }
    assert told["AMB-01"]["secondaryUnitStatusRegistryText"] == ["EnRoute"]
    assert told["AMB-02"]["secondaryUnitStatusRegistryText"] == ["OnScene"]
    assert told["DMK-01"]["secondaryUnitStatusRegistryText"] == ["Cleared"]
    assert "activeOnIncidentId" not in told["DMK-01"]
    assert told["SOLD"]["activeOnIncidentId"] == body["$id"]
    assert body["siaga112"]["unmapped"] == ["emergencyResourceComponent.emergencyResourceTypeCommonRegistryText"]


def test_a_location_is_latitude_first_with_its_radius() -> None:
    (location,) = exported(IncidentCase(incident=incident()))["locationComponent"]
    shape = ET.fromstring(location["locationByValue"])
    assert [one.text for one in shape.iter(GML)] == ["-6.712345 108.512345"]
    assert [one.text for one in shape.iter("{http://www.opengis.net/pidflo/1.0}radius")] == ["30.0"]
    (unknown,) = exported(IncidentCase(incident=incident(location=UNKNOWN_LOCATION)))["locationComponent"]
    assert "locationByValue" not in unknown


def test_an_incident_found_to_be_the_same_names_the_one_that_goes_on() -> None:
    body = exported(IncidentCase(incident=incident(duplicate_of="260131-009")))
    (merge,) = body["mergeComponent"]
    assert merge["incidentMergeDirectionCode"] == "REPLACING"
    assert "260131-009" in merge["incidentTrackingIdentifier"]


def test_a_demonstration_and_a_drill_are_marked() -> None:
    assert exported(IncidentCase(incident=incident()))["siaga112"]["exercise"] is False
    assert exported(IncidentCase(incident=incident(exercise=True)))["siaga112"]["exercise"] is True
    body = exported(IncidentCase(incident=incident()), notice=NOTICE)
    assert (body["siaga112"]["exercise"], body["siaga112"]["notice"]) == (True, NOTICE)
    assert body["siaga112"]["profile"] == "EIDO-style, not certified"


def test_the_same_incident_has_the_same_ids() -> None:
    case = IncidentCase(incident=incident(), assignments=(assignment("260131-001", 1, "AMB-01", dispatched=1),))
    assert exported(case) == exported(case)


def test_a_call_says_when_it_began_and_nothing_of_the_caller() -> None:
    call = Call(
        call_id="C1", channel=Channel.PHONE, call_type=CallType.NORMAL, received_at=NOW, ended_at=NOW + timedelta(0, 60)
    )
    (told,) = exported(IncidentCase(incident=incident(), calls=(call,)))["callComponent"]
    assert told["callStartTimestamp"] == "2026-01-31T13:45:00.000+07:00"
    assert set(told) == PROLOGUE | REQUIRED["callComponent"] | {"localCallType"}


@given(private_cases(max_size=2), st.none() | st.just(NOTICE))
def test_every_export_has_what_the_schema_requires_and_no_private_text(drawn, notice) -> None:
    cases, private = drawn
    for case in cases:
        text = eido_json(exported(case, notice=notice))
        assert not [one for one in private if one in text]
        body = json.loads(text)
        assert set(body) >= PROLOGUE | {"eidoVersion", "issuingElementIdentification", "agencyComponent"}
        ids = {body["$id"]}
        for name, required in REQUIRED.items():
            found = body.get(name, [])
            for one in [found] if isinstance(found, dict) else found:
                assert set(one) >= PROLOGUE | required
                assert datetime.fromisoformat(one["lastUpdateTimeStamp"]).utcoffset() is not None
                ids.add(one["$id"])
        assert set(references(body)) <= ids, "every reference leads somewhere"
