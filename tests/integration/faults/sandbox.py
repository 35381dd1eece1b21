"""Lambda's part: sandboxes with the real handler, retries of what failed, and the batches of a Kinesis stream."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

ROOT = Path(__file__).parents[3]
MILLISECONDS = 20_000  # that an invocation may take when a test does not say otherwise
DIRECT_RETRIES = 2  # of an asynchronous invocation (template.yaml, MaximumRetryAttempts)
KINESIS_RETRIES = 3  # of a batch


class InvocationError(Exception):
    """The function raised; the message is what Lambda would tell."""


class SandboxEndedError(InvocationError):
    """The process ended, or was ended because its time was over, before it answered."""


class Sandboxes:
    """The process that makes sandboxes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._socket = str(directory / "s")
        errors = directory / "stderr"
        self._log = errors.open("wb")
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("layers/core", "functions/shipper")),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sandbox_main.py")), self._socket],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self.close()
            raise AssertionError(f"the function cannot be imported:\n{errors.read_text()}")

    def new(self, environment: dict[str, str], log: Path) -> Sandbox:
        """A cold sandbox; log: where what the function prints is added."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._socket)
        return Sandbox(connection, environment, log)

    def close(self) -> None:
        with self._process:  # closes its input, which ends it
            pass
        self._log.close()


class Sandbox:
    """One process that runs one invocation at a time."""

    def __init__(self, connection: socket.socket, environment: dict[str, str], log: Path) -> None:
        self._connection = connection
        self._writer: IO[str] = connection.makefile("w", encoding="utf-8")
        self._reader: IO[bytes] = connection.makefile("rb")
        self._pid = self._ask({"environment": environment, "log": str(log)}, 60.0)["pid"]

    def invoke(self, event: Any, request_id: str, milliseconds: int, frozen: float = 0.0) -> Any:
        """Run an invocation and return its answer; it is ended when its time is over, as Lambda does.

        Raises InvocationError, or SandboxEndedError, after which the sandbox cannot be used any more.
        """
        request = {"event": event, "request_id": request_id, "milliseconds": milliseconds, "frozen": frozen}
        answer = self._ask(request, milliseconds / 1000)
        if "error" in answer:
            raise InvocationError(answer["error"])
        return answer["answer"]

    def kill(self) -> None:
        """End the process at once, wherever it is."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        self._writer.close()
        self._reader.close()
        self._connection.close()

    def _ask(self, request: Any, seconds: float) -> dict[str, Any]:
        self._connection.settimeout(seconds)
        try:
            self._writer.write(json.dumps(request) + "\n")
            self._writer.flush()
            line = self._reader.readline()
        except TimeoutError:
            self.kill()
            line = b""
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise SandboxEndedError("the sandbox ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Lambda:
    """A function: a sandbox that is kept warm, and Lambda's rules for what failed."""

    make: Callable[[], Sandbox]
    retries: int = 0
    failures: list[str] = field(default_factory=list)
    undelivered: list[Any] = field(default_factory=list)  # what would go to the on-failure destination
    _warm: Sandbox | None = None

    def invoke(self, event: Any, milliseconds: int = MILLISECONDS, *, request_id: str = "", frozen: float = 0.0) -> Any:
        """One invocation, in the warm sandbox when there is one. Raises InvocationError."""
        if self._warm is None:
            self._warm = self.make()
        sandbox = self._warm
        try:
            return sandbox.invoke(event, request_id or str(uuid.uuid4()), milliseconds, frozen)
        except SandboxEndedError:
            sandbox.close()
            self._warm = None
            raise

    def kill(self) -> None:
        """Kill the sandbox that is running."""
        assert self._warm is not None
        self._warm.kill()

    def close(self) -> None:
        if self._warm is not None:
            self._warm.close()
            self._warm = None

    def direct(self, event: Any, milliseconds: int = MILLISECONDS) -> None:
        """An asynchronous invocation: the same event with the same request id, up to two times more."""
        request_id = str(uuid.uuid4())
        for attempt in range(1 + DIRECT_RETRIES):
            self.retries += attempt > 0
            try:
                self.invoke(event, milliseconds, request_id=request_id)
                return
            except InvocationError as error:
                self.failures.append(str(error))
        self.undelivered.append(event)

    def kinesis(self, records: list[dict[str, Any]], milliseconds: int = MILLISECONDS) -> None:
        """A batch of a stream: again from the lowest record that failed, each time as a new invocation."""
        for attempt in range(1 + KINESIS_RETRIES):
            self.retries += attempt > 0
            try:
                answer = self.invoke({"Records": records}, milliseconds)
            except InvocationError as error:
                self.failures.append(str(error))
                continue
            records = _from_lowest_failed(records, answer)
            if not records:
                return
            self.failures.append(f"{len(records)} records again")
        self.undelivered.append({"Records": records})


def _from_lowest_failed(records: list[dict[str, Any]], answer: Any) -> list[dict[str, Any]]:
    """What Lambda sends again, by the rules of ReportBatchItemFailures (Lambda Developer Guide)."""
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:  # null, missing or empty: all is well
        return []
    numbers = [record["kinesis"]["sequenceNumber"] for record in records]
    failed = [failure.get("itemIdentifier") for failure in failures]
    if not all(number in numbers for number in failed):
        return records  # a number that is not in the batch: everything again
    return records[min(map(numbers.index, failed)) :]


def kinesis_record(event: dict[str, Any], number: int) -> dict[str, Any]:
    """A record of a Kinesis stream as Lambda hands it over; event: a subscription event, number: its place."""
    sequence = f"4954{number:052d}"
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "0",
            "sequenceNumber": sequence,
            "data": event["awslogs"]["data"],
            "approximateArrivalTimestamp": time.time(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/watchpost-shipper",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
    }
