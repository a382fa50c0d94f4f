"""Rules of recommendations as JSON, in every language."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from dispatch.joint import assign_jointly
from dispatch.recommend import why
from dispatch.types import UnitStatus
from tests.recommendations import ask, need, questions, recommend, state
from tests.strategies import NOW
from web.i18n import LANGUAGES, translator
from web.wording_recommendation import joint_json, recommendation_json, recommendation_text, why_json, why_text

EN = translator("en")


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("language", LANGUAGES)
@given(questions())
def test_every_recommendation_is_plain_json_with_no_placeholder_left(language: str, question: dict[str, Any]) -> None:
    _ = translator(language)
    made = recommend(**question)
    shown = recommendation_json(made, _)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    joint = joint_json(assign_jointly([made]), _)
    assert json.loads(json.dumps(joint, allow_nan=False)) == joint
    reasons = [why(made, one.unit.unit_id) for one in question["units"]]
    said = [*texts(shown), *texts(joint), *(why_text(made, one, _) for one in reasons)]
    assert all("{" not in text for text in said)
    assert [why_json(one, _)["unit_id"] for one in reasons] == [one.unit.unit_id for one in question["units"]]


def test_a_recommendation_says_whom_to_send_and_what_is_lacking() -> None:
    rows = [(state("A"), 60), (state("B"), 240)]
    assert recommendation_text(ask(rows, need()), EN) == "Send A: there in 2 min."
    assert (
        recommendation_text(ask(rows, need(number=3), standard_s=180), EN)
        == "Send A, B: the first there in 2 min, the last in 5 min. 1 unit is lacking. "
        "The standard is missed by 1 min."
    )
    assert recommendation_text(ask(rows), EN) == "No run card asks for units: choose them yourself."
    assert recommendation_text(ask(rows, need("boat")), EN) == "Nobody can be sent: see what is lacking."
    assert recommendation_text(ask(rows, need(), sent={"A"}), EN) == "Everything the run card asks for was sent."


def test_a_unit_that_is_not_free_says_when_it_will_be_and_what_it_would_gain() -> None:
    soon = state("SOON", status=UnitStatus.AT_HOSPITAL, free_at=NOW + timedelta(minutes=5))
    made = ask([(soon, 60), (state("FAR"), 1000)], need())
    assert (
        why_text(made, why(made, "SOON"), EN)
        == "Not sent, for it is free only in 5 min; it would be there 11 min 40 s before FAR."
    )
    shown = recommendation_json(made, EN)["answers"][0]["candidates"][0]
    assert (shown["availability_text"], shown["eta_parts"]["waiting_s"]) == ("free in 5 min", 300)
