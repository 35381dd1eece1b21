"""Talks to Kibana's saved objects API: export, import and delete.

Of that API only these two of export and import are not deprecated; there is no other way to delete than the deprecated
one, which 9.x still has (Kibana API, Saved objects). No address is followed elsewhere, and nothing is believed that
has not the form that Kibana promises.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from watchpost.times import retry_after

from provisioner.deadline import NO_TIME
from provisioner.kibana import answers
from provisioner.kibana.answers import KibanaError
from provisioner.kibana.model import compact

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watchpost.proxies import Proxy

    from provisioner.kibana.model import SavedObject

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 30.0  # seconds without a byte: an import of many dashboards takes some
BACKOFF = (1.0, 3.0)  # seconds before the second and the third try, unless Kibana says Retry-After
BUSY = frozenset({408, 429, 502, 503, 504})

# At level debug the HTTP client prints the path of each request; nothing there is for the log.
logging.getLogger("urllib3").setLevel(logging.INFO)


class _Adapter(HTTPAdapter):
    """Verifies servers with one TLS context only: requests would trust its own bundle of authorities as well."""

    def __init__(self, context: ssl.SSLContext, proxy: Proxy | None) -> None:
        self._context = context
        self._proxy = proxy
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, **kwargs, ssl_context=self._context)

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002  # requests's signature
        return self._proxy.headers if self._proxy else {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002  # requests's signature
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = conn.ca_cert_dir = None


class _Authorization(requests.auth.AuthBase):
    """The header that says who asks. Given this way, because a header alone would give way to a .netrc file."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["authorization"] = self._header
        return request


def session(authorization: str, tls: ssl.SSLContext, proxy: Proxy | None = None) -> requests.Session:
    """One connection to Kibana, kept. authorization: the header's value. tls: what a server is verified with.

    proxy: what https goes through. Nothing else of the environment is looked at.
    """
    made = requests.Session()
    made.trust_env = False
    if proxy:
        made.proxies = {"https": proxy.url}
    made.auth = _Authorization(authorization)
    made.headers.update({"kbn-xsrf": "watchpost", "accept": "application/json, application/ndjson"})
    made.mount("https://", _Adapter(tls, proxy))
    return made


@dataclass(frozen=True, slots=True)
class Client:
    """Kibana in one space. left: seconds that may still be spent."""

    url: str  # without the space
    space: str
    session: requests.Session
    left: Callable[[], float]
    sleep: Callable[[float], None]

    def export(self, wanted: Mapping[str, Any]) -> Iterator[SavedObject]:
        """Export saved objects, one after the other. wanted: the request's body. Raises KibanaError."""
        headers = {"content-type": "application/json"}
        with self._answer("POST", "_export", data=compact(wanted).encode(), headers=headers) as answer:
            answers.check(answer, self.left)
            yield from answers.exported(answer, self.left)

    def import_(self, objects: Sequence[SavedObject]) -> None:
        """Import objects; those that are there are replaced. Raises KibanaError, with what was refused."""
        file = {"file": ("watchpost.ndjson", "\n".join(map(compact, objects)).encode(), "application/ndjson")}
        with self._answer("POST", "_import", params={"overwrite": "true"}, files=file) as answer:
            answers.check(answer, self.left)
            answers.imported(answer, self.left)

    def delete(self, kind: str, identifier: str) -> None:
        """Delete an object; one that is gone already is no error. Raises KibanaError."""
        with self._answer("DELETE", f"{quote(kind, safe='')}/{quote(identifier, safe='')}") as answer:
            try:
                answers.check(answer, self.left)
            except KibanaError as error:
                # A proxy that knows no such path says 404 too, but not as Kibana does.
                if error.status != 404 or error.body.get("statusCode") != 404:
                    raise

    def _answer(self, method: str, path: str, **request: Any) -> requests.Response:
        """A request, made again while Kibana is away or busy; the answer's body is still to be read."""
        space = f"/s/{quote(self.space, safe='')}" if self.space not in ("", "default") else ""
        url = f"{self.url.rstrip('/')}{space}/api/saved_objects/{path}"
        for backoff in BACKOFF:
            try:
                answer = self._once(method, url, request)
            except KibanaError as error:
                self._wait(error.reason, None, backoff)
                continue
            if answer.status_code not in BUSY:
                return answer
            with answer:
                self._wait(f"HTTP {answer.status_code}", answer, backoff)
        return self._once(method, url, request)

    def _once(self, method: str, url: str, request: Mapping[str, Any]) -> requests.Response:
        left = self.left()
        if left <= 0:
            raise KibanaError(0, NO_TIME)
        timeout = (min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left))
        try:
            return self.session.request(method, url, timeout=timeout, allow_redirects=False, stream=True, **request)
        except (requests.RequestException, ValueError) as error:  # ValueError: an address that cannot be called
            raise KibanaError(0, f"{type(error).__name__}: {error}"[:300]) from None

    def _wait(self, reason: str, answer: requests.Response | None, backoff: float) -> None:
        asked = None if answer is None else retry_after(answer.headers.get("retry-after"))
        pause = backoff if asked is None else asked
        if pause >= self.left():
            status = 0 if answer is None else answer.status_code
            raise KibanaError(status, f"{reason}, and no time was left to wait {pause:.0f} s") from None
        self.sleep(pause)
