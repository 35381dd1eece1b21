"""Bulk requests to Elasticsearch over one persistent connection."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson

from watchpost import login, proxies, secrets
from watchpost.connection import Connection, NoAnswerError
from watchpost.errors import UNAVAILABLE, ClusterRefusedError, ClusterUnavailableError

if TYPE_CHECKING:
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

NDJSON = "application/vnd.elasticsearch+x-ndjson; compatible-with=8"
JSON = "application/vnd.elasticsearch+json; compatible-with=8"
DEFAULT_TIMEOUT = 10.0  # seconds
# Only data streams are written to: without its index template a name would become a plain index with guessed types, so
# Elasticsearch is asked to refuse that. Of the answer only this is read, so only this need be sent.
_PATH = "/_bulk?require_data_stream=true&filter_path=errors,items.*.status,items.*.error"
_GZIP_LEVEL = 1  # of a third of level 6's time, for a body a fifth larger


class Ingest:
    """Where documents go. Retries are the caller's business: it knows how much time is left."""

    def __init__(self, url: str, credentials: Secret, *, compress: bool = False) -> None:
        """Make a connection; nothing is sent yet.

        url: https://host:port without credentials. credentials: a secret with `api_key`, or `username` and `password`,
        and optionally `ca_certificate` (PEM of a private CA). TLS is always verified. compress: send gzip.
        Raises ConfigurationError when the secret has neither kind of credentials, the CA is not a certificate, or the
        proxy of the environment (watchpost.proxies) is none.
        """
        self._headers = {"authorization": login.authorization(credentials), "content-type": NDJSON, "accept": JSON}
        self._compress = compress
        if compress:
            self._headers["content-encoding"] = "gzip"
        tls = login.tls(credentials) if url.startswith("https:") else None
        self._connection = Connection(url, tls, proxies.proxy_for(url, proxies.authorization(credentials)))
        self.away = False  # whether the last delivery gave up: then the next one asks once only, …
        self.impatient_until = 0.0  # … and until then (as of time.monotonic()) does not wait long for the answer

    def __repr__(self) -> str:
        return f"Ingest({self._connection.host!r})"

    def bulk(self, body: bytes, timeout: float = DEFAULT_TIMEOUT) -> dict[str, Any]:
        """Send NDJSON of bulk actions and return the answer; arguments and errors as of `begin` and `finish`."""
        self.begin(body, timeout)
        return self.finish()

    def begin(self, body: bytes, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Send NDJSON of bulk actions; while Elasticsearch works on them, the next ones can be made.

        timeout: seconds from now to the end of the answer.
        """
        if self._compress:
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        self._connection.begin(_PATH, body, self._headers, timeout)

    def finish(self) -> dict[str, Any]:
        """Elasticsearch's answer to what was begun: `errors`, and `items` in the order of the actions.

        Raises ClusterUnavailableError (try again later) or ClusterRefusedError (do not).
        """
        try:
            answer = self._connection.finish()
        except NoAnswerError as error:
            raise ClusterUnavailableError(0, str(error)) from None
        content = _decoded(answer.body)
        if answer.status != 200:
            kind = ClusterUnavailableError if answer.status in UNAVAILABLE else ClusterRefusedError
            raise kind(answer.status, _reason(content, answer.body))
        if not isinstance(content, dict) or not isinstance(content.get("items"), list):
            raise ClusterUnavailableError(0, "the answer to a bulk request is not JSON with items")
        return content

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._connection.close()


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _reason(content: Any, body: bytes) -> str:
    """One line: Elasticsearch's own words, or the beginning of what a proxy on the way says."""
    cause = content.get("error") if isinstance(content, dict) else None
    if isinstance(cause, dict):
        return f"{cause.get('type')}: {cause.get('reason')}"[:500]
    return " ".join(str(cause or body[:500].decode("utf-8", "replace")).split())[:200]


# By URL and compression, of which a process has one.
_kept: dict[tuple[str, bool], tuple[Secret, Ingest]] = {}


def ingest(settings: Settings, *, fresh: bool = False) -> Ingest:
    """The stack's cluster, with one connection kept for the life of the process, until the credentials change.

    `fresh` reads the credentials anew. Raises ConfigurationError, or botocore's ClientError when the secret cannot
    be read.
    """
    credentials = secrets.read(settings.elasticsearch_secret, fresh=fresh)
    where = settings.elasticsearch_url, settings.elasticsearch_compression == "gzip"
    kept = _kept.get(where)
    if kept is not None and kept[0] is credentials:
        return kept[1]
    if kept is not None:
        del _kept[where]
        kept[1].close()
    _kept[where] = credentials, Ingest(where[0], credentials, compress=where[1])
    return _kept[where][1]
