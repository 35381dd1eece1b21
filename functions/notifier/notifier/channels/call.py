"""What a channel asks delivery to do, and what it makes of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer means. taken: the receiver has the message. retry: the same call may succeed later.

    memory: what to hand to the next call for the same incident and receiver, instead of what was known before; only of
    an outcome that is taken. reason: for a person, one line without credentials; "" when taken.
    then: one more call that the message needs, to be made at once. What that one comes to counts instead of this: a
    reply below a message that was edited, or a simpler form of what was refused.
    """

    taken: bool
    memory: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    retry: bool = False
    then: Call | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request. response: takes the status (100 to 599) and the body of an answer that came; never raises.

    url, headers and body hold credentials, so that none of them shows.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    response: Callable[[int, bytes], Outcome] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message for an SNS topic with e-mail subscriptions. subject: ASCII, one line."""

    topic_arn: str
    subject: str
    text: str
