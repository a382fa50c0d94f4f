"""What may be done to roads: close, reopen, change the end, and say who is cut off."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dispatch.book import Book
from dispatch.closures import Closure, CutOff
from dispatch.codec import dump
from dispatch.commands import ChangeClosure, CloseRoad, NoticeCutOff, ReopenRoad
from dispatch.decide import Context, Decision, check_version, decides, local_day, there
from dispatch.errors import RefusedError
from dispatch.event_types import ClosureChanged, RoadClosed, RoadReopened, VillagesCutOff, VillagesReachable
from dispatch.incidents import TextField
from gis.errors import N_, InputError

MOST_AHEAD: Final = timedelta(days=366)


@decides(CloseRoad)
def _close(command: CloseRoad, book: Book, context: Context, decision: Decision) -> None:
    starts_at = command.starts_at or context.now
    if starts_at > context.now + MOST_AHEAD:
        raise InputError(N_("A closure begins within a year; give an earlier start."))
    if command.ends_at is not None and command.ends_at <= starts_at:
        raise InputError(N_("The closure ends before it begins; give a later end."))
    if command.ends_at is not None and command.ends_at <= context.now:
        raise InputError(N_("The closure would be over already; give an end that has not come yet."))
    if not command.roads.edges:
        raise InputError(N_("No road is closed by that; widen it, or look at the map."))
    day = local_day(context)
    closure = Closure(
        closure_id=f"R{day}-{book.closures_on(day) + 1:03}",
        reason=command.reason,
        selector=command.selector,
        digest=decision.keep_document(dump(command.roads)),
        edge_count=len(command.roads.edges),
        length_m=command.length_m,
        streets=command.streets,
        author=context.actor,
        starts_at=starts_at,
        created_at=context.now,
        ends_at=command.ends_at,
        note=None if command.note is None else decision.keep_text(context, TextField.NOTE, command.note),
        scenario=command.scenario,
    )
    decision.happened(RoadClosed(closure=closure, digest=closure.digest))
    decision.about.append(("closure", closure.closure_id))


@decides(ReopenRoad)
def _reopen(command: ReopenRoad, book: Book, context: Context, decision: Decision) -> None:
    closure = _standing(book, command.closure_id, command.expected_version, context)
    decision.happened(RoadReopened(closure_id=closure.closure_id, at=context.now, by=context.actor))
    decision.about.append(("closure", closure.closure_id))


@decides(ChangeClosure)
def _change(command: ChangeClosure, book: Book, context: Context, decision: Decision) -> None:
    closure = _standing(book, command.closure_id, command.expected_version, context)
    if command.ends_at is not None and command.ends_at <= max(closure.starts_at, context.now):
        raise InputError(N_("The closure would be over already; reopen it, or give a later end."))
    if command.ends_at != closure.ends_at:
        decision.happened(ClosureChanged(closure_id=closure.closure_id, ends_at=command.ends_at))
    decision.about.append(("closure", closure.closure_id))


@decides(NoticeCutOff)
def _notice(command: NoticeCutOff, book: Book, context: Context, decision: Decision) -> None:
    in_force = sorted(one.closure_id for one in book.closures_standing(context.now) if one.is_in_force(context.now))
    # Worked out for roads that are closed no longer, or not alone: whoever closed the others will tell.
    if list(command.closure_ids) != in_force:
        return
    known = book.cut_off()
    before = {} if known is None else {one.code: one for one in known.villages}
    after = {one.code: one for one in command.villages}
    now = CutOff(at=context.now, closure_ids=command.closure_ids, villages=command.villages)
    if before == after:
        return
    grown = tuple(sorted(code for code, one in after.items() if code not in before or one.is_more_than(before[code])))
    shrunk = tuple(sorted(code for code, one in before.items() if code not in after or one.is_more_than(after[code])))
    if grown:
        decision.happened(VillagesCutOff(cut_off=now, codes=grown, people=now.people))
    else:
        decision.happened(VillagesReachable(cut_off=now, codes=shrunk, people=now.people))


def _standing(book: Book, closure_id: str, expected: int | None, context: Context) -> Closure:
    """A closure that is in force or still to come."""
    closure: Closure = there(book.closure(closure_id), "closure", closure_id)
    check_version(f"closure {closure_id}", expected, closure.version)
    if closure.reopened_at is not None:
        raise RefusedError(
            N_("Closure {closure} was reopened already, at {time} by {by}."),
            closure=closure_id,
            time=closure.reopened_at.astimezone(context.timezone).strftime("%H:%M"),
            by=closure.reopened_by,
        )
    if closure.is_over(context.now):
        raise RefusedError(N_("Closure {closure} is over already; close the road anew."), closure=closure_id)
    return closure
