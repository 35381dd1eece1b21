"""Index templates in a real Elasticsearch, and the answers to CloudFormation."""

from __future__ import annotations

import http.server
import importlib.resources
import io
import json
import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from provisioner import events, handler, templates
from provisioner.deadline import Deadline
from provisioner.run import Account
from watchpost import aws, configuration, settings
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterRefusedError, ConfigurationError, PayloadError, ProvisioningError
from watchpost.secrets import Secret
from watchpost.settings import Settings

from tests.unit.provisioner.limits import check_alarm, check_dashboard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION = "eu-west-1"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there


def _deadline() -> Deadline:
    return Deadline(lambda: 300.0, put_interval=0)


def _cluster(url: str) -> Cluster:
    parts = urlsplit(url)
    credentials = {"username": parts.username or "nobody", "password": parts.password or "nothing"}
    return Cluster.connect(f"{parts.scheme}://{parts.hostname}:{parts.port}", Secret("test", credentials))


@pytest.fixture(scope="module")
def cluster(elasticsearch_url: str) -> Cluster:
    return _cluster(elasticsearch_url)


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster) -> Iterator[Path]:
    """A component and an index template of this test alone."""
    name = f"provisioner-{uuid.uuid4().hex[:8]}"
    component = {
        "template": {
            "settings": {"number_of_shards": 1, "index.codec": "best_compression", "index": {"refresh_interval": "5s"}},
            "mappings": {"dynamic": False, "properties": {"app": {"type": "flattened"}, "a.b": {"type": "keyword"}}},
        },
        "version": 1,
        "_meta": {"version": 1},
    }
    index = {
        "index_patterns": [f"{name}-*"],
        "data_stream": {},
        "composed_of": [name],
        "priority": 500,
        "template": {"lifecycle": {"data_retention": "30d"}},
        "_meta": {"version": 1},
    }
    root = tmp_path / "elasticsearch"
    for kind, body in (("component", component), ("index", index)):
        (root / kind).mkdir(parents=True)
        (root / kind / f"{name}.json").write_text(json.dumps(body))
    yield root
    for path in (f"/_index_template/{name}", f"/_component_template/{name}"):
        _delete(cluster, path)


def _delete(cluster: Cluster, path: str) -> None:
    try:
        cluster.request("DELETE", path)
    except ClusterRefusedError as error:
        assert error.status == 404  # noqa: PT017  # a test that installed nothing has nothing to delete


def _install(folder: Path, connect: Callable[[], Cluster], *, apply: bool = True) -> dict[str, Any]:
    return templates.install(connect, templates.load(folder), _deadline(), apply=apply).as_dict()


def _name(folder: Path) -> str:
    return next((folder / "index").iterdir()).stem


def test_templates_are_installed_once_components_first(folder: Path, cluster: Cluster) -> None:
    name = _name(folder)

    first = _install(folder, lambda: cluster)
    second = _install(folder, lambda: cluster)

    assert first == {"installed": [f"component/{name}", f"index/{name}"], "unchanged": [], "failed": []}
    assert second == {"installed": [], "unchanged": [f"component/{name}", f"index/{name}"], "failed": []}
    [found] = cluster.request("GET", f"/_index_template/{name}")["index_templates"]
    assert found["index_template"]["composed_of"] == [name]


def test_a_plan_installs_nothing(folder: Path, cluster: Cluster) -> None:
    planned = _install(folder, lambda: cluster, apply=False)

    assert len(planned["installed"]) == 2
    with pytest.raises(ClusterRefusedError) as caught:
        cluster.request("GET", f"/_index_template/{_name(folder)}")
    assert caught.value.status == 404


def test_a_template_is_installed_again_when_its_version_or_the_clusters_copy_changed(
    folder: Path, cluster: Cluster
) -> None:
    # given templates that are installed
    name = _name(folder)
    _install(folder, lambda: cluster)

    # when the file's version changes, and somebody changes the component in the cluster
    file = folder / "index" / f"{name}.json"
    file.write_text(file.read_text().replace('"version": 1', '"version": 2'))
    cluster.request("PUT", f"/_component_template/{name}", {"template": {"settings": {"number_of_shards": 3}}})
    again = _install(folder, lambda: cluster)

    # then both are installed, and nothing after that
    assert again["installed"] == [f"component/{name}", f"index/{name}"]
    assert _install(folder, lambda: cluster)["installed"] == []


