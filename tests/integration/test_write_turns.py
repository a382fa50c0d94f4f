"""Turns to write to a SQLite file: in the order of coming, and never lost with a killed process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from dispatch.errors import StoreError
from dispatch.store.turns import Turns


def hold(path: str, said: Connection) -> None:
    with Turns(Path(path), 30).mine():
        said.send("mine")
        signal.pause()


@contextmanager
def held_by_another(path: Path) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    other = context.Process(target=hold, args=(str(path), sending))
    other.start()
    try:
        assert receiving.recv() == "mine"
        assert other.pid is not None
        yield other.pid
    finally:
        other.kill()
        other.join()


def test_threads_have_their_turns_in_the_order_they_came(tmp_path: Path) -> None:
    turns, order, first = Turns(tmp_path / "a.db", 30), [], threading.Event()
    waiting = []

    def wait(number: int) -> None:
        first.set()
        with turns.mine():
            order.append(number)

    with turns.mine():
        for number in range(8):
            first.clear()
            waiting.append(threading.Thread(target=wait, args=(number,)))
            waiting[-1].start()
            first.wait()
            while len(turns._waiting) <= number:
                pass
        assert order == []
    for thread in waiting:
        thread.join()
    assert order == list(range(8))


def test_a_turn_that_ends_in_an_error_is_handed_on(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "a.db", 30)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.mine():
            raise ZeroDivisionError


def test_a_process_that_does_not_end_its_turn_is_told_of(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "a.db", 0.05)
    with held_by_another(tmp_path / "a.db"):
        for _ in range(2):
            with pytest.raises(StoreError, match="has been writing to the database for too long"), turns.mine():
                pytest.fail("two have their turn at once")
    with turns.mine():
        pass


def test_the_turn_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "a.db") as pid:
        os.kill(pid, signal.SIGKILL)
        with Turns(tmp_path / "a.db", 30).mine():
            pass


def test_where_no_file_can_be_made_the_database_alone_keeps_order(tmp_path: Path) -> None:
    with Turns(tmp_path / "none" / "a.db", 30).mine():
        pass
