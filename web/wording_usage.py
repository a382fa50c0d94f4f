"""What click says of a command typed wrongly, in the reader's language: one sentence that names the option."""

from __future__ import annotations

import re
from typing import Final

import click

from gis.errors import N_
from web.i18n import Translator

_VALUES: Final = (
    (re.compile(r"'(?P<value>.*)' is not a valid (?:float|integer)(?: range)?\.", re.DOTALL),
     N_("{option}: “{value}” is not a number; see '{command} --help'.")),
    (re.compile(r"(?P<value>\S+) is not in the range (?P<range>.+)\."),
     N_("{option}: {value} is out of range, {range} is asked for.")),
    (re.compile(r"'(?P<value>.*)' is not one of (?P<choices>.+)\.", re.DOTALL),
     N_("{option}: “{value}” is not known; choose one of {choices}.")),
    (re.compile(r"File '(?P<value>.*)' is a directory\.", re.DOTALL),
     N_("{option}: {value} is a folder; name a file.")),
)  # fmt: skip
_OTHERS: Final = (
    (re.compile(r"Option '(?P<option>[^']+)' requires an argument\."),
     N_("{option} lacks its value; see '{command} --help'.")),
    (re.compile(r"No such command '(?P<value>.*)'\.", re.DOTALL),
     N_("There is no command “{value}”; see '{command} --help'.")),
    (re.compile(r"Got unexpected extra arguments? \((?P<value>.*)\)", re.DOTALL),
     N_("“{value}” is too much; put texts with blanks in quotes, and see '{command} --help'.")),
)  # fmt: skip


def usage_text(error: click.UsageError, _: Translator) -> str | None:
    """The sentence of a command typed wrongly; None where none is known, and click's own is to be shown."""
    command = error.ctx.command_path if error.ctx is not None else "siaga112"
    if isinstance(error, click.MissingParameter):
        given = {"option": _name(error), "command": command}
        return _(N_("{option} is needed; see '{command} --help'.")).format(**given)
    texts = _VALUES if isinstance(error, click.BadParameter) else _OTHERS
    for pattern, said in texts:
        found = pattern.fullmatch(error.message)
        if found:
            return _(said).format(**{"option": _name(error), "command": command, **found.groupdict()})
    return None


def _name(error: click.UsageError) -> str:
    if not isinstance(error, click.BadParameter) or error.param is None:
        return ""
    return error.param.opts[-1] if isinstance(error.param, click.Option) else (error.param.name or "").upper()
