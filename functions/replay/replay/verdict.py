"""What becomes of a letter that failed again. Pure decisions, on the letter and the shipper's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from watchpost.times import iso

from replay.request import time_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from watchpost.dead_letters import DeadLetter

MAX_REFUSALS = 5  # failed replays that the letter itself may be the reason of, then it is rejected
MAX_REPLAYS = 20  # failed replays of any kind, outages included, then it is rejected
FIRST_WAIT = timedelta(minutes=15)  # after the first failed replay; doubled with each further one
LONGEST_WAIT = timedelta(hours=4)
KEPT_HISTORY = 2 * MAX_REPLAYS  # entries; a person can replay rejected letters as often as she likes
LONGEST_REASON = 500  # characters
CRASHED = "the shipper failed: "

# Words of the shipper for what the same letter will meet again. Of Elasticsearch's answers to single documents only
# those about the document itself: a missing index template (404) or privilege (403) is mended without the document.
_PERMANENT = re.compile(
    r"400 |413 |payload is |it is not a |Elasticsearch refused the request \(413\)"
    r"|(?:InvalidParameter\w*|MissingParameter|MissingRequiredParameter\w*|ValidationError) \("
    r"|\w+ \(413\)"
)
# Words of the shipper for what has nothing to do with the letter: Elasticsearch, its secret, CloudWatch, the time.
_OUTAGE = re.compile(
    r"Elasticsearch is unavailable|Elasticsearch answered|Elasticsearch refused the request \(40[134]\)"
    r"|the secret of Elasticsearch|no time left|40[134] |429 |50[0234] "
    r"|CloudWatch \(|\w+ \((?:no answer|403|408|429|5\d\d)\)|\w*Throttl\w* \("
)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a replay of one letter failed."""

    reason: str
    attempts: int = 0  # of all, as the shipper counts them; 0 when nobody counted
    permanent: bool | None = None  # whether it will fail again for sure; None: judge by the reason


def is_permanent(failure: Failure) -> bool:
    """Whether the same letter will be refused again for sure."""
    return bool(_PERMANENT.match(failure.reason)) if failure.permanent is None else failure.permanent


def is_outage(reason: str) -> bool:
    """Whether a reason tells of something that is away, so that other letters would fail as well."""
    return bool(_OUTAGE.match(reason))


def failed_again(letter: DeadLetter, failure: Failure, now: datetime) -> DeadLetter:
    """The letter with the new failure; what it said before goes to its history."""
    before = {"at": letter.at, "reason": letter.reason, "attempts": letter.attempts}
    history = [*letter.history, before]
    if len(history) > KEPT_HISTORY:
        history = [history[0], *history[-KEPT_HISTORY + 1 :]]
    attempts = max(letter.attempts + 1, failure.attempts)
    reason = failure.reason[:LONGEST_REASON]
    return replace(letter, reason=reason, attempts=attempts, at=iso(now), history=tuple(history))


def is_poison(letter: DeadLetter, failure: Failure) -> bool:
    """Whether a letter that just failed again is to be rejected. letter: as of failed_again."""
    if is_permanent(failure):
        return True
    # The first entry tells of the failure that made it a dead letter; each later one, and the letter, of a replay.
    reasons = [*(_reason(entry) for entry in letter.history[1:]), letter.reason]
    refusals = sum(not is_outage(reason) for reason in reasons)
    return refusals >= MAX_REFUSALS or len(reasons) >= MAX_REPLAYS


def is_due(letter: DeadLetter, now: datetime) -> bool:
    """Whether a letter has waited long enough since its last failed replay."""
    replays = len(letter.history)
    last = time_of(letter.at)
    if not replays or last is None:
        return True
    doublings = min(replays - 1, 10)
    wait = min(LONGEST_WAIT, FIRST_WAIT * (1 << doublings))
    # The schedule is not exact to the second, and must not miss a turn for that.
    return now >= last + wait - timedelta(minutes=1)


def _reason(entry: Mapping[str, object]) -> str:
    return str(entry.get("reason", ""))
