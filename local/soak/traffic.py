"""The lines of a soak: each has a number, and it is known which were sent in which phase."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST = 500  # lines of a batch
_NUMBER = re.compile(r"(?:soak |MONITORING\|)(\d+)\b")
_METRIC_EACH = 10
_TICK = 0.05  # seconds


def line(number: int) -> str:
    """A line with a number; each tenth is a metric."""
    if number % _METRIC_EACH == 0:
        return f"MONITORING|{number}|Count|soaked|soak"
    return json.dumps(
        {
            "level": "ERROR" if number % 50 == 1 else "INFO",
            "message": f"soak {number}",
            "service": "soak",
            "function_request_id": str(uuid.UUID(int=number // 10)),
            "correlation_id": f"c-{number // 10}",
            "order": {"id": number, "amount": 12.5, "items": 3},
            "customer": "a name that is as long as names of customers often are, and some more",
        }
    )


def number_of(message: str) -> int | None:
    """The number of a line, by the message of its document."""
    found = _NUMBER.match(message)
    return int(found[1]) if found else None


@dataclass
class Sent:
    """Which numbers were sent in which phase."""

    ranges: list[tuple[int, int, str]] = field(default_factory=list)  # first, one behind the last, phase
    total: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, lines: int, phase: str) -> range:
        """The numbers of a batch."""
        with self._lock:
            taken = range(self.total, self.total + lines)
            self.total = taken.stop
            self.ranges.append((taken.start, taken.stop, phase))
        return taken

    def by_phase(self, found: dict[int, int]) -> dict[str, tuple[int, int, int, int]]:
        """Of each phase: lines sent, of those found at all, lost, and documents too many. found: times by number."""
        counted: dict[str, list[int]] = {}
        for start, stop, phase in self.ranges:
            times = [found.get(number, 0) for number in range(start, stop)]
            row = counted.setdefault(phase, [0, 0, 0, 0])
            row[0] += len(times)
            row[1] += sum(one > 0 for one in times)
            row[2] += times.count(0)
            row[3] += sum(one - 1 for one in times if one > 1)
        return {phase: (row[0], row[1], row[2], row[3]) for phase, row in counted.items()}


class Traffic:
    """Sends batches of lines, each way in a thread of its own."""

    def __init__(self, ways: dict[str, Callable[[list[str], str], None]], sent: Sent) -> None:
        """ways: by their name, what sends lines; its second argument is the name of the log stream."""
        self._ways = ways
        self._sent = sent
        self._over = threading.Event()
        self._failed: list[Exception] = []
        self.now: tuple[str, int, float] = ("", 0, 1.0)  # phase, lines of a batch, seconds between two batches

    def set(self, phase: str, lines: int, period: float) -> None:
        """What is sent from now on. More than a batch takes becomes more batches. Raises what sending raised."""
        if self._failed:
            raise self._failed[0]
        batches = -(-lines // LARGEST)
        self.now = phase, lines // batches, period / batches

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Send for the length of a block."""
        threads = [threading.Thread(target=self._work, args=way) for way in self._ways.items()]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        if self._failed:
            raise self._failed[0]

    def _work(self, way: str, send: Callable[[list[str], str], None]) -> None:
        due = time.monotonic()
        try:
            while not self._over.is_set():
                phase, lines, period = now = self.now
                send([line(number) for number in self._sent.take(lines, phase)], f"{phase} {way}")
                due = max(due + period, time.monotonic() - period)  # what is too late is not all made up for at once
                while (left := due - time.monotonic()) > 0 and not self._over.is_set():
                    self._over.wait(min(left, _TICK))
                    if self.now is not now:  # a burst does not wait for the pause of steady traffic to end
                        due = time.monotonic()
        except Exception as error:  # noqa: BLE001  # handed to the thread that runs the soak
            self._failed.append(error)


def directly(logs: Any, group: str) -> Callable[[list[str], str], None]:
    """Writes lines into a log group, from which a subscription filter takes them."""
    known: set[str] = set()

    def send(lines: list[str], stream: str) -> None:
        if stream not in known:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            known.add(stream)
        now = time.time_ns() // 1_000_000
        events = [{"timestamp": now, "message": one} for one in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return send


def through_stream(kinesis: Any, name: str, group: str, owner: str) -> Callable[[list[str], str], None]:
    """Puts records into a Kinesis stream as CloudWatch Logs would: the emulator's filters feed functions only."""

    def send(lines: list[str], stream: str) -> None:
        now = time.time_ns() // 1_000_000
        payload = {
            "messageType": "DATA_MESSAGE",
            "owner": owner,
            "logGroup": group,
            "logStream": stream,
            "subscriptionFilters": ["watchpost.service=soak"],
            "logEvents": [{"id": f"{uuid.uuid4().int:039d}", "timestamp": now, "message": one} for one in lines],
        }
        data = gzip.compress(json.dumps(payload).encode(), 1)
        kinesis.put_record(StreamName=name, Data=data, PartitionKey=stream)

    return send
