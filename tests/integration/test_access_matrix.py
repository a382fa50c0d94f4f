"""Every route by every role, as declared; and what is somebody else's is not found, whichever way it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dispatch.accounts import BOUND_ROLES, Role
from dispatch.commands import NotifyAgency
from tests.accounts import Program, person, program
from tests.centre_app import HERE, CentreApp, centre_app
from tests.integration.test_centre_refusals import CALLER, NOTE
from web.access import RIGHTS, Permission, Scope
from web.app import all_routes
from web.matrix import VISITOR, MatrixRow, matrix, matrix_markdown

DOCS = Path(__file__).resolve().parents[2] / "docs" / "access.md"
UNIT, OTHER_UNIT = "AMB-13", "DAMKAR-06"


class World:
    """A centre with two incidents in two villages, each with a unit of another agency, and everybody's program."""

    def __init__(self, made: CentreApp) -> None:
        self.made = made
        boundaries = made.running.centre.region.boundaries
        self.village = boundaries.locate(boundaries.middle(boundaries.villages[0].code)).village.code  # type: ignore[union-attr]
        self.other_village = next(
            one.code for one in boundaries.villages if one.parent_code != boundaries.villages[0].parent_code
        )
        sign_in = made.running.sign_in
        person(sign_in, "disp", Role.DISPATCHER)
        desk = self.programs = {Role.DISPATCHER: program(made, "disp")}
        self.ids = self._incident(desk[Role.DISPATCHER], self.village, UNIT, "medical")
        self.others = self._incident(desk[Role.DISPATCHER], self.other_village, OTHER_UNIT, "fire")
        self.agency = self._agency_of(UNIT)
        assert self.agency != self._agency_of(OTHER_UNIT)
        bound = {Role.AGENCY: self.agency, Role.CREW: UNIT, Role.VILLAGE_OFFICIAL: self.village}
        for role in Role:
            if role is not Role.DISPATCHER:
                person(sign_in, role.value, role, bound.get(role))
                self.programs[role] = program(made, role.value)

    def _agency_of(self, unit_id: str) -> str:
        with self.made.store.book() as book:
            found = book.unit(unit_id)
        assert found is not None
        return found.unit.agency

    def _incident(self, desk: Program, village: str, unit_id: str, category: str) -> dict[str, str]:
        middle = self.made.running.centre.region.boundaries.middle(village)
        call = desk.post("/api/v1/calls", json=CALLER).get_json()["calls"][0]["call_id"]
        place = {**HERE, "location": {"lat": middle.lat, "lon": middle.lon}, "label": "RUMAH-RAHASIA"}
        body = {"category": category, "severity": "high", "call_id": call, "note": NOTE, "location": place}
        opened = desk.post("/api/v1/incidents", json=body)
        assert opened.status_code == 201, opened.text
        incident = opened.get_json()["incidents"][0]["incident_id"]
        at = f"/api/v1/incidents/{incident}"
        assigned = desk.post(f"{at}/assignments", json={"unit_ids": [unit_id]})
        asked = desk.post(f"{at}/verifications", json={"village_code": village, "post": "kuwu"})
        made_for = desk.post(f"{at}/recommendations").get_json()
        return {
            "call_id": call,
            "incident_id": incident,
            "unit_id": unit_id,
            "assignment_id": assigned.get_json()["assignments"][0]["assignment_id"],
            "verification_id": asked.get_json()["verifications"][0]["verification_id"],
            "recommendation_id": made_for["recommendation_id"],
            "code": village,
        }


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    url = f"sqlite:///{folder / 'siaga112.db'}"
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made:
        yield World(made)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by tests that leave everybody's reach as it is."""
    with world_in(tmp_path_factory.mktemp("matrix")) as made:
        yield made


def address(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda one: ids.get(one[1], "1"), path)


def asked(world: World, row: MatrixRow, role: str, ids: dict[str, str]) -> Any:
    """A request that says nothing of use: it is refused for what it is, or for who sends it."""
    path = address(row.path, ids)
    how: dict[str, Any] = {} if row.method == "GET" else {"json": {}}
    if role == VISITOR:
        return world.made.app.test_client().open(path, method=row.method, **how)
    return world.programs[Role(role)].ask(row.method, path, **how)


def test_every_route_answers_every_role_as_declared(world: World) -> None:
    rows = matrix(world.made.app)
    assert len(rows) > 90
    refused = 0
    for row in rows:
        if row.need.permission is Permission.DEVICE:
            continue  # shows a token of its own, whoever sends it
        for role, allowed in row.allowed.items():
            answer = asked(world, row, role, world.ids)
            told = (row.method, row.path, role, allowed, answer.status_code, answer.data[:200])
            if allowed == "no":
                assert answer.status_code == (401 if role == VISITOR else 403), told
                refused += 1
            else:
                assert answer.status_code not in (401, 403, 500), told
    assert refused > 250


