"""The fleet as it stands, read again only where something changed.

Every question for the nearest unit begins with all units and their positions. Of hundreds of units few change between
two questions, so records are kept and one narrow query tells which of them are no longer true: a unit's version grows
with every change of its row, and a position is told by its place and time.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select, type_coerce
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import NullType

from dispatch.incidents import UnitState
from dispatch.store import queries, schema
from dispatch.store.positions import unit_positions
from dispatch.store.schema import UtcDateTime
from gis.types import Location

_ANY = DefaultDialect()

MOST_NAMED = 500
"""Units that one query asks for by name; where more changed, all are read."""

_Stand = tuple[int, float | None, float | None, object]
"""Version, place, and time of the fix as the database keeps it: compared at every question, read when it changed."""


class Fleet:
    """The units of one database, without those that left it; safe for threads."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, UnitState]] = {}
        self._placed: dict[str, tuple[_Stand, UnitState]] = {}
        self._read: tuple[dict[str, _Stand], tuple[UnitState, ...]] = ({}, ())

    def read(self, connection: Connection) -> tuple[UnitState, ...]:
        """Every unit at its newest trusted position, by id; a unit that did not change is the same object as before."""
        stands, known, placed = _stands(connection), self._rows, self._placed
        last = self._read
        if last[0] == stands:
            return last[1]
        edited = {one for one, stand in stands.items() if one not in known or known[one][0] != stand[0]}
        if edited:
            states = queries.units(connection, only=sorted(edited) if len(edited) <= MOST_NAMED else None)
            # Where reading is not at one moment a unit may have changed between the two queries: it is kept under
            # the older version, and read again by the next question.
            read = {state.unit.unit_id: state for state in states}
            fresh = {one: (stands[one][0], read[one]) for one in edited if one in read}
            known = {one: known[one] for one in stands if one in known} | fresh
        # Replaced as a whole, so that other threads see the one or the other.
        self._rows = known
        self._placed = placed = {
            one: placed[one]
            if one in placed and placed[one][0] == stand and one not in edited
            else (stand, _at(known[one][1], stand))
            for one, stand in stands.items()
            if one in known
        }
        found = tuple(state for _, state in placed.values())
        if len(found) == len(stands):  # else a unit came between the two queries, and is there for the next question
            self._read = stands, found
        return found


def _stands(connection: Connection) -> dict[str, _Stand]:
    units, at = schema.units, unit_positions
    query = (
        select(units.c.unit_id, units.c.version, at.c.lat, at.c.lon, type_coerce(at.c.fix_time, NullType()))
        .join(at, at.c.unit_id == units.c.unit_id, isouter=True)
        .where(units.c.retired.is_(False))
    )
    # All rows in one call, not one at a time: this is most of what a question about the fleet costs.
    found = {row[0]: (row[1], row[2], row[3], row[4]) for row in connection.execute(query).all()}
    return dict(sorted(found.items()))


def _at(state: UnitState, stand: _Stand) -> UnitState:
    _, lat, lon, fixed = stand
    fix_time = UtcDateTime().process_result_value(fixed, _ANY)
    if fix_time is None or lat is None or lon is None:
        return state
    return replace(state, unit=replace(state.unit, location=Location(lat=lat, lon=lon), fix_time=fix_time))
