"""The shipper against a real Elasticsearch, with the index templates of dashboards/elasticsearch."""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto import mock_aws
from shipper import bulk, cloudwatch, handler
from shipper.deadline import Deadline
from shipper.deliver import Courier
from shipper.pipeline import Surroundings, run
from watchpost import aws, ingest, settings
from watchpost.configuration import Configuration, Logs
from watchpost.elasticsearch import Cluster
from watchpost.ingest import Ingest
from watchpost.secrets import Secret
from watchpost.settings import Settings
from watchpost.signing import Credentials

from tests.integration.faults.aws import Aws
from tests.integration.faults.signature import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN
from tests.integration.lambda_context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).parents[2] / "dashboards" / "elasticsearch"
SECOND = int(time.time())  # CloudWatch takes no values of another time
NOW = SECOND * 1000
REGION = "eu-west-1"
BUCKET = "dead-letters"
KEYS = Credentials(ACCESS_KEY, SECRET_KEY, SESSION_TOKEN)
ALL = Configuration(logs=Logs(platform="all"))


def credentials(url: str) -> tuple[str, dict[str, str]]:
    """A URL without credentials, and those as in the secret."""
    parts = urlsplit(url)
    bare = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    return bare, {"username": parts.username or "", "password": parts.password or ""}


@dataclass
class Stack:
    """A namespace of its own in Elasticsearch, and an AWS account in memory."""

    namespace: str
    cluster: Cluster
    account: Aws  # CloudWatch
    surroundings: Surroundings

    def ship(self, *messages: str) -> dict[str, float]:
        return run(event(*messages), self.surroundings)

    def documents(self, kind: str = "logs-watchpost.app") -> list[dict[str, Any]]:
        stream = f"{kind}-{self.namespace}"
        self.cluster.request("POST", f"/{stream}/_refresh")
        found = self.cluster.request("POST", f"/{stream}/_search", {"size": 1_000, "sort": ["@timestamp"]})
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def count(self, kind: str, query: dict[str, Any]) -> int:
        stream = f"{kind}-{self.namespace}"
        self.cluster.request("POST", f"/{stream}/_refresh")
        return int(self.cluster.request("POST", f"/{stream}/_count", {"query": query})["count"])


