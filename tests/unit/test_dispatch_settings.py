"""Rules of the `[dispatch]` table of region.toml."""

from __future__ import annotations

import re
import tomllib

import pytest

from dispatch.settings import DEFAULT_TURNOUT_S, TURNOUT_NOTES, DispatchSettings, default_toml
from gis.errors import SourceError


def settings(toml: str) -> DispatchSettings:
    return DispatchSettings.from_table(tomllib.loads(toml).get("dispatch", {}), source="region.toml")


def test_the_written_defaults_are_the_defaults() -> None:
    assert settings(default_toml()) == DispatchSettings() == settings("")


def test_every_default_names_its_source() -> None:
    assert set(TURNOUT_NOTES) == set(DEFAULT_TURNOUT_S)


def test_a_region_changes_what_it_names_and_keeps_the_rest() -> None:
    ours = settings(
        "[dispatch]\nstale_after_s = 300\ndefault_turnout_s = 45.5\n[dispatch.turnout_s]\nambulans = 90\nboat = 240"
    )
    assert [ours.turnout_of(kind) for kind in ("ambulance", "boat", "fire_engine", "drone")] == [90, 240, 80, 45.5]
    assert ours.stale_after_s == 300


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("stale_after = 5", "“stale_after” is not a setting"),
        ("stale_after_s = '5'", "stale_after_s: '5' is not a number of seconds"),
        ("stale_after_s = true", "stale_after_s: True is not a number of seconds"),
        ("stale_after_s = nan", "nan is not a number of seconds"),
        ("default_turnout_s = -1", "default_turnout_s: -1 is not a number of seconds from 0 to 3600"),
        ("default_turnout_s = inf", "inf is not a number of seconds"),
        ("turnout_s = 60", "turnout_s must be a table of seconds by unit kind"),
        ("turnout_s.ambulance = 3601", "[dispatch.turnout_s] ambulance: 3601 is not a number of seconds"),
        ("turnout_s.damkar = 60\nturnout_s.fire_engine = 80", "“damkar” and “fire_engine” are the same kind of unit"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(toml: str, says: str) -> None:
    with pytest.raises(SourceError, match=re.escape(says)) as caught:
        settings("[dispatch]\n" + toml)
    assert str(caught.value).startswith("region.toml")


def test_a_number_in_place_of_the_table_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^region\.toml, \[dispatch\]: 5 is not a table"):
        settings("dispatch = 5")
