"""What Schemathesis is told beyond its own checks; loaded by its command line in `test_schemathesis.py`.

Its check of accepted data knows statuses alone, and 422 stands both for a body of another form than described and for
one that asks for what the directory does not have. This one tells them apart by the problem's type.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from typing import Any

import schemathesis

NOT_FOR_WHAT_IS_DESCRIBED = {"urn:siaga112:problem:bad-field", "urn:siaga112:problem:unsupported-media-type"}

KNOWN: dict[str, list[str]] = json.loads(os.environ["SIAGA112_KNOWN"])
"""Values of fields that mean something in the centre under test."""
_numbers = itertools.count()


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """Make most good requests such as can be carried out: they name what is there, under a key of their own."""
    if not is_good(case):
        return
    number = next(_numbers)
    headers = case.headers or {}
    if number % 4:
        headers.pop("If-Match", None)
        if "Idempotency-Key" in headers:
            headers["Idempotency-Key"] = f"key {number}"
    if isinstance(case.body, dict) and number % 8:
        case.body.pop("expected_version", None)
        for name in set(case.body) & set(KNOWN) - {"unit_id"}:  # a new unit has a name of its own
            if isinstance(case.body[name], str):
                case.body[name] = chosen(KNOWN[name], number)
        if "unit_ids" in case.body:
            case.body["unit_ids"] = [chosen(KNOWN["unit_id"], number)]
        if "into" in case.body:
            case.body["into"] = chosen(KNOWN["incident_id"], number)
        case.body.pop("recommendation_id", None)


def is_good(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def chosen(values: list[str], number: int) -> str:
    return values[hashlib.sha256(str(number).encode()).digest()[0] % len(values)]


@schemathesis.check
def what_is_described_is_understood(ctx: Any, response: Any, case: Any) -> None:
    """A request that fits its description is never called malformed; it may be refused as things stand."""
    if not is_good(case):
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
