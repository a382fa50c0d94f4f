"""A dispatcher at the desk, in a real browser, on the demonstration region."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from routing.region import DEMONSTRATION_NOTICE
from tests.e2e.screen import SCREENSHOTS, OpenPage, Screenshot, settle

pytestmark = pytest.mark.browser

INSIDE = "-6.7172,108.5362"
"""In Kertawinangun, kecamatan Kedawung."""

FIRST_LOAD_BYTES = 300_000
AMBIGUOUS_KECAMATAN = ("Waled", "Weru")
"""Each has a village called Karangsari."""

SMALLEST_TARGET_PX = 40

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

OVERLAPS = """() => {
  const boxes = ['.topbar', '.panel', '.map-side']
    .map(name => [name, document.querySelector(name).getBoundingClientRect()]);
  const wrong = [];
  for (const [i, [a, p]] of boxes.entries()) for (const [b, q] of boxes.slice(i + 1)) {
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 1 && high > 1) wrong.push(a + ' over ' + b);
  }
  return wrong;
}"""

UNNAMED = """() => [...document.querySelectorAll('button, input, a[href], [role=listbox], [role=combobox]')]
  .filter(e => e.offsetParent !== null)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.title
                 || (e.labels && [...e.labels].some(l => l.textContent.trim()))))
  .map(e => e.outerHTML.slice(0, 120))"""

CONTRASTS = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let e = node; e; e = e.parentElement) {
      const c = channels(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement, style = getComputedStyle(node);
    if (!text.data.trim() || !node.offsetParent || node.closest('.map, script, noscript, .skip, option')) continue;
    const [a, b] = [light(channels(style.color)), light(behind(node))].sort((x, y) => y - x);
    const big = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && +style.fontWeight >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (big ? 3 : 4.5)) wrong.push(text.data.trim().slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return wrong;
}"""


def answer_on(page: Page) -> None:
    expect(page.locator(".unit-row").first).to_be_visible()
    settle(page)


def has_route(page: Page) -> None:
    expect(page.locator("path.route-line")).to_have_count(1)
    expect(page.locator("#route .part-driving")).to_be_visible()
    expect(page.locator("#route .steps li").first).to_be_visible()


