"""A cluster of one's own beside the account on one machine: found, verified, or refused with a remedy."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import trustme

from local import account
from local.errors import LocalError
from local.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTHORITY = trustme.CA()


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"status": "green"}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate hangs up."""


@pytest.fixture
def cluster() -> Iterator[str]:
    """URL with credentials of a server that answers like a healthy cluster, with a certificate of its own authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    server = _Server(("127.0.0.1", 0), _Healthy)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://me:hidden@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_cluster_with_a_private_authority_is_used_with_its_certificate(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(certificate))
    monkeypatch.setenv("ELASTICSEARCH_URL", cluster)
    monkeypatch.setenv("ELASTICSEARCH_CA", str(certificate))

    assert account._external_cluster(State(tmp_path)) == (cluster, str(certificate))


def test_without_the_certificate_it_is_refused_and_the_remedy_names_the_variable(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", cluster)
    monkeypatch.delenv("ELASTICSEARCH_CA", raising=False)

    with pytest.raises(LocalError, match=r"does not answer.*ELASTICSEARCH_CA") as caught:
        account._external_cluster(State(tmp_path))

    assert "hidden" not in str(caught.value)


def test_a_certificate_that_is_not_there_is_told(cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", cluster)
    monkeypatch.setenv("ELASTICSEARCH_CA", str(tmp_path / "nothing.pem"))

    with pytest.raises(LocalError, match=r"nothing\.pem, which is not a file"):
        account._external_cluster(State(tmp_path))


def test_the_url_of_an_own_account_in_the_shell_does_not_make_it_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that has read `.local/env` still starts its own cluster the next time."""
    state, url = State(tmp_path), "http://admin:secret@127.0.0.1:9"
    state.write_record({"own_elasticsearch_url": url})
    monkeypatch.setenv("ELASTICSEARCH_URL", url)

    assert account._external_cluster(state) is None
