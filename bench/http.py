"""The rank of 200 units through HTTP, with sixteen clients: each asking once a second as desks do, and without a pause.

Run `python -m bench.http` from the repository's root, with the real data beside it. The exit status is 1 where the 95th
percentile of clients who ask once a second is beyond 5 ms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.travel.server import HTTP_P95, server_figures
from bench.travel.table import QUESTIONS

TARGET_MS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure each")
    options = parser.parse_args(arguments)
    missed = 0
    for figure in server_figures(seconds=options.seconds, cold=False):
        if figure.median_s is None or figure.least_s is None:
            print(f"{QUESTIONS[figure.question].title}: {figure.note}")
            missed = 1
            continue
        title, found_ms = QUESTIONS[figure.question].title, 1e3 * figure.median_s
        print(f"{title:75} {found_ms:7.2f} ms, least {1e3 * figure.least_s:6.2f}")
        print(f"    {figure.note}")
        if figure.question == HTTP_P95 and found_ms > TARGET_MS:
            missed = 1
    return missed


if __name__ == "__main__":
    sys.exit(main())
