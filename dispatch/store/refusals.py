"""Refusals as they are kept under an idempotency key, and raised again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dispatch.errors import RefusedError, UnknownIdError
from gis.errors import InputError, SiagaError

REFUSALS: Final = (RefusedError, UnknownIdError, InputError)
"""What a command may be answered with instead of being carried out."""


def kept(refusal: SiagaError) -> dict[str, Any]:
    """A refusal as the answer to a request."""
    values = {name: one if isinstance(one, int | float) else str(one) for name, one in refusal.values.items()}
    return {"refused": {"code": refusal.code, "message": refusal.message, "values": values}}


def told_again(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as it was given first.

    Raises
    ------
    RefusedError, UnknownIdError, InputError
        It was a refusal.
    """
    refused = answer.get("refused")
    if refused is None:
        return answer
    kinds = (one for root in REFUSALS for one in _kinds(root))
    kind = next((one for one in kinds if one.code == refused["code"]), RefusedError)
    raise kind(refused["message"], **refused["values"])


def _kinds(kind: type[SiagaError]) -> Iterator[type[SiagaError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)
