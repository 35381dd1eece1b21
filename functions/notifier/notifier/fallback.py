"""What no receiver took: one message to the fallback topic, and one object in the dead-letter bucket.

The object is `notifications/<yyyy>/<mm>/<dd>/<request id>.json.gz`, UTC:

    {"version": 1, "at": …, "stack": …, "undelivered": [{"receiver": …, "reason": …, "story": {…}, "sns": {…}}]}

with the story as it was to be told and the SNS message that it was made of (null of a digest).
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost.aws import code_of
from watchpost.errors import NotificationError
from watchpost.times import iso

from notifier.channels.email import subject
from notifier.channels.readable import plain
from notifier.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watchpost.settings import Settings

    from notifier.alarm import Sns
    from notifier.story import Story

PREFIX = "notifications/"
MESSAGE = 262_144  # bytes (SNS API, Publish)
NAMED = 20  # receivers of one story whose reasons are told
_RULE = "-" * 40

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A story that a receiver was not told. reason: why, for a person, without credentials. sns: what it was made of.

    settle: is told whether somebody else has it now, so that it need not be told again.
    """

    story: Story
    receiver: str
    reason: str
    sns: Sns | None
    settle: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where it goes. client: of AWS by botocore's name, `sns` or `s3`."""

    settings: Settings
    client: Callable[[str], Any]
    request_id: str
    now: Callable[[], datetime]

    def give(self, undelivered: Sequence[Undelivered]) -> None:
        """Hand over what no receiver took. Raises NotificationError when neither topic nor bucket took it."""
        for one in undelivered:
            told = {"channel": one.receiver, "why": one.reason, "headline": one.story.headline}
            _logger.error("a receiver was not told", extra=told)
        # At once, because each may hang for as long as there is time for both.
        places = {"fallback topic": self._publish, "dead-letter bucket": self._store}
        with ThreadPoolExecutor(len(places)) as pool:
            tries = [pool.submit(_tried, name, give, undelivered) for name, give in places.items()]
            failures = [why for why in (one.result() for one in tries) if why]
        for one in undelivered:
            one.settle(len(failures) < len(tries))
        if len(failures) == len(tries):
            channels = ", ".join(dict.fromkeys(one.receiver for one in undelivered))
            raise NotificationError(channels, 0, f"{undelivered[0].reason}; {'; '.join(failures)}")

    def _publish(self, undelivered: Sequence[Undelivered]) -> None:
        first = undelivered[0].story
        self.client("sns").publish(
            TopicArn=self.settings.fallback_topic, Subject=subject(first), Message=text(undelivered)
        )

    def _store(self, undelivered: Sequence[Undelivered]) -> None:
        now = self.now().astimezone(UTC)
        content = {
            "version": 1,
            "at": _json(now),
            "stack": self.settings.stack,
            "undelivered": [
                {
                    "receiver": one.receiver,
                    "reason": one.reason,
                    "story": dataclasses.asdict(one.story),
                    "sns": dataclasses.asdict(one.sns) if one.sns else None,
                }
                for one in undelivered
            ],
        }
        self.client("s3").put_object(
            Bucket=self.settings.dead_letter_bucket,
            Key=f"{PREFIX}{now:%Y/%m/%d}/{self.request_id}.json.gz",
            Body=gzip.compress(json.dumps(content, default=_json).encode(), mtime=0),
            ContentType="application/json",
            ContentEncoding="gzip",
        )


def text(undelivered: Sequence[Undelivered]) -> str:
    """What the fallback topic gets: each story once, with who was not told and why. It fits into an SNS message."""
    by_story: dict[int, list[Undelivered]] = {}
    for one in undelivered:
        by_story.setdefault(id(one.story), []).append(one)
    parts: list[str] = []
    size = 0
    for number, items in enumerate(by_story.values()):
        part = f"{_who(items)}\n\n{plain(items[0].story)}"
        size += len(part.encode("utf-8", "replace")) + len(_RULE) + 4
        if parts and size > MESSAGE - 200:
            parts.append(f"{len(by_story) - number} more are in the dead-letter bucket under {PREFIX}")
            break
        parts.append(part)
    # What a receiver answered may hold what no text can; SNS takes UTF-8 only.
    return f"\n\n{_RULE}\n".join(parts).encode("utf-8", "replace").decode()


def _who(items: Sequence[Undelivered]) -> str:
    lines = [f"  {one.receiver or 'nobody'}: {one.reason}" for one in items[:NAMED]]
    more = [f"  and {len(items) - NAMED} more"] if len(items) > NAMED else []
    return "\n".join(["Not told:", *lines, *more])


def _tried(name: str, give: Callable[[Sequence[Undelivered]], None], undelivered: Sequence[Undelivered]) -> str:
    """Why a place did not take it, "" when it did."""
    try:
        give(undelivered)
    except Exception as error:  # AWS's or ours: the other place has it still
        _logger.exception("what a receiver was not told could not be kept", extra={"place": name})
        return f"the {name} did not take it: {code_of(error) or type(error).__name__}"
    return ""


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)
