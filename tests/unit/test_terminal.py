"""What the command line prints fits the terminal and hides nothing silently."""

from __future__ import annotations

from typing import Any

import pytest

from web.terminal import candidates_text, ranking_text, table_within


def unit(rank: int, **others: Any) -> dict[str, Any]:
    """A ranked unit as the desk answers it."""
    return {
        "rank": rank, "unit_id": f"AMB-{rank:02}", "kind": "ambulance", "agency": "PSC 119 Dinas Kesehatan",
        "eta_s": 300.0 + rank, "straight_rank": rank, "straight_m": 1200.0, "fix_age_s": 30.0,
        "eta_parts": {"turnout_s": 60.0, "reach_road_s": 5.0, "driving_s": 200.0 + rank, "last_metres_s": 35.0},
        "eta_range_s": {"min": 100.0, "median": 200.0, "p90": 300.0, "max": 400.0}, "first_share": 0.5,
        "reason": "First by road, 10 s ahead of AMB-02, which is 300 m nearer in a straight line.", **others,
    }  # fmt: skip


def ranking(count: int, *, further: int = 0, spread: bool = False, unsuitable: int = 0) -> dict[str, Any]:
    """An answer of the desk."""
    excluded = {"unit_id": "F1", "kind": "fire_engine", "why": "wrong_kind", "reason": "Not of the kind asked for."}
    return {
        "asked": {"location": {"lat": -6.7, "lon": 108.5}, "place": None, "notes": [], "confirm": False},
        "area": {"message": "Desa Weru."},
        "road": {"status": "connected", "message": "The nearest road is 5 m away."},
        "spread": {"message": "Only the area is known."} if spread else None,
        "shortfalls": [],
        "candidates": [unit(rank) for rank in range(1, count + 1)],
        "further": further,
        "excluded": [excluded] * unsuitable,
        "closures": {"message": None},
        "times": {"message": None},
    }


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_ranking_fits_eighty_columns_and_keeps_every_value(spread: bool, lang: str) -> None:
    answer = ranking(3, spread=spread)
    whole, narrow = ranking_text(answer, lang), ranking_text(answer, lang, width=80)
    assert max(map(len, whole.splitlines())) > 120
    assert max(map(len, narrow.splitlines())) <= 80
    assert set(whole.split()) - {"alasan", "reason"} <= set(narrow.replace(";", "").split())


def test_a_ranking_has_its_full_width_where_there_is_room() -> None:
    answer = ranking(3)
    assert ranking_text(answer, "en", width=400) == ranking_text(answer, "en")


def test_only_so_many_units_are_shown_and_the_rest_is_told() -> None:
    text = ranking_text(ranking(53), "en", most=10)
    assert text.count("AMB-10") == 1
    assert "AMB-11" not in text
    assert text.endswith("… and 43 more that can be sent; -k 53 shows all.")
    assert "more that can be sent" not in ranking_text(ranking(10), "en", most=10)
    assert "… and 48 more that can be sent; -k 53 shows all." in ranking_text(ranking(5, further=48), "en")


@pytest.mark.parametrize(("count", "words"), [(1, "1 unit of another kind"), (2, "2 units of another kind")])
def test_one_unit_is_no_units(count: int, words: str) -> None:
    assert words in ranking_text(ranking(1, unsuitable=count), "en")


def test_places_fit_eighty_columns() -> None:
    place = {
        "score": 99.0, "name": "Puskesmas Plumbon", "kind": "clinic", "village_code": "32.09.18.2003", "lat": -6.7,
        "lon": 108.47, "radius_m": 50.0, "reason": "Puskesmas Plumbon, by name; in kecamatan Plumbon, in front of it",
    }  # fmt: skip
    text = candidates_text({"candidates": [place, place]}, "en", 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "position -6.70000,108.47000; radius 50 m" in text


def test_a_narrow_table_keeps_its_first_columns_in_line() -> None:
    text = table_within(
        ["#", "unit", "far"], [["1", "A", "x" * 9], ["10", "B", "y"]], right=(0,), first=(0, 1), sentence=None, width=10
    )
    assert text.splitlines()[0] == " #  unit"
    assert text.splitlines()[1] == " 1  A"
