"""Checks of what people set and are told: the configuration, notifications, Watchpost's own alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifier import receivers
from provisioner import describe, loader, override_checks
from watchpost.errors import ConfigurationError

from watchpost_cli import provisioning
from watchpost_cli.checks.around import PARAMETER, SECRET, needing
from watchpost_cli.checks.model import Check, NotAllowedError, failed, ok, refused, warning
from watchpost_cli.terminal import counted, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Finding, Findings

SUBSCRIPTIONS = "sns:ListSubscriptionsByTopic"
ALARMS = "cloudwatch:DescribeAlarms"
READ_OBJECT = "s3:GetObject on config/* of the bucket, where the configuration lies there"
ALARM_TOPICS = ("CriticalTopic", "WarningTopic")  # outputs of the stack
_SUBSCRIBE = (
    "Give the stack an address (parameter NotificationEmail), or subscribe one with `aws sns subscribe`, and confirm "
    "it by the link in the mail."
)
_PUSH = "Mend it: watchpost config pull, watchpost config check, watchpost config push."


def configuration(around: Around) -> Findings:
    """Whether the newest document is right, and means alarms that there are."""
    try:
        source = around.source()
    except ConfigurationError as error:
        yield failed(f"no version of {around.needed('ConfigParameter')} is right: {error}", _PUSH)
        return
    if source.problem:
        yield warning(source.problem, _PUSH)
    else:
        yield ok(f"the newest version of {around.needed('ConfigParameter')} is right")
    folder = provisioning.definitions(around.definitions) / "services"
    try:
        override_checks.check(loader.load(folder, describe.TABLE), source.get().alarms)
    except ConfigurationError as error:
        yield failed(f"the provisioner refuses it: {str(error)[:400]}", _PUSH)


def notifications(around: Around) -> Findings:
    """Whether alarms reach the notifier, the notifier knows whom to tell, and there is somebody behind it."""
    try:
        yield from _routes(around)
    except NotAllowedError as error:
        yield refused(error)
    function = f":function:{around.stack}-notifier"
    for output in ALARM_TOPICS:
        topic = around.value(output)
        if topic:
            yield from _of_topic(
                around, topic, function, f"{output} does not reach the notifier", "Deploy the stack again."
            )
    fallback = around.value("FallbackTopic")
    if fallback:
        yield from _of_topic(around, fallback, "", "nobody hears of what no receiver takes: FallbackTopic", _SUBSCRIBE)


def _routes(around: Around) -> Iterator[Finding]:
    reference = around.needed("NotificationSecret")
    try:
        secret = around.secret(reference)
    except ValueError:
        return  # the check of secrets says it
    alarm_topics = tuple(filter(None, map(around.value, ALARM_TOPICS)))
    good, wrong = receivers.good_and_wrong(secret, around.value("MailTopic"), alarm_topics)
    for error in wrong:
        yield failed(str(error), f"Mend the secret {reference}; docs/notifications.md lists the fields.")
    known = {receiver.name for receiver in good}
    routes = around.source().get().notifications.routes
    unknown = sorted({name for route in routes for name in route.to} - known)
    if unknown:
        seen = f"routes name {counted(len(unknown), 'receiver')} that the secret has not: {named(unknown)}"
        yield failed(seen, f"Name them in the secret {reference}, or change notifications.routes. {_PUSH}")
    elif not known and not wrong:
        yield warning("there is no receiver: alarms tell nobody", f"Name some in the secret {reference}.")
    elif known:
        yield ok(f"{counted(len(known), 'receiver')}, {counted(len(routes), 'route')}")
    for topic in sorted({receiver.topic_arn for receiver in good if receiver.type == receivers.EMAIL}):
        yield from _of_topic(around, topic, "", "nobody gets the mails of receivers of type email", _SUBSCRIBE)


def _of_topic(around: Around, topic: str, endpoint: str, otherwise: str, todo: str) -> Iterator[Finding]:
    """Whether a topic has a confirmed subscription. endpoint: how it must end, but for a version or alias."""
    name = topic.rpartition(":")[2]
    try:
        with needing(f"{SUBSCRIPTIONS} on {topic}"):
            pages = around.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            found = [one for page in pages for one in page["Subscriptions"]]
    except NotAllowedError as error:
        yield refused(error)
        return
    # "PendingConfirmation" or "Deleted" instead of an ARN (SNS API, ListSubscriptionsByTopic).
    confirmed = [one for one in found if one["SubscriptionArn"].startswith("arn:")]
    if any(f"{one['Endpoint']}:".find(f"{endpoint}:") >= 0 if endpoint else True for one in confirmed):
        yield ok(f"{name} has {counted(len(confirmed), 'subscriber')}")
    else:
        waiting = len(found) - len(confirmed)
        more = f"; {waiting} did not confirm yet" if waiting else ""
        yield failed(f"{otherwise} ({name}){more}", todo)


def alarms(around: Around) -> Findings:
    """Whether an alarm of Watchpost itself rings now."""
    kinds: Any = ["MetricAlarm", "CompositeAlarm"]
    prefix = f"{around.stack}/watchpost/"
    with needing(f"{ALARMS} on all alarms"):
        pages = (
            around.client("cloudwatch")
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=prefix, AlarmTypes=kinds)
        )
        found = [one for page in pages for one in (*page["MetricAlarms"], *page["CompositeAlarms"])]
    ringing = [one for one in found if one.get("StateValue") == "ALARM"]
    for one in ringing:
        since = f" since {one['StateUpdatedTimestamp']:%Y-%m-%d %H:%M} UTC" if "StateUpdatedTimestamp" in one else ""
        why = " ".join(str(one.get("AlarmDescription") or "").split())
        yield failed(
            f"{one['AlarmName']} rings{since}: {one.get('StateReason', '')[:300]}", why or "See docs/alarms.md."
        )
    if not ringing:
        yield ok(f"none of {len(found)} rings")


CHECKS = (
    Check("configuration", "whether the newest document is right", (PARAMETER, READ_OBJECT), configuration),
    Check(
        "notifications",
        "receivers, routes, and who subscribed to the topics",
        (SECRET, PARAMETER, SUBSCRIPTIONS),
        notifications,
    ),
    Check("alarms", "alarms of Watchpost itself that ring now", (ALARMS,), alarms),
)
