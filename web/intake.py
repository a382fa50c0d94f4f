"""What a form for taking calls is made of: letters of categories, questions of the run cards, and how incidents end."""

from __future__ import annotations

from typing import Any

from dispatch.directory import Directory, Question
from dispatch.incidents import Severity
from dispatch.intake import category_letters, letters
from web.i18n import LANGUAGES


def intake_json(directory: Directory) -> dict[str, Any]:
    """Everything in all languages, so that a form that changes its language asks nothing anew.

    A category keeps its letter in every language, an answer has the one that its word begins with where that is free.
    """
    by_letter = category_letters(directory)
    return {
        "categories": [
            {
                "id": one.category_id,
                "name": _said(one.name),
                "letter": by_letter.get(one.category_id),
                "severity": one.severity.value,
            }
            for one in directory.categories
        ],
        "severities": [one.value for one in Severity],
        "questions": {key: _question(one) for key, one in directory.questions().items()},
        "plans": [
            {
                "category": one.category,
                "severity": one.severity.value,
                "alarms": len(one.alarms),
                "questions": [each.question_id for each in one.questions],
            }
            for one in directory.plans
        ],
        "dispositions": [{"id": one.disposition_id, "name": _said(one.name)} for one in directory.dispositions],
    }


def _question(one: Question) -> dict[str, Any]:
    by_language = {
        language: letters({each.answer_id: _said(each.text)[language] for each in one.answers})
        for language in LANGUAGES
    }
    return {
        "text": _said(one.text),
        "answers": [
            {
                "id": each.answer_id,
                "text": _said(each.text),
                "letter": {language: found.get(each.answer_id) for language, found in by_language.items()},
                "severity": None if each.severity is None else each.severity.value,
                "alarm_level": each.alarm_level,
            }
            for each in one.answers
        ],
    }


def _said(text: dict[str, str]) -> dict[str, str]:
    return {language: text.get(language, text["id"]) for language in LANGUAGES}
