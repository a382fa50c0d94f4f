"""The parts of an address, read from what people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.address import Role, parse_address


@pytest.mark.parametrize(
    ("text", "village", "kecamatan"),
    [
        ("Ds. Kertawinangun Kec. Kedawung", "kertawinangun", "kedawung"),
        ("ds.tegalwangi kec.weru", "tegalwangi", "weru"),
        ("Kelurahan Perbutulan, Kecamatan Sumber", "perbutulan", "sumber"),
        ("Kec. Gn. Jati Ds. Astana", "astana", "gunung jati"),
        ("Ds.Kalimaro,Kec.Gebang,Kab.Cirebon", "kalimaro", "gebang"),
        ("Ds/Kec Gempol", "gempol", "gempol"),
        ("Desa: Gegesik Lor\nKecamatan: Gegesik", "gegesik lor", "gegesik"),
        ("di desa Sende ada kebakaran", "sende", None),
        ("di desa Gintung Tengah kec Ciwaringin tolong", "gintung tengah", "ciwaringin"),
        ("kami di desa, tolong", None, None),
    ],
)
def test_markers_name_the_village_and_the_kecamatan(text: str, village: str | None, kecamatan: str | None) -> None:
    detail = parse_address(text)
    assert (detail.village, detail.kecamatan) == (village, kecamatan)


def test_the_kabupaten_and_the_postcode_are_kept() -> None:
    detail = parse_address("Ds. Kalimaro Kec. Gebang Kab. Cirebon 45191")
    assert (detail.kabupaten, detail.postcode) == ("cirebon", "45191")


@pytest.mark.parametrize(
    ("text", "rt", "rw"),
    [
        ("RT 02 RW 05", "2", "5"),
        ("RT.03/RW.01", "3", "1"),
        ("rt 11/03", "11", "3"),
        ("RT01/RW02", "1", "2"),
        ("rt/rw 02/05", "2", "5"),
        ("rt 3", "3", None),
        ("rw 07", None, "7"),
        ("rumah pak RT", None, None),
    ],
)
def test_rt_and_rw_are_kept_as_detail(text: str, rt: str | None, rw: str | None) -> None:
    detail = parse_address(f"desa Weru Lor {text}")
    assert (detail.rt, detail.rw, detail.village) == (rt, rw, "weru lor")


def test_perum_block_number_and_dusun_are_kept_as_detail() -> None:
    detail = parse_address("Perum Griya Asri Blok C No. 12 Ds Pamengkang Kec Mundu")
    assert (detail.hamlet, detail.block, detail.number) == ("griya asri", "c", "12")
    assert detail.village == "pamengkang"
    assert parse_address("dusun 2 desa Blender").hamlet == "2"
    assert parse_address("blok Karang Baru desa Weru Lor").block == "karang baru"


def test_a_street_ends_at_its_number_and_at_the_next_marker() -> None:
    detail = parse_address("Jl. Kisabalanang No 5 Ds. Trusmi Kln Kec Plered")
    assert detail.streets == ("kisabalanang",)
    assert detail.number == "5"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("puskesmas plumbon", "clinic", "plumbon"),
        ("Pkm Kedawung", "clinic", "kedawung"),
        ("balai desa weru lor", "townhall", "weru lor"),
        ("bale desa gegesik wetan", "townhall", "gegesik wetan"),
        ("kantor kuwu kalimekar", "townhall", "kalimekar"),
        ("polsek kedawung", "police", "kedawung"),
        ("pos damkar weru", "fire_station", "weru"),
        ("RSUD Waled", "hospital", "waled"),
        ("rumah sakit pertamina", "hospital", "pertamina"),
        ("SMPN 1 Sumber", "school", "sumber"),
        ("ponpes kempek", "school", "kempek"),
        ("pasar jungjang", "market", "jungjang"),
        ("mesjid agung sumber", "place_of_worship", "sumber"),
    ],
)
def test_a_point_of_interest_has_a_kind_and_a_name(text: str, kind: str, words: str) -> None:
    phrase = parse_address(text).phrases[0]
    assert (phrase.role, phrase.kind, phrase.text) == (Role.POI, kind, words)


def test_an_office_tells_the_level_it_serves() -> None:
    levels = [
        parse_address(f"{office} sumber").phrases[0].level for office in ("balai desa", "kantor camat", "kantor bupati")
    ]
    assert levels == ["village", "kecamatan", "kabupaten"]


@pytest.mark.parametrize(
    ("text", "word", "bearing_deg", "distance_m"),
    [
        ("dekat balai desa Gamel", "dekat", None, None),
        ("dpn pkm klangenan", "depan", None, None),
        ("sebrang polsek ciwaringin", "seberang", None, None),
        ("di belakang balai desa Sigong", "belakang", None, None),
        ("sebelah timur 200 m dari balai desa Gamel", "sebelah", 90.0, 200.0),
        ("200 meter utara balai desa Gamel", "jarak", 0.0, 200.0),
        ("200m sebelah barat daya balai desa Gamel", "jarak", 225.0, 200.0),
        ("sebelah timur laut pasar jungjang", "sebelah", 45.0, None),
        ("1 km selatan puskesmas Beber", "jarak", 180.0, 1000.0),
        ("kurang lebih 50 meter dari balai desa Putat", "jarak", None, 50.0),
        ("sebelah lor balai desa Gamel", "sebelah", 0.0, None),
        ("tenggara balai desa Gamel", "sebelah", 135.0, None),
    ],
)
def test_a_relation_has_a_word_a_bearing_a_distance_and_an_anchor(
    text: str, word: str, bearing_deg: float | None, distance_m: float | None
) -> None:
    detail = parse_address(text)
    relation = detail.relation
    assert relation is not None
    assert (relation.word, relation.bearing_deg, relation.distance_m) == (word, bearing_deg, distance_m)
    assert relation.anchor is not None
    assert detail.phrases[relation.anchor].role is Role.POI


def test_a_direction_within_a_name_is_no_relation() -> None:
    detail = parse_address("Desa Palimanan Timur")
    assert (detail.village, detail.relation) == ("palimanan timur", None)
    assert parse_address("palimanan barat gempol").relation is None


@pytest.mark.parametrize(
    "text",
    [
        "perempatan Jl. Fatahillah - Jl. Dewi Sartika",
        "perempatan jalan Fatahillah dan jalan Dewi Sartika",
        "simpang empat Jl Fatahillah/Jl Dewi Sartika",
        "pertigaan Fatahillah - Dewi Sartika",
        "perempatan Jl Fatahillah dengan Dewi Sartika",
    ],
)
def test_a_crossing_names_two_streets(text: str) -> None:
    detail = parse_address(text)
    assert detail.crossing
    assert detail.streets == ("fatahillah", "dewi sartika")


def test_a_message_keeps_only_what_names_places() -> None:
    detail = parse_address(
        "🔥🔥 KEBAKARAN!!!\nLokasi: Blok Karang Baru RT 01/02 Ds. Gegesik Lor Kec. Gegesik\nJam: 09.15 WIB\n"
        "Mohon bantuan segera 🙏 hub 0812-3456-7890 https://example.org/a"
    )
    assert (detail.village, detail.kecamatan, detail.block) == ("gegesik lor", "gegesik", "karang baru")
    assert (detail.rt, detail.rw, detail.postcode, detail.number) == ("1", "2", None, None)
    digits = [word for phrase in detail.phrases for word in phrase.words if word.isdigit()]
    assert digits == []


def test_a_fire_source_is_no_place_called_sumber() -> None:
    words = [word for phrase in parse_address("sumber api dari kompor di Beber").phrases for word in phrase.words]
    assert "sumber" not in words
    assert "beber" in words


def test_a_name_with_a_markers_word_is_kept_when_it_is_known() -> None:
    keep = {("waled", "desa")}
    assert parse_address("waled desa waled", keep=keep).phrases[0].words[:2] == ("waled", "desa")
    assert parse_address("kec waled desa ambit", keep=keep).village == "ambit"
    assert parse_address("Desa Waled Desa, Kec. Waled").village == "waled desa"


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    detail = parse_address(text)
    assert all(phrase.words or phrase.role is Role.POI for phrase in detail.phrases)


@given(
    st.lists(
        st.sampled_from(
            [
                "desa",
                "kec",
                "jl",
                "rt",
                "02",
                "rw",
                "/",
                ",",
                ".",
                "200",
                "m",
                "timur",
                "dari",
                "dekat",
                "balai",
                "puskesmas",
                "weru",
                "lor",
                "blok",
                "no",
                "5",
                "dan",
                "simpang",
                "45153",
                "sd",
            ]
        ),
        max_size=25,
    ).map(" ".join)
)
def test_any_heap_of_markers_is_read(text: str) -> None:
    detail = parse_address(text)
    if detail.relation is not None and detail.relation.anchor is not None:
        assert detail.relation.anchor < len(detail.phrases)
