"""What the search must not take for a name, and how sure it says to be of what it found."""

from __future__ import annotations

import pytest
import shapely

from gis.address import parse_address
from gis.gazetteer import Gazetteer, Street
from gis.repeats import without_repeats
from gis.search_reason import search_reason_text
from gis.search_results import Candidate
from gis.types import Location, Place


def area(code: str, name: str, lat: float, lon: float, *alt_names: str) -> Place:
    kind = "village" if len(code) > 8 else "kecamatan"
    return Place(
        place_id=f"{kind}:{code}",
        kind=kind,
        name=name,
        alt_names=alt_names,
        location=Location(lat=lat, lon=lon),
        radius_m=900.0,
        village_code=code if kind == "village" else None,
    )


OFFICE = Place(
    place_id="osm:node/1",
    kind="townhall",
    name="Kantor Desa Astapada",
    location=Location(lat=-6.72, lon=108.52),
    radius_m=50.0,
    village_code="32.09.35.2002",
)
GAZETTEER = Gazetteer(
    places=(
        area("32.09.35", "Tengah Tani", -6.72, 108.52),
        area("32.09.35.2002", "Astapada", -6.72, 108.52),
        area("32.09.35.2008", "Kalitengah", -6.71, 108.53),
        area("32.09.07", "Lemahabang", -6.83, 108.61),
        area("32.09.07.2006", "Lemahabang Kulon", -6.82, 108.62),
        area("32.09.07.2007", "Lemahabang", -6.83, 108.62),
        area("32.09.25", "Panguragan", -6.61, 108.45),
        area("32.09.25.2009", "Kroya", -6.61, 108.45),
        area("32.09.25.2010", "Pangurangan", -6.62, 108.46, "Pangurangan Induk"),
        area("32.09.11", "Pangenan", -6.80, 108.66),
        area("32.09.11.2003", "Pangenan", -6.80, 108.66),
        OFFICE,
    ),
    streets=(
        Street(name="Jl. Pangeran Cakrabuana", geometry=shapely.MultiLineString([[(108.5, -6.75), (108.51, -6.75)]])),
    ),
)


def found(text: str) -> list[Candidate]:
    return list(GAZETTEER.search(text).candidates)


@pytest.mark.parametrize("text", ["jl raya", "jalan raya", "indomaret jl raya", "jl tol", "jalan raya nasional"])
def test_words_for_a_kind_of_street_are_no_misspelt_village(text: str) -> None:
    assert found(text) == []


def test_a_street_that_is_known_is_no_misspelt_village() -> None:
    names = [each.place.name for each in found("jln pangeran cakrabuana")]
    assert names == ["Jl. Pangeran Cakrabuana"]


def test_a_misspelt_village_behind_a_known_street_is_still_offered() -> None:
    assert "Astapada" in [each.place.name for each in found("jl pangeran cakrabuana astpada")]


@pytest.mark.parametrize(
    "text", ["balaidesa astapada", "baledesa astapada", "kantordesa astapada", "balai desa astapada"]
)
def test_an_office_is_found_though_its_words_are_joined(text: str) -> None:
    assert found(text)[0].place == OFFICE


def test_a_name_in_two_common_words_is_found_beside_its_kecamatan() -> None:
    assert found("kali tengah tengah tani")[0].place.name == "Kalitengah"


def test_common_words_of_a_message_that_make_a_name_stay_behind_the_village_named() -> None:
    assert found("sapi hanyut di kali tengah desa astapada tolong")[0].place.name == "Astapada"


def test_a_direction_that_the_name_does_not_carry_is_told_and_makes_the_answer_unsure() -> None:
    first = found("lemahabang wetan")[0]
    assert first.place.name == "Lemahabang"
    assert search_reason_text(first.reason).endswith("not used: “wetan”")
    assert not first.reason.is_sure


def test_another_name_by_which_a_village_was_found_is_told() -> None:
    first = found("pangurangan induk")[0]
    assert search_reason_text(first.reason) == "village Pangurangan, also called Pangurangan Induk, by name"
    assert first.reason.is_sure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("astapada", True),
        ("desa astapada kec tengah tani", True),
        ("Jl. Pangeran Cakrabuana", True),
        ("balai desa astapada", True),
        ("astpada", False),
        ("jalan raya astapada", False),
        ("jl pangeran cakrabuanna", False),
        ("xqzw kec panguragan", False),
        ("pangenan", True),
        ("xqzw pangenan", False),
    ],
)
def test_a_candidate_is_sure_only_where_nothing_was_guessed(text: str, sure: bool) -> None:
    assert found(text)[0].reason.is_sure is sure


def test_words_are_read_twice_and_not_more_often() -> None:
    once = without_repeats(parse_address("desa karang, " * 50))
    assert [phrase.words for phrase in once.phrases] == [("karang",)] * 2
    assert without_repeats(parse_address("Sumber, Sumber")) == parse_address("Sumber, Sumber")


def test_the_place_beside_which_something_is_stays_known_when_repeats_go() -> None:
    detail = without_repeats(parse_address("desa karang, desa karang, desa karang, depan puskesmas plumbon"))
    assert detail.relation is not None
    assert detail.relation.anchor is not None
    assert detail.phrases[detail.relation.anchor].words == ("plumbon",)
