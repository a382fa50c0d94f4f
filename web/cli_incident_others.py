"""`siaga112 incident`, for what others say: agencies told, villages asked, neighbours who take over, corrections."""

from __future__ import annotations

from typing import Any

import click

from web.cli_centre import centre_options, run_command
from web.cli_incident import incident

__all__ = ["incident"]


@incident.command("notified")
@click.argument("incident_id")
@click.argument("agency")
@centre_options
def incident_notified(incident_id: str, agency: str, **common: Any) -> None:
    """Write down that AGENCY was told of INCIDENT_ID."""
    from dispatch.commands import NotifyAgency

    run_command(NotifyAgency, {"incident_id": incident_id, "agency": agency}, **common)


@incident.command("acknowledged")
@click.argument("incident_id")
@click.argument("agency")
@centre_options
def incident_acknowledged(incident_id: str, agency: str, **common: Any) -> None:
    """Write down that AGENCY has read of INCIDENT_ID."""
    from dispatch.commands import AcknowledgeIncident

    run_command(AcknowledgeIncident, {"incident_id": incident_id, "agency": agency}, **common)


@incident.command("verify")
@click.argument("incident_id")
@click.argument("village_code")
@click.argument("post")
@centre_options
def incident_verify(incident_id: str, village_code: str, post: str, **common: Any) -> None:
    """Ask the POST of a village, such as kuwu, whether the report of INCIDENT_ID is true.

    Nothing waits for the answer.
    """
    from dispatch.commands import AskVerification

    run_command(AskVerification, {"incident_id": incident_id, "village_code": village_code, "post": post}, **common)


@incident.command("answer")
@click.argument("verification_id")
@click.argument("answer")
@centre_options
def incident_answer(verification_id: str, answer: str, **common: Any) -> None:
    """Write down what the village answered: confirmed, denied, unknown or no_answer."""
    from dispatch.commands import AnswerVerification

    run_command(AnswerVerification, {"verification_id": verification_id, "answer": answer}, **common)


@incident.command("hand-over")
@click.argument("incident_id")
@click.argument("neighbour")
@centre_options
def incident_hand_over(incident_id: str, neighbour: str, **common: Any) -> None:
    """Ask the centre of NEIGHBOUR to take INCIDENT_ID over; see siaga112 directory show."""
    from dispatch.commands import AskHandover

    run_command(AskHandover, {"incident_id": incident_id, "neighbour": neighbour}, **common)


@incident.command("receipt")
@click.argument("handover_id")
@click.argument("reference")
@centre_options
def incident_receipt(handover_id: str, reference: str, **common: Any) -> None:
    """Write down that the neighbour took it, under its own REFERENCE."""
    from dispatch.commands import ReceiveHandover

    run_command(ReceiveHandover, {"handover_id": handover_id, "reference": reference}, **common)


@incident.command("correct")
@click.argument("assignment_id")
@click.argument("milestone")
@click.argument("time")
@click.option("--reason", required=True)
@centre_options
def incident_correct(assignment_id: str, milestone: str, time: str, reason: str, **common: Any) -> None:
    """Correct when a MILESTONE of ASSIGNMENT_ID was, such as on_scene; the time reported first stays in the log."""
    from dispatch.commands import CorrectMilestone

    fields = {"assignment_id": assignment_id, "milestone": milestone, "time": time, "reason": reason}
    run_command(CorrectMilestone, fields, **common)
