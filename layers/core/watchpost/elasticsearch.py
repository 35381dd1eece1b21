"""Elasticsearch, for everything but bulk requests (those are in `ingest`). The only module that imports the client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import urllib3
from elastic_transport import SerializationError, TransportError, Urllib3HttpNode
from elasticsearch import ApiError, Elasticsearch

from watchpost import login, proxies, secrets
from watchpost.errors import UNAVAILABLE, ClusterRefusedError, ClusterUnavailableError
from watchpost.ingest import DEFAULT_TIMEOUT, JSON

if TYPE_CHECKING:
    from elastic_transport import NodeConfig

    from watchpost.proxies import Proxy
    from watchpost.secrets import Secret
    from watchpost.settings import Settings


class Cluster:
    """One Elasticsearch cluster. Retries are the caller's business: it knows how much time is left."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    @classmethod
    def connect(cls, url: str, credentials: Secret) -> Cluster:
        """Make a client; nothing is sent yet.

        url: https://host:port without credentials. credentials: a secret with `api_key`, or `username` and `password`,
        and optionally `ca_certificate` (PEM of a private CA). TLS is always verified.
        Raises ConfigurationError when the secret has neither kind of credentials, the CA is not a certificate, or the
        proxy of the environment (watchpost.proxies) is none.
        """
        options: dict[str, Any] = {"max_retries": 0, "retry_on_timeout": False}
        options["headers"] = {"authorization": login.authorization(credentials)}
        if url.startswith("https:"):
            options["ssl_context"] = login.tls(credentials)
        proxy = proxies.proxy_for(url, proxies.authorization(credentials))
        if proxy:
            options["node_class"] = _behind(proxy)
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
        client = self._client.options(request_timeout=timeout)
        try:
            return client.perform_request(method, path, params=params or {}, headers=headers, body=body).body
        except ApiError as error:
            kind = ClusterUnavailableError if error.status_code in UNAVAILABLE else ClusterRefusedError
            raise kind(error.status_code, _reason(error)) from None
        except SerializationError as error:
            raise ClusterUnavailableError(0, f"the answer is not JSON: {type(error).__name__}") from None
        except TransportError as error:
            raise ClusterUnavailableError(0, f"{type(error).__name__}: {error.message}") from None

    def close(self) -> None:
        """Close the connections. Nothing can be sent any more."""
        self._client.close()


def _behind(proxy: Proxy) -> type[Urllib3HttpNode]:
    """The client's connection to a node through a proxy, which it does not know itself (elastic-transport issue 53)."""

    class Node(Urllib3HttpNode):
        def __init__(self, config: NodeConfig) -> None:
            super().__init__(config)
            manager = urllib3.ProxyManager(
                proxy.url,
                proxy_headers=proxy.headers,
                ssl_context=config.ssl_context,
                maxsize=config.connections_per_node,
                block=True,
            )
            self.pool = manager.connection_from_host(config.host, config.port, config.scheme)

    return Node


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
