"""Makes a story of an SNS message: what is wrong, what the logs, graphs and deployments say, and where to look."""

from __future__ import annotations

import functools
import hashlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from watchpost import names
from watchpost.redaction import Text

from notifier import alarm, alarm_children, clean, deployments, evidence, graph, telling_links, words
from notifier.incidents import key_of
from notifier.story import HEADLINE, Deployment, Evidence, Story
from notifier.telling_tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watchpost.configuration import Configuration
    from watchpost.search.documents import Window
    from watchpost.search.lines import Lines
    from watchpost.settings import Settings

    from notifier.alarm import Notification, Sns
    from notifier.alarm_children import Watched
    from notifier.alarm_metric import Metric
    from notifier.deployments import Functions
    from notifier.evidence import Found, Subject

LIMIT = 5.0  # seconds that a story may take for what the message itself does not say
LINES_SHARE = 0.8  # of them for Elasticsearch, so that the functions that it names can still be asked for
OLDEST_CHILD = timedelta(days=1)  # before its composite alarm; one that rings for longer is not what happened now
SUSPECT = timedelta(minutes=15)  # before an alarm began: a deployment that is as near is told with what is wrong
OWN_SERVICE = "watchpost"  # of the stack's own alarms, whose lines are never shipped
GROUPS = 20  # log groups of one Logs Insights query, of the 50 that it may have


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Around:
    """What a story is made with.

    lines: connects to Elasticsearch and reads its secret, so it may raise what these raise. client: a client of AWS by
    botocore's name, `cloudwatch`, `lambda` or `s3`; that of S3 signs addresses with version 4. now: in UTC.
    clock: seconds, never goes back. limit: seconds for everything that is asked for outside. sleep: for so many
    seconds.
    """

    settings: Settings
    configuration: Configuration
    lines: Callable[[], Lines]
    client: Callable[[str], Any]
    now: Callable[[], datetime] = field(default=_now)
    clock: Callable[[], float] = field(default=time.monotonic)
    limit: float = LIMIT
    sleep: Callable[[float], None] = field(default=time.sleep)


def tell(sns: Sns, around: Around) -> Story:
    """The story of one SNS message. Never raises: what cannot be found is left out, and said where it matters."""
    redact = Text.for_notifications(around.configuration.logs.redact).clean
    notification = _redacted(alarm.read(sns, around.settings), redact)
    plain = _plain(sns, notification, around)
    if plain.event not in ("opened", "changed"):
        return plain
    return _Telling(plain, around, redact, around.now(), around.clock() + around.limit).told()


def _redacted(notification: Notification, redact: Callable[[str], str]) -> Notification:
    title, reason, description = (
        redact(clean.whole_words(text)) for text in (notification.title, notification.reason, notification.description)
    )
    return replace(notification, title=title, reason=reason, description=description)


def _plain(sns: Sns, notification: Notification, around: Around) -> Story:
    """The story without anything that somebody has to be asked for."""
    service = notification.service or ""
    runbook = around.configuration.runbook_of(service) if service else None
    return Story(
        event=_event(notification),
        key=_key(sns, notification),
        severity=words.severity_of(sns.topic, around.settings),
        headline=clean.line(notification.title, HEADLINE),
        words=words.wrong(notification),
        description=notification.description,
        reason=notification.reason,
        notification=notification,
        since=notification.since,
        lasted=None,
        times=1,
        owner=around.configuration.owner_of(service) if service else None,
        runbook=runbook,
        links=telling_links.of_alarm(notification, around.settings, runbook),
    )


def _event(notification: Notification) -> str:
    if notification.state is None:
        return "plain"
    if notification.state == "OK":
        return "resolved"
    # An alarm that rang and has no data now is not over, and not new either.
    return "changed" if notification.state != "ALARM" and notification.previous_state == "ALARM" else "opened"


