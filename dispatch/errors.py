"""The errors of `dispatch`, drawn once.

SiagaError
├── UnknownIdError (LookupError)   no such incident, call, unit, …
├── RefusedError                    valid, but not as things stand now
│   ├── IllegalMoveError             a status that may not follow the present one
│   ├── UnitTakenError               somebody else was quicker
│   ├── VersionConflictError         the record was changed since it was read
│   └── KeyReusedError               an idempotency key that came with another request
├── StoreError                      the database cannot be used
└── ChainBrokenError                the event log was altered
"""

from __future__ import annotations

from gis.errors import SiagaError


class UnknownIdError(SiagaError, LookupError):
    """No such incident, call, unit or assignment."""

    code = "not-found"


class RefusedError(SiagaError):
    """A command that is well formed and cannot be carried out as things stand."""

    code = "refused"


class IllegalMoveError(RefusedError):
    """A status that may not follow the present one."""

    code = "illegal-move"


class UnitTakenError(RefusedError):
    """The unit is bound to another incident; the values say which, by whom and since when."""

    code = "unit-taken"


class VersionConflictError(RefusedError):
    """The record was changed since the sender read it."""

    code = "version-conflict"


class KeyReusedError(RefusedError):
    """An idempotency key came again with another request."""

    code = "idempotency-key-reused"


class StoreError(SiagaError):
    """The database cannot be opened, read or written."""

    code = "store-unusable"


class ChainBrokenError(SiagaError):
    """The event log does not verify: something was altered, removed or put in."""

    code = "chain-broken"
