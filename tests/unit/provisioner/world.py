"""An account in this process for the provisioner's integration tests: every writing request checked and recorded."""

from __future__ import annotations

import contextlib
import functools
import importlib.resources
import io
import json
import uuid
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.cloudwatch.responses import CloudWatchResponse
from provisioner.deadline import RESERVE, Deadline
from provisioner.run import Account, run
from watchpost import configuration
from watchpost.calls import Calls
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterRefusedError, ConfigurationError
from watchpost.secrets import Secret
from watchpost.settings import Settings

from tests.integration.logs_account.clock import Clock
from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pytest
    from provisioner.changes import Change
    from provisioner.result import Result

REGION = "eu-west-1"
KINDS = ("lambda", "logs")  # that the tests of alarms and dashboards need
WRITES = (
    *("PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "PutDashboard", "DeleteDashboards", "TagResource"),
    *("UntagResource", "SetAlarmState", "DisableAlarmActions", "EnableAlarmActions", "PutAnomalyDetector"),
)
# Alarms of a function without streams, reservation and asynchronous invocations, and those of a service's logs.
PLAIN = {"errors", "error-rate", "throttles", "duration", "recursion"}


def check_dashboard(request: dict[str, Any]) -> None:
    """Raises LimitError for a request of PutDashboard that CloudWatch refuses or shows wrongly."""
    dashboard_limits.check(request["DashboardName"], json.loads(request["DashboardBody"]))


CHECKS = {
    "PutMetricAlarm": check_alarm,
    "PutCompositeAlarm": check_composite,
    "PutDashboard": check_dashboard,
}


@dataclass
class World:
    """An account in this process, every writing request checked and recorded."""

    account: Account
    role: str
    document: dict[str, Any] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    seconds_left: float = 300.0  # of an invocation when it begins
    clock: Clock = field(default_factory=Clock)
    _end: float = 0.0

    def client(self, name: str) -> Any:
        """The client of a service that the provisioner uses."""
        return self.account.client(name)

    @property
    def cloudwatch(self) -> Any:
        return self.account.cloudwatch

    @property
    def deadline(self) -> Deadline:
        """That of an invocation which begins now."""
        self._end = self.clock.now() + self.seconds_left
        return Deadline(self.left)

    def left(self) -> float:
        """The seconds that are left of the last invocation."""
        return self._end - self.clock.now()

    def function(self, name: str, service: str = "orders", **more: Any) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): return None")
        self.client("lambda").create_function(
            **{"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 30, "Tags": {"service": service}, **more},
            FunctionName=name,
            Role=self.role,
            Code={"ZipFile": code.getvalue()},
        )

    def run(self, **options: Any) -> Result:
        self.writes.clear()
        return run(self.account, self.deadline, **{"apply": True, **options})

    def alarms(self, kind: str = "MetricAlarms") -> dict[str, Any]:
        """By name; the other kind is CompositeAlarms."""
        types: Any = ["MetricAlarm", "CompositeAlarm"]
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=types)
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page[kind]}

    def dashboards(self) -> set[str]:
        return {entry["DashboardName"] for entry in self.cloudwatch.list_dashboards()["DashboardEntries"]}


def made_up_settings() -> Settings:
    values = dict.fromkeys(Settings.__slots__, "unused") | {
        "stack": "wp",
        "aws_region": REGION,
        "metric_namespace": "Watchpost",
        "critical_topic": f"arn:aws:sns:{REGION}:123456789012:critical",
        "warning_topic": f"arn:aws:sns:{REGION}:123456789012:warning",
        "fallback_topic": f"arn:aws:sns:{REGION}:123456789012:fallback",
    }
    return Settings(**values)


def _no_cluster() -> Any:
    raise ConfigurationError("secret", "no credentials", "credentials")


def copied_definitions(folder: Path) -> Path:
    """A copy of the definitions of KINDS without index templates, to be changed by tests."""
    (folder / "services").mkdir()
    for kind in KINDS:
        text = (importlib.resources.files("dashboards") / "services" / f"{kind}.yaml").read_text()
        (folder / "services" / f"{kind}.yaml").write_text(text)
    return folder


@contextlib.contextmanager
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A fresh account. Requests to this machine, such as Elasticsearch's, go out."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # moto knows alarms with a rule, and not the call that makes them.
    monkeypatch.setattr(CloudWatchResponse, "put_composite_alarm", CloudWatchResponse.put_metric_alarm, raising=False)
    with mock_aws(config={"core": {"passthrough": {"urls": [r"http://127\.0\.0\.1.*"]}}}):
        trust = {"Version": "2012-10-17", "Statement": []}
        role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        client, clock = functools.cache(boto3.client), Clock()
        made = World(
            Account(
                settings=made_up_settings(),
                client=client,
                calls=Calls(clock.now, clock.sleep, lambda: made.left(), RESERVE, lambda: 0.5),  # noqa: PLW0108  # made here
                configuration=lambda: configuration.parse(json.dumps(made.document)),
                cluster=_no_cluster,
                definitions=copied_definitions(tmp_path),
            ),
            role,
            clock=clock,
        )

        def watch(params: dict[str, Any], model: Any, **_: Any) -> None:
            if model.name in CHECKS:
                CHECKS[model.name](params)
            if model.name in WRITES:
                made.writes.append(model.name)

        made.cloudwatch.meta.events.register("provide-client-params.cloudwatch", watch)
        yield made


class _Raw(io.BytesIO):
    """The body of an answer as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


def refuse(client: Any, operation: str, when: Callable[[str], bool] = lambda _: True) -> None:
    """Answer matching requests as AWS does when a role lacks the permission."""

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        if not when(request.url + body):
            return None
        refusal = json.dumps({"__type": "AccessDeniedException", "message": f"not allowed: {operation}"}).encode()
        headers: Any = {"x-amzn-errortype": "AccessDeniedException", "content-type": "application/json"}
        return AWSResponse(request.url, 403, headers, _Raw(refusal))

    client.meta.events.register_first(
        f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}", answer
    )


def names_of(changes: Iterable[Change]) -> list[str]:
    """What was created, updated or deleted, by name."""
    return [change.name for change in changes]


def named(*alarms: str, function: str = "orders-api", service: str = "orders") -> set[str]:
    return {f"wp/{service}/{function}/{alarm}" for alarm in alarms}


def connected(url: str) -> Cluster:
    parts = urlsplit(url)
    credentials = {"username": parts.username or "nobody", "password": parts.password or "nothing"}
    return Cluster.connect(f"{parts.scheme}://{parts.hostname}:{parts.port}", Secret("test", credentials))


@contextlib.contextmanager
def template_files(root: Path, cluster: Cluster) -> Iterator[Path]:
    """Files of a component and an index template that nobody else has, taken out of the cluster at the end."""
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


def stem(folder: Path) -> str:
    """The name of those two templates."""
    return next((folder / "index").iterdir()).stem
