"""What may be done when a shift ends: hand it over with a note, which nobody changes afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dispatch.book import Book
from dispatch.commands import WriteShiftNote
from dispatch.decide import Context, Decision, decides
from dispatch.event_types import ShiftNoted
from dispatch.incidents import TextField
from gis.errors import N_, InputError

LONGEST: Final = timedelta(days=7)


@decides(WriteShiftNote)
def _write(command: WriteShiftNote, book: Book, context: Context, decision: Decision) -> None:
    if command.until > context.now:
        raise InputError(N_("A shift that is not over yet cannot be handed over; give an end that has come."))
    if not timedelta() < command.until - command.since <= LONGEST:
        raise InputError(N_("A shift ends after it begins, and within a week; correct the times."))
    decision.happened(
        ShiftNoted(
            note_id=context.new_id(),
            since=command.since,
            until=command.until,
            noted_at=context.now,
            digest=decision.keep_document(command.document),
            words=None if command.words is None else decision.keep_text(context, TextField.NOTE, command.words),
        )
    )
