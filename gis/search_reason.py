"""Why a search offers a candidate: a record of what matched, and the sentence it makes in any language."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gis.address import Relation, Role
from gis.coordinate_types import CoordinateForm, Note, Translate, english, note_text
from gis.name_index import Likeness
from gis.search_evidence import AreaHit
from gis.words import BEARINGS


class SearchReasonKind(StrEnum):
    """What of a candidate answers the text."""

    VILLAGE = "village"
    KECAMATAN = "kecamatan"
    PLACE = "place"
    PLACE_OF_KIND = "place-of-kind"
    STREET = "street"
    STREET_IN_AREA = "street-in-area"
    STREET_ELSEWHERE = "street-elsewhere"
    CROSSING = "crossing"
    POSTCODE = "postcode"
    COORDINATES = "coordinates"
    REACHED = "reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReason:
    """What matched.

    Attributes
    ----------
    kind
        Says which of the others are set.
    name
        Of the area, place or street; for `PLACE_OF_KIND` the words that told the kind.
    likeness
        How the words resemble the name.
    role
        `STREET` or `POI` where the words of an area stood within the name of a street or of a place.
    area
        The area asked for, of a place without a name or of a street.
    other
        The second street of a crossing; for `REACHED` the place from which the relation leads to the area; for an area
        the other name by which it was found.
    kecamatan
        That of the village, where the text names it or `shared` makes it worth telling.
    shared
        Whether several villages have the name, and the text does not tell which.
    postcode
        The postcode that was given, where it is the candidate's.
    form, notes
        How coordinates were given, and what was understood rather than read.
    relation
        How the text relates the incident to the candidate, if it does.
    moved
        Whether the candidate's location was moved by that relation.
    moved_to
        The village in which a moved location lies, where it is another.
    is_chief_village
        Whether the area is a village called like its kecamatan.
    hits
        The words that name the area, and those that name its kecamatan; the search works with them.
    unused
        Words that might be part of a name, and that the name of the area does not carry.
    """

    kind: SearchReasonKind
    name: str = ""
    likeness: Likeness = Likeness.EXACT
    role: Role | None = None
    area: str | None = None
    other: str | None = None
    kecamatan: str | None = None
    shared: bool = False
    postcode: str | None = None
    form: CoordinateForm | None = None
    notes: tuple[Note, ...] = ()
    relation: Relation | None = None
    moved: bool = False
    moved_to: str | None = None
    is_chief_village: bool = False
    hits: tuple[AreaHit, ...] = field(default=(), compare=False, repr=False)
    unused: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the words name the candidate, with nothing guessed.

        Not so where the name is only similar or in part, where it stands in the name of a street or place that is not
        known, where a direction was said that it does not carry (`Lemahabang Wetan`), or where the name of a kecamatan
        (or of the village called like it) is all that is left of a village that was named beside it.
        """
        if self.likeness > Likeness.SPELLING or self.role is not None:
            return False
        if self.kind is SearchReasonKind.KECAMATAN or self.is_chief_village:
            return not self.unused
        return BEARINGS.keys().isdisjoint(self.unused)


def search_reason_text(reason: SearchReason, _: Translate = english) -> str:
    """A reason in one line.

    Parameters
    ----------
    reason
        The record.
    _
        Translates messages.
    """
    text = _subject(reason, _)
    if reason.shared and reason.kecamatan is not None:
        text = _("{text}; several villages are called so, this one is in kecamatan {kecamatan}").format(
            text=text, kecamatan=reason.kecamatan
        )
    elif reason.kecamatan is not None:
        text = _("{text}, in kecamatan {kecamatan}").format(text=text, kecamatan=reason.kecamatan)
    if reason.postcode is not None and reason.kind is not SearchReasonKind.POSTCODE:
        text = _("{text}, postcode {postcode}").format(text=text, postcode=reason.postcode)
    clauses = [text, *(note_text(note, _) for note in reason.notes)]
    if reason.unused:
        clauses.append(_("not used: “{words}”").format(words=" ".join(reason.unused)))
    if reason.relation is not None and reason.kind is not SearchReasonKind.REACHED:
        clauses.append(_where(reason, reason.relation, _))
    return "; ".join(clauses)


