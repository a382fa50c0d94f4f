"""The folder of a region while it is written: what kills, full disks and strange targets leave behind is nothing."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.errors import InputError
from gis.region_folder import replacing_folder
from tests.tiny_region import write_sources

REPOSITORY = Path(__file__).resolve().parents[2]

BUILDER = """
import sys, time
from pathlib import Path
from gis.region_folder import replacing_folder
with replacing_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("written")
    print("building", flush=True)
    time.sleep(600)
"""


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def start_build(target: Path) -> subprocess.Popen[str]:
    """A process that builds and is now in the midst of it."""
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(target)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert builder.stdout is not None
    assert builder.stdout.readline() == "building\n"
    return builder


def kill(builder: subprocess.Popen[str]) -> None:
    builder.send_signal(signal.SIGKILL)
    builder.communicate()


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "region"
    builder = start_build(target)
    kill(builder)
    assert hidden(tmp_path) == [f".region.building-{builder.pid}"]
    with replacing_folder(target) as folder:
        assert hidden(tmp_path) == [folder.name]
    assert hidden(tmp_path) == []


def test_the_folder_of_a_build_that_still_runs_is_never_removed(tmp_path: Path) -> None:
    target = tmp_path / "region"
    builder = start_build(target)
    try:
        with replacing_folder(target):
            pass
        assert hidden(tmp_path) == [f".region.building-{builder.pid}"]
        assert (tmp_path / hidden(tmp_path)[0] / "half").is_file()
    finally:
        kill(builder)


def test_a_leftover_is_removed_though_its_number_is_another_process_by_now(tmp_path: Path) -> None:
    (tmp_path / f".region.building-{os.getppid()}").mkdir()
    (tmp_path / f".region.building-{os.getpid()}").mkdir()
    with replacing_folder(tmp_path / "region"):
        pass
    assert hidden(tmp_path) == []


def test_only_leftovers_of_the_same_target_are_removed(tmp_path: Path) -> None:
    others = [".other.building-999999", ".region.building-999999.old", ".region.building-notes", ".regionx.building-1"]
    for name in others:
        (tmp_path / name).mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".region.building-999998").symlink_to(elsewhere)
    with replacing_folder(tmp_path / "region"):
        pass
    assert hidden(tmp_path) == sorted([*others, ".region.building-999998"])


def test_signs_of_patterns_in_a_name_are_letters(tmp_path: Path) -> None:
    (tmp_path / ".a.building-999999").mkdir()
    (tmp_path / ".[a].building-999999").mkdir()
    with replacing_folder(tmp_path / "[a]"):
        pass
    assert hidden(tmp_path) == [".a.building-999999"]


@pytest.mark.parametrize("below", ["", "region", "deeper/region"])
def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"notes\.txt is a file, not a folder; choose another --out\."):  # noqa: SIM117
        with replacing_folder(tmp_path / "notes.txt" / below):
            pass
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert hidden(tmp_path) == []


@pytest.fixture
def somebody() -> Iterator[Path]:
    """A folder that all may enter, seen by a user without privileges."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        me = os.geteuid()
        if me == 0:
            os.seteuid(65534)
        yield Path(name)
        os.seteuid(me)


@pytest.mark.parametrize("mode", [0o555, 0o700])
def test_a_folder_without_leave_to_write_is_one_sentence(somebody: Path, mode: int) -> None:
    me = os.geteuid()
    os.seteuid(os.getuid())
    closed = somebody / "closed"
    closed.mkdir()
    closed.chmod(mode if os.getuid() == 0 else mode & 0o555)
    os.seteuid(me)
    with pytest.raises(InputError, match=r"closed/region: Permission denied; choose another --out\."):  # noqa: SIM117
        with replacing_folder(closed / "region"):
            pass
    os.seteuid(os.getuid())
    closed.chmod(0o755)
    assert list(closed.iterdir()) == []


def build(folder: Path, out: Path, **options: object) -> subprocess.CompletedProcess[str]:
    write_sources(folder)
    command = [
        sys.executable, "-m", "web.cli", "region", "build", "--name", "Uji", "--villages", "villages.geojson",
        "--osm", "roads.osm", "--out", str(out),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, **options
    )


def is_a_sentence_about_room(done: subprocess.CompletedProcess[str]) -> bool:
    lines = done.stderr.strip().splitlines()
    return done.returncode == 1 and lines[-1].startswith("siaga112: ") and "full" in lines[-1] and len(lines) == 1


@pytest.mark.parametrize("limit_kb", [1, 80])
def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path, limit_kb: int) -> None:
    def keep_small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_kb * 1024, limit_kb * 1024))

    out = tmp_path / "out"
    out.mkdir()
    done = build(tmp_path, out / "region", preexec_fn=keep_small)
    assert is_a_sentence_about_room(done), done.stderr
    assert list(out.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 180 kB, which has room for the tables but not for the arrays."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=180k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no leave to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_sentence_and_nothing_is_left(tmp_path: Path, small_disk: Path) -> None:
    done = build(tmp_path, small_disk / "region")
    assert is_a_sentence_about_room(done), done.stderr
    assert list(small_disk.iterdir()) == []
