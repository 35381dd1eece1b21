"""The parent of the account's processes: none of them outlives it, and it does not outlive a crashed command.

    python -m local.supervisor RUN_FOLDER LIFELINE

RUN_FOLDER holds `processes.json`, a list of {name, command, environment, folder, user}. LIFELINE is a descriptor that
the starting command holds the other end of: when that end closes before `keep` was written to it, the command has died,
and everything is stopped. Each process also gets SIGTERM from the kernel should the supervisor itself be killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GRACE = 8.0  # seconds between SIGTERM and SIGKILL
KEEP = b"keep"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class _Stop(Exception):  # noqa: N818  # a signal, not an error
    """Asked to end."""


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _start(spec: dict[str, Any], run: Path) -> subprocess.Popen[bytes]:
    user = {"user": spec["user"], "group": spec["group"], "extra_groups": []} if spec.get("user") is not None else {}
    with (run / f"{spec['name']}.log").open("ab") as log:
        return subprocess.Popen(
            spec["command"],
            env=spec["environment"],
            cwd=spec["folder"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # no threads here
            **user,
        )


def _stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes.values():
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _watch(processes: dict[str, subprocess.Popen[bytes]], run: Path, lifeline: int) -> None:
    """Return when a process has died or the starting command has."""
    selector = selectors.DefaultSelector()
    selector.register(lifeline, selectors.EVENT_READ)
    watched = True
    while True:
        for name, process in processes.items():
            code = process.poll()
            if code is not None:
                (run / "died.json").write_text(json.dumps({"name": name, "code": code}))
                return
        if not watched:
            time.sleep(0.2)
        elif selector.select(0.2):
            if os.read(lifeline, len(KEEP)) != KEEP:
                return
            selector.unregister(lifeline)
            watched = False


def main(run: Path, lifeline: int) -> None:
    """Start the processes, stay until told to stop, stop them."""

    def stop(*_: object) -> None:
        raise _Stop

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's business; it closes the lifeline
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for spec in json.loads((run / "processes.json").read_text()):
            processes[spec["name"]] = _start(spec, run)
        pids = {name: process.pid for name, process in processes.items()}
        (run / "pids.json").write_text(json.dumps(pids))
        _watch(processes, run, lifeline)
    except _Stop:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _stop(processes)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
