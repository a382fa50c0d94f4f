"""Rules of the directory's tables: what is read, what is refused and how, what is written."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.directory import (
    Agency,
    Category,
    Directory,
    Disposition,
    Hospital,
    NeighbourCentre,
    Question,
    Requirement,
    ResponsePlan,
    ResponseStandard,
    Station,
    VillageOfficial,
)
from dispatch.directory_file import (
    CORE,
    PLACEHOLDER,
    agency_of,
    default_pack_toml,
    directory_of,
    home_station,
    region_toml,
)
from dispatch.directory_read import read_tables
from dispatch.directory_toml import directory_tables, directory_toml
from dispatch.incidents import Severity
from dispatch.roster import Roster, Shift
from dispatch.vocabulary import KIND_SPELLINGS
from gis.errors import SourceError
from gis.types import Location

Tables = dict[str, Any]
SUMBER = Location(lat=-6.77, lon=108.485)


def small() -> Tables:
    """A directory with one entry of everything, to be spoilt."""
    return {
        "directory": {"border_m": 1500, "kinds": ["drone"]},
        "agencies": [
            {"id": "damkar", "name": "Pemadam", "aliases": ["Damkar Uji"], "station_kinds": ["fire_station"]},
            {"id": "polres", "name": "Polres", "partner": True, "webhook": "https://polres.example/hook"},
        ],
        "categories": [
            {
                "id": "fire",
                "name": {"id": "Kebakaran", "en": "Fire"},
                "lead": "damkar",
                "standard": {"within_s": 900, "share": 1.0, "source": "Permendagri 114/2018"},
                "exports": {"eido": "FUNK"},
            }
        ],
        "questions": [{"id": "where", "text": {"id": "Di mana?"}}],
        "response_plans": [
            {
                "category": "fire",
                "severity": severity.value,
                "alarms": [[{"kind": "damkar", "number": 2}, {"kind": "drone"}], [{"kind": "ambulance"}]],
                "notify": ["polres"],
                "questions": ["where"],
            }
            for severity in Severity
        ],
        "dispositions": [{"id": "out", "name": {"id": "Padam"}}],
        "stations": [{"id": "pos-1", "name": "Pos 1", "agency": "damkar", "lat": -6.7, "lon": 108.5}],
        "hospitals": [{"id": "rs-1", "name": "RS 1", "lat": -6.7, "lon": 108.5}],
        "neighbours": [{"id": "kota", "name": "Kota", "contact": "112", "area_codes": ["3274"]}],
        "village_officials": [{"village_code": "32.09.01.2008", "post": "Kantor desa", "contact": ""}],
        "rosters": [
            {"id": "day", "units": ["D-1"], "shifts": [{"days": ["senin", "fri"], "from": "07:00", "to": "19:00"}]}
        ],
    }


def read(tables: Tables) -> Directory:
    return directory_of(tables, source="region.toml").directory


def refusal(tables: Tables) -> str:
    with pytest.raises(SourceError) as caught:
        directory_of(tables, source="region.toml")
    return str(caught.value)


def test_one_of_everything_is_read() -> None:
    found = read(small())
    assert found.agencies[1] == Agency(
        agency_id="polres", name="Polres", partner=True, webhook="https://polres.example/hook"
    )
    assert found.category("fire") == Category(
        category_id="fire",
        name={"id": "Kebakaran", "en": "Fire"},
        lead="damkar",
        standard=ResponseStandard(within_s=900, share=1, source="Permendagri 114/2018"),
        exports={"eido": "FUNK"},
    )
    plan = found.plan("fire", Severity.LOW)
    assert plan is not None
    assert plan.requirements(1) == (Requirement(kind="fire_engine", number=2), Requirement(kind="drone"))
    assert plan.requirements(2)[2:] == (Requirement(kind="ambulance"),)
    assert [question.text["id"] for question in plan.questions] == ["Di mana?"]
    assert (found.border_m, found.kinds, found.neighbours[0].area_codes) == (1500, ("drone",), ("32.74",))
    assert found.shifts("D-1") == (Shift(days=frozenset({0, 4}), start=time(7), end=time(19)),)
    assert found.shifts("D-2") == ()


def put(*path: Any, value: Any) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        place: Any = tables
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def drop(*path: Any) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        place: Any = tables
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


CARD = ("response_plans", 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("agencies", 0, "nmae", value="x"), "damkar: “nmae” is not a setting here; did you mean name?"),
        (drop("agencies", 0, "id"), "[[agencies]] number 1, id: is missing; add it."),
        (put("agencies", 0, "id", value="Dam Kar"), "[[agencies]] Dam Kar, id: “Dam Kar” is not an id;"),
        (put("agencies", 1, "id", value="damkar"), "[[agencies]]: the id “damkar” stands at entries 1 and 2;"),
        (put("agencies", 0, "partner", value="yes"), "damkar, partner: “yes” is neither true nor false"),
        (put("agencies", 0, "name", value=7), "damkar, name: “7” is not a text; write it in quotes"),
        (put("agencies", 0, "name", value=" x"), "damkar, name: “x” is empty or has blanks at an end"),
        (put("agencies", 0, "name", value="a\nb"), "not one printable line"),
        (put("agencies", 0, "name", value="x" * 501), "is longer than 500 characters"),
        (put("agencies", 0, "aliases", value=["Polres"]), "polres, aliases: “polres” already means damkar"),
        (put("agencies", 0, "aliases", value="Damkar"), "damkar, aliases: “Damkar” is not a list"),
        (put("agencies", 0, "aliases", value=["A", "A"]), "aliases: “A” stands there twice; keep one"),
        (put("agencies", 1, "station_kinds", value=["fire_station"]), "“fire_station” already belong to damkar"),
        (put("agencies", 1, "webhook", value="polres.example"), "webhook: “polres.example” is not an address"),
        (put("agencies", value={"id": "x"}), "region.toml: agencies is not a list of tables"),
        (put("agencies", 0, value="damkar"), "[[agencies]] number 1: “damkar” is not a table"),
        (put("categories", 0, "lead", value="damker"), "lead: there is no agency “damker” (did you mean damkar?)"),
        (put("categories", 0, "name", value={"en": "Fire"}), "[[categories]] fire, name, id: is missing"),
        (put("categories", 0, "name", value={"id": "x", "fr": "x"}), "fire, name: “fr” is not a setting here"),
        (put("categories", 0, "standard", "within", value=1), "fire, standard: “within” is not a setting here"),
        (put("categories", 0, "standard", "within_s", value=-900), "within_s: “-900” is not a number from 1 to 86400"),
        (put("categories", 0, "standard", "share", value=90), "share: “90” is not a number from 0 to 1"),
        (drop("categories", 0, "standard", "source"), "fire, standard, source: is missing"),
        (put("categories", 0, "duplicate_radius_m", value=-1), "duplicate_radius_m: “-1” is not a number from 0"),
        (put("categories", 0, "duplicate_window_s", value="60"), "duplicate_window_s: “60” is not a number"),
        (put("categories", 0, "duplicate_window_s", value=float("nan")), "duplicate_window_s: “nan” is not a number"),
        (put("categories", 0, "exports", value={"eido": 7}), "fire, exports, eido: “7” is not a text"),
        (put("questions", 0, "text", value="Di mana?"), "where, text: “Di mana?” is not a table"),
        (put(*CARD, "category", value="flood"), "[[response_plans]] flood/critical, category: there is no category"),
        (put(*CARD, "severity", value="worst"), "fire/worst, severity: there is no severity “worst”; the file has"),
        (put(*CARD, "severity", value="low"), "[[response_plans]] fire/low: this run card stands there twice"),
        (drop(*CARD), "the category fire has no run card for severity critical; add one."),
        (put(*CARD, "notify", value=["pln"]), "fire/critical, notify: there is no agency “pln”"),
        (put(*CARD, "questions", value=["were"]), "questions: there is no question “were” (did you mean where?)"),
        (put(*CARD, "alarms", value=[[]]), "fire/critical, alarms, level 1: “[]” is not a list of units"),
        (put(*CARD, "alarms", 1, 0, "kind", value="ambulanse"), "level 2, kind: “ambulanse” is not a kind of unit"),
        (put(*CARD, "alarms", 0, 0, "number", value=0), "level 1, number: “0” is not a whole number from 1 to 50"),
        (put(*CARD, "alarms", 0, 0, "number", value=1.5), "level 1, number: “1.5” is not a whole number"),
        (put(*CARD, "alarms", 0, 0, "number", value=True), "level 1, number: “True” is not a whole number"),
        (put(*CARD, "alarms", 0, 1, "kind", value="fire_engine"), "“fire_engine” is asked for twice; write its number"),
        (put(*CARD, "alarms", 0, 0, "unit", value="x"), "alarms, level 1: “unit” is not a setting here"),
        (put("dispositions", 0, "title", value="x"), "[[dispositions]] out: “title” is not a setting here"),
        (put("stations", 0, "agency", value="pln"), "[[stations]] pos-1, agency: there is no agency “pln”"),
        (put("stations", 0, "lat", value=108.5), "pos-1, lat: “108.5” is not a number from -90 to 90"),
        (drop("hospitals", 0, "lon"), "[[hospitals]] rs-1, lon: is missing"),
        (put("neighbours", 0, "area_codes", value=["kota"]), "kota, area_codes: “kota” is not a Kemendagri code"),
        (put("village_officials", 0, "village_code", value="32.09.01"), "village_code: The code 32.09.01 is that of a"),
        (put("rosters", 0, "shifts", 0, "days", value=["mo"]), "day, shifts, days: there is no weekday “mo”"),
        (put("rosters", 0, "shifts", 0, "from", value="7 am"), "shifts, from: “7 am” is not a local time of day"),
        (put("rosters", 0, "shifts", 0, "to", value="19:00+07:00"), "to: “19:00+07:00” is not a local time of day"),
        (put("rosters", 0, "shifts", value=[]), "[[rosters]] day, shifts: is empty; a roster needs at least one"),
        (put("directory", "border", value=1), "[directory]: “border” is not a setting here; did you mean border_m?"),
        (put("directory", "border_m", value=-1), "[directory], border_m: “-1” is not a number from 0"),
        (drop("questions"), "it has agencies but no questions; write all of agencies,"),
        (put("neighbors", value=[]), "“neighbors” is not a table; did you mean neighbours?"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_in_one_sentence_with_table_entry_and_field(
    change: Callable[[Tables], None], says: str
) -> None:
    tables = small()
    change(tables)
    text = refusal(tables)
    assert says in text
    assert text.startswith("region.toml") and "\n" not in text and text.endswith((".", "?"))


def test_every_key_that_may_stand_there_is_checked() -> None:
    """A further key anywhere in the tables is refused, whatever it is called."""

    def places(value: Any) -> list[dict[str, Any]]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return ([value] if isinstance(value, dict) else []) + [one for item in inner for one in places(item)]

    count = len(places(small()))
    assert count > 30
    for number in range(1, count):
        tables = small()
        place = places(tables)[number]
        if place == {"eido": "FUNK"}:
            continue  # export codes have free names
        place["zzz"] = "x"
        assert "“zzz” is not a setting here" in refusal(tables)


def test_a_table_of_somebody_else_is_remarked_on_and_not_refused() -> None:
    tables = {**small(), "weather": {"source": "BMKG"}, "routing": {}, "region": {"name": "x"}}
    remarks = directory_of(tables, source="region.toml").remarks
    assert [one for one in remarks if "weather" in one] == [
        "region.toml: the table “weather” is not one of the directory."
    ]
    assert not any("routing" in one or "“region”" in one for one in remarks)


def test_every_table_that_some_part_of_the_program_reads_is_known() -> None:
    tables: dict[str, dict[str, object]] = {
        name: {} for name in ("routing", "dispatch", "recommendation", "timers", "alerts", "webhooks")
    }
    assert not any("is not one of the directory" in one for one in directory_of(tables).remarks)


def test_a_question_that_no_card_asks_is_remarked_on() -> None:
    tables = small()
    tables["questions"].append({"id": "who", "text": {"id": "Siapa?"}})
    assert "region.toml, [[questions]] who: no run card asks it." in directory_of(tables).remarks


# --- the default pack -------------------------------------------------------------------------------------------------


def test_a_region_without_run_cards_gets_the_default_pack_and_says_so() -> None:
    found = directory_of({"region": {"name": "Lama"}}, source="old/region.toml")
    assert found.from_default_pack
    assert found.remarks[0] == ("old/region.toml has no run cards of its own; the default pack of a kabupaten is used.")
    own = directory_of({**small(), "region": {"name": "Baru"}})
    assert not own.from_default_pack and not any("default pack" in one for one in own.remarks)


def test_neighbours_alone_stand_beside_the_default_pack() -> None:
    found = directory_of({"neighbours": small()["neighbours"]})
    assert found.from_default_pack
    assert [one.neighbour_id for one in found.directory.neighbours] == ["kota"]
    assert found.directory.categories == directory_of({}).directory.categories


def test_the_default_pack_has_the_categories_and_agencies_of_a_kabupaten() -> None:
    pack = directory_of({}).directory
    assert [one.category_id for one in pack.categories] == [
        "medical", "fire", "traffic_accident", "flood", "landslide", "wind", "security", "violence_women_children",
        "animal", "sea_river_rescue",
    ]  # fmt: skip
    assert {one.agency_id: one.partner for one in pack.agencies} == {
        "diskominfo": False, "dinkes": False, "damkar": False, "bpbd": False, "satpolpp": False, "dishub": False,
        "dinsos": False, "polres": True, "pln": True,
    }  # fmt: skip


def test_every_card_of_the_default_pack_asks_where_first_or_whether_it_is_safe_to_speak() -> None:
    for plan in directory_of({}).directory.plans:
        asked = [question.question_id for question in plan.questions]
        assert (
            asked[:2] == ["can_speak", "where"] if plan.category == "violence_women_children" else asked[0] == "where"
        )
        assert 2 <= len(asked) <= 8, "a caller under stress cannot be asked more before help is sent"


def test_every_text_of_the_default_pack_is_in_both_languages() -> None:
    pack = directory_of({}).directory
    questions = {one.question_id: one for plan in pack.plans for one in plan.questions}.values()
    texts = [one.name for one in (*pack.categories, *pack.dispositions)] + [one.text for one in questions]
    assert len(texts) > 60
    assert all(set(text) == {"id", "en"} for text in texts)
    assert all(len(text[language]) <= 120 for text in texts for language in text)


def test_a_worse_severity_never_gets_fewer_units_at_once() -> None:
    pack = directory_of({}).directory
    for category in pack.categories:
        sent = []
        for severity in Severity:
            plan = pack.plan(category.category_id, severity)
            assert plan is not None
            sent.append(sum(unit.number for unit in plan.requirements(1)))
        assert sent == sorted(sent, reverse=True), category.category_id


def test_the_lead_is_told_of_whatever_is_worse_than_low() -> None:
    pack = directory_of({}).directory
    leads = {one.category_id: one.lead for one in pack.categories}
    assert all(leads[plan.category] in plan.notify for plan in pack.plans)


def test_fire_alone_has_a_standard_and_names_the_regulation() -> None:
    standards = {one.category_id: one.standard for one in directory_of({}).directory.categories if one.standard}
    assert standards == {"fire": ResponseStandard(within_s=900, share=1.0, source="Permendagri 114/2018 pasal 4")}


CAP_CATEGORIES = {
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
}  # fmt: skip


def test_export_codes_are_of_their_lists_and_the_ministrys_are_marked_as_not_set() -> None:
    for category in directory_of({}).directory.categories:
        exports = category.exports or {}
        assert set(exports) - {"public"} == {"eido", "cap_category", "cap_event", "ministry"}
        assert exports["cap_category"] in CAP_CATEGORIES
        assert exports["ministry"].startswith(PLACEHOLDER)
        assert exports["eido"].isupper()
    assert any(PLACEHOLDER in remark for remark in directory_of({}).remarks)


def test_violence_is_never_shown_to_the_public() -> None:
    category = directory_of({}).directory.category("violence_women_children")
    assert category is not None and category.exports is not None and category.exports["public"] == "hidden"


def test_the_pack_asks_for_listed_kinds_only() -> None:
    pack = directory_of({}).directory
    kinds = {unit.kind for plan in pack.plans for alarm in plan.alarms for unit in alarm}
    assert kinds <= set(KIND_SPELLINGS) and pack.kinds == ()


# --- names, stations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "agency_id"),
    [("PSC 119", "dinkes"), ("psc-119", "dinkes"), ("Damkar", "damkar"), ("Polresta", "polres"), ("BPBD", "bpbd"),
     ("Satpol PP", "satpolpp"), ("Dishub", "dishub"), ("pln", "pln")],
)  # fmt: skip
def test_an_agency_is_known_by_the_names_of_units_files(name: str, agency_id: str) -> None:
    found = agency_of(directory_of({}).directory, name)
    assert found is not None and found.agency_id == agency_id


def test_an_unknown_agency_is_nobody() -> None:
    assert agency_of(directory_of({}).directory, "Basarnas") is None
    assert agency_of(directory_of({}).directory, "") is None


def test_stations_and_hospitals_come_from_the_map_where_the_file_has_none() -> None:
    stations = [("fire_station", "Pos Damkar Sumber", SUMBER), ("puskesmas", "Puskesmas Sumber", SUMBER),
                ("mosque", "Masjid Agung", SUMBER), ("fire_station", "Pos Damkar Sumber", SUMBER)]  # fmt: skip
    found = directory_of({}, stations=stations, hospitals=[("RSUD Waled", SUMBER)]).directory
    assert [(one.station_id, one.agency) for one in found.stations] == [
        ("pos-damkar-sumber", "damkar"), ("puskesmas-sumber", "dinkes"), ("pos-damkar-sumber-2", "damkar"),
    ]  # fmt: skip
    assert found.hospitals == (Hospital(hospital_id="rsud-waled", name="RSUD Waled", location=SUMBER),)
    own = directory_of(small(), stations=stations, hospitals=[("RSUD Waled", SUMBER)]).directory
    assert [one.station_id for one in own.stations] == ["pos-1"]
    assert [one.hospital_id for one in own.hospitals] == ["rs-1"]


def test_a_parked_unit_stands_at_its_own_agencys_station_before_a_nearer_one() -> None:
    def station(station_id: str, agency: str, dlat: float) -> Station:
        where = Location(lat=SUMBER.lat + dlat, lon=SUMBER.lon)
        return Station(station_id=station_id, name=station_id, agency=agency, location=where)

    found = Directory(stations=(station("a", "dinkes", 0), station("b", "damkar", 0.001), station("c", "damkar", 0.1)))
    for agency, expected in (("damkar", "b"), ("dinkes", "a"), ("bpbd", "a")):
        home = home_station(found, agency, SUMBER)
        assert home is not None and home.station_id == expected
    assert home_station(found, "damkar", Location(lat=-6.5, lon=108.485)) is None


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_as_the_same() -> None:
    for found in (read(small()), directory_of({}).directory):
        assert read_tables(tomllib.loads(directory_toml(found)), "x") == found
        assert read_tables(directory_tables(found), "x") == found


def test_a_question_with_two_texts_cannot_be_written() -> None:
    cards = [
        ResponsePlan(category="fire", severity=severity, alarms=(), questions=(
            Question(question_id="where", text={"id": severity.value}),))
        for severity in (Severity.LOW, Severity.HIGH)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="the question where has two texts"):
        directory_toml(Directory(plans=tuple(cards)))


words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
ids = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,8}", fullmatch=True)
names = st.builds(lambda a, b: {"id": a, **({"en": b} if b else {})}, words, st.none() | words)
lat = st.floats(-90, 90).map(lambda value: value + 0.0)
places = st.builds(Location, lat=lat, lon=st.floats(-180, 180).map(lambda value: value + 0.0))
requirements = st.builds(
    Requirement,
    kind=st.sampled_from(sorted(KIND_SPELLINGS)),
    number=st.integers(1, 50),
    capabilities=st.frozensets(st.from_regex(r"[a-z]{1,6}", fullmatch=True), max_size=2),
)
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
shifts = st.builds(Shift, days=st.frozensets(st.integers(0, 6), min_size=1), start=clocks, end=clocks)


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    def some(identifiers: int) -> list[str]:
        return draw(st.lists(ids, max_size=identifiers, unique=True))

    agency_ids = draw(st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=3, unique=True))
    agencies = tuple(
        Agency(
            agency_id=one,
            name=f"dinas {one}",
            partner=draw(st.booleans()),
            contact=draw(st.just("") | words),
            webhook=draw(st.none() | words.map(lambda word: "https://" + word)),
            aliases=(f"alias {one}",),
            station_kinds=(f"pos_{one}",),
        )
        for one in agency_ids
    )
    agency = st.sampled_from(agency_ids)
    categories = tuple(
        Category(
            category_id=one,
            name=draw(names),
            lead=draw(agency),
            standard=draw(
                st.none()
                | st.builds(ResponseStandard, within_s=st.floats(1, 86_400), share=st.floats(0, 1), source=words)
            ),
            duplicate_radius_m=draw(st.floats(0, 1e5)),
            duplicate_window_s=draw(st.floats(0, 6e5)),
            exports=draw(st.none() | st.dictionaries(words, words, max_size=2)),
        )
        for one in some(2)
    )
    questions = [Question(question_id=one, text=draw(names)) for one in some(3)]
    alarm = st.lists(requirements, min_size=1, max_size=2, unique_by=lambda one: (one.kind, one.capabilities))
    plans = tuple(
        ResponsePlan(
            category=category.category_id,
            severity=severity,
            alarms=tuple(tuple(one) for one in draw(st.lists(alarm, max_size=2))),
            notify=tuple(draw(st.lists(agency, unique=True))),
            questions=tuple(draw(st.lists(st.sampled_from(questions), unique_by=id))) if questions else (),
        )
        for category in categories
        for severity in Severity
    )
    return Directory(
        agencies=agencies,
        stations=tuple(
            Station(station_id=one, name=draw(words), agency=draw(agency), location=draw(places)) for one in some(2)
        ),
        hospitals=tuple(
            Hospital(hospital_id=one, name=draw(words), location=draw(places), phone=draw(st.just("") | words))
            for one in some(2)
        ),
        categories=categories,
        plans=plans,
        dispositions=tuple(Disposition(disposition_id=one, name=draw(names)) for one in some(2)),
        neighbours=tuple(
            NeighbourCentre(neighbour_id=one, name=draw(words), contact=draw(words), area_codes=("32.74", "32.12"))
            for one in some(2)
        ),
        officials=tuple(
            VillageOfficial(village_code=f"32.09.01.20{number:02}", post=draw(words), contact="")
            for number in range(1, draw(st.integers(1, 3)))
        ),
        border_m=draw(st.floats(0, 1e5)),
        rosters=tuple(
            Roster(
                roster_id=one,
                units=tuple(draw(st.lists(words, min_size=1, max_size=2, unique=True))),
                shifts=tuple(draw(st.lists(shifts, min_size=1, max_size=2))),
            )
            for one in some(2)
        ),
        kinds=draw(st.sampled_from([(), ("drone",), ("drone", "sea_plane")])),
    )


@given(directories())
def test_any_directory_is_read_as_it_was_written(directory: Directory) -> None:
    text = directory_toml(directory)
    tables = tomllib.loads(text)
    assert read_tables(tables, "x") == directory
    assert directory_toml(read_tables(tables, "x")) == text


@given(st.data())
def test_tables_with_anything_in_them_are_read_or_refused_in_one_sentence(data: st.DataObject) -> None:
    """Whatever stands at whatever place, the answer is a directory or one sentence."""
    tables = small()

    def slots(value: Any) -> list[tuple[Any, Any]]:
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        return [slot for key in keys for slot in ((value, key), *slots(value[key]))]

    anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    junk = st.recursive(
        anything, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    )
    place, key = data.draw(st.sampled_from(slots(tables)))
    place[key] = data.draw(junk)
    try:
        directory = read(copy.deepcopy(tables))
    except SourceError as error:
        assert "\n" not in str(error)
    else:
        assert read_tables(tomllib.loads(directory_toml(directory)), "x") == directory


# --- region.toml of a new region --------------------------------------------------------------------------------------


def test_a_new_region_gets_the_pack_word_for_word() -> None:
    assert region_toml(None, source="-") == default_pack_toml()
    assert all(f"[[{name}]]" in default_pack_toml() for name in CORE)


def test_a_centres_own_tables_stand_beside_the_pack_or_instead_of_it() -> None:
    beside = region_toml('[[neighbours]]\nid = "kota"\nname = "Kota"\ncontact = "112"\n', source="own.toml")
    assert beside.startswith(default_pack_toml())
    whole = directory_toml(read(small()))
    assert region_toml(whole, source="own.toml") == whole


def test_a_centres_own_settings_replace_those_of_the_pack() -> None:
    text = region_toml("[directory]\nborder_m = 500\n", source="own.toml")
    found = directory_of(tomllib.loads(text)).directory
    assert (found.border_m, len(found.plans)) == (500, 40)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[neighbours]", "own.toml is not valid TOML"),
        ("[routing]\nmaxspeed = 'cap'", "own.toml: “routing” is not a table of the directory"),
        ("[[neighbours]]\nid = 'x'", "own.toml, [[neighbours]] x, name: is missing"),
        ("hospitals = [{ id = 'a', name = 'A', lat = 0, lon = 0 }]", "own.toml: something stands before its first"),
    ],
)
def test_a_directory_file_that_cannot_be_used_is_refused(text: str, says: str) -> None:
    with pytest.raises(SourceError) as caught:
        region_toml(text, source="own.toml")
    assert says in str(caught.value)
