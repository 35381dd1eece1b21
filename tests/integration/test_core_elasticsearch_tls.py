"""Elasticsearch is believed only with a certificate that somebody vouches for."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterUnavailableError, ConfigurationError
from watchpost.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[[trustme.LeafCert], tuple[str, list[str | None]]]

AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode()


class _Elasticsearch(BaseHTTPRequestHandler):
    """Answers as Elasticsearch does, and remembers who asked."""

    asked: list[str | None]

    def do_GET(self) -> None:
        self.asked.append(self.headers["authorization"])
        body = b'{"status": "green"}'
        self.send_response(200)
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve with a certificate; returns the URL and the credentials of each request that came through."""
    running = []

    def start(certificate: trustme.LeafCert) -> tuple[str, list[str | None]]:
        asked: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Elasticsearch,), {"asked": asked}))
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # broken handshakes are what is expected
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return f"https://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def _connect(url: str, **fields: str) -> Cluster:
    return Cluster.connect(url, Secret("elasticsearch", {"api_key": "a-key", **fields}))


def test_a_private_authority_that_nobody_named_is_refused_before_the_credentials_are_sent(
    serve: Serve,
) -> None:
    url, asked = serve(AUTHORITY.issue_cert("127.0.0.1"))

    with pytest.raises(ClusterUnavailableError) as caught:
        _connect(url).request("GET", "/_cluster/health")

    assert "certificate verify failed" in caught.value.reason
    assert asked == []


def test_the_private_authority_of_the_secret_is_accepted(
    serve: Serve,
) -> None:
    url, asked = serve(AUTHORITY.issue_cert("127.0.0.1"))

    assert _connect(url, ca_certificate=PEM).request("GET", "/_cluster/health") == {"status": "green"}
    assert asked == ["ApiKey a-key"]


def test_a_certificate_of_that_authority_for_another_host_is_refused(
    serve: Serve,
) -> None:
    url, asked = serve(AUTHORITY.issue_cert("elsewhere.example.com"))

    with pytest.raises(ClusterUnavailableError):
        _connect(url, ca_certificate=PEM).request("GET", "/_cluster/health")
    assert asked == []


def test_another_authority_than_the_one_of_the_secret_is_refused(
    serve: Serve,
) -> None:
    url, asked = serve(trustme.CA().issue_cert("127.0.0.1"))

    with pytest.raises(ClusterUnavailableError):
        _connect(url, ca_certificate=PEM).request("GET", "/_cluster/health")
    assert asked == []


@pytest.mark.parametrize("text", ["hidden-part", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "é"])
def test_a_ca_that_is_no_certificate_is_told_without_its_content(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _connect("https://127.0.0.1:9", ca_certificate=text)

    assert caught.value.path == "secret elasticsearch: ca_certificate"
    assert text not in str(caught.value)


@pytest.mark.parametrize("values", [{}, {"username": "u"}, {"password": "p"}, {"api_key": ""}])
def test_a_secret_without_credentials_is_told(values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="api_key"):
        Cluster.connect("https://127.0.0.1:9", Secret("elasticsearch", values))
