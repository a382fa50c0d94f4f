"""Plain forms of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.runs import runs
from gis.text import (
    compact,
    fold,
    modern_spelling,
    school_level,
    skeleton,
    skeletons,
    spelling_key,
    spelling_keys,
    words,
)
from gis.words import COMMON


def test_folding_leaves_plain_lower_case_words() -> None:
    assert fold("  Ds.  Gn.-Jati, (Kec. CIRÉBON)!\n") == "ds gn jati kec cirebon"
    assert fold("Assalamu'alaikum Jum’at") == "assalamualaikum jumat"
    assert fold("🔥🔥") == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Ds. Plumbon", "desa plumbon"),
        ("Kel Sumber Kec Sumber Kab Cirebon", "kelurahan sumber kecamatan sumber kabupaten cirebon"),
        ("Gebang Kln", "gebang kulon"),
        ("Setu Wtn", "setu wetan"),
        ("Bakung Kdl", "bakung kidul"),
        ("Ciledug Tgh", "ciledug tengah"),
        ("Gn. Jati", "gunung jati"),
        ("Pkm Plumbon", "puskesmas plumbon"),
        ("Ps. Jungjang", "pasar jungjang"),
        ("Jln. Raya", "jalan raya"),
        ("Gg. Mawar", "gang mawar"),
        ("Tgl Gubug", "tegal gubug"),
        ("tgl 12 Mei", "tanggal 12 mei"),
        ("desaKertawinangun", "desa kertawinangun"),
        ("Kecomberan", "kecomberan"),
        ("rt02 rw05", "rt 02 rw 05"),
    ],
)
def test_abbreviations_are_written_out(written: str, meant: str) -> None:
    assert " ".join(words(written)) == meant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("soeranenggala", "suranenggala"),
        ("suranengala", "suranenggala"),
        ("tjiledoeg", "ciledug"),
        ("djatiseeng", "jatiseeng"),
        ("panambangan", "penambangan"),
        ("pakantingan", "pekantingan"),
        ("leuwidingding", "lewidingding"),
        ("jagapuro", "jagapura"),
        ("mertapadha", "mertapada"),
        ("japurabhakti", "japurabakti"),
    ],
)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert spelling_key(one) == spelling_key(other)


@pytest.mark.parametrize(("one", "other"), [("plumbon", "plered"), ("gebang", "gembongan"), ("weru", "waled")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert spelling_key(one) != spelling_key(other)


def test_the_old_spelling_is_modernised() -> None:
    assert modern_spelling("tjiledoeg") == "ciledug"


def test_a_skeleton_is_what_a_hurried_writer_leaves() -> None:
    assert skeleton("plumbon") == skeleton("plmbn") == "plmbn"


@pytest.mark.parametrize(
    ("word", "level"),
    [("smpn", "smp"), ("sdn2", "sd"), ("mts", "mts"), ("sma", "sma"), ("smk", "smk"), ("sumber", None)],
)
def test_schools_are_known_by_their_abbreviation(word: str, level: str | None) -> None:
    assert school_level(word) == level


@given(st.text(max_size=60))
def test_folding_is_idempotent_and_plain(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert all(character.isascii() for character in folded)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_key_is_never_empty_and_forgives_a_doubled_letter(name: str) -> None:
    assert spelling_key(name)
    assert spelling_key(name + name[-1]) == spelling_key(name)


def test_joined_and_split_names_are_one() -> None:
    assert compact(words("Gunung Jati")) == compact(words("Gunungjati")) == compact(words("Gn. Jati"))


@given(strings=st.lists(st.text(alphabet="abcdeghijknoquxy", max_size=9)))
def test_thousands_of_names_at_once_are_reduced_as_each_alone(strings: list[str]) -> None:
    assert spelling_keys(strings) == [spelling_key(string) for string in strings]
    assert skeletons(strings) == [skeleton(string) for string in strings]


@given(
    text=st.lists(st.sampled_from(["weru", "lor", "di", "12", "setu", "ada"]), max_size=9),
    shortest=st.integers(1, 3),
    longest=st.integers(1, 5),
)
def test_runs_are_all_stretches_without_a_common_word_or_a_number(text: list[str], shortest: int, longest: int) -> None:
    plain = [
        (start, end)
        for start in range(len(text))
        for end in range(start + shortest, len(text) + 1)
        if end - start <= longest and not any(word in COMMON or word.isdigit() for word in text[start:end])
    ]
    assert list(runs(text, shortest, longest)) == plain
