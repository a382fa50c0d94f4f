"""CAP messages from a terminal: issue one about an incident, and write one that was issued."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from web.cli_centre import carry_out, centre_options, opened
from web.cli_common import language_option, print_json
from web.cli_exports import export, out_option, write_out
from web.cli_help import incident

__all__ = ["export", "incident"]


@incident.command("alert")
@click.argument("incident_id")
@click.option("--message", type=click.Choice(["alert", "update", "cancel"]), default="alert", show_default=True)
@click.option("--scope", type=click.Choice(["public", "restricted", "private"]), default="restricted",
              show_default=True, help="For whom.")  # fmt: skip
@click.option("--status", type=click.Choice(["actual", "exercise", "test"]), default="actual", show_default=True,
              help="How to take it; for a drill and in the demonstration region always exercise.")  # fmt: skip
@click.option("--to", "addresses", multiple=True, help="Agency that a private message is for; repeatable.")
@click.option("--hours", type=click.IntRange(1, 744), default=6, show_default=True, help="How long it is valid.")
@out_option(needed=False)
@language_option
@centre_options
def incident_alert(
    incident_id: str,
    message: str,
    scope: str,
    status: str,
    addresses: Sequence[str],
    hours: int,
    out: Path | None,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Issue a CAP 1.2 message about INCIDENT_ID: it is logged, kept and written out; bringing it on is up to you."""
    from dispatch.codec import load
    from dispatch.commands import IssueAlert
    from web.exports import cap_sent
    from web.i18n import translator

    fields = {"incident_id": incident_id, "message": message.capitalize(), "scope": scope.capitalize(),
              "status": status.capitalize(), "addresses": list(addresses), "valid_s": hours * 3600}  # fmt: skip
    with opened(database, region_folder) as centre:
        answer = carry_out(centre, load(IssueAlert, fields), actor)
        made = answer["alerts"][0]
        cap = cap_sent(centre, made["alert_id"])
    if as_json:
        print_json({**answer, "cap": cap})
        return
    # Before the file, and beside the message: who cannot write the file still knows what was issued.
    _ = translator(lang)
    parts = {name: made[name] for name in ("message", "scope", "status")}
    click.echo(_("Issued: {alert} ({message}, {scope}, {status}).").format(alert=made["alert_id"], **parts), err=True)
    write_out(out, cap)


@export.command("alert")
@click.argument("alert_id")
@out_option(needed=False)
@language_option
@centre_options
def export_alert(
    alert_id: str,
    out: Path | None,
    lang: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Write the CAP message ALERT_ID as it was issued."""
    from web.exports import cap_sent

    with opened(database, region_folder) as centre:
        cap = cap_sent(centre, alert_id)
    if as_json:
        print_json({"cap": cap})
    else:
        write_out(out, cap)
