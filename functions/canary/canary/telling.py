"""The message about the pipeline, straight to the fallback topic.

Neither the shipper, nor Elasticsearch, nor CloudWatch's metrics and alarms, nor the notifier have a part in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from canary.findings import broken
from canary.memory import BROKEN, WELL, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.settings import Settings


REMIND = 6 * 3_600.0  # seconds after which what is still so is told again
SUBJECT = 99  # characters (SNS API, Publish: less than 100)


def due(before: Record | None, now: Record) -> bool:
    """Whether somebody is to be told: another joint is named than before, or all is well again, or it was long ago.

    A message that could not be sent left `told` as it was: then it is due still.
    """
    known = before or Record()
    if known.state != now.state or known.joints != now.joints:
        return bool(before) or now.state != WELL
    if now.state == WELL:
        return known.told < known.since and known.since > 0 and known.told > 0
    return now.ran - known.told >= REMIND or known.told < known.since


def subject(stack: str, now: Record) -> str:
    """One line of ASCII."""
    if now.state == WELL:
        text = f"[watchpost] {stack}: the pipeline is well again"
    else:
        joints = ", ".join(dict.fromkeys(one.joint for one in now.findings))
        what = "the pipeline is broken" if now.state == BROKEN else "the pipeline works, with a warning"
        text = f"[watchpost] {stack}: {what}: {joints}"
    return text.encode("ascii", "replace").decode()[:SUBJECT]


def text(settings: Settings, before: Record | None, now: Record, notes: Sequence[str]) -> str:
    """The whole message. notes: what could not be looked at."""
    where = f"stack {settings.stack}, account {settings.account}, region {settings.aws_region}"
    lines = [f"Watchpost's canary ({where}): {_headline(before, now)}", ""]
    for one in now.findings:
        lines += [f"{one.joint}{' (warning)' if one.is_warning else ''}: {one.seen}", f"    -> {one.todo}", ""]
    if now.findings:
        lines.append(f"So since {_moment(now.since)}. It is told again every six hours, and when it changes.")
    if broken(now.findings):
        lines.append("The outside heartbeat is not sent meanwhile. More: watchpost doctor; docs/canary.md")
    lines += [f"Note: {note}" for note in notes] if now.findings else []
    return "\n".join(lines).rstrip().encode("utf-8", "replace").decode() + "\n"


def _headline(before: Record | None, now: Record) -> str:
    arrived = "its line did not arrive in Elasticsearch"
    if now.lag is not None:
        arrived = f"its line arrived after {now.lag:.1f} s"
    if now.state == WELL:
        was = f", after {(now.ran - before.since) / 60:.0f} minutes" if before and before.since else ""
        return f"the pipeline is well again{was}; {arrived}."
    joints = ", ".join(dict.fromkeys(one.joint for one in broken(now.findings)))
    if now.state == BROKEN:
        return f"the pipeline is broken ({joints}); {arrived}."
    return f"the pipeline works, but something is not as it should be; {arrived}."


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
