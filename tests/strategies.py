"""Hypothesis strategies shared by all tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from dispatch.types import Unit, UnitStatus
from gis.types import Location
from routing.types import DrivingTime

NOW = datetime(2026, 1, 31, 6, 45, tzinfo=UTC)
"""The clock of tests about dispatch."""

KINDS = ("ambulance", "fire_engine", "boat")
CAPABILITIES = ("als", "rescue")


def locations() -> st.SearchStrategy[Location]:
    """Points in and about Kabupaten Cirebon, coarse enough to coincide now and then."""
    return st.builds(
        lambda lat, lon: Location(lat=lat / 1000, lon=lon / 1000),
        st.integers(-7000, -6500),
        st.integers(108200, 108900),
    )


def fix_times() -> st.SearchStrategy[datetime | None]:
    """Unknown, on either side of the age that makes a fix stale, and on either side of the clock's tolerance."""
    ages_s = st.sampled_from((-61, -60, -1, 0, 1, 899, 900, 901, 100_000)) | st.integers(-120, 2000)
    return st.none() | ages_s.map(lambda age_s: NOW - timedelta(seconds=age_s))


@st.composite
def fleets(draw: st.DrawFn, *, max_size: int = 8) -> list[Unit]:
    """Units with different ids, of every kind and status, more often available than not."""
    ids = draw(st.lists(st.from_regex(r"[A-C][0-9]", fullmatch=True), unique=True, max_size=max_size))
    return [
        Unit(
            unit_id=unit_id,
            kind=draw(st.sampled_from(KINDS)),
            agency="Dinkes",
            status=draw(st.just(UnitStatus.AVAILABLE) | st.sampled_from(UnitStatus)),
            location=draw(locations()),
            fix_time=draw(fix_times()),
            capabilities=draw(st.frozensets(st.sampled_from(CAPABILITIES))),
        )
        for unit_id in ids
    ]


def driving_times() -> st.SearchStrategy[DrivingTime]:
    """Road times, coarse enough to tie, and now and then no road at all."""
    return st.builds(
        DrivingTime,
        reach_road_s=st.integers(0, 4).map(float),
        driving_s=st.none() | st.integers(0, 6).map(lambda tens: 10.0 * tens) | st.floats(0, 5000),
        last_metres_s=st.integers(0, 4).map(float),
    )
