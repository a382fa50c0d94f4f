"""Rules of the `[recommendation]` table."""

from __future__ import annotations

import pytest

from dispatch.recommendation_settings import RecommendationSettings
from dispatch.settings import DispatchSettings
from gis.errors import SourceError

DISPATCH = DispatchSettings.from_table({"turnout_s": {"boat": 300}, "stale_after_s": 60}, source="region.toml")


def read(table: dict[str, object]) -> RecommendationSettings:
    return RecommendationSettings.from_table(table, DISPATCH, source="region.toml")


def test_what_the_table_leaves_out_keeps_its_default_and_turnout_is_that_of_dispatch() -> None:
    settings = read({"beyond_s": 1200, "busy_fraction": {"ambulans": 0.4}})
    assert settings.beyond_s == 1200
    assert settings.overdue_s == RecommendationSettings().overdue_s
    assert settings.dispatch == DISPATCH
    assert settings.busy_fraction_of("ambulance") == 0.4
    assert settings.busy_fraction_of("boat") == settings.default_busy_fraction
    assert read({}) == RecommendationSettings.of(DISPATCH)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"beyond": 5}, "“beyond” is not a setting"),
        ({"beyond_s": -1}, "beyond_s: -1 is not a number from 0"),
        ({"beyond_s": True}, "beyond_s: True"),
        ({"default_busy_fraction": 1}, "default_busy_fraction: 1"),
        ({"busy_fraction": 0.3}, "must be a table"),
        ({"busy_fraction": {"boat": "often"}}, "busy_fraction.boat: 'often'"),
        (5, "5 is not a table"),
    ],
)
def test_a_wrong_setting_says_where_it_stands(table: object, said: str) -> None:
    with pytest.raises(SourceError, match=r"region\.toml, \[recommendation\]") as error:
        read(table)
    assert said in str(error.value)
