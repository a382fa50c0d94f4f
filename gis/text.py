"""Plain forms of what people write: folded, expanded, and reduced to what the spellings of one name have in common.

Three forms of a name, from exact to forgiving:

- `words("Gn. Jati")` -> `("gunung", "jati")`: folded to plain letters, abbreviations written out;
- `compact(...)` -> `"gunungjati"`: without spaces, since names are joined and split at will;
- `spelling_key(...)`: equal for spellings of one sound (`Soeranenggala`, `Suranengala`; `Panambangan`, `Penambangan`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

MAX_TEXT_LENGTH = 5_000
"""Longest text that is searched; the longest WhatsApp reports of officials are about 2,000 characters."""

WORDS_REMEMBERED = 1 << 15
"""Words whose plain forms are kept; callers use the same few thousand all the time."""

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")


def fold(text: str) -> str:
    """Casefold, strip accents and apostrophes, and turn every other mark into a single space."""
    plain = _APOSTROPHES.sub("", text)
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain)
        plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _NOT_PLAIN.sub(" ", plain.casefold()).strip()


def words(text: str) -> tuple[str, ...]:
    """The folded words of a name, its abbreviations written out."""
    return tuple(expand(fold(text).split()))


def compact(name_words: Iterable[str]) -> str:
    """Words without the spaces between them."""
    return "".join(name_words)


# --- Abbreviations ----------------------------------------------------------------------------------------------------

ADDRESS_ABBREVIATIONS = {
    **dict.fromkeys(("ds", "dsa", "des", "deso", "desaa", "ds2"), "desa"),
    **dict.fromkeys(("kel", "klurahan", "kelurhan", "kelurahn", "kelurahaan", "lurahan"), "kelurahan"),
    **dict.fromkeys(
        ("kec", "kc", "kcmtn", "kecmatan", "kcamatan", "kecamatn", "kecematan", "kecamtan", "cam"), "kecamatan"
    ),
    **dict.fromkeys(("kab", "kbpten", "kabupten", "kabupatn"), "kabupaten"),
    **dict.fromkeys(("kp", "kamp", "kampoeng"), "kampung"),
    **dict.fromkeys(("dsn", "dusn", "dus"), "dusun"),
    **dict.fromkeys(("blk", "bloq", "block"), "blok"),
    **dict.fromkeys(("jl", "jln", "jlan", "jalann", "jaln", "djalan", "djl"), "jalan"),
    **dict.fromkeys(("gg", "gng"), "gang"),
    **dict.fromkeys(("prm", "perumahan", "perumnas", "komplek", "kompleks", "komp", "btn"), "perum"),
    **dict.fromkeys(("no", "nmr", "nomer"), "nomor"),
}
"""Words of an address, for one part of which they stand."""

KIND_ABBREVIATIONS = {
    **dict.fromkeys(("pkm", "pusk", "puskes", "puskemas", "puskesmes", "puskesms", "puskesmass", "pkms"), "puskesmas"),
    **dict.fromkeys(("ps", "psr"), "pasar"),
    **dict.fromkeys(("ponpes", "pontren", "pp", "pst", "pesantrn"), "pesantren"),
    **dict.fromkeys(("msjd", "mesjid", "masjd", "masjit", "mesjit"), "masjid"),
    **dict.fromkeys(("mushola", "musholla", "musola", "tajug", "surau"), "musala"),
    **dict.fromkeys(("bale", "blai", "balae"), "balai"),
    **dict.fromkeys(("ktr", "kntr", "kantr", "kntor"), "kantor"),
    "post": "pos",
}
"""Words that tell a kind of place."""

RELATION_ABBREVIATIONS = {
    **dict.fromkeys(("dkt", "dket", "deket", "deketan", "dekat2"), "dekat"),
    **dict.fromkeys(("dpn", "dpan", "dep", "depn"), "depan"),
    **dict.fromkeys(("blkg", "blkng", "blakang", "belakng", "mburi"), "belakang"),
    **dict.fromkeys(("smpg", "smping", "sampng"), "samping"),
    **dict.fromkeys(("sebrang", "sbrang", "sebrng", "sbrg"), "seberang"),
    **dict.fromkeys(("seblah", "sblh", "sbelah", "sblah"), "sebelah"),
}

NAME_ABBREVIATIONS = {
    **dict.fromkeys(("wtn", "wetn", "wtan", "weton"), "wetan"),
    **dict.fromkeys(("kln", "klon", "kulonn"), "kulon"),
    **dict.fromkeys(("kdl", "kdul", "kidl"), "kidul"),
    "lr": "lor",
    **dict.fromkeys(("tgh", "tngh", "tngah", "teng"), "tengah"),
    **dict.fromkeys(("gn", "gunoeng"), "gunung"),
    **dict.fromkeys(("tmr", "tmur"), "timur"),
    "brt": "barat",
    "utr": "utara",
    **dict.fromkeys(("krg", "kr", "krang"), "karang"),
    **dict.fromkeys(("kdg", "kdung"), "kedung"),
    **dict.fromkeys(("bj", "bjg"), "bojong"),
    **dict.fromkeys(("tj", "tjg", "tg"), "tanjung"),
    "sdg": "sindang",
    "tgl": "tegal",
    "sbr": "sumber",
    **dict.fromkeys(("crb", "cbn", "cirbon", "tjirebon"), "cirebon"),
}
"""Words within a name."""

_JOINED = {
    **dict.fromkeys(("balaidesa", "baledesa", "baledeso", "baldes"), ("balai", "desa")),
    "kantordesa": ("kantor", "desa"),
    "kantorkuwu": ("kantor", "kuwu"),
    "kantorcamat": ("kantor", "camat"),
    "kantorkecamatan": ("kantor", "kecamatan"),
    "rumahsakit": ("rumah", "sakit"),
}
"""Words that people write in one."""

_ALL = {**NAME_ABBREVIATIONS, **RELATION_ABBREVIATIONS, **KIND_ABBREVIATIONS, **ADDRESS_ABBREVIATIONS}
_DATE_WORD = {"tgl"}
_SCHOOL = re.compile(r"^(sd|smp|sma|smk|mi|mts|ma|tk)(n|it|s|islam)?(\d+)?$")
_GLUED = ("kelurahan", "kecamatan", "puskesmas", "desa", "kec")


def expand(folded: Sequence[str]) -> list[str]:
    """Write out the abbreviations of folded words; numbers glued to a marker (`rt02`) are taken apart."""
    written: list[str] = []
    for position, word in enumerate(folded):
        if word in _DATE_WORD and position + 1 < len(folded) and folded[position + 1].isdigit():
            written.append("tanggal")
        else:
            written += _expanded(word)
    return written


_GLUED_NUMBER = re.compile(r"(rt|rw|no|gg|blok|km|dusun)(\d+)")
_NAME_START = re.compile(r"[b-df-hj-np-tv-z](?:[aeiou]|[lr][aeiou])")


@lru_cache(maxsize=WORDS_REMEMBERED)
def _expanded(word: str) -> tuple[str, ...]:
    if word in _ALL:
        return (_ALL[word],)
    if word in _JOINED:
        return _JOINED[word]
    glued = _GLUED_NUMBER.fullmatch(word)
    return _unglued(word) if glued is None else (_ALL.get(glued[1], glued[1]), glued[2])


def _unglued(word: str) -> tuple[str, ...]:
    for marker in _GLUED:
        if word.startswith(marker) and len(word) - len(marker) >= 4 and not word.startswith("desain"):
            if marker == "kec" and not _NAME_START.match(word[3:]):
                continue  # Kecomberan, or a slip in it
            return _ALL.get(marker, marker), word[len(marker) :]
    return (word,)


def school_level(word: str) -> str | None:
    """`sd`, `smp`, `sma`, `smk`, `mi`, `mts`, `ma` or `tk` for a school's abbreviation (`SMPN`, `SDN2`), else None."""
    match = _SCHOOL.match(word)
    return match[1] if match else None


