"""Whether OSRM sends the same unit first: our roads and speeds, its snapping and search; every difference explained.

    script/bench agreement [--units 200] [--incidents 1000] [--json]

Needs Python 3.12 for OSRM's package: an environment is made under `build/peers/` the first time. Where it cannot be
made, the reason is printed. The exit status is 1 when fewer than 99 % of the incidents on connected roads have the same
first unit, or a difference is not explained.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from bench.travel.agreement import Agreement, Reason, agreement
from bench.travel.networks import DATA
from bench.travel.other_python import PEERS, PeerMissingError, peer_python
from routing.hierarchy import Hierarchy
from routing.osm_read import read_osm
from routing.router import Router
from routing.settings import RoutingSettings
from routing.snap import Snapper

REGIONS = {"Cirebon": "cirebon/cirebon.osm.pbf", "Malta": "osm/malta.osm.pbf"}
LEAST_SHARE = 0.99
WHERE = {False: "connected roads", True: "all roads"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when the engines differ too much."""
    options = _options(arguments)
    try:
        python = peer_python(install=True)
    except PeerMissingError as error:
        print(f"OSRM is not compared: {error}")
        return 0
    found: dict[str, Agreement] = {}
    failed = False
    for region, file in REGIONS.items():
        if not (DATA / file).is_file():
            print(f"{region} is not compared: there is no {DATA / file}")
            continue
        router = real_router(file)
        for cut_off, where in WHERE.items():
            result = agreement(
                router,
                python,
                PEERS / "agreement",
                units=options.units,
                incidents=options.incidents,
                cut_off=cut_off,
            )
            found[f"{region}, {where}"] = result
            failed |= Reason.UNEXPLAINED in result.reasons or (not cut_off and result.share < LEAST_SHARE)
    if options.json:
        print(json.dumps({name: asdict(result) for name, result in found.items()}, indent=1))
    else:
        _print(found, options)
    return int(failed)


def real_router(file: str) -> Router:
    """A router of the real data, with the default speeds and turning round."""
    network, settings = read_osm([DATA / file]).network, RoutingSettings()
    hierarchy = Hierarchy.build(network, settings)
    return Router(network, settings, snapper=Snapper.build(network), hierarchy=hierarchy)


def _print(found: dict[str, Agreement], options: argparse.Namespace) -> None:
    print(f"The first of {options.units} units, {options.incidents} incidents, ours against OSRM's\n")
    print("| region, where units and incidents are | same first unit | a trip's times differ, median s | p99 s |")
    print("|---|---|---|---|")
    for name, result in found.items():
        print(f"| {name} | {100 * result.share:.1f} % | {result.median_s:.2f} | {result.p99_s:.2f} |")
    for name, result in found.items():
        for reason, count in result.reasons.most_common():
            print(f"\n{name}: {count} {'incident' if count == 1 else 'incidents'}: {reason}.")
            for one in [one for one in result.differences if one.reason is reason][: options.examples]:
                print(
                    f"  incident {one.incident}: ours sends unit {one.ours} ({one.ours_s:.1f} s, OSRM has "
                    f"{one.osrm_ours_s:.1f} s), OSRM unit {one.theirs} (ours has {one.theirs_s:.1f} s, "
                    f"OSRM {one.osrm_theirs_s:.1f} s)"
                )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/bench agreement", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--incidents", type=int, default=1000)
    parser.add_argument("--examples", type=int, default=3, help="differences printed of each reason")
    parser.add_argument("--json", action="store_true", help="print every difference as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
