"""Signing in: passwords by Argon2id, codes of a phone (RFC 6238), one-time links, tokens of programs.

Nothing here tells an account that is not there from a wrong password, neither in words nor in time. Wrong passwords
make an account wait; who is signed in already is not thrown out by that, so nobody can shut a dispatcher out.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Protocol

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dispatch.access_settings import AccessSettings
from dispatch.accounts import AccessNote, Account, Role, check_login
from dispatch.commands import ChangeAccount, CreateAccount, NoteAccess
from dispatch.errors import UnknownIdError
from dispatch.store.credentials import ApiToken, Credential, Credentials, Link, Session, Stage, hashed
from gis.errors import N_, InputError

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 200
MAX_NAME: Final = 100
STEP_S: Final = 30
STEPS_EITHER_WAY: Final = 1
"""A phone's clock may be off by half a minute, and a code be typed slowly."""
STEPS_LOOKED_AT: Final = 20
"""To tell somebody that his phone's clock is wrong, codes of ten minutes either way are looked at."""
RECOVERY_CODES: Final = 10
SESSION_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
PAUSE: Final = timedelta(minutes=5)
MOST_OVERTIME: Final = timedelta(hours=1)
"""Nobody is cut off in the middle of a call: a session whose time has come ends at the next pause, or after so long."""
TOKEN_PREFIX: Final = "s112_"
MOST_TOKEN_DAYS: Final = 365
_ALPHABET: Final = "".join(one for one in string.ascii_lowercase + string.digits if one not in "il1o0")


class WrongSignInError(InputError):
    """Login and password do not fit, or the account waits, or is disabled: nobody is told which."""

    code = "wrong-sign-in"


class LinkGoneError(InputError):
    """A one-time link that was used or is too old."""

    code = "link-gone"


class Executes(Protocol):
    """What carries out commands: `web.centre.Centre`."""

    def execute(self, command: Any, *, actor: str) -> Any:
        """Carry one out."""
        ...


