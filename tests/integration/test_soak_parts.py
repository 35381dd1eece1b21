"""What a soak stands on: the relay before Elasticsearch, and what the kernel tells of processes."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from local.soak import watch
from local.soak.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_proc = pytest.mark.skipif(not watch.PROC.joinpath("self/statm").exists(), reason="there is no /proc")
HOLDER = "import sys, socket; kept = [socket.socket() for _ in range(5)]; print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def relay(elasticsearch_url: str) -> Iterator[tuple[Relay, str]]:
    made = Relay(elasticsearch_url)
    with made.listening() as url:
        yield made, url


def test_what_is_asked_passes_and_is_answered_as_elasticsearch_does(
    relay: tuple[Relay, str], elasticsearch_url: str
) -> None:
    made, url = relay
    login = requests.utils.get_auth_from_url(elasticsearch_url)

    direct, passed = (
        requests.get(f"{one}/_cluster/health", auth=login, timeout=30) for one in (elasticsearch_url, url)
    )

    assert (passed.status_code, set(passed.json())) == (200, set(direct.json()))
    assert requests.get(f"{url}/_cluster/health", timeout=30).status_code == 401
    assert made.struck == 0


def test_a_busy_relay_refuses_bulk_requests_and_nothing_else(relay: tuple[Relay, str], elasticsearch_url: str) -> None:
    made, url = relay
    login = requests.utils.get_auth_from_url(elasticsearch_url)
    made.busy = True

    refused = requests.post(f"{url}/_bulk", data=b"\n", auth=login, timeout=30)
    healthy = requests.get(f"{url}/_cluster/health", auth=login, timeout=30)

    assert (refused.status_code, refused.json()["status"], healthy.status_code) == (429, 429, 200)
    assert made.struck == 1


def test_a_slow_relay_asks_elasticsearch_although_the_client_has_given_up(
    relay: tuple[Relay, str], elasticsearch_url: str
) -> None:
    made, url = relay
    made.delay = 3_600.0
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=0.2)

    connection.request("POST", "/_bulk", b"{}", {"content-type": "application/json"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()

    assert made.struck == 1
    assert made.most >= 1


@needs_proc
def test_a_process_is_found_by_its_variables_with_what_it_has() -> None:
    # given two children, of which one has the variables and five sockets
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLDER],
            env={**os.environ, "SOAK_TEST": "yes"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as wanted,
        subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        for child in (wanted, other):
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"

        # when they are looked for
        found = watch.environments(os.getpid(), {"SOAK_TEST": "yes"})
        of_nobody = watch.environments(1, {"SOAK_TEST": "yes"})

    # then only that one is found
    assert list(found) == [wanted.pid]
    assert of_nobody == {}
    assert found[wanted.pid].sockets == 5
    assert found[wanted.pid].descriptors >= 8  # and its three pipes
    assert found[wanted.pid].rss_mb > 1