def _key(sns: Sns, notification: Notification) -> str:
    """The same for everything that one alarm says; of a plain message for its redeliveries only."""
    if notification.name is not None:
        return key_of(notification)
    parts = (sns.topic, sns.subject, sns.message, sns.message_id)
    return "plain/" + hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Telling:
    """Asks for all that a story has besides, at once. end: by the clock, when nobody waits any more."""

    plain: Story
    around: Around
    redact: Callable[[str], str]
    now: datetime
    end: float

    def told(self) -> Story:
        """The whole story."""
        # One after the other: making clients is nothing that threads can do at the same time.
        clients = Task[dict[str, Any]]("clients", self._clients, {}, self._until(0.5)).result()
        watched = self._watched(clients)
        notification = self.plain.notification
        metrics = [one.metric for one in watched] if notification.is_composite else [notification.metric]
        since = self._since(watched)
        window = evidence.window_of(since, metrics, self.now)
        subject = self._subject(metrics)
        graph_task = Task("graph", lambda: self._graph(clients, watched, since), None, self._until(1))
        found = self._found(subject, window)
        deployed = self._deployed(clients, deployments.functions_of(metrics, found.functions))
        groups = self._groups(metrics, found)
        return replace(
            self.plain,
            words=" ".join(self._words(watched, found, deployed, since, window)),
            children=tuple(one.child for one in watched),
            evidence=found.evidence if subject and self.around.configuration.notifications.evidence else None,
            deployments=deployed,
            graph=graph_task.result(),
            links=telling_links.ordered(
                (
                    *(telling_links.discover(subject, window, self.around.settings) if subject else ()),
                    *self.plain.links,
                    *telling_links.raw(groups, found.evidence.failing, window, self.around.settings),
                )
            ),
        )

    def _until(self, share: float) -> Callable[[], float]:
        """Seconds that are left of a share of the time."""
        end = self.end - self.around.limit * (1 - share)
        return lambda: end - self.around.clock()

    def _clients(self) -> dict[str, Any]:
        return {name: self.around.client(name) for name in ("cloudwatch", "lambda", "s3")}

    def _watched(self, clients: Mapping[str, Any]) -> tuple[Watched, ...]:
        notification, stack = self.plain.notification, self.around.settings.stack
        if not notification.is_composite:
            return ()
        told = alarm_children.told(notification, stack)
        if not clients:
            return told
        ask = functools.partial(alarm_children.ringing, notification, clients["cloudwatch"], stack)
        return Task("children", ask, told, self._until(0.6)).result()

    def _since(self, watched: Sequence[Watched]) -> datetime:
        """When the first of the alarms that ring began to."""
        since = evidence.began(self.plain.since, self.now)
        first = min((one.child.since for one in watched if one.child.since), default=since)
        return min(max(first, since - OLDEST_CHILD), since)

    def _subject(self, metrics: Sequence[Metric | None]) -> Subject | None:
        """Whose lines tell more; None when nothing says it, or when they are not shipped, as our own."""
        settings, notification = self.around.settings, self.plain.notification
        own = names.own_log_groups(settings.stack)
        groups = tuple(group for group in deployments.log_groups(metrics) if group not in own)
        services = (m.dimensions.get("Service") for m in metrics if m and m.namespace == settings.metric_namespace)
        service = notification.service or next((name for name in services if name), None)
        if service == OWN_SERVICE:
            return None
        return evidence.Subject(service, groups[:GROUPS]) if service or groups else None

    def _groups(self, metrics: Sequence[Metric | None], found: Found) -> tuple[str, ...]:
        """The log groups of what the alarm is about, and of the errors."""
        stack = self.around.settings.stack
        own = f"/aws/lambda/{stack}-{self.plain.notification.resource}"
        mine = (own,) if self.plain.notification.service == OWN_SERVICE and own in names.own_log_groups(stack) else ()
        return tuple(dict.fromkeys((*mine, *deployments.log_groups(metrics), *found.groups)))[:GROUPS]

    def _graph(self, clients: Mapping[str, Any], watched: Sequence[Watched], since: datetime) -> str | None:
        notification, settings = self.plain.notification, self.around.settings
        first = next((one for one in watched if one.metric), None)
        metric = first.metric if first else notification.metric
        threshold = first.threshold if first else notification.threshold
        elsewhere = notification.region not in (None, settings.aws_region)
        if metric is None or elsewhere or not clients:
            return None
        title = words.label(first.child) if first else notification.title
        drawing = graph.Drawing(title, metric, threshold, since, self.now)
        easel = graph.Easel(clients["cloudwatch"], clients["s3"], settings.dead_letter_bucket, self._until(1))
        return graph.draw(drawing, easel)

    def _found(self, subject: Subject | None, window: Window) -> Found:
        if subject is None or not self.around.configuration.notifications.evidence:
            return evidence.Found(Evidence())
        left = self._until(LINES_SHARE)
        search = evidence.Search(self.around.lines, window, self.redact, left, self.around.sleep)
        late = evidence.late(self.around.limit * LINES_SHARE)
        return Task("evidence", lambda: evidence.gather(subject, search), late, left).result()

    def _deployed(self, clients: Mapping[str, Any], functions: Functions) -> tuple[Deployment, ...]:
        if not functions or not clients:
            return ()
        left = self._until(1)
        ask = functools.partial(deployments.newest, functions, clients["lambda"], self.redact, left)
        return Task[tuple[Deployment, ...]]("deployments", ask, (), left).result()

    def _words(
        self,
        watched: Sequence[Watched],
        found: Found,
        deployed: Sequence[Deployment],
        since: datetime,
        window: Window,
    ) -> Iterator[str]:
        """What is wrong, that the logs say nothing of it, and what may be the cause."""
        text = words.wrong(self.plain.notification, [one.child for one in watched])
        if text:
            yield text
        if found.note:
            yield found.note
        first = min(window.start, since - SUSPECT)
        suspect = next((one for one in deployed if first <= one.when <= window.end), None)
        if suspect:
            yield words.deployed(suspect, since)
