"""The compiled snapping beside its twin in numpy: the same to the last bit."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from gis.types import Location
from routing.osm_read import read_osm
from routing.snap import FEW, KERNELS, Snapper
from tests.integration.test_routing_real import places

FAR = [Location(lat=0.0, lon=0.0), Location(lat=-89.9, lon=179.0)]


@pytest.fixture(scope="module", params=["cirebon/cirebon.osm.pbf", "osm/monaco.osm.pbf"])
def snapper(request: pytest.FixtureRequest, shared_data: Path) -> Snapper:
    return Snapper.build(read_osm([shared_data / request.param]).network)


@pytest.mark.parametrize("limit_m", [150.0, 1e9])
def test_compiled_snapping_equals_numpy_bit_for_bit(snapper, limit_m, monkeypatch):
    importlib.import_module(KERNELS)
    network = snapper.network
    some = snapper.allow(np.arange(network.edge_count) % 3 > 0)
    asked = [*places(network, 300, seed=11), *FAR]
    assert len(asked) > FEW
    for allowed in (None, some):
        one_by_one = [snapper.nearest(place, allowed, limit_m=limit_m) for place in asked]
        together = snapper.nearest_many(asked, allowed, limit_m=limit_m)
        with monkeypatch.context() as without:
            without.setattr("routing.snap.loaded", lambda name: None)
            plain = [snapper.nearest(place, allowed, limit_m=limit_m) for place in asked]
        assert one_by_one == plain
        assert together == plain
        assert sum(snap is not None for snap in plain) > len(asked) / 2
