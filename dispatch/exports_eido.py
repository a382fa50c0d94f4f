"""An incident as EIDO-style JSON: field names and registry words of NENA-STA-021.1b-2022, not certified by anybody.

The tables below say which of our words become which registry word. A category gets its word from
`Category.exports["eido"]`; one without, like an unknown kind of unit, keeps its own word, and `siaga112.unmapped`
names every such place: nothing is mapped by a guess. Callers, staff, notes and words are in no component.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final
from xml.sax.saxutils import escape

from dispatch.directory import Directory
from dispatch.exports_common import IncidentCase, area_codes, category_export, category_name
from dispatch.incidents import Assignment, Call, Incident, IncidentStatus, Milestone, Severity
from dispatch.types import Unit

VERSION: Final = "1.0"
CONTEXT: Final = "./JSON-LD_Contexts/EmergencyIncidentDataObjectType.jsonld"

STATUS: Final[Mapping[IncidentStatus, tuple[str, ...]]] = MappingProxyType(
    {
        IncidentStatus.RECEIVED: ("Active",),
        IncidentStatus.LOCATED: ("Active",),
        IncidentStatus.DISPATCHED: ("Active", "ResourcesAssigned"),
        IncidentStatus.EN_ROUTE: ("Active", "ResourcesEnroute"),
        IncidentStatus.ON_SCENE: ("Active", "ResourcesOnscene"),
        # `FireUnderControl` is for fires; other categories get the plain word, see `_statuses`.
        IncidentStatus.UNDER_CONTROL: ("Active", "ResourcesOnscene"),
        IncidentStatus.CLOSED: ("Closed",),
        IncidentStatus.CANCELLED: ("Cancelled",),
        IncidentStatus.REOPENED: ("Active", "ReOpened"),
    }
)
"""EIDO-IncidentStatus-Common."""

UNIT_KIND: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ambulance": "GroundBLSAmbulance",
        "water_tanker": "FireWaterTender",
        "ladder_truck": "FireTruckLadder",
        "police": "PatrolUnit",
    }
)
"""EIDO-EmergencyResourceType-Common, where a kind of ours is one of theirs: their engines and rescue vehicles are
typed by pumps and tools that we do not know."""

UNIT_CAPABLE: Final[Mapping[tuple[str, str], str]] = MappingProxyType({("ambulance", "als"): "GroundALSAmbulance"})
"""Kind and capability to a more exact word."""

MILESTONE: Final[Mapping[Milestone, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        Milestone.DISPATCHED: ("NotAvailable", ("Dispatched",)),
        Milestone.EN_ROUTE: ("NotAvailable", ("EnRoute",)),
        Milestone.ON_SCENE: ("NotAvailable", ("OnScene",)),
        Milestone.TRANSPORTING: ("NotAvailable", ("Transporting",)),
        Milestone.AT_HOSPITAL: ("NotAvailable", ("Arrived", "Hospital")),
        Milestone.CLEARED: ("ConditionallyAvailable", ("Cleared",)),
    }
)
"""The last milestone of a unit's assignment to EIDO-PrimaryUnitStatus-Common and EIDO-SecondaryUnitStatus-Common:
what a unit does after it left this incident is no business of its readers."""

PRIORITY: Final[Mapping[Severity, int]] = MappingProxyType(
    {Severity.CRITICAL: 1, Severity.HIGH: 2, Severity.MODERATE: 3, Severity.LOW: 4}
)

_FIRE_PREFIX: Final = "F"
_SPACE: Final = uuid.UUID("7a2a7ab4-6f0e-5c1d-9f3e-112112112112")

Json = dict[str, Any]


def eido(
    case: IncidentCase,
    *,
    directory: Directory,
    units: Mapping[str, Unit],
    agency: str,
    element: str,
    now: datetime,
    timezone: tzinfo,
    lang: str = "id",
    notice: str | None = None,
) -> Json:
    """An incident as a plain JSON object.

    Parameters
    ----------
    case
        The incident.
    directory
        Names and codes of categories.
    units
        Units by id; one that is not there is told by its id alone.
    agency
        Domain name of the centre, such as `112.cirebonkab.go.id`: it stands in every id.
    element
        Name of the system that issues it.
    now
        When it is issued.
    timezone
        Of the region.
    lang
        Of the names.
    notice
        The demonstration region's notice; None for a real region.
    """
    incident = case.incident
    unmapped: list[str] = []

    def prologue(name: str, updated: datetime, *, by: str = agency) -> Json:
        return {
            "$id": name,
            "lastUpdateTimeStamp": _time(updated, timezone),
            "updatedByAgencyReference": {"$ref": by},
        }

    def tracking(incident_id: str) -> str:
        return f"urn:emergency:uid:incidentid:{incident_id}:{agency}"

    def component(kind: str, key: str) -> str:
        # Made from what it names, so that the same incident always has the same ids.
        return str(uuid.uuid5(_SPACE, f"{agency}/{kind}/{incident.incident_id}/{key}"))

    assigned = [one for one in case.assignments if Milestone.DISPATCHED in one.milestones]
    resources = {one.unit_id: f"{one.unit_id}@{agency}" for one in assigned}
    location_id = component("location", "current")
    body: Json = {
        "@context": {"@vocab": CONTEXT},
        **prologue(tracking(incident.incident_id), now),
        "eidoVersion": VERSION,
        "issuingElementIdentification": element,
        "agencyComponent": [
            {
                **prologue(agency, now),
                "agencyRoleDescriptionRegistryText": ["CallReceiving", "Dispatching"],
                "agencyType": ["psap"],
                "incidentOwningAgencyIndicator": incident.handed_to is None,
            }
        ],
        "incidentComponent": {
            **prologue(component("incident", "1"), incident.status_at),
            **_incident_type(incident, directory, lang, unmapped),
            "incidentStatusCommonRegistryText": _statuses(incident, directory),
            "incidentStatusInternalText": [incident.status.value],
            "incidentCommonPriorityNumber": PRIORITY[incident.severity],
            "incidentPriorityInternalText": incident.severity.value,
            "internalIncidentId": incident.incident_id,
            "locationReference": [{"$ref": location_id}],
        },
        "locationComponent": [_location(incident, prologue(location_id, incident.status_at))],
        "callComponent": [_call(one, prologue, agency, timezone) for one in case.calls],
        "dispatchComponent": [
            {
                **prologue(component("dispatch", one.assignment_id), one.milestones[Milestone.DISPATCHED].time),
                "agencyReference": {"$ref": agency},
                "emergencyResourceReference": [{"$ref": resources[one.unit_id]}],
            }
            for one in assigned
        ],
        "emergencyResourceComponent": [
            _resource(
                unit_id, units.get(unit_id), assigned, tracking(incident.incident_id), prologue(name, now), unmapped
            )
            for unit_id, name in resources.items()
        ],
    }
    if incident.duplicate_of is not None:
        body["mergeComponent"] = [
            {
                **prologue(component("merge", incident.duplicate_of), incident.status_at),
                "incidentTrackingIdentifier": tracking(incident.duplicate_of),
                # The number named here is the one that goes on.
                "incidentMergeDirectionCode": "REPLACING",
            }
        ]
    extension: Json = {
        "profile": "EIDO-style, not certified",
        "unmapped": sorted(set(unmapped)),
        "exercise": incident.exercise or notice is not None,
        "disposition": incident.disposition,
    }
    if notice is not None:
        extension["notice"] = notice
    return {**body, "siaga112": extension}


def eido_json(body: Json) -> str:
    """The object as text."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1)


