from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from gis.codes import (
    check_village_code,
    is_kelurahan,
    is_kota,
    kabupaten_of,
    kecamatan_of,
    level_of,
    normalise_code,
    parent_of,
    province_of,
)
from gis.errors import InputError
from gis.types import AreaLevel
from tests.strategies import village_codes


@pytest.mark.parametrize(
    "written",
    ["3209012008", "32.09.01.2008", " 32.09.01.2008 ", "32-09-01-2008", "32 09 01 2008", "3209012008.0", 3209012008,
     3209012008.0, np.int64(3209012008), np.float64(3209012008)],
)  # fmt: skip
def test_every_way_to_write_a_code_gives_its_dotted_form(written: object) -> None:
    assert normalise_code(written) == "32.09.01.2008"


@given(village_codes())
def test_a_code_survives_losing_its_dots_and_becoming_a_number(code: str) -> None:
    digits = code.replace(".", "")
    assert normalise_code(code) == normalise_code(digits) == normalise_code(float(digits)) == code
    assert check_village_code(digits) == code


@given(village_codes())
def test_the_areas_above_are_the_beginnings_of_a_code(code: str) -> None:
    assert parent_of(code) == kecamatan_of(code) == code[:8]
    assert kabupaten_of(code) == kabupaten_of(kecamatan_of(code)) == code[:5]
    assert province_of(code) == code[:2]
    assert parent_of(code[:2]) is None
    assert [level_of(code), level_of(code[:8]), level_of(code[:5])] == list(AreaLevel)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("320901200", "has 9 digits"),
        ("32090120081", "has 11 digits"),
        ("", "is not a Kemendagri code"),
        ("32.09.01.200A", "is not a Kemendagri code"),
        ("3.20901E+09", "is not a Kemendagri code"),
        ("32.0901.2008", "grouped wrongly"),
        ("32.09.012.008", "grouped wrongly"),
        ("32.00.01.2008", "group 00"),
        (3209012008.5, "not a whole number"),
        (float("nan"), "not a whole number"),
        ("٣٢.٠٩", "is not a Kemendagri code"),
        ("9" * 10_000, "digits"),
    ],
)
def test_a_wrong_code_is_refused_with_its_reason(wrong: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        normalise_code(wrong)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("kind", "03456789")
def test_a_village_is_a_kelurahan_or_a_desa(kind: str) -> None:
    with pytest.raises(InputError, match=f"begins with {kind}"):
        check_village_code(f"32.09.01.{kind}008")


def test_a_desa_adat_is_only_in_kabupaten_jayapura() -> None:
    assert check_village_code("91.03.01.3007") == "91.03.01.3007"


@pytest.mark.parametrize("larger", ["32", "32.09", "320901"])
def test_a_larger_area_is_no_village(larger: str) -> None:
    with pytest.raises(InputError, match="larger area"):
        check_village_code(larger)


def test_a_village_number_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="count from 001"):
        check_village_code("32.09.01.2000")


def test_kinds_are_read_from_the_code() -> None:
    assert is_kelurahan("32.74.01.1001")
    assert not is_kelurahan("32.09.01.2008")
    assert is_kota("32.74")
    assert not is_kota("32.09.01")
    with pytest.raises(InputError, match="province"):
        level_of("32")
    with pytest.raises(InputError, match="larger area"):
        kecamatan_of("32.09")
