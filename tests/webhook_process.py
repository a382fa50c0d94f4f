"""A process that delivers webhooks until it is killed: python -m tests.webhook_process; the database on its input."""

from __future__ import annotations

import random
import sys

from dispatch.store.engine import open_engine
from dispatch.store.store import new_id, utc_now
from dispatch.store.webhook_queue import WebhookQueue
from web.webhook_post import Poster
from web.webhook_worker import WebhookWorker


def main() -> None:
    url = sys.stdin.readline().strip()
    queue = WebhookQueue(open_engine(url), clock=utc_now, new_id=new_id)
    # A short deadline, so that what a killed process had claimed is free again soon.
    poster = Poster(clock=utc_now, deadline_s=0.2)
    WebhookWorker(queue, poster, clock=utc_now, chance=random.random, poll_s=0.05, lease_margin_s=1.0).start()
    print("started", flush=True)
    sys.stdin.read()  # until killed, or until who started it is gone


if __name__ == "__main__":
    main()
