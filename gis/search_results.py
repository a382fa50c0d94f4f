"""What a search answers, as records and as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis.address import AddressDetail
from gis.coordinate_types import ParsedCoordinates
from gis.errors import N_, InputError, SiagaError, SourceError
from gis.search_reason import SearchReason, search_reason_text
from gis.types import Location, Place

if TYPE_CHECKING:
    from gis.gazetteer import Gazetteer

_log = logging.getLogger(__name__)

ReasonText = Callable[[SearchReason], str]
"""Puts a reason into the reader's language."""

ErrorText = Callable[[SiagaError], str]
"""Puts an error into the reader's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One answer of a search.

    Attributes
    ----------
    place
        The place; for a street, a crossing or coordinates one that was made for this answer.
    location, radius_m
        Where the incident may be: the place itself, or the point moved by a relation and its wider radius.
    village_code
        The village of the place, or None when that is not known. A relation does not change it, since the radius then
        still covers the place that was named; where the moved point itself lies in another village, that village is a
        candidate of its own.
    kecamatan
        The name of that village's kecamatan (of the place itself, if it is one), or None.
    score
        0 to 100.
    reason
        Why it was found.
    """

    place: Place
    location: Location
    radius_m: float
    village_code: str | None
    kecamatan: str | None
    score: float
    reason: SearchReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer to one text.

    `problem` is the error about coordinates in the text that could not be used, though other words could.
    """

    candidates: tuple[Candidate, ...]
    detail: AddressDetail
    coordinates: ParsedCoordinates | None = None
    problem: InputError | None = None


def candidate_json(candidate: Candidate, reason_text: ReasonText = search_reason_text) -> dict[str, Any]:
    """A candidate as plain JSON values, its reason in English or as `reason_text` words it."""
    return {
        "place_id": candidate.place.place_id,
        "village_code": candidate.village_code,
        "name": candidate.place.name,
        "kind": candidate.place.kind,
        "kecamatan": candidate.kecamatan,
        "lat": round(candidate.location.lat, 6),
        "lon": round(candidate.location.lon, 6),
        "radius_m": round(candidate.radius_m, 1),
        "score": candidate.score,
        "reason": reason_text(candidate.reason),
    }


LINE_KEYS = ("village_code", "name", "kind", "lat", "lon", "radius_m", "score", "reason")
"""Of a candidate in the lines of `search_file`."""


def search_file(
    gazetteer: Gazetteer,
    path: Path,
    limit: int = 10,
    *,
    reason_text: ReasonText = search_reason_text,
    error_text: ErrorText = str,
) -> Iterator[dict[str, Any]]:
    r"""Search every line of a UTF-8 text file; one answer per line, in order.

    An answer is `{"text": ..., "candidates": [...]}` and its candidates have `LINE_KEYS`, no more.

    A line may hold `\n` for a line break within a text. A line that cannot be used, or is empty, has no candidates and
    a `problem`.

    Raises
    ------
    SourceError
        When the file cannot be read as UTF-8 text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}); give a text file with one text per line."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error
    for line in lines:
        yield _answer(gazetteer, line, limit, reason_text, error_text)


def _answer(
    gazetteer: Gazetteer, line: str, limit: int, reason_text: ReasonText, error_text: ErrorText
) -> dict[str, Any]:
    try:
        if not line.strip():
            raise InputError(N_("The line is empty."))
        result = gazetteer.search(line.replace("\\n", "\n"), limit)
        found = [candidate_json(each, reason_text) for each in result.candidates]
        candidates = [{key: values[key] for key in LINE_KEYS} for values in found]
    except SiagaError as error:
        return {"text": line, "candidates": [], "problem": error_text(error)}
    except Exception:  # a defect costs its own line, never the thousands after it
        _log.exception("A line of a file cannot be searched")
        defect = SiagaError(N_("The search failed on this line because of a defect; please report it."))
        return {"text": line, "candidates": [], "problem": error_text(defect)}
    answer: dict[str, Any] = {"text": line, "candidates": candidates}
    if result.problem is not None:
        answer["problem"] = error_text(result.problem)
    return answer
