"""The modules of a page: what its script imports, and what that imports, are files of ours and named to the browser."""

from __future__ import annotations

import re

import pytest

from web.assets import STATIC, modules_of


@pytest.mark.parametrize("page", ["console.js", "main.js"])
def test_every_module_that_a_page_imports_is_there_and_named(page: str) -> None:
    named = modules_of(page)
    assert named[0] == page
    assert len(set(named)) == len(named) > 5
    for name in named:
        text = (STATIC / "js" / name).read_text(encoding="utf-8")
        wanted = {one for one in re.findall(r'"\./([^"]+\.js)"', text) if f'import("./{one}")' not in text}
        assert wanted <= set(named), name
