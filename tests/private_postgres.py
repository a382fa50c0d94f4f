"""A private PostgreSQL for tests, benchmarks and the storm: started for us alone, killed at will, gone at the end.

    with private_postgres() as server:
        url = server.create_database()

The cluster lives in a new folder under /tmp, listens on 127.0.0.1 (and a socket in that folder) with a random
password, and syncs to disk as one in service does. PostgreSQL refuses to run as root, so root starts it for the
account `postgres` or `nobody`. Nothing here touches a server that somebody else started.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

USER = "siaga112"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
START_TRIES = 3
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # What a crash test needs to mean anything; these are the defaults, written down so that nobody wins a benchmark.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # In the data folder, so that a killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
# Added for tests that kill nothing: a killed process, or even a killed server, loses nothing by it, only a power cut
# would; making and dropping a database for each test is then a matter of milliseconds.
UNSYNCED = {"fsync": "off", "full_page_writes": "off"}
# Ends the server and its folder when the process that started it is gone, however it went.
GUARD = """
cat >/dev/null
kill -QUIT "$1" 2>/dev/null
for wait in 1 2 3 4 5 6 7 8 9; do kill -0 "$1" 2>/dev/null && sleep 0.5; done
rm -rf "$2"
"""


class PostgresMissingError(RuntimeError):
    """PostgreSQL is not installed, or does not start."""


class PrivatePostgres:
    """One cluster of our own.

    Parameters
    ----------
    settings
        Added to, or in place of, `SETTINGS`.
    """

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self._programs = find_programs()
        self._settings = SETTINGS | (settings or {})
        self._account = _account()
        self._password = secrets.token_hex(16)
        self._templates: set[str] = set()
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.port = 0
        # A socket's path may be only about 100 characters long, so TMPDIR is not asked.
        self.folder = Path(tempfile.mkdtemp(prefix="siaga112-postgres-", dir="/tmp"))
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        try:
            self._make_cluster()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of a database; the same after a crash and a new start."""
        return f"postgresql+psycopg://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, also on the data a crash left, and wait until it answers.

        Raises
        ------
        PostgresMissingError
            It does not; with the end of its log.
        """
        if self._server is not None:
            raise RuntimeError("the private PostgreSQL runs already")
        first = self.port == 0
        for attempt in range(1, START_TRIES + 1):
            if first:
                self.port = _free_port()
            try:
                self._launch()
                return
            except PostgresMissingError:
                # Somebody else may have taken the port in between; after a crash it has to stay the same.
                if attempt == START_TRIES:
                    raise

    def stop(self) -> None:
        """Stop and remove everything; also right where it never ran or crashed."""
        server, self._server = self._server, None
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGINT)  # "fast": open transactions are rolled back
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                _kill_tree(server)
        self._release_memory()
        self._dismiss_guard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def crash(self) -> None:
        """Kill the server and all its processes with SIGKILL, at once; `start` recovers what was committed."""
        if self._server is None:
            raise RuntimeError("the private PostgreSQL does not run")
        server, self._server = self._server, None
        _kill_tree(server)
        self._dismiss_guard()

    def create_database(self, template: str | None = None) -> str:
        """A new database, empty or a copy of one that `template` made; its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self._create(name, template or "template0")
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """A database filled by `prepare(url)` once, to copy from: its name for `create_database`.

        `prepare` closes its connections (an engine is disposed), else nothing can be copied.
        """
        if name not in self._templates:
            self._create(name, "template0")
            prepare(self.url(name))
            self._templates.add(name)
        return name

    def drop_database(self, url: str) -> None:
        """Remove a database that `create_database` made, also under open connections."""
        name = url.rsplit("/", 1)[1]
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self._password,
            dbname="postgres",
            connect_timeout=60,
            autocommit=True,
        )

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.folder, **self._as_account()
        )
        if done.returncode != 0:
            raise PostgresMissingError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")

    def _as_account(self) -> dict[str, Any]:
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        environment |= {"LC_ALL": "C", "HOME": str(self.folder)}
        if self._account is None:
            return {"env": environment}
        return {
            "env": environment,
            "user": self._account.pw_uid,
            "group": self._account.pw_gid,
            "extra_groups": [],
        }

    def _make_cluster(self) -> None:
        password = self.folder / "password"
        password.write_text(self._password + "\n", encoding="ascii")
        if self._account is not None:
            os.chown(password, self._account.pw_uid, self._account.pw_gid)
        self._run(
            str(self._programs / "initdb"),
            f"--pgdata={self.data}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
        )
        password.unlink()

    def _launch(self) -> None:
        settings = self._settings | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in a terminal is for pytest, which then stops the server itself.
            server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._as_account(),
            )
        self._server = server
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(server.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_until_ready(server)
        except BaseException:
            self.crash()
            raise

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    said = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
                    raise PostgresMissingError(f"PostgreSQL does not start ({error}); its log ends:\n{said}") from None
            time.sleep(0.02)

    def _dismiss_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.wait()
            assert guard.stdin is not None
            guard.stdin.close()

    def _release_memory(self) -> None:
        """Give back the System V segment of a server that was killed and never started again."""
        with contextlib.suppress(OSError, IndexError):
            identifier = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]
            subprocess.run(["ipcrm", "-m", identifier], capture_output=True, check=False)


@contextlib.contextmanager
def private_postgres(settings: dict[str, str] | None = None) -> Iterator[PrivatePostgres]:
    """A running cluster; stopped and removed at the end, whatever happened."""
    server = PrivatePostgres(settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def find_programs() -> Path:
    """The folder of initdb and postgres: from PATH, else the newest of Debian's.

    Raises
    ------
    PostgresMissingError
        There is none.
    """
    folders = []
    found = shutil.which("initdb")
    if found is not None:
        folders.append(Path(found).resolve().parent)
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: _version(folder.parent.name), reverse=True
    )
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            return folder
    raise PostgresMissingError("PostgreSQL is not installed (no initdb found); run `apt-get install postgresql`.")


def _version(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _account() -> pwd.struct_passwd | None:
    """Who runs the server where we are root, which PostgreSQL refuses; None: we do."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresMissingError("PostgreSQL does not run as root, and there is neither an account postgres nor nobody.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill_tree(server: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process and its children; it is halted first, so that it starts no further child meanwhile."""
    if server.poll() is not None:
        return
    server.send_signal(signal.SIGSTOP)
    children = _children(server.pid)
    for pid in [server.pid, *children]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.wait()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _alive(children) and time.monotonic() < deadline:
        time.sleep(0.005)


def _children(pid: int) -> list[int]:
    return [child for child, (parent, _) in _processes().items() if parent == pid]


def _alive(pids: list[int]) -> bool:
    """Whether one still holds anything; one that only waits to be counted by its parent does not."""
    running = _processes()
    return any(pid in running and running[pid][1] != "Z" for pid in pids)


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and state of every process by its id: from /proc, else (macOS) from ps."""
    rows = {}
    if Path("/proc/self/stat").exists():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # The name stands in brackets and may hold anything, so the fields count from the last bracket.
                state, parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
                rows[int(stat.parent.name)] = (int(parent), state)
        return rows
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        pid, parent, state = line.split()[:3]
        rows[int(pid)] = (int(parent), state[0])
    return rows
