"""Kibana is believed only with a certificate that somebody vouches for."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.integration.kibana_server.server import Kibana
from tests.integration.kibana_world import KEY, World

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORITY = trustme.CA()
PEM = AUTHORITY.cert_pem.bytes().decode()


@pytest.fixture
def tls_world() -> Iterator[World]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    server = Kibana(tls=context)
    yield World(server)
    server.close()


def test_a_private_authority_is_believed_when_the_secret_names_it(tls_world: World) -> None:
    tls_world.secret = {**KEY, "ca_certificate": PEM}
    assert tls_world.run("orders").failed is None
    assert tls_world.kibana.connections == 1


@pytest.mark.parametrize("other", [None, trustme.CA().cert_pem.bytes().decode()])
def test_a_server_that_nobody_vouches_for_never_sees_the_credentials(tls_world: World, other: str | None) -> None:
    if other:
        tls_world.secret = {**KEY, "ca_certificate": other}
    failed = tls_world.run("orders").failed
    assert failed is not None
    assert "certificate verify failed" in failed
    assert tls_world.kibana.credentials == set()
