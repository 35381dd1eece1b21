"""What each receiver gets: a story becomes the call that tells it, in the form and the limits of its channel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from notifier.channels import email, opsgenie, pagerduty, safe, slack, teams, webhook
from notifier.channels.call import Call, Mail, Outcome
from notifier.channels.readable import plain
from notifier.receivers import EMAIL, OPSGENIE, PAGERDUTY, SLACK, TEAMS, WEBHOOK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notifier.receivers import Receiver
    from notifier.story import Story

__all__ = ["Call", "Mail", "Outcome", "plain", "requests_for"]

_CHANNELS: Mapping[str, Callable[[Receiver, Story, Mapping[str, str]], Call | Mail | None]] = {
    SLACK: slack.request,
    TEAMS: teams.request,
    PAGERDUTY: pagerduty.request,
    OPSGENIE: opsgenie.request,
    WEBHOOK: lambda receiver, story, _: webhook.request(receiver, story, time.time()),
    EMAIL: lambda receiver, story, _: email.request(receiver, story),
}


def requests_for(receiver: Receiver, story: Story, memory: Mapping[str, str]) -> Call | Mail | None:
    """What tells a receiver a story; None when it is not told of such an event, as a pager of a digest.

    memory: what the last outcome that was taken said for this incident and receiver; empty at first.
    """
    return _CHANNELS[receiver.type](receiver, safe.story(story), memory)
