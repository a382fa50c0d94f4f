"""The threads that tell agencies: one follows the event log, a few deliver.

Several processes, also on several hosts, may each run one on the same database. Killed at any moment, nothing is lost:
what a killed worker had claimed is tried again once its lease has run out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from dispatch.store.webhook_queue import WebhookQueue
from dispatch.webhook_body import body_of
from dispatch.webhooks import Answer, Claim, RetryPolicy, headers, judge, unreachable
from web.webhook_post import Call, Poster

THREADS: Final = 4
POLL_S: Final = 1.0
GATHER_S: Final = 0.05
"""The log is followed at most so often: each time is a write, which in a storm of commands would be one for each."""
LEASE_MARGIN_S: Final = 30.0

_log = logging.getLogger(__name__)


class WebhookWorker:
    """Delivers what is due until it is stopped.

    Parameters
    ----------
    clock
        Now, in UTC.
    chance
        A number from 0 to below 1 at every call: spreads the retries (`random.random`).
    threads
        Deliveries at the same time; a receiver that hangs takes up one of them at most.
    poll_s
        How long to wait for something new after there was nothing to do; `wake` cuts it short.
    lease_margin_s
        A claim outlasts the longest attempt by this much: for the database, and for clocks of hosts that differ.
    """

    def __init__(
        self,
        queue: WebhookQueue,
        poster: Poster,
        *,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        policy: RetryPolicy | None = None,
        threads: int = THREADS,
        poll_s: float = POLL_S,
        lease_margin_s: float = LEASE_MARGIN_S,
    ) -> None:
        self._queue = queue
        self._poster = poster
        self._clock = clock
        self._chance = chance
        self._policy = policy or RetryPolicy()
        self._poll_s = poll_s
        self._lease_s = poster.longest_s + lease_margin_s
        self._news = threading.Condition()
        self._committed = 0
        self._filled = 0
        self._stopping = False
        self._calls: set[Call] = set()
        self._threads = [threading.Thread(target=self._follow_on, name="webhook-follow", daemon=True)]
        self._threads += [
            threading.Thread(target=self._deliver_on, name=f"webhook-send-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at once: something was written. Quick, for any thread; `Store.on_commit` calls it."""
        with self._news:
            self._committed += 1
            self._news.notify_all()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End: requests under way are broken off and their claims given back; whether all threads ended in time."""
        with self._news:
            self._stopping = True
            calls = list(self._calls)
            self._news.notify_all()
        for call in calls:
            call.abort()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def follow(self) -> bool:
        """Take over what is new in the event log; whether there was anything."""
        found = self._queue.fill() > 0
        if found:
            with self._news:
                self._pass_on()
        return found

    def deliver(self) -> bool:
        """Try one delivery that is due; whether there was one."""
        claim = self._queue.claim(self._lease_s)
        if claim is None:
            return False
        self._attempt(claim)
        return True

    def _attempt(self, claim: Claim) -> None:
        call = self._poster.call()
        with self._news:
            self._calls.add(call)
            stopping = self._stopping
        try:
            if stopping:
                self._queue.release(claim)
                return
            answer = self._send(claim, call)
        finally:
            with self._news:
                self._calls.discard(call)
                stopping = self._stopping
        if answer.status is None and stopping:
            self._queue.release(claim)
            return
        self._record(claim, answer)

    def _send(self, claim: Claim, call: Call) -> Answer:
        body, now = body_of(claim.event), self._clock()
        signed = headers(claim.delivery.message_id, now, body, claim.webhook.secrets(now))
        return self._poster.post(claim.webhook.url, signed, body, call)

    def _record(self, claim: Claim, answer: Answer) -> None:
        verdict = judge(
            answer,
            attempts=claim.delivery.attempts + 1,
            failures=claim.failures,
            now=self._clock(),
            chance=self._chance(),
            policy=self._policy,
        )
        self._queue.finish(claim, verdict, status=answer.status, reached=not unreachable(answer))
        if verdict.fault is not None:
            _log.warning(
                "Webhook %s of %s, event %d, attempt %d: %s (%s)",
                claim.webhook.webhook_id,
                claim.webhook.agency,
                claim.event.seq,
                claim.delivery.attempts + 1,
                verdict.fault,
                "tried again" if verdict.due_at else "given up",
            )

    def _follow_on(self) -> None:
        told = 0
        while not self._stopping:
            known = self._committed  # read before looking, so that what is written meanwhile is looked for again
            busy = self._try(self.follow)
            with self._news:
                if known != told:  # what is due may have changed beside the log: a redelivery
                    told = known
                    self._pass_on()
                if busy:
                    self._news.wait_for(lambda: self._stopping, GATHER_S)
                else:
                    self._news.wait_for(lambda: self._committed != known or self._stopping, self._poll_s)  # noqa: B023

    def _pass_on(self) -> None:
        self._filled += 1
        self._news.notify_all()

    def _deliver_on(self) -> None:
        while not self._stopping:
            known = self._filled
            if not self._try(self.deliver):
                with self._news:
                    self._news.wait_for(lambda: self._stopping or self._filled != known, self._poll_s)  # noqa: B023

    def _try(self, step: Callable[[], bool]) -> bool:
        try:
            return step()
        except Exception as error:  # the database may be away for a while; the threads outlive it
            # The text may hold values of a row, so only its kind is logged.
            _log.error("Webhooks: %s; tried again in a moment", type(error).__name__)
            return False
