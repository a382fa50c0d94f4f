"""Halfway points against shapely's interpolation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gis.geodesy import distance_m
from routing.midpoints import curve_midpoints
from routing.network import DEGREE
from routing.osm_read import read_osm
from routing.snap import Snapper


def test_the_middle_of_a_curve_has_half_its_length_on_either_side(shared_data: Path) -> None:
    network = read_osm([shared_data / "osm" / "monaco.osm.pbf"]).network
    lat, lon = curve_midpoints(network, Snapper.build(network))
    longest = 0.0
    for curve in range(len(lat)):
        part = slice(int(network.curve_offset[curve]), int(network.curve_offset[curve + 1]))
        points = np.column_stack([network.curve_lat[part] * DEGREE, network.curve_lon[part] * DEGREE])
        steps = distance_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
        half, run = steps.sum() / 2, 0.0
        longest = max(longest, half)
        for step, start, end in zip(steps, points[:-1], points[1:], strict=True):
            if run + step >= half:
                expected = start + (end - start) * ((half - run) / step if step else 0.0)
                break
            run += step
        assert (lat[curve], lon[curve]) == pytest.approx(tuple(expected), abs=1e-8)
    assert longest > 0
