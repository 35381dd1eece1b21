"""The proxy that https goes through, where the stack has one: HTTPS_PROXY and NO_PROXY, as clients of AWS read them.

Only https: a proxy is asked for a tunnel (CONNECT), so that it sees neither credentials nor lines, and TLS is verified
between both ends. The proxy's own password is never in the environment, which whoever sees a function's configuration
can read; it is in the secret that has the other credentials of the connection.
"""

from __future__ import annotations

import base64
import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    import socket

    from watchpost.secrets import Secret

_EXPECTED = "http://host:port"


class ProxyError(OSError):
    """The proxy made no tunnel. The message is its answer, or what kept it from coming."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as one connection uses it. authorization: its `proxy-authorization` header, None without one."""

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Without credentials."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What the request for a tunnel carries."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def proxy_for(url: str, authorization: str | None = None) -> Proxy | None:
    """The proxy on the way to a URL, None when there is none.

    authorization: as of `authorization`. Raises ConfigurationError, without credentials, for an HTTPS_PROXY that is
    not one.
    """
    proxies = getproxies_environment()
    if "https" not in proxies or not url.startswith("https:"):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:  # whoever calls it is told
        return None
    # Names and their endings; address ranges mean nothing here, as they do not to botocore.
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return _proxy(proxies["https"], authorization)


def authorization(credentials: Secret) -> str | None:
    """The header of a secret with `proxy_username` and `proxy_password`, None of one with neither.

    Raises ConfigurationError when there is one without the other.
    """
    user, password = credentials.get("proxy_username"), credentials.get("proxy_password")
    if not user and not password:
        return None
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        path = f"secret {credentials.reference}"
        raise ConfigurationError(path, "half of a proxy's credentials", "text in proxy_username and proxy_password")
    return _basic(user, password)


def tunnel(proxy: Proxy, host: str, port: int, timeout: float) -> socket.socket:
    """A connection to a host, made by the proxy; nothing was sent to the host yet.

    timeout: seconds to connect to the proxy, and for each wait for a part of its answer. Raises ProxyError.
    """
    connection = http.client.HTTPConnection(proxy.host, proxy.port, timeout=timeout)
    connection.set_tunnel(host, port, headers=proxy.headers)
    try:
        connection.connect()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise ProxyError(f"{type(error).__name__}: {error}"[:300]) from None
    return connection.sock


def _proxy(text: str, given: str | None) -> Proxy:
    try:
        # As for curl, a scheme may be left out.
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
    except ValueError:
        host, port = "", 0
    if not (host.isprintable() and host and " " not in host and port and parts.scheme == "http"):
        raise ConfigurationError("HTTPS_PROXY", "text that is no address of a proxy", _EXPECTED)
    # Of the shell of somebody who runs the command; the template takes none.
    own = _basic(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(host, port, given or own)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
