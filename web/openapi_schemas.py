"""JSON Schemas of the centre's records and commands, made from the very records: nothing is written down twice.

What is sent is closed (a field that is not named is refused, as the server does), and what is answered always has all
of its fields. Sentences come from the docstrings.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import TypeAdapter

from dispatch.border_help import BorderHelp
from dispatch.closures import Closure, CutOff
from dispatch.codec import adapter
from dispatch.directory import Directory
from dispatch.duplicates import DuplicateCandidate
from dispatch.event_types import BODY_TYPES
from dispatch.events import Event
from dispatch.fixes import Fix, FixFlag
from dispatch.ghost_calls import GhostScore
from dispatch.incidents import (
    Alert,
    Assignment,
    Call,
    Handover,
    Incident,
    RecommendationRef,
    TextField,
    UnitState,
    Verification,
)
from dispatch.joint import JointAssignment
from dispatch.recommendation import Recommendation, RecommendationInputs
from dispatch.store.care import AuditReport
from dispatch.timers import Timer
from web.api_centre import NewDevice

Schema = dict[str, Any]

PLURALS: Final[dict[str, type]] = {
    "calls": Call,
    "incidents": Incident,
    "units": UnitState,
    "assignments": Assignment,
    "recommendations": RecommendationRef,
    "verifications": Verification,
    "handovers": Handover,
    "alerts": Alert,
    "closures": Closure,
}
"""Records of an answer, as the store names their lists."""

_ANSWERED: Final = (
    *PLURALS.values(),
    AuditReport,
    BorderHelp,
    CutOff,
    Directory,
    DuplicateCandidate,
    Event,
    Fix,
    GhostScore,
    JointAssignment,
    Recommendation,
    RecommendationInputs,
    Timer,
)
_REF: Final = "#/components/schemas/"
_SECTION: Final = re.compile(r"\n\s*(\w[\w ]*)\n\s*-{3,}\n")


def reference(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"{_REF}{name}"}


def answered_schemas(taken: Iterable[str]) -> dict[str, Schema]:
    """Schemas of everything that the centre answers with.

    Parameters
    ----------
    taken
        Names of other schemas: `Location` is the same there, any other is prefixed with `Centre`.
    """
    _, made = TypeAdapter.json_schemas(
        [(kind.__name__, "serialization", adapter(kind)) for kind in _ANSWERED], ref_template=_REF + "{model}"
    )
    schemas: dict[str, Schema] = made["$defs"]
    schemas["FixFlag"] = {
        "type": "integer",
        "minimum": 0,
        "description": "Sum of " + ", ".join(f"{flag.value} ({str(flag.name).lower()})" for flag in FixFlag if flag),
    }
    for end in ("start", "end"):
        schemas["Shift"]["properties"][end] = {"type": "string", "description": "local time, such as 07:00:00"}
    schemas["Event"]["properties"]["type"]["enum"] = sorted(BODY_TYPES)
    schemas["PersonalText"] = {
        "type": "object",
        "description": "What a caller said or somebody noted: personal data.",
        "properties": {
            "of": {"type": "string", "description": "id of its call or incident"},
            "field": {"type": "string", "enum": [one.value for one in TextField]},
            "text_id": {"type": "string"},
            "text": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "null where it was erased"},
            "masked": {"type": "boolean", "description": "whether it is masked for who asks"},
            "erased": {"type": "boolean"},
            "question": {
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "description": "for an answer, the question; its text is `ID`, `ID: words` or `: words`",
            },
        },
    }
    for schema in schemas.values():
        _tidy(schema)
        if "properties" in schema:
            schema["required"] = list(schema["properties"])
    renamed = {name: f"Centre{name}" for name in schemas if name in set(taken)}
    renamed.pop("Location", None)
    schemas.pop("Location")
    return {renamed.get(name, name): _renamed(schema, renamed) for name, schema in schemas.items()}


def sent_schema(kind: type, without: Iterable[str] = ()) -> Schema:
    """The schema of a body; `without` names fields that the address gives."""
    made = copy.deepcopy(adapter(kind).json_schema(mode="validation"))
    definitions = made.pop("$defs", {})
    schema: Schema = _inlined(made, definitions)
    _tidy(schema)
    left_out = set(without)
    schema["properties"] = {name: one for name, one in schema.get("properties", {}).items() if name not in left_out}
    schema["required"] = [name for name in schema.get("required", ()) if name not in left_out]
    if not schema["required"]:
        del schema["required"]
    schema["additionalProperties"] = False
    return schema


def new_device_schema() -> Schema:
    """The schema of what is said of a new device."""
    return sent_schema(NewDevice)


def _tidy(schema: Schema) -> None:
    """Take pydantic's titles away, and give a docstring's parts to what they describe."""
    schema.pop("title", None)
    text = schema.get("description", "")
    parts = _SECTION.split(text)
    if text:
        schema["description"] = " ".join(parts[0].split())
    told = _attributes(parts[2]) if len(parts) > 2 and parts[1] == "Attributes" else {}
    for name, one in schema.get("properties", {}).items():
        one.pop("title", None)
        one.pop("default", None)
        if name in told and "$ref" not in one:
            one.setdefault("description", told[name])


def _attributes(section: str) -> dict[str, str]:
    told: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names = [name.strip() for name in line.split(",")]
        elif line.strip():
            told |= {name: f"{told.get(name, '')} {line.strip()}".strip() for name in names}
    return told


def _inlined(node: Any, definitions: dict[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_inlined(one, definitions) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        found = _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return {name: one for name, one in found.items() if name != "title"}
    return {name: _inlined(one, definitions) for name, one in node.items()}


def _renamed(node: Any, renamed: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(one, renamed) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"{_REF}{renamed.get(one.removeprefix(_REF), one.removeprefix(_REF))}"
        if name == "$ref"
        else _renamed(one, renamed)
        for name, one in node.items()
    }