def test_a_newcomer_types_a_village_and_sees_units_and_a_route(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page()
    screenshot(page, "01-start-1440")
    page.get_by_role("combobox", name="Lokasi kejadian").press_sequentially("kertawinangun", delay=20)
    option = page.get_by_role("option").filter(has_text="Kedawung").first
    expect(option).to_be_visible()
    screenshot(page, "02-suggestions-1440")
    option.click()
    answer_on(page)
    expect(page.locator("#place-name")).to_have_text("Kertawinangun")
    expect(page.locator(".where")).to_contain_text("Kedawung")
    expect(page.locator(".tag-village")).to_be_visible()
    expect(page.locator(".unit-row").first).to_contain_text(re.compile(r"\d+:\d\d"))
    expect(page.locator(".unit-row").first).to_contain_text("Pertama di")
    expect(page.locator("path.outline-village")).to_have_count(1)
    has_route(page)
    screenshot(page, "03-village-1440")


def test_a_point_shows_its_village_the_ranked_units_and_why_others_are_left_out(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    rows = page.locator(".unit-row")
    expect(rows.first).to_have_attribute("aria-pressed", "true")
    for word in ("berangkat", "di jalan", "Garis lurus: urutan"):
        expect(rows.first).to_contain_text(word)
    has_route(page)
    screenshot(page, "04-point-1440")
    page.locator("#excluded summary").click()
    reasons = page.locator("#excluded .why")
    expect(reasons.first).to_be_visible()
    assert all(text.strip() for text in reasons.all_text_contents())


def test_units_stand_in_the_order_of_their_arrival(open_page: OpenPage) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    shown = page.locator(".unit-row .eta-value").all_text_contents()
    seconds = [sum(int(part) * 60**n for n, part in enumerate(reversed(text.split(":")))) for text in shown]
    assert len(seconds) > 1
    assert seconds == sorted(seconds)


def test_a_click_on_the_map_is_a_location(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page()
    settle(page)
    middle = page.locator("#map").bounding_box()
    assert middle is not None
    page.mouse.click(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)
    expect(page.get_by_role("combobox")).to_have_value(re.compile(r"^-6\.\d{5}, 108\.\d{5}$"))
    answer_on(page)
    expect(page.locator(".incident")).to_have_count(1)
    screenshot(page, "05-map-click-1440")


def test_a_pasted_google_maps_link_is_understood_without_asking_anybody(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page()
    lat, lon = INSIDE.split(",")
    page.get_by_role("combobox").fill(f"https://www.google.com/maps/place/X/@{lat},{lon},17z")
    page.keyboard.press("Enter")
    answer_on(page)
    expect(page.locator(".detail")).to_contain_text(f"{float(lat):.5f}, {float(lon):.5f}")
    screenshot(page, "06-pasted-link-1440")


def test_a_name_of_several_villages_offers_them_all(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page()
    page.get_by_role("combobox").fill("Karangsari")
    page.keyboard.press("Enter")
    answer_on(page)
    choices = page.locator("#alternatives .choice")
    expect(choices).to_have_count(len(AMBIGUOUS_KECAMATAN))
    for kecamatan in AMBIGUOUS_KECAMATAN:
        expect(page.locator("#alternatives")).to_contain_text(kecamatan)
    screenshot(page, "07-ambiguous-1440")
    last = choices.last
    wanted = next(kecamatan for kecamatan in AMBIGUOUS_KECAMATAN if kecamatan in (last.text_content() or ""))
    last.click()
    expect(page.locator("#alternatives")).to_have_count(0)
    expect(page.locator(".where")).to_contain_text(wanted)


def test_a_misspelt_name_is_to_be_confirmed_and_the_others_are_a_key_away(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page()
    page.get_by_role("combobox").fill("kertawinagun")
    page.keyboard.press("Enter")
    answer_on(page)
    choices = page.locator("#alternatives .choice")
    expect(choices.first).to_contain_text("Kertawinangun")
    expect(choices.first).to_contain_text("Dipakai sementara")
    expect(page.locator("#alternatives")).to_contain_text("nama mirip")
    screenshot(page, "17-confirm-1440")
    other = choices.nth(1)
    name = other.locator("strong").text_content() or ""
    choices.first.focus()
    page.keyboard.press("Tab")
    expect(other).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#place-name")).to_have_text(name)
    expect(page.locator("#alternatives")).to_have_count(0)


def test_a_name_that_is_hardly_alike_ranks_nothing_but_offers_the_nearest(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page()
    page.get_by_role("combobox").fill("tol palikanci km 210")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Tidak ada yang pasti bernama")
    expect(page.locator(".unit-row")).to_have_count(0)
    screenshot(page, "18-nothing-sure-1440")
    alert.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    answer_on(page)
    expect(page.locator("#place-name")).to_have_text("Kanci Kulon")
    expect(alert).to_be_hidden()


def test_a_kecamatan_is_shown_as_one_and_names_no_village(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page("/?at=kec+weru")
    answer_on(page)
    expect(page.locator("#place-name")).to_have_text("Kec. Weru")
    expect(page.locator(".where")).to_have_text("Kabupaten Cirebon")
    expect(page.locator("path.outline-village")).to_have_count(0)
    expect(page.locator("path.outline-kecamatan")).to_have_count(1)
    screenshot(page, "19-kecamatan-1440")


@pytest.mark.parametrize("text", ["puskesmas", "kec weru"])
def test_a_suggestion_that_is_chosen_is_the_place_that_is_answered(open_page: OpenPage, text: str) -> None:
    page = open_page()
    page.get_by_role("combobox").fill(text + " plumbon" * (text == "puskesmas"))
    option = page.get_by_role("option").first
    expect(option).to_be_visible()
    with page.expect_response(re.compile("/api/v1/nearest")) as answered:
        option.click()
    answer_on(page)
    asked = answered.value.json()["asked"]
    assert asked["kind"] == ("point" if text == "puskesmas" else "village")
    assert asked["kecamatan"]["name"] == ("Plumbon" if text == "puskesmas" else "Weru")
    assert not asked["confirm"]


def test_the_keyboard_alone_is_enough(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.insert_text("weru lor")  # at once, so that one list of suggestions comes and stays
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == page.get_by_role("option").first.get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("#place-name")).to_have_text("Weru Lor")
    answer_on(page)
    page.keyboard.press("Tab")
    page.locator(".unit-row").first.focus()
    page.keyboard.press("ArrowDown")
    second = page.locator(".unit-row").nth(1)
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("1")
    expect(page.locator(".unit-row").first).to_have_attribute("aria-pressed", "true")
    screenshot(page, "08-keyboard-focus-1440")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    expect(page.locator(".unit-row")).to_have_count(0)


def test_the_language_switches_and_is_remembered(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.locator("[data-language=en]").click()
    expect(page.get_by_text("Units by road travel time")).to_be_visible()
    expect(page.locator(".unit-row").first).to_contain_text("Straight line")
    assert "lang=en" in page.url
    answer_on(page)
    screenshot(page, "09-english-1440")
    page.goto(page.url.split("?")[0])
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_text("Where is the incident?")).to_be_visible()


def test_the_kind_of_unit_narrows_the_list(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    page.locator(".kind", has_text="Ambulans").click()
    page.wait_for_url(re.compile("kind=ambulance"))
    answer_on(page)
    assert all("Ambulans" in text for text in page.locator(".unit-row .who").all_text_contents())
    screenshot(page, "10-ambulances-1440")


def test_an_answer_can_be_shared_and_reloaded(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("combobox").fill(INSIDE)
    page.keyboard.press("Enter")
    answer_on(page)
    page.locator(".unit-row").nth(1).click()
    chosen = page.locator(".unit-row").nth(1).get_attribute("data-unit")
    has_route(page)
    page.reload()
    answer_on(page)
    expect(page.locator(".unit-row[aria-pressed=true]")).to_have_attribute("data-unit", chosen or "")
    page.go_back()
    expect(page.get_by_text("Di mana kejadiannya?")).to_be_visible()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("-96.7, 108.5", "11-bad-latitude"),
        ("xqzjwvk pfffrt", "12-unknown-name"),
        ("a" * 10_000, "13-long-text"),
    ],
)
def test_bad_input_gets_one_sentence(open_page: OpenPage, screenshot: Screenshot, text: str, name: str) -> None:
    page = open_page()
    page.get_by_role("combobox").fill(text)
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    sentence = (alert.text_content() or "").strip()
    assert sentence.endswith("."), sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 400
    expect(page.locator(".unit-row")).to_have_count(0)
    screenshot(page, name)


def test_a_point_in_the_sea_says_how_far_the_region_is(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page("/?at=-6.55,108.75")
    expect(page.locator(".tag-outside, #error:not([hidden])").first).to_be_visible()
    screenshot(page, "14-sea-1440")


def test_a_lost_server_is_said_plainly(open_page: OpenPage, screenshot: Screenshot) -> None:
    page = open_page()
    settle(page)
    page.context.set_offline(True)
    page.get_by_role("combobox").fill(INSIDE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Sambungan ke server terputus")
    expect(page.locator("#connection")).to_have_text("Server tidak terhubung")
    page.screenshot(path=SCREENSHOTS / "15-lost-1440.png")
    page.context.set_offline(False)
    page.get_by_role("button", name="Coba lagi").click()
    answer_on(page)
    expect(page.locator("#connection")).to_have_text("")
    expect(page.locator("#error")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "start"), (f"/?at={INSIDE}", "point"), ("/?at=32.09.21.2001", "village")],
)
@pytest.mark.parametrize(("width", "height"), [(360, 740), (768, 1024), (1440, 900)])
def test_nothing_overlaps_or_scrolls_sideways(
    open_page: OpenPage, screenshot: Screenshot, width: int, height: int, path: str, name: str
) -> None:
    page = open_page(path, width=width, height=height)
    settle(page)
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate(OVERLAPS) == []
    screenshot(page, f"20-{name}-{width}")


def test_a_phone_shows_the_map_above_and_targets_that_a_thumb_can_hit(
    open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page(f"/?at={INSIDE}", width=360, height=740, has_touch=True, is_mobile=True, device_scale_factor=2)
    answer_on(page)
    chart, panel = page.locator(".map-side").bounding_box(), page.locator(".panel").bounding_box()
    assert chart is not None
    assert panel is not None
    assert chart["y"] < panel["y"]
    assert abs(chart["height"] - 0.45 * 740) < 3
    targets = page.locator(".unit-row, .kind, #clear, .segments button, #theme, #at").all()
    sizes = [box["height"] for target in targets if (box := target.bounding_box())]
    assert min(sizes) >= SMALLEST_TARGET_PX
    page.screenshot(path=SCREENSHOTS / "21-phone-full.png", full_page=True)
    screenshot(page, "21-phone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(open_page: OpenPage, screenshot: Screenshot, scheme: str) -> None:
    page = open_page(f"/?at={INSIDE}", color_scheme=scheme)
    answer_on(page)
    page.locator("#excluded summary").click()
    expect(page.locator("#excluded .why").first).to_be_visible()
    assert page.evaluate(CONTRASTS) == []
    screenshot(page, f"22-{scheme}")


def test_the_theme_switch_wins_over_the_screen_and_is_remembered(open_page: OpenPage) -> None:
    page = open_page(color_scheme="light")
    settle(page)
    page.get_by_role("button", name="Tampilan terang atau gelap").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    settle(page)
    assert page.evaluate(
        "() => [...document.querySelectorAll('.leaflet-tile')].every(t => t.src.includes('style=dark'))"
    )


@pytest.mark.parametrize("path", ["/", f"/?at={INSIDE}"])
def test_every_control_has_a_name_and_the_page_has_landmarks(open_page: OpenPage, path: str) -> None:
    page = open_page(path)
    settle(page)
    assert page.evaluate(UNNAMED) == []
    assert page.locator("main, header, [role=search]").count() == 3
    assert page.locator("[role=status][aria-live=polite]").count() == 1
    assert page.evaluate("() => new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size") == page.evaluate(
        "() => document.querySelectorAll('[id]').length"
    )


def test_the_result_is_announced(open_page: OpenPage) -> None:
    page = open_page(f"/?at={INSIDE}")
    answer_on(page)
    first = page.locator(".unit-row").first.get_attribute("data-unit") or ""
    expect(page.locator("#says")).to_contain_text(first)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_sample_map_says_so_on_every_screen(open_page: OpenPage, width: int) -> None:
    page = open_page(f"/?at={INSIDE}", width=width, height=740)
    answer_on(page)
    expect(page.locator("#notice")).to_be_in_viewport()
    expect(page.locator("#notice")).to_have_text(DEMONSTRATION_NOTICE)
    page.mouse.wheel(0, 600)
    expect(page.locator("#notice")).to_be_in_viewport()


def test_the_first_load_is_light_enough_for_slow_lines(open_page: OpenPage) -> None:
    sizes: dict[str, int] = {}

    def count(page: Page) -> Callable[[object], None]:
        return lambda response: (
            sizes.update({response.url: len(response.body())}) if "/tiles/" not in response.url else None
        )

    page = open_page("/api/v1/health")
    page.on("response", count(page))
    page.goto(page.url.replace("api/v1/health", ""))
    settle(page)
    assert len(sizes) > 5
    assert sum(sizes.values()) < FIRST_LOAD_BYTES
