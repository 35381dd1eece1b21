"""Sandboxes as Lambda makes them: the real handler in processes of their own. Run by sandbox.py, never imported.

The imports are done once; each connection then gets a process of its own, which takes its environment from the first
line and events from the others. It can be killed like any other process.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

_monotonic = time.monotonic
_frozen_for = 0.0  # seconds


def _clock() -> float:
    """The monotonic clock of a sandbox that was frozen for a while, as Lambda freezes those without work."""
    return _monotonic() + _frozen_for


time.monotonic = _clock

from shipper import handler  # noqa: E402  # after the clock, which modules take hold of when they are imported


@dataclass
class Context:
    """What Lambda tells a function about an invocation."""

    aws_request_id: str
    ends_at: float
    function_name: str = "watchpost-shipper"
    function_version: str = "1"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper:live"

    def get_remaining_time_in_millis(self) -> int:
        return max(int((self.ends_at - _monotonic()) * 1000), 0)


def main(path: str) -> None:
    """Make a sandbox for each connection, until the standard input ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            serve(connection)
            os._exit(0)
        connection.close()
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def serve(connection: socket.socket) -> None:
    """Be one sandbox."""
    global _frozen_for  # noqa: PLW0603  # a process has one clock
    with connection.makefile("r", encoding="utf-8") as requests, connection.makefile("w", encoding="utf-8") as answers:
        first = json.loads(requests.readline())
        os.environ.update(first["environment"])
        # What the function prints is its log, from which CloudWatch takes metrics too. Appending keeps lines whole.
        log = os.open(first["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        sys.stdout.reconfigure(line_buffering=True)
        _answer(answers, {"pid": os.getpid()})
        for line in requests:
            request = json.loads(line)
            _frozen_for += request["frozen"]
            context = Context(request["request_id"], _monotonic() + request["milliseconds"] / 1000)
            try:
                answer = {"answer": handler.lambda_handler(request["event"], context)}
            except Exception as error:  # noqa: BLE001  # told to whoever invoked, as Lambda does
                answer = {"error": f"{type(error).__name__}: {error}"}
            _answer(answers, answer)


def _answer(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
