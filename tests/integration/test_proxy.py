"""Every request of Watchpost to the outside: through the proxy, where there is one, verified."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trustme
from botocore.exceptions import BotoCoreError, ProxyConnectionError
from notifier.channels.call import Call, Outcome
from notifier.delivery_http import NoAnswerError, request
from notifier.receivers import parse
from provisioner.kibana import client as kibana
from shipper.cloudwatch import CloudWatch, MetricsError
from watchpost import aws, custom_resource, direct, login, proxies
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterUnavailableError, ConfigurationError
from watchpost.ingest import Ingest
from watchpost.secrets import Secret
from watchpost.signing import Credentials

from tests.integration import proxy_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.proxy_server import Proxy

HOST = "elasticsearch.internal.example"  # a name that nobody but the proxy can resolve
AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode()
USER, PASSWORD = "watchpost", "s3cret-of-the-proxy"


class _Server(BaseHTTPRequestHandler):
    """Answers as Elasticsearch and as everybody else that is asked here."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        body = json.dumps({"items": [], "errors": False, "status": "green"}).encode()
        self.send_response(200)
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  # names of the standard library

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy that the environment names, as template.yaml sets it."""
    for name in ("https_proxy", "no_proxy", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with proxy_server.proxy() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        monkeypatch.setenv("NO_PROXY", "")
        yield running


@pytest.fixture
def seen(proxy: Proxy) -> Iterator[list[str]]:
    """What the server behind the proxy was asked."""
    asked: list[str] = []
    handler = type("Handler", (_Server,), {"seen": asked})
    with proxy_server.tls_server(handler, AUTHORITY.issue_cert(HOST, "127.0.0.1")) as port:
        proxy.names[HOST] = ("127.0.0.1", port)
        yield asked


def _secret(**more: Any) -> Secret:
    return Secret("elasticsearch", {"api_key": "a-key", "ca_certificate": PEM} | more)


def _bulk(secret: Secret) -> None:
    ingest = Ingest(f"https://{HOST}", secret)
    try:
        ingest.bulk(b"{}\n")
        ingest.bulk(b"{}\n")  # on the same tunnel
    finally:
        ingest.close()


def _search(secret: Secret) -> None:
    Cluster.connect(f"https://{HOST}:443", secret).request("GET", "/_cluster/health")


def _kibana(secret: Secret) -> None:
    url = f"https://{HOST}/kibana"
    proxy = proxies.proxy_for(url, proxies.authorization(secret))
    with kibana.session(login.authorization(secret), login.tls(secret), proxy) as session:
        kibana.Client(url, "", session, lambda: 5.0, lambda _: None).delete("search", "x")


def _told(secret: Secret) -> None:
    fields = {"name": "chat", "type": "webhook", "url": f"https://{HOST}/hook"}
    fields["ca_certificate"] = secret.get("ca_certificate")
    values = {name: secret.get(name) for name in ("proxy_username", "proxy_password") if secret.get(name)}
    (receiver,) = parse(Secret("notification", {"receivers": [fields], **values}))
    request(_call(receiver.url), receiver, 5.0)


def _call(url: str) -> Call:
    return Call("POST", url, {}, b"{}", lambda _status, _body: Outcome(taken=True))


WAYS = [_bulk, _search, _kibana, _told]


@pytest.mark.parametrize("way", WAYS)
def test_https_goes_through_a_tunnel_of_the_proxy_which_hears_nothing_of_it(
    way: Callable[[Secret], None], proxy: Proxy, seen: list[str]
) -> None:
    way(_secret())

    assert seen
    assert set(proxy.asked) == {f"{HOST}:443"}
    assert len(proxy.asked) == 1  # one tunnel, also for two requests
    # TLS is between both ends: the proxy carried no header and no body that it could read
    assert b"a-key" not in proxy.heard
    assert b"HTTP/1.1" not in proxy.heard


@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_with_a_password_gets_that_of_the_secret(
    way: Callable[[Secret], None], proxy: Proxy, seen: list[str]
) -> None:
    proxy.credentials = (USER, PASSWORD)

    way(_secret(proxy_username=USER, proxy_password=PASSWORD))

    assert seen


@pytest.mark.parametrize("way", WAYS)
def test_without_its_password_the_proxy_lets_nothing_through_and_the_error_says_why(
    way: Callable[[Secret], None], proxy: Proxy, seen: list[str]
) -> None:
    proxy.credentials = (USER, PASSWORD)

    with pytest.raises((ClusterUnavailableError, kibana.KibanaError, NoAnswerError)) as caught:
        way(_secret(proxy_username=USER, proxy_password="wrong-one"))

    assert seen == []
    assert "407" in str(caught.value) or str(caught.value) == "ProxyError"
    assert "wrong-one" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
def test_a_server_behind_the_proxy_is_believed_with_its_own_certificate_only(
    way: Callable[[Secret], None], proxy: Proxy, seen: list[str]
) -> None:
    """A proxy that answers itself, or leads to somebody else, gets no credentials."""
    handler = type("Handler", (_Server,), {"seen": seen})
    with proxy_server.tls_server(handler, trustme.CA().issue_cert(HOST)) as port:
        proxy.names[HOST] = ("127.0.0.1", port)

        with pytest.raises((ClusterUnavailableError, kibana.KibanaError, NoAnswerError)):
            way(_secret())

    assert seen == []


@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_of_authorities_is_taken_whole(way: Callable[[Secret], None], proxy: Proxy, seen: list[str]) -> None:
    others = [trustme.CA().cert_pem.bytes().decode() for _ in range(2)]

    way(_secret(ca_certificate="\n# the one that counts\n".join([*others, PEM])))
    assert seen

    seen.clear()
    with pytest.raises((ClusterUnavailableError, kibana.KibanaError, NoAnswerError)):
        way(_secret(ca_certificate="".join(others)))
    assert seen == []


@pytest.mark.parametrize("broken", [PEM[:200] + "!" + PEM[201:], PEM.replace("M", "-"), PEM[:200], PEM[:-30]])
@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_with_a_broken_certificate_is_told_by_its_place_and_not_by_its_content(
    way: Callable[[Secret], None], broken: str, proxy: Proxy
) -> None:
    """Taken by half, it would fail at the one server that its lost part vouches for."""
    with pytest.raises(ConfigurationError) as caught:
        way(_secret(ca_certificate=PEM + broken))

    assert caught.value.path.endswith("ca_certificate")
    assert PEM[100:150] not in str(caught.value)
    assert proxy.asked == []


def test_hosts_that_no_proxy_names_are_reached_without_it(
    proxy: Proxy, seen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", ".internal,127.0.0.1")
    port = proxy.names[HOST][1]

    Cluster.connect(f"https://127.0.0.1:{port}", _secret()).request("GET", "/_cluster/health")
    ingest = Ingest(f"https://127.0.0.1:{port}", _secret())
    ingest.bulk(b"{}\n")
    ingest.close()

    assert seen == ["GET /_cluster/health", "POST /_bulk"]
    assert proxy.asked == []


def test_clients_of_aws_go_through_the_proxy_too(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore, the requests that we send ourselves, and the answer to CloudFormation."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    aws.session.cache_clear()
    aws.client.cache_clear()
    cloudwatch = CloudWatch(
        "https://monitoring.eu-west-1.amazonaws.com", "eu-west-1", lambda: Credentials("x", "x", None)
    )
    waited: list[float] = []
    url = "https://ssm.cn-north-1.amazonaws.com.cn"
    caller = direct.Caller(direct.SSM, url, "cn-north-1", Credentials("x", "x", None), pause=waited.append)
    answer = {"ResponseURL": "https://answers.s3.amazonaws.com/x", "LogicalResourceId": "x", "StackId": "x"}

    # a proxy that lets nobody out
    with pytest.raises(ProxyConnectionError):
        aws.client("ssm").get_parameter(Name="x")
    with pytest.raises(MetricsError, match="403"):
        cloudwatch.put(b"{}", 5.0)
    with pytest.raises(BotoCoreError, match="403"):
        caller.call("GetParameter", {"Name": "x"})
    with pytest.raises(requests.RequestException):
        custom_resource.respond({**answer, "RequestId": "x"}, "stream", failure=None)

    aws.session.cache_clear()
    aws.client.cache_clear()
    assert proxy.asked == [
        "ssm.eu-west-1.amazonaws.com:443",
        "monitoring.eu-west-1.amazonaws.com:443",
        *["ssm.cn-north-1.amazonaws.com.cn:443"] * direct.MAX_ATTEMPTS,
        "answers.s3.amazonaws.com:443",
    ]


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]"])
def test_a_receiver_that_is_a_private_address_is_refused_before_the_proxy_is_asked(proxy: Proxy, address: str) -> None:
    fields = {"name": "chat", "type": "webhook", "url": f"https://{address}/hook"}
    (receiver,) = parse(Secret("notification", {"receivers": [fields]}))

    with pytest.raises(NoAnswerError, match="not public"):
        request(_call(receiver.url), receiver, 5.0)

    assert proxy.asked == []


def test_half_of_a_proxys_credentials_is_told_and_receivers_are_told_all_the_same() -> None:
    secret = Secret("elasticsearch", {"api_key": "a", "proxy_username": USER})

    with pytest.raises(ConfigurationError, match="half of a proxy's credentials"):
        Ingest("https://127.0.0.1:9", secret)
    with pytest.raises(ConfigurationError, match="half of a proxy's credentials"):
        Cluster.connect("https://127.0.0.1:9", secret)
