"""An incident as a CAP 1.2 alert (OASIS Common Alerting Protocol, 1 July 2010), in Bahasa Indonesia and English.

One message has two `info` blocks that say the same. A public message shows the village (or the kecamatan, where the
category's `exports["public"]` asks for it) and the hour; a restricted or
private one the exact circle and minute. What callers said is in none. A demonstration region only ever sends
exercises, whatever was asked for, and says so in every block.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from dispatch.directory import Directory
from dispatch.exports_common import (
    Areas,
    ExportArea,
    IncidentCase,
    area_codes,
    category_export,
    category_name,
    local_hour,
)
from dispatch.incidents import (
    UNKNOWN_LOCATION,
    CapMessage,
    CapScope,
    CapStatus,
    Incident,
    IncidentStatus,
    Milestone,
    Severity,
)
from gis.errors import N_, InputError
from gis.types import Location

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
VALID_S: Final = 6 * 3600.0
"""Until a message expires, unless it says otherwise."""
MAX_VALID_S: Final = 31 * 86_400.0

CATEGORIES: Final = frozenset(
    {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"}
)
"""What `Category.exports["cap_category"]` may say; anything else is sent as Other."""

LANGUAGES: Final = (("id-ID", "id"), ("en", "en"))
"""Of the `info` blocks, and where their words stand in the directory."""

# CAP rates the threat, the centre the urgency of help: this is a correspondence, not an identity.
SEVERITY: Final = {
    Severity.CRITICAL: "Extreme",
    Severity.HIGH: "Severe",
    Severity.MODERATE: "Moderate",
    Severity.LOW: "Minor",
}
_SEVERITY_WORDS: Final = {
    "id": {
        Severity.CRITICAL: "sangat gawat",
        Severity.HIGH: "gawat",
        Severity.MODERATE: "sedang",
        Severity.LOW: "ringan",
    },
    "en": {
        Severity.CRITICAL: "critical",
        Severity.HIGH: "serious",
        Severity.MODERATE: "moderate",
        Severity.LOW: "minor",
    },
}
_STATE_WORDS: Final = {
    "id": {"open": "sedang ditangani", "over": "telah berakhir", "void": "peringatan dibatalkan"},
    "en": {"open": "being handled", "over": "has ended", "void": "alert withdrawn"},
}
_NO_AREA: Final = {"id": "Lokasi belum diketahui", "en": "Location not known yet"}
_EXERCISE: Final = {"id": "LATIHAN", "en": "EXERCISE"}

# The standard forbids these in identifiers and senders; references are built of both.
_IDENTIFIER: Final = re.compile(r"[^\s,<&\x00-\x1f]{1,200}")
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MIN_RING: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CapReference:
    """An earlier message: its sender, identifier and time."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CapHeader:
    """What a message says of itself.

    Attributes
    ----------
    identifier
        Unique among the sender's messages; no blank, comma, `<` or `&`.
    sender
        Of the centre, such as `112.cirebonkab.go.id`; the same restrictions.
    sender_name
        To be read by people.
    sent
        When.
    status, message, scope
        See the enums; `status` becomes Exercise for drills and demonstration regions.
    references
        Messages that it updates or cancels; needed for these, and for no alert.
    restriction
        The rule for `RESTRICTED`; needed there only.
    addresses
        Whom a `PRIVATE` message is for; needed there only.
    valid_s
        Seconds until it expires.
    """

    identifier: str
    sender: str
    sender_name: str
    sent: datetime
    status: CapStatus = CapStatus.ACTUAL
    message: CapMessage = CapMessage.ALERT
    scope: CapScope = CapScope.RESTRICTED
    references: tuple[CapReference, ...] = ()
    restriction: str | None = None
    addresses: tuple[str, ...] = ()
    valid_s: float = VALID_S


