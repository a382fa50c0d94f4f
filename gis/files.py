"""Files written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gis.errors import InputError


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
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another file.") from None
    finally:
        part.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Write a whole text as `writing_atomically` does."""
    with writing_atomically(path) as stream:
        stream.write(text)
