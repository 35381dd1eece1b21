"""A call of PutMetricData that was not answered: what may be counted once more is told, nothing else is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from shipper.cloudwatch import MetricsError
from shipper.deadline import Deadline
from shipper.publish import publish

ENTRIES = [{"MetricName": "sold", "Values": [1.0, 2.0], "Counts": [3.0, 4.0]}]


@dataclass
class FailingOnce:
    """CloudWatch, as far as a call of it can fail."""

    error: MetricsError
    calls: int = 0

    def put(self, _body: bytes, _timeout: float) -> None:
        self.calls += 1
        if self.calls == 1:
            raise self.error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MetricsError(0, "", "TimeoutError: timed out"), True),
        (MetricsError(0, "NoCredentials", "there are no AWS credentials"), False),  # nothing was sent
        (MetricsError(400, "Throttling", "Rate exceeded"), False),  # nothing was taken
    ],
)
def test_the_log_says_how_many_values_may_be_there_twice(
    error: MetricsError, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    cloudwatch = FailingOnce(error)

    done = publish(ENTRIES, lambda: cloudwatch, "Shop", Deadline(lambda: 60.0, sleep=lambda _: None))  # type: ignore[arg-type, return-value]  # in place of AWS

    assert (done.published, done.failures, cloudwatch.calls) == (7, [], 2)
    assert ("No answer to a call with 7 values, which may be counted once more" in caplog.text) is told
