"""The canary's log group is always subscribed, and that of another stack never."""

from __future__ import annotations

import pytest
from subscriber.decision import LogGroup, Tags, decide
from subscriber.guard import Guard
from watchpost import names
from watchpost.configuration import Configuration, GroupMatch, Logs, SubscriptionRule, Subscriptions

GUARD = Guard("watchpost")
OFF = SubscriptionRule("off", GroupMatch(prefix=("/",)), exclude=True)
ERRORS = SubscriptionRule("errors", GroupMatch(glob=("*",)), filter_pattern="ERROR")


def group(stack: str) -> LogGroup:
    name = names.canary_log_group(stack)
    return LogGroup(name, f"arn:aws:logs:eu-west-1:123456789012:log-group:{name}", retention_days=1)


@pytest.mark.parametrize(
    "configuration",
    [
        Configuration(),
        Configuration(logs=Logs(exclude=("/watchpost/*",))),
        Configuration(subscriptions=Subscriptions("exclude", ())),
        Configuration(subscriptions=Subscriptions("include", (OFF,))),
        Configuration(subscriptions=Subscriptions("include", (ERRORS,))),
    ],
    ids=["none", "logs.exclude", "default", "rule", "pattern"],
)
@pytest.mark.parametrize("tags", [None, Tags(), Tags({"service": "shop"})], ids=["unread", "none", "service"])
def test_no_rule_leaves_the_canary_out_or_changes_what_it_is(configuration: Configuration, tags: Tags | None) -> None:
    decision = decide(group("watchpost"), tags, configuration, GUARD)

    assert (decision.action, decision.service, decision.rule) == ("subscribe", names.CANARY_SERVICE, "canary")
    assert (decision.filter_pattern, decision.destination, decision.retention) == ("", None, None)


def test_another_stacks_canary_is_left_to_that_stack() -> None:
    decision = decide(group("blue"), None, Configuration(), GUARD)

    assert (decision.action, decision.rule) == ("skip", "recursion guard")
    assert "blue" in decision.reason