def test_one_template_that_is_refused_does_not_stop_the_others(folder: Path, cluster: Cluster) -> None:
    name = _name(folder)
    (folder / "component" / "provisioner-wrong.json").write_text('{"template": {"mappings": {"nonsense": 1}}}')

    result = templates.install(lambda: cluster, templates.load(folder), _deadline(), apply=True)

    assert [item["name"] for item in result.failed] == ["component/provisioner-wrong"]
    assert "400" in result.failed[0]["reason"]
    assert not result.outside
    assert result.installed == [f"component/{name}", f"index/{name}"]


def test_the_templates_of_the_repository_are_unchanged_the_second_time(cluster: Cluster) -> None:
    """Only GET requests and templates that anyone may install again: other tests use them."""
    loaded = templates.load(importlib.resources.files("dashboards") / "elasticsearch")
    assert loaded
    first = templates.install(lambda: cluster, loaded, _deadline(), apply=True)
    second = templates.install(lambda: cluster, loaded, _deadline(), apply=True)
    assert first.failed == second.failed == []
    assert second.unchanged == [template.title for template in loaded]


@dataclass
class CloudFormation:
    """A small server that takes the answers to custom resources."""

    url: str
    answers: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
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
        yield taken
        server.shutdown()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Iterator[Account]:
    """AWS in this process with one service whose definitions are the repository's."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    (tmp_path / "services").mkdir()
    for file in (importlib.resources.files("dashboards") / "services").iterdir():
        (tmp_path / "services" / file.name).write_text(file.read_text())
    with mock_aws(config={"core": {"passthrough": {"urls": [r"http://127\.0\.0\.1.*"]}}}):
        _service()
        made = Account(
            settings=_settings(),
            cloudwatch=boto3.client("cloudwatch"),
            lambda_=boto3.client("lambda"),
            tagging=boto3.client("resourcegroupstaggingapi"),
            configuration=lambda: configuration.parse("{}"),
            cluster=lambda: _cluster(NOWHERE),
            definitions=tmp_path,
        )
        _check_requests(made.cloudwatch)
        yield made


def _check_requests(cloudwatch: Any) -> None:
    watched = cloudwatch.meta.events
    watched.register("provide-client-params.cloudwatch.PutMetricAlarm", lambda params, **_: check_alarm(params))
    watched.register("provide-client-params.cloudwatch.PutDashboard", lambda params, **_: check_dashboard(params))


def _service() -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    boto3.client("lambda").create_function(
        FunctionName="orders-api", Runtime="python3.13", Handler="a.b", Role=role, Code={"ZipFile": b"x"},
        Tags={"service": "orders"}, Timeout=3,
    )  # fmt: skip


def _settings() -> Settings:
    values = dict.fromkeys(Settings.__slots__, "unused") | {
        "stack": "wp",
        "aws_region": REGION,
        "metric_namespace": "Watchpost",
        "elasticsearch_url": NOWHERE,
        "elasticsearch_secret": "search",
        "config_parameter": "/watchpost/wp/config",
        "critical_topic": f"arn:aws:sns:{REGION}:123456789012:critical",
        "warning_topic": f"arn:aws:sns:{REGION}:123456789012:warning",
    }
    return Settings(**values)


def _request(cloudformation: CloudFormation, kind: str) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": cloudformation.url,
        "StackId": "arn:stack",
        "RequestId": "1",
        "LogicalResourceId": "Provisioning",
        "ResourceProperties": {},
    }


def _send(cloudformation: CloudFormation, kind: str, account: Callable[[], Account]) -> dict[str, Any]:
    """Answer a request and return what CloudFormation was told."""
    events.handle(_request(cloudformation, kind), "the-stream", _deadline(), account)
    [answer] = cloudformation.answers
    cloudformation.answers.clear()
    return answer


def _alarms(account: Account) -> list[str]:
    return [alarm["AlarmName"] for alarm in account.cloudwatch.describe_alarms()["MetricAlarms"]]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deployment_installs_templates_alarms_and_dashboards(
    account: Account, cloudformation: CloudFormation, cluster: Cluster, kind: str
) -> None:
    answer = _send(cloudformation, kind, lambda: replace(account, cluster=lambda: cluster))

    assert answer["Status"] == "SUCCESS"
    assert len(_alarms(account)) == 6
    name = _name(account.definitions / "elasticsearch")
    assert cluster.request("GET", f"/_index_template/{name}")["index_templates"]


def _empty_secret() -> Cluster:
    return Cluster.connect(NOWHERE, Secret("search", {}))


def _unreadable_secret() -> Cluster:
    raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no value"}}, "GetSecretValue")


@pytest.mark.parametrize("connect", [lambda: _cluster(NOWHERE), _empty_secret, _unreadable_secret])
def test_a_deployment_succeeds_while_elasticsearch_is_away_or_its_secret_is_empty(
    account: Account, cloudformation: CloudFormation, connect: Callable[[], Cluster]
) -> None:
    """The secret can be filled only after the first deployment."""
    answer = _send(cloudformation, "Create", lambda: replace(account, cluster=connect))

    assert answer["Status"] == "SUCCESS"
    assert len(_alarms(account)) == 6
    # and the schedule tells that the templates are missing
    with pytest.raises(ProvisioningError):
        events.handle({}, "the-stream", _deadline(), lambda: replace(account, cluster=connect))


def test_wrong_credentials_do_not_fail_a_deployment(
    account: Account, cloudformation: CloudFormation, elasticsearch_url: str
) -> None:
    parts = urlsplit(elasticsearch_url)
    wrong = f"{parts.scheme}://nobody:nothing@{parts.hostname}:{parts.port}"

    answer = _send(cloudformation, "Create", lambda: replace(account, cluster=lambda: _cluster(wrong)))

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
    account: Account, cloudformation: CloudFormation, cluster: Cluster
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
    name = _name(account.definitions / "elasticsearch")
    assert cluster.request("GET", f"/_index_template/{name}")["index_templates"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Whatever"])
def test_cloudformation_gets_an_answer_whatever_happens(cloudformation: CloudFormation, kind: str) -> None:
    def unexpected() -> Account:
        raise ZeroDivisionError("nobody thought of this")

    answer = _send(cloudformation, kind, unexpected)

    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "Provisioning"
    assert ("nobody thought of this" if kind != "Whatever" else "RequestType") in answer["Reason"]


class Context:
    """What Lambda hands over beside the event."""

    function_name = "wp-provisioner"
    memory_limit_in_mb = 512
    invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:wp-provisioner"
    aws_request_id = "request-1"
    log_stream_name = "the-stream"
    tenant_id = None

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 300_000


@pytest.fixture
def deployed(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The environment of the deployed function, with nothing kept of other tests."""
    for name in Settings.__slots__:
        monkeypatch.setenv(name.upper(), getattr(account.settings, name))
    boto3.client("ssm").put_parameter(Name="/watchpost/wp/config", Value="{}", Type="String")
    boto3.client("secretsmanager").create_secret(Name="search", SecretString="{}")
    kept = (settings.current, aws.cloudwatch, aws.lambda_, aws.tagging, aws.ssm, aws.secrets)
    for cached in kept:
        cached.cache_clear()
    yield account
    for cached in kept:
        cached.cache_clear()


