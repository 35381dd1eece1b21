"""A receiver must be who it says, and must not lead into the network that the function is in."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from watchpost.addresses import PrivateAddressError, connect

from tests.integration.notifier_world import alarm, one_stack
from tests.integration.receivers.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.notifier_world import World


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def private(authority: trustme.CA) -> Iterator[Webhook]:
    """A webhook with TLS of an authority of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Webhook("private", tls=context) as found:
        yield found


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(world: World, private: Webhook) -> None:
    world.tells(private).deliver(alarm())

    assert private.requests == []
    assert "private: SSLCertVerificationError\n" in world.fallback()[0]["Message"]


def test_a_receiver_whose_authority_is_given_is_verified_with_that(
    world: World, private: Webhook, authority: trustme.CA
) -> None:
    pem = authority.cert_pem.bytes().decode()
    world.receivers = [{**private.entry, "ca_certificate": pem}]

    assert world.deliver(alarm())["delivered"] == 1
    # and with no other: a certificate for another host is refused
    world.receivers[0]["url"] = private.entry["url"].replace("127.0.0.1", "localhost")
    assert world.deliver(alarm("OK", world.pass_time(minutes=1)))["undelivered"] == 1
    assert len(private.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
def test_a_host_with_a_private_address_is_not_connected_to(world: World, ops: Webhook, host: str) -> None:
    # given a webhook at an address of this machine, however it is written, and nothing that allows it
    entry = {**ops.entry, "url": ops.entry["url"].replace("127.0.0.1", host)}
    del entry["allow_private"]
    world.receivers = [entry]

    # when a message is to be told
    result = world.deliver(alarm())

    # then nothing is sent, it is not tried again, and the reason is told
    assert result["undelivered"] == 1
    assert ops.requests == []
    assert world.time.slept == []
    reason = world.fallback()[0]["Message"].split("\n\n")[0]
    assert "ops: its address is not public; allow_private: true" in reason
    assert ops.secret not in reason


def test_what_was_checked_is_what_is_connected_to(ops: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a name that is a private address whenever it is looked up
    real, looked_up = socket.getaddrinfo, []

    def lookup(host: str, port: int, **about: Any) -> Any:
        looked_up.append(host)
        return real("127.0.0.1", port, **about)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    port = int(ops.url.rsplit(":", 1)[1])

    # when it is connected to, then it is refused after one look, and when allowed the same look is used
    with pytest.raises(PrivateAddressError):
        connect("hooks.example.com", port, 5, allow_private=False)
    assert looked_up == ["hooks.example.com"]
    with connect("hooks.example.com", port, 5, allow_private=True) as made:
        assert made.getpeername() == ("127.0.0.1", port)
    assert looked_up == ["hooks.example.com"] * 2


def test_what_goes_without_tls_goes_through_no_proxy(
    world: World, ops: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")

        assert world.tells(ops).deliver(alarm())["delivered"] == 1
