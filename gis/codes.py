"""Kemendagri codes of administrative areas: `PP.KK.CC.DVVV`.

Two digits each for province, kabupaten or kota, and kecamatan, then four for the village, of which the first
tells its kind: 1 kelurahan, 2 desa, 3 desa adat (Kabupaten Jayapura alone).
Source: Kepmendagri 300.2.2-2138/2025.
"""

from __future__ import annotations

import math
import re

from gis.errors import InputError
from gis.types import AreaLevel

PROVINCE_DIGITS, KABUPATEN_DIGITS, KECAMATAN_DIGITS, VILLAGE_DIGITS = 2, 4, 6, 10
DESA_ADAT_KABUPATEN = "91.03"

_GROUPS = {PROVINCE_DIGITS: 1, KABUPATEN_DIGITS: 2, KECAMATAN_DIGITS: 3, VILLAGE_DIGITS: 4}
_SEPARATED = re.compile(r"\d+(?:[.\-/ ]\d+)*", re.ASCII)
_NUMBER_WITH_ZERO = re.compile(r"(\d+)\.0+", re.ASCII)
_LEVELS = {2: AreaLevel.KABUPATEN, 3: AreaLevel.KECAMATAN, 4: AreaLevel.VILLAGE}


def normalise_code(text: object) -> str:
    """The dotted form of a code of any level.

    Parameters
    ----------
    text
        `3209012008`, `32.09.01.2008`, or a number as a library reads it from a file (3209012008.0).

    Raises
    ------
    InputError
        Where the text is not 2, 4, 6 or 10 digits, or is grouped otherwise than 2.2.2.4.
    """
    if isinstance(text, float):
        if not (math.isfinite(text) and text == int(text)):
            raise InputError(f"The code {text} is not a whole number; give it as text such as 32.09.01.2008.")
        text = int(text)
    written = str(text).strip()
    if number := _NUMBER_WITH_ZERO.fullmatch(written):
        written = number[1]
    if not _SEPARATED.fullmatch(written):
        raise InputError(
            f"“{_short(written)}” is not a Kemendagri code; give digits such as 32.09.01.2008 or 3209012008."
        )
    digits = re.sub(r"\D", "", written)
    if len(digits) not in _GROUPS:
        raise InputError(
            f"The code {_short(written)} has {len(digits)} digits; a Kemendagri code has 10 for a village, "
            "6 for a kecamatan and 4 for a kabupaten or kota."
        )
    groups = [digits[:2], digits[2:4], digits[4:6], digits[6:]][: _GROUPS[len(digits)]]
    written_groups = re.split(r"\D", written)
    if len(written_groups) > 1 and written_groups != groups:
        raise InputError(f"The code {_short(written)} is grouped wrongly; its form is 32.09.01.2008.")
    if "00" in groups:
        raise InputError(f"The code {written} has a group 00, which no province, kabupaten or kecamatan has.")
    return ".".join(groups)


def check_village_code(text: object) -> str:
    """The dotted form of a village's code.

    Raises
    ------
    InputError
        Where it is no code, a code of another level, or its kind is neither kelurahan nor desa.
    """
    code = normalise_code(text)
    if code.count(".") != 3:
        raise InputError(f"The code {code} is that of a larger area; a village has 10 digits such as 32.09.01.2008.")
    kind, number = code[9], code[10:]
    if not (kind in "12" or (kind == "3" and code.startswith(DESA_ADAT_KABUPATEN + "."))):
        raise InputError(
            f"The village number {code[9:]} of the code {code} begins with {kind}; "
            "a kelurahan begins with 1 and a desa with 2."
        )
    if number == "000":
        raise InputError(f"The village number {code[9:]} of the code {code} is zero; villages count from 001.")
    return code


def level_of(code: str) -> AreaLevel:
    """Level of a dotted code.

    Raises
    ------
    InputError
        Where it is a province's or no code.
    """
    level = _LEVELS.get(normalise_code(code).count(".") + 1)
    if level is None:
        raise InputError(f"The code {code} is that of a province; give a kabupaten, kecamatan or village.")
    return level


def kecamatan_of(code: str) -> str:
    """Code of the kecamatan of a village (or of the kecamatan itself), from its dotted code."""
    return _ancestor(code, 3)


def kabupaten_of(code: str) -> str:
    """Code of the kabupaten or kota of a village or kecamatan, from its dotted code."""
    return _ancestor(code, 2)


def province_of(code: str) -> str:
    """Code of the province of any area, from its dotted code."""
    return _ancestor(code, 1)


def parent_of(code: str) -> str | None:
    """Code of the area above, or None for a province."""
    return code.rpartition(".")[0] or None


def is_kelurahan(village_code: str) -> bool:
    """Whether a village with this dotted code is a kelurahan (else it is a desa or desa adat)."""
    return village_code[9] == "1"


def is_kota(code: str) -> bool:
    """Whether the kabupaten level of this dotted code is a kota: their numbers count from 71."""
    return int(code[3:5]) >= 71


def _ancestor(code: str, groups: int) -> str:
    parts = code.split(".")
    if len(parts) < groups:
        raise InputError(f"The code {code} has no area of level {groups}; it is a larger area itself.")
    return ".".join(parts[:groups])


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
