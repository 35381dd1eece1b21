"""A stack for one case: a faulty way to a real Elasticsearch, a small AWS, and functions that Lambda would run."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import trustme
from watchpost.settings import Settings

from tests.integration.faults.aws import BUCKET, PARAMETER, SECRET, Aws
from tests.integration.faults.elasticsearch import PATIENCE, Elasticsearch
from tests.integration.faults.load import NAMESPACE, Load
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.sandbox import Lambda, Sandbox, Sandboxes, kinesis_record
from tests.integration.faults.signature import ACCESS_KEY, SECRET_KEY, SESSION_TOKEN
from tests.integration.faults.verdict import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DIRECT, KINESIS = "direct", "Kinesis"
DELIVERIES = (DIRECT, KINESIS)
SHORT = 2_400  # milliseconds: time for some attempts, and then for the dead letters


def eventually(condition: Callable[[], Any], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE:.0f} s"
        time.sleep(0.005)


def _values(value: Any) -> tuple[Fraction, int]:
    """Sum and number of samples of a metric's value in the embedded metric format: a number, a list, or with counts."""
    if isinstance(value, dict):
        pairs = list(zip(value["Values"], value["Counts"], strict=True))
        return sum((Fraction(one) * Fraction(count) for one, count in pairs), Fraction(0)), int(sum(value["Counts"]))
    values = value if isinstance(value, list) else [value]
    return sum(map(Fraction, values), Fraction(0)), len(values)


