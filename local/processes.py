"""The account's processes: on which ports, under which supervisor, and how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from local import elasticsearch
from local.errors import LocalError
from local.state import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.state import State

START_SECONDS = 120.0  # how long Elasticsearch may take on a slow machine
STOP_SECONDS = 40.0


def free_port(variable: str) -> int:
    """The port that a variable asks for, else a free one."""
    wanted = os.environ.get(variable, "")
    if wanted and not wanted.isdigit():
        raise LocalError(f"{variable} is {wanted!r}, expected a port number", f"Set it right or unset {variable}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(wanted or 0)))
        except (OSError, OverflowError):
            remedy = f"Stop what listens there, choose another, or unset {variable} to have a free one chosen"
            raise LocalError(f"Port {wanted} ({variable}) is taken or cannot be used", remedy) from None
        return int(probe.getsockname()[1])


_supervisors: dict[int, subprocess.Popen[bytes]] = {}  # those that this process has started


def alive(pid: int) -> bool:
    if pid in _supervisors:
        return _supervisors[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's, and so it is alive
    return True


def is_supervisor(record: Mapping[str, Any]) -> bool:
    """Whether the recorded supervisor still runs, and its number was not given to somebody else since."""
    pid = record.get("supervisor")
    if not isinstance(pid, int) or not alive(pid):
        return False
    answer = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "local.supervisor" in answer.stdout


def death_of(state: State) -> str | None:
    """What the supervisor says about a process that ended by itself."""
    try:
        death = json.loads((state.run / "died.json").read_text())
    except (OSError, ValueError):
        return None
    if death["name"] == "elasticsearch":
        reason = elasticsearch.reason_of_death(state.run / "elasticsearch.log", death["code"])
        return f"Elasticsearch ended by itself (exit code {death['code']}): {reason}"
    return f"The AWS emulator ended by itself (exit code {death['code']})"


def wait_until(what: str, ready: Callable[[], bool], state: State) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        problem = death_of(state)
        if problem:
            raise LocalError(problem, f"Its output is in {(state.run).relative_to(CHECKOUT)}/")
        if time.monotonic() > deadline:
            remedy = f"Its output is in {state.run.relative_to(CHECKOUT)}/; run the command again"
            raise LocalError(f"{what} did not answer within {START_SECONDS:.0f} s", remedy)
        time.sleep(0.1)


def supervise(state: State, processes: list[dict[str, Any]]) -> tuple[int, int]:
    """Start the supervisor and return its process number and our end of its lifeline."""
    specification = state.run / "processes.json"
    specification.touch(0o600)
    specification.write_text(json.dumps(processes))
    theirs, ours = os.pipe()
    with (state.run / "supervisor.log").open("w") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "local.supervisor", str(state.run), str(theirs)],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs],
            start_new_session=True,
        )
    os.close(theirs)
    _supervisors[supervisor.pid] = supervisor
    return supervisor.pid, ours


def last_words(state: State) -> str:
    """What ended an account that ran, as a sentence with a space before it; empty when nothing did."""
    problem = death_of(state)
    return f" {problem}." if problem else ""


def terminate(supervisor: int) -> None:
    """Stop a supervisor and wait until it, and with it all its processes, is gone."""
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while alive(supervisor):
        if time.monotonic() > deadline:
            remedy = f"Look at it with: ps -g {supervisor}"
            raise LocalError(f"The supervisor (process {supervisor}) did not stop within {STOP_SECONDS:.0f} s", remedy)
        time.sleep(0.05)
