"""Ghost and prank calls, counted by a keyed hash of the number, and an explained score by plain rules.

The number itself is personal data and is kept elsewhere; here it is only made comparable. Numbers are so few that a
plain hash is undone in minutes, hence HMAC with a key of the centre: who has the hashes alone learns no number, and
a new key makes old hashes unlinkable. No text of this module ever repeats a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dispatch.incidents import Call, CallType
from gis.errors import N_, InputError

MIN_KEY_BYTES: Final = 32
"""A shorter key than the hash itself would weaken it."""

_CONTEXT: Final = b"siaga112 caller number 1\0"
_COUNTRY: Final = "62"
_MAX_WRITTEN: Final = 60
_MIN_DIGITS, _MAX_DIGITS = 8, 15  # ITU-T E.164: 15 digits at most, with the country code
# 112, 119, 14045; 1500123 and the like are service numbers too, though as long as a local number.
_SHORT: Final = re.compile(r"[1-9]\d{2,4}|1500\d{2,4}", re.ASCII)
_EXTENSION: Final = re.compile(r"(?:;ext=|[\s,;]*(?:extension|ext|pesawat|pes|x|#)[\s.:]*)\d{1,6}\s*$", re.I | re.ASCII)
_DECORATION: Final = re.compile(r"[\s.\-/()‐-―−]+")
_WITHHELD: Final = frozenset(
    {"", "-", "anonymous", "anonim", "private", "pribadi", "unknown", "tidak dikenal", "withheld", "restricted"}
)


def is_withheld(text: str) -> bool:
    """Whether this is what a telephone exchange sends in place of a number that it does not tell."""
    return unicodedata.normalize("NFKC", text).strip().lower() in _WITHHELD


def normalise_number(text: str) -> str:
    """One spelling for every spelling of a telephone number.

    `0812-3456-7890`, `+62 812 3456 7890`, `0062812…`, `62812…` and a bare `812…` (a spreadsheet ate the zero) all
    become `+62812…`; an extension is left out, for the line is the same. Service numbers of 3 to 5 digits and
    `1500…` stay as they are.

    Raises
    ------
    InputError
        No telephone number. The text never repeats what was given, for it may be personal.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if len(written) > _MAX_WRITTEN:
        raise InputError(
            N_("The caller's number is longer than any telephone number; give digits such as 081234567890.")
        )
    written = _EXTENSION.sub("", re.sub(r"^tel:", "", written, flags=re.I))
    # "+62 (0)21": the zero in brackets is dialled at home only.
    bare = _DECORATION.sub("", re.sub(r"^(\+\s*\d{1,3}\s*)\(0\)", r"\1", written))
    abroad = bare.startswith("+")
    digits = bare.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise InputError(
            N_(
                "The caller's number holds something other than digits; give digits such as 081234567890, "
                "or leave it out."
            )
        )
    if not abroad and _SHORT.fullmatch(digits):
        return digits
    if abroad:
        whole = digits
    elif digits.startswith("00"):
        whole = digits[2:]
    elif digits.startswith("0"):
        whole = _COUNTRY + digits[1:]
    elif (digits.startswith(_COUNTRY) and len(digits) >= 10) or (digits.startswith("8") and 9 <= len(digits) <= 12):
        whole = digits if digits.startswith(_COUNTRY) else _COUNTRY + digits
    else:
        raise InputError(
            N_("The caller's number has no area code or country code; give it as 0231… or 08…, or with + in front.")
        )
    if whole.startswith(_COUNTRY + "0"):
        whole = _COUNTRY + whole[3:]
    if whole.startswith("0") or not _MIN_DIGITS <= len(whole) <= _MAX_DIGITS or whole.startswith(_COUNTRY + "0"):
        raise InputError(
            N_(
                "The caller's number has the wrong length or form; a telephone number has 8 to 15 digits with its "
                "country code, such as 081234567890."
            )
        )
    return "+" + whole


def number_hash(text: str, key: bytes) -> str:
    """Keyed hash of a caller's number, the same for all its spellings: 64 hexadecimal digits.

    Raises
    ------
    InputError
        No telephone number, or a key of fewer than 32 bytes.
    """
    if len(key) < MIN_KEY_BYTES:
        raise InputError(f"The key for hashes of callers' numbers is too short; make one of {MIN_KEY_BYTES} bytes.")
    return hmac.new(key, _CONTEXT + normalise_number(text).encode(), hashlib.sha256).hexdigest()


NEVER_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "Nomor tidak pernah ditolak secara otomatis: setiap panggilan tetap dijawab.",
        "en": "A number is never refused automatically: every call is answered.",
    }
)
"""Stands with every score."""

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
MONTH_S: Final = 30 * DAY_S

HIGH_FROM: Final = 50
"""Points from which most calls of a number were ghost or prank calls."""
SOME_FROM: Final = 20
"""Points from which a call taker is told at all."""
MOST_POINTS: Final = 100


class GhostRule(StrEnum):
    """The plain rules; `RULES` holds their points."""

    LAST_HOUR = "last_hour"
    LAST_DAY = "last_day"
    LAST_MONTH = "last_month"
    SILENT_IN_A_ROW = "silent_in_a_row"
    REAL_REPORTS = "real_reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePoints:
    """Points per call after the first `free` ones, up to (or down to) `limit`, and the sentence."""

    each: int
    limit: int
    free: int
    text: Mapping[str, str]


