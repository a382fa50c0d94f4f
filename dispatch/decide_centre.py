"""What may be done besides: the directory, recommendations, inquiries, devices, and the erasing of personal texts."""

from __future__ import annotations

from dispatch.book import Book
from dispatch.border_help import received
from dispatch.codec import dump
from dispatch.commands import (
    AnswerVerification,
    AskHandover,
    AskVerification,
    EraseTexts,
    KeepRecommendation,
    LoadDirectory,
    ReceiveHandover,
    RegisterDevice,
    RevokeDevice,
)
from dispatch.decide import Context, Decision, decides, the_incident, the_unit, there
from dispatch.errors import RefusedError
from dispatch.event_types import (
    DeviceRegistered,
    DeviceRevoked,
    DirectoryLoaded,
    HandoverAsked,
    HandoverReceived,
    RecommendationMade,
    TextsErased,
    VerificationAnswered,
    VerificationAsked,
)
from dispatch.reach import is_hidden
from dispatch.verification import answered, check_asked
from gis.errors import N_, InputError


@decides(LoadDirectory)
def _load(command: LoadDirectory, book: Book, context: Context, decision: Decision) -> None:
    key = decision.keep_document(dump(command.directory))
    centre = book.centre()
    if centre is None or centre.directory_digest != key:
        decision.happened(DirectoryLoaded(digest=key))


@decides(KeepRecommendation)
def _keep(command: KeepRecommendation, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    recommendation_id = context.new_id()
    decision.happened(
        RecommendationMade(
            incident_id=incident.incident_id,
            recommendation_id=recommendation_id,
            made_at=context.now,
            digest=decision.keep_document(command.document),
        )
    )
    decision.about.append(("recommendation", recommendation_id))


@decides(AskVerification)
def _ask_village(command: AskVerification, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    if is_hidden(incident.category, context.directory):
        raise RefusedError(
            N_(
                "Incidents of the category of {incident} are hidden from villages (exports.public), so none is asked "
                "about it; ask the police or a unit that is near."
            ),
            incident=incident.incident_id,
        )
    if any(one.village_code == command.village_code for one in context.directory.officials):
        check_asked(command.village_code, command.post, context.directory)
    verification_id = context.new_id()
    decision.happened(
        VerificationAsked(
            verification_id=verification_id,
            incident_id=incident.incident_id,
            village_code=command.village_code,
            post=command.post,
            asked_at=context.now,
        )
    )
    decision.about.append(("verification", verification_id))


@decides(AnswerVerification)
def _answer_village(command: AnswerVerification, book: Book, context: Context, decision: Decision) -> None:
    asked = there(book.verification(command.verification_id), "verification", command.verification_id)
    after = answered(asked, answer=command.answer, answered_at=context.now)
    if after != asked:
        decision.happened(
            VerificationAnswered(
                verification_id=asked.verification_id,
                incident_id=asked.incident_id,
                answer=command.answer.value,
                answered_at=context.now,
            )
        )
    decision.about.append(("verification", asked.verification_id))


@decides(AskHandover)
def _ask_neighbour(command: AskHandover, book: Book, context: Context, decision: Decision) -> None:
    incident = the_incident(book, command.incident_id)
    known = [one.neighbour_id for one in context.directory.neighbours]
    if command.neighbour not in known:
        raise InputError(
            N_("There is no neighbouring centre “{neighbour}”; use one of {known}."),
            neighbour=command.neighbour,
            known=", ".join(known) or "those that the directory will name",
        )
    handover_id = context.new_id()
    decision.happened(
        HandoverAsked(
            handover_id=handover_id,
            incident_id=incident.incident_id,
            neighbour=command.neighbour,
            asked_at=context.now,
        )
    )
    decision.about.append(("handover", handover_id))


@decides(ReceiveHandover)
def _receive(command: ReceiveHandover, book: Book, context: Context, decision: Decision) -> None:
    handover = there(book.handover(command.handover_id), "handover", command.handover_id)
    after = received(handover, reference=command.reference, received_at=context.now)
    if after != handover:
        decision.happened(
            HandoverReceived(
                handover_id=handover.handover_id,
                incident_id=handover.incident_id,
                reference=after.reference or command.reference,
                received_at=context.now,
            )
        )
    decision.about += [("handover", handover.handover_id), ("incident", handover.incident_id)]


@decides(EraseTexts)
def _erase(command: EraseTexts, book: Book, context: Context, decision: Decision) -> None:
    decision.erased += command.text_ids
    decision.happened(TextsErased(text_ids=command.text_ids, reason=command.reason))


@decides(RegisterDevice)
def _register(command: RegisterDevice, book: Book, context: Context, decision: Decision) -> None:
    the_unit(book, command.unit_id)
    if book.device(command.token_hash) is not None:
        raise RefusedError(N_("This token is in use already; make a new one."))
    decision.happened(
        DeviceRegistered(
            token_hash=command.token_hash, unit_id=command.unit_id, label=command.label, created_at=context.now
        )
    )
    decision.about.append(("unit", command.unit_id))


@decides(RevokeDevice)
def _revoke(command: RevokeDevice, book: Book, context: Context, decision: Decision) -> None:
    device = there(book.device(command.token_hash), "device", command.token_hash[:8])
    if device.revoked_at is None:
        decision.happened(DeviceRevoked(token_hash=device.token_hash, unit_id=device.unit_id, revoked_at=context.now))
    decision.about.append(("unit", device.unit_id))
