"""How long the shipper waits for an Elasticsearch that was away."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import pytest
from shipper import bulk
from shipper.deadline import Deadline
from shipper.deliver import AWAY_TIMEOUT, IMPATIENCE, MAX_ATTEMPTS, Courier
from watchpost.ingest import DEFAULT_TIMEOUT, Ingest
from watchpost.secrets import Secret

ITEM = bulk.item("logs-watchpost.app-dev", "1", {"message": "x"})


@dataclass(frozen=True)
class Asked(Deadline):
    """Time without end that notes how long requests may take."""

    timeouts: list[float] = field(default_factory=list)

    def timeout(self, longest: float) -> float:
        self.timeouts.append(longest)
        return longest


@pytest.fixture
def nobody() -> Ingest:
    """A cluster whose port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Ingest(f"http://127.0.0.1:{port}", Secret("s", {"api_key": "k"}))


def timeouts_at(seconds: float, cluster: Ingest) -> list[float]:
    """How long each request of an invocation at this time may take."""
    deadline = Asked(remaining=lambda: 900.0, sleep=lambda _: None)
    courier = Courier(lambda **_: cluster, deadline, clock=lambda: seconds)
    courier.send(bulk.Documents.of([ITEM]))
    assert len(courier.finish().failures) == 1
    return deadline.timeouts


def test_a_cluster_that_was_away_is_given_little_time_and_now_and_then_all_of_it(nobody: Ingest) -> None:
    """Promise: a cluster that is back and slow is not taken for one that is away for good."""
    assert timeouts_at(1_000, nobody) == [DEFAULT_TIMEOUT] * MAX_ATTEMPTS

    assert timeouts_at(1_001, nobody) == [AWAY_TIMEOUT]
    assert timeouts_at(1_000 + IMPATIENCE - 1, nobody) == [AWAY_TIMEOUT]
    assert timeouts_at(1_000 + IMPATIENCE, nobody) == [DEFAULT_TIMEOUT]
    assert timeouts_at(1_001 + IMPATIENCE, nobody) == [AWAY_TIMEOUT]
