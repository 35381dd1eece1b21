"""Speed and memory of the shipper, beside the limit of its parts and a naive shipper: `python -m benchmarks.shipper`.

Everything is measured on one core, against a server on loopback that keeps nothing. The figures of other machines are
others; the ratios to the limit, which is measured in the same run, are comparable.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from elasticsearch import Elasticsearch, helpers
from rich.console import Console
from rich.table import Table
from shipper.deadline import Deadline
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration
from watchpost.elasticsearch import Cluster
from watchpost.secrets import Secret
from watchpost.settings import Settings

from benchmarks import payloads
from local import built, stack
from local.state import USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
REPORT = ROOT / ".local" / "bench" / "shipper.json"
RUNS = {1: 200, 50: 150, 2_000: 15, 8_000: 7}  # lines an invocation: how often it is measured
NAIVE_RUNS = {1: 50, 50: 30, 2_000: 3, 8_000: 2}
IMPORTS = 5


@contextlib.contextmanager
def null_services() -> Iterator[str]:
    """URL of a server that takes everything, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.null_services"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # noqa: S101  # said by PIPE, for the type checker
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def surroundings(url: str) -> Surroundings:
    """What the pipeline needs, with the null services for everything outside."""
    aws = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x", "endpoint_url": url}
    cloudwatch, s3 = boto3.client("cloudwatch", **aws), boto3.client("s3", **aws)  # type: ignore[call-overload]  # the stub wants each argument by itself
    cluster = Cluster.connect(url, Secret("benchmark", {"username": "u", "password": "p"}))
    named = {"stack": "watchpost", "environment": "dev", "aws_region": "eu-west-1", "metric_namespace": "Watchpost"}
    return Surroundings(
        settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | named),
        configuration=Configuration(),
        connect=lambda **_: cluster,
        cloudwatch=lambda: cloudwatch,
        s3=lambda: s3,
        deadline=Deadline(lambda: 60.0),
        request_id="benchmark",
        now_ms=lambda: time.time_ns() // 1_000_000,
    )


def ship(event: dict[str, Any], around: Surroundings) -> None:
    """One invocation; fails when a line was not delivered, since its speed would mean nothing."""
    with contextlib.redirect_stdout(io.StringIO()):
        done = run(event, around)
    if done["DeadLettered"] or done["DocumentsDelivered"] + done["LinesFiltered"] != done["LinesReceived"]:
        raise RuntimeError(f"not everything was delivered: {done}")


