"""The event log as a stream that goes on (server-sent events), with the positions of units beside it.

A stream outlives its request by hours. It holds a thread of its own lane (`web.lanes`), is woken by the pulse of the
process, asks again and again whether its reader may still read, and says in silence that it is still there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final, ParamSpec, TypeVar

from flask import Response, current_app, g, request

from dispatch.codec import dump
from web.access import POLICY, actor
from web.api_commands import centre
from web.problems import problem
from web.pulse import UnitPlace
from web.reach import shown_events, units_in_reach

P = ParamSpec("P")
T = TypeVar("T")

MAX_STREAMS: Final = 32
MOST_AT_ONCE: Final = 500
HEARTBEAT_S: Final = 10.0
NEVER: Final = 2**62
"""A beat of the pulse that is never reached."""
RIGHTS_CHECKED_S: Final = 3.0
"""How often a stream asks whether its reader may still read, at least."""

_streams = threading.BoundedSemaphore(MAX_STREAMS)


def event_stream(after: int, *, positions: bool) -> Response:
    """Everything that follows an event and that who asks may see, and where units are, until one side ends it.

    Parameters
    ----------
    after
        Sequence number; only what follows is sent.
    positions
        Whether to tell where units are: all of them first, then those that moved. Such an event has no id.
    """
    if not _streams.acquire(blocking=False):
        answer = problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            code="too-many-streams",
            title="Too many followers",
            detail=f"{MAX_STREAMS} readers follow the event log already; try again in a moment.",
        )
        answer.headers["Retry-After"] = "5"
        return answer
    store, pulse, may_go_on = centre().store, centre().pulse, still_allowed()
    shown, shown_places = _as_asked(shown_events), _as_asked(_shown_places)

    def follow() -> Iterator[str]:
        seq, beat, heard, asked = after, 0, time.monotonic(), time.monotonic()
        yield "retry: 2000\n\n"
        while True:
            if time.monotonic() - asked > RIGHTS_CHECKED_S:
                if not may_go_on():
                    return  # signed out, locked or disabled: the browser comes back and is told so
                asked = time.monotonic()
            found = store.events_after(seq, limit=MOST_AT_ONCE)
            for event in shown(found):
                text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
                yield f"id: {event['seq']}\nevent: {event['type']}\ndata: {text}\n\n"
                heard = time.monotonic()
            if found:
                seq = found[-1].seq
            if positions:
                beat, moved = pulse.moved(beat)
                if moved and (told := shown_places(moved)) is not None:
                    # No id: positions stand beside the log and do not touch its numbering.
                    yield f"event: positions\ndata: {told}\n\n"
                    heard = time.monotonic()
            if not found:
                if time.monotonic() - heard > HEARTBEAT_S:
                    yield ": still here\n\n"
                    heard = time.monotonic()
                pulse.wait(seq, beat if positions else NEVER, RIGHTS_CHECKED_S)

    pulse.begin()
    answer = Response(follow(), content_type="text/event-stream; charset=utf-8")
    # Not in the generator: one that was never asked for its first piece (HEAD) never comes to its end.
    answer.call_on_close(_streams.release)
    answer.call_on_close(pulse.end)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _shown_places(moved: dict[str, UnitPlace]) -> str | None:
    """Where units are, for one who sees all of them or some: id, latitude, longitude and time of the fix of each."""
    within = moved.keys() if actor().reach.is_whole else units_in_reach(moved)
    told = [
        [one, round(lat, 6), round(lon, 6), dump(fixed)] for one, (lat, lon, fixed) in moved.items() if one in within
    ]
    if not told:
        return None
    return json.dumps({"now": dump(centre().store.now()), "units": told}, separators=(",", ":"))


def still_allowed() -> Callable[[], bool]:
    """Whether who asks now may still ask later, as the policy then says."""
    policy = current_app.extensions.get(POLICY)
    before = actor()

    def allowed() -> bool:
        if policy is None:
            return True
        now = policy(request)
        return (now.name, now.may, now.reach) == (before.name, before.may, before.reach)

    return _as_asked(allowed)


def _as_asked(act: Callable[P, T]) -> Callable[P, T]:
    """Do something later as if within the request that is answered now.

    A stream outlives its request and is driven by whichever thread is free, so it holds no context between its pieces:
    contexts of several streams would end in another order than they began.
    """
    app, environ, who = current_app._get_current_object(), request.environ, actor()  # type: ignore[attr-defined]

    def acted(*args: P.args, **options: P.kwargs) -> T:
        with app.request_context(environ):
            g.siaga112_actor = who
            return act(*args, **options)

    return acted
