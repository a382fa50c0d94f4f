"""What anybody may read without an account: counts of months that are over, and no small number among them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from dispatch.commands import OpenIncident
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from gis.errors import SourceError
from tests.accounts import Clock
from tests.centre_app import CentreApp, centre_app
from web.public_pages import is_on

BUSY, QUIET = "32.09.20", "32.09.21"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentreApp]:
    url = f"sqlite:///{tmp_path_factory.mktemp('public') / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as app:
        clock = Clock()
        app.store._clock = clock
        clock.now = datetime(2026, 9, 15, tzinfo=UTC)
        opened(app, QUIET, "fire", 2)
        clock.now = datetime(2026, 10, 15, tzinfo=UTC)
        opened(app, BUSY, "fire", 9)
        opened(app, BUSY, "flood", 3)
        opened(app, BUSY, "animal", 1)
        opened(app, BUSY, "violence_women_children", 7)
        opened(app, QUIET, "fire", 4)
        opened(app, "32.09.01", "medical", 1)
        clock.now = datetime(2026, 11, 15, tzinfo=UTC)
        opened(app, BUSY, "fire", 30)
        yield app


def opened(app: CentreApp, kecamatan: str, category: str, number: int) -> None:
    place = IncidentLocation(kind=LocationKind.KECAMATAN, kecamatan_code=kecamatan)
    for _ in range(number):
        command = OpenIncident(category=category, severity=Severity.LOW, location=place)
        app.running.centre.execute(command, actor="disp.01")


@pytest.fixture
def visitor(made: CentreApp) -> FlaskClient:
    return made.app.test_client()


def numbers(answer: Any) -> dict[tuple[str, str, str], str]:
    rows = csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff")))
    return {(row["period"], row["kecamatan_code"], row["category"]): row["incidents"] for row in rows}


def test_anybody_reads_counts_of_months_that_are_over(visitor: FlaskClient) -> None:
    page = visitor.get("/public?lang=en")
    assert page.status_code == 200
    assert "October 2026" in page.text
    assert "Kedawung" in page.text
    assert "Set-Cookie" not in page.headers
    assert visitor.get("/public?month=2026-11").status_code == 404
    found = numbers(visitor.get("/public.csv?year=2026"))
    assert found["2026-10", BUSY, "fire"] == "9"
    assert found["2026-10", BUSY, "*"] == "13"
    assert not [key for key in found if key[0] in ("2026-11", "2026")]


def test_no_small_number_is_shown_and_none_can_be_worked_out(visitor: FlaskClient) -> None:
    found = numbers(visitor.get("/public.csv?year=2026"))
    assert (found["2026-10", BUSY, "flood"], found["2026-10", BUSY, "animal"]) == ("", "")
    assert (found["2026-10", QUIET, "*"], found["2026-09", QUIET, "fire"]) == ("", "")
    assert {int(one) for one in found.values() if one} == {9, 13, 18}
    assert found["2026-10", "*", "*"] == "18"  # 13 and 5 in kecamatan that are withheld
    assert found["2026-09", "*", "*"] == ""


def test_what_is_told_to_nobody_by_kecamatan_is_in_no_number(visitor: FlaskClient) -> None:
    answer = visitor.get("/public.csv?year=2026")
    assert "violence" not in answer.text
    assert not [one for one in numbers(answer).values() if one in ("7", "20", "25")]


def test_an_address_that_makes_no_sense_is_refused(visitor: FlaskClient) -> None:
    for path, status in (
        ("/public?month=x", 404), ("/public?month=2026-10%0a", 404), ("/public.csv", 400),
        ("/public.csv?year=٢٠٢٦", 400),
        ("/public.csv?year=1999", 404), ("/public.csv?year=2026&lang=xx", 400),
    ):  # fmt: skip
        assert visitor.get(path).status_code == status, path


def test_a_region_can_turn_it_off(made: CentreApp, visitor: FlaskClient) -> None:
    table = made.running.centre.region.table
    try:
        table["public"] = {"counts": False}  # type: ignore[index]
        for path in ("/public", "/public.csv?year=2026"):
            assert visitor.get(path).status_code == 404
    finally:
        del table["public"]  # type: ignore[attr-defined]
    assert is_on({}, "region.toml")
    odd: tuple[Any, ...] = ({"count": True}, {"counts": "yes"}, [])
    for bad in odd:
        with pytest.raises(SourceError, match="counts = true or false"):
            is_on(bad, "region.toml")
