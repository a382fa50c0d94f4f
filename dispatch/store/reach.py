"""Whether records are within somebody's reach, asked of the database: `dispatch.reach` says what reach means."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from dispatch.reach import SEEN_AFTER_END, Reach
from dispatch.store import schema


def incident_condition(reach: Reach, now: datetime) -> ColumnElement[bool] | None:
    """What an incident's row must fulfil to be within reach; None where all are."""
    incidents, assignments, units = schema.incidents, schema.assignments, schema.units
    if reach.area is not None:
        return and_(in_area(reach.area), incidents.c.category.not_in(reach.without))
    if reach.unit is not None:
        theirs = select(assignments.c.incident_id).where(
            assignments.c.unit_id == reach.unit,
            or_(assignments.c.ended_at.is_(None), assignments.c.ended_at > now - SEEN_AFTER_END),
        )
        return incidents.c.incident_id.in_(theirs)
    if reach.agency is not None:
        sent = (
            select(assignments.c.incident_id)
            .select_from(assignments.join(units, units.c.unit_id == assignments.c.unit_id))
            .where(units.c.agency == reach.agency)
        )
        told = incidents.c.notified.contains(f'"{reach.agency}"', autoescape=True)
        return or_(told, incidents.c.incident_id.in_(sent))
    return None


def in_area(code: str) -> ColumnElement[bool]:
    """That an incident lies in a village, or in what it lies in."""
    table, within = schema.incidents, f"{code}."
    return or_(
        table.c.village_code == code,
        table.c.kecamatan_code == code,
        table.c.village_code.startswith(within, autoescape=True),
        table.c.kecamatan_code.startswith(within, autoescape=True),
    )


def incidents_within(
    connection: Connection, incident_ids: Collection[str], reach: Reach, now: datetime
) -> frozenset[str]:
    """Those of the incidents that are within reach."""
    condition = incident_condition(reach, now)
    wanted = schema.incidents.c.incident_id.in_(list(incident_ids))
    query = select(schema.incidents.c.incident_id).where(wanted, false() if condition is None else condition)
    return frozenset(incident_ids) if condition is None else frozenset(connection.execute(query).scalars())


def units_within(connection: Connection, unit_ids: Collection[str], reach: Reach) -> frozenset[str]:
    """Those of the units that are within reach: an area has none."""
    if reach.is_whole:
        return frozenset(unit_ids)
    table = schema.units
    query = select(table.c.unit_id).where(table.c.unit_id.in_(list(unit_ids)))
    if reach.unit is not None:
        query = query.where(table.c.unit_id == reach.unit)
    elif reach.agency is not None:
        query = query.where(table.c.agency == reach.agency)
    else:
        query = query.where(false())
    return frozenset(connection.execute(query).scalars())