# --- Spelling ---------------------------------------------------------------------------------------------------------

_OLD_SPELLING = (("oe", "u"), ("tj", "c"), ("dj", "j"), ("nj", "ny"), ("sj", "s"), ("ch", "h"))
_SAME_SOUND = (
    ("eu", "e"),
    ("sy", "s"),
    ("kh", "h"),
    ("dh", "d"),
    ("bh", "b"),
    ("th", "t"),
    ("gh", "g"),
    ("ph", "p"),
    ("q", "k"),
    ("x", "ks"),
    ("f", "p"),
    ("v", "p"),
    ("z", "j"),
    ("y", "j"),
)
_ALL_VOWELS_ALIKE = str.maketrans("eiou", "aaaa")
_DOUBLED = re.compile(r"(.)\1+")  # a line break matches no dot
_LATER_VOWEL = re.compile(r"(?<=.)[aeiou]")
_FINAL = re.compile(r"(?<=.)[hk]$", re.MULTILINE)


def modern_spelling(compacted: str) -> str:
    """The spelling since 1972 of a compact name: oe is u, tj is c, dj is j."""
    for old, new in _OLD_SPELLING:
        compacted = compacted.replace(old, new)
    return compacted


@lru_cache(maxsize=WORDS_REMEMBERED)
def spelling_key(compacted: str) -> str:
    """Reduce a compact name to the consonants heard and the places of its vowels.

    Equal for old and new spelling (oe/u, tj/c, dj/j, j/y), for Sundanese and Cirebon variants (eu/e; one vowel for
    another, as in Pa-/Pe- or -a/-o), for doubled letters and a mute final h or k. Names that differ may share a key
    (Karangsambung, Karangsembung): how many letters differ then tells which is the more likely.
    """
    key = modern_spelling(_DOUBLED.sub(r"\1", compacted))
    for old, new in _SAME_SOUND:
        key = key.replace(old, new)
    return _FINAL.sub("", _DOUBLED.sub(r"\1", key.translate(_ALL_VOWELS_ALIKE)))


def spelling_keys(compacted: Iterable[str]) -> list[str]:
    """As `spelling_key`, for thousands of compact names at once."""
    return _in_one_text(spelling_key.__wrapped__, compacted)


def skeleton(compacted: str) -> str:
    """The consonants of a compact name, its first letter kept: what a hurried writer leaves (`plmbn`)."""
    return _LATER_VOWEL.sub("", compacted)


def skeletons(compacted: Iterable[str]) -> list[str]:
    """As `skeleton`, for thousands of compact names at once."""
    return _in_one_text(skeleton, compacted)


def _in_one_text(change: Callable[[str], str], strings: Iterable[str]) -> list[str]:
    """Change strings, one per line of a single text, which takes a fraction of the time of changing each."""
    listed = list(strings)
    return change("\n".join(listed)).split("\n") if listed else []


def is_vowelless(compacted: str) -> bool:
    """Whether the vowels of a word were probably dropped."""
    return sum(map(compacted.count, "aeiou")) * 4 <= len(compacted)
