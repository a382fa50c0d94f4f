"""What taking a call needs of the directory: letters to choose by, and what answers say of the severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from dispatch.directory import Directory
from dispatch.incidents import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What answers say together.

    Attributes
    ----------
    severity
        It is at least this bad; None where no answer says so.
    alarm_level
        At least this alarm level is asked for.
    """

    severity: Severity | None = None
    alarm_level: int = 1


def letters(names: Mapping[str, str], fixed: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """A letter of its own for every name, for as long as there are letters.

    Fixed letters come first, whoever asks for them. Then each name, in its order, takes the first that is free of: the
    first letters of its words, its other letters, the alphabet. So the same directory always gives the same letters.

    Parameters
    ----------
    names
        Id to name.
    fixed
        Id to a letter, or None.
    """
    found = {key: letter for key, letter in (fixed or {}).items() if letter is not None and key in names}
    for key, name in names.items():
        if key in found:
            continue
        words = "".join(one if one in ascii_lowercase else " " for one in name.lower()).split()
        wanted = [*(word[0] for word in words), *"".join(words), *ascii_lowercase]
        letter = next((one for one in wanted if one not in found.values()), None)
        if letter is not None:
            found[key] = letter
    return {key: found[key] for key in names if key in found}


def category_letters(directory: Directory) -> dict[str, str]:
    """The letter of each category, the same in every language: it is learnt by the fingers."""
    names = {one.category_id: one.name["id"] for one in directory.categories}
    return letters(names, {one.category_id: one.key for one in directory.categories})


def effect_of(directory: Directory, answers: Iterable[tuple[str, str | None]]) -> Effect:
    """What answers (ids of question and answer) say of severity and alarm level; what is not known says nothing."""
    questions = directory.questions()
    found = [
        option
        for question_id, answer_id in answers
        if answer_id is not None
        and (question := questions.get(question_id)) is not None
        and (option := question.answer(answer_id)) is not None
    ]
    return Effect(
        severity=worst([one.severity for one in found if one.severity is not None]),
        alarm_level=max((one.alarm_level for one in found), default=1),
    )


def worst(severities: Sequence[Severity]) -> Severity | None:
    """The worst of some severities; None of none."""
    return max(severities, key=lambda one: one.weight, default=None)


def answer_text(answer_id: str | None, words: str | None) -> str:
    """An answer as the text that is kept of it: `no`, `no: he is blue` or `: behind the mosque`."""
    return answer_id or "" if words is None else f"{answer_id or ''}: {words}"


def read_answer(text: str) -> tuple[str | None, str | None]:
    """Id of the answer, and words, of a text that was kept."""
    answer_id, mark, words = text.partition(": ")
    return answer_id or None, words if mark else None
