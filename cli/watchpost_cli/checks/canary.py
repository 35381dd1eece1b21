"""The check of the whole path, as the canary saw it last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.memory import KEY, record_of

from watchpost_cli import times
from watchpost_cli.checks.around import needing
from watchpost_cli.checks.model import Check, NotAllowedError, failed, ok, skipped, warning

if TYPE_CHECKING:
    from canary.memory import Record

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Findings

GET = "dynamodb:GetItem"
OLD_SECONDS = 180.0  # it runs every minute, and for one minute at most
_HEARTBEATS = {
    "pinged": "the heartbeat was sent",
    "none": "no heartbeat is configured",
    "withheld": "the heartbeat was not sent",
    "failed": "the heartbeat was not taken",
}


def canary(around: Around) -> Findings:
    """What the canary saw last, and when."""
    table = around.needed("IncidentTable")
    if _is_off(around):
        yield skipped("it is switched off: the stack's parameter Canary", "Deploy with Canary=on.")
        return
    with needing(f"{GET} on the table {table}"):
        item = around.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": KEY}}).get("Item")
    record = record_of(item) if item else None
    log = f"The log group /aws/lambda/{around.stack}-canary says why."
    if record is None:
        yield warning("it has said nothing yet", f"It runs every minute. {log}")
        return
    ago = times.span(max(around.now() - record.ran, 0))
    if around.now() - record.ran > OLD_SECONDS:
        yield failed(f"it ran last {ago} ago, and should every minute", log)
    if record.lag is not None and not record.findings:
        yield ok(f"{_arrived(record)}, {ago} ago; {_HEARTBEATS.get(record.heartbeat, record.heartbeat)}")
    for one in record.findings:
        seen = f"{one.joint}: {one.seen} ({_arrived(record)}, {ago} ago)"
        yield (warning if one.is_warning else failed)(seen, one.todo)


def _arrived(record: Record) -> str:
    return "its line did not arrive" if record.lag is None else f"its line arrived after {record.lag:.1f} s"


def _is_off(around: Around) -> bool:
    try:
        return around.deployed().parameters.get("Canary") == "off"
    except NotAllowedError:  # then its last run says enough
        return False


CHECK = Check("canary", "what the canary saw last of the whole path", (GET,), canary)
