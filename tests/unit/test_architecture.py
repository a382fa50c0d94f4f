"""The arrows of the house: who may import whom, and which module alone may touch a library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("gis", "routing", "dispatch", "planning", "web")

MAY_IMPORT = {
    "gis": set(),
    "routing": {"gis"},
    "dispatch": {"gis", "routing"},
    "planning": {"gis"},
    "web": {"gis", "routing", "dispatch", "planning"},
}

ONLY_IN = {
    "osmium": ("routing/osm",),
    "osmnx": ("routing/osm", "gis/download"),
    "folium": ("web/maps.py",),
    "branca": ("web/maps.py",),
    "sqlalchemy": ("dispatch/store",),
    "flask": ("web/",),
    "click": ("web/",),
    "networkx": ("routing/",),
    "rapidfuzz": ("gis/",),
    "numba": (
        "planning/simulation_kernels.py",
        "routing/dissection_kernels.py",
        "routing/elimination_kernels.py",
        "routing/customization_kernels.py",
        "routing/label_kernels.py",
        "routing/sweep_kernels.py",
        "routing/way_kernels.py",
        "routing/snap_kernels.py",
        "routing/osm_pbf_kernels.py",
    ),
    "scipy": ("routing/", "gis/", "planning/", "dispatch/joint"),
}

SLOW_TO_IMPORT = {
    "geopandas",
    "pandas",
    "pyogrio",
    "osmnx",
    "networkx",
    "osmium",
    "matplotlib",
    "folium",
    "pyproj",
    "numba",
}


def modules(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Every imported dotted name with its line, also those inside functions; a module is read once for all rules."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; the house names packages in full"
            assert node.module is not None
            found.append((node.module, node.lineno))
    return tuple(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_of_the_house_exists(package: str) -> None:
    assert modules(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_point_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line} imports {name}"
        for path in modules(package)
        for name, line in imports(path)
        if name.split(".")[0] in set(PACKAGES) - MAY_IMPORT[package] - {package}
    ]
    assert not wrong


def test_dispatch_sees_only_the_records_of_routing() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line} imports {name}"
        for path in modules("dispatch")
        for name, line in imports(path)
        if name.split(".")[0] == "routing" and name != "routing.types"
    ]
    assert not wrong


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_library_is_touched_only_where_it_belongs(library: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line}"
        for package in PACKAGES
        for path in modules(package)
        for name, line in imports(path)
        if name.split(".")[0] == library and not path.relative_to(REPOSITORY).as_posix().startswith(ONLY_IN[library])
    ]
    assert not wrong


def test_nothing_imports_the_tests_or_the_benchmarks() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{line} imports {name}"
        for package in PACKAGES
        for path in modules(package)
        for name, line in imports(path)
        if name.split(".")[0] in {"tests", "bench", "data"}
    ]
    assert not wrong


def test_opening_and_answering_import_nothing_slow() -> None:
    """The modules that the command line needs to answer, followed by their top-level imports alone."""
    todo = [
        "routing.region",
        "gis.gazetteer",
        "gis.coordinates",
        "dispatch.ranking",
        "dispatch.units",
        "web.service",
    ]
    seen: set[str] = set()
    wrong: list[str] = []
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        path = REPOSITORY / (module.replace(".", "/") + ".py")
        if not path.is_file():
            continue
        for name in top_level_imports(path):
            if name.split(".")[0] in SLOW_TO_IMPORT:
                wrong.append(f"{module} imports {name}")
            if name.split(".")[0] in PACKAGES:
                todo.append(name)
    assert "routing.router" in seen
    assert not wrong


def top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
