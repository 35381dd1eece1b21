"""`watchpost cost` over an account: what CloudWatch counted, by service, on one bill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from watchpost.ledger import Entry, Ledger
from watchpost_cli.main import main

from tests.integration.provisioning_cli_shell import Shell, opened
from tests.integration.services_account.account import make_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = "wp-ledger"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Shell]:
    with opened(monkeypatch, capsys, tmp_path) as made:
        made.definitions = None
        make_ledger(TABLE)
        made.world.function("wp-shipper", MemorySize=512, Architectures=["arm64"])
        made.outputs |= {"ShipperFunction": "wp-shipper", "LedgerTable": TABLE}
        yield made


def _publish(namespace: str, name: str, *values: float, **dimensions: str) -> None:
    """Put values of half an hour ago, each as one."""
    at = datetime.now(UTC) - timedelta(minutes=30)
    where = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    data = [{"MetricName": name, "Value": value, "Timestamp": at, "Dimensions": where} for value in values]
    boto3.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)  # type: ignore[arg-type]


def _covered(group: str, service: str) -> None:
    entry = Entry(group, "covered", "2026-11-20T00:00:00Z", "everything", "", service=service)
    Ledger(boto3.client("dynamodb"), TABLE).put([entry])


def _used() -> None:
    """Two services with lines, one of them with a metric of its own, and a shipper that shipped them."""
    _covered("/a/one", "orders")
    _covered("/a/two", "orders")
    _covered("/b", "mail")
    for service, lines in (("orders", (100, 200)), ("mail", (100,))):
        _publish("Watchpost", "LogLines", *lines, Service=service)
        _publish("Watchpost", "LogErrors", 0, Service=service)
    _publish("Watchpost", "paid", 1, Service="orders", Shop="x")
    _publish("Watchpost", "unrelated", 1, Host="x")
    for group, size in (("/a/one", 1000), ("/a/two", 500), ("/b", 10), ("/aws/lambda/wp-shipper", 7)):
        _publish("AWS/Logs", "IncomingBytes", size, LogGroupName=group)
    _publish("AWS/Lambda", "Invocations", 50, FunctionName="wp-shipper")
    _publish("AWS/Lambda", "Duration", 10_000, FunctionName="wp-shipper")
    _publish("Watchpost/Pipeline", "LinesReceived", 400, Stack="wp")
    _publish("Watchpost/Pipeline", "LinesReceived", 400, Stack="another")


def test_every_service_has_its_lines_bytes_invocations_and_metrics(shell: Shell) -> None:
    _used()

    told = shell.json("cost", "--since", "1h")

    rest = {one["what"]: one["usd"] for one in told["rest"]}
    assert told["total"] == pytest.approx(sum(one["usd"]["total"] for one in told["services"]) + sum(rest.values()))
    services: dict[str, Any] = {one.pop("service"): one for one in told["services"]}
    for one in services.values():
        usd = one.pop("usd")
        assert usd["total"] == pytest.approx(usd["shipper"] + usd["metrics"])
        assert usd["metrics"] == pytest.approx(0.3 * one["metrics"])
    assert services == {
        "orders": {"lines": 300, "bytes": 1500, "invocations": 2, "share": 0.75, "metrics": 3},
        "mail": {"lines": 100, "bytes": 10, "invocations": 1, "share": 0.25, "metrics": 2},
    }
    assert 1 <= told["hours"] < 1.1
    assert rest["Watchpost's own metrics (1)"] == pytest.approx(0.3)
    assert told["paidAnyway"]["logIngestion"] > 0


def test_people_get_a_table_of_the_same(shell: Shell) -> None:
    _used()

    code, out, err = shell.run("cost", "--since", "1h")

    assert (code, err) == (0, "")
    assert "75.0 %" in out
    assert "An estimate: a month like the time from" in out


def test_an_account_without_lines_is_shown_too(shell: Shell) -> None:
    told = shell.json("cost")

    assert told["services"] == []
    assert told["total"] > 0


def test_what_is_refused_is_told_in_one_sentence(shell: Shell) -> None:
    shell.refuse("cloudwatch", "GetMetricData")

    code, out, err = shell.run("cost")

    assert (code, out) == (2, "")
    assert err.startswith("watchpost: CloudWatch's metrics cannot be read: ")
    assert err.count("\n") == 1


def test_it_changes_nothing(shell: Shell) -> None:
    _used()

    assert main(["cost", "--stack", "wp", "--json"]) == 0
    assert shell.writes == []
