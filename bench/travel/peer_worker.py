"""OSRM or Valhalla in a Python of its own: questions come in as lines of JSON, answers go out as lines of JSON.

Runs under the Python of the peers' environment and imports nothing of this project. Times are taken here, around the
peer's own call, so that neither the pipe nor JSON counts. Places are [longitude, latitude].

    python peer_worker.py osrm FILE.osrm CH|MLD
    python peer_worker.py valhalla CONFIG.json
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

Places = list[list[float]]


class Osrm:
    """The table service of OSRM, in process."""

    def __init__(self, path: str, algorithm: str) -> None:
        import osrm

        self.osrm = osrm
        self.engine = osrm.OSRM(
            algorithm=algorithm,
            storage_config=path,
            use_shared_memory=False,
            max_locations_distance_table=1_000_000,
            default_radius="unlimited",
        )

    def question(self, origins: Places, targets: Places) -> Any:
        """What is to be asked; not timed."""
        return self.osrm.TableParameters(
            coordinates=[tuple(place) for place in [*origins, *targets]],
            sources=list(range(len(origins))),
            destinations=list(range(len(origins), len(origins) + len(targets))),
            annotations=["duration"],
            generate_hints=False,
        )

    def ask(self, question: Any) -> Any:
        """The peer's own answer."""
        return self.engine.Table(question)

    def read(self, answer: Any) -> dict[str, Any]:
        """Seconds from each origin to each target (None: no way), and metres from each to its road."""
        rows = answer["durations"]
        return {
            "seconds": [[_number(value) for value in row] for row in rows],
            "origin_m": [source["distance"] for source in answer["sources"]],
            "target_m": [target["distance"] for target in answer["destinations"]],
            "origin_at": [list(source["location"]) for source in answer["sources"]],
            "target_at": [list(target["location"]) for target in answer["destinations"]],
        }


class Valhalla:
    """The matrix service of Valhalla, in process."""

    def __init__(self, config: str) -> None:
        import valhalla

        self.actor = valhalla.Actor(config)

    def question(self, origins: Places, targets: Places) -> Any:
        """What is to be asked; not timed."""
        places = [[{"lon": lon, "lat": lat} for lon, lat in side] for side in (origins, targets)]
        return json.dumps({"sources": places[0], "targets": places[1], "costing": "auto", "verbose": False})

    def ask(self, question: Any) -> Any:
        """The peer's own answer."""
        return self.actor.matrix(question)

    def read(self, answer: Any) -> dict[str, Any]:
        """Seconds from each origin to each target (None: no way)."""
        return {"seconds": json.loads(answer)["sources_to_targets"]["durations"]}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def main(kind: str, *arguments: str) -> None:
    """Answer until the questions end."""
    started = time.perf_counter()
    peer = {"osrm": Osrm, "valhalla": Valhalla}[kind](*arguments)
    _say({"opened_s": time.perf_counter() - started})
    for line in sys.stdin:
        asked = json.loads(line)
        question = peer.question(asked["origins"], asked["targets"])
        times = []
        for _ in range(asked.get("times", 1)):
            started = time.perf_counter()
            answer = peer.ask(question)
            times.append(time.perf_counter() - started)
        _say(peer.read(answer) | {"times_s": times})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
