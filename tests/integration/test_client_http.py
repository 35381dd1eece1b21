"""Requests of requests, urllib3 and httpx to real servers: ids go to allowed hosts, and to no other one."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests
import urllib3
from watchpost_client import correlation, guard, instrument, passing, wire
from watchpost_client.context import Context
from watchpost_client.outgoing import http

from tests.integration.client_server import EVIL, GOOD, Server, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import httpx
except ImportError:  # a service may have it; the client works without
    httpx = None  # type: ignore[assignment]  # what needs it is skipped

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = Context("c-1", {"tenant": "t-1"}, True, PARENT, "a=1", "k=v", "test")


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as made:
        yield made


@pytest.fixture(autouse=True)
def _instrumented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urllib3.HTTPConnectionPool.urlopen)
    if httpx:
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", httpx.HTTPTransport.handle_request)
        transport = httpx.AsyncHTTPTransport
        monkeypatch.setattr(transport, "handle_async_request", transport.handle_async_request)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", passing.HOSTS):
        monkeypatch.delenv(name, raising=False)
    guard.forget()
    http.forget()
    instrument(boto=False, http_hosts=[GOOD])
    yield
    http.forget()


def _requests(url: str, headers: dict[str, str] | None = None) -> str:
    with requests.Session() as session:
        return session.get(url, headers=headers, timeout=60).text


def _urllib3(url: str, headers: dict[str, str] | None = None) -> str:
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url, headers=headers).data.decode()


def _httpx(url: str, headers: dict[str, str] | None = None) -> str:
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        return str(client.get(url, headers=headers).text)


def _httpx_async(url: str, headers: dict[str, str] | None = None) -> str:
    async def get() -> str:
        async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
            return str((await client.get(url, headers=headers)).text)

    return asyncio.run(get())


_needs_httpx = pytest.mark.skipif(httpx is None, reason="httpx is not installed")
get = pytest.mark.parametrize(
    "get",
    [
        pytest.param(_requests, id="requests"),
        pytest.param(_urllib3, id="urllib3"),
        pytest.param(_httpx, id="httpx", marks=_needs_httpx),
        pytest.param(_httpx_async, id="httpx-async", marks=_needs_httpx),
    ],
)


@get
def test_a_request_to_an_allowed_host_carries_the_whole_context_once(server: Server, get: Any) -> None:
    with correlation.use(CONTEXT):
        answer = get(server.url())

    assert json.loads(answer) == {"path": "/"}
    assert wire.write(server.context) == wire.write(CONTEXT)


@get
def test_a_request_to_another_host_carries_nothing(server: Server, get: Any) -> None:
    with correlation.use(CONTEXT):
        get(server.url(EVIL))

    assert not set(server.seen[0][1]) & set(wire.write(CONTEXT))


@get
def test_without_a_context_or_when_it_is_kept_nothing_is_added(server: Server, get: Any) -> None:
    get(server.url())
    with correlation.use(CONTEXT), correlation.not_passed_on():
        get(server.url())

    assert server.ids == [None, None]


@get
def test_a_redirect_to_another_host_does_not_take_the_ids_along(server: Server, get: Any) -> None:
    path = f"/to/{server.url(EVIL, '/stolen')}"

    with correlation.use(CONTEXT):
        answer = get(server.url(GOOD, path))

    assert json.loads(answer) == {"path": "/stolen"}
    assert server.ids == ["c-1", None]
    assert not set(server.seen[1][1]) & set(wire.write(CONTEXT))


@get
def test_a_redirect_to_an_allowed_host_has_them_again(server: Server, get: Any) -> None:
    back = server.url(GOOD, "/back")

    with correlation.use(CONTEXT):
        get(server.url(EVIL, f"/to/{back}"))

    assert server.ids == [None, "c-1"]


@get
def test_an_allowed_name_before_an_at_is_no_host(server: Server, get: Any) -> None:
    with correlation.use(CONTEXT):
        get(f"http://{GOOD}@{EVIL}:{server.port}/")
        get(f"http://{GOOD}:80@{EVIL}:{server.port}/{GOOD}")

    assert server.ids == [None, None]


@get
def test_headers_of_the_caller_are_kept_and_his_objects_not_changed(server: Server, get: Any) -> None:
    theirs = {"X-Correlation-Tenant": "theirs", "TraceParent": PARENT.replace("4bf9", "0000"), "X-Own": "1"}
    before = dict(theirs)

    with correlation.use(CONTEXT):
        get(server.url(), theirs)

    found = server.context
    assert (found.correlation_id, dict(found.fields), found.traceparent) == (
        "c-1",
        {"tenant": "theirs"},
        theirs["TraceParent"],
    )
    assert found.tracestate is None
    assert theirs == before


@get
def test_under_another_id_the_request_belongs_to_another_transaction(server: Server, get: Any) -> None:
    with correlation.use(CONTEXT):
        get(server.url(), {"X-Correlation-ID": "theirs"})

    assert wire.write(server.context) == {wire.ID: "theirs"}


@get
def test_headers_never_grow_over_what_servers_take(
    server: Server, get: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """8 KiB of them is the least limit of common servers; the baggage goes first, and it is told once."""
    baggage = "k=" + "v" * 8_000
    context = Context("c-1", {"tenant": "t-1"}, baggage=baggage)

    with correlation.use(context):
        get(server.url(), {"x-own": "v" * 200})
        get(server.url(), {"x-own": "v" * 200})

    assert [wire.BAGGAGE in headers for _, headers in server.seen] == [False, False]
    assert server.ids == ["c-1", "c-1"]
    told = capsys.readouterr().out
    assert told.count("watchpost-context-left-out|#carrier:http,reason:size") == 1


@get
def test_fifty_requests_at_once_carry_their_own_ids(server: Server, get: Any) -> None:
    def one(number: int) -> None:
        with correlation.use(correlation.new(f"c-{number}")):
            get(server.url(GOOD, f"/c-{number}"))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))

    assert len(server.seen) == 50
    assert [path.removeprefix("/") for path, _ in server.seen] == server.ids


@_needs_httpx
def test_tasks_that_share_a_client_carry_their_own_ids(server: Server) -> None:
    async def everybody() -> None:
        async with httpx.AsyncClient(timeout=60) as client:

            async def one(number: int) -> None:
                with correlation.use(correlation.new(f"c-{number}")):
                    await asyncio.sleep(0)
                    await client.get(server.url(GOOD, f"/c-{number}"))

            await asyncio.gather(*(one(number) for number in range(50)))

    asyncio.run(everybody())

    assert [path.removeprefix("/") for path, _ in server.seen] == server.ids


def test_a_prepared_request_is_sent_again_within_another_transaction(server: Server) -> None:
    """It is the service's object, so the ids of the first time are not in it."""
    with requests.Session() as session:
        prepared = session.prepare_request(requests.Request("POST", server.url(), data=b"body"))
        for number in range(2):
            with correlation.use(correlation.new(f"c-{number}")):
                answer = session.send(prepared, timeout=60)

    assert server.ids == ["c-0", "c-1"]
    assert wire.ID not in prepared.headers
    assert answer.request is prepared


