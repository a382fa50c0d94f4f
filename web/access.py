"""Who may do what: every route declares what it needs and of whose records it tells; what declares nothing is refused.

One line per route says it all::

    @needs(Permission.ROAD_CLOSE)                        # roles that have the right and see the whole centre
    @needs(Permission.CENTRE_READ, Scope.INCIDENT)       # others too, where the incident in the address is theirs
    @needs(Permission.CENTRE_READ, Scope.NARROWED)       # the view narrows what it gives by `actor().reach`
    @needs(Permission.REGION_READ, Scope.OPEN)           # tells of no record at all

Roles and their rights are the table `RIGHTS`; `web.matrix` prints every route by every role from these declarations.
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

from dispatch.accounts import BOUND_ROLES, Role
from dispatch.incidents import TextField
from dispatch.reach import WHOLE_CENTRE, Reach
from gis.errors import N_, SiagaError


class Permission(StrEnum):
    """What a route may need."""

    PUBLIC = "public"
    DEVICE = "device"
    ACCOUNT = "account"
    REGION_READ = "region:read"
    CENTRE_READ = "centre:read"
    VILLAGE_READ = "village:read"
    FOLLOW = "events:follow"
    WALL_READ = "wall:read"
    FLEET_READ = "fleet:read"
    DIRECTORY_READ = "directory:read"
    PERSONAL_READ = "personal:read"
    UNMASK = "personal:unmask"
    CALL_WRITE = "call:write"
    INCIDENT_WRITE = "incident:write"
    NOTE_WRITE = "note:write"
    ASSIGN = "assign"
    STATUS_WRITE = "status:write"
    FLEET_WRITE = "fleet:write"
    VERIFY = "verify"
    ACKNOWLEDGE = "acknowledge"
    CREW = "crew"
    AGENCY = "agency"
    ROAD_CLOSE = "road:close"
    EXPORT = "export"
    PLAN = "plan"
    SPEEDS_DECIDE = "speeds:decide"
    AUDIT_READ = "audit:read"
    ADMIN = "admin"
    ACCOUNTS = "accounts"


class Scope(StrEnum):
    """Of whose records a route tells.

    `OPEN` of none (or of the asker's own account); `WHOLE` of the whole centre, so roles that are bound to an agency, a
    unit or an area are refused; `NARROWED` of those within reach, as the view itself sees to; the others of the record
    whose id stands in the address, which is not found where it is out of reach.
    """

    OPEN = "open"
    WHOLE = "whole"
    NARROWED = "narrowed"
    INCIDENT = "incident"
    UNIT = "unit"
    VERIFICATION = "verification"


P = Permission
_OPERATIONS: Final = frozenset({
    P.ACCOUNT, P.REGION_READ, P.CENTRE_READ, P.FOLLOW, P.FLEET_READ, P.DIRECTORY_READ, P.PERSONAL_READ, P.UNMASK,
})  # fmt: skip
RIGHTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.CALL_TAKER: _OPERATIONS | {P.CALL_WRITE, P.INCIDENT_WRITE, P.NOTE_WRITE, P.VERIFY, P.ACKNOWLEDGE,
                                  P.VILLAGE_READ, P.WALL_READ},
    Role.DISPATCHER: _OPERATIONS
    | {P.CALL_WRITE, P.INCIDENT_WRITE, P.NOTE_WRITE, P.VERIFY, P.ACKNOWLEDGE, P.ASSIGN, P.STATUS_WRITE, P.FLEET_WRITE,
       P.ROAD_CLOSE, P.EXPORT, P.VILLAGE_READ, P.WALL_READ},
    Role.AGENCY: _OPERATIONS | {P.NOTE_WRITE, P.STATUS_WRITE, P.ACKNOWLEDGE, P.AGENCY, P.EXPORT},
    Role.CREW: _OPERATIONS | {P.NOTE_WRITE, P.STATUS_WRITE, P.CREW},
    Role.PLANNER: frozenset({P.ACCOUNT, P.REGION_READ, P.FLEET_READ, P.DIRECTORY_READ, P.EXPORT, P.PLAN,
                             P.SPEEDS_DECIDE}),
    Role.VILLAGE_OFFICIAL: frozenset({P.ACCOUNT, P.REGION_READ, P.CENTRE_READ, P.FOLLOW, P.VILLAGE_READ,
                                     P.VERIFY, P.EXPORT}),
    Role.ADMINISTRATOR: frozenset({P.ACCOUNT, P.REGION_READ, P.FLEET_READ, P.DIRECTORY_READ, P.FLEET_WRITE,
                                   P.AUDIT_READ, P.ADMIN, P.ACCOUNTS, P.SPEEDS_DECIDE}),
    Role.AUDITOR: _OPERATIONS | {P.EXPORT, P.AUDIT_READ, P.VILLAGE_READ, P.WALL_READ},
    Role.WALL: frozenset({P.ACCOUNT, P.REGION_READ, P.FOLLOW, P.WALL_READ}),
}  # fmt: skip
"""What each role may; all may what is `PUBLIC`."""

ALL_FIELDS: Final = frozenset(TextField)
CLEAR: Final[dict[Role, frozenset[TextField]]] = {
    Role.CALL_TAKER: ALL_FIELDS,
    Role.DISPATCHER: frozenset({TextField.WORDS, TextField.NOTE, TextField.ANSWER}),
    Role.CREW: frozenset({TextField.WORDS, TextField.NOTE, TextField.ANSWER}),
}
"""Personal texts that a role sees as they are; all others are masked until unmasked with a reason."""

EVERYTHING: Final = frozenset(Permission)
ANYBODY: Final = frozenset({P.PUBLIC, P.REGION_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks.

    Attributes
    ----------
    name
        What the event log keeps.
    may
        Rights.
    reach
        Whose records.
    clear
        Personal texts that are not masked for him.
    role
        None without accounts, and for who has not signed in.
    signed_in
        False where signing in may help.
    locked
        Whether the password is all that is missing.
    by_cookie
        Whether a browser sent it by itself, so that a page of another site may have asked.
    language, theme
        As the account keeps them.
    """

    name: str
    may: frozenset[Permission]
    reach: Reach = WHOLE_CENTRE
    clear: frozenset[TextField] = ALL_FIELDS
    role: Role | None = None
    signed_in: bool = True
    locked: bool = False
    by_cookie: bool = False
    language: str | None = None
    theme: str | None = None


Policy = Callable[[Request], Actor]
Within = Callable[[Scope, str, Reach], None]
"""Raises NotFoundError where the record of an id is out of reach."""


class ForbiddenError(SiagaError, PermissionError):
    """The sender may not do this."""

    code = "forbidden"


class SignInNeededError(SiagaError, PermissionError):
    """Nobody has signed in, or the session is over or locked."""

    code = "sign-in-needed"


class SessionLockedError(SignInNeededError):
    """The password must be given again."""

    code = "locked"


def anybody_reads(_: Request) -> Actor:
    """The policy of a map without a centre: there is nothing to change and nothing to hide."""
    return Actor(name="reader", may=ANYBODY | {P.CENTRE_READ, P.FLEET_READ, P.PLAN})


View = TypeVar("View", bound=Callable[..., Any])
_MARK: Final = "siaga112_needs"
POLICY: Final = "siaga112-policy"
"""Name of the extension that tells who asks."""
_ACTOR_HEADER: Final = "Siaga112-Actor"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OBJECT_SCOPES: Final = {
    Scope.INCIDENT: "incident_id",
    Scope.UNIT: "unit_id",
    Scope.VERIFICATION: "verification_id",
}
"""The part of the address that names the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a view declared."""

    permission: Permission
    scope: Scope

    @property
    def is_for_all(self) -> bool:
        """Whether nobody is asked for a name: `PUBLIC`, and `DEVICE`, which shows a token of its own."""
        return self.permission in (P.PUBLIC, P.DEVICE)

    def allows(self, role: Role | None) -> bool:
        """Whether a role may ask (None: somebody who has not signed in), be it for its own records alone."""
        if self.is_for_all:
            return True
        if role is None or self.permission not in RIGHTS[role]:
            return False
        return role not in BOUND_ROLES or self.scope is not Scope.WHOLE


def needs(permission: Permission, scope: Scope = Scope.WHOLE) -> Callable[[View], View]:
    """Declare what a view needs; without a scope, only those who see the whole centre may."""

    def mark(view: View) -> View:
        is_open = permission in (P.PUBLIC, P.DEVICE, P.ACCOUNT)
        setattr(view, _MARK, Need(permission=permission, scope=Scope.OPEN if is_open else scope))
        return view

    return mark


def need_of(view: Callable[..., Any]) -> Need | None:
    """What a view declared, or None."""
    found = getattr(view, _MARK, None)
    return found if isinstance(found, Need) else None


def needed_by(view: Callable[..., Any]) -> Permission | None:
    """The right that a view declared, or None."""
    found = need_of(view)
    return None if found is None else found.permission


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


def guard(
    app: Flask,
    policy: Policy = this_machine,
    *,
    within: Within | None = None,
    protect: Callable[[], None] | None = None,
) -> None:
    """Ask before every request of an application whether its sender may.

    Parameters
    ----------
    app
        With all of its routes.
    policy
        Tells who asks.
    within
        Tells whether a record is within somebody's reach; needed where roles are bound.
    protect
        Refuses a change that a page of another site may have asked for (CSRF).

    Raises
    ------
    ValueError
        A route declares nothing, or the scope of a record that its address does not name; an application with a hole
        does not start.
    """
    open_doors = sorted(name for name, view in app.view_functions.items() if need_of(view) is None)
    if open_doors:
        raise ValueError(f"these routes do not declare what they need: {', '.join(open_doors)}")
    for rule in app.url_map.iter_rules():
        need = need_of(app.view_functions[rule.endpoint])
        named = None if need is None else OBJECT_SCOPES.get(need.scope)
        if named is not None and named not in rule.arguments:
            raise ValueError(f"{rule.rule} is of a record that its address does not name: {named}")

    def ask() -> ResponseReturnValue | None:
        who = g.siaga112_actor = policy(request)
        if request.endpoint is None:
            return None  # there is nothing at this address
        need = need_of(current_app.view_functions[request.endpoint])
        if need is None:
            raise ForbiddenError(N_("This address says nothing of who may use it, so nobody may."))
        if not need.is_for_all:
            _check(need, who)
        if protect is not None and need.permission is not P.DEVICE and request.method not in SAFE_METHODS:
            protect()
        name = OBJECT_SCOPES.get(need.scope)
        if name is not None and not who.reach.is_whole:
            if within is None:
                raise ForbiddenError(N_("This address says nothing of who may use it, so nobody may."))
            within(need.scope, str((request.view_args or {})[name]), who.reach)
        return None

    app.extensions[POLICY] = policy
    app.before_request(ask)


def _check(need: Need, who: Actor) -> None:
    if need.permission not in who.may:
        if who.locked:
            raise SessionLockedError(N_("This session is locked; give your password to go on."))
        if not who.signed_in:
            raise SignInNeededError(N_("Sign in first; this is not open to everybody."))
        if who.role is None:
            raise ForbiddenError(
                N_("This needs the right {right}, which this sender does not have; ask from the centre's own machine."),
                right=need.permission.value,
            )
        raise ForbiddenError(
            N_("This needs the right {right}, which the role {role} does not have; ask an administrator."),
            right=need.permission.value,
            role=who.role.value,
        )
    if need.scope is Scope.WHOLE and not who.reach.is_whole:
        raise ForbiddenError(N_("This tells of the whole centre; your account sees only what is its own."))


def _is_local(asked: Request) -> bool:
    try:
        if not ip_address(asked.remote_addr or "").is_loopback:
            return False
        if urlsplit(f"//{asked.host}").hostname not in _LOCAL_NAMES:
            return False
        origin = asked.headers.get("Origin")
        if origin is not None and asked.method not in SAFE_METHODS:
            return urlsplit(origin).netloc == asked.host
    except ValueError:  # no address, or no name of a host
        return False
    return asked.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin") or asked.method in SAFE_METHODS
