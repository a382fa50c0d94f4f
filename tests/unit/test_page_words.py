"""The words of the page scripts: each has one entry in each language, for a script lets a second one win in silence."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "web" / "static" / "js"
TABLES = sorted(path for path in SCRIPTS.glob("*words*.js") if re.search(r"^  id: \{$", path.read_text("utf-8"), re.M))


def words(path: Path, language: str) -> Counter[str]:
    """How often each name stands in the table of a language, by the first name of every line of its block."""
    block = re.search(rf"^  {language}: {{$(.*?)^  }},$", path.read_text("utf-8"), re.M | re.S)
    assert block is not None
    return Counter(re.findall(r"^    (\w+):", block[1], re.M))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_word_stands_once_in_each_language(path: Path) -> None:
    indonesian, english = words(path, "id"), words(path, "en")
    assert indonesian
    assert [name for table in (indonesian, english) for name, times in table.items() if times > 1] == []
    assert indonesian.keys() == english.keys()
