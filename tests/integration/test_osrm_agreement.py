"""OSRM sends the same unit first, at the same speeds. Skipped where OSRM's own environment has not been made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.agreement import LEAST_SHARE, REGIONS, real_router
from bench.travel.agreement import Agreement, Reason, agreement
from bench.travel.other_python import PEERS, PeerMissingError, peer_python

UNITS, INCIDENTS = 200, 300


@pytest.fixture(scope="module", params=REGIONS)
def connected(request: pytest.FixtureRequest, shared_data: Path) -> Agreement:
    try:
        python = peer_python(install=False)
    except PeerMissingError as error:
        pytest.skip(f"OSRM is not compared: {error}")
    router = real_router(REGIONS[request.param])
    return agreement(router, python, PEERS / "agreement", units=UNITS, incidents=INCIDENTS, cut_off=False)


@pytest.mark.slow
def test_osrm_sends_the_same_unit_first_and_every_difference_has_a_reason(connected):
    assert connected.share >= LEAST_SHARE
    assert Reason.UNEXPLAINED not in connected.reasons
    assert connected.p99_s < 1.0
