"""The wheel: built, installed with what it asks for and nothing else, and used as a newcomer would.

`script/test` has installed every package of the lock from the registry a moment ago, so the new environment links those
files instead of fetching them again: of the packages that the wheel's own metadata asks for, and what these ask for in
turn. A package that is forgotten in setup.cfg is missing there, as it is on a newcomer's machine, though the tests' own
environment has it; and a package that the lock names at another version, or not at all, fails the test.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from routing.kernels import warm_kernels

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = {"gis", "routing", "dispatch", "planning", "web"}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SIAGA112_REGION")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
    )
    shutil.copytree(REPOSITORY, copy, ignore=left_out)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, copy, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_named_packages_and_no_tests_or_data(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_wheel_carries_the_demonstration_region_and_not_its_making(wheel: Path) -> None:
    inside = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("web/demonstration/")]
    assert inside == ["web/demonstration/region.zip"]


def test_the_wheel_carries_the_migrations_of_the_database(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    made = sorted(path.name for path in (REPOSITORY / "dispatch/store/migrations/versions").glob("*.py"))
    packed = [name.rpartition("/")[2] for name in inside if name.startswith("dispatch/store/migrations/versions/")]
    assert sorted(packed) == made
    assert "dispatch/store/migrations/env.py" in inside


def test_the_wheel_carries_the_default_pack_of_run_cards(wheel: Path) -> None:
    assert "dispatch/defaults/kabupaten.toml" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
def test_an_installed_wheel_dispatches_on_the_demonstration_region(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    for asked_for in needed(wheel):
        link(asked_for, packages)
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "-q", "--no-compile", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)
    take_compiled(packages)
    whence = "import gis, routing, dispatch, planning, web; print(gis.__file__, routing.__file__, web.__file__)"
    assert all(str(packages) in path for path in run(python, "-c", whence, cwd=tmp_path).stdout.split())
    siaga112 = tmp_path / "venv" / "bin" / "siaga112"
    found = json.loads(run(siaga112, "search", "Desa Kertawinangun Kec Kedawung", "--json", cwd=tmp_path).stdout)
    assert found["candidates"][0]["name"] == "Kertawinangun"
    answer = json.loads(run(siaga112, "nearest", "--at", "Kertawinangun", "--json", cwd=tmp_path).stdout)
    assert answer["region"]["notice"] == "PETA CONTOH - bukan untuk operasi"
    assert answer["candidates"]
    database = f"--db=sqlite:///{tmp_path / 'centre.db'}"
    assert run(siaga112, "db", "upgrade", database, cwd=tmp_path).stdout.startswith("version ")
    run(siaga112, "call", "take", "--words", "Ada asap.", database, cwd=tmp_path)
    assert "1 texts (0 erased)" in run(siaga112, "audit", "verify", database, cwd=tmp_path).stdout
    page, tile = served(siaga112, tmp_path, "/", "/tiles/11/1641/1062.png")
    assert b"Siaga112" in page
    assert tile.startswith(b"\x89PNG")


def test_the_lock_names_every_package_that_the_wheel_asks_for_and_no_other(wheel: Path) -> None:
    locked = {}
    for line in (REPOSITORY / "script" / "requirements.lock").read_text(encoding="utf-8").splitlines():
        asked = Requirement(line) if line and not line.startswith("#") else None
        if asked is not None and (asked.marker is None or asked.marker.evaluate()):
            locked[canonicalize_name(asked.name)] = str(asked.specifier).removeprefix("==")
    assert {canonicalize_name(one.name): one.version for one in needed(wheel)} == locked


def needed(wheel: Path) -> list[Distribution]:
    """What the wheel's metadata asks for, with all that these ask for in turn, as installed where the tests run."""
    (metadata,) = (path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    found: dict[str, Distribution] = {}
    todo = list(requirements(PathDistribution(metadata), set()))
    asked: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in asked:
            continue
        asked.add(key)
        one = distribution(requirement.name)
        assert requirement.specifier.contains(one.version, prereleases=True), (
            f"{requirement}, but here is {one.version}"
        )
        found[key[0]] = one
        todo += requirements(one, requirement.extras)
    return list(found.values())


def requirements(of: Distribution, extras: set[str]) -> Iterator[Requirement]:
    """What a package asks for on this machine, with these extras."""
    for line in of.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": name}) for name in ("", *extras)):
            yield requirement


def link(one: Distribution, packages: Path) -> None:
    """Put what an installed package consists of into another environment, by links; its programs are left out."""
    assert one.files, one.name
    for name in {file.parts[0] for file in one.files} - {"..", "__pycache__"}:
        at = packages / name
        if not at.is_symlink():  # several packages may share a folder
            at.symlink_to(Path(str(one.locate_file(name))))


def take_compiled(packages: Path) -> None:
    """Let the installed engine find what numba has compiled of the very same files here: that takes half a minute.

    Numba takes what is kept beside a file of the same time and size.
    """
    warm_kernels()
    for file in REPOSITORY.glob("routing/*_kernels.py"):
        installed = packages / file.relative_to(REPOSITORY)
        assert installed.read_bytes() == file.read_bytes()
        os.utime(installed, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        (installed.parent / "__pycache__").mkdir(exist_ok=True)
        for kept in file.parent.glob(f"__pycache__/{file.stem}.*.nb?"):
            shutil.copy(kept, installed.parent / "__pycache__")


def served(siaga112: Path, cwd: Path, *paths: str) -> list[bytes]:
    """What a freshly started server answers; every file that its pages name must be there too."""
    command = [str(siaga112), "serve", "--port", "0"]
    # Without the database that somebody on this machine may have.
    own = {**os.environ, "XDG_DATA_HOME": str(cwd / "data")}
    with subprocess.Popen(
        command, cwd=cwd, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            assert address is not None
            bodies = [fetched(address[0] + path) for path in paths]
            for named in re.findall(rb'(?:src|href)="(/[^"]+)"', b"".join(bodies)):
                assert fetched(address[0] + html.unescape(named.decode()))
            return bodies
        finally:
            server.terminate()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())
