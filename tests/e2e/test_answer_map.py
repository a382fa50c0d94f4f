"""A saved answer opens without any network and loads nothing."""

from __future__ import annotations

import base64
import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from routing.region import DEMONSTRATION_NOTICE
from tests.e2e.screen import SCREENSHOTS
from web.maps import answer_map, save_answer_map
from web.region_layers import layers_of
from web.service import Desk
from web.tile_draw import MapPainter, tile_range
from web.tiles import LEAST_ZOOM

INSIDE = "-6.7172,108.5362"
VILLAGE = "32.09.20.2009"
LARGEST_BYTES = 8_000_000

LOADS = re.compile(
    r"""(?:\b(?:src|href|srcset|poster|action)\s*=\s*["']?\s*|url\(\s*["']?\s*|@import\s+["']?\s*|import\s*\(\s*["'])"""
    r"""(?P<address>(?:[a-z]+:)?//[^"'\s)>]+)""",
    re.IGNORECASE,
)
SPOKEN_OF = ("https://leafletjs.com",)
"""The link in Leaflet's own credit line, which is written only when that control is shown."""


@pytest.fixture(scope="module")
def saved(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "answer.html"
    save_answer_map(path, desk, desk.nearest(INSIDE, kind="ambulance", k=4), lang="id")
    return path


def test_the_search_for_loads_would_find_one() -> None:
    for text in (
        '<script src="https://a.example/x.js">',
        "background: url(//a.example/x.png)",
        "@import 'http://a.example'",
    ):
        assert LOADS.search(text)


@pytest.mark.parametrize("at", [INSIDE, VILLAGE, VILLAGE[:8]], ids=["point", "village", "kecamatan"])
def test_a_saved_map_names_no_address_to_load_from(desk: Desk, at: str) -> None:
    page = answer_map(desk, desk.nearest(at), lang="en")
    found = [match["address"] for match in LOADS.finditer(page) if not match["address"].startswith(SPOKEN_OF)]
    assert found == []
    assert DEMONSTRATION_NOTICE in page
    assert len(page) < LARGEST_BYTES


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_a_saved_map_opens_from_a_file_and_asks_nobody(browser: Browser, saved: Path, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: None if request.url.startswith("data:") else asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(saved.as_uri())
    expect(page.locator(".incident")).to_have_count(1)
    expect(page.get_by_text(DEMONSTRATION_NOTICE)).to_be_visible()
    expect(page.locator(".sheet tr")).to_have_count(4)
    expect(page.locator(".unit:not(.excluded)")).to_have_count(4)
    assert page.locator(".leaflet-tile").evaluate_all("tiles => tiles.some(t => t.style.backgroundImage)")
    page.wait_for_timeout(400)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"30-saved-map-{width}.png")
    page.close()
    assert asked == [saved.as_uri()]
    assert faults == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_a_saved_map_names_its_sources_and_their_licences_as_the_desk_does(
    browser: Browser, desk: Desk, saved: Path, width: int, height: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(saved.as_uri())
    credit = page.locator(".leaflet-control-attribution")
    expect(credit).to_be_visible()
    expect(credit).to_be_in_viewport(ratio=1)
    drawn = [source for source in desk.region_json()["sources"] if source["kind"] in ("villages", "kecamatan", "osm")]
    assert drawn
    expect(credit).to_have_text("Data: " + ", ".join(f"{one['file']} ({one['licence']})" for one in drawn))
    page.close()


@pytest.mark.browser
def test_an_enlarged_part_of_a_coarser_tile_carries_no_letters(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    save_answer_map(tmp_path / "all.html", desk, desk.nearest(INSIDE), lang="id")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto((tmp_path / "all.html").as_uri())
    expect(page.locator(".leaflet-tile").first).to_be_attached()
    shown = page.locator(".leaflet-tile").evaluate_all(
        "tiles => tiles.filter(t => parseInt(t.style.backgroundSize) > 256).map(t => t.style.backgroundImage)"
    )
    page.close()
    painter = MapPainter(layers_of(desk.region))
    nameless = set()
    box = desk.region.boundaries.bounds
    for zoom in range(LEAST_ZOOM, 12):
        left, top, right, bottom = tile_range((box.south, box.west, box.north, box.east), zoom)
        for column, row in itertools.product(range(left, right + 1), range(top, bottom + 1)):
            nameless.add(base64.b64encode(painter.tile_and_nameless(zoom, column, row)[1]).decode())
    assert shown
    assert {picture.split("base64,")[1].rstrip('")') for picture in shown} <= nameless


def test_a_map_that_cannot_be_written_leaves_the_old_one(desk: Desk, tmp_path: Path) -> None:
    from gis.errors import InputError

    with pytest.raises(InputError, match=r"cannot be written.*\.$"):
        save_answer_map(tmp_path / "missing" / "answer.html", desk, desk.nearest(INSIDE), lang="id")
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_typed_cannot_become_markup(desk: Desk) -> None:
    answer = desk.nearest(INSIDE)
    answer["asked"]["text"] = "</title><script>alert(1)</script>{{ 7 * 7 }}"
    answer["candidates"][0]["unit_id"] = "<img src=x>"
    answer["candidates"][0]["kind"] = "</script><script>alert(2)</script>"
    page = answer_map(desk, answer, lang="id")
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