def cap_alert(
    case: IncidentCase,
    header: CapHeader,
    *,
    directory: Directory,
    areas: Areas,
    timezone: tzinfo,
    polygon: Sequence[Location] = (),
    notice: str | None = None,
) -> bytes:
    """A CAP 1.2 message as UTF-8 XML.

    Parameters
    ----------
    case
        The incident.
    header
        What the message says of itself.
    directory
        Names and codes of categories (`cap_category`, `cap_event`).
    areas
        Villages and kecamatan by code.
    timezone
        Of the region: times carry its offset.
    polygon
        The area affected, where somebody drew it, as corners in order; closed if it is not. In place of the circle.
    notice
        The demonstration region's notice; None for a real region.

    Raises
    ------
    InputError
        A header that CAP does not allow, an unsuitable polygon, or a public alert of a category that is not to be
        shown to the public.
    """
    _check(header)
    incident = case.incident
    public = header.scope is CapScope.PUBLIC
    category = directory.category(incident.category)
    finest = category_export(category, "public") or "village"
    if public and finest not in ("village", "kecamatan"):
        raise InputError(
            N_("Incidents of the category {category} are not shown to the public by area; send it restricted."),
            category=incident.category,
        )
    if public and finest == "kecamatan":
        incident = replace(incident, location=replace(UNKNOWN_LOCATION, kecamatan_code=area_codes(incident)[1]))
        case = replace(case, incident=incident)
    ET.register_namespace("", NAMESPACE)
    alert = ET.Element(f"{{{NAMESPACE}}}alert")
    exercise = notice is not None or incident.exercise
    _add(alert, "identifier", header.identifier)
    _add(alert, "sender", header.sender)
    _add(alert, "sent", cap_time(header.sent, timezone))
    _add(alert, "status", CapStatus.EXERCISE if exercise else header.status)
    _add(alert, "msgType", header.message)
    _add(alert, "scope", header.scope)
    if header.restriction is not None:
        _add(alert, "restriction", header.restriction)
    if header.addresses:
        _add(alert, "addresses", " ".join(f'"{one}"' if " " in one else one for one in header.addresses))
    if notice is not None:
        _add(alert, "note", notice)
    if header.references:
        _add(
            alert,
            "references",
            " ".join(f"{one.sender},{one.identifier},{cap_time(one.sent, timezone)}" for one in header.references),
        )
    _add(alert, "incidents", incident.incident_id)
    ring = _ring(polygon)
    for language, lang in LANGUAGES:
        info = _add(alert, "info")
        _add(info, "language", language)
        _add_info(info, case, header, directory, areas, timezone, lang, notice=notice, exercise=exercise)
        _add_area(info, incident, areas, lang, public=public, ring=ring)
    ET.indent(alert)
    body: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True)
    return body


def cap_time(moment: datetime, timezone: tzinfo) -> str:
    """A time as CAP writes it: local, whole seconds, with an offset and never with Z (which CAP forbids)."""
    text = moment.astimezone(timezone).replace(microsecond=0).isoformat()
    # CAP 1.2, 3.3.2: "-00:00" for UTC.
    return text[:-6] + "-00:00" if text.endswith("+00:00") else text


def _check(header: CapHeader) -> None:
    for name, text in (
        ("identifier", header.identifier),
        ("sender", header.sender),
        *(pair for one in header.references for pair in (("reference", one.identifier), ("reference", one.sender))),
    ):
        if not _IDENTIFIER.fullmatch(text):
            raise InputError(
                N_("The {name} “{text}” of a CAP message must have 1 to 200 characters, and no blank, comma, < or &."),
                name=name,
                text=text[:40],
            )
    if (header.message is CapMessage.ALERT) is bool(header.references):
        raise InputError(N_("A CAP update or cancellation names the messages before it, and a first alert names none."))
    if (header.scope is CapScope.RESTRICTED) is not bool(header.restriction):
        raise InputError(N_("A restricted CAP message says its restriction, and no other has one."))
    if (header.scope is CapScope.PRIVATE) is not bool(header.addresses):
        raise InputError(N_("A private CAP message names its addresses, and no other has them."))
    if not 0 < header.valid_s <= MAX_VALID_S:
        raise InputError(N_("A CAP message must be valid for more than 0 seconds and at most 31 days."))