def _incident_type(incident: Incident, directory: Directory, lang: str, unmapped: list[str]) -> Json:
    word = category_export(directory.category(incident.category), "eido")
    if word is None:
        unmapped.append("incidentComponent.incidentTypeCommonRegistryText")
    return {
        "incidentTypeCommonRegistryText": incident.category if word is None else word,
        "incidentTypeInternalCode": incident.category,
        "incidentTypeInternalText": category_name(directory, incident.category, lang),
    }


def _statuses(incident: Incident, directory: Directory) -> list[str]:
    words = list(STATUS[incident.status])
    word = category_export(directory.category(incident.category), "eido") or ""
    group = category_export(directory.category(incident.category), "cap_category")
    if incident.status is IncidentStatus.UNDER_CONTROL and word.startswith(_FIRE_PREFIX) and group == "Fire":
        words.append("FireUnderControl")
    return words


def _location(incident: Incident, prologue: Json) -> Json:
    village, kecamatan = area_codes(incident)
    where = incident.location
    body: Json = {
        **prologue,
        "locationTypeDescriptionRegistryText": "CurrentIncident",
        "locationDescriptionText": f"{where.kind.value} {village or kecamatan or ''}".strip(),
    }
    if where.location is not None:
        # PIDF-LO (RFC 4119) with a point or a circle in EPSG:4326, latitude first (RFC 5491).
        at = f"<gml:pos>{where.location.lat:.6f} {where.location.lon:.6f}</gml:pos>"
        shape = (
            f'<gml:Point srsName="urn:ogc:def:crs:EPSG::4326">{at}</gml:Point>'
            if not where.radius_m
            else f'<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326">{at}'
            f'<gs:radius uom="urn:ogc:def:uom:EPSG::9001">{where.radius_m:.1f}</gs:radius></gs:Circle>'
        )
        body["locationByValue"] = (
            '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" '
            'xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" '
            f'entity="pres:{escape(incident.incident_id)}@incident.invalid"><tuple id="l1"><status><gp:geopriv>'
            f"<gp:location-info>{shape}</gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>"
        )
    return body


