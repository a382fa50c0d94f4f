"""One table of a TOML file, read field by field: whatever is unknown, missing or of the wrong type is named."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from gis.errors import SourceError

MAX_TEXT: Final = 500
"""Characters of a text; a question for the caller has to be read out."""
MAX_SHOWN: Final = 40
ID: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
LANGUAGES: Final = ("id", "en")
_NEEDED: Final = object()


class Entry:
    """A table under its name; every reader raises `SourceError` with one sentence.

    Parameters
    ----------
    table
        As parsed from TOML.
    where
        File, table and entry, for the text of errors.
    keys
        The keys that may stand in it.
    """

    __slots__ = ("_table", "where")

    def __init__(self, table: object, where: str, keys: Collection[str]) -> None:
        if not isinstance(table, Mapping):
            raise SourceError(f"{where}: {shown(table)} is not a table; write its fields as key = value.")
        refuse_unknown(table, keys, where)
        self._table: Mapping[str, object] = table
        self.where = where

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self._table

    def raw(self, key: str, default: object = _NEEDED) -> object:
        """Whatever stands there."""
        value = self._table.get(key, default)
        if value is _NEEDED:
            raise self.fault(key, "is missing; add it")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line; needed where there is no default."""
        value = self.raw(key, _NEEDED if default is None else default)
        return value if value == default and isinstance(value, str) else self._text(key, value)

    def identifier(self, key: str) -> str:
        """An id: lower case, without blanks."""
        value = self.text(key)
        if not ID.fullmatch(value):
            raise self.fault(
                key, f"{shown(value)} is not an id; use lower-case letters, digits, dots, hyphens and underscores"
            )
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts; empty where the key is missing."""
        values = tuple(self._text(key, one) for one in self.items(key))
        for number, value in enumerate(values):
            if value in values[:number]:
                raise self.fault(key, f"{shown(value)} stands there twice; keep one")
        return values

    def items(self, key: str) -> Sequence[object]:
        """A list of anything; empty where the key is missing."""
        value = self.raw(key, ())
        if not isinstance(value, list | tuple):
            raise self.fault(key, f"{shown(value)} is not a list; write it in square brackets")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false where the key is missing."""
        value = self.raw(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"{shown(value)} is neither true nor false")
        return value

    def number(self, key: str, *, least: float, most: float, default: float | None = None) -> float:
        """A number within bounds; needed where there is no default."""
        value = self.raw(key, _NEEDED if default is None else default)
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        if not least <= number <= most:
            raise self.fault(key, f"{shown(value)} is not a number from {least:g} to {most:g}")
        return float(number)

    def whole(self, key: str, *, least: int, most: int, default: int) -> int:
        """A whole number within bounds."""
        value = self.raw(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.fault(key, f"{shown(value)} is not a whole number from {least} to {most}")
        return value

    def translations(self, key: str) -> dict[str, str]:
        """A text by language; Bahasa Indonesia is needed, English may be missing."""
        words = Entry(self.raw(key), f"{self.where}, {key}", LANGUAGES)
        return {"id": words.text("id"), **({"en": words.text("en")} if words.has("en") else {})}

    def fault(self, key: str, text: str) -> SourceError:
        """The error of one field."""
        return SourceError(f"{self.where}, {key}: {text}.")

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.fault(key, f"{shown(value)} is not a text; write it in quotes")
        if not value.strip() or value != value.strip():
            raise self.fault(key, f"{shown(value)} is empty or has blanks at an end; correct it")
        if len(value) > MAX_TEXT or not value.isprintable():
            raise self.fault(key, f"{shown(value)} is longer than {MAX_TEXT} characters or not one printable line")
        return value


def refuse_unknown(table: Mapping[str, object], keys: Collection[str], where: str) -> None:
    """Refuse a table with a key that nobody reads.

    Raises
    ------
    SourceError
        With the key that was probably meant, or those that may stand there.
    """
    for key in table:
        if key not in keys:
            near = get_close_matches(str(key), keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(keys)}."
            raise SourceError(f"{where}: {shown(key)} is not a setting here; {hint}")


def shown(value: object) -> str:
    """A faulty value, short and fit for a terminal."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(char if char.isprintable() else "�" for char in " ".join(text.split()))
    return f"“{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '…'}”"
