"""How people sign in, as the table `[access]` of region.toml says, and how long data is kept, as `[privacy]` says."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Final

from dispatch.accounts import Role
from gis.errors import SourceError

MOST_DAYS: Final = 3650
PRIVILEGED: Final = (Role.ADMINISTRATOR, Role.AUDITOR, Role.DISPATCHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Settings of sign-in.

    Attributes
    ----------
    second_factor
        Roles that need a code of a phone beside the password.
    idle_minutes
        After this long without a hand on it, a session asks for the password again.
    crew_idle_minutes
        The same for crews: a phone has a lock of its own, and must tell of a new task after hours of waiting.
    session_hours
        After this long it ends, whatever happens.
    wall_days
        After this long the session of a screen on the wall ends; it has nobody's hand on it, and does not lock.
    link_hours
        How long a one-time link is good.
    wrong_passwords
        In a row, before an account waits: a minute at first, twice as long each time, at most a quarter of an hour.
    """

    second_factor: tuple[Role, ...] = PRIVILEGED
    idle_minutes: int = 30
    crew_idle_minutes: int = 720
    session_hours: int = 12
    wall_days: int = 30
    link_hours: int = 24
    wrong_passwords: int = 5

    @classmethod
    def from_table(cls, table: Any, *, source: str) -> AccessSettings:
        """From `[access]`.

        Raises
        ------
        SourceError
            A key or value that cannot be used.
        """
        where = f"{source}, [access]"
        values = _known(table, [one.name for one in fields(cls)], where)
        roles = values.pop("second_factor", None)
        numbers: dict[str, Any] = {name: _whole(value, where, name, 1, 100_000) for name, value in values.items()}
        if roles is None:
            return cls(**numbers)
        if not isinstance(roles, list) or not all(one in list(Role) for one in roles):
            raise SourceError(f"{where}: second_factor is a list of roles, such as {', '.join(PRIVILEGED)}.")
        return cls(second_factor=tuple(Role(one) for one in roles), **numbers)

    def idle(self, role: Role) -> timedelta:
        """After this long a session of somebody with a role locks."""
        return timedelta(minutes=self.crew_idle_minutes if role is Role.CREW else self.idle_minutes)

    def session(self, role: Role) -> timedelta:
        """After this long it ends."""
        return timedelta(days=self.wall_days) if role is Role.WALL else timedelta(hours=self.session_hours)

    @property
    def longest_session(self) -> timedelta:
        """After this long the session of anybody has ended."""
        return max(self.session(role) for role in Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySettings:
    """How long data of people is kept (UU 27/2022, articles 43 and 44: no longer than its purpose needs).

    Attributes
    ----------
    texts_days
        Personal texts of calls and incidents, after they were written.
    category_days
        Of incidents of a category, after they were closed, where that is sooner.
    positions_days
        Where units were.
    accounts_days
        Names, passwords and settings of people, after their accounts were disabled.
    """

    texts_days: int = 365
    category_days: dict[str, int] = field(default_factory=dict)
    positions_days: int = 30
    accounts_days: int = 365

    @classmethod
    def from_table(cls, table: Any, *, source: str) -> PrivacySettings:
        """From `[privacy]`.

        Raises
        ------
        SourceError
            A key or value that cannot be used.
        """
        where = f"{source}, [privacy]"
        values = _known(table, [one.name for one in fields(cls)], where)
        given = _known(values.pop("category_days", {}), None, f"{where}, category_days")
        return cls(
            category_days={name: _whole(value, where, name, 1, MOST_DAYS) for name, value in given.items()},
            **{name: _whole(value, where, name, 1, MOST_DAYS) for name, value in values.items()},
        )


def _known(table: Any, names: list[str] | None, where: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise SourceError(f"{where} is a table; write its keys below it.")
    odd = [] if names is None else sorted(set(table) - set(names))
    if odd:
        raise SourceError(f"{where}: there is no key “{odd[0]}”; use one of {', '.join(names or [])}.")
    return dict(table)


def _whole(value: Any, where: str, name: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SourceError(f"{where}: {name} is a whole number from {least} to {most}; correct it.")
    return value
