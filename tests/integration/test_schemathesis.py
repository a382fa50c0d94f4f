"""Schemathesis against the real application on a real server: whatever is sent, the API answers as it describes itself.

`SIAGA112_SCHEMATHESIS_EXAMPLES` asks for more than the few examples of an ordinary run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.centre_app import HERE, CentreApp, centre_app, served
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow
HOOKS = REPOSITORY / "tests" / "schemathesis_hooks.py"
FEW = 3
EXAMPLES = int(os.environ.get("SIAGA112_SCHEMATHESIS_EXAMPLES", FEW))
SEED = 112
UNIT = "AMB-13"
KNOWN_FIELDS = {
    "category": ["medical", "fire", "flood"],
    "disposition": ["transported", "not_found"],
    "agency": ["dinkes", "damkar"],
    "neighbour": ["brebes", "kuningan"],
    "village_code": ["32.09.20.2009"],
}
"""What the directory and the region have: put into good bodies, so that they are good beyond their form."""

CONFIG = """
seed = {seed}
continue-on-failure = true
hooks = "{hooks}"

[generation]
deterministic = true
# A header or parameter that nobody knows is passed over, as everywhere on the web.
allow-extra-parameters = false
database = "none"

[output.truncation]
enabled = false

[auth.openapi.deviceBearer]
bearer = "{token}"

[checks.positive_data_acceptance]
# Ids and states are the server's: a good request may find nothing, come too late, or ask for what the directory lacks.
expected-statuses = ["2xx", 404, 409, 412, 422]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 404, 405, 415, 422]

[[operations]]
include-operation-id = "getDuplicates"
# Latitude and longitude only go together, which a description cannot say.
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 422]

[[operations]]
# A phone that sends once more what was refused is told to let go of it (`web.positions.Refused`).
include-path-regex = "positions/(osmand|owntracks)$"
checks.negative_data_rejection.expected-statuses = ["2xx", 400, 401, 404, 405, 415, 422]

[phases.stateful]
max-steps = 12
# The links of the description, and no guessed ones.
inference.algorithms = []

{dictionaries}
"""


def known_ids(client: FlaskClient) -> dict[str, list[str]]:
    """Something of each kind, so that more than the refusal of unknown ids is tried."""

    def made(path: str, kind: str, key: str, **body: Any) -> str:
        answer = client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()[kind][0][key])

    incidents = [
        made("/incidents", "incidents", "incident_id", category="medical", severity=severity, location=HERE)
        for severity in ("critical", "low")
    ]
    calls = [made("/calls", "calls", "call_id", caller_number="+62 811 1234 567", words="tolong") for _ in range(2)]
    assignment = made(f"/incidents/{incidents[0]}/assignments", "assignments", "assignment_id", unit_ids=[UNIT])
    verification = made(
        f"/incidents/{incidents[0]}/verifications", "verifications", "verification_id",
        village_code="32.09.20.2009", post="kuwu",
    )  # fmt: skip
    handover = made(f"/incidents/{incidents[1]}/handovers", "handovers", "handover_id", neighbour="brebes")
    alert = made(f"/incidents/{incidents[0]}/alerts", "alerts", "alert_id")
    made_for = client.post(f"/api/v1/incidents/{incidents[1]}/recommendations").get_json()
    return {
        "incident_id": incidents,
        "call_id": calls,
        "unit_id": [UNIT, "AMB-12"],
        "assignment_id": [assignment],
        "verification_id": [verification],
        "handover_id": [handover],
        "alert_id": [alert],
        "recommendation_id": [made_for["recommendation_id"]],
        "at": ["-6.7172,108.5362", "32.09.20.2009"],
        "unit": [UNIT],
    }


def run(made: CentreApp, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Schemathesis on a served centre."""
    client = made.app.test_client()
    token = client.post(f"/api/v1/units/{UNIT}/devices", json={}).get_json()["token"]
    ids = known_ids(client)
    lines = [f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n" for name, values in ids.items()]
    lines += ["[parameters]", *(f'{name} = {{dictionary = "{name}", probability = 0.7}}' for name in ids)]
    config = folder / "schemathesis.toml"
    config.write_text(
        CONFIG.format(seed=SEED, hooks=HOOKS, token=token, dictionaries="\n".join(lines)), encoding="utf-8"
    )
    with served(made.app) as port:
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run",
             f"http://127.0.0.1:{port}/api/v1/openapi.json", "--no-color", "--checks", "all", *options],
            cwd=folder, capture_output=True, text=True, check=False, timeout=1800,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "SIAGA112_KNOWN": json.dumps(KNOWN_FIELDS | ids)},
        )  # fmt: skip


def test_whatever_is_sent_the_api_answers_as_it_describes_itself(store_url: str, tmp_path: Path) -> None:
    # What is malformed is refused before a database is asked, so every form of it is tried over one of them; what
    # comes by chance goes to the other, which is the stricter. Both take both with more examples than usual.
    phases = "coverage" if store_url.startswith("sqlite") else "fuzzing"
    if EXAMPLES > FEW:
        phases = "coverage,fuzzing"
    with centre_app(store_url) as made:
        done = run(made, tmp_path, "--phases", phases, "--max-examples", str(EXAMPLES))
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
        tested = re.search(r"Tested: (\d+)", done.stdout)
        described = made.app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
        assert tested is not None
        # All but the description itself, which Schemathesis has read.
        assert int(tested[1]) == sum(len(methods) for methods in described.values()) - 1
        # After thousands of requests, good and bad, the log is whole.
        assert made.app.test_client().get("/api/v1/audit").status_code == 200


def test_whatever_follows_from_an_answer_can_be_asked_for(sqlite_url: str, tmp_path: Path) -> None:
    with centre_app(sqlite_url) as made:
        examples = str(40 * EXAMPLES)
        done = run(made, tmp_path, "--phases", "stateful", "--mode", "positive", "--max-examples", examples)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
        links = re.search(r"API Links:\s+(\d+) covered / (\d+) selected", done.stdout)
        assert links is not None
        assert int(links[1]) > int(links[2]) / 2
        assert made.app.test_client().get("/api/v1/audit").status_code == 200
