"""The embedded region is what its script makes of its sources, and small enough to carry."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from routing.region import DEMONSTRATION_NOTICE, Region
from routing.region_info import describe_region

DEMONSTRATION = Path(__file__).resolve().parents[2] / "data" / "demonstration"
sys.path.insert(0, str(DEMONSTRATION))

from generator.command import build_region, pack, packed_differences  # noqa: E402

LARGEST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def region(tmp_path_factory) -> Region:
    folder = tmp_path_factory.mktemp("demonstration") / "region"
    with zipfile.ZipFile(DEMONSTRATION / "region.zip") as packed:
        packed.extractall(folder)
    return Region.open(folder, verify=True)


@pytest.mark.slow
def test_the_embedded_region_is_built_again_byte_for_byte(tmp_path):
    build_region(DEMONSTRATION / "source", tmp_path / "region")
    pack(tmp_path / "region", tmp_path / "region.zip")
    assert packed_differences(DEMONSTRATION / "region.zip", tmp_path / "region.zip") == []


def test_the_demonstration_takes_less_than_3_mb_in_the_repository():
    """Files as they lie in a checkout."""
    files = [path for path in DEMONSTRATION.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES


def test_the_demonstration_says_that_it_is_not_for_operations(region):
    assert region.demonstration
    assert region.notice == DEMONSTRATION_NOTICE == "PETA CONTOH - bukan untuk operasi"
    assert region.name == "Kabupaten Cirebon (contoh)"


def test_every_check_of_the_demonstration_is_good(region):
    described = describe_region(region)
    assert {check["check"]: check["ok"] for check in described["checks"]} == {
        check["check"]: True for check in described["checks"]
    }
    assert described["areas"]["villages"] == 424 and described["areas"]["kecamatan"] == 40
    assert described["network"]["components"] == 2
    assert all(source["licence"] != "not stated" for source in described["sources"])
