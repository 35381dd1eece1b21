"""Stories for tests: one as they are at night, one of each event, and those that come from hostile log lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from notifier import story as kinds
from notifier.alarm import Notification
from notifier.story import Child, Deployment, ErrorLine, Evidence, Failing, Link, Story

SINCE = datetime(2026, 11, 21, 3, 12, 45, tzinfo=UTC)
REQUEST_ID = "6f1d3c2e-8a44-4d8e-9d4f-2b6a7c1e0f55"
CONSOLE = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
LINKS = (
    Link(kinds.DISCOVER, "https://kibana.example.com:5601/app/discover#/?_g=%28time%3A%28from%3A%272026%27%29%29"),
    Link(kinds.ALARM, f"{CONSOLE}#alarmsV2:alarm/watchpost%2Forders%2Fservice%2Funhealthy"),
    Link(kinds.DASHBOARD, f"{CONSOLE}#dashboards/dashboard/watchpost-orders"),
    Link(kinds.INSIGHTS, f"{CONSOLE}#logsV2:logs-insights$3FqueryDetail$3D~(end~0)"),
)
RUNBOOK = "https://wiki.example.com/runbooks/orders"
GRAPH = "https://bucket.s3.eu-west-1.amazonaws.com/graphs/ab.png?X-Amz-Signature=00"
NOTIFICATION = Notification(
    title="orders — unhealthy",
    reason="orders/orders-api/errors transitioned to ALARM",
    state="ALARM",
    previous_state="OK",
    name="watchpost/orders/service/unhealthy",
    service="orders",
    resource="service",
    alarm="unhealthy",
    since=SINCE,
    account="123456789012",
    region="eu-west-1",
)
ERRORS = (
    ErrorLine(
        message="Task timed out after 3.00 seconds",
        type="TimeoutError",
        service="orders",
        count=152,
        newest=SINCE + timedelta(seconds=70),
        example="TimeoutError: Task timed out after 3.00 seconds\n  at charge (/var/task/pay.js:41:11)",
    ),
    ErrorLine(
        "connect ECONNREFUSED", "", "orders", 30, SINCE + timedelta(seconds=60), "connect ECONNREFUSED 10.0.0.12"
    ),
    ErrorLine("no such order", "KeyError", "orders", 2, SINCE + timedelta(seconds=6), "no such order 4711"),
)
FAILING = Failing(
    request_id=REQUEST_ID,
    correlation_id="c-77aa-01",
    trace_id="1-69204ab1-0f4e2d",
    service="orders",
    log_group="/aws/lambda/orders-api",
    log_stream="2026/11/21/[$LATEST]ab12",
    at=SINCE + timedelta(seconds=69),
)
EVIDENCE = Evidence(errors=ERRORS, errors_total=184, errors_read=184, failing=FAILING)
REASON = "Sum of Errors over 1 minute was 152, the alarm is at 5 or more."
CHILDREN = (
    Child("watchpost/orders/orders-api/errors", "orders", "orders-api", "errors", "ALARM", REASON, SINCE),
    Child("watchpost/orders/orders-queue/age", "orders", "orders-queue", "age", "OK", "", None),
)

OPENED = Story(
    event="opened",
    key="watchpost/orders/service/unhealthy",
    severity="critical",
    headline="orders is unhealthy",
    words=f"orders-api: errors: {REASON}",
    description="The service does not do its work.\nBegin with the errors.",
    reason=NOTIFICATION.reason,
    notification=NOTIFICATION,
    since=SINCE,
    lasted=None,
    times=1,
    owner="team-shop",
    runbook=RUNBOOK,
    children=CHILDREN,
    evidence=EVIDENCE,
    deployments=(Deployment("orders-api, version 12", SINCE - timedelta(minutes=7)),),
    graph=GRAPH,
    links=LINKS,
)
_SHORT: dict[str, Any] = {"children": (), "evidence": None, "deployments": (), "graph": None, "since": None}
RESOLVED = replace(OPENED, event="resolved", lasted=timedelta(minutes=7, seconds=12))
PLAIN = replace(
    OPENED,
    **_SHORT,
    event="plain",
    severity="warning",
    headline="The deploy of orders is over",
    words="",
    description="",
    reason="The deploy of orders is over\nversion 13",
    notification=Notification("The deploy of orders is over", "", region="eu-west-1"),
    links=(),
    runbook=None,
    owner=None,
)
DIGEST = replace(
    PLAIN,
    event="digest",
    headline="While it was quiet: 2 alarms came and went",
    words="Quiet hours nights, 22:00 to 07:00 Europe/Berlin.",
    reason="",
    items=("orders — errors in logs: 02:10 UTC, resolved after 7 min", "billing — throttles: 04:00 UTC, resolved"),
)
STORIES = {
    "opened": OPENED,
    "again": replace(OPENED, event="again", times=2),
    "changed": replace(OPENED, event="changed"),
    "resolved": RESOLVED,
    "plain": PLAIN,
    "digest": DIGEST,
}

# What a log line may try. Each of them is put into every place that comes from logs.
ATTACKS = {
    "mentions of Slack": "<!channel> <!here> <!everyone> <@U012AB3CD> <#C012AB3CD|general> <!subteam^S0|x>",
    "links of Slack": "<https://evil.example|your runbook> &lt;https://evil.example&gt;",
    "markup of Slack": "*bold* _leaning_ ~gone~ `code` ```block``` >quote :rotating_light:",
    "links of Markdown": "[runbook](https://evil.example) ![x](https://evil.example/p.png) <https://evil.example>",
    "markup of Markdown": "# head\n* item\n1. item\n**bold** \\[x\\](https://evil.example) | a | b |",
    "HTML": "<img src=x onerror=alert(1)><script>alert(1)</script><a href='https://evil.example'>x</a>",
    "mentions of Teams": "<at>everyone</at> @channel @here @all",
    "functions of cards": "{{DATE(2026-11-21T03:00:00Z,SHORT)}} ${$root} @{triggerBody()} {{{{TIME(x)}}}}",
    "escapes of terminals": "\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\\x9b31m\x08\x7f",
    "directions": "\u202egnp.exe\u2066\u2067\u2069\u200f\u061c",
    "nothing to see": "a\u200bb\u200dc\ufeff\u00ad\u2060\u3164\u2800\u115f",
    "the end of JSON": '"}],"blocks":[{"type":"section"}]} \\" \\ \\u0000 \x00 \u2028',
    "headers": "x\r\nBcc: a@evil.example\r\n\r\nbody",
    "lines like ours": "ok\n\nRunbook: https://evil.example\nrequest id 0000\nCloudWatch alarm: https://evil.example",
    "a very long word": "A" * 20_000,
    "addresses": "user@evil.example www.evil.example WwW.evil.example HTTPS://EVIL.EXAMPLE ftp://evil.example",
    "addresses without slashes": "mailto:evil tel:+4930123456 (MailTo:evil) TEL:112 x_tel:1 sms:1 hotel:1",
    "marks upon marks": "Z" + "\u0335\u0301" * 500,
    "halves of characters": "\ud83d \udfff",
    "what is no character": "\uffff\ufffe\ufdd0\U0010ffff\ue000\U000e0041",
    "much of what is escaped": "<&>" * 5000,
    "much of what JSON escapes": '"\\' * 5000,
    "wide letters": "日本語🔥" * 5000,
    "nothing": "",
    "only spaces": " \t\n ",
    "only spaces when the rest is gone": "\ufffe \n \ufffe",
}


def from_logs(text: str) -> Story:
    """A story whose every text that comes from logs is this one."""
    error = ErrorLine(text, text, text, 7, SINCE, text + "x")
    failing = Failing(text, text, text, text, text, text, SINCE)
    evidence = Evidence((error, replace(error, service="other"), error), 21, 21, failing, None)
    return replace(OPENED, evidence=evidence)


def everywhere(text: str, event: str = "opened") -> Story:
    """A story whose every text is this one, wherever it comes from; links and graph too."""
    child = Child(text, text, text, text, "ALARM", text, SINCE)
    return replace(
        from_logs(text),
        event=event,
        key=text,
        headline=text,
        words=text,
        description=text,
        reason=text,
        owner=text,
        runbook=text,
        children=(child,) * 100,
        deployments=(Deployment(text, SINCE),) * 100,
        graph=text,
        links=(*LINKS, Link(text, text), Link(text, LINKS[0].url)),
        items=(text,) * 100,
        lasted=timedelta(seconds=1) if event == "resolved" else None,
    )


HOSTILE = st.one_of(
    st.sampled_from(sorted(ATTACKS.values())),
    st.text(max_size=300),
    st.text(alphabet=st.sampled_from("<>&!@#|*_~`[](){}\\\"'\n\r\t\x1b\x00\u202e\u200b\ud800:/.wA🔥日"), max_size=200),
    st.lists(st.sampled_from(sorted(ATTACKS.values())), max_size=3).map(" ".join),
)
EVENTS = st.sampled_from(kinds.EVENTS)
