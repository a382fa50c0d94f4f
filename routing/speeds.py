"""Default driving speeds by road class, for an ambulance-like vehicle in Indonesia.

They are average speeds over a whole road, bends, junctions and other traffic included, of a vehicle that keeps to
the limits: no lights-and-siren gain is assumed, so that an estimated time of arrival errs on the late side. They hold
where a road has no tagged limit, and every region may change them in its region.toml; an agency that records its
units' positions should replace them by what it measures.

Sources
-------
- The law: Peraturan Menteri Perhubungan PM 111/2015, article 3: motorways 60 to 100 km/h in free flow, at most
  80 km/h between towns, 50 km/h in towns, 30 km/h in settlements.
- Practice of open routing engines for a car: OSRM's `car.lua` (motorway 90, trunk 85, primary 65, secondary 55,
  tertiary 40, unclassified 25, residential 25, living street 10, service 15; links 45, 40, 30, 25, 20).
  osmnx fills a missing speed with the mean of the tagged ones of the same class instead.
- Where OSRM exceeds what Indonesian law allows on such a road, or its European figures assume bypasses that
  Indonesian national roads do not have, the lower figure below stands, and the comment says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DEFAULT_SPEEDS_KPH: Mapping[str, float] = MappingProxyType(
    {
        # law 60 to 100, OSRM 90; trucks in the middle of the range set the pace
        "motorway": 80.0,
        "motorway_link": 40.0,  # OSRM 45; toll gates stand on the ramps
        # law 80 between towns and 50 in them, OSRM 85; national roads run through one market town after another
        "trunk": 50.0,
        "trunk_link": 35.0,  # OSRM 40
        "primary": 45.0,  # law 50 in towns, OSRM 65: provincial roads, mostly two lanes and built up
        "primary_link": 30.0,  # OSRM 30
        "secondary": 40.0,  # law 50 in towns, OSRM 55: main roads of a kabupaten
        "secondary_link": 25.0,  # OSRM 25
        "tertiary": 35.0,  # OSRM 40: roads between villages
        "tertiary_link": 20.0,  # OSRM 20
        "unclassified": 25.0,  # OSRM 25
        "residential": 20.0,  # law 30 in settlements, OSRM 25; speed humps are the rule
        "living_street": 10.0,  # OSRM 10
        "service": 15.0,  # OSRM 15
        "road": 20.0,  # class unknown: as slow as a residential street
        "track": 10.0,  # unpaved, between fields; OSRM does not drive on them
        "busway": 40.0,  # a lane of one's own along a secondary road; closed unless tagged for emergency vehicles
        "ferry": 10.0,  # 5 to 6 knots with boarding, where no duration is tagged; OSRM 5
    }
)
"""km/h for every class of `routing.network.ROAD_CLASSES` but `barrier`, which has no length."""
