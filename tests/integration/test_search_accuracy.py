"""The search on real Cirebon: texts as people write them, and every village misspelt by rule."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from bench.search import cases
from gis.gazetteer import Gazetteer, write_gazetteer
from tests.cirebon import cirebon_gazetteer

DATA = Path(__file__).resolve().parents[1] / "data"
TEXTS, FRESH_TEXTS = DATA / "search_texts.csv", DATA / "search_texts_fresh.csv"
BLIND_TEXTS = DATA / "search_texts_blind.csv"
EVERY_NTH = 4  # of the systematic misspellings; bench/search.py runs them all
CERTAIN = {"exact, alone", "exact, with kecamatan", "exact, official", "kecamatan first", "joined", "message"}
LOWEST_FIRST = 0.90
LOWEST_FIRST_CERTAIN = 0.97
LOWEST_IN_FIVE = 0.95
FRESH_CLEAN = ("official", "village", "village_kecamatan", "ambiguous")
FRESH_DISTORTED = ("abbreviated", "joined", "typo", "spelling", "direction")
FRESH_OTHERS = ("detail", "poi", "near", "street", "postcode", "chat")
UNSURE = {"two slips, with kecamatan", "without vowels"}


@pytest.fixture(scope="module")
def gazetteer(shared_data: Path) -> Gazetteer:
    return cirebon_gazetteer(shared_data)


def texts(*classes: str, source: Path = TEXTS) -> list[tuple[str, set[str]]]:
    with source.open(encoding="utf-8", newline="") as file:
        return [
            (row["text"], set(row["village_code"].split("|")))
            for row in csv.DictReader(file)
            if row["class"] in classes
        ]


def shares(gazetteer: Gazetteer, wanted: list[tuple[str, set[str]]]) -> tuple[float, float, list[str]]:
    """Shares of texts whose village is first, and within the first five, and the texts where it is not first."""
    first = five = 0
    misses = []
    for text, codes in wanted:
        found = [candidate.village_code for candidate in gazetteer.search(text).candidates[:5]]
        first += found[:1] != [] and found[0] in codes
        five += not codes.isdisjoint(code for code in found if code)
        if not found or found[0] not in codes:
            misses.append(text)
    return first / len(wanted), five / len(wanted), misses


def test_the_set_has_over_two_hundred_texts_over_real_codes(gazetteer: Gazetteer) -> None:
    codes = {place.village_code for place in gazetteer.places if place.kind == "village"}
    wanted = texts("clean", "misspelled", "abbreviated", "joined", "message", "poi", "street", "relation", "later")
    assert len(wanted) >= 200
    assert all(each <= codes for _, each in wanted)
    assert len({text for text, _ in wanted}) == len(wanted)


def test_clean_texts_are_first_in_97_percent(gazetteer: Gazetteer) -> None:
    first, five, misses = shares(gazetteer, texts("clean"))
    assert first >= 0.97, misses
    assert five >= 0.98, misses


def test_misspelled_and_abbreviated_texts_are_first_in_90_percent_and_in_five_in_98(gazetteer: Gazetteer) -> None:
    first, five, misses = shares(gazetteer, texts("misspelled", "abbreviated", "joined"))
    assert first >= 0.90, misses
    assert five >= 0.98, misses


@pytest.mark.parametrize("kind", ["message", "poi", "street", "relation", "later"])
def test_messages_places_streets_relations_and_texts_written_later_are_first_in_90_percent(
    gazetteer: Gazetteer, kind: str
) -> None:
    first, five, misses = shares(gazetteer, texts(kind))
    assert first >= 0.90, misses
    assert five >= 0.95, misses


@pytest.mark.parametrize(
    ("classes", "lowest_first"),
    [(FRESH_CLEAN, 0.97), (FRESH_DISTORTED, 0.90), *(((kind,), 0.90) for kind in FRESH_OTHERS)],
)
def test_texts_written_without_knowing_the_search_are_found(
    gazetteer: Gazetteer, classes: tuple[str, ...], lowest_first: float
) -> None:
    first, five, misses = shares(gazetteer, texts(*classes, source=FRESH_TEXTS))
    assert first >= lowest_first, misses
    assert five >= 0.98, misses


def test_texts_written_after_the_search_are_found(gazetteer: Gazetteer) -> None:
    with BLIND_TEXTS.open(encoding="utf-8", newline="") as file:
        wanted = [(row["text"], {row["village_code"]}) for row in csv.DictReader(file)]
    first, five, misses = shares(gazetteer, wanted)
    assert first >= 0.95, misses
    assert five >= 0.98, misses


def test_a_name_of_several_villages_offers_them_all_within_five(gazetteer: Gazetteer) -> None:
    for text, codes in texts("ambiguous", source=FRESH_TEXTS):
        found = {candidate.village_code for candidate in gazetteer.search(text).candidates[:5]}
        assert codes <= found, text


@pytest.mark.slow
def test_every_village_is_found_when_misspelt_by_rule(gazetteer: Gazetteer) -> None:
    for name, made in cases(gazetteer):
        first, five, misses = shares(gazetteer, [(text, set(codes)) for text, codes in made[::EVERY_NTH]])
        assert first >= (LOWEST_FIRST_CERTAIN if name in CERTAIN else LOWEST_FIRST), (name, misses)
        assert five >= LOWEST_IN_FIVE or name in UNSURE, (name, misses)


def test_every_village_is_first_under_its_own_name_and_all_of_one_name_are_offered(gazetteer: Gazetteer) -> None:
    by_name: dict[str, set[str]] = defaultdict(set)
    for place in gazetteer.places:
        if place.kind == "village" and place.village_code:
            for name in {place.name, *place.alt_names}:
                by_name[name.casefold()].add(place.village_code)
    for name, codes in by_name.items():
        found = [each.village_code for each in gazetteer.search(name).candidates if each.place.kind == "village"]
        assert codes <= set(found[: 1 if len(codes) == 1 else 5]), name


def test_names_that_differ_by_a_letter_stay_first_when_spelled_exactly(gazetteer: Gazetteer) -> None:
    for name in (
        "Karangsambung",
        "Karangsembung",
        "Bringin",
        "Beringin",
        "Cangkring",
        "Kalisari",
        "Kalisapu",
        "Karangasem",
    ):
        assert gazetteer.search(name).candidates[0].place.name == name


def test_a_gazetteer_read_from_its_geopackage_answers_alike(gazetteer: Gazetteer, tmp_path: Path) -> None:
    path = tmp_path / "region.gpkg"
    write_gazetteer(path, gazetteer.places, gazetteer.streets)
    loaded = Gazetteer.load(path, villages_at=gazetteer.villages_at)
    for text in (
        "Ds. Kertawinangun Kec. Kedawung",
        "polsek beber",
        "Jl. Fatahillah Megu Gede",
        "200 m timur puskesmas Bunder",
    ):
        assert loaded.search(text).candidates == gazetteer.search(text).candidates
