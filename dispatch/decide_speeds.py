"""What may be done about learnt speeds: adopt a report's factors, or withdraw them. Each is a decision in the log.

The dispatch core knows no roads: it sees the factors as a table of JSON and holds them to their limits. What they mean
is known to `routing.speed_factors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from dispatch.book import Book
from dispatch.commands import AdoptSpeeds, WithdrawSpeeds
from dispatch.decide import Context, Decision, decides
from dispatch.errors import RefusedError, VersionConflictError
from dispatch.event_types import SpeedsAdopted, SpeedsWithdrawn
from dispatch.learnt_speeds import LearntSpeeds
from gis.errors import N_, InputError

LEAST_FACTOR: Final = 0.2
MOST_FACTOR: Final = 3.0
NONE: Final = "none"
"""What stands for the digest where no learnt speeds are in force."""
_ROW: Final = 4
"""Road class, kecamatan, bin of hours, factor."""


@decides(AdoptSpeeds)
def _adopt(command: AdoptSpeeds, book: Book, context: Context, decision: Decision) -> None:
    _check(command.report)
    key = decision.keep_document(command.report)
    held = book.speeds()
    _check_seen(command.expected_digest, held)
    if held is not None and held.digest == key:
        raise RefusedError(
            N_("These speeds are in force already, since {when} by {who}."),
            when=held.adopted_at.isoformat(timespec="minutes"),
            who=held.adopted_by,
        )
    decision.happened(
        SpeedsAdopted(digest=key, reason=command.reason, adopted_at=context.now, adopted_by=context.actor)
    )


@decides(WithdrawSpeeds)
def _withdraw(command: WithdrawSpeeds, book: Book, context: Context, decision: Decision) -> None:
    held = book.speeds()
    _check_seen(command.expected_digest, held)
    if held is None:
        raise RefusedError(N_("No learnt speeds are in force, so there is nothing to withdraw."))
    decision.happened(SpeedsWithdrawn(digest=held.digest, reason=command.reason, withdrawn_at=context.now))


def _check_seen(expected: str | None, held: LearntSpeeds | None) -> None:
    """Refuse a decision by somebody who saw other speeds in force.

    Raises
    ------
    VersionConflictError
        With both digests.
    """
    found = NONE if held is None else held.digest
    if expected is not None and expected != found:
        raise VersionConflictError(
            N_("Other speeds are in force than you saw; look again before you decide."),
            expected=expected,
            version=found,
        )


def _check(report: Mapping[str, Any]) -> None:
    """Refuse a report without factors, or with one that is beyond the limits.

    Raises
    ------
    InputError
        What is wrong, and where.
    """
    factors = report.get("factors")
    rows = factors.get("factors") if isinstance(factors, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == _ROW for row in rows):
        raise InputError(N_("This is no report of learnt speeds; make one with `siaga112 learn report --out FILE`."))
    if not rows:
        raise InputError(N_("The report proposes no change of any speed, so there is nothing to adopt."))
    for road_class, kecamatan, _, factor in rows:
        numeric = isinstance(factor, int | float) and not isinstance(factor, bool) and math.isfinite(factor)
        if not numeric or not LEAST_FACTOR <= factor <= MOST_FACTOR:
            raise InputError(
                N_("The factor of {road_class} in {kecamatan} is {factor}, outside {least} to {most}; make the report "
                   "again."),
                road_class=str(road_class)[:40],
                kecamatan=str(kecamatan)[:40],
                factor=str(factor)[:20],
                least=LEAST_FACTOR,
                most=MOST_FACTOR,
            )  # fmt: skip