@_needs_httpx
def test_a_request_of_httpx_is_sent_again_within_another_transaction(server: Server) -> None:
    with httpx.Client() as client:
        request = client.build_request("POST", server.url(), content=b"body")
        for number in range(2):
            with correlation.use(correlation.new(f"c-{number}")):
                answer = client.send(request)

    assert server.ids == ["c-0", "c-1"]
    assert wire.ID not in request.headers
    assert answer.request is request


def test_default_headers_of_a_pool_are_used_and_not_changed(server: Server) -> None:
    with (
        urllib3.HTTPConnectionPool(GOOD, server.port, headers={"x-own": "1"}) as pool,
        correlation.use(CONTEXT),
    ):
        pool.urlopen("GET", "/")
        assert pool.headers == {"x-own": "1"}

    assert server.seen[0][1]["x-own"] == ["1"]
    assert server.ids == ["c-1"]


def test_what_goes_through_a_proxy_is_decided_by_its_own_host_not_by_the_proxys(server: Server) -> None:
    """Both names are of one machine; the proxy is told where it should go."""
    with (
        urllib3.ProxyManager(server.url(GOOD)) as by_good,
        urllib3.ProxyManager(server.url(EVIL)) as by_evil,
        correlation.use(CONTEXT),
    ):
        by_good.request("GET", "http://orders.evil.example/")
        by_evil.request("GET", f"http://{GOOD}/")
        by_good.request("GET", f"http://{GOOD}@orders.evil.example/")

    assert server.ids == [None, "c-1", None]


def test_a_redirect_that_a_pool_follows_through_a_proxy_cannot_take_ids_along(server: Server) -> None:
    """Such a pool sends the same headers again, to wherever it is told: so they have none from the begin."""
    with urllib3.ProxyManager(server.url(GOOD)) as proxy, correlation.use(CONTEXT):
        pool = proxy.connection_from_host(GOOD, 80, "http")
        pool.urlopen("GET", f"http://{GOOD}/to/http://orders.evil.example/", assert_same_host=False)

    assert [path.rpartition("/to/")[0] for path, _ in server.seen] == [f"http://{GOOD}", ""]
    assert server.ids == [None, None]


def test_calls_of_boto3_have_no_headers_of_ours_even_where_their_host_is_allowed(server: Server) -> None:
    """They are signed, and carry the context elsewhere."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    client = session.client("kinesis", endpoint_url=server.url())

    with correlation.use(CONTEXT):
        client.list_streams()

    assert server.ids == [None]


def test_a_whole_url_given_to_a_pool_does_not_change_where_it_goes(server: Server) -> None:
    """It is sent to the host of the pool, whatever it says."""
    with urllib3.HTTPConnectionPool(EVIL, server.port) as pool, correlation.use(CONTEXT):
        pool.urlopen("GET", f"http://{GOOD}/", redirect=False, assert_same_host=False)

    assert server.ids == [None]


def test_a_url_that_proxies_may_read_in_two_ways_carries_nothing(server: Server) -> None:
    with urllib3.ProxyManager(server.url(EVIL)) as proxy, correlation.use(CONTEXT):
        proxy.connection_from_host(GOOD, 80, "http").urlopen(
            "GET", f"http://orders.evil.example\\@{GOOD}/", redirect=False, assert_same_host=False
        )

    assert server.ids == [None]


def test_errors_of_a_library_come_through_as_they_are(server: Server) -> None:
    with correlation.use(CONTEXT), pytest.raises(requests.exceptions.InvalidURL):
        requests.get("http://", timeout=60)
    with (
        urllib3.HTTPConnectionPool(GOOD, server.port) as pool,
        correlation.use(CONTEXT),
        pytest.raises(urllib3.exceptions.HostChangedError),
    ):
        pool.urlopen("GET", f"http://{EVIL}/")
