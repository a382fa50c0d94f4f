"""The errors of every package, drawn once.

SiagaError
├── InputError (ValueError)        what a person typed or sent cannot be used
│   └── SourceError                 a file, row or field cannot be used
├── RegionError                     a region folder cannot be opened
│   ├── RegionDamagedError          a file is missing or its checksum differs
│   └── RegionVersionError          built by another version of the format
└── OutsideRegionError (LookupError) the place lies outside the region
"""

from __future__ import annotations


def N_(message: str) -> str:  # noqa: N802 - the name by which translation tools find messages
    """Mark the message of an error for translation: it is raised in English, and faces say it in their language."""
    return message


class SiagaError(Exception):
    """Root of all expected errors: its text is one sentence that a person can act on.

    Parameters
    ----------
    message
        The sentence; with `{names}` where values are given, so that faces can say it in another language.
    values
        What stands at the names.
    """

    code = "error"

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values


class InputError(SiagaError, ValueError):
    """What a person typed or sent cannot be used; the text says what, where and what to do."""

    code = "bad-input"


class SourceError(InputError):
    """A source file, or one row or field of it, cannot be used."""

    code = "bad-source"


class RegionError(SiagaError):
    """A region folder cannot be opened."""

    code = "region-unusable"


class RegionDamagedError(RegionError):
    """A file of the region is missing or does not match the manifest."""

    code = "region-damaged"


class RegionVersionError(RegionError):
    """The region was built for another version of the region format."""

    code = "region-version"


class OutsideRegionError(SiagaError, LookupError):
    """The place lies outside the region and cannot be served from it."""

    code = "outside-region"
