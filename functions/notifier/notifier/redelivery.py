"""The end of quiet hours: what still rings is told, and what is over by itself as one digest for each receiver."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notifier import alarm
from notifier.channels.wording import clock, duration, moment
from notifier.fallback import Undelivered
from notifier.incidents import Decision
from notifier.run_message import SILENT, TAKEN, told_as
from notifier.run_round import LATE
from notifier.story import SEVERITIES, Story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifier.alarm import Sns
    from notifier.incidents_waiting import Waiting
    from notifier.run_round import Round

MOST = 50  # incidents of one run; the next one comes in minutes
LINES = 50  # of a digest
EVIDENCE = 15.0  # seconds that the stories of one run may take


@dataclass(frozen=True, slots=True)
class _Job:
    """One story for one receiver, and what it tells of."""

    receiver: str
    story: Story
    waiting: tuple[Waiting, ...]
    sns: Sns | None


def tell(around: Round) -> None:
    """Tell what is due. What another run is about to tell is left to that one."""
    due = around.state.due()[:MOST]
    claims = (around.state.claim_waiting(one, around.claimed_until) for one in due if around.clock.left() > 0)
    claimed = [mine for mine in claims if mine]
    by_receiver: dict[str, list[_Job]] = {}
    for job in [*_digests(claimed), *_ringing(claimed, around)]:
        by_receiver.setdefault(job.receiver, []).append(job)
    around.result.messages += sum(map(len, by_receiver.values()))
    # One after the other for each receiver, so that nobody gets a night's messages at once.
    states: dict[int, str] = {}
    around.each([functools.partial(_tell_all, jobs, around, states) for jobs in by_receiver.values()], None)
    states = dict(states)  # nothing that comes later counts
    for jobs in by_receiver.values():
        for job in jobs:
            _count(job, states.get(id(job), LATE), around)


def _digests(claimed: Sequence[Waiting]) -> list[_Job]:
    over: dict[str, list[Waiting]] = {}
    for waiting in claimed:
        if waiting.is_over:
            over.setdefault(waiting.receiver, []).append(waiting)
    return [_Job(receiver, digest(found), tuple(found), None) for receiver, found in over.items()]


def _ringing(claimed: Sequence[Waiting], around: Round) -> list[_Job]:
    ringing = [waiting for waiting in claimed if not waiting.is_over]
    stories: dict[str, Story] = {}  # by message: several receivers may wait for the same
    limit = EVIDENCE / max(len({waiting.sns.message_id for waiting in ringing}), 1)
    found = []
    for waiting in ringing:
        story = stories.get(waiting.sns.message_id)
        if story is None:
            story = stories[waiting.sns.message_id] = around.story(waiting.sns, limit)
        found.append(_Job(waiting.receiver, told_as(story, _decision(waiting)), (waiting,), waiting.sns))
    return found


def _decision(waiting: Waiting) -> Decision:
    return Decision(waiting.event, waiting.tells, times=waiting.times, opened=waiting.opened, is_part=waiting.is_part)


def digest(over: Sequence[Waiting]) -> Story:
    """What rang in quiet hours and is over. over: at least one, of one receiver."""
    count = len(over)
    headline = f"{count} alarm{'' if count == 1 else 's'} rang in quiet hours and {'is' if count == 1 else 'are'} over"
    more = [f"and {count - LINES} more"] if count > LINES else []
    first, last = over[0], max(over, key=lambda one: one.ended or one.began)
    return Story(
        event="digest",
        key=f"digest/{first.sns.message_id}"[:255],
        severity=min((one.severity for one in over), key=SEVERITIES.index),
        headline=headline,
        words=f"Between {moment(first.began)} and {moment(last.ended or last.began)}.",
        description="",
        reason="",
        notification=alarm.Notification(headline, ""),
        since=None,
        lasted=None,
        times=1,
        owner=None,
        runbook=None,
        items=(*(_line(one) for one in over[:LINES]), *more),
    )


def _line(one: Waiting) -> str:
    often = f", rang {one.rings} times" if one.rings > 1 else ""
    if one.ended is None or one.ended <= one.began:
        return f"{one.headline}: {moment(one.began)}{often}"
    lasted = duration((one.ended - one.began).total_seconds())
    return f"{one.headline}: {moment(one.began)} to {clock(one.ended)} ({lasted}){often}"


def _tell_all(jobs: Sequence[_Job], around: Round, states: dict[int, str]) -> None:
    for job in jobs:
        states[id(job)] = _tell_one(job, around)


def _tell_one(job: _Job, around: Round) -> str:
    """TAKEN, SILENT, or why it was not taken."""
    receiver = around.receivers.get(job.receiver)
    if receiver is None:
        return "; ".join(["there is no receiver of this name", *around.wrong])
    # Whatever it was told before belongs to what it was not told yet: nothing.
    outcome = around.send(receiver, job.story, {})
    if outcome and not outcome.taken:
        return outcome.reason
    for waiting in job.waiting:
        around.state.remove(waiting)
        if not waiting.is_over:
            around.state.remember(_decision(waiting), job.receiver, outcome.memory if outcome else {})
    return TAKEN if outcome else SILENT


def _count(job: _Job, state: str, around: Round) -> None:
    if state == TAKEN:
        around.result.delivered += 1
    elif state == SILENT:
        around.result.silent += 1
    else:
        settle = functools.partial(_settle, job, around)
        around.give_up(Undelivered(job.story, job.receiver, state, job.sns, settle))


def _settle(job: _Job, around: Round, kept: bool) -> None:
    for waiting in job.waiting:
        if kept:
            around.state.remove(waiting)
        else:
            around.state.release_waiting(waiting)
