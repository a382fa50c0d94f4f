"""What Schemathesis is told beyond its own checks; its command line loads it (`tests/integration/test_schemathesis.py`).

Its check of accepted data knows statuses alone, and 422 stands both for a body of another form than described and for
one that asks for what the directory does not have. This one tells them apart by the problem's type.
"""

from __future__ import annotations

import json
from typing import Any

import schemathesis

NOT_FOR_WHAT_IS_DESCRIBED = {"urn:siaga112:problem:bad-field", "urn:siaga112:problem:unsupported-media-type"}


@schemathesis.check
def what_is_described_is_understood(ctx: Any, response: Any, case: Any) -> None:
    """A request that fits its description is never called malformed; it may be refused as things stand."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code in (415, 422):
        body = json.loads(response.content)
        assert body["type"] not in NOT_FOR_WHAT_IS_DESCRIBED, body["detail"]


@schemathesis.check
def every_problem_is_one_sentence(ctx: Any, response: Any, case: Any) -> None:
    """Whatever is refused says why, in one sentence, and shows nothing of the inside."""
    if response.status_code < 400:
        return
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body["detail"].endswith("."), body["detail"]
    assert "\n" not in body["detail"]
    assert "Traceback" not in body["detail"]
    assert "sqlalchemy" not in body["detail"].lower()