@dataclass
class World:
    """Everything that one case has for itself."""

    elasticsearch: Elasticsearch
    namespace: str
    proxy: Proxy
    aws: Aws
    sandboxes: Sandboxes
    delivery: str
    load: Load
    function: Lambda = field(init=False)
    others: list[Lambda] = field(default_factory=list)
    compression: str = "none"
    letters: int = 0
    replayed: int = 0
    _records: int = 0

    def __post_init__(self) -> None:
        self.function = Lambda(self.sandbox)

    def environment(self) -> dict[str, str]:
        """The variables that template.yaml and Lambda itself set."""
        return {
            **dict.fromkeys((name.upper() for name in Settings.__slots__), "not used by the shipper"),
            "STACK": "watchpost",
            "ENVIRONMENT": self.namespace,
            "ELASTICSEARCH_URL": self.proxy.url,
            "ELASTICSEARCH_COMPRESSION": self.compression,
            "ELASTICSEARCH_SECRET": SECRET,
            "CONFIG_PARAMETER": PARAMETER,
            "METRIC_NAMESPACE": NAMESPACE,
            "DEAD_LETTER_BUCKET": BUCKET,
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "AWS_ENDPOINT_URL": self.aws.url,
            "URL_SUFFIX": "amazonaws.com",
        }

    def sandbox(self) -> Sandbox:
        return self.sandboxes.new(self.environment(), self.log)

    @property
    def log(self) -> Path:
        """What the function prints."""
        return self.sandboxes.directory / f"{self.load.function}.log"

    def embedded(self) -> Iterator[tuple[str, Fraction, int]]:
        """Metrics that CloudWatch takes from the function's log (embedded metric format): name, sum and samples."""
        for line in self.log.read_text().splitlines() if self.log.exists() else ():
            fields = json.loads(line) if line.startswith("{") else {}
            for directive in fields.get("_aws", {}).get("CloudWatchMetrics", []):
                if directive["Namespace"] == NAMESPACE:
                    assert directive["Dimensions"] == [["Service"]], directive
                    assert fields["Service"] == self.load.function, directive
                    for metric in directive["Metrics"]:
                        yield metric["Name"], *_values(fields[metric["Name"]])

    def another(self) -> Lambda:
        """A second sandbox of the same function."""
        made = Lambda(self.sandbox)
        self.others.append(made)
        return made

    def send(self, *events: dict[str, Any], milliseconds: int = 20_000, by: Lambda | None = None) -> None:
        """Deliver subscription events: each with an invocation of its own, or as one batch of a stream."""
        function = by or self.function
        if self.delivery == DIRECT:
            for event in events:
                function.direct(event, milliseconds)
        else:
            function.kinesis(self.records(*events), milliseconds)

    def few_events(self) -> list[dict[str, Any]]:
        """What takes one invocation, and two records where one holds several."""
        return [self.load.event() for _ in range(1 if self.delivery == DIRECT else 2)]

    def records(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        made = [kinesis_record(event, self._records + number) for number, event in enumerate(events)]
        self._records += len(events)
        return made

    def functions(self) -> list[Lambda]:
        return [self.function, *self.others]

    def replay(self) -> list[str]:
        """Deliver what is in the bucket, and what Lambda gave up; returns what was not delivered and why."""
        refused: list[str] = []
        for function in self.functions():
            given_up, function.undelivered = function.undelivered, []
            for event in given_up:
                if "Records" in event:
                    function.kinesis(event["Records"])
                else:
                    function.direct(event)
        for key, letters in self.aws.letters().items():
            self.letters += len(letters)
            answer = self.function.invoke({"deadLetters": letters})
            results = answer.get("results") if isinstance(answer, dict) else None
            if results is None or len(results) != len(letters):
                refused.append(f"no result for each of {len(letters)} letters: {str(answer)[:200]}")
                continue
            failed = [result for result in results if result.get("delivered") is not True]
            self.replayed += len(letters) - len(failed)
            refused += [str(result.get("reason")) for result in failed]
            if not failed:
                del self.aws.objects[key]
        return refused

    def found(self) -> Found:
        documents = self.elasticsearch.documents(self.namespace, self.load.log_group)
        stored: defaultdict[str, Fraction] = defaultdict(Fraction)
        for document in documents:
            if "metric" in document:
                stored[document["metric"]["name"]] += Fraction(document["metric"]["value"])
        sums: defaultdict[str, Fraction] = defaultdict(Fraction)
        samples: Counter[str] = Counter()
        for key, value in self.aws.cloudwatch.sums.items():
            namespace, name, dimensions = key
            assert (namespace, dimensions) == (NAMESPACE, (("Service", self.load.function),)), key
            sums[name] += value
            samples[name] += self.aws.cloudwatch.samples[key]
        for name, value, number in self.embedded():
            sums[name] += value
            samples[name] += number
        return Found(Counter(document["message"] for document in documents), stored, sums, samples)

    def close(self) -> None:
        for function in self.functions():
            function.close()
        self.proxy.stop()
        self.aws.stop()


class Worlds:
    """Makes worlds that share one Elasticsearch, its templates, and the process that makes sandboxes."""

    def __init__(self, url: str, directory: Path) -> None:
        self.elasticsearch = Elasticsearch(url)
        self.sandboxes = Sandboxes(directory)
        self._names: list[str] = []
        authority = trustme.CA()
        self._authority = authority.cert_pem.bytes().decode()
        self._trusted, self._untrusted = _context(authority), _context(trustme.CA())
        self._lock = threading.Lock()

    def namespace(self, name: str, extra: dict[str, Any] | None = None) -> str:
        """A namespace with the project's templates, made when it is first asked for."""
        namespace = f"{self.elasticsearch.namespace}{name}"
        with self._lock:
            if namespace not in self._names:
                self._names.append(namespace)
                self.elasticsearch.install(namespace, 900 + len(self._names), extra)
        return namespace

    def new(self, case: str, delivery: str, *, tls: bool = False, namespace: str = "") -> World:
        """A world whose log group nobody else has; by it its documents are told from others'."""
        proxy = Proxy(self.elasticsearch.url)
        credentials = dict(self.elasticsearch.credentials)
        if tls:
            proxy.tls, proxy.untrusted = self._trusted, self._untrusted
            credentials["ca_certificate"] = self._authority
        proxy.start()
        aws = Aws({"logs": {"platform": "all"}}, credentials)
        aws.start()
        load = Load(f"{case}-{delivery.lower()}-{uuid.uuid4().hex[:8]}")
        return World(self.elasticsearch, namespace or self.namespace("all"), proxy, aws, self.sandboxes, delivery, load)

    def close(self) -> None:
        self.sandboxes.close()
        self.elasticsearch.clean(*self._names)


def _context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
