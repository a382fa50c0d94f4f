"""The wheel: built, installed into an empty environment, and used as a newcomer would."""

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
from pathlib import Path

import pytest

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
    # Compiling every module of every package takes longer than all the rest, and few of them are imported here.
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    lock = REPOSITORY / "script" / "requirements.lock"
    run(*pip, "install", "-q", "--no-compile", "-r", lock, cwd=tmp_path)
    run(*pip, "install", "-q", "--no-compile", "--no-deps", wheel, cwd=tmp_path)
    run(*pip, "check", cwd=tmp_path)
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
    assert b"Siaga112" in served(siaga112, tmp_path, "/")
    assert served(siaga112, tmp_path, "/tiles/11/1641/1062.png").startswith(b"\x89PNG")


def served(siaga112: Path, cwd: Path, path: str) -> bytes:
    """What a freshly started server answers; every file that its page names must be there too."""
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
            body = fetched(address[0] + path)
            for named in re.findall(rb'(?:src|href)="(/[^"]+)"', body):
                assert fetched(address[0] + html.unescape(named.decode()))
            return body
        finally:
            server.terminate()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())
