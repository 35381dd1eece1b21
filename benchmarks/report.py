"""What was measured, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
import sysconfig
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPORT = Path(__file__).parents[1] / ".local" / "bench" / "shipper.json"


CAPTION = (
    "Lines a second. Behind the null columns is a process on loopback that keeps nothing; of several runs the fastest"
    " counts, in the second column of the shipper the median. Into the real Elasticsearch: medians."
)

NOT_OPTIMISED = (
    "This Python does not say that it was built with --enable-optimizations. Most are, some without saying so, and"
    " those that are not are slower. To measure with another one: make bench PYTHON=/usr/bin/python3.11, for example."
)


def write(found: dict[str, Any]) -> None:
    """Write the figures to `.local/bench/shipper.json`."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=2) + "\n")


def show(found: dict[str, Any], most: int, seconds: float) -> None:
    """Print the figures; most: lines of the largest invocation; seconds: how long measuring took."""
    cores = f"{platform.machine()}, {os.cpu_count()} cores, of which the shipper has one"
    table = Table(
        title=f"Shipper on Python {platform.python_version()}, {platform.system()} {cores}",
        caption=CAPTION,
    )
    table.add_column("Lines an\ninvocation", justify="right")
    for heading in (
        "ms\nnull", "Shipper\nnull", "its\nmedian", "Limit:\ndecode", "Limit:\n+ document", "of\nlimit", "Naive\nnull",
        "x\nnaive", "ms real\nElasticsearch", "Shipper,\nreal",
    ):  # fmt: skip  # headings in the order of the columns
        table.add_column(heading, justify="right")
    for key, speed in found["lines_per_s"].items():
        limit, slow = found["limit_document_lines_per_s"][key], found["naive_lines_per_s"][key]
        table.add_row(
            f"{int(key):,}",
            f"{found['warm_ms'][key]:,.2f}",
            f"{speed:,}",
            f"{found['median_lines_per_s'][key]:,}",
            f"{found['limit_decode_lines_per_s'][key]:,}",
            f"{limit:,}",
            f"{speed / limit:.0%}",
            f"{slow:,}",
            f"{speed / slow:.1f}",
            f"{found['real_warm_ms'][key]:,.1f}",
            f"{found['real_lines_per_s'][key]:,}",
        )
    console = Console(width=120)
    console.print(table)
    if "--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        console.print(NOT_OPTIMISED)
    console.print(
        f"import {found['import_s']} s, peak memory {found['peak_rss_mb']} MB at {most:,} lines, "
        f"package {found['package_mb']} MB; measured in {seconds:.0f} s; as JSON in {REPORT.relative_to(Path.cwd())}"
    )
