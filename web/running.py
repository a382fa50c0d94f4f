"""A centre that runs: its database opened, its workers started and stopped together.

This is where the parts are wired: the store, positions, webhooks, and the housekeeper, who logs what is overdue and
erases what has expired.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from argon2 import PasswordHasher

from dispatch.store import care
from dispatch.store.credentials import Credentials
from dispatch.store.engine import open_engine
from dispatch.store.migrate import engine_to_ask, ensure_tables
from dispatch.store.positions import PositionStore
from dispatch.store.store import Store, new_id, utc_now
from dispatch.store.webhook_queue import WebhookQueue
from gis.errors import SiagaError
from web.centre import Centre
from web.exports import issuer_of
from web.position_intake import DeviceBook, PositionIntake
from web.positions import Positions
from web.privacy import access_settings, privacy_settings, sweep
from web.service import Desk
from web.sign_in import SignIn
from web.webhook_post import Poster
from web.webhook_worker import WebhookWorker
from web.webhooks import left_to_do, webhook_register

DELIVERIES_KEPT: Final = timedelta(days=30)
REQUESTS_KEPT: Final = timedelta(days=7)
ROUND_S: Final = 10.0
"""How often the housekeeper looks at the timers."""
ROUNDS_PER_TIDYING: Final = 360

_log = logging.getLogger(__name__)


def centre_to_ask(url: str, desk: Desk) -> Centre:
    """A centre for questions alone: nothing is put into its database.

    Raises
    ------
    StoreError
        The database is not there, holds no centre yet, or is of another version.
    """
    engine = engine_to_ask(url)
    store = Store(engine, timezone=desk.region.timezone, issuer=issuer_of(desk.region))
    centre = Centre(store, desk)
    centre.speeds.refresh()
    return centre


def open_store(url: str, desk: Desk | None = None) -> Store:
    """Open a database, its tables made where it is empty.

    Raises
    ------
    StoreError
        It cannot be opened, or is of another version.
    """
    engine = open_engine(url)
    ensure_tables(engine)
    if desk is None:
        return Store(engine)
    return Store(
        engine,
        timezone=desk.region.timezone,
        issuer=issuer_of(desk.region),
        text_kept=timedelta(days=privacy_settings(desk.region).texts_days),
    )


class Housekeeper:
    """Logs what is overdue; erases personal texts, answers to idempotency keys and old deliveries of webhooks."""

    def __init__(self, centre: Centre, *, round_s: float = ROUND_S) -> None:
        self._centre = centre
        self._round_s = round_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def tidy(self) -> int:
        """Erase what has expired; gives how many personal texts."""
        store = self._centre.store
        now = store.now()
        care.forget_requests(store.engine, now - REQUESTS_KEPT)
        webhook_register(store, self._centre.region).purge(now - DELIVERIES_KEPT)
        swept = sweep(self._centre)
        return swept.texts + sum(swept.texts_by_category.values())

    def _run(self) -> None:
        rounds = 0
        while not self._stop.wait(self._round_s):
            self._try(self._centre.notice_overdue)
            # Another host may have decided about speeds.
            self._try(self._centre.speeds.refresh)
            if rounds % ROUNDS_PER_TIDYING == 0:
                self._try(self.tidy)
            rounds += 1

    def _try(self, task: Callable[[], int]) -> None:
        try:
            task()
        except SiagaError as error:
            _log.warning("Housekeeping: %s", error)


def sign_in_of(centre: Centre, hasher: PasswordHasher | None = None) -> SignIn:
    """How people sign in to a centre, as its region says."""
    return SignIn(
        Credentials(centre.store.engine, clock=centre.store.now),
        centre,
        access_settings(centre.region),
        clock=centre.store.now,
        hasher=hasher,
        issuer=f"Siaga112 {centre.region.name}",
    )


class Running:
    """A centre with its workers."""

    def __init__(self, desk: Desk, url: str, *, hasher: PasswordHasher | None = None) -> None:
        self.store = open_store(url, desk)
        self.centre = Centre(self.store, desk)
        self.centre.prepare()
        desk.follow(self.centre.plain_units)
        engine = self.store.engine
        kept = PositionStore(engine)
        keep_for = timedelta(days=privacy_settings(desk.region).positions_days)
        self.positions = Positions(
            intake=PositionIntake(kept, keep_for=keep_for), devices=DeviceBook(kept), clock=utc_now
        )
        self.webhooks = WebhookWorker(
            WebhookQueue(engine, clock=utc_now, new_id=new_id),
            Poster(clock=utc_now),
            clock=utc_now,
            chance=random.random,
        )
        self.store.on_commit(self.webhooks.wake)
        self.housekeeper = Housekeeper(self.centre)
        self.sign_in = sign_in_of(self.centre, hasher)

    def remarks(self) -> list[str]:
        """What the centre should look at, one sentence each; none of it keeps it from working."""
        return left_to_do(webhook_register(self.store, self.centre.region), self.store.directory())

    def start(self) -> None:
        """Start all workers."""
        self.positions.intake.start()
        self.webhooks.start()
        self.housekeeper.start()
        self.centre.roads.start()

    def stop(self) -> None:
        """Stop them, and let go of the database."""
        self.centre.roads.stop()
        self.housekeeper.stop()
        self.webhooks.stop()
        self.positions.intake.stop()
        self.store.engine.dispose()