class SignIn:
    """Everything about how people prove who they are.

    Parameters
    ----------
    credentials
        The tables.
    centre
        Carries out commands: what happens to an account is in the event log.
    settings
        Of `[access]`.
    clock
        Now, in UTC.
    hasher
        Argon2id; tests inject a quick one.
    issuer
        Name that a phone shows beside the codes.
    """

    def __init__(
        self,
        credentials: Credentials,
        centre: Executes,
        settings: AccessSettings,
        *,
        clock: Callable[[], datetime],
        hasher: PasswordHasher | None = None,
        issuer: str = "Siaga112",
    ) -> None:
        self.kept = credentials
        self.settings = settings
        self._centre = centre
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._issuer = issuer

    @cached_property
    def _nobody(self) -> str:
        """A hash that no password fits, so that an unknown login takes as long as a known one."""
        return self._hasher.hash(secrets.token_urlsafe(16))

    # --- password ------------------------------------------------------------------------------------------------

    def check(self, login: str, password: str) -> tuple[Account, Credential]:
        """The account of a login and its password.

        Raises
        ------
        WrongSignInError
            They do not fit, or the account is disabled or waits.
        """
        found = self.kept.account(login.strip().lower()[:64])
        known = None if found is None else found[1].password_hash
        nobody = self._nobody  # made before the first answer, so that not even that one takes longer
        fits = self._fits(known or nobody, password)
        if found is None or known is None:
            raise _wrong()
        account, credential = found
        waits = credential.locked_until is not None and self._clock() < credential.locked_until
        if waits:
            raise _wrong()
        if not fits:
            self._count(account.login)
            raise _wrong()
        if not account.active:
            raise _wrong()
        if credential.failures or credential.locked_until is not None:
            self.kept.change(account.login, failures=0, locked_until=None)
        if self._hasher.check_needs_rehash(known):
            self.kept.change(account.login, password_hash=self._hasher.hash(password))
        return account, credential

    def unlock(self, session: Session, credential: Credential, password: str) -> None:
        """Open a locked session again. Does not wait where others tried wrong passwords; has few tries of its own.

        Raises
        ------
        WrongSignInError
            Wrong; after `SESSION_TRIES` the session is over.
        """
        if not self._fits(credential.password_hash or self._nobody, password):
            self._spend_try(session)
            raise WrongSignInError(N_("This password is wrong; try again."))
        self.kept.change_session(session, stage=Stage.OPEN.value, attempts=0, seen_at=self._clock())

    def _fits(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password[:MAX_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False

    def _count(self, login: str) -> None:
        failures = self.kept.failed(login)
        over = failures - self.settings.wrong_passwords
        if over >= 0:
            wait = min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)
            self.kept.change(login, locked_until=self._clock() + wait)
            self.note(login, AccessNote.LOCKED)

    def _spend_try(self, session: Session) -> None:
        if self.kept.tried(session) >= SESSION_TRIES:
            self.kept.end_session(session)

    # --- sessions ------------------------------------------------------------------------------------------------

    def begin(self, account: Account, credential: Credential) -> str:
        """Open a session after the password was right; gives its token."""
        stage = Stage.OPEN
        if credential.totp_secret is not None:
            stage = Stage.SECOND_FACTOR
        elif account.role in self.settings.second_factor:
            stage = Stage.ENROL
        token = secrets.token_urlsafe(32)
        self.kept.open_session(token, account.login, stage)
        return token

    def session(self, token: str, *, is_active: bool = True) -> tuple[Session, Account, Credential] | None:
        """The session of a token as it stands now: locked where nobody touched it for long, None where it is over.

        Parameters
        ----------
        token
            Of the browser.
        is_active
            Whether somebody's hand is behind the request; what a page asks by itself keeps no session awake.
        """
        found = self.kept.session(token)
        if found is None:
            return None
        session, account, _ = found
        now = self._clock()
        overtime = now - session.created_at - self.settings.session(account.role)
        is_over = overtime > MOST_OVERTIME or (overtime > timedelta(0) and now - session.seen_at > PAUSE)
        if not account.active or is_over:
            self.kept.end_session(session)
            return None
        is_unattended = account.role is Role.WALL  # and shows nothing that a passer-by may not see
        is_idle = now - session.seen_at > self.settings.idle(account.role)
        if session.stage is Stage.OPEN and is_idle and not is_unattended:
            self.kept.change_session(session, stage=Stage.LOCKED.value)
            return self.kept.session(token)
        if is_active and session.stage is Stage.OPEN and now - session.seen_at > timedelta(seconds=60):
            self.kept.change_session(session, seen_at=now)
        return found

    def lock(self, session: Session) -> None:
        """Ask for the password before anything else."""
        if session.stage is Stage.OPEN:
            self.kept.change_session(session, stage=Stage.LOCKED.value)

    # --- second factor -------------------------------------------------------------------------------------------

    def check_code(self, session: Session, credential: Credential, code: str) -> None:
        """Open a session by a code of the phone, or by a recovery code.

        Raises
        ------
        WrongSignInError
            Wrong or used before; after `SESSION_TRIES` the session is over.
        """
        typed = "".join(code.split()).lower()
        login = credential.login
        if typed.isascii() and typed.isdigit():
            step = self._step(credential.totp_secret or "", typed, session)
            if not self.kept.use_step(login, step):
                self._spend_try(session)
                raise WrongSignInError(N_("This code was used before; wait for the next one."))
        elif self.kept.use_recovery_code(login, hashed(typed.replace("-", ""))):
            self.note(login, AccessNote.RECOVERY_CODE_USED)
        else:
            self._spend_try(session)
            raise WrongSignInError(N_("This code is wrong; type the six digits that the phone shows now."))
        self.kept.change_session(session, stage=Stage.OPEN.value, attempts=0, seen_at=self._clock())

    def _step(self, secret: str, code: str, session: Session | None) -> int:
        """The time step of a code; one that fits another time tells that the phone's clock is wrong."""
        now = int(self._clock().timestamp()) // STEP_S
        totp = pyotp.TOTP(secret)
        offsets = sorted(range(-STEPS_LOOKED_AT, STEPS_LOOKED_AT + 1), key=abs)
        fits = [one for one in offsets if pyotp.utils.strings_equal(code, totp.at((now + one) * STEP_S))]
        near = [one for one in fits if abs(one) <= STEPS_EITHER_WAY]
        if near:
            return now + near[0]
        if session is not None:
            self._spend_try(session)
        if fits:
            raise WrongSignInError(
                N_("The clock of the phone is off by about {minutes} minutes; set it to automatic and try again."),
                minutes=max(1, round(abs(fits[0]) * STEP_S / 60)),
            )
        raise WrongSignInError(N_("This code is wrong; type the six digits that the phone shows now."))

    def enrolment(self, credential: Credential) -> tuple[str, str]:
        """The secret for a phone, and its address for a QR code; the same until a code of it was shown."""
        secret = credential.totp_pending
        if secret is None:
            secret = pyotp.random_base32()
            self.kept.change(credential.login, totp_pending=secret)
        return secret, pyotp.TOTP(secret).provisioning_uri(name=credential.login, issuer_name=self._issuer)

    def enrol(self, session: Session, credential: Credential, code: str) -> tuple[str, ...]:
        """Take the pending secret, once a code of it is right; gives the recovery codes, which are shown this once.

        Raises
        ------
        WrongSignInError
            Wrong.
        """
        secret = credential.totp_pending
        if secret is None:
            raise WrongSignInError(N_("There is no code to confirm; open the page again."))
        step = self._step(secret, "".join(code.split()), None)
        codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
        self.kept.change(
            credential.login,
            totp_secret=secret,
            totp_pending=None,
            totp_step=step,
            recovery_hashes=[hashed(one.replace("-", "")) for one in codes],
        )
        self.note(credential.login, AccessNote.SECOND_FACTOR_SET)
        self.kept.change_session(session, stage=Stage.OPEN.value, attempts=0, seen_at=self._clock())
        return codes

    # --- links and passwords -------------------------------------------------------------------------------------

    def first_link(self) -> str | None:
        """The token of a new link that makes the first administrator; None where there is one."""
        return None if self.kept.has_administrator() else self._link(None)

    def make_link(self, login: str, *, actor: str, second_factor: bool = False) -> str:
        """The token of a new link to set a password; with `second_factor` the phone is enrolled anew too.

        Raises
        ------
        UnknownIdError
            There is no such account.
        """
        self._known(login)
        if second_factor:
            self.kept.change(login, totp_secret=None, totp_pending=None, totp_step=None, recovery_hashes=[])
            self.note(login, AccessNote.SECOND_FACTOR_REMOVED, actor=actor)
        self.note(login, AccessNote.LINK_MADE, actor=actor)
        return self._link(login)

    def link(self, token: str) -> Link:
        """A link that can still be used.

        Raises
        ------
        LinkGoneError
            It was used, or is too old.
        """
        found = self.kept.link(token)
        if found is None or (found.login is None and self.kept.has_administrator()):
            raise LinkGoneError(N_("This link was used before or is too old; ask an administrator for another one."))
        return found

    def use_link(self, token: str, password: str, *, login: str = "", display_name: str = "") -> str:
        """Set the password of a link's account, or make the first administrator; gives the login.

        Raises
        ------
        LinkGoneError, InputError
            The link is gone; login or password cannot be used. Then the link is still good.
        """
        link = self.link(token)
        chosen = link.login or login.strip().lower()
        check_password(password, chosen)
        check_name(display_name)
        if link.login is None and self.kept.account(check_login(chosen)) is not None:
            raise InputError(N_("There is an account of this login already; choose another login."))
        # Used up first: of two who send it at once, one makes an account.
        if not self.kept.use_link(link):
            raise LinkGoneError(N_("This link was used before or is too old; ask an administrator for another one."))
        if link.login is None:
            self._centre.execute(CreateAccount(login=chosen, role=Role.ADMINISTRATOR), actor=chosen)
        values = {"display_name": display_name.strip()} if link.login is None else {}
        self._set_password(chosen, password, **values)
        self.kept.end_sessions(chosen)
        return chosen

    def change_password(self, session: Session, credential: Credential, old: str, new: str) -> None:
        """Change one's own password; all other browsers are signed out.

        Raises
        ------
        InputError
            The old one is wrong, or the new one cannot be used.
        """
        if not self._fits(credential.password_hash or self._nobody, old):
            self._spend_try(session)
            raise WrongSignInError(N_("The present password is wrong; try again."))
        check_password(new, credential.login)
        self._set_password(credential.login, new)
        self.kept.end_sessions(credential.login, but=session.token_hash)

    def sign_out_everywhere(self, login: str, *, actor: str, but: str | None = None) -> int:
        """End all sessions of an account (but one); gives how many."""
        self._known(login)
        ended = self.kept.end_sessions(login, but=but)
        self.note(login, AccessNote.SIGNED_OUT_EVERYWHERE, actor=actor)
        return ended

    def _set_password(self, login: str, password: str, **more: Any) -> None:
        hashed_password = self._hasher.hash(password)
        self.kept.change(login, password_hash=hashed_password, failures=0, locked_until=None, **more)
        self.note(login, AccessNote.PASSWORD_SET)

    def _link(self, login: str | None) -> str:
        token = secrets.token_urlsafe(24)
        self.kept.add_link(token, login, self._clock() + timedelta(hours=self.settings.link_hours))
        return token

    # --- accounts ------------------------------------------------------------------------------------------------

    def create(self, login: str, role: Role, *, bound_to: str | None, display_name: str, actor: str) -> str:
        """Make an account; gives the token of the link by which its owner sets the password.

        Raises
        ------
        InputError, RefusedError
            It cannot be made so.
        """
        check_name(display_name)
        self._centre.execute(CreateAccount(login=login, role=role, bound_to=bound_to), actor=actor)
        self.kept.change(login, display_name=display_name.strip())
        return self._link(login)

    def set_role(self, login: str, role: Role, *, bound_to: str | None, actor: str) -> None:
        """Give an account another role; its sessions go on with the new one."""
        self._centre.execute(ChangeAccount(login=login, role=role, bound_to=bound_to), actor=actor)

    def set_active(self, login: str, active: bool, *, actor: str) -> None:
        """Disable (sessions, links and tokens end at once) or enable an account."""
        self._centre.execute(ChangeAccount(login=login, active=active), actor=actor)
        if not active:
            self.kept.end_sessions(login)
            self.kept.revoke_tokens(login)

    # --- tokens of programs --------------------------------------------------------------------------------------

    def make_token(self, login: str, label: str, *, days: int, actor: str) -> tuple[str, ApiToken]:
        """A token for a program, shown this once.

        Raises
        ------
        InputError
            Another number of days than 1 to 365, or no label.
        """
        self._known(login)
        if not 1 <= days <= MOST_TOKEN_DAYS:
            raise InputError(N_("A token is good for 1 to {most} days; choose another number."), most=MOST_TOKEN_DAYS)
        if not 0 < len(label.strip()) <= MAX_NAME or not label.isprintable():
            raise InputError(N_("Say in a few words what the token is for."))
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        made = self.kept.add_token(token, login, label.strip(), self._clock() + timedelta(days=days))
        self.note(login, AccessNote.TOKEN_MADE, detail=made.token_id, actor=actor)
        return token, made

    def revoke_token(self, login: str, token_id: str, *, actor: str) -> None:
        """Let a program in no more.

        Raises
        ------
        UnknownIdError
            The account has no such token.
        """
        if not self.kept.revoke_token(login, token_id):
            raise UnknownIdError(N_("There is no token “{token}”; look at the list."), token=token_id[:20])
        self.note(login, AccessNote.TOKEN_REVOKED, detail=token_id, actor=actor)

    def note(self, login: str, what: AccessNote, *, detail: str | None = None, actor: str | None = None) -> None:
        """Put into the log what happened to an account's way to sign in."""
        self._centre.execute(NoteAccess(login=login, what=what, detail=detail), actor=actor or login)

    def _known(self, login: str) -> Account:
        found = self.kept.account(login)
        if found is None:
            raise UnknownIdError(N_("There is no account “{login}”; look at the list."), login=login[:64])
        return found[0]


def check_password(password: str, login: str) -> None:
    """Refuse a password that is quickly guessed.

    Raises
    ------
    InputError
        Too short, too long, the login, or a few letters again and again.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputError(
            N_("A password has {least} to {most} characters; four words are easy to keep in mind."),
            least=MIN_PASSWORD,
            most=MAX_PASSWORD,
        )
    simple = password.lower()
    if (login and login in simple) or len(set(simple)) < 5 or simple.startswith(("password", "katasandi", "123456")):
        raise InputError(N_("This password is quickly guessed; choose another, such as four words."))


def check_name(name: str) -> None:
    """Refuse a name of a person that cannot be shown.

    Raises
    ------
    InputError
        Too long, or with control characters.
    """
    if len(name) > MAX_NAME or not name.isprintable():
        raise InputError(N_("A name is one line of at most {most} characters; shorten it."), most=MAX_NAME)


def _wrong() -> WrongSignInError:
    return WrongSignInError(
        N_("Login or password is wrong, or the account waits after wrong tries; try again, or ask an administrator.")
    )


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    # A letter first: six digits alone would be read as a code of the phone.
    return secrets.choice("abcdefgh") + letters[1:4] + "-" + letters[4:8] + "-" + letters[8:]
