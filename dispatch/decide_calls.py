"""What may be done with a call."""

from __future__ import annotations

from dispatch.book import Book
from dispatch.commands import DescribeCall, EndCall, LinkCall, TakeCall, TypeCall
from dispatch.decide import Context, Decision, check_version, decides, local_day, the_call, the_incident
from dispatch.errors import RefusedError
from dispatch.event_types import CallDescribed, CallEnded, CallLinked, CallTaken, CallTyped
from dispatch.incidents import Call, TextField, TextRef
from gis.errors import N_


@decides(TakeCall)
def _take(command: TakeCall, book: Book, context: Context, decision: Decision) -> None:
    if command.incident_id is not None:
        the_incident(book, command.incident_id)
    day = local_day(context)
    call_id = f"C{day}-{book.calls_on(day) + 1:04d}"
    number_hash = None if command.caller_number is None else context.hash_number(command.caller_number)

    def kept(what: TextField, text: str | None) -> object:
        return None if text is None else decision.keep_text(context, what, text)

    decision.happened(
        CallTaken(
            call=Call(
                call_id=call_id,
                channel=command.channel,
                call_type=command.call_type,
                received_at=min(command.device_time or context.now, context.now),
                number_hash=number_hash,
                name=kept(TextField.CALLER_NAME, command.caller_name),  # type: ignore[arg-type]
                number=kept(TextField.CALLER_NUMBER, command.caller_number),  # type: ignore[arg-type]
                words=kept(TextField.WORDS, command.words),  # type: ignore[arg-type]
                incident_id=command.incident_id,
                taken_by=context.actor,
            )
        ),
        command.device_time,
    )
    decision.about.append(("call", call_id))


@decides(TypeCall)
def _type(command: TypeCall, book: Book, context: Context, decision: Decision) -> None:
    call = the_call(book, command.call_id)
    check_version(f"Call {call.call_id}", command.expected_version, call.version)
    if command.call_type is not call.call_type:
        decision.happened(CallTyped(call_id=call.call_id, call_type=command.call_type))
    decision.about.append(("call", call.call_id))


@decides(DescribeCall)
def _describe(command: DescribeCall, book: Book, context: Context, decision: Decision) -> None:
    call = the_call(book, command.call_id)
    check_version(f"Call {call.call_id}", command.expected_version, call.version)

    def kept(what: TextField, text: str | None) -> TextRef | None:
        return None if text is None else decision.keep_text(context, what, text)

    if (command.caller_name, command.caller_number, command.words) != (None, None, None):
        decision.happened(
            CallDescribed(
                call_id=call.call_id,
                number_hash=None if command.caller_number is None else context.hash_number(command.caller_number),
                name=kept(TextField.CALLER_NAME, command.caller_name),
                number=kept(TextField.CALLER_NUMBER, command.caller_number),
                words=kept(TextField.WORDS, command.words),
            )
        )
    decision.about.append(("call", call.call_id))


@decides(LinkCall)
def _link(command: LinkCall, book: Book, context: Context, decision: Decision) -> None:
    call = the_call(book, command.call_id)
    check_version(f"Call {call.call_id}", command.expected_version, call.version)
    if command.incident_id is not None:
        the_incident(book, command.incident_id)
        decision.about.append(("incident", command.incident_id))
    if command.incident_id != call.incident_id:
        decision.happened(CallLinked(call_id=call.call_id, incident_id=command.incident_id))
    decision.about.append(("call", call.call_id))


@decides(EndCall)
def _end(command: EndCall, book: Book, context: Context, decision: Decision) -> None:
    call = the_call(book, command.call_id)
    if call.ended_at is not None:
        raise RefusedError(
            N_("Call {call} ended at {time} already; nothing was changed."),
            call=call.call_id,
            time=call.ended_at.isoformat(),
        )
    ended_at = max(call.received_at, min(command.device_time or context.now, context.now))
    decision.happened(CallEnded(call_id=call.call_id, ended_at=ended_at), command.device_time)
    decision.about.append(("call", call.call_id))
