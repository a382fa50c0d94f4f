"""Split what a caller or an official wrote into the parts of an address. Pure: it knows words, not places.

`parse_address` follows the markers people write (`desa`, `kec`, `jl`, `depan`, `RT`, `puskesmas`, ...) and keeps what
no marker explains as free phrases; which names exist is for the gazetteer to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gis.text import expand, fold, school_level
from gis.words import (
    BEARINGS,
    CARDINALS,
    COMMON,
    COMPOUND_BEARINGS,
    CROSSING_SIZES,
    CROSSING_WORDS,
    FALSE_STARTS,
    HARD_STOPS,
    KIND_BEGINNINGS,
    NAME_TAILS,
    PLACE_KINDS,
    RELATIONS,
    SINGLE_BEARINGS,
)

LONGEST_NAME_WORDS = 5
LONGEST_DISTANCE_M = 20_000.0


class Role(StrEnum):
    """What a phrase was said to name."""

    VILLAGE = "village"
    KECAMATAN = "kecamatan"
    KABUPATEN = "kabupaten"
    STREET = "street"
    POI = "poi"
    HAMLET = "hamlet"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Folded words that stand together.

    Attributes
    ----------
    kind, level
        For a `POI` phrase the kind of place and, for an office, the level of the area it serves; else None.
    marker
        The words that told the role, as written out (`balai desa`); empty for a free phrase.
    """

    role: Role
    words: tuple[str, ...]
    marker: str = ""
    kind: str | None = None
    level: str | None = None

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Where something is in relation to an anchor: the phrase number `anchor`, or None when none follows."""

    word: str
    bearing_deg: float | None = None
    distance_m: float | None = None
    anchor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDetail:
    """The parts of an address; what was not said is None or empty."""

    phrases: tuple[Phrase, ...] = ()
    postcode: str | None = None
    crossing: bool = False
    relation: Relation | None = None
    rt: str | None = None
    rw: str | None = None
    number: str | None = None

    def _first(self, role: Role) -> str | None:
        return next((phrase.text for phrase in self.phrases if phrase.role is role and phrase.words), None)

    @property
    def village(self) -> str | None:
        """The phrase marked as a village."""
        return self._first(Role.VILLAGE)

    @property
    def kecamatan(self) -> str | None:
        """The phrase marked as a kecamatan."""
        return self._first(Role.KECAMATAN)

    @property
    def kabupaten(self) -> str | None:
        """The phrase marked as a kabupaten or kota."""
        return self._first(Role.KABUPATEN)

    @property
    def hamlet(self) -> str | None:
        """The dusun, kampung, perumahan or gang."""
        return self._first(Role.HAMLET)

    @property
    def block(self) -> str | None:
        """The blok, by letter, number or name."""
        return next((phrase.text for phrase in self.phrases if phrase.marker == "blok"), None)

    @property
    def streets(self) -> tuple[str, ...]:
        """The streets, or the two names of a crossing."""
        return tuple(phrase.text for phrase in self.phrases if phrase.role is Role.STREET and phrase.words)

    @property
    def poi(self) -> str | None:
        """The point of interest with its kind, e.g. `balai desa weru lor`."""
        return next(
            (f"{phrase.marker} {phrase.text}".strip() for phrase in self.phrases if phrase.role is Role.POI), None
        )


def parse_address(
    text: str, *, keep: Collection[tuple[str, ...]] = (), street_beginnings: Collection[str] = ()
) -> AddressDetail:
    """Split a free text, up to a whole WhatsApp message, into the parts of an address.

    Parameters
    ----------
    text
        The text as it was written.
    keep
        Names that hold a marker's word (`Waled Desa`), so that it is not taken for a marker.
    street_beginnings
        Words with which names of streets begin (`Merdeka`, `Pasar`), so that they do not end a street's name although
        they are common or tell a kind of place.
    """
    return _Reader(_tokens(text), frozenset(keep), frozenset(street_beginnings)).read()


# --- Tokens -----------------------------------------------------------------------------------------------------------

_BREAK = "|"
_NOISE = (
    re.compile(r"(?i)\b(?:https?://|geo:|www\.)\S+"),
    re.compile(r"(?<![\w.,])(?:\+?62|0)[\d\s().-]{8,16}\d(?![\w])"),  # phone numbers
    re.compile(r"(?i)\b(?:jam|pukul|pkl)?\s*\d{1,2}[.:]\d{2}(?:[.:]\d{2})?\s*(?:wib|wita|wit)\b"),
    re.compile(r"(?i)\b(?:jam|pukul|pkl)\s*\d{1,2}(?:[.:]\d{2})?\b"),
    re.compile(r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d{2}\b"),  # dates
    re.compile(r"(?i)\bkode\s?pos\b"),
    re.compile(r"(?i)\brp\.?\s*[\d.,]+"),
    re.compile(r"(?<![\w.])[+-]?\d{1,3}[.,]\d{3,}(?:\s*[,;]?\s*[+-]?\d{1,3}[.,]\d{3,})?"),  # coordinates
)
_NEIGHBOURHOOD = re.compile(
    r"(?i)\brt\s*[./]?\s*(?:/?\s*rw)?\s*[.:]?\s*(?P<rt>\d{1,3})\s*(?:[,/-]?\s*(?:/?\s*rw)\s*[.:/]?\s*(?P<rw>\d{1,3})"
    r"|\s*/\s*(?P<bare>\d{1,3}))?"
)
_NEIGHBOURHOOD_RW = re.compile(r"(?i)\brw\s*[.:/]?\s*(?P<rw>\d{1,3})")
_BREAKS = re.compile(
    r"[,;:|()\[\]{}!?*\n\r\"“”•…]+|\s+[-–—]+\s*|[-–—]+\s+|\s+[/&]\s+|(?<=[^\W\d_]{3})/(?=[^\W\d_]{3})|\.(?=\s+[A-Z0-9]|\s*$)|[^\w\s.,'’/&+-]+"
)
_ABBREVIATION_DOT = re.compile(r"(?i)\b(\w{1,5})\.\s*(?=\w)")
_SLASHED_MARKERS = re.compile(r"(?i)\b(desa|ds|kel|kelurahan)\s*\.?\s*/\s*(kec|kecamatan)\b")


@dataclass(slots=True)
class _Tokens:
    words: list[str]
    rt: str | None = None
    rw: str | None = None


def _tokens(text: str) -> _Tokens:
    for noise in _NOISE:
        text = noise.sub(" , ", text)
    rt = rw = None
    found = _NEIGHBOURHOOD.search(text)
    if found is not None:
        rt, rw = found["rt"], found["rw"] or found["bare"]
        text = _NEIGHBOURHOOD.sub(" , ", text)
    found = _NEIGHBOURHOOD_RW.search(text)
    if found is not None:
        rw = rw or found["rw"]
        text = _NEIGHBOURHOOD_RW.sub(" , ", text)
    text = _SLASHED_MARKERS.sub(r" \1 \2 ", text)
    text = _ABBREVIATION_DOT.sub(r"\1 ", text)
    words: list[str] = []
    for index, piece in enumerate(_BREAKS.split(text)):
        if index and words and words[-1] != _BREAK:
            words.append(_BREAK)
        words += expand(fold(piece.replace("-", " ").replace("/", " ")).split())
    return _Tokens(words, _plain_number(rt), _plain_number(rw))


def _plain_number(text: str | None) -> str | None:
    return None if text is None else text.lstrip("0") or "0"


# --- Reading ----------------------------------------------------------------------------------------------------------

_VILLAGE_MARKERS = frozenset({"desa", "kelurahan", "kuwu"})
_HAMLET_MARKERS = frozenset({"dusun", "kampung", "perum", "gang", "dukuhan", "lingkungan", "blok"})
ADDRESS_MARKERS = _VILLAGE_MARKERS | _HAMLET_MARKERS | {"kecamatan", "kabupaten", "jalan"}
_DISTANCE_UNITS = {
    "m": 1.0,
    "mtr": 1.0,
    "meter": 1.0,
    "meteran": 1.0,
    "km": 1000.0,
    "kilo": 1000.0,
    "kilometer": 1000.0,
}
_SURE_SCHOOLS = frozenset({"sd", "sdn", "sdit", "smp", "smpn", "smpit", "sma", "sman", "smk", "smkn", "mts", "mtsn"})
_LINKING = frozenset({"dan", "dengan", "x", "sama", "ketemu"})
_LONGEST_KIND = max(map(len, PLACE_KINDS))


@dataclass(slots=True)
class _Open:
    role: Role
    words: list[str] = field(default_factory=list)
    marker: str = ""
    kind: str | None = None
    level: str | None = None
    also: Role | None = None


class _Reader:
    """One pass over the tokens, always with one phrase open."""

    def __init__(self, tokens: _Tokens, keep: frozenset[tuple[str, ...]], street_beginnings: frozenset[str]) -> None:
        self._tokens = tokens
        self._keep: dict[str, list[tuple[str, ...]]] = {}
        for name in keep:
            self._keep.setdefault(name[0], []).append(name)
        self._street_beginnings = street_beginnings
        self._words = tokens.words
        self._at = 0
        self._phrases: list[Phrase] = []
        self._open = _Open(Role.FREE)
        self._postcode: str | None = None
        self._number: str | None = None
        self._crossing = False
        self._relation: Relation | None = None
        self._relation_waits = False

    def read(self) -> AddressDetail:
        while self._at < len(self._words):
            self._at += self._step(self._words[self._at])
        self._close()
        return AddressDetail(
            phrases=tuple(self._phrases),
            postcode=self._postcode,
            crossing=self._crossing,
            relation=self._relation,
            rt=self._tokens.rt,
            rw=self._tokens.rw,
            number=self._number,
        )

    def _ahead(self, offset: int = 1) -> str:
        position = self._at + offset
        return self._words[position] if position < len(self._words) else _BREAK

    def _step(self, word: str) -> int:
        """Read one token or more; returns how many."""
        if word == _BREAK:
            if self._open.words or self._open.role in (Role.FREE, Role.POI):
                self._begin(Role.STREET if self._crossing_goes_on() else Role.FREE)
            return 1
        if (word, self._ahead()) in FALSE_STARTS:
            self._begin(Role.FREE)
            return 2
        for reader in (
            self._read_kept,
            self._read_kind,
            self._read_marker,
            self._read_number,
            self._read_relation,
            self._read_crossing,
        ):
            taken = reader(word)
            if taken:
                return taken
        self._read_name(word)
        return 1

    def _read_kept(self, word: str) -> int:
        for name in self._keep.get(word, ()):
            if tuple(self._words[self._at : self._at + len(name)]) == name:
                if self._open.role is Role.KECAMATAN and self._ahead(len(name)) != _BREAK:
                    continue  # `kec Waled desa Ambit`
                self._open.words += name
                return len(name)
        return 0

    def _read_kind(self, word: str) -> int:
        if school_level(word) is not None and self._open.role is not Role.POI:
            following = self._ahead()
            taken = 2 if following.isdigit() or following == "negeri" else 1
            if taken == 2 and following == "negeri" and self._ahead(2).isdigit():
                taken = 3
            if word not in _SURE_SCHOOLS and (following in COMMON or following == _BREAK):
                return 0  # `min` is also short for admin, `ma` and `mas` are forms of address
            marker = " ".join(self._words[self._at : self._at + taken])
            self._begin(Role.POI, marker=marker, kind="school")
            return taken
        for length in range(_LONGEST_KIND if word in KIND_BEGINNINGS else 0, 0, -1):
            sequence = tuple(self._words[self._at : self._at + length])
            if len(sequence) == length and sequence in PLACE_KINDS:
                kind, level = PLACE_KINDS[sequence]
                if self._open.role is Role.STREET and (
                    not self._open.words or (self._crossing and word in self._street_beginnings)
                ):
                    return 0  # Jalan Pasar ..., Jalan Stasiun: a street's name
                self._begin(Role.POI, marker=" ".join(sequence), kind=kind, level=level)
                return length
        return 0

    def _read_marker(self, word: str) -> int:
        if word in _VILLAGE_MARKERS:
            if word == "kuwu" and (self._ahead() in COMMON or self._ahead() == _BREAK):
                return 0
            if word == "desa" and self._ends_a_name():
                return 0
            self._begin(Role.VILLAGE, marker=word)
            return 1
        if word == "kecamatan":
            both = self._open.role is Role.VILLAGE and not self._open.words
            self._begin(Role.KECAMATAN, marker=word)
            self._open.also = Role.VILLAGE if both else None
            return 1
        if word == "kabupaten" or (word == "kota" and self._ahead() == "cirebon"):
            self._begin(Role.KABUPATEN, marker=word)
            return 1
        if word == "jalan":
            self._begin(Role.STREET, marker=word)
            return 1
        if word in _HAMLET_MARKERS:
            self._begin(Role.HAMLET, marker=word)
            return 1
        return 0

    def _ends_a_name(self) -> bool:
        """Whether a last `desa` belongs to the name before it: Waled Desa, Blok Desa."""
        if self._ahead() not in {_BREAK, "kecamatan", "kabupaten"}:
            return False
        words = self._open.words
        return words[-1] not in COMMON if words else self._open.role is Role.HAMLET

    def _read_number(self, word: str) -> int:
        following = self._ahead()
        if word == "nomor" and re.fullmatch(r"\d{1,4}[a-z]?", following):
            self._number = self._number or following
            self._begin(Role.FREE)
            return 2
        distance = re.fullmatch(r"(\d{1,5})(m|mtr|meter|km)?", word)
        if distance is not None:
            unit = distance[2] or (following if following in _DISTANCE_UNITS else None)
            if unit is not None and 0 < float(distance[1]) * _DISTANCE_UNITS[unit] <= LONGEST_DISTANCE_M:
                taken = 1 if distance[2] else 2
                return taken + self._begin_relation(
                    "jarak", float(distance[1]) * _DISTANCE_UNITS[unit], self._at + taken
                )
            if len(word) == 5 and word.isdigit() and word[0] != "0":
                self._postcode = self._postcode or word
                self._begin(Role.FREE)
                return 1
            if self._open.role is Role.HAMLET and not self._open.words:
                self._open.words.append(word)
            return 1 if self._open.role is not Role.POI else 0
        return 0

    def _read_relation(self, word: str) -> int:
        if word in RELATIONS:
            if word == "sekitar" and self._ahead().isdigit():
                return 1
            return 1 + self._begin_relation(word, None, self._at + 1)
        if word == "arah" and (self._ahead() in CARDINALS or self._ahead() in SINGLE_BEARINGS):
            return 1 + self._begin_relation(word, None, self._at + 1)
        if word in SINGLE_BEARINGS or (word in CARDINALS and not self._open.words and self._open.role is Role.FREE):
            return self._begin_relation("sebelah", None, self._at)
        return 0

    def _begin_relation(self, word: str, distance_m: float | None, position: int) -> int:
        """Open a relation and read its bearing, distance and `dari`; returns how many tokens these took."""
        bearing_deg: float | None = None
        start = position
        while position < len(self._words):
            token = self._words[position]
            following = self._words[position + 1] if position + 1 < len(self._words) else ""
            glued = re.fullmatch(r"(\d{1,5})(m|mtr|meter|km)", token)
            if bearing_deg is None and (token, following) in COMPOUND_BEARINGS:
                bearing_deg, position = COMPOUND_BEARINGS[token, following], position + 2
            elif bearing_deg is None and token in SINGLE_BEARINGS:
                bearing_deg, position = SINGLE_BEARINGS[token], position + 1
            elif bearing_deg is None and token in BEARINGS:
                bearing_deg, position = BEARINGS[token], position + 1
            elif distance_m is None and token.isdigit() and following in _DISTANCE_UNITS:
                distance_m, position = float(token) * _DISTANCE_UNITS[following], position + 2
            elif distance_m is None and glued is not None:
                distance_m, position = float(glued[1]) * _DISTANCE_UNITS[glued[2]], position + 1
            elif token in {"dari", "sebelah", "arah", "ke", "di", "nya", "kurang", "lebih", "sekitar"}:
                position += 1
            else:
                break
        if distance_m is not None and distance_m > LONGEST_DISTANCE_M:
            distance_m = None
        self._begin(Role.FREE)
        # `50 m dari`, `dekat`: a later and more exact relation takes the place of a vaguer one.
        better = self._relation is None or (distance_m is not None and self._relation.distance_m is None)
        if better and not (
            word == "jarak" and bearing_deg is None and self._words[position - 1 : position] != ["dari"]
        ):
            self._relation = Relation(word=word, bearing_deg=bearing_deg, distance_m=distance_m)
            self._relation_waits = True
        return position - start

    def _read_crossing(self, word: str) -> int:
        if word not in CROSSING_WORDS:
            return 0
        self._crossing = True
        taken = 2 if self._ahead() in CROSSING_SIZES else 1
        self._begin(Role.STREET, marker=word)
        return taken

    def _read_name(self, word: str) -> None:
        phrase = self._open
        if self._crossing and phrase.role is Role.STREET and phrase.words and word in _LINKING:
            self._begin(Role.STREET, marker="jalan")
            return
        if phrase.role is Role.FREE:
            phrase.words.append(word)
            return
        ends = word in COMMON and word not in NAME_TAILS if phrase.words else word in HARD_STOPS
        if phrase.role in (Role.POI, Role.STREET) and not phrase.words:
            ends = word in COMMON and not (phrase.role is Role.STREET and word in self._street_beginnings)
        crossing = self._crossing and phrase.role is Role.STREET
        if ends or len(phrase.words) >= LONGEST_NAME_WORDS * (2 if crossing else 1):
            self._begin(Role.FREE)
            self._open.words.append(word)
            return
        phrase.words.append(word)

    def _crossing_goes_on(self) -> bool:
        return (
            self._crossing
            and self._open.role is Role.STREET
            and sum(phrase.role is Role.STREET for phrase in self._phrases) < 1
        )

    def _begin(self, role: Role, *, marker: str = "", kind: str | None = None, level: str | None = None) -> None:
        self._close()
        self._open = _Open(role, marker=marker, kind=kind, level=level)

    def _close(self) -> None:
        phrase = self._open
        if not phrase.words and phrase.role is not Role.POI:
            return
        if self._relation_waits and self._relation is not None:
            self._relation_waits = False
            if phrase.role is Role.POI or not all(word in COMMON for word in phrase.words):
                self._relation = replace(self._relation, anchor=len(self._phrases))
        for role in (phrase.also, phrase.role):
            if role is not None:
                self._phrases.append(
                    Phrase(
                        role=role,
                        words=tuple(phrase.words),
                        marker=phrase.marker,
                        kind=phrase.kind,
                        level=phrase.level,
                    )
                )