RULES: Final[Mapping[GhostRule, RulePoints]] = MappingProxyType(
    {
        GhostRule.LAST_HOUR: RulePoints(
            each=10,
            limit=40,
            free=0,
            text={
                "id": "{count} panggilan hantu atau iseng dalam 1 jam terakhir",
                "en": "{count} ghost or prank calls in the last hour",
            },
        ),
        GhostRule.LAST_DAY: RulePoints(
            each=3,
            limit=30,
            free=0,
            text={
                "id": "{count} panggilan hantu atau iseng dalam 24 jam terakhir",
                "en": "{count} ghost or prank calls in the last 24 hours",
            },
        ),
        GhostRule.LAST_MONTH: RulePoints(
            each=1,
            limit=20,
            free=0,
            text={
                "id": "{count} panggilan hantu atau iseng dalam 30 hari terakhir",
                "en": "{count} ghost or prank calls in the last 30 days",
            },
        ),
        # One silent call, and the one after a line that broke, say nothing of the caller.
        GhostRule.SILENT_IN_A_ROW: RulePoints(
            each=5,
            limit=20,
            free=2,
            text={
                "id": "{count} panggilan tanpa suara berturut-turut",
                "en": "{count} silent calls in a row",
            },
        ),
        GhostRule.REAL_REPORTS: RulePoints(
            each=-15,
            limit=-60,
            free=0,
            text={
                "id": "{count} laporan sungguhan dalam 30 hari terakhir",
                "en": "{count} real reports in the last 30 days",
            },
        ),
    }
)

UNWANTED: Final = frozenset({CallType.GHOST, CallType.PRANK})
REAL: Final = frozenset({CallType.NORMAL, CallType.DUPLICATE})
"""A duplicate is a real report that somebody else made first."""


class GhostLevel(StrEnum):
    """What the call taker is told."""

    NONE = "none"
    SOME = "some"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHit:
    """A rule that counted something: how many calls, how many points, and the sentence by language."""

    rule: GhostRule
    count: int
    points: int
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """Calls by type within a time."""

    within_s: float
    by_type: Mapping[CallType, int]

    def of(self, types: frozenset[CallType]) -> int:
        """How many calls were of one of the types."""
        return sum(number for kind, number in self.by_type.items() if kind in types)


@dataclass(frozen=True, slots=True, kw_only=True)
class GhostScore:
    """How often a number called for nothing, and why that is said.

    Attributes
    ----------
    points
        0 to 100.
    counts
        In the last hour, day and 30 days.
    silent_in_a_row
        Ghost calls since the last call of another kind.
    hits
        The rules that counted, in their order; their points add up to `points`, kept between 0 and 100.
    notice
        That no number is ever refused; there is no score without it.
    """

    points: int
    level: GhostLevel
    counts: tuple[CallCounts, CallCounts, CallCounts]
    silent_in_a_row: int
    hits: tuple[RuleHit, ...]
    notice: Mapping[str, str] = field(init=False, default_factory=lambda: dict(NEVER_REFUSED))


def ghost_score(history: Iterable[Call], now: datetime) -> GhostScore:
    """Score the calls of one number.

    Parameters
    ----------
    history
        Calls with the same hash, in any order, without the call at hand; test calls count nowhere. A call ahead of
        `now` counts as now.
    now
        The time.

    Raises
    ------
    ValueError
        Calls of several numbers, or several without one: their sum would accuse the wrong person.
    """
    calls = sorted(
        (one for one in history if one.call_type is not CallType.TEST),
        key=lambda one: (one.received_at, one.call_id),
        reverse=True,
    )
    hashes = {one.number_hash for one in calls}
    if len(hashes) > 1 or (None in hashes and len(calls) > 1):
        raise ValueError("a ghost score needs the calls of one number")
    counts = (_counts(calls, now, HOUR_S), _counts(calls, now, DAY_S), _counts(calls, now, MONTH_S))
    hour, day, month = counts
    silent = next((at for at, one in enumerate(calls) if one.call_type is not CallType.GHOST), len(calls))
    hits = tuple(
        hit
        for rule, count in (
            (GhostRule.LAST_HOUR, hour.of(UNWANTED)),
            (GhostRule.LAST_DAY, day.of(UNWANTED)),
            (GhostRule.LAST_MONTH, month.of(UNWANTED)),
            (GhostRule.SILENT_IN_A_ROW, silent),
            (GhostRule.REAL_REPORTS, month.of(REAL)),
        )
        if (hit := _hit(rule, count)) is not None
    )
    points = min(MOST_POINTS, max(0, sum(hit.points for hit in hits)))
    level = GhostLevel.HIGH if points >= HIGH_FROM else GhostLevel.SOME if points >= SOME_FROM else GhostLevel.NONE
    return GhostScore(points=points, level=level, counts=counts, silent_in_a_row=silent, hits=hits)


def _counts(calls: list[Call], now: datetime, within_s: float) -> CallCounts:
    by_type = dict.fromkeys(CallType, 0)
    for one in calls:
        if (now - one.received_at).total_seconds() > within_s:
            break
        by_type[one.call_type] += 1
    return CallCounts(within_s=within_s, by_type=by_type)


def _hit(rule: GhostRule, count: int) -> RuleHit | None:
    points_of = RULES[rule]
    points = points_of.each * max(0, count - points_of.free)
    points = max(points, points_of.limit) if points_of.limit < 0 else min(points, points_of.limit)
    if points == 0:
        return None
    text = {lang: sentence.format(count=count) for lang, sentence in points_of.text.items()}
    return RuleHit(rule=rule, count=count, points=points, text=text)
