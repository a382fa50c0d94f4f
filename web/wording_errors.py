"""Errors in the reader's language.

A message that a dispatcher meets is marked with `gis.errors.N_` where it is raised, and translated here; one that is
not marked stays in English.
"""

from __future__ import annotations

from gis.errors import SiagaError
from web.i18n import Translator


def error_text(error: SiagaError, _: Translator) -> str:
    """The sentence of an error, with the decimal mark of the language."""
    if not error.values:
        return _(error.message)
    shown = {
        name: str(value).replace(".", _.decimal_mark) if isinstance(value, float) else value
        for name, value in error.values.items()
    }
    return _(error.message).format(**shown)
