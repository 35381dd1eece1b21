"""Steady load on a stack, and an exact count of what became of it."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import requests

from tests.acceptance.helpers import eventually, subscription_event, unanswered

if TYPE_CHECKING:
    from tests.acceptance.region import Region

PAUSE = 0.4  # seconds between two batches of lines
MOST = 5_000  # lines that are counted


class Load:
    """Writes lines both ways into a stack for the length of a block: into a log group, and into the stream.

    Each batch is a plain line and a metric line for the group, and one of each for the stream.
    """

    def __init__(self, world: Region, namespace: str) -> None:
        """namespace: of CloudWatch metrics. The group is made and subscribed here."""
        self.world, self.namespace = world, namespace
        name = uuid.uuid4().hex[:8]
        self.group, self.streamed, self.service = f"/load/{name}", f"/load/{name}-streamed", f"load-{name}"
        self.written: list[str] = []  # the plain lines; there are as many metric lines, each with the value 1
        self._since = int(time.time() * 1000)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._problems: list[Exception] = []
        world.logs.create_log_group(logGroupName=self.group)
        world.logs.create_log_stream(logGroupName=self.group, logStreamName="stream")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._problems == []

    def batches(self, number: int) -> None:
        """Wait until so many more batches have been written."""
        until = len(self.written) + 2 * number
        eventually(lambda: len(self.written) >= until or self._problems, f"{number} more batches of lines", 120)

    def check(self, *, told: bool = True) -> None:
        """Check that each line is one document, and the sum of the values exact, with a replay where it is needed.

        A call that CloudWatch did not answer in time is sent again, and its values can be there once more
        (docs/guarantees.md, bound 1). The emulator is one process, which a deployment on a busy machine keeps from
        answering for seconds. The shipper's log says how many values that can be, and no more than those are accepted.

        told: whether all of the shipper's versions say that; the first that does is 0.1.0.
        """
        eventually(self._has_arrived, "that all lines and values arrived")
        found = Counter(document["message"] for document in self.documents())
        missing = [text for text in self.written if found[text] != 1]
        assert missing == [], f"{len(missing)} of {len(self.written)} lines are not stored exactly once"
        assert len(self.documents()) == 2 * len(self.written)
        sold, written = self.sold(), len(self.written)
        assert sold >= written, f"{sold} of {written} values"
        twice = unanswered(self.world.account, self._since, self.world.name, self.world.region)
        assert not told or sold <= written + twice, f"{sold} of {written} values"

    def _has_arrived(self) -> bool:
        world = self.world
        world.account.invoke(world.outputs["ReplayFunction"], {"dryRun": False}, world.region)
        lines = len(self.written)
        return len(self.documents()) >= 2 * lines and self.sold() >= lines

    def documents(self, index: str = "*") -> list[dict[str, Any]]:
        """The documents of both groups. index: the end of the data streams' names, their environment."""
        root = self.world.account.elasticsearch_url
        url = f"{root}/logs-watchpost.*-{index},metrics-watchpost.*-{index}"
        requests.post(f"{url}/_refresh", timeout=30).raise_for_status()
        query = {"terms": {"aws.cloudwatch.log_group": [self.group, self.streamed]}}
        answer = requests.post(
            f"{url}/_search", json={"size": MOST, "query": query}, params={"ignore_unavailable": "true"}, timeout=30
        )
        answer.raise_for_status()
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]]

    def sold(self) -> float:
        """What CloudWatch has of the metric, all values together."""
        now = time.time()
        points = self.world.account.client("cloudwatch", self.world.region).get_metric_statistics(
            Namespace=self.namespace,
            MetricName="sold",
            Dimensions=[{"Name": "Service", "Value": self.service}],
            StartTime=now - 900,
            EndTime=now + 300,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def _run(self) -> None:
        logs = self.world.account.client("logs", self.world.region)
        kinesis = self.world.account.client("kinesis", self.world.region)
        try:
            while not self._stop.wait(PAUSE):
                text = uuid.uuid4().hex
                lines = [
                    json.dumps({"service": self.service, "message": f"direct {text}"}),
                    json.dumps({"service": self.service, "message": "MONITORING|1|Count|sold|shop"}),
                ]
                now = int(time.time() * 1000)
                events = [{"timestamp": now, "message": line} for line in lines]
                logs.put_log_events(logGroupName=self.group, logStreamName="stream", logEvents=events)
                lines[0] = lines[0].replace("direct", "streamed")
                payload = subscription_event(self.streamed, lines)["awslogs"]["data"]
                kinesis.put_record(
                    StreamName=f"{self.world.name}-logs", Data=base64.b64decode(payload), PartitionKey=text
                )
                self.written += [f"direct {text}", f"streamed {text}"]
        except Exception as error:  # noqa: BLE001  # told by whoever waits for it
            self._problems.append(error)
