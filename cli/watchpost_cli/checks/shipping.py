"""Checks of what is shipped and what is left: the ledger of subscriptions, dead letters, the clocks."""

from __future__ import annotations

import itertools
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from watchpost.dead_letters import PREFIX
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.ledger import Ledger

from watchpost_cli import times
from watchpost_cli.checks.around import needing
from watchpost_cli.checks.model import Check, NotAllowedError, UnknownError, failed, ok, refused, skipped, warning
from watchpost_cli.checks.storage import TIMEOUT
from watchpost_cli.covered import LATE_SECONDS, OVERDUE, Covered
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Finding, Findings

SCAN, GET = "dynamodb:Scan", "dynamodb:GetItem"
LIST = "s3:ListBucket"
# What is in the bucket, by prefix, and what to do about it.
LETTERS = (
    (PREFIX, "dead letters", "See why with `watchpost replay --dry-run`, mend that, and run `watchpost replay`."),
    ("aws/lambda/", "failed invocations", "The functions' logs say why; `watchpost replay` delivers the shipper's."),
    ("rejected/", "rejected objects", "Mend what refused them, then run `watchpost replay --rejected`."),
    (
        "notifications/",
        "undelivered notifications",
        "The notifier's log says which receiver did not take them, and why.",
    ),
)
MOST_OBJECTS = 10_000  # of a prefix that are counted
OLD_SECONDS = 24 * 3_600  # the replay tries every 15 minutes, so what is older needs somebody
# Seconds. AWS takes a signature that is up to 5 minutes off (IAM User Guide, "AWS Signature Version 4"); a clock that
# is off by less than the first figure is right enough, since the Date header counts whole seconds.
ODD, REFUSED = 5.0, 240.0
_SYNC = "Have the clock of this machine set by NTP."


def subscriptions(around: Around) -> Findings:
    """Whether every log group that should be shipped is."""
    table = around.needed("LedgerTable")
    found = Ledger(around.client("dynamodb"), table)
    with needing(f"{GET} and {SCAN} on the table {table}"):
        sweep, entries = found.sweep(), found.read()
    one = Covered(around.stack, entries, sweep, around.now())
    counts = ", ".join(f"{number} {state}" for state, number in one.counts.items() if number) or "no log group"
    bad = [entry for entry in entries.values() if entry.state in ("blocked", "failed")]
    overdue = sum(1 for entry in bad if entry.missed >= OVERDUE)
    log = f"The log group /aws/lambda/{around.stack}-subscriber says why."
    if not sweep.finished:
        yield warning(f"no sweep has ended yet: {counts}", f"One begins every hour. {log}")
    elif around.now() - sweep.finished > LATE_SECONDS and not sweep.running:
        yield failed(f"the last sweep ended {times.span(around.now() - sweep.finished)} ago: {counts}", log)
    if overdue:
        yield failed(f"{counts}; {overdue} overdue for {OVERDUE} sweeps or more", "See which: watchpost subscriptions.")
    elif bad:
        yield warning(counts, "See which, and what holds them: watchpost subscriptions.")
    elif sweep.finished:
        yield ok(counts)
    for problem in sweep.problems:
        yield warning(problem, f"Mend it; the next sweep looks again. {log}")


def dead_letters(around: Around) -> Findings:
    """Whether something could not be delivered."""
    bucket = around.needed("DeadLetterBucket")
    bad = False
    for prefix, what, todo in LETTERS:
        with needing(f"{LIST} on the bucket {bucket}"):
            pages = around.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            objects = itertools.islice((item for page in pages for item in page.get("Contents", [])), MOST_OBJECTS)
            changed = [item["LastModified"].timestamp() for item in objects]
        if not changed:
            continue
        bad = True
        age = max(around.now() - min(changed), 0)
        number = f"{len(changed):,}" if len(changed) < MOST_OBJECTS else f"{MOST_OBJECTS:,} or more"
        seen = f"{number} {what}, the oldest from {times.span(age)} ago"
        yield (failed if age > OLD_SECONDS else warning)(seen, todo)
    if not bad:
        yield ok("there are none")


def clock(around: Around) -> Findings:
    """Whether this machine, AWS and Elasticsearch agree on the time."""
    began = around.now()
    try:
        answer = around.client("sts").get_caller_identity()
    except ClientError as error:  # a clock that is far off is refused, and the answer says what time it is
        answer = error.response
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    yield from _compared("AWS", _http_date(said), (began, around.now()))
    try:
        began = around.now()
        found = around.cluster().request(
            "GET", "/_cat/health", params={"format": "json", "h": "epoch"}, timeout=TIMEOUT
        )
        yield from _compared("Elasticsearch", float(found[0]["epoch"]), (began, around.now()))
    except NotAllowedError as error:
        yield refused(error)
    except (UnknownError, CliError, ConfigurationError, ClusterRefusedError, ClusterUnavailableError):
        yield skipped("Elasticsearch's time is not known: it does not answer")
    except (LookupError, TypeError, ValueError):
        yield skipped("Elasticsearch's time is not known: it does not say")


def _compared(whose: str, theirs: float | None, ours: tuple[float, float]) -> Iterator[Finding]:
    """theirs: seconds since 1970, whole ones. ours: when it was asked, and when the answer was there."""
    if theirs is None:
        yield skipped(f"{whose} did not say what time it is")
        return
    # It was read in between, and cut to the second.
    off = max(theirs - ours[1], ours[0] - (theirs + 1), 0.0)
    ahead = "ahead of" if ours[0] > theirs else "behind"
    seen = f"this machine is {off:.0f} s {ahead} {whose}" if off >= 1 else f"this machine and {whose} agree"
    if off > REFUSED:
        yield failed(seen, f"{_SYNC} AWS refuses what is signed more than 5 minutes off.")
    elif off > ODD:
        yield warning(seen, f"{_SYNC} Spans such as --since 15m are off by as much.")
    else:
        yield ok(seen)


def _http_date(text: str | None) -> float | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


CHECKS = (
    Check("subscriptions", "the ledger: what is blocked, failed or overdue", (GET, SCAN), subscriptions),
    Check("dead-letters", "what could not be delivered, and since when", (LIST,), dead_letters),
    Check(
        "clock", "this machine against AWS and Elasticsearch", ("sts:GetCallerIdentity, which everybody has",), clock
    ),
)
