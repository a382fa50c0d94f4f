"""Rules of the sentences that people read."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.ranking import EtaPart, Reason, ReasonKind
from dispatch.screening import ExcludedUnit, Exclusion, Shortfall, ShortfallKind
from dispatch.types import Unit, UnitStatus
from dispatch.village_eta import VillageRanking, VillageUnit
from gis.address import Relation, Role
from gis.coordinate_types import CoordinateForm, Note, NoteKind, note_text
from gis.coordinates import parse_coordinates
from gis.name_index import Likeness
from gis.search_reason import SearchReason, SearchReasonKind, search_reason_text
from gis.types import AdministrativeArea, AreaLevel, AreaMatch, AreaStatus, Bounds, Location, NearbyArea
from routing.types import RoadAccess, RoadStatus
from tests.strategies import NOW
from web import wording
from web.i18n import LANGUAGES, translator

ID, EN = translator("id"), translator("en")
HERE = Location(lat=-6.72, lon=108.53)
UNIT = Unit(
    unit_id="AMB-1",
    kind="ambulance",
    agency="Dinkes",
    status=UnitStatus.ON_SCENE,
    location=HERE,
    fix_time=NOW - timedelta(seconds=30),
    capabilities=frozenset(),
)


@pytest.mark.parametrize(
    ("seconds", "indonesian", "english"),
    [
        (0, "0 dtk", "0 s"),
        (59.4, "59 dtk", "59 s"),
        (59.5, "1 mnt", "1 min"),
        (250, "4 mnt 10 dtk", "4 min 10 s"),
        (3599.4, "59 mnt 59 dtk", "59 min 59 s"),
        (3599.5, "1 jam", "1 h"),
        (3900, "1 jam 5 mnt", "1 h 5 min"),
        (7199, "2 jam", "2 h"),
        (172_799, "48 jam", "48 h"),
        (172_800, "2 hari", "2 days"),
        (400_000_000, "4.629 hari", "4,629 days"),
    ],
)
def test_a_duration_is_short_and_never_shows_sixty(seconds: float, indonesian: str, english: str) -> None:
    assert (wording.duration(seconds, ID), wording.duration(seconds, EN)) == (indonesian, english)


@pytest.mark.parametrize(
    ("metres", "indonesian", "english"),
    [
        (0, "0 m", "0 m"),
        (34.6, "35 m", "35 m"),
        (99.5, "100 m", "100 m"),
        (847, "850 m", "850 m"),
        (994.9, "990 m", "990 m"),
        (995, "1,0 km", "1.0 km"),
        (1240, "1,2 km", "1.2 km"),
        (99_949, "99,9 km", "99.9 km"),
        (99_950, "100 km", "100 km"),
        (12_345_678, "12.346 km", "12,346 km"),
    ],
)
def test_a_distance_has_no_more_figures_than_it_deserves(metres: float, indonesian: str, english: str) -> None:
    assert (wording.distance(metres, ID), wording.distance(metres, EN)) == (indonesian, english)


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_a_longer_distance_or_duration_never_reads_as_a_shorter_one(one: float, other: float) -> None:
    def figure(text: str) -> float:
        parts = {"km": 1000.0, "m": 1.0, "day": 86_400.0, "days": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
        return sum(
            float(number.replace(",", "")) * parts[unit] for number, unit in re.findall(r"([\d.,]+) ([a-z]+)", text)
        )

    low, high = sorted((one, other))
    assert figure(wording.distance(low, EN)) <= figure(wording.distance(high, EN))
    assert figure(wording.duration(low, EN)) <= figure(wording.duration(high, EN))


@pytest.mark.parametrize(
    ("part", "text"),
    [(0, "0%"), (0.001, "<1%"), (0.005, "1%"), (0.634, "63%"), (0.995, ">99%"), (0.999, ">99%"), (1, "100%")],
)
def test_a_share_reads_as_nothing_or_all_only_when_it_is(part: float, text: str) -> None:
    assert wording.share(part, ID) == text


@pytest.mark.parametrize(
    ("kind", "cause", "difference_s", "indonesian", "english"),
    [
        (
            ReasonKind.ONLY,
            None,
            0,
            "Satu-satunya unit yang dapat dikirim.",
            "The only unit that can be sent.",
        ),
        (
            ReasonKind.FIRST_AND_NEAREST,
            EtaPart.DRIVING,
            70,
            "Tercepat lewat jalan, 1 mnt 10 dtk lebih cepat dari B; juga terdekat menurut garis lurus.",
            "First by road, 1 min 10 s ahead of B; also nearest in a straight line.",
        ),
        (
            ReasonKind.FIRST_AND_NEAREST,
            None,
            0,
            "Tiba bersamaan dengan B; terdekat menurut garis lurus.",
            "Arrives together with B; nearest in a straight line.",
        ),
        (
            ReasonKind.FIRST_NOT_NEAREST,
            EtaPart.DRIVING,
            70,
            "Tercepat lewat jalan, 1 mnt 10 dtk lebih cepat dari B yang 1,2 km lebih dekat menurut garis lurus tetapi "
            "lebih lama di jalan.",
            "First by road, 1 min 10 s ahead of B, which is 1.2 km nearer in a straight line but takes longer on the "
            "road.",
        ),
        (
            ReasonKind.LEVEL,
            None,
            0,
            "Tiba bersamaan dengan B, dan tidak lebih dekat menurut garis lurus.",
            "Arrives together with B, and is no nearer in a straight line.",
        ),
        (
            ReasonKind.NEARER_BUT_LATER,
            EtaPart.TURNOUT,
            20,
            "1,2 km lebih dekat dari B menurut garis lurus, tetapi tiba 20 dtk lebih lambat karena lebih lama bersiap "
            "berangkat.",
            "1.2 km nearer than B in a straight line, but 20 s later: it takes longer to turn out.",
        ),
        (
            ReasonKind.LATER,
            EtaPart.REACH_ROAD,
            0.2,
            "Tiba kurang dari 1 dtk setelah B karena posisinya lebih jauh dari jalan.",
            "Less than 1 s after B: it stands farther from the road.",
        ),
    ],
)
def test_a_reason_is_one_sentence(
    kind: ReasonKind, cause: EtaPart | None, difference_s: float, indonesian: str, english: str
) -> None:
    other = None if kind is ReasonKind.ONLY else "B"
    reason = Reason(kind=kind, other=other, difference_s=difference_s, nearer_m=1234, cause=cause)
    assert (wording.reason_text(reason, ID), wording.reason_text(reason, EN)) == (indonesian, english)


def excluded(why: Exclusion, **changes: object) -> ExcludedUnit:
    base = ExcludedUnit(
        unit=UNIT, why=why, also=(), missing_capabilities=(), eta_s=250.0, straight_m=1000.0, fix_age_s=1800.0
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "indonesian"),
    [
        (excluded(Exclusion.BUSY), "Sedang bertugas (di lokasi); dari posisi terakhirnya perlu 4 mnt 10 dtk."),
        (excluded(Exclusion.STALE), "Posisi terlalu lama (30 mnt); dari posisi terakhirnya perlu 4 mnt 10 dtk."),
        (
            excluded(Exclusion.STALE, eta_s=None),
            "Posisi terlalu lama (30 mnt); tidak ada jalan dari posisinya ke lokasi.",
        ),
        (excluded(Exclusion.UNREACHABLE, eta_s=None), "Tidak ada jalan dari posisinya ke lokasi."),
        (
            excluded(Exclusion.MISSING_CAPABILITY, missing_capabilities=("als", "water_rescue", "winch")),
            "Tidak memiliki als, water rescue dan winch; dari posisi terakhirnya perlu 4 mnt 10 dtk.",
        ),
        (
            excluded(Exclusion.WRONG_KIND),
            "Bukan jenis yang diminta (ambulans); dari posisi terakhirnya perlu 4 mnt 10 dtk.",
        ),
    ],
)
def test_an_exclusion_says_why_and_what_the_unit_would_take(one: ExcludedUnit, indonesian: str) -> None:
    assert wording.exclusion_text(one, ID) == indonesian


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_has_its_own_sentence(language: str) -> None:
    _ = translator(language)
    shortfalls = [
        wording.shortfall_text(Shortfall(kind=kind, wanted=3, found=1, unit_kind="ambulance", capabilities=("als",)), _)
        for kind in ShortfallKind
    ]
    exclusions = [
        wording.exclusion_text(excluded(why, missing_capabilities=("als",), eta_s=None), _) for why in Exclusion
    ]
    accesses = [
        wording.road_access_text(RoadAccess(status=status, snaps=(), nearest_m=40.0, connected_m=far), _)
        for status in RoadStatus
        for far in ((900.0, None) if status is RoadStatus.ISOLATED else (900.0,))
    ]
    for sentences in (shortfalls, exclusions, accesses):
        assert len(set(sentences)) == len(sentences)
        assert all(one.endswith(".") and "{" not in one and "  " not in one for one in sentences)
    for names in (
        [wording.status_name(status, _) for status in UnitStatus],
        [wording.eta_part_name(part, _) for part in EtaPart],
        [wording.direction_name(bearing, _) for bearing in range(0, 360, 45)],
    ):
        assert len(set(names)) == len(names)


def test_a_shortfall_speaks_of_the_kind_asked_for() -> None:
    shortfall = Shortfall(kind=ShortfallKind.ALL_BUSY, wanted=1, found=0, unit_kind=None, capabilities=())
    assert wording.shortfall_text(shortfall, EN) == "Every unit is busy."
    boat = dataclasses.replace(shortfall, unit_kind="rubber_boat")
    assert wording.shortfall_text(boat, ID) == "Semua rubber boat sedang bertugas."


@pytest.mark.parametrize(
    ("age_s", "english"),
    [
        (None, "parked at its post, age of position not known"),
        (-61.0, "position dated in the future"),
        (0.0, "position just now"),
        (250.0, "position 4 min 10 s ago"),
    ],
)
def test_the_age_of_a_position_is_never_made_up(age_s: float | None, english: str) -> None:
    assert wording.fix_age(age_s, EN) == english


def area(code: str, name: str) -> AdministrativeArea:
    level = {1: AreaLevel.KABUPATEN, 2: AreaLevel.KECAMATAN, 3: AreaLevel.VILLAGE}[code.count(".")]
    return AdministrativeArea(code=code, name=name, level=level, parent_code=code.rpartition(".")[0])


def match(status: AreaStatus, **changes: object) -> AreaMatch:
    base = AreaMatch(
        location=HERE,
        status=status,
        village=area("32.09.21.2005", "Kertawinangun"),
        kecamatan=area("32.09.21", "Kedawung"),
        kabupaten=area("32.09", "Kabupaten Cirebon"),
        border_m=120.0,
        neighbours=(),
        towards=None,
        towards_bearing_deg=None,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_an_area_is_named_with_its_official_words() -> None:
    codes = (("32.09.21.2005", "Kertawinangun"), ("32.74.01.1001", "Kejaksan"), ("32.74", "Cirebon"))
    assert [wording.area_name(area(code, name), ID) for code, name in codes] == [
        "Desa Kertawinangun",
        "Kelurahan Kejaksan",
        "Kota Cirebon",
    ]


def test_an_area_match_tells_what_is_uncertain() -> None:
    everything = {"village": None, "kecamatan": None, "kabupaten": None, "border_m": 2500.0}
    neighbour = NearbyArea(area=area("32.09.21.2006", "Kedungjaya"), distance_m=120.0)
    towards = area("32.09.21.2005", "Kertawinangun")
    assert wording.area_match_text(match(AreaStatus.INSIDE), ID) == "Desa Kertawinangun, Kec. Kedawung, Kab. Cirebon."
    assert wording.area_match_text(match(AreaStatus.INSIDE, neighbours=(neighbour,)), ID).endswith(
        "Kab. Cirebon; 120 m dari batas Desa Kedungjaya."
    )
    assert wording.area_match_text(match(AreaStatus.NEAREST), EN).endswith(
        "Kab. Cirebon: the nearest village, 120 m from its border."
    )
    outside = match(AreaStatus.OUTSIDE, **everything, towards=towards, towards_bearing_deg=350.0)
    assert (
        wording.area_match_text(outside, EN)
        == "Outside the region: Desa Kertawinangun is the nearest village, 2.5 km to the north."
    )


@pytest.mark.parametrize(
    ("text", "indonesian"),
    [
        ("-6,76 108,48", "koma desimal telah dibaca"),
        ("108.48, -6.76", "lintang dan bujur tertukar"),
        ("-6.76 S, 108.48 E", "tanda minus dan S dibaca sebagai satu"),
        (
            "6.76, 108.48",
            "tanda minus lintang tidak ada: dibaca sebagai selatan khatulistiwa, tempat wilayah ini berada",
        ),
        (
            "https://www.google.com/maps/@-6.76,108.48,15z",
            "bagian tengah tampilan peta yang diambil, karena tautannya tidak menyebut titik",
        ),
        ("https://www.google.com/maps/dir//-6.76,108.48", "tujuan petunjuk arahnya yang diambil"),
        ("6FR5+G2", "kode plus pendek 6FR5+G2 dibaca sebagai 6P5C6FR5+G2, yang terdekat dengan tempat yang diketahui"),
    ],
)
def test_every_note_on_coordinates_is_told_in_both_languages(text: str, indonesian: str) -> None:
    bounds = Bounds(south=-7.1, west=108.3, north=-6.4, east=108.9)
    parsed = parse_coordinates(text, bounds=bounds, reference=bounds.middle)
    assert parsed is not None
    assert [note_text(note, ID) for note in parsed.notes] == [indonesian]


@pytest.mark.parametrize("kind", NoteKind)
def test_no_note_on_coordinates_lacks_its_words(kind: NoteKind) -> None:
    note = Note(kind=kind, given="6FR5+G2", read="6P5C6FR5+G2")
    assert note_text(note) == note_text(note, EN)
    assert note_text(note, ID) != note_text(note, EN)
    assert not re.search(r"[{}\n]", note_text(note, ID))


def test_a_village_is_told_as_a_range_with_the_share_in_which_a_unit_is_first() -> None:
    unit = VillageUnit(
        rank=1,
        unit=UNIT,
        turnout_s=60.0,
        mean_s=400.0,
        min_s=240.0,
        median_s=370.0,
        p90_s=600.0,
        max_s=660.0,
        first_share=0.63,
        unreachable_share=0.0,
        behind_s=0.0,
        straight_m=1000.0,
        straight_rank=1,
        fix_age_s=30.0,
    )
    assert (
        wording.village_unit_text(unit, ID)
        == "4 mnt sampai 11 mnt, separuh jalan di sana dalam 6 mnt 10 dtk; tercepat di 63% jalannya."
    )
    partly = dataclasses.replace(unit, unreachable_share=0.04)
    assert wording.village_unit_text(partly, EN) == (
        "4 min to 11 min, half of the roads there within 6 min 10 s; first on 63% of them; 4% it cannot reach."
    )


@pytest.mark.parametrize(
    ("road_m", "unreachable_share", "english"),
    [
        (0.0, 1.0, "Only the area is known, and it has no road: ask for the exact place."),
        (8200.0, 0.0, "Only the area is known: times are spread over its 8.2 km of road."),
        (
            8200.0,
            0.1,
            "Only the area is known: times are spread over its 8.2 km of road, of which no unit reaches 10%.",
        ),
    ],
)
def test_a_ranking_for_a_village_says_what_it_rests_on(road_m: float, unreachable_share: float, english: str) -> None:
    ranking = VillageRanking(
        target=HERE,
        road_m=road_m,
        unreachable_share=unreachable_share,
        ranked=(),
        further=(),
        excluded=(),
        shortfalls=(),
    )
    assert wording.village_ranking_text(ranking, EN) == english


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ((0.6, 0.4), ""),
        ((0.3, 0.7), " A has the least mean, yet is first on only 30% of the roads; B is first on 70%"),
        ((0.4, 0.3), " A has the least mean, yet is first on only 40% of the roads"),
    ],
)
def test_a_first_unit_that_is_not_first_on_most_of_the_roads_is_told(shares: tuple[float, ...], says: str) -> None:
    ranked = tuple(
        VillageUnit(
            rank=rank,
            unit=dataclasses.replace(UNIT, unit_id="ABC"[rank - 1]),
            turnout_s=60.0,
            mean_s=400.0,
            min_s=240.0,
            median_s=370.0,
            p90_s=600.0,
            max_s=660.0,
            first_share=share,
            unreachable_share=0.0,
            behind_s=0.0,
            straight_m=1000.0,
            straight_rank=rank,
            fix_age_s=30.0,
        )
        for rank, share in enumerate(shares, start=1)
    )
    ranking = VillageRanking(
        target=HERE,
        road_m=8200.0,
        unreachable_share=0.0,
        ranked=ranked[:1],
        further=ranked[1:],
        excluded=(),
        shortfalls=(),
    )
    text = "Only the area is known: times are spread over its 8.2 km of road."
    assert wording.village_ranking_text(ranking, EN) == text + (says and says + ": ask for the exact place.")


EAST_200_M = Relation(word="sebelah", bearing_deg=90.0, distance_m=200.0)
SEARCH_REASONS = [
    (
        SearchReason(kind=SearchReasonKind.VILLAGE, name="Astana", kecamatan="Gunung Jati"),
        "village Astana, by name, in kecamatan Gunung Jati",
        "desa/kelurahan Astana, sesuai nama, di kecamatan Gunung Jati",
    ),
    (
        SearchReason(kind=SearchReasonKind.VILLAGE, name="Babakan", kecamatan="Sumber", shared=True, postcode="45612"),
        "village Babakan, by name; several villages are called so, this one is in kecamatan Sumber, postcode 45612",
        "desa/kelurahan Babakan, sesuai nama; beberapa desa bernama sama, yang ini di kecamatan Sumber, kode pos 45612",
    ),
    (
        SearchReason(kind=SearchReasonKind.KECAMATAN, name="Weru", likeness=Likeness.SIMILAR, role=Role.POI),
        "kecamatan Weru, a similar name in a place's name",
        "kecamatan Weru, nama mirip dalam nama tempat",
    ),
    (
        SearchReason(kind=SearchReasonKind.PLACE, name="Puskesmas Beber", relation=EAST_200_M, moved=True),
        "Puskesmas Beber, by name; 200 m east of it",
        "Puskesmas Beber, sesuai nama; 200 m di sebelah timurnya",
    ),
    (
        SearchReason(
            kind=SearchReasonKind.PLACE, name="Pasar", likeness=Likeness.SPELLING, relation=Relation(word="depan")
        ),
        "Pasar, spelt differently; in front of it",
        "Pasar, ejaan berbeda; di depannya",
    ),
    (
        SearchReason(kind=SearchReasonKind.PLACE_OF_KIND, name="polsek", area="Weru"),
        "polsek in Weru",
        "polsek di Weru",
    ),
    (
        SearchReason(kind=SearchReasonKind.STREET_IN_AREA, name="Jl. Kesambi", area="Drajat"),
        "street Jl. Kesambi, its piece in Drajat",
        "jalan: Jl. Kesambi, ruas di Drajat",
    ),
    (
        SearchReason(kind=SearchReasonKind.CROSSING, name="Jl. Merdeka", other="Jl. Pasar"),
        "crossing of Jl. Merdeka and Jl. Pasar",
        "persimpangan Jl. Merdeka dan Jl. Pasar",
    ),
    (SearchReason(kind=SearchReasonKind.POSTCODE, postcode="45153"), "postcode 45153", "kode pos 45153"),
    (
        SearchReason(
            kind=SearchReasonKind.COORDINATES, form=CoordinateForm.DECIMAL, notes=(Note(kind=NoteKind.DECIMAL_COMMAS),)
        ),
        "coordinates (decimal degrees); decimal commas were read",
        "koordinat (derajat desimal); koma desimal telah dibaca",
    ),
    (
        SearchReason(
            kind=SearchReasonKind.REACHED, name="Karangmekar", other="Kantor Desa Sarajaya", relation=EAST_200_M
        ),
        "village Karangmekar, reached 200 m east of Kantor Desa Sarajaya",
        "desa/kelurahan Karangmekar, 200 m ke timur dari Kantor Desa Sarajaya",
    ),
]


@pytest.mark.parametrize(("reason", "english", "indonesian"), SEARCH_REASONS)
def test_a_reason_of_the_search_is_worded_in_both_languages(
    reason: SearchReason, english: str, indonesian: str
) -> None:
    assert search_reason_text(reason) == search_reason_text(reason, EN) == english
    assert search_reason_text(reason, ID) == indonesian


@given(
    kind=st.sampled_from(SearchReasonKind),
    likeness=st.sampled_from(Likeness),
    role=st.sampled_from([None, *Role]),
    form=st.sampled_from(CoordinateForm),
    word=st.sampled_from(
        ["dekat", "depan", "belakang", "samping", "seberang", "sebelah", "sekitar", "pinggir", "arah"]
    ),
    bearing_deg=st.none() | st.floats(0, 360),
    distance_m=st.none() | st.floats(1, 20_000),
    moved=st.booleans(),
)
def test_every_reason_of_the_search_is_one_line_in_either_language(
    kind: SearchReasonKind,
    likeness: Likeness,
    role: Role | None,
    form: CoordinateForm,
    word: str,
    bearing_deg: float | None,
    distance_m: float | None,
    moved: bool,
) -> None:
    relation = Relation(word=word, bearing_deg=bearing_deg, distance_m=distance_m)
    reason = SearchReason(
        kind=kind, name="A", likeness=likeness, role=role, area="B", other="C", postcode="45153", form=form,
        relation=relation, moved=moved, moved_to="D" if moved else None,
    )  # fmt: skip
    for _ in (ID, EN):
        text = search_reason_text(reason, _)
        assert text.strip()
        assert not re.search(r"[{}\n]|None", text)