def event(*messages: str) -> dict[str, Any]:
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/orders-api",
        "logStream": "2026/11/21/[$LATEST]0a1b",
        "subscriptionFilters": ["watchpost"],
        "logEvents": [
            {"id": f"{number:056d}", "timestamp": NOW + number, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}


def install_templates(cluster: Cluster, namespace: str) -> None:
    """The templates as they are, but for this namespace only: others use the cluster at the same time."""
    for path in sorted((TEMPLATES / "component").glob("*.json")):
        cluster.request("PUT", f"/_component_template/{path.stem}-{namespace}", json.loads(path.read_text()))
    for path in sorted((TEMPLATES / "index").glob("*.json")):
        body = json.loads(path.read_text())
        body["index_patterns"] = [f"{path.stem}-{namespace}"]
        body["composed_of"] = [f"{name}-{namespace}" for name in body["composed_of"]]
        body["priority"] = 900
        cluster.request("PUT", f"/_index_template/{path.stem}-{namespace}", body)


@pytest.fixture
def account() -> Iterator[Aws]:
    made = Aws({}, {})
    made.start()
    yield made
    made.stop()
    assert made.unsigned == []


@pytest.fixture
def stack(elasticsearch_url: str, account: Aws) -> Iterator[Stack]:
    """Templates installed for a new namespace, a bucket and CloudWatch."""
    namespace = f"t{uuid.uuid4().hex}"
    url, secret = credentials(elasticsearch_url)
    cluster = Cluster.connect(url, Secret("test", secret))
    install_templates(cluster, namespace)
    documents_in = Ingest(url, Secret("test", secret))
    metrics = cloudwatch.CloudWatch(account.url, REGION, lambda: KEYS)
    with mock_aws():
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        names = {
            "stack": "watchpost",
            "environment": namespace,
            "aws_region": REGION,
            "elasticsearch_url": url,
            "metric_namespace": "Watchpost",
            "dead_letter_bucket": BUCKET,
        }
        surroundings = Surroundings(
            settings=Settings(**dict.fromkeys(Settings.__slots__, "unused") | names),
            configuration=ALL,
            connect=lambda **_: documents_in,
            cloudwatch=lambda: metrics,
            s3=lambda: s3,
            entry_of=lambda _: None,
            deadline=Deadline(lambda: 60.0),
            request_id="invocation",
            now_ms=lambda: NOW + 1_000,
        )
        yield Stack(namespace, cluster, account, surroundings)
    documents_in.close()
    metrics.close()


def test_lines_land_in_the_data_stream_of_their_kind_with_the_types_of_the_templates(stack: Stack) -> None:
    # given one line of each kind
    lines = (
        '{"level": "ERROR", "message": "card refused", "order": {"id": 7}, "correlation_id": "c-1"}',
        "REPORT RequestId: 6bc9\tDuration: 3.21 ms\tInit Duration: 99.5 ms\tMemory Size: 128 MB\t\n",
        f"MONITORING|{SECOND}|27.4|latency|answer-time|#channel:web",
    )

    # when they are shipped
    done = stack.ship(*lines)

    # then each is found where it belongs, by typed and by flattened fields
    assert (done["LinesReceived"], done["DocumentsDelivered"], done["DeadLettered"]) == (3, 3, 0)
    assert stack.count("logs-watchpost.app", {"term": {"log.level": "error"}}) == 1
    assert stack.count("logs-watchpost.app", {"term": {"app.order.id": "7"}}) == 1
    assert stack.count("logs-watchpost.app", {"term": {"correlation": "c-1"}}) == 1
    assert stack.count("logs-watchpost.app", {"match": {"message": "refused"}}) == 1
    assert stack.count("logs-watchpost.app", {"range": {"@timestamp": {"gte": NOW}}}) == 1
    assert stack.count("logs-watchpost.platform", {"range": {"aws.lambda.metrics.duration_ms": {"gt": 3.2}}}) == 1
    assert stack.count("logs-watchpost.platform", {"term": {"faas.coldstart": True}}) == 1
    assert stack.count("metrics-watchpost.line", {"range": {"metric.value": {"gt": 27}}}) == 1
    assert stack.count("metrics-watchpost.line", {"term": {"labels.channel": "web"}}) == 1


def test_the_templates_make_data_streams_with_their_settings(stack: Stack) -> None:
    stack.ship("x")

    stream = f"logs-watchpost.app-{stack.namespace}"
    (index,) = stack.cluster.request("GET", f"/{stream}/_settings").values()
    (mapping,) = stack.cluster.request("GET", f"/{stream}/_mapping").values()
    assert index["settings"]["index"]["codec"] == "best_compression"
    assert index["settings"]["index"]["auto_expand_replicas"] == "0-1"
    assert index["settings"]["index"]["number_of_shards"] == "1"
    assert mapping["mappings"]["dynamic"] == "false"
    assert mapping["mappings"]["properties"]["app"]["type"] == "flattened"


def test_a_redelivery_makes_no_duplicates(stack: Stack) -> None:
    lines = [f"line {number}" for number in range(20)]
    first = stack.ship(*lines)

    again = stack.ship(*lines)

    assert (first["DocumentsDelivered"], first["DocumentsDuplicate"]) == (20, 0)
    assert (again["DocumentsDelivered"], again["DocumentsDuplicate"], again["DeadLettered"]) == (0, 20, 0)
    assert len(stack.documents()) == 20


HUGE = 2**64 - 1
HOSTILE = {
    "nan": '{"msg": "x", "n": NaN, "i": -Infinity}',
    "digits": '{"msg": "x", "n": 123456789012345678901234567890, "f": 1e999, "g": 1.7e308}',
    "surrogate": '{"msg": "\\ud800", "\\ud800": "\\udff"}',
    "nul": '{"msg": "a\\u0000b", "a\\u0000b": "\\u0000", "service": "\\u0000"}',
    "keys": '{"": {"": 1}, ".": {"..": 2}, "a.b": 3, "a": {"b": 4}, " ": 5, "msg": "x"}',
    "deep-objects": '{"a":' * 1_000 + "1" + "}" * 1_000,
    "deeper-than-flattened": '{"a":' * 60 + "1" + "}" * 60,
    "deep-objects-in-lists": '{"a":[' * 90 + "1" + "]}" * 90,
    "deep-at-limit": '{"a":' * 16 + "1" + "}" * 16,
    "deep-lists": '{"a":' + "[" * 200 + "]" * 200 + "}",
    "beyond-reading": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "long-key": json.dumps({"k" * 40_000: "v"}),
    "long-path": '{"' + '":{"'.join(["😀" * 256] * 15) + '":"' + "中" * 1_024 + '"' + "}" * 15,
    "longer-path": '{"' + '":{"'.join(["😀" * 4_000] * 15) + '":"' + "中" * 1_024 + '"' + "}" * 15,
    "harmless-length": json.dumps({"😀" * 6_900: "😀" * 1_024}, ensure_ascii=False),
    "long-values": json.dumps(dict.fromkeys(("msg", "service", "requestId", "correlation_id", "x"), "é" * 40000)),
    "long-trace": json.dumps({"msg": "x", "error": {"name": "n" * 40_000, "stack": ["😀" * 40_000, "x"]}}),
    "long-line": "x" * 262_144,
    "long-word-of-json": json.dumps({"msg": "x" * 262_144, "blob": "y" * 262_144}),
    "kinds": '{"msg": {}, "level": [], "service": 7, "error": [], "correlation": 1, "labels": 2, "app": 3}',
    "own-names": '{"@timestamp": 4, "_id": 5, "_index": "x", "data_stream": {"type": 6}, "tags": {}, "metric": []}',
    "null": '{"msg": null, "app": null, "correlation": {"a": null, "": {"": []}}}',
    "platform": json.dumps(
        {"type": "platform.report", "record": {"metrics": {"durationMs": 1e308, "producedBytes": HUGE}}}
    ),
    "platform-words": f"REPORT RequestId: {'r' * 70}	Duration: 1e308 ms	Memory Size: {HUGE}0 MB	Status: "
    + "s" * 40_000,
    "metric": f"MONITORING|{SECOND}|1e108|{'t' * 40_000}|n|#{'k' * 40_000}:{'v' * 40_000},\0:\0",
    "metric-tiny": f"MONITORING|{SECOND}|5e-324|count|n",
    "empty": "",
    "control": "\0\x01\x1b[31m\u2028\ufeff",
}


@pytest.mark.parametrize("hazard", HOSTILE)
def test_a_hostile_line_is_indexed_and_takes_no_other_with_it(stack: Stack, hazard: str) -> None:
    done = stack.ship("before", HOSTILE[hazard], "after")

    assert (done["DocumentsDelivered"], done["DocumentsRejected"], done["DeadLettered"]) == (3, 0, 0)
    messages = [document["message"] for document in stack.documents()]
    assert messages[0] == "before"
    assert messages[-1] == "after"


def test_metrics_are_published_beside_the_documents(stack: Stack) -> None:
    done = stack.ship(f"MONITORING|{SECOND}|2|count|orders", f"MONITORING|{SECOND}|3|count|orders", "x")

    assert done["MetricsPublished"] == 4  # two values, LogLines and LogErrors
    key = ("Watchpost", "orders", (("Service", "orders-api"),))
    assert (stack.account.cloudwatch.sums[key], stack.account.cloudwatch.samples[key]) == (5, 2)
    assert stack.account.cloudwatch.invalid == []


def test_without_a_template_nothing_becomes_a_plain_index_and_everything_is_kept(stack: Stack) -> None:
    # given a name that no template matches
    name = f"unknown-{stack.namespace}"
    items = [bulk.item(name, "1", {"@timestamp": "2026-11-21T08:00:00.000Z", "message": "x"})]

    # when a document is sent there
    courier = Courier(stack.surroundings.connect, stack.surroundings.deadline)
    courier.send(bulk.Documents.of(items))
    done = courier.finish()

    # then it is a dead letter with Elasticsearch's reason, and no index was made
    assert (done.delivered, done.rejected) == (0, 1)
    (failure,) = done.failures
    assert json.loads(bulk.Original(failure.item).json())["document"]["message"] == "x"
    assert "data stream" in failure.reason
    assert stack.cluster.request("GET", f"/{name}*/_settings") == {}


CACHES = (settings.current, aws.session, aws.s3, aws.ssm, aws.secrets, cloudwatch.connected)


def test_the_handler_finds_settings_configuration_and_secret(
    stack: Stack, elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a deployed function's environment
    _, secret = credentials(elasticsearch_url)
    for name in Settings.__slots__:
        monkeypatch.setenv(name.upper(), getattr(stack.surroundings.settings, name))
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("ELASTICSEARCH_SECRET", stack.namespace)
    monkeypatch.setenv("CONFIG_PARAMETER", f"/watchpost/{stack.namespace}/config")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", stack.account.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION_TOKEN)
    for cache in CACHES:
        cache.cache_clear()
    manager = boto3.client("secretsmanager", region_name=REGION)
    manager.create_secret(Name=stack.namespace, SecretString=json.dumps(secret))
    parameter = f"/watchpost/{stack.namespace}/config"
    boto3.client("ssm", region_name=REGION).put_parameter(Name=parameter, Value="{}", Type="String")

    # when it is invoked
    done = handler.lambda_handler(event("hello"), Context("watchpost-shipper"))

    # then the line is there, and the own metrics were printed
    assert (done["DocumentsDelivered"], done["MetricsPublished"]) == (1, 2)
    assert [document["message"] for document in stack.documents()] == ["hello"]
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["DocumentsDelivered"] for line in printed] == [1]
    cloudwatch.connected(REGION, settings.current().url_suffix).close()
    ingest.ingest(settings.current()).close()
    for cache in CACHES:
        cache.cache_clear()
