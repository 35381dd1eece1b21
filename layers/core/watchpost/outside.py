"""One HTTP request to an address that somebody wrote into a secret: a receiver of notifications, the heartbeat's.

No redirect is followed: it would lead to an address that was not checked. Where the stack has a proxy, https goes
through it: then names are the proxy's to resolve and to allow, and only a host that is written as an address is checked
here.
Nothing here shows a URL, which may be a secret; the words of the errors may.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from watchpost import __version__, login, proxies
from watchpost.addresses import check, connect

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping


class Peer(Protocol):
    """What is said of a connection, beside its address."""

    @property
    def allow_private(self) -> bool:
        """Whether the host may have an address of a private network."""

    @property
    def ca_certificate(self) -> str | None:
        """PEM of the authority that vouches for the host; None for those that everybody trusts."""

    @property
    def proxy_authorization(self) -> str | None:
        """As of proxies.authorization."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes  # the beginning of it


def send(request: Request, peer: Peer, timeout: float, most: int) -> Answer:
    """Send a request once, over a connection of its own.

    timeout: seconds for a connection, and for each wait for a part of the answer. most: bytes of the answer that are
    read. Raises PrivateAddressError, ConfigurationError (of the proxy; it holds no address), OSError, HTTPException,
    and ValueError for what is no address or no header.
    """
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    made = _connect(request.url, host, port, peer, timeout)
    try:
        if secure:
            made = login.trusting(peer.ca_certificate).wrap_socket(made, server_hostname=host)
        # It is given its socket, so that it makes no connection of its own.
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = made
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {
            "user-agent": f"watchpost/{__version__}",
            **request.headers,
            "host": _host(host, parts.port),
            "connection": "close",
        }
        connection.request(request.method, target, request.body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read(most))
    finally:
        made.close()


def _connect(url: str, host: str, port: int, peer: Peer, timeout: float) -> socket.socket:
    proxy = proxies.proxy_for(url, peer.proxy_authorization)
    if proxy is None:
        return connect(host, port, timeout, allow_private=peer.allow_private)
    if not peer.allow_private:
        check(host)
    return proxies.tunnel(proxy, host, port, timeout)


def _host(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    return f"{name}:{port}" if port else name
