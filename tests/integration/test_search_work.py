"""How much the search does for a text, counted in calls: time would depend on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.search import REPEATED, REPORT, filled, names_of, work
from gis.gazetteer import Gazetteer
from gis.text import MAX_TEXT_LENGTH
from tests.cirebon import cirebon_gazetteer

MESSAGE = REPORT.format(v="Kertawinangun", k="Kedawung")
MOST_REPEATED = 3.0
MOST_NAMES = 4.5
"""Times the work of a real message of 1,269 characters that a text of 5,000 may take."""


@pytest.fixture(scope="module")
def gazetteer(shared_data: Path) -> Gazetteer:
    prepared = cirebon_gazetteer(shared_data)
    prepared.prepare()
    return prepared


def test_the_count_of_work_is_the_same_in_every_run(gazetteer: Gazetteer) -> None:
    assert work(gazetteer, MESSAGE) == work(gazetteer, MESSAGE)


@pytest.mark.parametrize("words", REPEATED.values(), ids=REPEATED)
def test_words_said_over_and_over_take_work_in_step_with_their_length(gazetteer: Gazetteer, words: str) -> None:
    assert work(gazetteer, filled(words, MAX_TEXT_LENGTH)) <= MOST_REPEATED * work(gazetteer, MESSAGE)
    assert work(gazetteer, filled(words, len(MESSAGE))) <= 1.3 * work(gazetteer, MESSAGE)


def test_a_text_of_nothing_but_names_takes_little_more_work_than_a_message(gazetteer: Gazetteer) -> None:
    assert work(gazetteer, names_of(gazetteer, MAX_TEXT_LENGTH)) <= MOST_NAMES * work(gazetteer, MESSAGE)


def test_a_message_sent_several_times_still_finds_its_village(gazetteer: Gazetteer) -> None:
    once = gazetteer.search(MESSAGE).candidates[0]
    again = gazetteer.search(filled(MESSAGE + " ", MAX_TEXT_LENGTH)).candidates[0]
    assert again.village_code == once.village_code


def test_a_village_named_last_among_many_words_is_found(gazetteer: Gazetteer) -> None:
    text = filled("kebakaran rumah warga sudah besar, ", 4_000) + " desa Kertawinangun kecamatan Kedawung"
    assert gazetteer.search(text).candidates[0].place.name == "Kertawinangun"