def test_a_bound_role_finds_no_record_of_another(world: World) -> None:
    rows = [row for row in matrix(world.made.app) if row.need.scope in (Scope.INCIDENT, Scope.UNIT, Scope.VERIFICATION)]
    asked_for = 0
    for row in rows:
        for role in BOUND_ROLES:
            if row.allowed[role.value] == "own":
                before = world.made.store.head()
                answer = asked(world, row, role.value, world.others)
                assert answer.status_code == 404, (row.method, row.path, role, answer.text[:200])
                assert world.made.store.head() == before
                asked_for += 1
    assert asked_for > 15


def test_lists_streams_and_exports_hold_only_what_is_ones_own(world: World) -> None:
    mine, other = world.ids["incident_id"], world.others["incident_id"]
    for role in BOUND_ROLES:
        who = world.programs[role]
        for path in ("/api/v1/incidents?limit=500", f"/api/v1/incidents?area={world.other_village}",
                     f"/api/v1/incidents/{mine}", f"/api/v1/incidents/{mine}/story", "/api/v1/events?limit=500",
                     "/api/v1/board", "/api/v1/board?after=0",
                     "/api/v1/units", "/api/v1/exports/incidents.csv", "/api/v1/exports/incidents.geojson",
                     "/api/v1/exports/incidents.csv?level=agency"):  # fmt: skip
            answer = who.get(path)
            for hidden in (other, OTHER_UNIT, world.other_village, world.others["call_id"]):
                assert hidden not in answer.text, (role, path)
            for secret in (*CALLER.values(), NOTE):
                assert secret not in answer.text, (role, path)
        assert mine in who.get("/api/v1/incidents").text
        assert mine in who.get("/api/v1/events?limit=500").text
        assert f'"incident_id":"{other}"' in world.programs[Role.DISPATCHER].get("/api/v1/events?limit=500").text


def test_a_stream_holds_only_what_is_ones_own(world: World) -> None:
    for role in BOUND_ROLES:
        answer = world.programs[role].get("/api/v1/events", headers={"Accept": "text/event-stream"}, buffered=False)
        assert answer.status_code == 200
        pieces, told = iter(answer.response), ""
        while f"id: {last_event_of(world, role)}\n" not in told:
            told += next(pieces).decode()
        answer.close()
        assert world.ids["incident_id"] in told
        for hidden in (world.others["incident_id"], OTHER_UNIT, world.other_village):
            assert hidden not in told


def last_event_of(world: World, role: Role) -> int:
    return int(world.programs[role].get("/api/v1/events?limit=500").get_json()["events"][-1]["seq"])


def test_a_village_sees_no_house_of_a_sensitive_category_and_nobodys_name(world: World) -> None:
    official = world.programs[Role.VILLAGE_OFFICIAL]
    found = official.get(f"/api/v1/incidents/{world.ids['incident_id']}").get_json()
    assert found["incident"]["category"] == "medical"
    assert found["incident"]["location"]["kind"] == "village"
    assert found["incident"]["location"]["location"] is None
    assert (found["calls"], found["incident"]["notes"]) == ([], [])
    for path in (f"/incidents/{world.ids['incident_id']}", "/events?limit=500", "/incidents"):
        text = official.get(f"/api/v1{path}").text
        assert "RAHASIA" not in text
        assert '"disp"' not in text
    for event in official.get("/api/v1/events?limit=500").get_json()["events"]:
        assert '"lat"' not in json.dumps(event["payload"]), event["type"]
    for level in ("agency", "internal"):
        assert official.get(f"/api/v1/exports/incidents.csv?level={level}").status_code == 403


def test_a_board_holds_only_what_is_ones_own(world: World) -> None:
    mine = world.ids["incident_id"]
    whole = world.programs[Role.DISPATCHER].get("/api/v1/board").get_json()
    assert {one["incident_id"] for one in whole["incidents"]} == {mine, world.others["incident_id"]}
    for role in BOUND_ROLES:
        board = world.programs[role].get("/api/v1/board").get_json()
        assert [one["incident_id"] for one in board["incidents"]] == [mine], role
        units = {one["unit_id"] for one in board["units"]}
        if role is Role.AGENCY:
            assert units == {one["unit_id"] for one in whole["units"] if one["agency"] == world.agency}
        else:
            assert units == ({UNIT} if role is Role.CREW else set())
    shown = world.programs[Role.VILLAGE_OFFICIAL].get("/api/v1/board").get_json()["incidents"][0]["place"]
    assert (shown["location"], shown["label"], shown["village"]["code"]) == (None, "", world.village)


