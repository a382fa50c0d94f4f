"""Letters of categories and answers, and what answers say of the severity."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory_file import default_pack_toml, directory_of
from dispatch.directory_read import read_tables
from dispatch.directory_toml import directory_tables
from dispatch.incidents import Severity
from dispatch.intake import answer_text, category_letters, effect_of, letters, read_answer
from gis.errors import SourceError
from tests.unit.test_directory_file import small
from web.intake import intake_json

NAMES = st.dictionaries(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=6), st.text(max_size=12), max_size=40
)


@given(NAMES, st.data())
def test_no_two_share_a_letter_and_the_same_names_get_the_same_letters(names: dict[str, str], data: Any) -> None:
    fixed = {}
    for key, letter in zip(names, data.draw(st.permutations("abcdefghijklmnopqrstuvwxyz")), strict=False):
        fixed[key] = letter if data.draw(st.booleans()) else None
    found = letters(names, fixed)
    assert len(set(found.values())) == len(found) == min(26, len(names))
    assert {key: letter for key, letter in fixed.items() if letter is not None}.items() <= found.items()
    assert letters(names, fixed) == found


def test_a_name_gets_the_first_letter_of_a_word_before_any_other() -> None:
    assert letters({"1": "Ya", "2": "Tidak", "3": "Belum jelas"}) == {"1": "y", "2": "t", "3": "b"}
    assert letters({"1": "Banjir", "2": "Banjir rob", "3": "Banjir", "4": "Bab", "5": "!"}) == {
        "1": "b", "2": "r", "3": "a", "4": "c", "5": "d",
    }  # fmt: skip
    assert letters({"1": "Kebakaran", "2": "Kecelakaan"}, {"2": "k"}) == {"1": "e", "2": "k"}


def test_every_category_and_answer_of_the_pack_has_its_key() -> None:
    directory = directory_of(tomllib.loads(default_pack_toml())).directory
    found = category_letters(directory)
    assert len(found) == len(directory.categories) == 10
    assert (found["fire"], found["medical"], found["flood"]) == ("k", "m", "b")
    shown = intake_json(directory)
    for question in shown["questions"].values():
        for language in ("id", "en"):
            keys = [one["letter"][language] for one in question["answers"]]
            assert len(set(keys)) == len(keys)
            assert None not in keys
    assert sum(bool(one["answers"]) for one in shown["questions"].values()) > 20


def test_answers_raise_the_severity_and_what_is_unknown_says_nothing() -> None:
    directory = directory_of(tomllib.loads(default_pack_toml())).directory
    assert effect_of(directory, [("spreading", "yes")]).severity is Severity.HIGH
    both = effect_of(directory, [("spreading", "yes"), ("inside", "yes"), ("burning", "field")])
    assert (both.severity, both.alarm_level) == (Severity.CRITICAL, 2)
    nothing = effect_of(directory, [("inside", "no"), ("inside", None), ("none", "yes"), ("inside", "none")])
    assert (nothing.severity, nothing.alarm_level) == (None, 1)


@given(st.none() | st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,9}", fullmatch=True), st.none() | st.text(min_size=1))
def test_an_answer_is_read_from_its_text_as_it_was_written(answer_id: str | None, words: str | None) -> None:
    assert read_answer(answer_text(answer_id, words)) == (answer_id, words)


def with_answers(*answers: dict[str, Any]) -> dict[str, Any]:
    tables = small()
    tables["questions"][0]["answers"] = list(answers)
    return tables


def test_answers_keys_and_severities_are_written_as_they_are_read() -> None:
    yes = {"id": "yes", "text": {"id": "Ya"}, "severity": "critical", "alarm": 2}
    tables = with_answers(yes, {"id": "no", "text": {"id": "Tidak", "en": "No"}})
    tables["categories"][0] |= {"key": "K", "severity": "low"}
    read = read_tables(tables, "x.toml")
    assert (read.categories[0].key, read.categories[0].severity) == ("k", Severity.LOW)
    (one, other) = read.questions()["where"].answers
    assert (one.severity, one.alarm_level, other.severity, other.alarm_level) == (Severity.CRITICAL, 2, None, 1)
    assert read_tables(directory_tables(read), "x.toml") == read


@pytest.mark.parametrize(
    ("answers", "category", "fault"),
    [
        ([{"id": "yes", "text": {"id": "Ya"}, "severity": "awful"}], {}, "number 1, severity: there is no severity"),
        ([{"id": "yes", "text": {"id": "Ya"}, "alarm": 0}], {}, "answers, number 1, alarm"),
        ([{"id": "yes", "text": {"id": "Ya"}}] * 2, {}, "stands there twice"),
        ([{"id": "yes", "txt": {"id": "Ya"}}], {}, "did you mean text"),
        ([{"id": f"a{n}", "text": {"id": "Ya"}} for n in range(10)], {}, "too many to choose from; at most 9"),
        ([], {"key": "kk"}, "key: “kk” is not one letter from a to z"),
        ([], {"key": "é"}, "is not one letter"),
        ([], {"severity": "huge"}, "there is no severity"),
    ],
)  # fmt: skip
def test_a_fault_of_answers_and_keys_is_named(answers: list[Any], category: dict[str, Any], fault: str) -> None:
    tables = with_answers(*answers)
    tables["categories"][0] |= category
    with pytest.raises(SourceError, match=fault):
        read_tables(tables, "x.toml")


def test_a_letter_chooses_one_category() -> None:
    tables = small()
    tables["categories"][0]["key"] = "k"
    tables["categories"].append({**tables["categories"][0], "id": "other"})
    with pytest.raises(SourceError, match="already chooses fire; give it another"):
        read_tables(tables, "x.toml")
