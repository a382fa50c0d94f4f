"""Where people begin: each role's own page, in one table; all others begin at the desk."""

from __future__ import annotations

from typing import Final

from flask import current_app

from dispatch.accounts import Role

DESK: Final = "/"
HOMES: Final[dict[Role, str]] = {
    Role.CREW: "/crew",
    Role.AGENCY: "/agency",
    Role.VILLAGE_OFFICIAL: "/village",
    Role.WALL: "/wall",
}
"""Roles that have a page of their own, and nothing to do at a desk."""


def home_of(role: Role | None) -> str:
    """The page on which somebody with a role lands; the desk where the application does not serve that page."""
    home = DESK if role is None else HOMES.get(role, DESK)
    return home if any(rule.rule == home for rule in current_app.url_map.iter_rules()) else DESK
