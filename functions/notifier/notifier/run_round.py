"""What all stories of one invocation share: who can be told, how, and what becomes of what nobody took."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of
from watchpost.configuration import Configuration
from watchpost.errors import WatchpostError

from notifier import alarm, channels, clean, receivers, telling, words
from notifier.channels.call import Outcome
from notifier.delivery import Post
from notifier.fallback import Fallback, Undelivered
from notifier.incidents import key_of
from notifier.incidents_state import State
from notifier.result import Result
from notifier.service import SERVICE
from notifier.story import HEADLINE, Story
from notifier.telling_tasks import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from watchpost.search.lines import Lines
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

    from notifier.alarm import Sns
    from notifier.clock import Clock
    from notifier.receivers import Receiver

Found = TypeVar("Found")

# Beyond the time that an invocation has, for clocks that differ: while a claim holds, its invocation may be alive.
CLAIM_SPARE = timedelta(seconds=5)
READ = 10.0  # seconds for reading the secret, and as many for the configuration
GRACE = 0.5  # seconds beyond their time in which jobs may end by themselves, and say why
LATE = "no answer came in time"

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside that an invocation needs.

    configuration, secret: read the document, and the secret with the receivers; what they raise is told, not passed on.
    lines: connects to Elasticsearch. client: of AWS by botocore's name, with short time-outs. tell: makes stories.
    """

    settings: Settings
    configuration: Callable[[], Configuration]
    secret: Callable[[], Secret]
    lines: Callable[[], Lines]
    client: Callable[[str], Any]
    clock: Clock
    request_id: str
    tell: Callable[[Sns, telling.Around], Story] = field(default=telling.tell)


class Round:
    """One invocation: stories go out through `send`, what was not taken through `give_up`, and `close` ends it."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.clock = around.clock
        self.settings = around.settings
        # A service that hangs must leave time for what goes on without it.
        late: tuple[dict[str, Receiver], tuple[str, ...]] = {}, ("the secret with the receivers was not read in time",)
        limit = max(min(READ, self.clock.left() / 4), 0.1)
        # One after the other: making clients is nothing that threads can do at the same time.
        self.receivers, self.wrong = Task("receivers", lambda: _receivers(around), late, lambda: limit).result()
        configured = Task("configuration", lambda: _configuration(around), Configuration(), lambda: limit)
        self.configuration = configured.result()
        self.result = Result(receivers=len(self.receivers))
        # Not the request id: Lambda may run one event twice at the same time.
        self.state = State(
            lambda: around.client("dynamodb"), around.settings.incident_table, around.clock.now, str(uuid.uuid4())
        )
        self._undelivered: list[Undelivered] = []
        self._over = threading.Event()
        self._post = Post(around.clock, lambda: around.client("sns"), self._over.is_set)

    @property
    def claimed_until(self) -> datetime:
        """Until when what is claimed now is nobody else's business."""
        return self.clock.now() + timedelta(seconds=max(self.clock.remaining(), 0)) + CLAIM_SPARE

    def story(self, sns: Sns, limit: float = telling.LIMIT) -> Story:
        """The story of an SNS message. limit: seconds for what the message does not say itself."""
        seconds = max(min(limit, self.clock.left() / 4), 0.1)
        about = telling.Around(
            self.settings,
            self.configuration,
            self.around.lines,
            self.around.client,
            now=self.clock.now,
            limit=seconds,
        )
        try:
            return self.around.tell(sns, about)
        except Exception:  # whatever it is: that an alarm rings must be told
            _logger.exception("the story could not be made, so the message goes out as it is")
            return _bare(sns, self.settings)

    def send(self, receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Outcome | None:
        """Tell a receiver a story; None when it is not told of such an event. Raises nothing."""
        try:
            call = channels.requests_for(receiver, story, memory)
            return None if call is None else self._post.send(call, receiver)
        except Exception as error:  # of one channel: the others, and the fallback topic, are told
            _logger.exception("a channel failed", extra={"channel": receiver.name})
            return Outcome(taken=False, reason=f"the channel failed: {type(error).__name__}")

    def each(self, jobs: Sequence[Callable[[], Found]], late: Found) -> list[Found]:
        """Run jobs at the same time, each in a thread of its own, so that none delays another.

        late: stands for those that have not ended when the time for receivers is over. They send nothing more.
        """
        found = [late] * len(jobs)

        def run(index: int) -> None:
            found[index] = jobs[index]()

        threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(jobs))]
        for thread in threads:
            thread.start()
        end = time.monotonic() + max(self.clock.left(), 0.0) + GRACE
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in threads):
            self._over.set()
        return list(found)

    def give_up(self, undelivered: Undelivered) -> None:
        """Note what a receiver did not take."""
        self.result.undelivered += 1
        self._undelivered.append(undelivered)

    def close(self) -> None:
        """Hand over what was not taken, and say what was done. Raises NotificationError when nobody takes it."""
        try:
            if self._undelivered:
                where = Fallback(self.settings, self.around.client, self.around.request_id, self.clock.now)
                where.give(self._undelivered)
        finally:
            _logger.info("run ended", extra={"result": self.result.as_dict()})
            print(self.result.emf(self.settings.stack, self.clock.now()))


def _configuration(around: Surroundings) -> Configuration:
    """The configuration in force; where there is none to be had every receiver gets everything."""
    try:
        return around.configuration()
    except (BotoCoreError, ClientError, WatchpostError) as error:
        _logger.warning("there is no configuration, so there are no routes", extra={"why": _why(error)})
        return Configuration()


def _receivers(around: Surroundings) -> tuple[dict[str, Receiver], tuple[str, ...]]:
    """Those that can be told by their names, and what is wrong with the others."""
    settings = around.settings
    topics = (settings.critical_topic, settings.warning_topic)
    try:
        good, wrong = receivers.good_and_wrong(around.secret(), settings.mail_topic, topics)
    except (BotoCoreError, ClientError, WatchpostError) as error:
        return {}, (f"the secret with the receivers cannot be read: {_why(error)}",)
    return {receiver.name: receiver for receiver in good}, tuple(str(error) for error in wrong)


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, WatchpostError) else code_of(error) or type(error).__name__


def _bare(sns: Sns, settings: Settings) -> Story:
    """What the message says by itself."""
    told = alarm.read(sns, settings)
    return Story(
        event="plain",
        key=key_of(told),
        severity=words.severity_of(sns.topic, settings),
        headline=clean.line(told.title, HEADLINE),
        words="",
        description=told.description,
        reason=told.reason,
        notification=told,
        since=told.since,
        lasted=None,
        times=1,
        owner=None,
        runbook=None,
    )
