"""Languages of screens and of the command line: messages stand in the code in English, Bahasa Indonesia comes first.

The catalogues are ordinary gettext files under `web/translations`, so Flask-Babel and other tools can read them as
well. `docs/translating.md` tells how to add a message or a language.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gis.errors import InputError

TRANSLATIONS: Final = Path(__file__).parent / "translations"
DOMAIN: Final = "messages"
DEFAULT_LANGUAGE: Final = "id"
SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = (DEFAULT_LANGUAGE, SOURCE_LANGUAGE)

DECIMAL_MARK: Final = {"id": ",", "en": "."}
THOUSANDS_MARK: Final = {"id": ".", "en": ","}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Translator:
    """Messages in one language: `_("Busy")`, and `_.ngettext("{n} unit", "{n} units", n)` where number matters.

    Attributes
    ----------
    language
        Of `LANGUAGES`.
    gettext, ngettext
        As in the standard library.
    """

    language: str
    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]

    def __call__(self, message: str) -> str:
        """The message in this language."""
        return self.gettext(message)

    @property
    def decimal_mark(self) -> str:
        """Between whole and part: a comma in Bahasa Indonesia."""
        return DECIMAL_MARK[self.language]

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with the marks of this language: `1.234,5` or `1,234.5`."""
        english = f"{value:,.{decimals}f}"
        return english.translate(str.maketrans(",.", THOUSANDS_MARK[self.language] + DECIMAL_MARK[self.language]))


@cache
def translator(language: str) -> Translator:
    """The messages of a language.

    Raises
    ------
    InputError
        A language without messages.
    """
    if language not in LANGUAGES:
        raise InputError(f"There are no messages in “{language[:20]}”; choose one of {', '.join(LANGUAGES)}.")
    messages = (
        gettext.NullTranslations()
        if language == SOURCE_LANGUAGE
        else gettext.translation(DOMAIN, TRANSLATIONS, languages=[language])
    )
    # An answer asks for hundreds of messages, and gettext looks through its catalogues for each anew.
    return Translator(language=language, gettext=cache(messages.gettext), ngettext=messages.ngettext)
