"""Rules of the message catalogues: complete, compiled, and about the messages that the code holds."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from gis.errors import InputError
from web.i18n import DOMAIN, LANGUAGES, SOURCE_LANGUAGE, TRANSLATIONS, translator

REPOSITORY = Path(__file__).resolve().parents[2]
TRANSLATED = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
UPDATE = "run script/translations and fill in what is empty"


def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=language)


def compiled(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return read_mo(file)


def strings(catalog: Catalog) -> dict[object, tuple[str, ...]]:
    return {
        message.id if isinstance(message.id, str) else tuple(message.id): (message.string,)
        if isinstance(message.string, str)
        else tuple(message.string)
        for message in catalog
        if message.id
    }


def messages_in_code() -> Iterator[object]:
    with (TRANSLATIONS / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    for package in ("dispatch", "gis", "planning", "routing", "web"):
        for _, _, message, _, _ in extract_from_dir(
            REPOSITORY / package,
            [
                (pattern.removeprefix(f"{package}/"), method)
                for pattern, method in methods
                if pattern.startswith(package)
            ],
            {pattern.removeprefix(f"{package}/"): option for pattern, option in options.items()},
        ):
            yield message


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_holds_the_messages_of_the_code_and_no_others(language: str) -> None:
    in_code = set(messages_in_code())
    assert len(in_code) > 50
    in_catalogue = set(strings(catalogue(language)))
    assert in_code - in_catalogue == set(), UPDATE
    assert in_catalogue - in_code == set(), UPDATE


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_untranslated_or_fuzzy(language: str) -> None:
    catalog = catalogue(language)
    texts = strings(catalog)
    unfinished = [message.id for message in catalog if message.id and (message.fuzzy or not all(texts[message.id]))]
    assert unfinished == [], UPDATE


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_the_source(language: str) -> None:
    assert strings(compiled(language)) == strings(catalogue(language)), UPDATE


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_message(language: str) -> None:
    for message, translations in strings(catalogue(language)).items():
        originals = (message,) if isinstance(message, str) else tuple(message)  # type: ignore[arg-type]
        wanted = placeholders(originals[-1])
        for text in translations:
            assert placeholders(text) == wanted, message


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_ends_as_its_message_does(language: str) -> None:
    for message, translations in strings(catalogue(language)).items():
        original = message if isinstance(message, str) else message[0]  # type: ignore[index]
        for text in translations:
            assert (text[-1] in ".?!:…") == (original[-1] in ".?!:…"), message
            assert text == text.strip(), message


def test_every_refusal_of_dispatch_is_marked_for_translation() -> None:
    """Dispatchers, crews and villages read them; a plain text would stay English without anybody noticing."""
    refusals = {"InputError", "RefusedError", "UnknownIdError", "KeyReusedError", "IllegalMoveError"}
    unmarked = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in (REPOSITORY / "dispatch").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in refusals
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and " " in str(node.args[0].value)
    ]
    assert not unmarked, f"wrap these in N_(…): {', '.join(unmarked)}"


def test_indonesian_is_spoken_and_english_is_the_source() -> None:
    assert translator("id")("Every {kind} is busy.") == "Semua {kind} sedang bertugas."
    assert translator("en")("Every {kind} is busy.") == "Every {kind} is busy."
    assert [translator("en").ngettext("{days} day", "{days} days", n) for n in (1, 2)] == ["{days} day", "{days} days"]
    assert [translator("id").ngettext("{days} day", "{days} days", n) for n in (1, 2)] == ["{days} hari"] * 2


def test_numbers_have_the_marks_of_their_language() -> None:
    assert (translator("id").number(1234.56, 1), translator("en").number(1234.56, 1)) == ("1.234,6", "1,234.6")


def test_a_language_without_messages_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="no messages in “fr”; choose one of id, en"):
        translator("fr")
