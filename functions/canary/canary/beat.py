"""The dead-man's switch: one request to an address outside, which says nothing but that it came.

No redirect is followed: it would lead to an address that was not checked. Nothing here shows the URL.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watchpost import login, proxies
from watchpost.addresses import PrivateAddressError, check, connect
from watchpost.errors import ConfigurationError

from canary.findings import HEARTBEAT, Finding

if TYPE_CHECKING:
    import socket

    from watchpost.heartbeat import Heartbeat

TIMEOUT = 5.0  # seconds for a connection, and for the answer
ANSWER = 1_024  # bytes of an answer that are read


def ping(heartbeat: Heartbeat, timeout: float = TIMEOUT) -> Finding | None:
    """Ask for the address once; what is wrong with that."""
    try:
        status = _get(heartbeat, timeout)
    except PrivateAddressError as error:
        return warning(f"its host is not called: {error}")
    except ConfigurationError as error:  # of the proxy; it holds no address
        return warning(str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:  # their words may hold the address
        return warning(f"it was not answered: {type(error).__name__}")
    return None if 200 <= status < 300 else warning(f"it was answered with HTTP {status}")


def warning(why: str) -> Finding:
    """A heartbeat that was not sent."""
    todo = "Check the field `heartbeat` of the secret of notifications, and the service behind it: docs/canary.md."
    return Finding(HEARTBEAT, f"the outside heartbeat could not be sent: {why}", todo, is_warning=True)


def _get(heartbeat: Heartbeat, timeout: float) -> int:
    parts = urlsplit(heartbeat.url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    made = _connect(heartbeat, host, port, timeout)
    try:
        if secure:
            made = login.trusting(heartbeat.ca_certificate).wrap_socket(made, server_hostname=host)
        # It is given its socket, so that it makes no connection of its own.
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = made
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        named = f"[{host}]" if ":" in host else host
        headers = {"host": f"{named}:{parts.port}" if parts.port else named, "user-agent": "watchpost"}
        connection.request("GET", target, headers={**headers, "connection": "close"})
        answer = connection.getresponse()
        answer.read(ANSWER)
        return answer.status
    finally:
        made.close()


def _connect(heartbeat: Heartbeat, host: str, port: int, timeout: float) -> socket.socket:
    proxy = proxies.proxy_for(heartbeat.url, heartbeat.proxy_authorization)
    if proxy is None:
        return connect(host, port, timeout, allow_private=heartbeat.allow_private)
    if not heartbeat.allow_private:
        check(host)
    return proxies.tunnel(proxy, host, port, timeout)
