"""HTTP: headers on requests of `requests`, `urllib3` and `httpx`, to hosts that are allowed to have them.

They are put on a copy of the headers, where a request goes out to one host: in urllib3's pool of connections, through
which `requests` goes as well, and in the transport of httpx. So neither sees them twice, what the service holds is not
changed, and a redirect, which is another request, decides anew by its own host.
"""

from __future__ import annotations

import functools
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost_client import clean, wire
from watchpost_client import context as contexts
from watchpost_client.guard import guarded
from watchpost_client.outgoing import imports, room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import ModuleType

WHERE = "passing-http"  # for failures
# Bytes of all headers: 8 KiB (Tomcat, and a line in Apache and nginx), 10,240 (API Gateway, Quotas of REST APIs:
# request line and headers), 16 KiB (Node.js). Behind it a server refuses the whole request.
LIMITS = (8 * room.KIB, 10_240, 16 * room.KIB)
_AROUND = len(": \r\n")  # a header
_DONE = "_watchpost"  # attribute of what is patched

_HOST = re.compile(r"(?:[a-z]+://)?(\[[^\]]*\]|[^/:]+)(?::\d+)?(?:/.*)?")
_allowed: set[str] = set()  # patterns in lower case


def allow(hosts: Iterable[str]) -> None:
    """Allow hosts, with `*`, `?` and `[]` as in names of files; patch the libraries when there is one.

    hosts: names; of a URL the host counts.
    """
    for host in hosts:
        lower = host.strip().lower()
        found = _HOST.fullmatch(lower)
        name = (found[1] if found else lower).rstrip(".")
        if name:
            _allowed.add(name.strip("[]") if ":" in name else name)  # an address of IPv6, else a set of characters
    if _allowed:
        imports.when_imported("urllib3", patch_urllib3)
        imports.when_imported("httpx", patch_httpx)


def is_allowed(host: str) -> bool:
    """Whether a host may have the ids: its whole name, without a port."""
    name = host.lower().strip("[]").rstrip(".")
    return any(fnmatchcase(name, pattern) for pattern in _allowed)


def forget() -> None:
    """Allow no host any more. For tests."""
    _allowed.clear()


def patch_urllib3(module: ModuleType) -> None:
    """Have each request of a pool of connections carry the context, once."""
    pool: Any = module.HTTPConnectionPool
    original = pool.urlopen
    if getattr(original, _DONE, False):
        return

    @functools.wraps(original)
    def urlopen(
        self: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        context = contexts.to_pass_on()
        if context is not None:
            with guarded(WHERE):
                redirects = kwargs.get("redirect", args[1] if len(args) > 1 else True)
                headers = _of_pool(self, url, headers, context, redirects)
        return original(self, method, url, body, headers, *args, **kwargs)

    setattr(urlopen, _DONE, True)
    pool.urlopen = urlopen


def _of_pool(pool: Any, url: str, headers: Any, context: contexts.Context, redirects: object) -> Any:
    """The headers for a request of a pool: a copy with the context, or what they were."""
    # Calls of botocore are signed, and have their own places for a context.
    if type(pool).__module__.startswith("botocore.") or not is_allowed(_host(pool, url, redirects)):
        return headers
    before: Mapping[Any, Any] = pool.headers if headers is None else headers
    more = _more(before.items(), context)
    if not more:
        return headers
    after: Any = before.copy() if hasattr(before, "copy") else dict(before)
    for name, value in more:
        after[name] = value
    return after


def _host(pool: Any, url: str, redirects: object) -> str:
    """The host that a request goes to: the one of the pool, or of the whole URL that a proxy gets."""
    if pool.proxy is None or url.startswith("/") or "://" not in url:
        return str(pool.host)
    # What a proxy makes of such a URL is not sure, and a redirect that the pool follows itself would keep the headers.
    if redirects or "\\" in url:
        return ""
    return urlsplit(url).hostname or ""


def _more(there: Iterable[tuple[Any, Any]], context: contexts.Context) -> room.Pairs:
    """The headers to add to those that are there."""
    values: dict[str, Any] = {}
    size = 0
    for name, value in there:
        values.setdefault(clean.text(name).lower(), value)
        size += len(clean.text(name)) + len(clean.text(value)) + _AROUND
    more = room.missing(wire.write(context), values)
    gains = room.rising(len(name) + len(value) + _AROUND for name, value in more)
    number = room.shares([room.Parcel(size, gains)], LIMITS)[0]
    if number < len(more):
        room.left_out("http", room.SIZE)
    return more[:number]


def patch_httpx(module: ModuleType) -> None:
    """Have each request of the transports of httpx, sync and async, carry the context, once."""
    _patch_sync(module.HTTPTransport, module.Request)
    _patch_async(module.AsyncHTTPTransport, module.Request)


def _patch_sync(transport: Any, request_of: Callable[..., Any]) -> None:
    original = transport.handle_request
    if getattr(original, _DONE, False):
        return

    @functools.wraps(original)
    def handle_request(self: Any, request: Any) -> Any:
        return original(self, _with_context(request, request_of))

    setattr(handle_request, _DONE, True)
    transport.handle_request = handle_request


def _patch_async(transport: Any, request_of: Callable[..., Any]) -> None:
    original = transport.handle_async_request
    if getattr(original, _DONE, False):
        return

    @functools.wraps(original)
    async def handle_async_request(self: Any, request: Any) -> Any:
        return await original(self, _with_context(request, request_of))

    setattr(handle_async_request, _DONE, True)
    transport.handle_async_request = handle_async_request


def _with_context(request: Any, request_of: Callable[..., Any]) -> Any:
    """A request of httpx with the context, of which it is a copy; the same where nothing is added."""
    context = contexts.to_pass_on()
    if context is None:
        return request
    with guarded(WHERE):
        if is_allowed(request.url.raw_host.decode("ascii")):
            more = _more(request.headers.multi_items(), context)
            if more:
                headers = request.headers.copy()
                headers.update(more)
                return request_of(
                    request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
                )
    return request
