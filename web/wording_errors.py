"""Errors in the reader's language, for those that a dispatcher meets; the rest stay in English."""

from __future__ import annotations

from gis.errors import SiagaError
from web.i18n import Translator


def error_text(error: SiagaError, _: Translator) -> str:
    """The sentence of an error, translated where its message is one of these."""
    sentences = {
        "No location was given; type coordinates, a place, or a village.": _(
            "No location was given; type coordinates, a place, or a village."
        ),
        "Nothing called “{text}” was found in the region; try the village with its kecamatan, or coordinates.": _(
            "Nothing called “{text}” was found in the region; try the village with its kecamatan, or coordinates."
        ),
        "The region has no village or kecamatan with the code {code}; check the code.": _(
            "The region has no village or kecamatan with the code {code}; check the code."
        ),
        "Latitude {lat} is not between -90 and 90 degrees.": _("Latitude {lat} is not between -90 and 90 degrees."),
        "Longitude {lon} is not between -180 and 180 degrees.": _(
            "Longitude {lon} is not between -180 and 180 degrees."
        ),
        "The text has {count} characters, more than the {most} that are searched; send the part with the address.": _(
            "The text has {count} characters, more than the {most} that are searched; send the part with the address."
        ),
        "No road is near {position}, so no unit can be ranked by road; check the position.": _(
            "No road is near {position}, so no unit can be ranked by road; check the position."
        ),
        "{position} lies {kilometres} km outside the region (nearest village {village}) and far from every road, so no "
        "unit can be ranked by road; check the position.": _(
            "{position} lies {kilometres} km outside the region (nearest village {village}) and far from every road, "
            "so no unit can be ranked by road; check the position."
        ),
        "No road leads from {origin} to {target} in this region; choose another unit or look at the map.": _(
            "No road leads from {origin} to {target} in this region; choose another unit or look at the map."
        ),
        "There is no unit “{unit}” in the list of units; check its id.": _(
            "There is no unit “{unit}” in the list of units; check its id."
        ),
        "No units are known: the region has no units.csv; give a list with --units.": _(
            "No units are known: the region has no units.csv; give a list with --units."
        ),
    }
    sentence = sentences.get(error.message)
    if sentence is None:
        return str(error)
    shown = {
        name: str(value).replace(".", _.decimal_mark) if isinstance(value, float) else value
        for name, value in error.values.items()
    }
    return sentence.format(**shown) if shown else sentence