def _add_info(
    info: ET.Element,
    case: IncidentCase,
    header: CapHeader,
    directory: Directory,
    areas: Areas,
    timezone: tzinfo,
    lang: str,
    *,
    notice: str | None,
    exercise: bool,
) -> None:
    incident = case.incident
    category = directory.category(incident.category)
    group = category_export(category, "cap_category")
    name = category_name(directory, incident.category, lang)
    void = header.message is CapMessage.CANCEL
    over = void or not incident.status.is_open
    state = "void" if void else "over" if over else "open"
    public = header.scope is CapScope.PUBLIC
    since = local_hour(incident.received_at, timezone) if public else incident.received_at
    words = f"{name} ({_SEVERITY_WORDS[lang][incident.severity]}), {_STATE_WORDS[lang][state]}"
    headline = f"{_EXERCISE[lang]}: {words}" if exercise else words
    area = _area(incident, areas)
    where = _NO_AREA[lang] if area is None else area.name

    _add(info, "category", group if group in CATEGORIES else "Other")
    _add(info, "event", category_export(category, "cap_event") or name if lang == "en" else name)
    if over:
        _add(info, "responseType", "AllClear")
    _add(info, "urgency", _urgency(incident, over=over))
    _add(info, "severity", SEVERITY[incident.severity])
    _add(info, "certainty", _certainty(case))
    code = _add(info, "eventCode")
    _add(code, "valueName", "siaga112-category")
    _add(code, "value", incident.category)
    _add(info, "effective", cap_time(header.sent, timezone))
    _add(info, "onset", cap_time(since, timezone))
    _add(info, "expires", cap_time(header.sent + timedelta(seconds=header.valid_s), timezone))
    _add(info, "senderName", header.sender_name)
    _add(info, "headline", headline)
    _add(info, "description", ". ".join(one for one in (f"{words}. {where}", notice) if one is not None))
    _add(info, "contact", "112")


def _urgency(incident: Incident, *, over: bool) -> str:
    if over:
        return "Past"
    return "Immediate" if incident.severity in (Severity.CRITICAL, Severity.HIGH) else "Expected"


def _certainty(case: IncidentCase) -> str:
    if case.first(Milestone.ON_SCENE) is not None:
        return "Observed"
    return "Unlikely" if case.incident.status is IncidentStatus.CANCELLED else "Likely"


def _add_area(
    info: ET.Element, incident: Incident, areas: Areas, lang: str, *, public: bool, ring: tuple[Location, ...]
) -> None:
    known = _area(incident, areas)
    element = _add(info, "area")
    _add(element, "areaDesc", _NO_AREA[lang] if known is None else known.name)
    if ring:
        _add(element, "polygon", " ".join(_pair(one) for one in ring))
    elif public:
        if known is not None:
            _add(element, "circle", _circle(known.middle, known.radius_m))
    elif incident.location.location is not None:
        _add(element, "circle", _circle(incident.location.location, incident.location.radius_m or 0.0))
    village, kecamatan = area_codes(incident)
    if (code := village or kecamatan) is not None:
        geocode = _add(element, "geocode")
        _add(geocode, "valueName", "Kemendagri")
        _add(geocode, "value", code)


def _area(incident: Incident, areas: Areas) -> ExportArea | None:
    village, kecamatan = area_codes(incident)
    found = (areas.get(code) for code in (village, kecamatan) if code is not None)
    return next((one for one in found if one is not None), None)


def _ring(polygon: Sequence[Location]) -> tuple[Location, ...]:
    if not polygon:
        return ()
    ring = tuple(polygon) if polygon[0] == polygon[-1] else (*polygon, polygon[0])
    if len(ring) < _MIN_RING or len(set(ring)) < _MIN_RING - 1:
        raise InputError(N_("The area of a CAP message needs at least three different corners; draw it again."))
    return ring


def _pair(location: Location) -> str:
    """Latitude first, as CAP wants it (and GeoJSON does not)."""
    return f"{location.lat:.6f},{location.lon:.6f}"


def _circle(middle: Location, radius_m: float) -> str:
    """Kilometres, as CAP wants them."""
    return f"{_pair(middle)} {radius_m / 1000:.3f}"


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if text is not None:
        # XML 1.0 has no way to write these characters at all.
        element.text = _NO_XML.sub("\ufffd", str(text))
    return element