def test_the_handler_plans_with_the_definitions_that_are_installed(deployed: Account) -> None:
    result = handler.lambda_handler({"action": "plan"}, Context())

    assert len(result["alarms"]["created"]) == 6
    assert result["dashboards"]["created"] == ["wp-orders"]
    assert result["templates"]["failed"][0]["name"] == "elasticsearch"
    assert _alarms(deployed) == []


def test_the_handler_reads_a_configuration_that_was_just_pushed(deployed: Account) -> None:
    handler.lambda_handler({"action": "plan"}, Context())
    pushed = '{"alarms": {"lambda.throttles": {"enabled": false}}}'
    boto3.client("ssm").put_parameter(Name="/watchpost/wp/config", Value=pushed, Type="String", Overwrite=True)

    result = handler.lambda_handler({"action": "plan"}, Context())

    assert len(result["alarms"]["created"]) == 5


def test_the_handler_refuses_what_it_does_not_know(deployed: Account) -> None:
    with pytest.raises(PayloadError, match="unknown action"):
        handler.lambda_handler({"action": "destroy"}, Context())


def test_the_log_tells_the_result_and_no_secret_address(
    deployed: Account, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows the address can answer in our place."""
    output = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", output)

    handler.lambda_handler(_request(cloudformation, "Create"), Context())

    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    assert cloudformation.answers[0]["Status"] == "SUCCESS"
    [told] = [line["result"] for line in lines if line["message"] == "reconciled"]
    assert "wp/orders/orders-api/errors" in told["alarms"]["created"]
    assert told["without_alarm"]["no stream source"] == 1
    assert [line["level"] for line in lines if "not installed" in line["message"]] == ["WARNING"]
    assert cloudformation.url not in output.getvalue()
