"""Log lines alone ring alarms and end them: log group, subscription filter, shipper, PutMetricData, alarm.

The emulator looks at the values of the last period whenever some arrive, and not when time passes: so a value ends an
alarm, as one began it.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance import readback
from tests.acceptance.helpers import eventually, filters, new_group, published, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

METRIC = "orders-taken"
MINUTE, HOUR = 60, 3600  # seconds
ROOM = 20  # seconds that lines need on their way to an alarm, on a busy machine


@dataclass(frozen=True)
class Service:
    """A service that is nothing but a log group, with alarms on its lines and on a metric of its own."""

    account: Account
    name: str
    group: str

    def alarm(self, part: str) -> str:
        """Its name. part: such as `logs/errors`."""
        return f"watchpost/{self.name}/{part}"

    def state(self, part: str) -> str:
        described = self.account.client("cloudwatch").describe_alarms(
            AlarmNames=[self.alarm(part)], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        (alarm,) = [*described.get("MetricAlarms", ()), *described.get("CompositeAlarms", ())]
        return str(alarm["StateValue"])

    def becomes(self, part: str, state: str, patience: float = 40.0) -> None:
        eventually(lambda: self.state(part) == state, f"{part} in the state {state}", patience)

    def says(self, *lines: str) -> None:
        write(self.account, self.group, list(lines))

    def measures(self, value: int, at: float | None = None) -> None:
        """One line with a value of its own metric. at: seconds since 1970, now unless given."""
        self.says(f"MONITORING|{at or time.time():.0f}|{value}|count|{METRIC}")


@contextlib.contextmanager
def _configured(account: Account, document: dict[str, Any]) -> Iterator[None]:
    """With this configuration in force, and with the one before it afterwards."""
    ssm, name = account.client("ssm"), account.outputs()["ConfigParameter"]
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=json.dumps(document), Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)


@pytest.fixture(scope="module")
def service(account: Account) -> Iterator[Service]:
    """Its metric had a value an hour ago; the alarm that misses values wants three in five minutes."""
    name = f"svc-{uuid.uuid4().hex[:8]}"
    made = Service(account, name, new_group(account, {"service": name}))
    eventually(lambda: filters(account, made.group), "the subscription")
    made.measures(1, at=time.time() - HOUR)
    made.says("started")
    cloudwatch = account.client("cloudwatch")
    eventually(lambda: published(account, "LogLines", name)[1], "the count of lines")
    eventually(
        lambda: cloudwatch.list_metrics(Namespace="Watchpost", MetricName=METRIC)["Metrics"], "the service's metric"
    )
    wanted = {"kind": "metric", "service": name, "alarm": "usage-stopped"}
    periods = {"datapoints_to_alarm": 1, "evaluation_periods": 1}
    with _configured(account, {"alarms": {"overrides": [{**wanted, "enabled": True, "threshold": 3, **periods}]}}):
        account.invoke(account.outputs()["ProvisionerFunction"], {"action": "apply"})
        yield made
    account.client("logs").delete_log_group(logGroupName=made.group)


def test_errors_in_log_lines_ring_the_alarm_and_its_service_and_healthy_lines_end_both(service: Service) -> None:
    # given time enough in this minute: a line counts in the minute in which it was written
    eventually(lambda: time.time() % MINUTE < MINUTE - ROOM, "a new minute", ROOM + 5)
    minute = time.time() // MINUTE

    # when as many errors are written as the alarm waits for
    service.says(*(json.dumps({"level": "error", "message": f"payment {number} failed"}) for number in range(5)))

    # then it rings, and the alarm that pages for the service
    service.becomes("logs/errors", "ALARM")
    service.becomes("service/unhealthy", "ALARM")

    # and in a later minute a line that tells of no error ends both
    eventually(lambda: time.time() // MINUTE > minute, "the next minute", MINUTE + 5)
    service.says("payment 6 taken")
    service.becomes("logs/errors", "OK")
    service.becomes("service/unhealthy", "OK")


def test_too_few_values_of_an_own_metric_ring_its_alarm_and_enough_of_them_end_it(service: Service) -> None:
    part = f"{METRIC}/usage-stopped"
    assert service.state(part) == "INSUFFICIENT_DATA"

    # when one value comes where three are expected
    service.measures(5)

    # then the alarm rings
    service.becomes(part, "ALARM")

    # and further values end it
    for value in (6, 7):
        service.measures(value)
    service.becomes(part, "OK")


def test_its_dashboard_asks_its_log_group_for_errors_and_the_overview_for_what_it_costs(service: Service) -> None:
    cloudwatch = service.account.client("cloudwatch")

    def widgets(subject: str) -> list[dict[str, Any]]:
        listed = cloudwatch.list_dashboards(DashboardNamePrefix=f"watchpost-{subject}")["DashboardEntries"]
        bodies = [cloudwatch.get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"] for entry in listed]
        return [widget["properties"] for body in bodies for widget in json.loads(body)["widgets"]]

    (query,) = [widget["query"] for widget in widgets(service.name) if "query" in widget]
    assert query.startswith(f"SOURCE '{service.group}'")
    used = ["AWS/Logs", "IncomingBytes", "LogGroupName", service.group]
    assert used in [entry[:-1] for widget in widgets("overview") for entry in widget.get("metrics", ())]


def test_what_the_deployed_provisioner_has_put_would_be_taken_by_cloudwatch(service: Service) -> None:
    alarms, dashboards = readback.check(service.account.client("cloudwatch"), "watchpost")

    assert alarms >= 3  # on lines, on the metric, and the one that pages
    assert dashboards >= 2
