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
FIRST: Final[dict[Role, str]] = {**HOMES, Role.PLANNER: "/planner", Role.ADMINISTRATOR: "/accounts"}
"""Where somebody is led after signing in: planners and administrators may open the map too, but came for their work."""


def home_of(role: Role | None) -> str:
    """The page on which somebody with a role lands; the desk where the application does not serve that page."""
    return _served(DESK if role is None else HOMES.get(role, DESK))


def first_page_of(role: Role) -> str:
    """The page that somebody with a role is led to after signing in."""
    return _served(FIRST.get(role, DESK))


def _served(page: str) -> str:
    return page if any(rule.rule == page for rule in current_app.url_map.iter_rules()) else DESK
