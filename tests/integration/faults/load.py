"""Lines of all kinds whose documents and metrics are known beforehand, to the last digit."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

NAMESPACE = "Watchpost"
COUNTS = ("LogLines", "LogErrors")
VALUES = ("answer-time", "page-view", "basket")  # metrics that come from metric lines

_ids = itertools.count(int(time.time()) * 10**12)


@dataclass
class Load:
    """What was sent, and what must come of it."""

    function: str  # name of the function whose lines these are; it is the metrics' service too
    messages: Counter[str] = field(default_factory=Counter)  # one for each document
    sums: defaultdict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))  # by name of the metric
    samples: Counter[str] = field(default_factory=Counter)  # likewise, of metric lines
    _made: int = 0

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.function}"

    def event(self, rounds: int = 3, *more: str) -> dict[str, Any]:
        """A subscription event of nine lines a round, and whatever more; counted as expected."""
        lines = [line for _ in range(rounds) for line in self._round()]
        for message in more:
            lines.append(message)
            self._text(message)
        return event_of(self.log_group, lines)

    def text_event(self, *messages: str) -> dict[str, Any]:
        """An event of plain lines at no level."""
        return self.event(0, *messages)

    def _round(self) -> list[str]:
        token = f"{self.function}/{self._made}"
        self._made += 1
        value = Fraction(self._made, 4)  # exact in binary
        request = str(uuid.uuid4())
        lines = []

        def application(line: str, message: str, *, error: bool = False) -> None:
            self._text(message, error=error)
            lines.append(line)

        application(f"order {token} received\n", f"order {token} received")
        said = {"message": f"order {token} paid", "amount": 12.5, "customer": {"id": self._made}}
        application(json.dumps({"level": "INFO", **said}), said["message"])
        failed = {"message": f"order {token} failed", "error": {"name": "CardError", "message": "declined"}}
        application(json.dumps({"level": "ERROR", **failed}), f"order {token} failed", error=True)
        prefix = f"[ERROR]\t2026-11-21T08:00:00.123Z\t{request}\t"
        application(f"{prefix}order {token} refused", f"order {token} refused", error=True)
        for line in (
            f"START RequestId: {request} Version: $LATEST",
            f"REPORT RequestId: {request}\tDuration: 3.25 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB",
        ):
            self.messages[line] += 1
            lines.append(line)
        at = int(time.time())
        timed = f"MONITORING|{at}|{float(value)}|latency|answer-time|#channel:web,line:{token}"
        plain = f"MONITORING|{float(value + 1)}|Count|page-view|shop|line={token}"
        inner = f"MONITORING|{at}|{float(value * 2)}|count|basket|#line:{token}"
        self._value(timed, "answer-time", value)
        self._value(plain, "page-view", value + 1)
        self._value(inner, "basket", value * 2)
        return [*lines, timed, plain, json.dumps({"level": "INFO", "message": inner})]

    def _text(self, message: str, *, error: bool = False) -> None:
        self.messages[message] += 1
        self.sums["LogLines"] += 1
        self.sums["LogErrors"] += error

    def _value(self, message: str, name: str, value: Fraction) -> None:
        self.messages[message] += 1
        self.sums[name] += value
        self.samples[name] += 1


def event_of(log_group: str, lines: list[str], stream: str = "2026/11/21/[$LATEST]0a1b") -> dict[str, Any]:
    """What CloudWatch Logs sends to a subscribed function for lines that were written now."""
    now = int(time.time() * 1000)
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": stream,
        "subscriptionFilters": ["watchpost"],
        "logEvents": [{"id": f"{next(_ids):056d}", "timestamp": now, "message": line} for line in lines],
    }
    return packed(json.dumps(content).encode())


def packed(content: bytes) -> dict[str, Any]:
    """Bytes as CloudWatch Logs packs them for a function."""
    return {"awslogs": {"data": base64.b64encode(gzip.compress(content, 1)).decode()}}


def merged(*events: dict[str, Any]) -> dict[str, Any]:
    """One event with the lines of several, each under the id that it has."""
    contents = [json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in events]
    lines = [line for content in contents for line in content["logEvents"]]
    return packed(json.dumps({**contents[0], "logEvents": lines}).encode())
