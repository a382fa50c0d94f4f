"""Errors that a dispatcher meets speak Bahasa Indonesia."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gis.coordinates import parse_coordinates
from gis.errors import InputError
from web.i18n import translator
from web.wording_errors import error_text

REPOSITORY = Path(__file__).resolve().parents[2]
ERRORS = {"InputError", "OutsideRegionError", "NotFoundError", "BadRequestError"}
TYPED = (
    "gis/coordinates.py", "gis/coordinate_numbers.py", "gis/map_links.py", "gis/search.py", "gis/search_results.py",
    "gis/types.py", "web/api.py", "web/resolve.py", "web/service.py",
)  # fmt: skip


@pytest.mark.parametrize("file", TYPED)
def test_every_error_about_what_was_typed_is_marked_for_translation(file: str) -> None:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    raised = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in ERRORS]
    assert raised
    for call in raised:
        message = ast.unparse(call.args[0])
        assert message.startswith("N_(") or message in {"sentence", "error.message"}, message


@pytest.mark.parametrize(
    ("typed", "indonesian"),
    [
        ("https://maps.app.goo.gl/abc", "Tautan maps.app.goo.gl disingkat"),
        ("https://www.google.com/maps/place/Plumbon", "Tautan www.google.com tidak memuat koordinat"),
        ("6°75'36\"S 108°28'48\"E", "Menit 75"),
        ("6.76 S 108.48 S", "“6.76 S 108.48 S” memuat dua lintang"),
        ("-6.76", "“-6.76” hanya lintang (-6,76)"),
        ("geo:abc", "Tautan “geo:abc” tidak memuat koordinat"),
        ("95.2, 108.48", "Lintang 95,2"),
    ],
)
def test_wrong_coordinates_are_told_in_bahasa_indonesia(typed: str, indonesian: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_coordinates(typed)
    assert error_text(caught.value, translator("id")).startswith(indonesian)


def test_an_error_is_said_in_the_language_asked_for() -> None:
    error = InputError("Latitude {lat} is not between -90 and 90 degrees.", lat=95.0)
    assert str(error) == error_text(error, translator("en")) == "Latitude 95.0 is not between -90 and 90 degrees."
    assert error_text(error, translator("id")).startswith("Lintang 95,0")


def test_an_error_of_another_kind_keeps_its_own_sentence() -> None:
    assert error_text(InputError("units.csv: {braces} stay."), translator("id")) == "units.csv: {braces} stay."
