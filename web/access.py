"""Who may do what: every route declares what it needs, and what declares nothing is refused.

Accounts and roles come with the console. Until then one policy decides: this machine may do everything, every other may
read the map. A policy is one function, so the console puts its own in place and no route changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request
from flask.typing import ResponseReturnValue

from gis.errors import N_, SiagaError


class Permission(StrEnum):
    """What a route may need."""

    PUBLIC = "public"
    DEVICE = "device"
    REGION_READ = "region:read"
    CENTRE_READ = "centre:read"
    PERSONAL_READ = "personal:read"
    CALL_WRITE = "call:write"
    INCIDENT_WRITE = "incident:write"
    ASSIGN = "assign"
    STATUS_WRITE = "status:write"
    FLEET_WRITE = "fleet:write"
    ROAD_CLOSE = "road:close"
    EXPORT = "export"
    ADMIN = "admin"


EVERYTHING: Final = frozenset(Permission)
ANYBODY: Final = frozenset({Permission.PUBLIC, Permission.REGION_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: the name that the event log keeps, and what he may."""

    name: str
    may: frozenset[Permission]


Policy = Callable[[Request], Actor]


class ForbiddenError(SiagaError, PermissionError):
    """The sender may not do this."""

    code = "forbidden"


def anybody_reads(_: Request) -> Actor:
    """The policy of a map without a centre: there is nothing to change and nothing to hide."""
    return Actor(name="reader", may=ANYBODY | {Permission.CENTRE_READ})


View = TypeVar("View", bound=Callable[..., Any])
_MARK: Final = "siaga112_needs"
_ACTOR_HEADER: Final = "Siaga112-Actor"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def needs(permission: Permission) -> Callable[[View], View]:
    """Declare what a view needs. `PUBLIC` and `DEVICE` (which shows a token of its own) are not asked for a name."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def needed_by(view: Callable[..., Any]) -> Permission | None:
    """What a view declared, or None."""
    found = getattr(view, _MARK, None)
    return found if isinstance(found, Permission) else None


def actor() -> Actor:
    """Who sent the request that is being answered."""
    return cast(Actor, g.siaga112_actor)


def this_machine(asked: Request) -> Actor:
    """The policy without accounts: this machine may do everything, every other may read the map.

    A page of another site that is open in a browser here comes from this machine too: it is told by the names in `Host`
    and `Origin`, which a page cannot choose.
    """
    name = asked.headers.get(_ACTOR_HEADER, "").strip()
    known = name if 0 < len(name) <= 64 and name.isprintable() else "desk"
    return Actor(name=known, may=EVERYTHING if _is_local(asked) else ANYBODY)


def guard(app: Flask, policy: Policy = this_machine) -> None:
    """Ask before every request of an application whether its sender may.

    Raises
    ------
    ValueError
        A route declares nothing; an application with a hole does not start.
    """
    open_doors = sorted(name for name, view in app.view_functions.items() if needed_by(view) is None)
    if open_doors:
        raise ValueError(f"these routes do not declare what they need: {', '.join(open_doors)}")

    def ask() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None  # there is nothing at this address
        needed = needed_by(current_app.view_functions[request.endpoint])
        g.siaga112_actor = policy(request)
        if needed is None or (needed not in (Permission.PUBLIC, Permission.DEVICE) and needed not in actor().may):
            raise ForbiddenError(
                N_("This needs the right {right}, which this sender does not have; ask from the centre's own machine."),
                right="-" if needed is None else needed.value,
            )
        return None

    app.before_request(ask)


def _is_local(asked: Request) -> bool:
    try:
        if not ip_address(asked.remote_addr or "").is_loopback:
            return False
        if urlsplit(f"//{asked.host}").hostname not in _LOCAL_NAMES:
            return False
        origin = asked.headers.get("Origin")
        if origin is not None and asked.method not in _SAFE:
            return urlsplit(origin).netloc == asked.host
    except ValueError:  # no address, or no name of a host
        return False
    return asked.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin") or asked.method in _SAFE