def test_a_stream_tells_the_positions_of_ones_own_units_alone(world: World) -> None:
    for unit_id in (UNIT, OTHER_UNIT):
        token, _ = world.made.running.centre.register_device(unit_id, "test", actor="test")
        world.made.running.positions.devices.forget()
        now = int(world.made.store.now().timestamp())
        sent = f"/api/v1/positions/osmand?id={token}&timestamp={now}&lat=-6.71&lon=108.53"
        assert world.made.app.test_client().get(sent).status_code == 200
    for role in (Role.DISPATCHER, *BOUND_ROLES):
        # A village has no units: what it is told next is the next event of its own.
        is_told = role is not Role.VILLAGE_OFFICIAL
        path = f"/api/v1/events?positions=true&after={world.made.store.head()[0]}"
        answer = world.programs[role].get(path, headers={"Accept": "text/event-stream"}, buffered=False)
        pieces, told = iter(answer.response), next(iter(answer.response)).decode()
        if not is_told:
            graver = f"/api/v1/incidents/{world.ids['incident_id']}"
            assert (
                world.programs[Role.DISPATCHER].ask("PATCH", graver, json={"severity": "critical"}).status_code == 200
            )
        while ("event: positions" if is_told else "event: incident.edited") not in told:
            told += next(pieces).decode()
        answer.close()
        assert (UNIT in told) == is_told
        assert (OTHER_UNIT in told) == (role is Role.DISPATCHER), role


def test_an_agency_sees_what_it_was_told_of(tmp_path: Path) -> None:
    with world_in(tmp_path) as world:
        agency, other = world.programs[Role.AGENCY], world.others["incident_id"]
        assert agency.get(f"/api/v1/incidents/{other}").status_code == 404
        world.made.running.centre.execute(NotifyAgency(incident_id=other, agency=world.agency), actor="test")
        assert agency.get(f"/api/v1/incidents/{other}").status_code == 200


def test_personal_texts_are_masked_by_role_and_unmasking_is_an_event(world: World) -> None:
    path = f"/api/v1/incidents/{world.ids['incident_id']}"
    clear = {one["field"]: one for one in world.programs[Role.CALL_TAKER].get(f"{path}/texts").get_json()["texts"]}
    assert clear["caller_number"]["text"] == CALLER["caller_number"]
    desk = world.programs[Role.DISPATCHER]
    seen = {one["field"]: one for one in desk.get(f"{path}/texts").get_json()["texts"]}
    assert seen["words"]["text"] == CALLER["words"]
    assert seen["caller_number"]["masked"] and seen["caller_number"]["text"].endswith("112")
    assert CALLER["caller_name"] not in str(seen)
    before = world.made.store.head()[0]
    for bad in ("", "x", "hubungi 0812 3456 7890"):
        assert desk.post(f"{path}/unmask", json={"reason": bad}).status_code == 422
    assert world.made.store.head()[0] == before
    told = desk.post(f"{path}/unmask", json={"reason": "menelepon balik"}).get_json()["texts"]
    assert CALLER["caller_number"] in [one["text"] for one in told]
    event = world.made.store.events_after(before)[-1]
    assert (event.type, event.actor) == ("texts.unmasked", "disp")
    assert event.payload["reason"] == "menelepon balik"
    assert CALLER["caller_number"] not in json.dumps(event.payload)
    # Only those who audit read of it.
    assert "texts.unmasked" not in desk.get(f"{path}/story").text
    assert "texts.unmasked" in world.programs[Role.AUDITOR].get(f"{path}/story").text
    assert (
        world.programs[Role.VILLAGE_OFFICIAL].post(f"{path}/unmask", json={"reason": "ingin tahu"}).status_code == 403
    )


def test_what_a_crew_reports_is_for_its_own_unit(world: World) -> None:
    crew = world.programs[Role.CREW]
    assert crew.post(f"/api/v1/units/{OTHER_UNIT}/status", json={"status": "en_route"}).status_code == 404
    answer = crew.post(f"/api/v1/units/{UNIT}/status", json={"status": "en_route"})
    assert answer.status_code == 200, answer.text
    assert crew.get(f"/api/v1/route?unit={OTHER_UNIT}&at=-6.72,108.53").status_code == 404
    assert crew.get(f"/api/v1/route?unit={UNIT}&at=-6.72,108.53").status_code in (200, 422)


def test_every_role_has_rights_and_only_bound_roles_a_narrow_reach() -> None:
    assert set(RIGHTS) == set(Role)
    for role, rights in RIGHTS.items():
        assert Permission.ACCOUNT in rights
        assert Permission.PUBLIC not in rights
        assert role is Role.ADMINISTRATOR or Permission.ACCOUNTS not in rights
        assert not {Permission.CALL_WRITE, Permission.ASSIGN} & rights or role in (Role.CALL_TAKER, Role.DISPATCHER)
    assert Permission.UNMASK not in RIGHTS[Role.VILLAGE_OFFICIAL] | RIGHTS[Role.PLANNER] | RIGHTS[Role.ADMINISTRATOR]


def test_the_document_shows_the_matrix_of_the_code() -> None:
    shown = DOCS.read_text(encoding="utf-8").partition("<!-- matrix -->\n")[2].partition("<!-- end of matrix -->")[0]
    assert shown == matrix_markdown(matrix(all_routes())), "run: siaga112 access matrix --markdown"
