"""A doubtful report is put to the village: whom to ask, what came back, and how long it took.

Advice only. Nothing here is asked before a unit is sent, and no table of moves knows of it: a village that does not
answer, or says no, holds nothing up. Posts are asked, not persons; the contact is that of the office.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.directory import Directory, VillageOfficial
from dispatch.errors import RefusedError
from dispatch.incidents import IncidentLocation, Verification
from gis.errors import N_, InputError

WAIT_S: Final = 300.0
"""After this long without an answer the desk is told that it waits for nothing (an assumption)."""


class VillageAnswer(StrEnum):
    """What a village said; `NO_ANSWER` is written down by the desk that gave up waiting."""

    CONFIRMED = "confirmed"
    DENIED = "denied"
    UNKNOWN = "unknown"
    NO_ANSWER = "no_answer"


class VerificationStanding(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"
    LATE = "late"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"


class Advice(StrEnum):
    """What all answers together say; never more than a word to the dispatcher.

    `CONTRADICTORY`: one confirmed and another denied.
    """

    NOT_ASKED = "not_asked"
    OPEN = "open"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSummary:
    """All questions about one incident: the advice, how many were asked, and the quickest real answer in seconds."""

    advice: Advice
    asked: int
    answered: int
    quickest_s: float | None


def officials_for(location: IncidentLocation, directory: Directory) -> tuple[VillageOfficial, ...]:
    """Posts to ask: those of the village, else those of all villages of the kecamatan; in the directory's order."""
    if location.village_code is not None:
        return tuple(one for one in directory.officials if one.village_code == location.village_code)
    if location.kecamatan_code is not None:
        within = location.kecamatan_code + "."
        return tuple(one for one in directory.officials if one.village_code.startswith(within))
    return ()


def check_asked(village_code: str, post: str, directory: Directory) -> VillageOfficial:
    """The post that is asked.

    Raises
    ------
    InputError
        The directory has no such post in that village; with those it has.
    """
    there = [one for one in directory.officials if one.village_code == village_code]
    for one in there:
        if one.post == post:
            return one
    posts = ", ".join(sorted(one.post for one in there)) or "none"
    raise InputError(
        N_("Village {village} has no post “{post}” in the directory; it has: {posts}."),
        village=village_code,
        post=post,
        posts=posts,
    )


def answered(asked: Verification, *, answer: VillageAnswer, answered_at: datetime) -> Verification:
    """A question with its answer; a village that calls back after `NO_ANSWER` is heard, and the same again is fine.

    Raises
    ------
    InputError
        An answer before the question.
    RefusedError
        Another answer is there already: a change of mind is a new question.
    """
    if asked.answer == answer:
        return asked
    if asked.answer not in (None, VillageAnswer.NO_ANSWER):
        raise RefusedError(
            N_("Question {verification} was answered already: {answer}; ask again to record another answer."),
            verification=asked.verification_id,
            answer=asked.answer,
        )
    if answered_at < asked.asked_at:
        raise InputError(N_("The answer of a village cannot be earlier than the question; give a later time."))
    return replace(asked, answer=answer.value, answered_at=answered_at)


def verification_standing(asked: Verification, now: datetime, *, wait_s: float = WAIT_S) -> VerificationStanding:
    """Where a question stands."""
    if asked.answer == VillageAnswer.NO_ANSWER:
        return VerificationStanding.UNANSWERED
    if asked.answer is not None:
        return VerificationStanding.ANSWERED
    late = now - asked.asked_at > timedelta(seconds=wait_s)
    return VerificationStanding.LATE if late else VerificationStanding.WAITING


def answer_took_s(asked: Verification) -> float | None:
    """Seconds until a village really answered; None where it has not."""
    if asked.answered_at is None or asked.answer == VillageAnswer.NO_ANSWER:
        return None
    return (asked.answered_at - asked.asked_at).total_seconds()


def summary(questions: Iterable[Verification]) -> VerificationSummary:
    """What all questions about one incident say together; the order makes no difference."""
    questions = tuple(questions)
    answers = {one.answer for one in questions}
    if {VillageAnswer.CONFIRMED, VillageAnswer.DENIED} <= answers:
        advice = Advice.CONTRADICTORY
    elif VillageAnswer.CONFIRMED in answers:
        advice = Advice.CONFIRMED
    elif VillageAnswer.DENIED in answers:
        advice = Advice.DENIED
    else:
        advice = Advice.OPEN if questions else Advice.NOT_ASKED
    took = [seconds for one in questions if (seconds := answer_took_s(one)) is not None]
    return VerificationSummary(
        advice=advice, asked=len(questions), answered=len(took), quickest_s=min(took, default=None)
    )
