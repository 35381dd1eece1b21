"""Brings a message to one receiver, again when it is busy or away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.aws import code_of

from notifier.channels.call import Mail, Outcome
from notifier.delivery_http import NoAnswerError, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifier.channels.call import Call
    from notifier.clock import Clock
    from notifier.receivers import Receiver

TIMEOUT = 10.0  # seconds for a connection, and for each wait for an answer
TRIES = 3
BACKOFF = (1.0, 3.0)  # seconds before the second and the third try, unless the receiver says Retry-After
# Calls that one message may need, each of them tried again as above. In Slack: an edit, the same without the picture,
# the answer below it, and a new message when by then there is nothing to answer.
STEPS = 4

# Errors of SNS that a later try cannot change (SNS API, Publish).
_REFUSED = frozenset(
    {"AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException", "NotFound"}
    | {"NotFoundException", "InvalidParameter", "InvalidParameterException", "KMSAccessDenied", "KMSDisabled"}
)


@dataclass(frozen=True, slots=True)
class Post:
    """How messages are sent in one invocation.

    sns: a client of SNS, for receivers of e-mail. is_over: whether nothing may be sent any more, because what is not
    taken by now is on its way to the fallback topic.
    """

    clock: Clock
    sns: Callable[[], Any]
    is_over: Callable[[], bool] = bool  # False

    def send(self, call: Call | Mail, receiver: Receiver) -> Outcome:
        """Send one message. The outcome is final: nothing but `taken`, `memory` and `reason` counts."""
        outcome = Outcome(taken=False, reason="no time was left to try")
        step: Call | Mail | None = call
        for _ in range(STEPS):
            if step is None:
                break
            outcome = self._tried(step, receiver)
            step = outcome.then
        return outcome

    def _tried(self, call: Call | Mail, receiver: Receiver) -> Outcome:
        outcome = Outcome(taken=False, reason="no time was left to try")
        for attempt in range(TRIES):
            if self.clock.left() <= 0 or self.is_over():
                return outcome
            outcome, wait = self._once(call, receiver)
            if outcome.taken or outcome.then or not outcome.retry:
                return outcome
            if attempt:
                outcome = Outcome(taken=False, reason=f"{outcome.reason}, {attempt + 1} tries")
            if attempt == TRIES - 1:
                break
            pause = BACKOFF[attempt] if wait is None else wait
            if pause >= self.clock.left():
                return Outcome(taken=False, reason=f"{outcome.reason}, and no time was left to wait {pause:.0f} s")
            self.clock.sleep(pause)
        return outcome

    def _once(self, call: Call | Mail, receiver: Receiver) -> tuple[Outcome, float | None]:
        """One try: what came of it, and after how many seconds the receiver wants the next one."""
        if isinstance(call, Mail):
            return self._mail(call), None
        try:
            answer = request(call, receiver, min(TIMEOUT, self.clock.left()))
        except NoAnswerError as error:
            return Outcome(taken=False, reason=str(error), retry=error.may_retry), None
        return call.response(answer.status, answer.body), answer.retry_after

    def _mail(self, mail: Mail) -> Outcome:
        try:
            self.sns().publish(TopicArn=mail.topic_arn, Subject=mail.subject, Message=mail.text)
        except ClientError as error:
            code = code_of(error)
            return Outcome(taken=False, reason=f"SNS: {code}", retry=code not in _REFUSED)
        except BotoCoreError as error:
            return Outcome(taken=False, reason=f"SNS: {type(error).__name__}", retry=True)
        return Outcome(taken=True)
