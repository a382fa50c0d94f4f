"""A centre in the middle of a shift, with everybody who signs in to it: what the tests of all pages look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from dispatch.accounts import Role
from dispatch.closures import ClosureReason
from dispatch.commands import (
    AddNote,
    AskHandover,
    AskVerification,
    AssignUnits,
    CloseIncident,
    Command,
    NotifyAgency,
    OpenIncident,
    ReportStatus,
    TakeCall,
)
from dispatch.incidents import IncidentLocation, LocationKind, Severity
from dispatch.store.credentials import Session
from dispatch.types import UnitStatus
from gis.types import Location
from tests.accounts import Browser as Client
from tests.accounts import Clock, code_at, person
from tests.centre_app import CentreApp, centre_app, served
from web.closing import NewClosure, closing_of
from web.shift_notes import write_shift_note

VILLAGE = "32.09.20.2004"
KECAMATAN = "32.09.20"
CREW_UNIT, AGENCY_UNIT = "AMB-13", "DAMKAR-06"
CALLER_NAME, CALLER_NUMBER = "Bu Rahasia", "081122334455"
"""No page but that of a call taker shows them."""
LOGINS = {
    Role.CALL_TAKER: ("penerima.01", None),
    Role.DISPATCHER: ("disp.01", None),
    Role.AGENCY: ("opd.01", "damkar"),
    Role.CREW: ("kru.amb13", CREW_UNIT),
    Role.PLANNER: ("rencana.01", None),
    Role.VILLAGE_OFFICIAL: ("kuwu.2004", VILLAGE),
    Role.ADMINISTRATOR: ("admin.01", None),
    Role.AUDITOR: ("audit.01", None),
    Role.WALL: ("layar.01", None),
}


class Story:
    """Incidents of last month and of today, one of each state, a closed road, a note of a shift, and all people."""

    def __init__(self, made: CentreApp, port: int) -> None:
        self.made, self.address = made, f"http://127.0.0.1:{port}"
        self.centre = made.running.centre
        self._clients: dict[Role | str, FlaskClient] = {}
        self._newcomers = count(10)
        self.sign_in = made.running.sign_in
        boundaries = self.centre.region.boundaries
        middle = boundaries.middle(VILLAGE)
        self.place = Location(lat=middle.lat, lon=middle.lon)
        real, clock = made.store._clock, Clock()
        made.store._clock = clock
        clock.now = (datetime.now(UTC).replace(day=1) - timedelta(days=9)).replace(hour=3)
        for number, category in enumerate(("fire", "medical", "flood", "fire", "traffic_accident", "fire", "fire")):
            self._past(clock, category, number)
        made.store._clock = real
        self.month = f"{clock.now - timedelta(days=3):%Y-%m}"
        self.closed = self._today()
        self.people()

    def do(self, command: Command) -> dict[str, Any]:
        """Carry out a command."""
        return self.centre.execute(command, actor="disp.01")

    def opened(self, category: str, severity: Severity, label: str | None = None, **more: Any) -> str:
        """Open an incident in the village; its id."""
        shift = len(label or "") % 7 / 2000
        at = Location(lat=self.place.lat + shift, lon=self.place.lon - shift)
        place = IncidentLocation(kind=LocationKind.POINT, location=at, radius_m=30, label=label or "")
        command = OpenIncident(category=category, severity=severity, location=place, **more)
        return str(self.do(command)["incidents"][0]["incident_id"])

    def _past(self, clock: Clock, category: str, number: int) -> None:
        """An incident of last month, with times as they happen."""
        unit = ("AMB-12", AGENCY_UNIT)[number % 2]
        incident_id = self.opened(category, list(Severity)[number % 4], f"Jalan Tuparev gang {number}")
        for minutes, step in ((2, None), (1, UnitStatus.EN_ROUTE), (5 + number, UnitStatus.ON_SCENE)):
            clock.tick(minutes=minutes)
            self.do(
                AssignUnits(incident_id=incident_id, unit_ids=(unit,))
                if step is None
                else ReportStatus(unit_id=unit, status=step)
            )
        clock.tick(minutes=30)
        self.do(CloseIncident(incident_id=incident_id, disposition="transported", release_units=True))
        clock.tick(hours=7)

    def _today(self) -> str:
        closed = self.opened("animal", Severity.LOW, "Pasar Kertawinangun")
        self.do(AssignUnits(incident_id=closed, unit_ids=("AMB-12",)))
        self.do(ReportStatus(unit_id="AMB-12", status=UnitStatus.ON_SCENE))
        self.do(CloseIncident(incident_id=closed, disposition="transported", release_units=True))
        self.running = self.opened(
            "fire", Severity.CRITICAL, "Gudang kayu di belakang Pasar Kertawinangun, gang sebelah musala",
            note="Api membesar; penghuni dua orang lanjut usia di lantai atas",
        )  # fmt: skip
        self.do(
            TakeCall(caller_name=CALLER_NAME, caller_number=CALLER_NUMBER, words="rumah terbakar, asap hitam tebal",
                     incident_id=self.running)
        )  # fmt: skip
        self.do(AssignUnits(incident_id=self.running, unit_ids=(AGENCY_UNIT, CREW_UNIT)))
        self.do(ReportStatus(unit_id=AGENCY_UNIT, status=UnitStatus.EN_ROUTE))
        self.do(NotifyAgency(incident_id=self.running, agency="damkar"))
        self.do(AddNote(incident_id=self.running, text="Warga mengungsi ke balai desa"))
        asked = AskVerification(incident_id=self.running, village_code=VILLAGE, post="kuwu")
        self.question = self.do(asked)["verifications"][0]["verification_id"]
        self.waiting = self.opened("medical", Severity.HIGH, "Puskesmas Kedawung")
        self.do(TakeCall(caller_name="Pak Anu", caller_number="08110001112", incident_id=self.waiting))
        self.opened("flood", Severity.MODERATE, "Jalan Raya Cirebon–Bandung km 7, di bawah jembatan kereta")
        self.opened("security", Severity.LOW, exercise=True)
        self.do(AskHandover(incident_id=self.waiting, neighbour="brebes"))
        self.do(ReportStatus(unit_id="AMB-20", status=UnitStatus.OUT_OF_SERVICE))
        new = NewClosure(location=self.place, radius_m=200.0, reason=ClosureReason.FLOOD)
        self.do(closing_of(new, self.centre.desk, self.centre.roads).command)
        now = self.made.store.now()
        self.shift_note = write_shift_note(
            self.centre, now - timedelta(hours=8), now, "Jembatan Losari retak; tanyakan PUPR.", actor="disp.01"
        )
        return closed

    def people(self) -> None:
        """One account for each role, and a link that makes another."""
        for role, (login, bound_to) in LOGINS.items():
            person(self.sign_in, login, role, bound_to)
        self.link = self.sign_in.create("baru.01", Role.CALL_TAKER, bound_to=None, display_name="", actor="admin.01")

    @property
    def ids(self) -> dict[str, str]:
        """What stands in addresses."""
        return {"incident_id": self.running, "note_id": self.shift_note, "token": self.link, "login": "disp.01"}

    # --- who is there --------------------------------------------------------------------------------------------

    def client(self, who: Role | str | None) -> FlaskClient:
        """A browser without a window in which somebody is: a role, `code`, `enrol` or `locked`; None for a visitor."""
        if who is None:
            return self.made.app.test_client()
        if who not in self._clients:
            self._clients[who] = self.fresh(who)
        return self._clients[who]

    def fresh(self, who: Role | str) -> FlaskClient:
        """As `client`, in a session of its own."""
        client = Client(self.made)
        if who == "enrol":
            login = f"disp.{next(self._newcomers)}"
            person(self.sign_in, login, Role.DISPATCHER)
            client.sign_in(login)
        elif who == "code":
            self.client(Role.DISPATCHER)  # has set up the phone
            client.sign_in(LOGINS[Role.DISPATCHER][0])
        elif who == "locked":
            client.sign_in(LOGINS[Role.CALL_TAKER][0])
            client.send("/lock", page="/account")
        elif isinstance(who, Role):
            client.sign_in(LOGINS[who][0])
            if not client.is_in:
                self._prove(client, who)
            assert client.is_in, who
        return client.client

    def _prove(self, client: Client, role: Role) -> None:
        """The second factor: set up by who has none, told by who has."""
        if self.credential(role).totp_secret is None:
            client.get("/sign-in/second-factor")
            secret = self.credential(role).totp_pending or ""
            client.send("/sign-in/second-factor", code=code_at(secret, datetime.now(UTC)))
            return
        # A code opens once; here the same half minute may see several sessions begin.
        self.sign_in.kept.change(LOGINS[role][0], totp_step=None)
        client.send("/sign-in/code", code=code_at(self.credential(role).totp_secret, datetime.now(UTC)))

    def cookie(self, who: Role | str) -> dict[str, Any]:
        """The session of somebody, for a browser with a window."""
        return self.cookie_of(self.client(who))

    def cookie_of(self, client: FlaskClient) -> dict[str, Any]:
        """As `cookie`, of a browser without a window."""
        found = client.get_cookie("siaga112_session")
        assert found is not None
        return {"name": "siaga112_session", "value": found.value, "url": self.address, "httpOnly": True}

    def end(self, client: FlaskClient) -> None:
        """End a session as the centre does when its time is over: the browser is not told."""
        self.sign_in.kept.end_session(self._session(client))

    def lock(self, client: FlaskClient) -> None:
        """Lock a session that nobody has touched for too long."""
        self.sign_in.lock(self._session(client))

    def _session(self, client: FlaskClient) -> Session:
        with client.session_transaction() as kept:
            found = self.sign_in.kept.session(kept["_user_id"])
        assert found is not None
        return found[0]

    def credential(self, role: Role) -> Any:
        """What the centre keeps of how a role's person signs in."""
        found = self.sign_in.kept.account(LOGINS[role][0])
        assert found is not None
        return found[1]


@contextmanager
def story(url: str) -> Iterator[Story]:
    """The centre, served."""
    with centre_app(url, accounts=True, config={"RATELIMIT_ENABLED": False}) as made:
        made.running.centre.roads.start()
        try:
            with served(made.app, streams=24) as port:
                yield Story(made, port)
        finally:
            made.running.centre.roads.stop()
