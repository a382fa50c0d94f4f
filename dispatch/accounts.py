"""Who may work with the centre: accounts and their roles, as the event log tells them.

The log and the table made from it hold a login, a role and what it is bound to. How somebody proves who he is
(passwords, second factors, sessions) and the person's name are in plain tables of `dispatch.store.credentials` and
never in the log. A login is never used for another person: accounts are disabled, not deleted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from gis.errors import N_, InputError

LOGIN_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{1,31}$"
_LOGIN: Final = re.compile(LOGIN_PATTERN.removesuffix("$") + r"\Z")
_NUMBER: Final = re.compile(r"(?:\d[ .-]?){6,}")
_CODE: Final = re.compile(r"\d{2}(\.\d{2}){2}(\.\d{4})?\Z")
MIN_REASON: Final = 3


class Role(StrEnum):
    """What somebody does in the centre; `web.access` says what each may."""

    CALL_TAKER = "call_taker"
    DISPATCHER = "dispatcher"
    AGENCY = "agency"
    CREW = "crew"
    PLANNER = "planner"
    VILLAGE_OFFICIAL = "village_official"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    WALL = "wall"


BOUND_ROLES: Final = {
    Role.AGENCY: "agency",
    Role.CREW: "unit",
    Role.VILLAGE_OFFICIAL: "area",
}
"""Roles that see only what is theirs, and what kind of thing they are bound to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in.

    Attributes
    ----------
    login
        What is typed at sign-in and what the log keeps as the actor: a handle, such as `disp.03`.
    bound_to
        Id of the agency, id of the unit, or code of the village or kecamatan; None for the other roles.
    active
        Whether it may sign in.
    """

    login: str
    role: Role
    bound_to: str | None
    active: bool
    created_at: datetime
    changed_at: datetime
    version: int = 1


class AccessNote(StrEnum):
    """What the log says of an account besides its role."""

    LOCKED = "locked"
    LINK_MADE = "link_made"
    PASSWORD_SET = "password_set"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    TOKEN_MADE = "token_made"
    TOKEN_REVOKED = "token_revoked"


def check_login(login: str) -> str:
    """A login that can be used.

    Raises
    ------
    InputError
        Another form.
    """
    if _LOGIN.match(login) is None:
        raise InputError(
            N_("A login is 2 to 32 small letters, digits, dots, dashes or underscores, such as disp.03; take another.")
        )
    return login


def check_binding(role: Role, bound_to: str | None) -> None:
    """Refuse a role without what it must be bound to, and a binding of a role that has none.

    Raises
    ------
    InputError
        With what is missing or too much.
    """
    kind = BOUND_ROLES.get(role)
    if kind is None:
        if bound_to is not None:
            raise InputError(N_("The role {role} is bound to nothing; leave the binding out."), role=role.value)
    elif bound_to is None:
        raise InputError(N_("The role {role} is bound to one {kind}; say which."), role=role.value, kind=kind)
    elif kind == "area" and _CODE.match(bound_to) is None:
        raise InputError(N_("The code of a kecamatan is like 32.09.21, of a village like 32.09.21.2006; correct it."))


def check_reason(reason: str) -> str:
    """A reason for unmasking: it stays in the log for good, so it must say something and hold no number of a person.

    Raises
    ------
    InputError
        Too short, or with a row of digits in it.
    """
    said = reason.strip()
    if len(said) < MIN_REASON:
        raise InputError(N_("Say in a few words why you need to see this, such as “call back”."))
    check_no_number(said)
    return said


def check_no_number(reason: str) -> None:
    """A reason stays in the log for good, so it must hold no number of a person.

    Raises
    ------
    InputError
        There is a row of digits in it.
    """
    if _NUMBER.search(reason):
        raise InputError(N_("The reason stays in the log for good: leave numbers of people out of it."))
