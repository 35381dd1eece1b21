"""One HTTP request to a receiver. Nothing here may show a URL, which may be a secret: only kinds of errors are told.

No redirect is followed: it would carry the message to an address that was not checked. Where the stack has a proxy
(watchpost.proxies), https goes through it: then names are the proxy's to resolve and to allow, and only a host that is
written as an address is checked here.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watchpost import __version__, login, proxies
from watchpost.addresses import PrivateAddressError, check, connect
from watchpost.errors import ConfigurationError
from watchpost.times import retry_after

if TYPE_CHECKING:
    import socket

    from notifier.channels.call import Call
    from notifier.receivers import Receiver

ANSWER = 65_536  # bytes of an answer that are read


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. retry_after: seconds, None when the receiver does not say."""

    status: int
    body: bytes
    retry_after: float | None


class NoAnswerError(Exception):
    """No answer came. The message is the kind of fault. may_retry: whether one may come later."""

    def __init__(self, reason: str, *, may_retry: bool) -> None:
        super().__init__(reason)
        self.may_retry = may_retry


def request(call: Call, receiver: Receiver, timeout: float) -> Answer:
    """Make a call once.

    timeout: seconds for a connection, and for each wait for a part of the answer. Raises NoAnswerError.
    """
    try:
        return _request(call, receiver, timeout)
    except PrivateAddressError as error:
        raise NoAnswerError(str(error), may_retry=False) from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(type(error).__name__, may_retry=False) from None
    except (OSError, http.client.HTTPException) as error:  # among them those of TLS, of names, and time-outs
        raise NoAnswerError(type(error).__name__, may_retry=not isinstance(error, http.client.InvalidURL)) from None
    except ConfigurationError as error:  # of the proxy; it holds no address of a receiver
        raise NoAnswerError(str(error), may_retry=False) from None
    except ValueError as error:  # an address that cannot be called, or a header that cannot be sent
        raise NoAnswerError(type(error).__name__, may_retry=False) from None


def _request(call: Call, receiver: Receiver, timeout: float) -> Answer:
    parts = urlsplit(call.url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    made = _connect(call.url, host, port, receiver, timeout)
    try:
        if secure:
            made = login.trusting(receiver.ca_certificate).wrap_socket(made, server_hostname=host)
        # It is given its socket, so that it makes no connection of its own.
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = made
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {
            "user-agent": f"watchpost/{__version__}",
            **call.headers,
            "host": _host(host, parts.port),
            "connection": "close",
        }
        connection.request(call.method, target, call.body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(ANSWER), retry_after(answer.headers.get("retry-after")))
    finally:
        made.close()


def _connect(url: str, host: str, port: int, receiver: Receiver, timeout: float) -> socket.socket:
    proxy = proxies.proxy_for(url, receiver.proxy_authorization)
    if proxy is None:
        return connect(host, port, timeout, allow_private=receiver.allow_private)
    if not receiver.allow_private:
        check(host)
    return proxies.tunnel(proxy, host, port, timeout)


def _host(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    return f"{name}:{port}" if port else name
