"""One SNS message: what it is told as, to whom, and what became of it for each of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from watchpost.errors import NotificationError

from notifier import alarm, clean, incidents, routing, words
from notifier.fallback import Undelivered
from notifier.incidents_table import BUSY, FINAL
from notifier.incidents_waiting import RINGS, Waiting
from notifier.routing import Facts, Target
from notifier.run_round import LATE
from notifier.service import SERVICE
from notifier.story import HEADLINE, Child

if TYPE_CHECKING:
    from datetime import datetime

    from notifier.alarm import Notification, Sns
    from notifier.incidents import Decision, Memories
    from notifier.run_round import Round
    from notifier.story import Story

# What becomes of a message for one receiver. All but BUSY and REFUSED are written down and final.
TAKEN, DEFERRED, SILENT, REFUSED, FALLBACK = "taken", "deferred", "silent", "refused", "fallback"
POLL = 1.0  # seconds between two looks at what somebody else is about to tell

_STATES = {"ALARM": "rings too", "OK": "rings no more"}
_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody to tell. problem: why that is impossible, "" when it is possible."""

    target: Target
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it. why: of what was refused."""

    state: str
    why: str = ""


def tell(sns: Sns, around: Round) -> None:
    """Tell everybody of one message whom it concerns and who was not told of it yet.

    Raises NotificationError when somebody else is about to tell a receiver and did not come to an end in time.
    """
    notification = alarm.read(sns, around.settings)
    if notification.origin:
        _logger.warning("a message came by a topic that is not the stack's", extra={"topic": notification.origin})
    critical = words.severity_of(sns.topic, around.settings) == "critical"
    whole = incidents.whole_of(notification, around.settings.stack) if critical else None
    decision, memories = around.state.decide(sns.message_id, notification, (incidents.key_of(notification), whole))
    if not decision.event:
        around.result.quiet += 1
        _logger.info("nobody is told", extra={"alarm": notification.name, "why": decision.why})
        return
    around.result.messages += 1
    story = told_as(around.story(sns), decision)
    _Message(sns, story, decision, memories, around).tell_all()


def told_as(story: Story, decision: Decision) -> Story:
    """A story as what was decided."""
    if decision.is_part:
        return _as_part(story, decision)
    lasted = None if decision.lasted is None else timedelta(seconds=decision.lasted)
    return replace(
        story,
        event=decision.event,
        key=story.key if decision.event == "plain" else decision.key,
        times=decision.times,
        lasted=lasted,
        # The message says since when it is over.
        since=story.since - lasted if story.since and lasted else story.since,
    )


def _as_part(story: Story, decision: Decision) -> Story:
    """The story of an alarm as a change of the composite alarm that stands for its service."""
    about = story.notification
    name = alarm.words_of(about.alarm or "")
    where = name if about.resource == about.service else f"{about.resource}: {name}"
    headline = f"{about.service} is unhealthy — {where} {_STATES.get(about.state or '', 'has no data')}"
    return replace(
        story,
        event=decision.event,
        key=decision.key,
        headline=clean.line(headline, HEADLINE),
        times=decision.times,
        lasted=None,
        children=(_child(about),),
    )


def _child(about: Notification) -> Child:
    return Child(
        name=about.name or "",
        service=about.service or "",
        resource=about.resource or "",
        alarm=about.alarm or "",
        state=about.state or "",
        reason=words.what(about.metric, about.threshold, about.reason),
        since=about.since,
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """One message on its way to all who are to be told."""

    sns: Sns
    story: Story
    decision: Decision
    memories: Memories
    around: Round

    def tell_all(self) -> None:
        """Tell each, at the same time; then those that somebody else was about to tell, when that one has not."""
        everybody = self._addressees()
        told = self._round(everybody)
        while busy := [one for one, found in zip(everybody, told, strict=True) if found.state == BUSY]:
            if self.around.clock.left() <= POLL:
                names = ", ".join(one.target.receiver for one in busy)
                raise NotificationError(names, 0, "another invocation is about to tell it, and did not end in time")
            self.around.clock.sleep(POLL)
            again = iter(self._round(busy))
            told = [next(again) if found.state == BUSY else found for found in told]
        if not any(found.state == REFUSED for found in told):
            self.around.state.finish(self.sns.message_id)

    def _addressees(self) -> list[Addressee]:
        story, around = self.story, self.around
        facts = Facts(story.severity, story.notification.service or "", story.owner or "")
        told = routing.targets(around.configuration.notifications, facts, around.receivers)
        found = [Addressee(target, self._problem(target.receiver)) for target in told]
        if around.configuration.notifications.routes:
            return found or [Addressee(Target("", ()), "no route matches")]
        # Without routes everybody is told, and so would those be that are wrong.
        wrong = enumerate(around.wrong, start=1)
        found += [Addressee(Target(f"unusable receiver {number}", ()), why) for number, why in wrong]
        return found or [Addressee(Target("", ()), "no receiver is configured")]

    def _problem(self, name: str) -> str:
        if name in self.around.receivers:
            return ""
        return "; ".join(["there is no receiver of this name", *self.around.wrong])

    def _round(self, everybody: list[Addressee]) -> list[Told]:
        found = self.around.each([functools.partial(self._tell_one, one) for one in everybody], Told(REFUSED, LATE))
        for one, told in zip(everybody, found, strict=True):
            self._count(one.target.receiver, told)
        return found

    def _count(self, name: str, told: Told) -> None:
        result = self.around.result
        if told.state == REFUSED:
            settle = functools.partial(self._settle, name)
            self.around.give_up(Undelivered(self.story, name, told.why, self.sns, settle))
        elif told.state == FINAL:
            result.repeated += 1
        elif told.state != BUSY:
            counted = {TAKEN: "delivered", DEFERRED: "deferred", SILENT: "silent"}[told.state]
            setattr(result, counted, getattr(result, counted) + 1)

    def _settle(self, name: str, kept: bool) -> None:
        if kept:
            self.around.state.settle(self.sns.message_id, name, FALLBACK)
        else:
            self.around.state.release(self.sns.message_id, name)

    def _tell_one(self, one: Addressee) -> Told:
        """Claim, tell and write down, in this order: who is killed in between may be repeated, but not forgotten."""
        name, state = one.target.receiver, self.around.state
        claim = state.claim(self.sns.message_id, name, self.around.claimed_until)
        if claim in (BUSY, FINAL):
            return Told(claim)
        if one.problem:
            return Told(REFUSED, one.problem)
        story = self._for_now(one.target)
        if story is None:
            state.settle(self.sns.message_id, name, DEFERRED)
            return Told(DEFERRED)
        outcome = self.around.send(self.around.receivers[name], story, self.memories.get(name, {}))
        if outcome and not outcome.taken:
            return Told(REFUSED, outcome.reason)
        state.settle(self.sns.message_id, name, TAKEN if outcome else SILENT)
        state.remember(self.decision, name, outcome.memory if outcome else {})
        return Told(TAKEN if outcome else SILENT)

    def _for_now(self, target: Target) -> Story | None:
        """The story as this receiver is told of it now; None when it waits for the end of quiet hours."""
        story, state = self.story, self.around.state
        about, now = story.notification, self.around.clock.now()
        key = incidents.key_of(about) if about.state else story.key
        is_over = self.decision.event == "resolved"
        if is_over and state.end(target.receiver, key, about.since or now):
            return None
        due = target.until(self.around.configuration.notifications, now)
        # Who knows that it rings is told that it does not at once: that wakes nobody, and ends what they do about it.
        if due and not (is_over and target.receiver in self.memories):
            return None if state.wait(self._waiting(target.receiver, key, due)) else story
        waited = None if is_over or not self.decision.opened else state.take(target.receiver, key)
        # What it was not told before is new to it.
        return replace(story, event=waited) if waited in RINGS and story.event == "changed" else story

    def _waiting(self, receiver: str, key: str, due: datetime) -> Waiting:
        story, decision = self.story, self.decision
        return Waiting(
            receiver=receiver,
            key=key,
            tells=story.key,
            event=story.event,
            due=due,
            began=story.since or self.around.clock.now(),
            headline=story.headline,
            severity=story.severity,
            sns=self.sns,
            times=decision.times,
            opened=decision.opened,
            is_part=decision.is_part,
        )
