"""Accounts in the log, on the plain model and both databases; retention; the same from a terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dispatch.access_settings import AccessSettings, PrivacySettings
from dispatch.accounts import AccessNote, Role
from dispatch.commands import ChangeAccount, CreateAccount, NoteAccess, TakeCall, UnmaskTexts
from dispatch.errors import RefusedError, UnknownIdError
from dispatch.store import care
from dispatch.store.credentials import Credentials, Stage
from gis.errors import InputError, SourceError
from tests.desks import Desk, StoreDesk
from web.cli import main


def create(desk: Desk, role: Role, bound_to: str | None = None) -> str:
    login = desk.name("orang").lower()
    desk.execute(CreateAccount(login=login, role=role, bound_to=bound_to))
    return login


def test_the_last_administrator_stays(desk: Desk) -> None:
    first = create(desk, Role.ADMINISTRATOR)
    for command in (ChangeAccount(login=first, active=False), ChangeAccount(login=first, role=Role.AUDITOR)):
        with pytest.raises(RefusedError, match="last administrator"):
            desk.execute(command)
    second = create(desk, Role.ADMINISTRATOR)
    desk.execute(ChangeAccount(login=first, active=False))
    with pytest.raises(RefusedError, match="last administrator"):
        desk.execute(ChangeAccount(login=second, active=False))
    desk.execute(ChangeAccount(login=first, active=True))
    desk.execute(ChangeAccount(login=second, role=Role.PLANNER))
    with desk.book() as book:
        assert [one.login for one in book.administrators()] == [first]
        found = book.account(second)
        assert found is not None and (found.role, found.active, found.version) == (Role.PLANNER, True, 2)


def test_a_role_is_bound_to_what_is_there_or_to_nothing(desk: Desk) -> None:
    unit = desk.new_unit()
    before = len(desk.events())
    wrong = {Role.CREW: (None, "TIDAK-ADA"), Role.AGENCY: (None, "tidak_ada"), Role.VILLAGE_OFFICIAL: (None, "desa"),
             Role.PLANNER: (unit,)}  # fmt: skip
    for role, bound_to in ((role, one) for role, many in wrong.items() for one in many):
        with pytest.raises((InputError, UnknownIdError)):
            create(desk, role, bound_to)
    assert len(desk.events()) == before
    login = create(desk, Role.CREW, unit)
    with pytest.raises(InputError):
        desk.execute(ChangeAccount(login=login, role=Role.AGENCY))
    desk.execute(ChangeAccount(login=login, role=Role.DISPATCHER))
    with desk.book() as book:
        found = book.account(login)
    assert found is not None and found.bound_to is None


def test_a_login_is_never_used_twice(desk: Desk) -> None:
    login = create(desk, Role.AUDITOR)
    desk.execute(ChangeAccount(login=login, active=False))
    with pytest.raises(RefusedError, match="never used twice"):
        desk.execute(CreateAccount(login=login, role=Role.PLANNER))
    desk.execute(NoteAccess(login=login, what=AccessNote.LOCKED))
    assert desk.events()[-1]["payload"] == {"login": login, "what": "locked", "detail": None}


def test_unmasking_tells_what_was_seen_and_why_and_nothing_more(desk: Desk) -> None:
    call = desk.execute(TakeCall(caller_name="Nama", caller_number="0812 3456 7890"))["calls"][0]["call_id"]
    before = len(desk.events())
    for reason in ("a", "  ", "telepon 0812-3456-7890"):
        with pytest.raises(InputError):
            desk.execute(UnmaskTexts(call_id=call, reason=reason))
    for both in ({}, {"call_id": call, "incident_id": "X"}):
        with pytest.raises(InputError):
            desk.execute(UnmaskTexts(reason="menelepon balik", **both))
    with pytest.raises(UnknownIdError):
        desk.execute(UnmaskTexts(call_id="C000000-0000", reason="menelepon balik"))
    assert len(desk.events()) == before
    desk.execute(UnmaskTexts(call_id=call, reason="menelepon balik"))
    told = desk.events()[-1]
    assert (told["type"], told["payload"]["fields"]) == ("texts.unmasked", ["caller_name", "caller_number"])
    assert "0812" not in json.dumps(told["payload"])


def test_accounts_are_made_from_the_log(desk: Desk) -> None:
    login = create(desk, Role.ADMINISTRATOR)
    if isinstance(desk, StoreDesk):
        assert login in care.replayed(desk.engine).accounts
        assert care.differences(desk.engine) == []


def test_what_proves_who_somebody_is_is_counted_and_taken_once(desk: Desk) -> None:
    if not isinstance(desk, StoreDesk):
        pytest.skip("the plain model keeps no passwords")
    kept, login = Credentials(desk.engine, clock=desk.clock), create(desk, Role.CREW, desk.new_unit())
    assert kept.failed(login) == 0, "without credentials there is nothing to count"
    kept.change(login, password_hash="x", recovery_hashes=["a", "b"])
    assert [kept.failed(login), kept.failed(login)] == [1, 2]
    assert [kept.use_step(login, step) for step in (5, 5, 4, 6)] == [True, False, False, True]
    assert [kept.use_recovery_code(login, code) for code in ("a", "a", "c", "b")] == [True, False, False, True]
    session = kept.open_session("t", login, Stage.OPEN)
    found = kept.session("t")
    assert found is not None and found[0] == session and found[1].login == login and found[2].password_hash == "x"
    assert kept.session("u") is None
    kept.open_session("u", login, Stage.OPEN)
    assert [kept.tried(session), kept.tried(session)] == [1, 2]
    assert kept.end_sessions(login, but=session.token_hash) == 1
    kept.add_link("one", login, desk.clock.now + timedelta(hours=1))
    kept.add_link("two", login, desk.clock.now + timedelta(hours=1))
    assert kept.link("one") is None
    link = kept.link("two")
    assert link is not None and [kept.use_link(link), kept.use_link(link)] == [True, False]
    made = kept.add_token("p", login, "laporan", desk.clock.now + timedelta(hours=1))
    assert kept.token_account("p") is not None
    desk.clock.tick(3601)
    assert kept.token_account("p") is None
    assert kept.tokens_of(login) == (made,)
    desk.execute(ChangeAccount(login=login, active=False))
    desk.clock.tick(3600)
    how: dict[str, Any] = {"sessions_before": desk.clock.now, "disabled_before": desk.clock.now}
    wanted = {"sessions": 1, "links": 0, "tokens": 1, "credentials": 1}
    assert kept.forget(**how, only_look=True) == wanted == kept.forget(**how)
    assert kept.forget(**how) == dict.fromkeys(wanted, 0)


@pytest.mark.parametrize("table", [{"days": 1}, {"texts_days": 0}, {"texts_days": "1"}, {"texts_days": True},
                                   {"category_days": 3}, {"category_days": {"medical": 0}}, []])  # fmt: skip
def test_a_bad_privacy_table_is_one_sentence(table: Any) -> None:
    with pytest.raises(SourceError, match=r"^region.toml, \[privacy\].*\.$"):
        PrivacySettings.from_table(table, source="region.toml")


@pytest.mark.parametrize(
    "table", [{"second_factor": "all"}, {"second_factor": ["king"]}, {"idle_minutes": 0}, {"x": 1}]
)
def test_a_bad_access_table_is_one_sentence(table: Any) -> None:
    with pytest.raises(SourceError, match=r"^region.toml, \[access\].*\.$"):
        AccessSettings.from_table(table, source="region.toml")
    assert AccessSettings.from_table({"second_factor": []}, source="region.toml").second_factor == ()


def test_accounts_from_a_terminal(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'centre.db'}"

    def run(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--db", url])

    added = json.loads(run("account", "add", "kru.1", "--role", "crew", "--bound-to", "AMB-13", "--json").stdout)
    assert added["link"].startswith("/link/")
    for bad in (("add", "kru.1", "--role", "planner"), ("add", "kru.2", "--role", "crew"), ("disable", "nobody"),
                ("role", "kru.1", "agency"), ("reset", "nobody"), ("token", "nobody", "--for", "x")):  # fmt: skip
        done = run("account", *bad)
        assert done.exit_code == 1, bad
        assert done.stderr.strip().splitlines()[-1].startswith("siaga112: ") and "Traceback" not in done.output
    assert json.loads(run("account", "role", "kru.1", "auditor", "--json").stdout)["state"] == "auditor"
    assert run("account", "disable", "kru.1").exit_code == 0
    assert "/link/" in run("account", "reset", "kru.1", "--second-factor").stdout
    token = json.loads(run("account", "token", "kru.1", "--for", "laporan", "--json").stdout)
    assert token["token"].startswith("s112_")
    [item] = json.loads(run("account", "list", "--json").stdout)["items"]
    assert (item["login"], item["role"], item["active"], item["has_password"]) == ("kru.1", "auditor", False, False)
    looked = json.loads(run("privacy", "sweep", "--look", "--json").stdout)
    assert looked["only_counted"] is True and looked["texts"] == 0
    routes = json.loads(CliRunner().invoke(main, ["access", "matrix", "--json"]).stdout)["routes"]
    made = next(one for one in routes if (one["method"], one["path"]) == ("POST", "/accounts"))
    assert [role for role, allowed in made["allowed"].items() if allowed != "no"] == ["administrator"]


def test_texts_of_a_category_are_erased_sooner(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import web.privacy
    from dispatch.commands import CloseIncident, LinkCall
    from tests.centre_app import centre_app

    with centre_app(sqlite_url) as made:
        client, centre = made.app.test_client(), made.running.centre
        kept = {}
        for category in ("medical", "fire"):
            call = client.post("/api/v1/calls", json={"caller_name": "Nama"}).get_json()["calls"][0]["call_id"]
            body = {"category": category, "severity": "high", "location": {"kind": "unknown"}, "note": "catatan"}
            kept[category] = client.post("/api/v1/incidents", json=body).get_json()["incidents"][0]["incident_id"]
            centre.execute(LinkCall(call_id=call, incident_id=kept[category]), actor="test")
            centre.execute(CloseIncident(incident_id=kept[category], disposition="resolved"), actor="test")
        later = made.store.now() + timedelta(days=200)
        monkeypatch.setattr(made.store, "_clock", lambda: later)
        settings = PrivacySettings(category_days={"medical": 180})
        monkeypatch.setattr(web.privacy, "privacy_settings", lambda _: settings)
        looked = web.privacy.sweep(centre, only_look=True)
        assert looked.texts_by_category == {"medical": 2}
        assert web.privacy.sweep(centre) == looked
        assert web.privacy.sweep(centre).texts_by_category == {"medical": 0}
        told = {name: client.get(f"/api/v1/incidents/{key}/texts").get_json()["texts"] for name, key in kept.items()}
        assert [one["erased"] for one in told["medical"]] == [True, True]
        assert [one["erased"] for one in told["fire"]] == [False, False]
        care.verify(made.store.engine)
