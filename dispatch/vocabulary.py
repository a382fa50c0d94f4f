"""The words for unit kinds and statuses, as Indonesian centres spell them in their spreadsheets.

Only the spellings listed here are understood; capitals, and spaces or hyphens for underscores, make no difference.
An unlisted kind is kept as it stands (kinds are free words), an unlisted status is a fault of its row.
"""

from __future__ import annotations

import re
from typing import Final

from dispatch.types import UnitStatus

KIND_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "ambulance": ("ambulans", "ambulan", "mobil_ambulans", "mobil_ambulance"),
    "fire_engine": (
        "damkar", "pemadam", "pemadam_kebakaran", "mobil_damkar", "mobil_pemadam", "fire_truck", "pumper",
    ),
    "water_tanker": ("tangki", "mobil_tangki", "tangki_air", "tanker", "water_tender"),
    "ladder_truck": ("mobil_tangga", "ladder"),
    "rescue": ("penyelamat", "penyelamatan", "mobil_rescue", "rescue_truck"),
    "police": ("polisi", "patroli", "mobil_patroli", "police_car"),
    "boat": ("perahu", "perahu_karet", "perahu_motor", "kapal", "rubber_boat", "lcr"),
    "rapid_response": ("trc", "tim_reaksi_cepat", "mobil_trc", "trc_bpbd", "mobil_bpbd"),
    "evacuation_truck": ("truk_evakuasi", "truk_serbaguna", "mobil_evakuasi", "evacuation_vehicle"),
    "heavy_equipment": ("alat_berat", "ekskavator", "excavator", "backhoe", "loader"),
    "public_order": ("satpol_pp", "satpol", "mobil_satpol_pp", "patroli_satpol_pp"),
    "traffic_unit": ("dishub", "mobil_dishub", "patroli_dishub"),
    "tow_truck": ("derek", "mobil_derek", "truk_derek"),
    "social_services": ("dinsos", "mobil_dinsos", "molin", "mobil_perlindungan"),
}  # fmt: skip
"""Kind to its other spellings."""

STATUS_SPELLINGS: Final[dict[UnitStatus, tuple[str, ...]]] = {
    UnitStatus.AVAILABLE: ("siap", "siaga", "tersedia", "ready", "standby", "stand_by", "idle"),
    # A bare "busy" does not say which step of its task the unit is at: it is taken as given a task.
    UnitStatus.DISPATCHED: ("ditugaskan", "bertugas", "sibuk", "busy", "assigned"),
    UnitStatus.EN_ROUTE: ("enroute", "responding", "menuju_lokasi", "meluncur", "otw"),
    UnitStatus.ON_SCENE: ("onscene", "at_scene", "di_lokasi", "di_tkp"),
    UnitStatus.TRANSPORTING: ("transport", "membawa_pasien", "mengantar_pasien"),
    UnitStatus.AT_HOSPITAL: ("di_rumah_sakit", "di_rs"),
    UnitStatus.RETURNING: ("kembali", "kembali_ke_pos"),
    UnitStatus.OUT_OF_SERVICE: (
        "oos", "off_duty", "maintenance", "rusak", "perbaikan", "perawatan", "bengkel", "nonaktif", "tidak_aktif",
        "lepas_dinas",
    ),
}  # fmt: skip
"""Status to its other spellings."""

_SEPARATORS = re.compile(r"[\s_-]+")


def normalised(word: str) -> str:
    """One word in lower case, its parts joined by single underscores."""
    return _SEPARATORS.sub("_", word.strip()).strip("_").lower()


def unit_kind(word: str) -> str:
    """The kind that a word names; an unlisted word is its own kind, an empty one stays empty."""
    key = normalised(word)
    return _KIND_BY_SPELLING.get(key, key)


def unit_status(word: str) -> UnitStatus | None:
    """The status that a word names, or None where no listed spelling fits."""
    return _STATUS_BY_SPELLING.get(normalised(word))


_KIND_BY_SPELLING = {spelling: kind for kind, spellings in KIND_SPELLINGS.items() for spelling in spellings}
_STATUS_BY_SPELLING = {
    spelling: status for status, spellings in STATUS_SPELLINGS.items() for spelling in (status.value, *spellings)
}
