"""A centre that runs: its database opened, its workers started and stopped together.

This is where the parts are wired: the store, positions, webhooks, and the housekeeper, who logs what is overdue and
erases what has expired.
"""

from __future__ import annotations

import logging
import os
import random
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from dispatch.commands import EraseTexts
from dispatch.store import care
from dispatch.store.engine import open_engine
from dispatch.store.migrate import ensure_tables
from dispatch.store.positions import PositionStore
from dispatch.store.store import Store, new_id, utc_now
from dispatch.store.webhook_queue import WebhookQueue
from gis.errors import SiagaError
from web.centre import SYSTEM, Centre
from web.exports import issuer_of
from web.position_intake import DeviceBook, PositionIntake
from web.positions import Positions
from web.service import Desk
from web.webhook_post import Poster
from web.webhook_worker import WebhookWorker
from web.webhooks import left_to_do, webhook_register

DATABASE_VARIABLE: Final = "SIAGA112_DB"
POSITIONS_KEPT: Final = timedelta(days=30)
DELIVERIES_KEPT: Final = timedelta(days=30)
REQUESTS_KEPT: Final = timedelta(days=7)
ROUND_S: Final = 10.0
"""How often the housekeeper looks at the timers."""
ROUNDS_PER_TIDYING: Final = 360

_log = logging.getLogger(__name__)


def database_url(option: str | None, region_name: str) -> str:
    """The database of the option, else of the environment, else a file of the user's own for this region."""
    named = option or os.environ.get(DATABASE_VARIABLE, "").strip()
    if named:
        return named
    home = os.environ.get("XDG_DATA_HOME", "").strip()
    folder = (Path(home) if home else Path.home() / ".local" / "share") / "siaga112"
    folder.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", region_name.lower()).strip("-") or "region"
    return f"sqlite:///{folder / f'{slug}.db'}"


def open_store(url: str, desk: Desk | None = None) -> Store:
    """Open a database, its tables made where it is empty.

    Raises
    ------
    StoreError
        It cannot be opened, or is of another version.
    """
    engine = open_engine(url)
    ensure_tables(engine)
    return (
        Store(engine) if desk is None else Store(engine, timezone=desk.region.timezone, issuer=issuer_of(desk.region))
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
        erased = 0
        while expired := care.expired_texts(store.engine, now):
            store.execute(EraseTexts(text_ids=tuple(expired), reason="expired"), actor=SYSTEM)
            erased += len(expired)
        return erased

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


class Running:
    """A centre with its workers."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.store = open_store(url, desk)
        self.centre = Centre(self.store, desk)
        self.centre.prepare()
        desk.follow(self.centre.plain_units)
        engine = self.store.engine
        kept = PositionStore(engine)
        self.positions = Positions(
            intake=PositionIntake(kept, keep_for=POSITIONS_KEPT), devices=DeviceBook(kept), clock=utc_now
        )
        self.webhooks = WebhookWorker(
            WebhookQueue(engine, clock=utc_now, new_id=new_id),
            Poster(clock=utc_now),
            clock=utc_now,
            chance=random.random,
        )
        self.store.on_commit(self.webhooks.wake)
        self.housekeeper = Housekeeper(self.centre)

    def remarks(self) -> list[str]:
        """What the centre should look at, one sentence each; none of it keeps it from working."""
        return left_to_do(webhook_register(self.store, self.centre.region), self.store.directory())

    def start(self) -> None:
        """Start all workers."""
        self.positions.intake.start()
        self.webhooks.start()
        self.housekeeper.start()

    def stop(self) -> None:
        """Stop them, and let go of the database."""
        self.housekeeper.stop()
        self.webhooks.stop()
        self.positions.intake.stop()
        self.store.engine.dispose()