def decode_only(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What no shipper can leave out."""
    events: list[dict[str, Any]] = orjson.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))[
        "logEvents"
    ]
    return events


def decode_and_dump(event: dict[str, Any]) -> bytes:
    """The same, and the smallest document for each line."""
    return b"\n".join(
        [orjson.dumps({"@timestamp": one["timestamp"], "message": one["message"]}) for one in decode_only(event)]
    )


def naive(event: dict[str, Any], client: Elasticsearch) -> None:
    """A shipper as it is often written: a dict for each line, and the client's own helper."""
    content = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    actions = []
    for one in content["logEvents"]:
        try:
            fields = json.loads(one["message"])
        except ValueError:
            fields = {"message": one["message"]}
        document = {"@timestamp": one["timestamp"], "log_group": content["logGroup"], **fields}
        actions.append({"_op_type": "create", "_index": "logs-naive", "_id": one["id"], "_source": document})
    helpers.bulk(client, actions)


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Median of the seconds that a piece of work takes, after one run that does not count."""
    work()
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def speeds(url: str) -> dict[str, dict[str, float]]:
    """Lines a second and milliseconds by lines an invocation."""
    around = surroundings(url)
    client = Elasticsearch(url)
    found: dict[str, dict[str, float]] = {
        name: {}
        for name in (
            "lines_per_s", "limit_decode_lines_per_s", "limit_document_lines_per_s", "naive_lines_per_s", "warm_ms",
        )
    }  # fmt: skip  # names in a row
    for lines, times in RUNS.items():
        event, key = payloads.event(lines), str(lines)
        seconds = median_seconds(lambda event=event: ship(event, around), times)  # type: ignore[misc]  # bound now on purpose
        found["lines_per_s"][key] = round(lines / seconds)
        found["warm_ms"][key] = round(seconds * 1000, 2)
        for name, limit in (("decode", decode_only), ("document", decode_and_dump)):
            seconds = median_seconds(lambda event=event, limit=limit: limit(event), times)  # type: ignore[misc]  # bound now on purpose
            found[f"limit_{name}_lines_per_s"][key] = round(lines / seconds)
        seconds = median_seconds(lambda event=event: naive(event, client), NAIVE_RUNS[lines])  # type: ignore[misc]  # bound now on purpose
        found["naive_lines_per_s"][key] = round(lines / seconds)
    return found


def import_seconds() -> float:
    """Median of the seconds that importing the built handler takes in a clean interpreter."""
    script = "import time; t = time.perf_counter(); import shipper.handler; print(time.perf_counter() - t)"
    with tempfile.TemporaryDirectory() as folder:
        runtime = built.link_runtime(Path(folder))
        outputs = [built.run("shipper", runtime, script) for _ in range(IMPORTS)]
    for output in outputs:
        output.check_returncode()
    return round(statistics.median(float(output.stdout) for output in outputs), 3)


def peak_megabytes(url: str) -> float:
    """Peak memory of a new process that ships the largest payload twice."""
    code = f"import benchmarks.shipper as b; b.once({url!r})"
    command = [sys.executable, "-c", code]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return round(int(output) / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def once(url: str) -> None:
    """Ship the largest payload twice and print the peak memory in the platform's unit."""
    event, around = payloads.event(max(RUNS)), surroundings(url)
    for _ in range(2):
        ship(event, around)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def package_megabytes() -> float:
    """Size of the built function with the core layer, bytecode included."""
    files = [path for folder in built.folders("shipper") for path in folder.rglob("*") if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 1024 / 1024, 1)


def show(report: dict[str, Any], seconds: float) -> None:
    """Print the report as a table."""
    system = f"{platform.machine()}, {os.cpu_count()} cores, of which the shipper has one"
    table = Table(
        title=f"Shipper on Python {platform.python_version()}, {platform.system()} {system}",
        caption="lines a second, medians; the null Elasticsearch and CloudWatch are a process on loopback",
    )
    for heading in (
        "Lines",
        "ms warm",
        "Shipper",
        "Limit: decode",
        "Limit: + document",
        "Naive",
        "of limit",
        "x naive",
    ):
        table.add_column(heading, justify="right")
    for key in map(str, RUNS):
        speed, limit = report["lines_per_s"][key], report["limit_document_lines_per_s"][key]
        decode, slow = report["limit_decode_lines_per_s"][key], report["naive_lines_per_s"][key]
        figures = (f"{figure:,}" for figure in (speed, decode, limit, slow))
        table.add_row(key, f"{report['warm_ms'][key]}", *figures, f"{speed / limit:.0%}", f"{speed / slow:.1f}")
    console = Console(width=100)
    console.print(table)
    console.print(
        f"import {report['import_s']} s, peak memory {report['peak_rss_mb']} MB at {max(RUNS):,} lines, "
        f"package {report['package_mb']} MB; measured in {seconds:.0f} s"
    )


def main() -> None:
    """Measure, write the report and show it."""
    started = time.perf_counter()
    USER.run.mkdir(parents=True, exist_ok=True)
    stack.build(USER)
    with null_services() as url:
        if hasattr(os, "sched_setaffinity"):
            # The server stays free to use the others: what it costs is not the shipper's.
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        report: dict[str, Any] = speeds(url)
        report["peak_rss_mb"] = peak_megabytes(url)
    report["import_s"] = import_seconds()
    report["package_mb"] = package_megabytes()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    show(report, time.perf_counter() - started)


if __name__ == "__main__":
    main()