def _call(call: Call, prologue: Any, agency: str, timezone: tzinfo) -> Json:
    body: Json = {
        **prologue(f"urn:emergency:uid:callid:{call.call_id}:{agency}", call.ended_at or call.received_at),
        "standardPrimaryCallType": "emergency",
        "localCallType": call.call_type.value,
        "direction": "incoming",
        "callStartTimestamp": _time(call.received_at, timezone),
        "callStateRegistryText": "callAnswered" if call.ended_at is None else "callEnd",
    }
    return body


def _resource(
    unit_id: str,
    unit: Unit | None,
    assigned: list[Assignment],
    tracking_id: str,
    prologue: Json,
    unmapped: list[str],
) -> Json:
    kind = "unknown" if unit is None else unit.kind
    word = UNIT_KIND.get(kind)
    for (of_kind, capability), exact in UNIT_CAPABLE.items():
        if unit is not None and kind == of_kind and capability in unit.capabilities:
            word = exact
    if word is None:
        unmapped.append("emergencyResourceComponent.emergencyResourceTypeCommonRegistryText")
    own = [one for one in assigned if one.unit_id == unit_id]
    active = next((one for one in own if one.is_active), None)
    last = Milestone.CLEARED if active is None else [one for one in Milestone if one in active.milestones][-1]
    primary, secondary = MILESTONE[last]
    return {
        **prologue,
        "agentReference": [],
        "emergencyResourceName": unit_id,
        "emergencyResourceTypeCommonRegistryText": kind if word is None else word,
        "emergencyResourceTypeInternalText": kind,
        "resourceAttributeRegistryText": [],
        "resourceAttributeInternalText": [] if unit is None else sorted(unit.capabilities),
        "primaryUnitStatusRegistryText": primary,
        "secondaryUnitStatusRegistryText": list(secondary),
        **({} if active is None else {"activeOnIncidentId": tracking_id}),
    }


def _time(moment: datetime, timezone: tzinfo) -> str:
    return moment.astimezone(timezone).isoformat(timespec="milliseconds")
