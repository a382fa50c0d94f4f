"""`siaga112 webhook`: which agencies are told of what happens, and what could not be delivered.

A running server sees every change within a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.cli_centre import centre_options, local_time, opened
from web.cli_common import print_json

if TYPE_CHECKING:
    from dispatch.store.webhook_register import WebhookRegister
    from web.centre import Centre


@click.group()
def webhook() -> None:
    """Webhooks to agencies: add, list, pause, remove, and look after what failed."""


@contextmanager
def _register(database: str | None, region_folder: Path | None) -> Iterator[tuple[Centre, WebhookRegister]]:
    from web.webhooks import webhook_register

    with opened(database, region_folder) as centre:
        yield centre, webhook_register(centre.store, centre.region)


@webhook.command("add")
@click.argument("agency")
@click.argument("url", required=False)
@click.option("--type", "event_types", multiple=True, help="Such as incident.moved or assignment.*; without it: all.")
@click.option("--everything", is_flag=True, help="Every incident and unit, not only the agency's own.")
@click.option("--secret-file", type=click.Path(path_type=Path), help="File with a secret (whsec_…) to sign with.")
@centre_options
def webhook_add(
    agency: str,
    url: str | None,
    event_types: Sequence[str],
    everything: bool,
    secret_file: Path | None,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    """Tell AGENCY from now on, at URL or where region.toml says. The secret that signs is shown this once."""
    from web.webhooks import add_webhook, webhook_json

    # From a file: an argument would stand in the list of processes and in the shell's history.
    secret = None if secret_file is None else secret_file.read_text(encoding="utf-8").strip()
    with _register(database, region_folder) as (centre, register):
        made = add_webhook(
            register,
            centre.store.directory(),
            agency=agency,
            url=url,
            event_types=event_types,
            everything=everything,
            secret=secret,
        )
    if as_json:
        print_json({"webhook": webhook_json(made), "secret": made.secret})
    else:
        click.echo(f"webhook {made.webhook_id}: {made.agency}\nsecret, not shown again: {made.secret}")


@webhook.command("list")
@centre_options
def webhook_list(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """List the webhooks, without their secrets."""
    from web.terminal import table
    from web.webhooks import webhook_json

    with _register(database, region_folder) as (_, register):
        found = [webhook_json(one) for one in register.webhooks()]
    if as_json:
        print_json({"items": found})
        return
    rows = [
        [
            one["webhook_id"],
            one["agency"],
            "yes" if one["active"] else f"no: {one['why_inactive'] or 'paused'}",
            "everything" if one["everything"] else "its own",
            ", ".join(one["event_types"]) or "all",
            one["url"],
        ]
        for one in found
    ]
    click.echo(table(["webhook", "agency", "active", "about", "types", "address"], rows))


@webhook.command("pause")
@click.argument("webhook_id")
@click.option("--why", default="", help="The reason, for those who list the webhooks.")
@centre_options
def webhook_pause(webhook_id: str, why: str, **common: Any) -> None:
    """Send nothing to WEBHOOK_ID; what is due is kept, new events are not."""
    _set_active(webhook_id, active=False, why=why, **common)


@webhook.command("resume")
@click.argument("webhook_id")
@centre_options
def webhook_resume(webhook_id: str, **common: Any) -> None:
    """Send to WEBHOOK_ID again."""
    _set_active(webhook_id, active=True, why="", **common)


@webhook.command("remove")
@click.argument("webhook_id")
@centre_options
def webhook_remove(
    webhook_id: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Forget WEBHOOK_ID and what is still to be sent to it."""
    with _register(database, region_folder) as (_, register):
        register.remove(webhook_id)
    if as_json:
        print_json({"removed": webhook_id})
    else:
        click.echo(f"{webhook_id}: removed")


@webhook.command("secret")
@click.argument("webhook_id")
@centre_options
def webhook_secret(
    webhook_id: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Sign for WEBHOOK_ID with a new secret, shown this once; the old one signs beside it for a day."""
    with _register(database, region_folder) as (_, register):
        made = register.change_secret(webhook_id)
    if as_json:
        print_json({"webhook_id": webhook_id, "secret": made.secret})
    else:
        click.echo(f"{webhook_id}: new secret, not shown again: {made.secret}")


@webhook.command("dead")
@centre_options
def webhook_dead(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """List what was given up."""
    from web.terminal import table
    from web.webhooks import dead_letters, delivery_json

    with _register(database, region_folder) as (centre, register):
        found = dead_letters(register)
        if as_json:
            print_json({"items": [delivery_json(one) for one in found]})
            return
        rows = [
            [one.message_id, one.webhook_id, str(one.seq), one.event_type, one.incident_id or "-", str(one.attempts),
             "-" if one.finished_at is None else local_time(centre, one.finished_at), one.fault or ""]
            for one in found
        ]  # fmt: skip
    click.echo(table(["delivery", "webhook", "event", "type", "incident", "tries", "given up", "fault"], rows))


@webhook.command("redeliver")
@click.argument("wanted")
@centre_options
def webhook_redeliver(wanted: str, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Send again: WANTED is a delivery (msg_…), or a webhook (wh_…) with all its dead letters."""
    from dispatch.webhooks import MESSAGE_PREFIX

    with _register(database, region_folder) as (_, register):
        if wanted.startswith(MESSAGE_PREFIX):
            one = register.delivery(wanted)
            number = register.redeliver(one.webhook_id, [one.seq])
        else:
            number = register.redeliver(wanted)
    if as_json:
        print_json({"redelivered": number})
    else:
        click.echo(f"{number} to be sent again")


def _set_active(
    webhook_id: str,
    *,
    active: bool,
    why: str,
    database: str | None,
    actor: str,
    region_folder: Path | None,
    as_json: bool,
) -> None:
    from web.webhooks import webhook_json

    with _register(database, region_folder) as (_, register):
        register.set_active(webhook_id, active, why=why)
        found = webhook_json(register.webhook(webhook_id))
    if as_json:
        print_json({"webhook": found})
    else:
        click.echo(f"{webhook_id}: {'active' if active else 'paused'}")


COMMANDS = (webhook,)
