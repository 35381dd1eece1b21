"""The main job, from nothing: a log line becomes a document, a metric, an alarm and a notification."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local import account as accounts
from local import stack
from local.demo import evidence, report, traffic
from local.demo.receiver import Receiver, receiving
from local.progress import step
from local.state import CHECKOUT, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.account import Account
    from local.demo.evidence import Lines
    from local.demo.traffic import Order


def main(state: State, *, keep: bool, picture: Path | None = None) -> int:
    """Run the demonstration. Returns 0 when all counts are equal, else 1.

    picture: an SVG file to save what is shown in.
    """
    started = time.monotonic()
    with accounts.started(state, keep=keep) as account, receiving() as receiver:
        with _receiver_configured(account, receiver):
            orders = _produce(account)
            problems = _show(account, receiver, orders)
        report.conclude(problems, time.monotonic() - started)
        if picture:
            report.save_picture(picture)
        if keep:
            _explain(account)
    return 1 if problems else 0


@contextmanager
def _receiver_configured(account: Account, receiver: Receiver) -> Iterator[None]:
    """Have the notifier know the webhook while it is there."""
    secret = account.outputs()["NotificationSecret"]
    secrets = account.client("secretsmanager")
    webhook = {"name": "demo", "type": "webhook", "url": receiver.url, "allow_insecure": True, "allow_private": True}
    secrets.put_secret_value(SecretId=secret, SecretString=json.dumps({"receivers": [webhook]}))
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString="{}")


def _produce(account: Account) -> list[Order]:
    """Deploy the shop, have it subscribed and watched, and send traffic. Returns what was ordered."""
    with step("Deploying a shop of five services"):
        stack.deploy_demo(account.state, account.endpoint)
    with step("Announcing its log groups, waiting for their subscriptions") as current:
        traffic.announce_log_groups(account)
        filters = traffic.wait_for("The subscription of the log groups", lambda: _subscribed(account))
        current.note = ", ".join(name for names in filters.values() for name in names)
    with step("Provisioning alarms and dashboards for them"):
        account.invoke(account.outputs()["ProvisionerFunction"], {"action": "apply"})
        _calm(account)
    url = traffic.shop(account)
    with step("Placing a first order, waiting for its documents in Elasticsearch"):
        # All functions are cold now. Hundreds of lines at once would have the emulator start a copy of the shipper for
        # each delivery, because none is free yet.
        orders = [traffic.order(url, 0, debug=True)]
        _finish(account, orders)
        evidence.settled(account)
    with step(f"Sending {traffic.ORDERS - 1} more orders"):
        orders += traffic.usual(url)
    with step(f"Sending {traffic.BURST} orders while the payment provider is away"):
        orders += traffic.burst(url)
    with step("Waiting for the last service"):
        _finish(account, orders)
    return orders


def _finish(account: Account, orders: list[Order]) -> None:
    traffic.wait_for("The end of every order", lambda: evidence.at_rest(account, orders), seconds=240)


def _subscribed(account: Account) -> dict[str, list[str]] | None:
    filters = traffic.subscriptions(account)
    return filters if all(filters.values()) else None


def _calm(account: Account) -> None:
    """An alarm that still rings from an earlier demonstration would not ring again."""
    alarm = evidence.error_alarm(account)
    if alarm and alarm["StateValue"] == "ALARM":
        account.client("cloudwatch").set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="A new demonstration begins"
        )


def _show(account: Account, receiver: Receiver, orders: list[Order]) -> list[str]:
    """Show what came of it, and return what did not."""
    with step("Waiting for the documents"):
        counted = evidence.settled(account)
    problems = _line_problems(counted)
    report.heading(1, "Every line became a document")
    report.show_lines(counted)

    first = orders[0]
    report.heading(2, f"One request across services: {first.correlation_id}")
    documents = evidence.transaction(account, first.correlation_id)
    report.show_transaction(documents)
    problems += _transaction_problems(first, documents)

    report.heading(3, "Metric lines became CloudWatch metrics")
    sums = evidence.metric_sums(account)
    report.show_metrics(sums)
    problems += [
        f"metric {item.name} of {item.service}: {item.found_samples:.0f} samples with sum {item.found_sum} in "
        f"CloudWatch, {item.samples:.0f} with sum {item.expected_sum} in the lines"
        for item in sums
        if not item.equal
    ]
    problems += _show_alarms(account, receiver)

    report.heading(6, "What it cost")
    report.show_cost(evidence.cost(account), sum(lines.written for lines in counted.values()))
    return problems


def _transaction_problems(order: Order, documents: list[dict[str, Any]]) -> list[str]:
    services = {document["service"]["name"] for document in documents}
    others = {document.get("app", {}).get("order", {}).get("id", order.number) for document in documents}
    request = f"the request {order.correlation_id}"
    return [f"{request} was not found in {name}" for name in order.services if name not in services] + [
        f"{request} is on a line of order {number}" for number in sorted(others - {order.number})
    ]


def _line_problems(counted: dict[str, Lines]) -> list[str]:
    problems = []
    for service, lines in counted.items():
        if not lines.written:
            problems.append(f"{service} wrote no line")
        for kind, streams in (("missing", lines.missing), ("too many", lines.surplus)):
            shown = ", ".join(f"{count} in {stream}" for stream, count in streams.most_common(3))
            if streams:
                problems.append(f"{service}: {streams.total()} documents {kind} ({shown})")
    return problems


def _show_alarms(account: Account, receiver: Receiver) -> list[str]:
    problems = []
    report.heading(4, "Alarms and dashboards were made for each service, and one alarm rings")
    deadline = time.monotonic() + 30
    while not evidence.notification(receiver) and time.monotonic() < deadline:
        time.sleep(0.1)
    alarms, dashboards = evidence.alarms(account), evidence.dashboards(account)
    report.show_alarms(alarms, dashboards)
    for service in traffic.SERVICES:
        if not any(alarm["AlarmName"].startswith(f"{stack.STACK}/{service}/") for alarm in alarms):
            problems.append(f"{service} has no alarms")
        if not any(name.endswith(service) for name in dashboards):
            problems.append(f"{service} has no dashboard")
    ringing = evidence.error_alarm(account)
    if not ringing or ringing["StateValue"] != "ALARM":
        problems.append(f"the alarm on the errors in the logs of {traffic.FAILING} does not ring")
    report.heading(5, "A notification went out")
    message = evidence.notification(receiver)
    if message:
        report.show_notification(message)
    else:
        problems.append(f"no notification about {traffic.FAILING} reached the webhook")
    return problems


def _explain(account: Account) -> None:
    """How to look around in an account that is left running."""
    env = account.state.env_file.relative_to(CHECKOUT)
    board = f"{stack.STACK}-{traffic.FAILING}"
    report.console.print(
        "\nThe account is left running. To look around:\n"
        f"  . {env}\n"
        f'  curl -s "$ELASTICSEARCH_URL/logs-watchpost.app-{stack.ENVIRONMENT}/_search?q=log.level:error&pretty"\n'
        "  .local/venv/project/bin/python -c \"import boto3; print(boto3.client('cloudwatch')"
        f".get_dashboard(DashboardName='{board}')['DashboardBody'])\"\n"
        "  make status\n"
        "  make down",
        markup=False,
        soft_wrap=True,
    )
