"""The shipper with null services around it. Imports nothing that the deployed function does not have."""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import time
from pathlib import Path
from typing import Any

from shipper.cloudwatch import CloudWatch
from shipper.deadline import Deadline
from shipper.pipeline import Surroundings, run
from watchpost.configuration import Configuration
from watchpost.ingest import Ingest
from watchpost.secrets import Secret
from watchpost.settings import Settings
from watchpost.signing import Credentials


def surroundings(aws: str, elasticsearch: str = "", login: dict[str, str] | None = None) -> Surroundings:
    """What the pipeline needs. Both arguments are URLs; without the second, the first one takes documents as well."""
    cloudwatch = CloudWatch(aws, "eu-west-1", lambda: Credentials("x", "x", None))
    cluster = Ingest(elasticsearch or aws, Secret("benchmark", login or {"username": "u", "password": "p"}))
    named = {"stack": "watchpost", "environment": "dev", "aws_region": "eu-west-1", "metric_namespace": "Watchpost"}
    return Surroundings(
        settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | named),
        configuration=Configuration(),
        connect=lambda **_: cluster,
        cloudwatch=lambda: cloudwatch,
        s3=_nothing_is_stored,
        entry_of=lambda _: None,
        deadline=Deadline(lambda: 60.0),
        request_id="benchmark",
        now_ms=lambda: time.time_ns() // 1_000_000,
    )


def peak_kilobytes() -> int:
    """The most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage has the peak of the process that started this one, when that was more
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)


def _nothing_is_stored() -> Any:
    raise RuntimeError("something could not be delivered")


def ship(event: dict[str, Any], around: Surroundings) -> None:
    """One invocation; fails when a line was not delivered, since its speed would mean nothing."""
    with contextlib.redirect_stdout(io.StringIO()):
        done = run(event, around)
    if done["DeadLettered"] or done["DocumentsDelivered"] + done["LinesFiltered"] != done["LinesReceived"]:
        raise RuntimeError(f"not everything was delivered: {done}")
