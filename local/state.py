"""Where the account's files lie. Everything is below `.local/` in the checkout."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED = CHECKOUT / ".local"  # downloads and environments, for every account of the checkout
CACHE = SHARED / "cache"
BUILD = SHARED / "build"


def tool(environment: str, name: str) -> str:
    """Path of a program in one of the environments that bootstrap.py made."""
    return str(SHARED / "venv" / environment / "bin" / name)


@dataclass(frozen=True, slots=True)
class State:
    """The files of one account. The tests have an account of their own beside the user's."""

    root: Path

    @property
    def env_file(self) -> Path:
        return self.root / "env"

    @property
    def run(self) -> Path:
        """Logs, and what the supervisor says about its processes."""
        return self.root / "run"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def record_file(self) -> Path:
        return self.run / "account.json"

    def read_record(self) -> dict[str, Any]:
        """What is known about the running account; empty when none is."""
        try:
            record = json.loads(self.record_file.read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def write_record(self, record: Mapping[str, Any]) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        partial = self.record_file.with_suffix(".partial")
        partial.write_text(json.dumps(record, indent=1))
        partial.chmod(0o600)
        partial.replace(self.record_file)

    def write_env(self, variables: Mapping[str, str]) -> None:
        """Write the shell exports. Only the owner can read them: there are credentials among them."""
        self.env_file.unlink(missing_ok=True)
        descriptor = os.open(self.env_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())

    def read_env(self) -> dict[str, str]:
        """The variables that write_env wrote; empty when there are none."""
        if not self.env_file.exists():
            return {}
        words = shlex.split(self.env_file.read_bytes().decode())
        return dict(word.split("=", 1) for word in words if "=" in word)


USER = State(SHARED)
BENCH = State(SHARED / "bench")
SOAK = State(SHARED / "soak")


def of_tests(worker: str = "") -> State:
    """The account of the tests. Where several processes share the tests, each has its own; worker: its name."""
    return State(SHARED / "-".join(filter(None, ("test", worker))))


def every_one_of_tests() -> list[State]:
    """The accounts that tests have had in this checkout."""
    return [State(folder) for folder in sorted(SHARED.glob("test*")) if folder.is_dir()]


@contextmanager
def lock(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Let one command at a time use what lies in a folder; another waits, or raises LocalError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            problem = f"Another command uses the account in {folder.relative_to(CHECKOUT)}"
            raise LocalError(problem, "Wait for it to end, then run this one again") from None
        yield
