"""Elasticsearch, for everything but bulk requests (those are in `ingest`). The only module that imports the client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from elastic_transport import SerializationError, TransportError
from elasticsearch import ApiError, Elasticsearch
from elasticsearch.serializer import OrjsonSerializer

from watchpost import login, secrets
from watchpost.errors import UNAVAILABLE, ClusterRefusedError, ClusterUnavailableError

if TYPE_CHECKING:
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

JSON = "application/vnd.elasticsearch+json; compatible-with=8"
DEFAULT_TIMEOUT = 10.0  # seconds


class _AnswerSerializer(OrjsonSerializer):
    """Reads answers faster than the standard library does."""

    mimetype = "application/vnd.elasticsearch+json"


class Cluster:
    """One Elasticsearch cluster. Retries are the caller's business: it knows how much time is left."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._by_timeout: dict[float, Elasticsearch] = {}

    @classmethod
    def connect(cls, url: str, credentials: Secret) -> Cluster:
        """Make a client; nothing is sent yet.

        url: https://host:port without credentials. credentials: a secret with `api_key`, or `username` and `password`,
        and optionally `ca_certificate` (PEM of a private CA). TLS is always verified.
        Raises ConfigurationError when the secret has neither kind of credentials or the CA is not a certificate.
        """
        serializers = {_AnswerSerializer.mimetype: _AnswerSerializer()}
        options: dict[str, Any] = {"max_retries": 0, "retry_on_timeout": False, "serializers": serializers}
        options["headers"] = {"authorization": login.authorization(credentials)}
        if url.startswith("https:"):
            options["ssl_context"] = login.tls(credentials)
        return cls(Elasticsearch(url, **options))

    def request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        params: dict[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Any:
        """Send one request and return the decoded JSON body.

        body: a JSON object. timeout: seconds for the whole answer.
        Raises ClusterUnavailableError (try again later) or ClusterRefusedError (do not).
        """
        headers = {"accept": JSON}
        if body is not None:
            headers["content-type"] = JSON
        client = self._with_timeout(timeout)
        try:
            return client.perform_request(method, path, params=params or {}, headers=headers, body=body).body
        except ApiError as error:
            kind = ClusterUnavailableError if error.status_code in UNAVAILABLE else ClusterRefusedError
            raise kind(error.status_code, _reason(error)) from None
        except SerializationError as error:
            raise ClusterUnavailableError(0, f"the answer is not JSON: {type(error).__name__}") from None
        except TransportError as error:
            raise ClusterUnavailableError(0, f"{type(error).__name__}: {error.message}") from None

    def _with_timeout(self, timeout: float) -> Elasticsearch:
        """The client with a timeout, in whole seconds where it is longer than one.

        Making one takes half a millisecond, which is more than the rest of a small request; so they are kept.
        """
        seconds = float(int(timeout)) if timeout >= 1 else max(timeout, 0.1)
        if seconds not in self._by_timeout:
            if len(self._by_timeout) > 100:  # of odd timeouts below a second
                self._by_timeout.clear()
            self._by_timeout[seconds] = self._client.options(request_timeout=seconds)
        return self._by_timeout[seconds]


def _reason(error: ApiError) -> str:
    body = error.body
    if isinstance(body, dict):
        cause = body.get("error")
        if isinstance(cause, dict):
            return f"{cause.get('type')}: {cause.get('reason')}"[:500]
        return str(cause or error.message)[:500]
    return error.message[:500]


@functools.lru_cache(maxsize=4)
def _connected(url: str, credentials: Secret) -> Cluster:
    return Cluster.connect(url, credentials)


def cluster(settings: Settings, *, fresh: bool = False) -> Cluster:
    """The stack's cluster, with one connection kept for the life of the process.

    `fresh` reads the credentials anew. Raises ConfigurationError, or botocore's ClientError when the secret cannot
    be read.
    """
    return _connected(settings.elasticsearch_url, secrets.read(settings.elasticsearch_secret, fresh=fresh))
