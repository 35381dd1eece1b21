"""The joints in Elasticsearch: whether it answers, lets us in, is well, has its templates, and can be written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.search.documents import APP, METRIC, PLATFORM

from canary.findings import ELASTICSEARCH, READ_ONLY, SECRET, TEMPLATES, Finding, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.secrets import Secret
    from watchpost.settings import Settings

KINDS = (APP, PLATFORM, METRIC)
TIMEOUT = 4.0  # seconds of one request
_FILL = "Put credentials that are right into the stack's secret (output ElasticsearchSecret); docs/elasticsearch.md."
_GRANT = "Give the API key or user of the secret the privileges that docs/elasticsearch.md lists."
_NAMED = 3  # indices of a sentence


def connect(settings: Settings, secret: Callable[[], Secret]) -> tuple[Cluster | None, Finding | None]:
    """A client with the credentials as they are now, or why there is none. Nothing is sent to Elasticsearch yet."""
    try:
        return Cluster.connect(settings.elasticsearch_url, secret()), None
    except ConfigurationError as error:
        return None, Finding(SECRET, str(error), _FILL)
    except (ClientError, BotoCoreError) as error:
        seen = f"the secret of Elasticsearch cannot be read: {code_of(error) or type(error).__name__}"
        return None, Finding(
            SECRET, seen, "Look at the secret (output ElasticsearchSecret), its key and the role's rights."
        )


def joints(cluster: Cluster, settings: Settings) -> list[Finding]:
    """What is wrong with the cluster. Raises nothing of Elasticsearch's: that is what is wrong."""
    found: list[Finding] = []
    try:
        for look in (_health, _templates, _blocks):
            found += look(cluster, settings)
    except ClusterRefusedError as error:
        found.append(refused(error))
    except ClusterUnavailableError as error:
        todo = (
            "Check that it runs, its address (parameter ElasticsearchUrl), the network between, and the certificate. "
            "Meanwhile lines are kept as dead letters and replayed later."
        )
        found.append(Finding(ELASTICSEARCH, cut(error), todo))
    return found


def refused(error: ClusterRefusedError) -> Finding:
    """What it means that Elasticsearch refused a request."""
    if error.status == 401:
        return Finding(SECRET, "Elasticsearch refuses the login of the secret (401)", _FILL)
    if error.status == 403 and "cluster_block_exception" in error.reason:
        return Finding(READ_ONLY, cut(error), "Remove the block that is named; see GET _cluster/state/blocks.")
    if error.status == 403:
        return Finding(SECRET, f"what the secret may do is not enough: {cut(error)}", _GRANT)
    return Finding(ELASTICSEARCH, cut(error), "Check the address (parameter ElasticsearchUrl): is it Elasticsearch?")


def _health(cluster: Cluster, settings: Settings) -> Iterator[Finding]:
    """Of our own data streams: what else is in the cluster may be red."""
    path = f"/_cluster/health/{_streams(settings)}"
    params = {"filter_path": "status", "expand_wildcards": "all"}
    status = cluster.request("GET", path, params=params, timeout=TIMEOUT).get("status")
    if status == "red":
        seen = "its health is red: parts of Watchpost's data streams cannot be read or written"
        yield Finding(ELASTICSEARCH, seen, "See why with GET _cluster/allocation/explain.")


def _templates(cluster: Cluster, settings: Settings) -> Iterator[Finding]:
    # Lines go on into data streams that are there, until the next rollover fails; and where a template for all logs is
    # there, as in most clusters, even that works, with guessed types. So nobody else would notice.
    params = {"filter_path": "index_templates.name"}
    answer = cluster.request("GET", "/_index_template/*watchpost.*", params=params, timeout=TIMEOUT)
    there = {one.get("name") for one in answer.get("index_templates", [])}
    missing = [name for name in (names.data_stream(kind, "").rstrip("-") for kind in KINDS) if name not in there]
    if missing:
        todo = f"Have them installed: aws lambda invoke --function-name {settings.stack}-provisioner /dev/stdout"
        yield Finding(TEMPLATES, f"index templates are missing: {', '.join(missing)}", todo)


def _blocks(cluster: Cluster, settings: Settings) -> Iterator[Finding]:
    answer = cluster.request("GET", "/_cluster/state/blocks", params={"filter_path": "blocks"}, timeout=TIMEOUT)
    blocks: dict[str, Any] = answer.get("blocks", {})
    whole = _descriptions(blocks.get("global", {}))
    if whole:
        todo = "Remove the block: PUT _cluster/settings, cluster.blocks.read_only and read_only_allow_delete: null."
        yield Finding(READ_ONLY, f"the cluster is blocked: {whole}", todo)
    marks = tuple(f".ds-{names.data_stream(kind, settings.environment)}" for kind in KINDS)
    blocked = {name: _descriptions(one) for name, one in blocks.get("indices", {}).items() if name.startswith(marks)}
    blocked = {name: said for name, said in blocked.items() if said}
    written = _written_to(cluster, settings) & blocked.keys() if blocked else set()
    if written:
        said = "; ".join(f"{name}: {blocked[name]}" for name in sorted(written)[:_NAMED])
        todo = "Free disk space where the flood stage is named, then: PUT <index>/_settings with the block set to null."
        yield Finding(READ_ONLY, f"indices that are written to are read-only: {said}", todo)


def _written_to(cluster: Cluster, settings: Settings) -> set[str]:
    """The newest index of each of our data streams; older ones may be read-only on purpose."""
    path = f"/{_streams(settings)}/_settings/index.creation_date"
    params = {"expand_wildcards": "all", "ignore_unavailable": "true", "allow_no_indices": "true"}
    answer = cluster.request("GET", path, params=params, timeout=TIMEOUT)
    newest: dict[str, tuple[int, str]] = {}
    for name, one in answer.items():
        made = int(one["settings"]["index"]["creation_date"])
        stream = name.removeprefix(".ds-").rsplit("-", 2)[0]  # .ds-<data stream>-2026.11.21-000001
        newest[stream] = max(newest.get(stream, (0, "")), (made, name))
    return {name for _, name in newest.values()}


def _streams(settings: Settings) -> str:
    """The stack's data streams, and the canary's."""
    spaces = (settings.environment, names.canary_namespace(settings.environment))
    return ",".join(f"{kind}-watchpost.*-{space}" for kind in ("logs", "metrics") for space in spaces)


def _descriptions(blocks: dict[str, Any]) -> str:
    """What keeps from writing: blocks of reading alone, or of metadata, are another matter."""
    return ", ".join(
        cut(one.get("description", "")) for one in blocks.values() if "write" in one.get("levels", ["write"])
    )
