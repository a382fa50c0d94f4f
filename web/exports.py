"""What leaves the centre: cases from the store, names and outlines from the region, put into `dispatch.exports_*`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dispatch.errors import UnknownIdError
from dispatch.exports_cap import CapHeader, cap_alert
from dispatch.exports_common import ExportArea, IncidentCase, Issuer, PrivacyLevel
from dispatch.exports_eido import eido, eido_json
from dispatch.exports_incidents import IncidentRows, incident_rows
from dispatch.exports_mapping import ReportMapping
from dispatch.exports_ministry import MonthlyReport, month_bounds, monthly_report
from dispatch.incidents import Assignment, Call, CapScope, CapStatus
from dispatch.issuer import read_issuer
from dispatch.reach import WHOLE_CENTRE, Reach
from dispatch.store import care, queries
from dispatch.store.book import SqlBook
from gis.errors import N_
from gis.region_folder import SETTINGS
from gis.types import AreaLevel

if TYPE_CHECKING:
    from routing.region import Region
    from web.centre import Centre

ELEMENT: Final = "siaga112"
"""The system that issues EIDO-style objects."""
EVER: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""All times that a centre can have."""
_ALL: Final = 2**31 - 1


class RegionAreas(Mapping[str, ExportArea]):
    """Villages and kecamatan of a region by code; each is measured when it is first asked for."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._known: dict[str, ExportArea] = {}

    def __getitem__(self, code: str) -> ExportArea:
        found = self._known.get(code)
        if found is None:
            boundaries = self._region.boundaries
            try:
                area = boundaries.area(code)
            except LookupError:
                raise KeyError(code) from None
            if area.level is AreaLevel.KABUPATEN:
                raise KeyError(code)
            found = self._known[code] = ExportArea(
                code=code, name=area.name, middle=boundaries.middle(code), radius_m=boundaries.radius_m(code)
            )
        return found

    def __iter__(self) -> Iterator[str]:
        boundaries = self._region.boundaries
        return iter([one.code for one in (*boundaries.villages, *boundaries.kecamatan)])

    def __len__(self) -> int:
        return len(self._region.boundaries.villages) + len(self._region.boundaries.kecamatan)


def issuer_of(region: Region) -> Issuer:
    """The centre of a region as it signs what leaves it.

    Raises
    ------
    SourceError
        The table `[alerts]` of its region.toml cannot be used.
    """
    return read_issuer(
        region.table.get("alerts", {}),
        region_name=region.name,
        areas=RegionAreas(region),
        notice=region.notice,
        source=str(region.folder / SETTINGS),
    )


def case_of(centre: Centre, incident_id: str) -> IncidentCase:
    """One incident with its calls and assignments.

    Raises
    ------
    UnknownIdError
        There is none of that id.
    """
    with centre.store.book() as book:
        incident = book.incident(incident_id)
        if incident is None:
            raise UnknownIdError(N_("There is no incident “{key}”; check its id."), key=incident_id[:64])
        return IncidentCase(
            incident=incident, calls=book.calls_of(incident_id), assignments=book.assignments_of(incident_id)
        )


def incident_table(
    centre: Centre,
    *,
    level: PrivacyLevel,
    since: datetime | None,
    until: datetime | None,
    lang: str,
    reach: Reach = WHOLE_CENTRE,
) -> IncidentRows:
    """Incidents first reported in a span of time, as rows of a level; without a bound, all there are within reach."""
    with centre.store.book() as book:
        cases = _cases(book, since or EVER[0], until or EVER[1], (reach, centre.store.now()))
    return incident_rows(
        cases,
        level=level,
        directory=centre.store.directory(),
        areas=centre.store.issuer.areas,
        timezone=centre.store.timezone,
        lang=lang,
        for_village=reach.area is not None,
    )


def cases_within(centre: Centre, area: str, since: datetime, until: datetime) -> list[IncidentCase]:
    """Incidents of a village or kecamatan that were first reported in a span of time, with their assignments."""
    with centre.store.book() as book:
        reach = Reach(area=area), centre.store.now()
        found = queries.incidents(book.connection, limit=_ALL, since=since, until=until, reach=reach).items
        return [IncidentCase(incident=one, assignments=book.assignments_of(one.incident_id)) for one in found]


def open_cases_within(centre: Centre, area: str) -> list[IncidentCase]:
    """Open incidents of a village or kecamatan, whenever they were reported, the newest first."""
    with centre.store.book() as book:
        reach = Reach(area=area), centre.store.now()
        found = queries.incidents(book.connection, limit=_ALL, only_open=True, reach=reach).items
        return [IncidentCase(incident=one, assignments=book.assignments_of(one.incident_id)) for one in found]


def incident_cases(centre: Centre, since: datetime | None, until: datetime | None) -> list[IncidentCase]:
    """Incidents first reported in a span of time with their calls and assignments; without a bound, all there are."""
    with centre.store.book() as book:
        return _cases(book, since or EVER[0], until or EVER[1])


def cases_of_log(centre: Centre, since: datetime | None, until: datetime | None) -> list[IncidentCase]:
    """The same as `incident_cases` without calls, from the event log alone: the tables are not read."""
    book = care.replayed(centre.store.engine)
    start, end = since or EVER[0], until or EVER[1]
    return [
        IncidentCase(incident=one, assignments=tuple(sorted(book.assignments_of(one.incident_id), key=_order)))
        for one in book.incidents.values()
        if start <= one.received_at < end
    ]


def unit_kinds(centre: Centre) -> dict[str, str]:
    """Kind of every unit by id, also of those retired."""
    with centre.store.book() as book:
        return {one.unit.unit_id: one.unit.kind for one in queries.units(book.connection, retired=True)}


def monthly_table(centre: Centre, months: Sequence[str], mapping: ReportMapping) -> MonthlyReport:
    """The monthly report of local months, under the titles of a mapping.

    Raises
    ------
    InputError
        A month that is none.
    """
    timezone = centre.store.timezone
    spans = [month_bounds(month, timezone) for month in months]
    since, until = min(start for start, _ in spans), max(end for _, end in spans)
    with centre.store.book() as book:
        connection = book.connection
        # Those that only calls of the months belong to first: the report takes the last of an id, which is whole.
        linked = queries.incidents_of_calls_between(connection, since, until)
        cases = [*(IncidentCase(incident=one) for one in linked), *_cases(book, since, until)]
        calls = queries.calls(connection, limit=_ALL, since=since, until=until).items
        kinds = {one.unit.unit_id: one.unit.kind for one in queries.units(connection, retired=True)}
    return monthly_report(
        cases,
        calls,
        months=months,
        mapping=mapping,
        directory=centre.store.directory(),
        unit_kinds=kinds,
        timezone=timezone,
        now=centre.store.now(),
    )


def cap_draft(centre: Centre, incident_id: str, scope: CapScope) -> bytes:
    """The CAP message that a first alert about an incident would be now, marked as a draft; nothing is sent or kept.

    Raises
    ------
    UnknownIdError
        There is no such incident.
    InputError
        The incident's category is not shown to the public.
    """
    store, issuer = centre.store, centre.store.issuer
    header = CapHeader(
        identifier="draft",
        sender=issuer.sender,
        sender_name=issuer.sender_name,
        sent=store.now(),
        status=CapStatus.DRAFT,
        scope=scope,
        restriction=issuer.restriction if scope is CapScope.RESTRICTED else None,
    )
    return cap_alert(
        case_of(centre, incident_id),
        header,
        directory=store.directory(),
        areas=issuer.areas,
        timezone=store.timezone,
        notice=issuer.notice,
    )


def cap_sent(centre: Centre, alert_id: str) -> str:
    """A CAP message as it was sent.

    Raises
    ------
    UnknownIdError
        There is none of that id.
    """
    with centre.store.book() as book:
        alert = book.alert(alert_id)
    if alert is None:
        raise UnknownIdError(N_("There is no alert “{key}”; check its id."), key=alert_id[:64])
    return str(centre.store.document(alert.digest)["cap"])


def eido_text(centre: Centre, incident_id: str, lang: str) -> str:
    """An incident as EIDO-style JSON.

    Raises
    ------
    UnknownIdError
        There is none of that id.
    """
    store = centre.store
    case = case_of(centre, incident_id)
    with store.book() as book:
        units = {one.unit.unit_id: one.unit for one in queries.units(book.connection, retired=True)}
    made = eido(
        case,
        directory=store.directory(),
        units=units,
        agency=store.issuer.sender,
        element=ELEMENT,
        now=store.now(),
        timezone=store.timezone,
        lang=lang,
        notice=store.issuer.notice,
    )
    return eido_json(made)


def _cases(
    book: SqlBook, since: datetime, until: datetime, reach: tuple[Reach, datetime] | None = None
) -> list[IncidentCase]:
    calls: defaultdict[str | None, list[Call]] = defaultdict(list)
    for call in queries.calls_of_incidents_between(book.connection, since, until):
        calls[call.incident_id].append(call)
    assignments: defaultdict[str, list[Assignment]] = defaultdict(list)
    for assignment in queries.assignments_between(book.connection, since, until):
        assignments[assignment.incident_id].append(assignment)
    return [
        IncidentCase(
            incident=one,
            calls=tuple(calls[one.incident_id]),
            assignments=tuple(sorted(assignments[one.incident_id], key=_order)),
        )
        for one in queries.incidents(book.connection, limit=_ALL, since=since, until=until, reach=reach).items
    ]


def _order(assignment: Assignment) -> int:
    return int(assignment.assignment_id.rpartition(".")[2])
