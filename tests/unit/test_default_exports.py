"""The default pack of a kabupaten and the rules that use its words."""

from __future__ import annotations

import tomllib

import pytest

from dispatch.directory_file import default_pack_toml
from dispatch.duplicates import RELATED_GROUPS
from dispatch.exports_cap import CATEGORIES
from dispatch.exports_incidents import HIDDEN, LEVELS

PACK = {one["id"]: one for one in tomllib.loads(default_pack_toml())["categories"]}


def test_related_categories_are_those_of_the_default_pack() -> None:
    assert set().union(*RELATED_GROUPS) <= set(PACK)


@pytest.mark.parametrize("category", PACK)
def test_every_category_has_codes_that_the_exports_know(category: str) -> None:
    exports = PACK[category]["exports"]
    assert exports["cap_category"] in CATEGORIES
    assert exports["cap_event"]
    assert exports["eido"].isupper()
    assert exports.get("public", LEVELS[0]) in (*LEVELS, HIDDEN)


def test_violence_is_never_shown_by_village() -> None:
    assert PACK["violence_women_children"]["exports"]["public"] in ("region", HIDDEN)
