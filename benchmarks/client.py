"""What the client costs a service, beside the same work without it: `python -m benchmarks.client`.

Ratios come from runs that take turns, so that a busy machine slows both sides. The AWS behind boto3 is a process on
loopback that answers at once: with a real one, whose answers take milliseconds, the same cost is a smaller part.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import requests
import urllib3
from aws_lambda_powertools import Logger
from botocore.config import Config
from rich.console import Console
from rich.table import Table
from watchpost_client import correlation, handler, instrument, logger, metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
REPORT = ROOT / ".local" / "bench" / "client.json"
IMPORTS, MOST_IMPORT_MS = 15, 60
ROUNDS = 41  # of each piece of work: its figures are medians
LINES, CALLS = 500, 10  # pieces of work in a round
_NOTHING_US = 0.1  # what takes less is nothing that a ratio could be to
_IMPORT = """
import sys, time
import boto3
from aws_lambda_powertools import Logger
started = time.perf_counter()
from watchpost_client import config, correlation, handler, instrument, logger, metrics, records
print((time.perf_counter() - started) * 1000)
"""
_TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
_MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"
_ORDER = json.dumps({"id": "o-17", "lines": [{"sku": f"s-{number}", "quantity": 2} for number in range(20)]})
_EVENT = {"Source": "shop", "DetailType": "paid", "Detail": _ORDER}
# Each call of boto3 that carries a context: service, method, arguments.
BOTO: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("sns", "publish", {"TopicArn": _TOPIC, "Message": _ORDER}),
    (
        "sns",
        "publish_batch",
        {"TopicArn": _TOPIC, "PublishBatchRequestEntries": [{"Id": str(n), "Message": _ORDER} for n in range(10)]},
    ),
    ("sqs", "send_message", {"QueueUrl": _QUEUE, "MessageBody": _ORDER}),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": _QUEUE, "Entries": [{"Id": str(n), "MessageBody": _ORDER} for n in range(10)]},
    ),
    ("kinesis", "put_record", {"StreamName": "orders", "PartitionKey": "o", "Data": _ORDER}),
    (
        "kinesis",
        "put_records",
        {"StreamName": "orders", "Records": [{"PartitionKey": "o", "Data": _ORDER} for _ in range(10)]},
    ),
    ("events", "put_events", {"Entries": [_EVENT]}),
    ("lambda", "invoke", {"FunctionName": "orders", "Payload": _ORDER}),
    ("stepfunctions", "start_execution", {"stateMachineArn": _MACHINE, "input": _ORDER}),
)


@contextlib.contextmanager
def null_aws() -> Iterator[str]:
    """URL of a server that answers everything at once, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.null_aws"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101  # said by PIPE, for the type checker
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


# Measuring.


