"""Sends what the channels make to the receivers of the tests, without the delivery of the notifier."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import requests
from notifier.channels import Call, Outcome, requests_for
from notifier.receivers import parse
from watchpost.secrets import Secret

from tests.integration.receivers.opsgenie import Opsgenie
from tests.integration.receivers.pagerduty import PagerDuty
from tests.integration.receivers.slack import SlackApi, SlackWebhook
from tests.integration.receivers.teams import TeamsWorkflow
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notifier.story import Story

    from tests.integration.receivers.server import FakeReceiver

KINDS = (SlackWebhook, SlackApi, TeamsWorkflow, PagerDuty, Opsgenie, Webhook)


@contextmanager
def one_of_each() -> Iterator[dict[Any, Any]]:
    """A running receiver of each kind, by its class."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(kind(kind.__name__)) for kind in KINDS}


def call_of(fake: FakeReceiver, story: Story, memory: Mapping[str, str] | None = None, **changes: Any) -> Call | None:
    """What tells the receiver; None when it is not told of such an event. changes: of its entry in the secret."""
    [receiver] = parse(Secret("hooks", {"receivers": [{**fake.entry, **changes}]}))
    found = requests_for(receiver, story, memory or {})
    assert found is None or isinstance(found, Call)
    return found


def post(call: Call, timeout: float = 5) -> requests.Response:
    """Make a call."""
    headers = dict(call.headers)
    return requests.request(
        call.method, call.url, data=call.body, headers=headers, timeout=timeout, allow_redirects=False
    )


def tell(fake: FakeReceiver, story: Story, memory: Mapping[str, str] | None = None) -> Outcome | None:
    """Send a story and what follows, and say what came of it; None when the receiver is not told of it."""
    step = call_of(fake, story, memory)
    outcome = None
    while step is not None:
        answer = post(step)
        outcome = step.response(answer.status_code, answer.content)
        step = outcome.then
    return outcome
