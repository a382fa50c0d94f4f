"""Every route by every role, made from what the routes declare: what docs/access.md and `access matrix` show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Flask

from dispatch.accounts import BOUND_ROLES, Role
from web.access import Need, Scope, need_of

VISITOR: Final = "visitor"
COLUMNS: Final = (VISITOR, *(one.value for one in Role))
_SIGNS: Final = {"yes": "●", "own": "◐", "no": "·"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One route.

    Attributes
    ----------
    allowed
        By role (and `visitor`, who has not signed in): `yes`, `own` (of what is its own) or `no`.
    """

    method: str
    path: str
    need: Need
    allowed: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "needs": self.need.permission.value,
            "scope": self.need.scope.value,
            "allowed": self.allowed,
        }


def matrix(app: Flask) -> list[MatrixRow]:
    """The routes of an application, by path and method.

    Raises
    ------
    ValueError
        A route declares nothing.
    """
    found = []
    for rule in app.url_map.iter_rules():
        need = need_of(app.view_functions[rule.endpoint])
        if need is None:
            raise ValueError(f"{rule.rule} declares nothing")
        allowed = {VISITOR: "yes" if need.allows(None) else "no"}
        allowed |= {role.value: _allowed(need, role) for role in Role}
        found += [
            MatrixRow(method=method, path=rule.rule, need=need, allowed=allowed)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        ]
    return sorted(found, key=lambda one: (one.path, one.method))


def _allowed(need: Need, role: Role) -> str:
    if not need.allows(role):
        return "no"
    return "own" if role in BOUND_ROLES and need.scope is not Scope.OPEN else "yes"


def matrix_markdown(rows: list[MatrixRow]) -> str:
    """The matrix as the table of docs/access.md."""
    heads = [one.replace("_", " ") for one in COLUMNS]
    lines = ["| method | path | needs | scope | " + " | ".join(heads) + " |"]
    lines.append("|---|---|---|---|" + ":-:|" * len(heads))
    for row in rows:
        signs = " | ".join(_SIGNS[row.allowed[one]] for one in COLUMNS)
        need = row.need
        lines.append(f"| {row.method} | `{row.path}` | `{need.permission.value}` | `{need.scope.value}` | {signs} |")
    return "\n".join(lines) + "\n"
