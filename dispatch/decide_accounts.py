"""What may be done with accounts, and who may look at what is masked."""

from __future__ import annotations

from dispatch.accounts import BOUND_ROLES, Account, Role, check_binding, check_login, check_reason
from dispatch.book import Book
from dispatch.commands import ChangeAccount, CreateAccount, NoteAccess, UnmaskTexts
from dispatch.decide import Context, Decision, check_version, decides, the_call, the_incident, the_unit, there
from dispatch.errors import RefusedError
from dispatch.event_types import AccessNoted, AccountChanged, AccountCreated, TextsUnmasked
from dispatch.incidents import Call, TextField
from gis.errors import N_, InputError


@decides(CreateAccount)
def _create(command: CreateAccount, book: Book, context: Context, decision: Decision) -> None:
    login = check_login(command.login)
    if book.account(login) is not None:
        raise RefusedError(
            N_("There is an account “{login}” already; a login is never used twice, choose another."), login=login
        )
    _check_bound(command.role, command.bound_to, book, context)
    decision.happened(
        AccountCreated(
            account=Account(
                login=login,
                role=command.role,
                bound_to=command.bound_to,
                active=True,
                created_at=context.now,
                changed_at=context.now,
            )
        )
    )
    decision.about.append(("account", login))


@decides(ChangeAccount)
def _change(command: ChangeAccount, book: Book, context: Context, decision: Decision) -> None:
    account: Account = there(book.account(command.login), "account", command.login)
    check_version("The account", command.expected_version, account.version)
    role = command.role or account.role
    bound_to = command.bound_to if command.role is not None or command.bound_to is not None else account.bound_to
    active = account.active if command.active is None else command.active
    if (role, bound_to) != (account.role, account.bound_to):
        _check_bound(role, bound_to, book, context)
    steps_down = account.role is Role.ADMINISTRATOR and not (active and role is Role.ADMINISTRATOR)
    if steps_down and book.administrators() == (account,):
        raise RefusedError(N_("This is the last administrator; make another one first."))
    if (role, bound_to, active) != (account.role, account.bound_to, account.active):
        decision.happened(
            AccountChanged(login=account.login, role=role, bound_to=bound_to, active=active, at=context.now)
        )
    decision.about.append(("account", account.login))


@decides(NoteAccess)
def _note(command: NoteAccess, book: Book, context: Context, decision: Decision) -> None:
    account = there(book.account(command.login), "account", command.login)
    decision.happened(AccessNoted(login=account.login, what=command.what, detail=command.detail))
    decision.about.append(("account", account.login))


@decides(UnmaskTexts)
def _unmask(command: UnmaskTexts, book: Book, context: Context, decision: Decision) -> None:
    if (command.incident_id is None) == (command.call_id is None):
        raise InputError(N_("Name either an incident or a call whose texts you need."))
    reason = check_reason(command.reason)
    fields: set[TextField] = set()
    if command.incident_id is not None:
        incident = the_incident(book, command.incident_id)
        fields |= {TextField.NOTE} if incident.notes else set()
        fields |= {TextField.ANSWER} if incident.answers else set()
        for call in book.calls_of(incident.incident_id):
            fields |= _fields(call)
        decision.about.append(("incident", incident.incident_id))
    if command.call_id is not None:
        fields |= _fields(the_call(book, command.call_id))
        decision.about.append(("call", command.call_id))
    decision.happened(
        TextsUnmasked(
            incident_id=command.incident_id,
            call_id=command.call_id,
            fields=tuple(sorted(fields)),
            reason=reason,
        )
    )


def _fields(call: Call) -> set[TextField]:
    texts = ((TextField.CALLER_NAME, call.name), (TextField.CALLER_NUMBER, call.number), (TextField.WORDS, call.words))
    return {field for field, ref in texts if ref is not None}


def _check_bound(role: Role, bound_to: str | None, book: Book, context: Context) -> None:
    """That what a role is bound to is there; whether the region has an area is asked before (`web.centre`)."""
    check_binding(role, bound_to)
    if bound_to is None:
        return
    if BOUND_ROLES[role] == "unit":
        the_unit(book, bound_to)
    known = [one.agency_id for one in context.directory.agencies]
    if BOUND_ROLES[role] == "agency" and bound_to not in known:
        raise InputError(
            N_("There is no agency “{agency}”; use one of {known}."), agency=bound_to[:64], known=", ".join(known)
        )