def _microseconds(work: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in itertools.repeat(None, times):
        work()
    return (time.perf_counter() - started) * 1e6 / times


def compared(without: Callable[[], object], with_it: Callable[[], object], times: int) -> dict[str, float]:
    """Microseconds of each, how much more one takes, and their ratio: medians over rounds in which both take turns."""
    found: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        if number % 2:  # whoever is first has the colder caches
            one = _microseconds(without, times)
            found.append((one, _microseconds(with_it, times)))
        else:
            other = _microseconds(with_it, times)
            found.append((_microseconds(without, times), other))
    found = found[1:]  # one to warm up
    return {
        "without_us": round(statistics.median(one for one, _ in found), 2),
        "with_us": round(statistics.median(other for _, other in found), 2),
        "more_us": round(statistics.median(other - one for one, other in found), 2),
        "ratio": round(statistics.median(other / one for one, other in found), 2),
    }


def import_milliseconds() -> list[float]:
    """What all parts take on top of boto3 and Powertools' Logger, each time in a clean interpreter."""
    path = [str(ROOT / "layers" / "client"), *(entry for entry in sys.path if "site-packages" in entry)]
    environment = {"PYTHONPATH": os.pathsep.join(path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-S", "-c", _IMPORT]
    spent = [
        float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(IMPORTS + 1)
    ]
    return sorted(spent[1:])  # the first one writes the bytecode


def lines() -> dict[str, dict[str, float]]:
    """Log lines, debug lines that are not written, metrics and the decorator, within an invocation."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        ours = logger("bench-ours", stream=nowhere)
        bare, full = Logger("bench-bare", stream=nowhere), Logger("bench-full", stream=nowhere)
        # What Powertools writes when a service gives it the same fields.
        full.append_keys(correlation_id="c-1", function_request_id="8f14e45f", cold_start=False)
        found: dict[str, dict[str, float]] = {}

        def within(_event: Any, _context: Any) -> None:
            found["log line / plain"] = compared(
                lambda: bare.info("order accepted"), lambda: ours.info("order accepted"), LINES
            )
            found["log line / plain with the same fields"] = compared(
                lambda: full.info("order accepted"), lambda: ours.info("order accepted"), LINES
            )
            found["debug line that is not written"] = compared(lambda: bare.debug("x"), lambda: ours.debug("x"), LINES)

        handler(within)(_http_event(), _lambda_context())
    found["decorator around an empty handler"] = compared(_empty(lambda work: work), _empty(handler), LINES)
    return found


def _empty(decorate: Callable[[Any], Any]) -> Callable[[], object]:
    def work(_event: Any, _context: Any) -> None:
        return None

    decorated, event, context = decorate(work), _http_event(), _lambda_context()
    return lambda: decorated(event, context)


def metric_microseconds() -> dict[str, float]:
    """What each of them takes within an invocation."""
    work: dict[str, Callable[[], object]] = {
        "count": lambda: metrics.count("orders", channel="web"),
        "timing": lambda: metrics.timing("charge", 27.4, channel="web"),
    }
    found = {}

    def within(_event: Any, _context: Any) -> None:
        for name, piece in work.items():
            found[name] = round(statistics.median(_microseconds(piece, LINES) for _ in range(ROUNDS)), 2)

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        handler(within)(_http_event(), _lambda_context())
    return found


def boto_calls(url: str) -> dict[str, dict[str, float]]:
    """Each call of boto3 with and without its session instrumented, within a transaction."""
    plain, instrumented = boto3.session.Session(), boto3.session.Session()
    instrument(instrumented, http=False)
    found = {}
    with correlation.use(correlation.from_event(_http_event())):
        for service, method, arguments in BOTO:
            pair = [getattr(_client(session, service, url), method) for session in (plain, instrumented)]
            without, with_it = (functools.partial(call, **arguments) for call in pair)
            found[f"{service} {method}"] = compared(without, with_it, CALLS)
    return found


def _client(session: Any, service: str, url: str) -> Any:
    return session.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106  # nobody checks it
        config=Config(retries={"total_max_attempts": 1}),
    )


def http_calls(url: str) -> dict[str, dict[str, float]]:
    """requests and urllib3 to a host that is allowed, beside the same before they are instrumented."""
    session, pool = requests.Session(), urllib3.PoolManager()
    work: dict[str, Callable[[], object]] = {
        "requests get": lambda: session.get(url, timeout=5),
        "urllib3 request": lambda: pool.request("GET", url),
    }
    original = urllib3.HTTPConnectionPool.urlopen
    instrument(boto=False, http_hosts=["127.0.0.1"])
    patched = urllib3.HTTPConnectionPool.urlopen

    def as_(way: Any, piece: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            urllib3.HTTPConnectionPool.urlopen = way  # type: ignore[method-assign]  # as it was, or is instrumented
            piece()

        return run

    with correlation.use(correlation.from_event(_http_event())):
        return {name: compared(as_(original, piece), as_(patched, piece), CALLS) for name, piece in work.items()}


def _http_event() -> dict[str, Any]:
    headers = {"host": "shop.example", "x-correlation-id": "7c1e4b1e-5f0a-4a55-9d3c-3c1f2b6f1f10"}
    headers |= {"x-correlation-tenant": "t-17", "debug-log-enabled": "false"}
    return {"version": "2.0", "requestContext": {"http": {"method": "GET"}}, "headers": headers}


def _lambda_context() -> Any:
    return SimpleNamespace(aws_request_id="8f14e45f-ceea-467f-a0e6-6b1f5d1d5b7a")


# The report.


def _show(found: dict[str, Any], seconds: float) -> None:
    table = Table(
        title=f"The client on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        caption=f"Medians of {ROUNDS} rounds. AWS and HTTP answer from loopback at once.",
    )
    table.add_column("Work")
    for heading in ("without, µs", "with, µs", "more, µs", "ratio"):
        table.add_column(heading, justify="right")
    for group in ("lines", "boto3", "http"):
        for name, row in found[group].items():
            ratio = f"{row['ratio']:.2f}" if row["without_us"] > _NOTHING_US else "-"
            table.add_row(name, *(f"{row[key]:,.1f}" for key in ("without_us", "with_us", "more_us")), ratio)
        table.add_section()
    for name, spent in found["metric_us"].items():
        table.add_row(f"metric: {name}", "", f"{spent:,.1f}", "", "")
    console = Console(width=110)
    console.print(table)
    console.print(
        f"import of all parts on top of boto3 and Powertools: {found['import_ms']} ms (median of {IMPORTS}, "
        f"{found['import_ms_least']} to {found['import_ms_most']}; the limit is {MOST_IMPORT_MS}); "
        f"measured in {seconds:.0f} s; as JSON in {REPORT.relative_to(ROOT)}"
    )


def main() -> None:
    """Measure, write the report and show it."""
    started = time.perf_counter()
    spent = import_milliseconds()
    found: dict[str, Any] = {
        "import_ms": round(statistics.median(spent), 1),
        "import_ms_least": round(spent[0], 1),
        "import_ms_most": round(spent[-1], 1),
        "lines": lines(),
        "metric_us": metric_microseconds(),
    }
    with null_aws() as url:
        found |= {"boto3": boto_calls(url), "http": http_calls(url)}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    _show(found, time.perf_counter() - started)


if __name__ == "__main__":
    main()
