"""Accounts, rights and the care of personal data from a terminal.

These commands work on the database itself: whoever may read its file may use them; the log names `--actor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.cli_centre import centre_options, opened
from web.cli_common import json_option, print_json

if TYPE_CHECKING:
    from web.sign_in import SignIn

ROLES = (
    "call_taker",
    "dispatcher",
    "agency",
    "crew",
    "planner",
    "village_official",
    "administrator",
    "auditor",
    "wall",
)
_BOUND_TO = click.option(
    "--bound-to", help="Agency id, unit id, or code of a village or kecamatan, for roles that are bound."
)


@contextmanager
def _sign_in(database: str | None, region_folder: Path | None) -> Iterator[SignIn]:
    from web.running import sign_in_of

    with opened(database, region_folder) as centre:
        yield sign_in_of(centre)


@click.group()
def account() -> None:
    """Accounts: add, list, disable, change the role, give a new link."""


@account.command("add")
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), required=True)
@_BOUND_TO
@click.option("--name", default="", help="The person's name, which is not in the log.")
@centre_options
def account_add(
    login: str, role: str, bound_to: str | None, name: str, database: str | None, actor: str,
    region_folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make the account LOGIN; prints the path of the link by which its owner sets the password, once."""
    from dispatch.accounts import Role

    with _sign_in(database, region_folder) as sign_in:
        token = sign_in.create(login, Role(role), bound_to=bound_to, display_name=name, actor=actor)
        hours = sign_in.settings.link_hours
    _print_link(login, token, hours, as_json)


@account.command("list")
@centre_options
def account_list(database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """List the accounts."""
    from dispatch.codec import dump
    from web.terminal import table

    with _sign_in(database, region_folder) as sign_in:
        found = sign_in.kept.accounts()
    if as_json:
        items = [
            {**dump(one), "has_password": kept.password_hash is not None, "has_phone": kept.totp_secret is not None}
            for one, kept in found
        ]
        print_json({"items": items})
        return
    rows = [
        [one.login, one.role.value, one.bound_to or "-", _state(one.active, kept.password_hash),
         "yes" if kept.totp_secret else "no"]
        for one, kept in found
    ]  # fmt: skip
    click.echo(table(["login", "role", "bound to", "state", "phone"], rows))


@account.command("disable")
@click.argument("login")
@click.option("--enable", is_flag=True, help="Enable it again instead.")
@centre_options
def account_disable(
    login: str, enable: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Disable LOGIN: it signs in no more, and its sessions and tokens end at once."""
    with _sign_in(database, region_folder) as sign_in:
        sign_in.set_active(login, enable, actor=actor)
    _print_state(login, "enabled" if enable else "disabled", as_json)


@account.command("role")
@click.argument("login")
@click.argument("role", type=click.Choice(ROLES))
@_BOUND_TO
@centre_options
def account_role(
    login: str, role: str, bound_to: str | None, database: str | None, actor: str, region_folder: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Give LOGIN the role ROLE."""
    from dispatch.accounts import Role

    with _sign_in(database, region_folder) as sign_in:
        sign_in.set_role(login, Role(role), bound_to=bound_to, actor=actor)
    _print_state(login, role, as_json)


@account.command("reset")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="Also forget the phone, which is then set up anew.")
@centre_options
def account_reset(
    login: str, second_factor: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Print the path of a one-time link by which LOGIN sets a new password."""
    with _sign_in(database, region_folder) as sign_in:
        token = sign_in.make_link(login, actor=actor, second_factor=second_factor)
        hours = sign_in.settings.link_hours
    _print_link(login, token, hours, as_json)


@account.command("token")
@click.argument("login")
@click.option("--for", "label", required=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True)
@centre_options
def account_token(
    login: str, label: str, days: int, database: str | None, actor: str, region_folder: Path | None, as_json: bool
) -> None:
    """Print a token with the rights of LOGIN, for a program: `Authorization: Bearer TOKEN`."""
    from dispatch.codec import dump

    with _sign_in(database, region_folder) as sign_in:
        token, made = sign_in.make_token(login, label, days=days, actor=actor)
    if as_json:
        print_json({"login": login, "token": token, "token_id": made.token_id, "expires_at": dump(made.expires_at)})
    else:
        click.echo(f"{login}: token {made.token_id}, not shown again: {token}")


@click.group("access")
def access_group() -> None:
    """Who may do what."""


@access_group.command("matrix")
@click.option("--markdown", is_flag=True, help="As the table of docs/access.md.")
@json_option
def access_matrix(markdown: bool, as_json: bool) -> None:
    """Show every route by every role, from what the routes declare."""
    from web.app import all_routes
    from web.matrix import COLUMNS, matrix, matrix_markdown
    from web.terminal import table

    rows = matrix(all_routes())
    if as_json:
        print_json({"roles": list(COLUMNS), "routes": [one.to_json() for one in rows]})
    elif markdown:
        click.echo(matrix_markdown(rows), nl=False)
    else:
        lines = [[one.method, one.path, one.need.permission.value, *one.allowed.values()] for one in rows]
        click.echo(table(["method", "path", "needs", *COLUMNS], lines))


@click.group()
def privacy() -> None:
    """Personal data."""


@privacy.command("sweep")
@click.option("--look", is_flag=True, help="Only count what would be erased.")
@centre_options
def privacy_sweep(look: bool, database: str | None, actor: str, region_folder: Path | None, as_json: bool) -> None:
    """Erase personal data that has served its purpose, as [privacy] of region.toml says; the server does it hourly."""
    from web.privacy import sweep

    with opened(database, region_folder) as centre:
        report = sweep(centre, only_look=look)
    if as_json:
        print_json({**report.to_json(), "only_counted": look})
        return
    by_category = "".join(f", {number} of {name}" for name, number in report.texts_by_category.items())
    click.echo(
        f"{'would be erased' if look else 'erased'}: {report.texts} texts past their age{by_category}; "
        f"{report.sessions} sessions, {report.links} links, {report.tokens} tokens, "
        f"{report.credentials} credentials of accounts disabled long ago"
    )


ACCESS_COMMANDS = (account, access_group, privacy)


def _print_link(login: str, token: str, hours: int, as_json: bool) -> None:
    if as_json:
        print_json({"login": login, "link": f"/link/{token}", "good_for_hours": hours})
    else:
        click.echo(f"{login}: at the server's address, good for {hours} hours and once: /link/{token}")


def _print_state(login: str, state: str, as_json: bool) -> None:
    answer: dict[str, Any] = {"login": login, "state": state}
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{login}: {state}")


def _state(active: bool, password_hash: str | None) -> str:
    if not active:
        return "disabled"
    return "active" if password_hash else "no password yet"
