"""The answers to CloudFormation, with AWS in this process and a real Elasticsearch."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from provisioner import events
from provisioner.deadline import Deadline
from watchpost import configuration
from watchpost.calls import Calls
from watchpost.elasticsearch import Cluster
from watchpost.errors import ConfigurationError, ProvisioningError
from watchpost.secrets import Secret

from tests.integration.logs_account.clock import Clock
from tests.unit.provisioner.world import connected, prepared, stem, template_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from provisioner.run import Account

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture(scope="module")
def cluster(elasticsearch_url: str) -> Cluster:
    return connected(elasticsearch_url)


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster) -> Iterator[Path]:
    with template_files(tmp_path / "elasticsearch", cluster) as files:
        yield files


@dataclass
class CloudFormation:
    """A small server that takes the answers to custom resources."""

    url: str
    answers: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # the name that http.server looks for
            taken.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken = CloudFormation(f"http://127.0.0.1:{server.server_port}/answer")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", taken.url)
        yield taken
        server.shutdown()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Iterator[Account]:
    """One service, the repository's definitions of alarms, this test's templates, and no Elasticsearch."""
    with prepared(monkeypatch, tmp_path) as world:
        world.function("orders-api")
        yield replace(world.account, cluster=lambda: connected(NOWHERE))


def _request(cloudformation: CloudFormation, kind: str) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": cloudformation.url,
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Provisioning",
        "ResourceProperties": {},
    }


def _send(
    cloudformation: CloudFormation, kind: str, account: Callable[[], Account], seconds: float = 300.0
) -> dict[str, Any]:
    """Answer a request, with so many seconds left, and return what CloudFormation was told."""
    deadline = Deadline(lambda: seconds)
    events.handle(_request(cloudformation, kind), "the-stream", deadline, lambda: _within(account(), deadline))
    [answer] = cloudformation.answers
    cloudformation.answers.clear()
    return answer


def _within(account: Account, deadline: Deadline) -> Account:
    """The same, with calls that end in time."""
    clock = Clock()
    return replace(account, calls=Calls(clock.now, clock.sleep, deadline.left, deadline.reserve))


def _alarms(account: Account) -> list[str]:
    return [alarm["AlarmName"] for alarm in account.cloudwatch.describe_alarms()["MetricAlarms"]]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deployment_installs_templates_alarms_and_dashboards(
    account: Account, cloudformation: CloudFormation, cluster: Cluster, folder: Path, kind: str
) -> None:
    answer = _send(cloudformation, kind, lambda: replace(account, cluster=lambda: cluster))

    assert answer["Status"] == "SUCCESS"
    assert len(_alarms(account)) == 6
    name = stem(folder)
    assert cluster.request("GET", f"/_index_template/{name}")["index_templates"]


def _empty_secret() -> Cluster:
    return Cluster.connect(NOWHERE, Secret("search", {}))


def _unreadable_secret() -> Cluster:
    raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no value"}}, "GetSecretValue")


@pytest.mark.parametrize("connect", [lambda: connected(NOWHERE), _empty_secret, _unreadable_secret])
def test_a_deployment_succeeds_while_elasticsearch_is_away_or_its_secret_is_empty(
    account: Account, cloudformation: CloudFormation, connect: Callable[[], Cluster]
) -> None:
    """The secret can be filled only after the first deployment."""
    answer = _send(cloudformation, "Create", lambda: replace(account, cluster=connect))

    assert answer["Status"] == "SUCCESS"
    assert len(_alarms(account)) == 6
    # and the schedule tells that the templates are missing
    deadline = Deadline(lambda: 300.0)
    with pytest.raises(ProvisioningError):
        events.handle({}, "the-stream", deadline, lambda: _within(replace(account, cluster=connect), deadline))


def test_a_deployment_succeeds_when_the_time_is_too_short_for_all_alarms(
    account: Account, cloudformation: CloudFormation, cluster: Cluster
) -> None:
    """Rolling back would not make time; the schedule makes the others."""
    answer = _send(cloudformation, "Create", lambda: replace(account, cluster=lambda: cluster), seconds=5.0)

    assert answer["Status"] == "SUCCESS"
    assert _alarms(account) == []


def test_a_deletion_that_leaves_something_fails(
    account: Account, cloudformation: CloudFormation, cluster: Cluster
) -> None:
    _send(cloudformation, "Create", lambda: replace(account, cluster=lambda: cluster))

    answer = _send(cloudformation, "Delete", lambda: account, seconds=5.0)

    assert answer["Status"] == "FAILED"
    assert len(_alarms(account)) == 6


def test_wrong_credentials_do_not_fail_a_deployment(
    account: Account, cloudformation: CloudFormation, elasticsearch_url: str
) -> None:
    parts = urlsplit(elasticsearch_url)
    wrong = f"{parts.scheme}://nobody:nothing@{parts.hostname}:{parts.port}"

    answer = _send(cloudformation, "Create", lambda: replace(account, cluster=lambda: connected(wrong)))

    assert answer["Status"] == "SUCCESS"


def test_a_template_that_elasticsearch_refuses_fails_the_deployment(
    account: Account, cloudformation: CloudFormation, cluster: Cluster, folder: Path
) -> None:
    (folder / "component" / "provisioner-wrong.json").write_text('{"template": {"mappings": {"nonsense": 1}}}')

    answer = _send(cloudformation, "Update", lambda: replace(account, cluster=lambda: cluster))

    assert answer["Status"] == "FAILED"
    assert "component/provisioner-wrong" in answer["Reason"]
    # and the alarms are there nevertheless
    assert len(_alarms(account)) == 6


def test_a_wrong_definition_fails_the_deployment_with_its_place(
    account: Account, cloudformation: CloudFormation, tmp_path: Path
) -> None:
    (tmp_path / "services" / "logs.yaml").write_text("title: broken")

    answer = _send(cloudformation, "Update", lambda: account)

    assert answer["Status"] == "FAILED"
    assert "services/logs.yaml: alarms: found nothing, expected a value" in answer["Reason"]


def test_a_wrong_configuration_fails_the_deployment_with_its_place(
    account: Account, cloudformation: CloudFormation
) -> None:
    document = '{"alarms": {"lambda.nonsense": {}}}'
    wrong = replace(account, configuration=lambda: configuration.parse(document))

    answer = _send(cloudformation, "Update", lambda: wrong)

    assert answer["Status"] == "FAILED"
    assert "configuration.alarms.lambda.nonsense: found an unknown alarm" in answer["Reason"]


def test_a_deletion_removes_what_is_the_stacks_own_and_nothing_else(
    account: Account, cloudformation: CloudFormation, cluster: Cluster, folder: Path
) -> None:
    # given alarms and a dashboard of the stack, an alarm of somebody else, and installed templates
    _send(cloudformation, "Create", lambda: replace(account, cluster=lambda: cluster))
    account.cloudwatch.put_metric_alarm(
        AlarmName="wp/orders/mine/alarm", Namespace="N", MetricName="M", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip

    # when the stack is deleted, although its configuration is broken
    def broken() -> configuration.Configuration:
        raise ConfigurationError("configuration", "nothing", "a document")

    answer = _send(cloudformation, "Delete", lambda: replace(account, configuration=broken))

    # then only the foreign alarm and the templates are left
    assert answer["Status"] == "SUCCESS"
    assert _alarms(account) == ["wp/orders/mine/alarm"]
    assert account.cloudwatch.list_dashboards()["DashboardEntries"] == []
    name = stem(folder)
    assert cluster.request("GET", f"/_index_template/{name}")["index_templates"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Whatever"])
def test_cloudformation_gets_an_answer_whatever_happens(cloudformation: CloudFormation, kind: str) -> None:
    def unexpected() -> Account:
        raise ZeroDivisionError("nobody thought of this")

    answer = _send(cloudformation, kind, unexpected)

    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "Provisioning"
    assert ("nobody thought of this" if kind != "Whatever" else "RequestType") in answer["Reason"]
