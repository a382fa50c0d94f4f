"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gis.errors import N_, InputError, SourceError


def unwritable(path: Path, error: OSError) -> InputError:
    """Why a file cannot be written, in a sentence."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError(
            N_("{file} cannot be written: its folder is not there; make it, or choose another file."), file=str(path)
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(
            N_("{file} cannot be written: you may not write in this folder; choose another file."), file=str(path)
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InputError(
            N_("{file} cannot be written: the disk is full; make room, or choose another file."), file=str(path)
        )
    return InputError(
        N_("{file} cannot be written: {reason}; choose another file."), file=str(path), reason=error.strerror
    )


def unreadable(path: Path, error: OSError) -> SourceError:
    """Why a file cannot be read, in a sentence."""
    if error.errno == errno.ENOENT:
        return SourceError(N_("{file} cannot be read: there is no such file; check the name."), file=str(path))
    if error.errno == errno.EISDIR:
        return SourceError(N_("{file} cannot be read: it is a folder; name a file."), file=str(path))
    if error.errno in (errno.EACCES, errno.EPERM):
        return SourceError(N_("{file} cannot be read: you may not read it; check its rights."), file=str(path))
    return SourceError(N_("{file} cannot be read: {reason}; check the name."), file=str(path), reason=error.strerror)


@contextmanager
def writing_atomically(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 file that takes the place of `path` when the block ends well.

    A crash leaves the old file or none. Line ends are written as they are given.

    Raises
    ------
    InputError
        The folder is missing or cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Write a whole text as `writing_atomically` does."""
    with writing_atomically(path) as stream:
        stream.write(text)