def _subject(reason: SearchReason, _: Translate) -> str:
    match reason.kind:
        case SearchReasonKind.VILLAGE:
            return _("village {name}, {how}").format(name=_area_name(reason, _), how=_how(reason, _))
        case SearchReasonKind.KECAMATAN:
            return _("kecamatan {name}, {how}").format(name=_area_name(reason, _), how=_how(reason, _))
        case SearchReasonKind.PLACE:
            return f"{reason.name}, {_how(reason, _)}"
        case SearchReasonKind.PLACE_OF_KIND:
            return _("{kind} in {area}").format(kind=reason.name, area=reason.area)
        case SearchReasonKind.STREET:
            street = _("street {name}").format(name=reason.name)
            return street if reason.likeness <= Likeness.SPELLING else f"{street}, {_how(reason, _)}"
        case SearchReasonKind.STREET_IN_AREA:
            return _("street {name}, its piece in {area}").format(name=reason.name, area=reason.area)
        case SearchReasonKind.STREET_ELSEWHERE:
            return _("street {name}, not in {area}").format(name=reason.name, area=reason.area)
        case SearchReasonKind.CROSSING:
            return _("crossing of {one} and {other}").format(one=reason.name, other=reason.other)
        case SearchReasonKind.POSTCODE:
            return _("postcode {postcode}").format(postcode=reason.postcode)
        case SearchReasonKind.COORDINATES:
            return _("coordinates ({form})").format(form="" if reason.form is None else _form(reason.form, _))
        case SearchReasonKind.REACHED:
            relation = reason.relation or Relation(word="")
            return _("village {name}, reached {metres} m {direction} of {place}").format(
                name=reason.name,
                metres=round(relation.distance_m or 0.0),
                direction=_direction(relation.bearing_deg or 0.0, _),
                place=reason.other,
            )


def _area_name(reason: SearchReason, _: Translate) -> str:
    if reason.other is None:
        return reason.name
    return _("{name}, also called {other}").format(name=reason.name, other=reason.other)


def _how(reason: SearchReason, _: Translate) -> str:
    how = {
        Likeness.EXACT: _("by name"),
        Likeness.SPELLING: _("spelt differently"),
        Likeness.SIMILAR: _("a similar name"),
        Likeness.PART: _("by part of its name"),
    }[reason.likeness]
    if reason.role is Role.STREET:
        return _("{how} in a street's name").format(how=how)
    if reason.role is Role.POI:
        return _("{how} in a place's name").format(how=how)
    return how


def _where(reason: SearchReason, relation: Relation, _: Translate) -> str:
    bearing_deg, distance_m = relation.bearing_deg, relation.distance_m
    if distance_m is not None and bearing_deg is not None and reason.moved:
        where = _("{metres} m {direction} of it").format(metres=round(distance_m), direction=_direction(bearing_deg, _))
        if reason.moved_to is None:
            return where
        return _("{where} (there it is {village})").format(where=where, village=reason.moved_to)
    if distance_m is not None:
        where = _("within about {metres} m").format(metres=round(distance_m))
        return where if bearing_deg is None else f"{where} ({_direction(bearing_deg, _)})"
    if bearing_deg is not None:
        return _("{direction} of it").format(direction=_direction(bearing_deg, _))
    return {
        "dekat": _("near it"),
        "depan": _("in front of it"),
        "belakang": _("behind it"),
        "samping": _("beside it"),
        "sebelah": _("beside it"),
        "seberang": _("across from it"),
        "sekitar": _("around it"),
        "pinggir": _("at its edge"),
        "arah": _("towards it"),
    }.get(relation.word, relation.word)


def _direction(bearing_deg: float, _: Translate) -> str:
    names = (
        _("north"), _("northeast"), _("east"), _("southeast"), _("south"), _("southwest"), _("west"), _("northwest"),
    )  # fmt: skip
    return names[round(bearing_deg / 45) % 8]


def _form(form: CoordinateForm, _: Translate) -> str:
    return {
        CoordinateForm.DECIMAL: _("decimal degrees"),
        CoordinateForm.SEXAGESIMAL: _("degrees-minutes-seconds"),
        CoordinateForm.GEO_URI: _("geo link"),
        CoordinateForm.MAP_LINK: _("map link"),
        CoordinateForm.PLUS_CODE: _("plus code"),
    }[form]
