"""What the integration tests stand on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tables
from tests.integration.faults.table import HEADINGS, cells
from tests.integration.faults.verdict import Judge
from tests.integration.faults.world import DELIVERIES, Worlds
from tests.integration.notifier_world import one_stack_at_night
from tests.integration.receivers.webhook import Webhook
from tests.integration.subscriber_world import cloudformation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World
    from tests.integration.subscriber_world import CloudFormation


@pytest.fixture(scope="session")
def elasticsearch_url(request: pytest.FixtureRequest) -> str:
    """URL with credentials of a real Elasticsearch: the one of ELASTICSEARCH_URL, else the session's own."""
    url = os.environ.get("ELASTICSEARCH_URL")
    return url or request.getfixturevalue("local_account").elasticsearch_url


@pytest.fixture(scope="session")
def worlds(elasticsearch_url: str) -> Iterator[Worlds]:
    """Stacks with the real handler in processes of their own, and faults on their ways to a real Elasticsearch."""
    with tempfile.TemporaryDirectory() as directory:  # a short path: that of a socket has 107 characters at most
        made = Worlds(elasticsearch_url, Path(directory))
        yield made
        made.close()


@pytest.fixture(params=DELIVERIES)
def delivery(request: pytest.FixtureRequest) -> str:
    """How events reach the shipper."""
    return str(request.param)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Compares what is found with what is promised, for the table; closes the worlds of a test."""
    made = Judge()
    yield made
    tables.add(request, "fault matrix", map(cells, made.rows), HEADINGS)
    for world in made.worlds:
        world.close()


@pytest.fixture
def stack() -> Iterator[CloudFormation]:
    """CloudFormation, waiting for the answers of the subscriber's custom resource."""
    with cloudformation() as found:
        yield found


@pytest.fixture
def ops() -> Iterator[Webhook]:
    """The receiver of notifications that nearly every test of the notifier has."""
    with Webhook("ops") as found:
        yield found


@pytest.fixture
def awake() -> Iterator[Webhook]:
    """A receiver without quiet hours."""
    with Webhook("awake") as found:
        yield found


@pytest.fixture
def night() -> Iterator[World]:
    """A stack in the quiet hours of `ops`."""
    with one_stack_at_night() as found:
        yield found


@pytest.fixture
def quiet(night: World, ops: Webhook, awake: Webhook) -> World:
    """The same with both receivers."""
    return night.tells(ops, awake)
