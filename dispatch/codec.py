"""Records to JSON values and back, by pydantic; and JSON in the one form that hashes are taken of."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from gis.errors import InputError


class FieldError(InputError):
    """What was sent is not of the form that the description of the API gives."""

    code = "bad-field"


T = TypeVar("T")


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def adapter(kind: Any) -> TypeAdapter[Any]:
    """The pydantic adapter of a type, made once."""
    found = _ADAPTERS.get(kind)
    if found is None:
        found = _ADAPTERS[kind] = TypeAdapter(kind)
    return found


def dump(value: Any, kind: Any = None) -> Any:
    """A record as a JSON value: times in ISO 8601, sets as sorted lists."""
    return _sorted_sets(adapter(kind or type(value)).dump_python(value, mode="json"), value)


def load(kind: type[T], value: Any) -> T:
    """A record from a JSON value.

    Raises
    ------
    InputError
        The first thing that does not fit, with where it stands.
    """
    try:
        loaded: T = adapter(kind).validate_python(value)
        return loaded
    except ValidationError as error:
        raise InputError("{fault}", fault=first_fault(error)) from None


_SAID = {
    "unexpected_keyword_argument": "there is no such field",
    "missing": "it is missing",
    "missing_argument": "it is missing",
    "missing_keyword_only_argument": "it is missing",
}
"""Our words for some of pydantic's types of faults."""
_ENUM_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")


def load_request(kind: type[T], value: Any) -> T:
    """A record from a JSON value that somebody sent: no unknown field, no text where a number is asked for.

    Raises
    ------
    FieldError
        The first thing that does not fit, with where it stands.
    """
    try:
        loaded: T = adapter(kind).validate_json(json.dumps(value), strict=True, extra="forbid")
        return loaded
    except ValidationError as error:
        raise FieldError("{fault}", fault=first_fault(error)) from None


def first_fault(error: ValidationError) -> str:
    """One sentence about the first fault that pydantic found, without the value (which may be personal)."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the body"
    said = _SAID.get(fault["type"]) or fault["msg"].removeprefix("Value error, ").rstrip(".")
    said = _ENUM_MEMBER.sub(r"\1", said)
    return f"Field {where}: {said[:1].lower()}{said[1:]}; correct it and send it again."


def canonical(value: Any) -> str:
    """JSON with sorted keys and without blanks: equal values give equal texts."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _sorted_sets(dumped: Any, value: Any) -> Any:
    """Sets come out of pydantic in any order; a hash needs one."""
    if isinstance(value, (set, frozenset)):
        return sorted(dumped)
    if isinstance(dumped, dict):
        if isinstance(value, dict):
            return {
                key: _sorted_sets(part, one) for (key, part), one in zip(dumped.items(), value.values(), strict=True)
            }
        return {key: _sorted_sets(part, getattr(value, key, None)) for key, part in dumped.items()}
    if isinstance(dumped, list) and isinstance(value, (list, tuple)):
        return [_sorted_sets(part, one) for part, one in zip(dumped, value, strict=True)]
    return dumped
