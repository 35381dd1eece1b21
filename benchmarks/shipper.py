"""Speed and memory of the shipper, beside the limit of its parts and a naive shipper: `python -m benchmarks.shipper`.

Everything is measured on one core. The figures of other machines are others; the ratios to the limit, which is measured
in the same run, are comparable.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elasticsearch import Elasticsearch

from benchmarks import payloads, report, workloads
from benchmarks.around import ship, surroundings
from local import account as accounts
from local import built, stack
from local.account import credentials_of, without_credentials
from local.state import BENCH, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipper.pipeline import Surroundings

ROOT = Path(__file__).parents[1]
RUNS = {1: 300, 50: 200, 2_000: 21, 8_000: 21}  # lines an invocation: how often it is measured
NAIVE_RUNS = {1: 50, 50: 30, 2_000: 3, 8_000: 2}
REAL_RUNS = {1: 30, 50: 20, 2_000: 7, 8_000: 3}
TURNS = 3
IMPORTS = 7
_IMPORT = "import time; t = time.perf_counter(); import shipper.handler; print(time.perf_counter() - t)"
_PEAK = """
import shipper.handler
from benchmarks import payloads
from benchmarks.around import peak_kilobytes, ship, surroundings
event, around = payloads.event({lines}), surroundings({url!r})
for _ in range(2):
    ship(event, around)
print(peak_kilobytes())
"""

Figures = dict[str, dict[str, float]]


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


def seconds_of(works: dict[str, tuple[Callable[[], object], int]]) -> dict[str, list[float]]:
    """Seconds that pieces of work take, each run after one that does not count.

    works: by name, and how often each is measured. They take turns, so that all have a share of what else goes on.
    """
    spent: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(TURNS):
        for name, (work, times) in works.items():
            work()
            for _ in range(times // TURNS + (turn < times % TURNS)):
                started = time.perf_counter()
                work()
                spent[name].append(time.perf_counter() - started)
    return spent


def _without_collector(work: Callable[[], object]) -> Callable[[], object]:
    """The limits are measured as the shipper works: with the garbage collector off."""

    def run() -> None:
        gc.disable()
        try:
            work()
        finally:
            gc.enable()

    return run


def speeds(url: str) -> Figures:
    """Lines a second and milliseconds by lines an invocation, with nothing behind the requests.

    Of several runs the fastest: what takes longer than that is something else on the machine (as of Python's timeit).
    The shipper's median is told as well.
    """
    around, client = surroundings(url), Elasticsearch(url)
    found: Figures = {}
    for lines, times in RUNS.items():
        event, key = payloads.event(lines), str(lines)
        work: dict[str, tuple[Callable[[], object], int]] = {
            "lines_per_s": (functools.partial(ship, event, around), times),
            "limit_decode_lines_per_s": (_without_collector(functools.partial(workloads.decode, event)), times),
            "limit_document_lines_per_s": (
                _without_collector(functools.partial(workloads.decode_and_document, event)),
                times,
            ),
            "naive_lines_per_s": (functools.partial(workloads.naive, event, client), NAIVE_RUNS[lines]),
        }
        spent = seconds_of(work)
        for name, seconds in spent.items():
            found.setdefault(name, {})[key] = round(lines / min(seconds))
        fastest, median = min(spent["lines_per_s"]), statistics.median(spent["lines_per_s"])
        found.setdefault("median_lines_per_s", {})[key] = round(lines / median)
        found.setdefault("warm_ms", {})[key] = round(fastest * 1000, 3)
        found.setdefault("median_warm_ms", {})[key] = round(median * 1000, 3)
    return found


def real_speeds(null_url: str) -> Figures:
    """The same into a real Elasticsearch, each time with documents that it does not have."""
    found: Figures = {"real_lines_per_s": {}, "real_warm_ms": {}}
    with accounts.started(BENCH, keep=False) as account:
        url = account.elasticsearch_url
        around = surroundings(null_url, without_credentials(url), credentials_of(url))
        for lines, times in REAL_RUNS.items():
            events = iter([payloads.event(lines, uuid.uuid4().hex) for _ in range(times + TURNS)])
            shipped = functools.partial(_ship_next, events, around)
            second = statistics.median(seconds_of({"real": (shipped, times)})["real"])
            found["real_lines_per_s"][str(lines)] = round(lines / second)
            found["real_warm_ms"][str(lines)] = round(second * 1000, 3)
    return found


def _ship_next(events: Iterator[dict[str, Any]], around: Surroundings) -> None:
    ship(next(events), around)


def in_built_function(script: str, *more: Path) -> float:
    """The number that a script prints in a clean interpreter with the built function and boto3 only."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = built.link_runtime(Path(folder))
        output = built.run("shipper", runtime, script, *more)
    output.check_returncode()
    return float(output.stdout)


def peak_megabytes(url: str) -> float:
    """Peak memory of a new process that ships the largest payload twice."""
    return round(in_built_function(_PEAK.format(lines=max(RUNS), url=url), ROOT) / 1024, 1)


def package_megabytes() -> float:
    """Size of the built function with the core layer, bytecode included."""
    files = [path for folder in built.folders("shipper") for path in folder.rglob("*") if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 1024 / 1024, 1)


def main() -> None:
    """Measure, write the report and show it."""
    started = time.perf_counter()
    USER.run.mkdir(parents=True, exist_ok=True)
    stack.build(USER)
    with null_services() as url:
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
        if cores:
            # The server has the others: what it costs is not the shipper's.
            os.sched_setaffinity(0, {min(cores)})
        found: dict[str, Any] = {**speeds(url), "peak_rss_mb": peak_megabytes(url)}
        found["import_s"] = round(statistics.median(in_built_function(_IMPORT) for _ in range(IMPORTS)), 3)
        if cores:
            os.sched_setaffinity(0, cores)  # Elasticsearch inherits them
        found |= real_speeds(url)
    found["package_mb"] = package_megabytes()
    report.write(found)
    report.show(found, max(RUNS), time.perf_counter() - started)


if __name__ == "__main__":
    main()
