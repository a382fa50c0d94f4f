"""Errors that a dispatcher meets speak Bahasa Indonesia, and the table of them never drifts from the code."""

from __future__ import annotations

import ast
from pathlib import Path

from gis.errors import InputError
from web.i18n import translator
from web.wording_errors import error_text

REPOSITORY = Path(__file__).resolve().parents[2]


def literals(path: Path) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def table() -> list[str]:
    tree = ast.parse((REPOSITORY / "web" / "wording_errors.py").read_text(encoding="utf-8"))
    (rows,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    return [key.value for key in rows.keys if isinstance(key, ast.Constant)]


def test_every_sentence_of_the_table_is_raised_somewhere() -> None:
    files = [path for package in ("gis", "web") for path in (REPOSITORY / package).rglob("*.py")]
    raised = set().union(*(literals(path) for path in files if path.name != "wording_errors.py"))
    assert len(table()) > 8
    assert set(table()) <= raised


def test_an_error_is_said_in_the_language_asked_for() -> None:
    error = InputError("Latitude {lat} is not between -90 and 90 degrees.", lat=95.0)
    assert str(error) == error_text(error, translator("en")) == "Latitude 95.0 is not between -90 and 90 degrees."
    assert error_text(error, translator("id")).startswith("Lintang 95,0")


def test_an_error_of_another_kind_keeps_its_own_sentence() -> None:
    assert error_text(InputError("units.csv: {braces} stay."), translator("id")) == "units.csv: {braces} stay."
