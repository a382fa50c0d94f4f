"""How people prove who they are, as the database keeps it: passwords, second factors, sessions, links, tokens.

Storage only: `web.sign_in` checks passwords and codes. Whatever is counted (wrong passwords, tries of a session) is
counted in the database by one statement, so that several processes count together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Engine, Row, RowMapping, delete, func, insert, select, update

from dispatch.accounts import Account, Role
from dispatch.store import rows, schema
from dispatch.store.credential_tables import api_tokens, credentials, one_time_links, sessions
from dispatch.store.engine import reading, writing

_NEW: Final = {"display_name": "", "recovery_hashes": "[]", "failures": 0}


class Stage(StrEnum):
    """How far somebody has come with signing in."""

    SECOND_FACTOR = "second_factor"
    ENROL = "enrol"
    OPEN = "open"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How one account signs in, and its own settings.

    Attributes
    ----------
    password_hash
        Argon2id; None where no password was set yet.
    totp_secret, totp_pending
        Base32; pending until a code of it was shown.
    totp_step
        The time step of the last code that was taken: none is taken twice.
    recovery_hashes
        Of the codes that are still good.
    failures, locked_until
        Wrong passwords in a row, and until when none is tried.
    """

    login: str
    display_name: str = ""
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    totp_pending: str | None = field(default=None, repr=False)
    totp_step: int | None = None
    recovery_hashes: tuple[str, ...] = field(default=(), repr=False)
    failures: int = 0
    locked_until: datetime | None = None
    language: str | None = None
    theme: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which somebody signed in."""

    token_hash: str
    login: str
    stage: Stage
    attempts: int
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link; without a login it makes the first administrator."""

    token_hash: str
    login: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token of a program that works with the rights of an account."""

    token_hash: str
    login: str
    label: str
    created_at: datetime
    expires_at: datetime

    @property
    def token_id(self) -> str:
        """What people call it by."""
        return self.token_hash[:12]


def hashed(token: str) -> str:
    """SHA-256 of a token, hexadecimal. Tokens are long and random, so a quick hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class Credentials:
    """The tables of one database; safe for threads.

    Parameters
    ----------
    engine
        From `dispatch.store.engine.open_engine`, with the tables in place.
    clock
        Now, in UTC.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    # --- accounts and credentials --------------------------------------------------------------------------------

    def account(self, login: str) -> tuple[Account, Credential] | None:
        """An account and how it signs in."""
        with reading(self._engine) as connection:
            found = connection.execute(select(schema.accounts).where(schema.accounts.c.login == login)).first()
            kept = connection.execute(select(credentials).where(credentials.c.login == login)).first()
        if found is None:
            return None
        return rows.account_of(found._mapping), _credential(login, kept)  # type: ignore[arg-type]

    def accounts(self) -> tuple[tuple[Account, Credential], ...]:
        """All of them, by login."""
        with reading(self._engine) as connection:
            kept = {row.login: row for row in connection.execute(select(credentials))}
            found = connection.execute(select(schema.accounts).order_by(schema.accounts.c.login)).all()
        known = [rows.account_of(row._mapping) for row in found]  # type: ignore[arg-type]
        return tuple((one, _credential(one.login, kept.get(one.login))) for one in known)

    def has_administrator(self) -> bool:
        """Whether an active administrator has a password."""
        accounts = schema.accounts
        query = (
            select(func.count())
            .select_from(accounts.join(credentials, credentials.c.login == accounts.c.login))
            .where(
                accounts.c.role == Role.ADMINISTRATOR.value,
                accounts.c.active.is_(True),
                credentials.c.password_hash.is_not(None),
            )
        )
        with reading(self._engine) as connection:
            return bool(connection.execute(query).scalar_one())

    def change(self, login: str, **values: Any) -> None:
        """Write columns of an account's credentials; the row is made where there is none."""
        if "recovery_hashes" in values:
            values["recovery_hashes"] = json.dumps(list(values["recovery_hashes"]))
        with writing(self._engine) as connection:
            changed = connection.execute(update(credentials).where(credentials.c.login == login).values(**values))
            if changed.rowcount == 0:
                connection.execute(insert(credentials).values(**{**_NEW, **values, "login": login}))

    def failed(self, login: str) -> int:
        """Count a wrong password; gives how many there were in a row."""
        counted = (
            update(credentials)
            .where(credentials.c.login == login)
            .values(failures=credentials.c.failures + 1)
            .returning(credentials.c.failures)
        )
        with writing(self._engine) as connection:
            return int(connection.execute(counted).scalar_one_or_none() or 0)

    def use_step(self, login: str, step: int) -> bool:
        """Take a time step of the second factor; False where it or a later one was taken before."""
        taken = (
            update(credentials)
            .where(credentials.c.login == login, func.coalesce(credentials.c.totp_step, -1) < step)
            .values(totp_step=step)
        )
        with writing(self._engine) as connection:
            return bool(connection.execute(taken).rowcount)

    def use_recovery_code(self, login: str, code_hash: str) -> bool:
        """Take a recovery code; False where it is none of the account's, or was taken before."""
        with writing(self._engine) as connection:
            kept = connection.execute(
                select(credentials.c.recovery_hashes).where(credentials.c.login == login).with_for_update()
            ).scalar_one_or_none()
            left = json.loads(kept or "[]")
            if code_hash not in left:
                return False
            left.remove(code_hash)
            values = {"recovery_hashes": json.dumps(left)}
            connection.execute(update(credentials).where(credentials.c.login == login).values(**values))
        return True

    # --- sessions ------------------------------------------------------------------------------------------------

    def open_session(self, token: str, login: str, stage: Stage) -> Session:
        """Remember a browser."""
        now = self._clock()
        made = Session(token_hash=hashed(token), login=login, stage=stage, attempts=0, created_at=now, seen_at=now)
        with writing(self._engine) as connection:
            connection.execute(
                insert(sessions).values(
                    token_hash=made.token_hash, login=login, stage=stage.value, attempts=0, created_at=now, seen_at=now
                )
            )
        return made

    def session(self, token: str) -> tuple[Session, Account, Credential] | None:
        """The browser of a token, with its account, whatever its age."""
        joined = (
            sessions.join(schema.accounts, schema.accounts.c.login == sessions.c.login)
            .outerjoin(credentials, credentials.c.login == sessions.c.login)
        )  # fmt: skip
        query = (
            select(sessions, schema.accounts, credentials)
            .select_from(joined)
            .where(sessions.c.token_hash == hashed(token))
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        of_session = _part(row, "sessions")
        session = Session(**{**of_session, "stage": Stage(of_session["stage"])})
        account = rows.account_of(_part(row, "accounts"))
        return session, account, _credential_of(account.login, _part(row, "credentials"))

    def change_session(self, session: Session, **values: Any) -> None:
        """Write columns of a session."""
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(sessions.c.token_hash == session.token_hash).values(**values))

    def tried(self, session: Session) -> int:
        """Count a wrong code or password of a session; gives how many there were."""
        counted = (
            update(sessions)
            .where(sessions.c.token_hash == session.token_hash)
            .values(attempts=sessions.c.attempts + 1)
            .returning(sessions.c.attempts)
        )
        with writing(self._engine) as connection:
            return int(connection.execute(counted).scalar_one_or_none() or 0)

    def end_session(self, session: Session) -> None:
        """Forget a browser."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == session.token_hash))

    def end_sessions(self, login: str, *, but: str | None = None) -> int:
        """Forget all browsers of an account, but the one of a token's hash; gives how many."""
        ended = delete(sessions).where(sessions.c.login == login)
        if but is not None:
            ended = ended.where(sessions.c.token_hash != but)
        with writing(self._engine) as connection:
            return int(connection.execute(ended).rowcount)

    def sessions_of(self, login: str) -> tuple[Session, ...]:
        """All browsers of an account, the newest first."""
        query = select(sessions).where(sessions.c.login == login).order_by(sessions.c.created_at.desc())
        with reading(self._engine) as connection:
            found = connection.execute(query).mappings().all()
        return tuple(Session(**{**row, "stage": Stage(row["stage"])}) for row in found)

    # --- one-time links ------------------------------------------------------------------------------------------

    def add_link(self, token: str, login: str | None, expires_at: datetime) -> None:
        """Remember a link in place of all earlier ones of the same account."""
        with writing(self._engine) as connection:
            same = one_time_links.c.login.is_(None) if login is None else one_time_links.c.login == login
            connection.execute(delete(one_time_links).where(same))
            connection.execute(
                insert(one_time_links).values(
                    token_hash=hashed(token), login=login, created_at=self._clock(), expires_at=expires_at
                )
            )

    def link(self, token: str) -> Link | None:
        """A link that can still be used."""
        query = select(one_time_links).where(
            one_time_links.c.token_hash == hashed(token), one_time_links.c.expires_at > self._clock()
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Link(**row)

    def use_link(self, link: Link) -> bool:
        """Use a link up; False where somebody was quicker."""
        with writing(self._engine) as connection:
            used = delete(one_time_links).where(one_time_links.c.token_hash == link.token_hash)
            return bool(connection.execute(used).rowcount)

    # --- tokens of programs --------------------------------------------------------------------------------------

    def add_token(self, token: str, login: str, label: str, expires_at: datetime) -> ApiToken:
        """Remember a token of a program."""
        made = ApiToken(
            token_hash=hashed(token), login=login, label=label, created_at=self._clock(), expires_at=expires_at
        )
        with writing(self._engine) as connection:
            connection.execute(
                insert(api_tokens).values(
                    token_hash=made.token_hash, login=login, label=label, created_at=made.created_at,
                    expires_at=expires_at,
                )
            )  # fmt: skip
        return made

    def token_account(self, token: str) -> Account | None:
        """The active account of a token that is still good."""
        query = (
            select(schema.accounts)
            .select_from(schema.accounts.join(api_tokens, api_tokens.c.login == schema.accounts.c.login))
            .where(
                api_tokens.c.token_hash == hashed(token),
                api_tokens.c.expires_at > self._clock(),
                schema.accounts.c.active.is_(True),
            )
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else rows.account_of(row)  # type: ignore[arg-type]

    def tokens_of(self, login: str) -> tuple[ApiToken, ...]:
        """All tokens of an account, the newest first."""
        query = select(api_tokens).where(api_tokens.c.login == login).order_by(api_tokens.c.created_at.desc())
        with reading(self._engine) as connection:
            return tuple(ApiToken(**row) for row in connection.execute(query).mappings())

    def revoke_token(self, login: str, token_id: str) -> bool:
        """Forget a token, by its id; False where the account has none of it."""
        with writing(self._engine) as connection:
            gone = delete(api_tokens).where(
                api_tokens.c.login == login, func.substr(api_tokens.c.token_hash, 1, 12) == token_id
            )
            return bool(connection.execute(gone).rowcount)

    def revoke_tokens(self, login: str) -> int:
        """Forget all tokens of an account; gives how many."""
        with writing(self._engine) as connection:
            return int(connection.execute(delete(api_tokens).where(api_tokens.c.login == login)).rowcount)

    # --- care ----------------------------------------------------------------------------------------------------

    def forget(
        self, *, sessions_before: datetime, disabled_before: datetime, only_look: bool = False
    ) -> dict[str, int]:
        """Forget old sessions, links and tokens, and all of accounts that were disabled long ago; gives how many.

        With `only_look` they are only counted.
        """
        now, accounts = self._clock(), schema.accounts
        long_gone = select(accounts.c.login).where(
            accounts.c.active.is_(False), accounts.c.changed_at < disabled_before
        )
        gone = {
            "sessions": (sessions, sessions.c.created_at < sessions_before),
            "links": (one_time_links, one_time_links.c.expires_at < now),
            "tokens": (api_tokens, api_tokens.c.expires_at < now),
            "credentials": (credentials, credentials.c.login.in_(long_gone)),
        }
        if only_look:
            with reading(self._engine) as connection:
                return {
                    name: int(connection.execute(select(func.count()).select_from(table).where(old)).scalar_one())
                    for name, (table, old) in gone.items()
                }
        with writing(self._engine) as connection:
            return {
                name: int(connection.execute(delete(table).where(old)).rowcount) for name, (table, old) in gone.items()
            }


def _part(row: RowMapping, table: str) -> dict[str, Any]:
    """The columns of one table of a joined row."""
    prefix = f"{table}_"
    names = {column.name for column in schema.metadata.tables[table].columns}
    return {name: row[prefix + name] for name in names}


def _credential(login: str, row: Row[Any] | None) -> Credential:
    return Credential(login=login) if row is None else _credential_of(login, dict(row._mapping))


def _credential_of(login: str, values: dict[str, Any]) -> Credential:
    if values["login"] is None:  # of an outer join that found none
        return Credential(login=login)
    return Credential(**{**values, "recovery_hashes": tuple(json.loads(values["recovery_hashes"]))})
