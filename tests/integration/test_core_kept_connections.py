"""Connections to Elasticsearch outlive the credentials being read again; that of bulk requests ends with them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from watchpost import aws, elasticsearch, ingest, secrets

from tests.integration.faults.scripted import faulty_elasticsearch
from tests.integration.replay_world import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.settings import Settings

    from tests.integration.faults.scripted import Faulty

REGION = "eu-west-1"
SECRET = "cluster"  # a name
TIMES = 6  # of five minutes each, and more than any cache keeps


@pytest.fixture
def server() -> Iterator[Faulty]:
    with faulty_elasticsearch(keeps_open=True) as made:
        yield made


def _forget() -> None:
    """What a process keeps for its life."""
    for _, made in ingest._kept.values():
        made.close()
    ingest._kept.clear()
    secrets._kept.clear()
    aws.secrets.cache_clear()
    elasticsearch._connected.cache_clear()


@pytest.fixture
def around(server: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    _forget()
    with mock_aws():
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name=SECRET, SecretString="{}")
        _store("first")
        yield replace(settings(), elasticsearch_url=server.url, elasticsearch_secret=SECRET)
    _forget()


def _store(key: str) -> None:
    manager = boto3.client("secretsmanager", region_name=REGION)
    manager.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"api_key": key}))


def _by_bulk(around: Settings) -> None:
    ingest.ingest(around, fresh=True).bulk(b"{}\n{}\n")


def _by_client(around: Settings) -> None:
    elasticsearch.cluster(around, fresh=True).request("POST", "/_search", {})


@pytest.mark.parametrize("ask", [_by_bulk, _by_client])
def test_credentials_that_are_read_again_unchanged_need_no_other_connection(
    server: Faulty, around: Settings, ask: Callable[[Settings], None]
) -> None:
    """Promise: an environment that lives for hours has one connection to Elasticsearch, not one for each reading."""
    for _ in range(TIMES):
        ask(around)

    assert len(server.requests) == TIMES
    assert len(set(server.connections)) == 1


def test_other_credentials_take_a_connection_of_their_own_and_close_the_other(server: Faulty, around: Settings) -> None:
    """Promise: after a rotation nothing is sent with the old credentials, and their connection does not stay open."""
    _by_bulk(around)
    (first,) = server.connections

    _store("second")
    _by_bulk(around)

    assert server.ended.get(timeout=10) == first
    assert server.logins == ["ApiKey first", "ApiKey second"]
    assert len(set(server.connections)) == 2
