"""Checks of where lines go: the secrets, Elasticsearch, its index templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner import templates
from watchpost import login
from watchpost.errors import ClusterRefusedError, ConfigurationError

from watchpost_cli import provisioning
from watchpost_cli.checks.around import IN_SHELL, SECRET
from watchpost_cli.checks.model import Check, NotAllowedError, failed, ok, refused, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioner.templates import Template

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Finding, Findings

HEALTH = "the privilege `monitor` of the cluster"
READ_TEMPLATES = "the privilege `manage_index_templates` of the cluster"
TIMEOUT = 8.0  # seconds of one request
_LISTED = {
    "component": ("component_templates", "component_template"),
    "index": ("index_templates", "index_template"),
}
_FILL = "Fill it: aws secretsmanager put-secret-value --secret-id"


def secrets(around: Around) -> Findings:
    """Whether the secrets are there and have what is needed."""
    kibana = around.value("KibanaSecret")
    own = around.needed("ElasticsearchSecret")
    for what, reference in (("Elasticsearch", own), ("Kibana", kibana)):
        if reference and (reference != own or what == "Elasticsearch"):
            yield from _login(around, what, reference)
    reference = around.needed("NotificationSecret")
    try:
        if around.secret(reference).get("receivers"):
            yield ok("the secret of notifications has receivers")
        else:
            yield warning("the secret of notifications names nobody to tell", f"{_FILL} {reference} …")
    except NotAllowedError as error:
        yield refused(error)
    except ValueError:
        yield failed(f"the secret {reference} is no JSON object", f"{_FILL} {reference} …")


def _login(around: Around, what: str, reference: str) -> Iterator[Finding]:
    try:
        found = around.secret(reference)
        login.authorization(found)
        login.tls(found)
    except NotAllowedError as error:
        yield refused(error)
    except (ValueError, ConfigurationError) as error:
        said = error if isinstance(error, ConfigurationError) else f"secret {reference}: text that is no JSON object"
        fields = '{"api_key": "…"} or {"username": "…", "password": "…"}'
        yield failed(f"{what}: {said}", f"{_FILL} {reference} --secret-string '{fields}'")
    else:
        kind = "an API key" if found.get("api_key") else "user and password"
        more = " and a certificate authority" if found.get("ca_certificate") else ""
        yield ok(f"the secret of {what} has {kind}{more}")


def elasticsearch(around: Around) -> Findings:
    """Whether the cluster answers, lets us in, and is healthy."""
    url = around.environ.get("ELASTICSEARCH_URL", "").rpartition("@")[2] or around.value("ElasticsearchUrl")
    try:
        found = around.cluster().request("GET", "/_cluster/health", timeout=TIMEOUT)
    except ClusterRefusedError as error:
        if error.status == 401:
            yield failed(f"{url} refuses the login", "Put credentials that are right into the secret of Elasticsearch.")
        elif error.status == 403:
            yield failed(f"{url} does not allow {HEALTH}", "Give the API key or user what docs/elasticsearch.md lists.")
        else:
            raise
        return
    status, nodes = found.get("status"), found.get("number_of_nodes")
    whose = "the credentials of your shell" if any(around.environ.get(name) for name in IN_SHELL) else "the secret"
    seen = f"{url} answers and takes {whose}; its health is {status}, nodes: {nodes}"
    if status == "red":
        yield failed(seen, "Some data cannot be read or written: look at GET _cluster/allocation/explain.")
    elif status == "yellow":
        yield ok(f"{seen} (copies are missing, as always with one node)")
    elif status == "green":
        yield ok(seen)
    else:
        yield failed(
            f"{url} answers something that is no health of a cluster", "Check the address: is it Elasticsearch?"
        )


def index_templates(around: Around) -> Findings:
    """Whether the index templates are there, as this version has them."""
    folder = provisioning.definitions(around.definitions) / "elasticsearch"
    wrong, all_of_them = [], templates.load(folder)
    for template in all_of_them:
        state = _state(around, template)
        if state:
            wrong.append(f"{template.title} is {state}")
    todo = (
        f"Have them installed: aws lambda invoke --function-name {around.stack}-provisioner /dev/stdout. "
        "If they stay so, deploy the version that this command is of."
    )
    if wrong:
        yield failed("; ".join(wrong), todo)
    else:
        yield ok(f"all {len(all_of_them)} are there, as this version has them")


def _state(around: Around, template: Template) -> str:
    listed, inner = _LISTED[template.folder]
    path = f"/_{template.folder}_template/{template.name}"
    try:
        found = around.cluster().request("GET", path, timeout=TIMEOUT)[listed][0][inner]
    except ClusterRefusedError as error:
        if error.status != 404:
            raise
        return "missing"
    return "" if templates.same(template.body, found) else "of another version"


CHECKS = (
    Check("secrets", "the secrets and their fields", (SECRET,), secrets),
    Check(
        "elasticsearch", "whether the cluster answers, takes the login and is healthy", (SECRET, HEALTH), elasticsearch
    ),
    Check("templates", "the index templates against those of this version", (SECRET, READ_TEMPLATES), index_templates),
)
