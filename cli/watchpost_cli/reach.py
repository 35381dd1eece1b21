"""How the commands reach the stack's Elasticsearch, with what whoever types may read."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.elasticsearch import Cluster
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.search.lines import Lines
from watchpost.secrets import Secret

from watchpost_cli import stack
from watchpost_cli.common import is_url
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

SECRET = "WATCHPOST_ELASTICSEARCH_SECRET"  # noqa: S105  # the name of an environment variable
URL = "ELASTICSEARCH_URL"
_KEY, _USER, _PASSWORD, _CA = (f"ELASTICSEARCH_{name}" for name in ("API_KEY", "USERNAME", "PASSWORD", "CA"))
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
NEEDS = f"""\
needs: cloudformation:DescribeStacks on the stack, and secretsmanager:GetSecretValue on its secret (output
ElasticsearchSecret), or on one of your own with credentials that may only read (--elasticsearch-secret, or the
environment variable {SECRET}). In Elasticsearch the privilege `read` on the data streams.
Without either: {URL}, and {_KEY} or {_USER} and {_PASSWORD}, are used where they are
set ({_CA} names a file with the certificate of a private authority), and with --environment no AWS at all
(`errors` asks Lambda for the last deployment)."""


@dataclass(frozen=True, slots=True)
class Kibana:
    """Where the stack's Kibana is, for links."""

    url: str
    space: str
    data_view: str  # id of that of all lines


@dataclass(frozen=True, slots=True)
class Reached:
    """The lines of a stack. where: what is searched, for people. kibana: None where none is known."""

    lines: Lines
    where: str
    deployed: stack.Deployed | None
    kibana: Kibana | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how Elasticsearch is reached."""
    parser.add_argument(
        "--elasticsearch-secret",
        metavar="ARN",
        default=os.environ.get(SECRET) or "",
        help=f"secret with credentials for Elasticsearch (default: that of {SECRET}, else the stack's)",
    )
    parser.add_argument(
        "--environment",
        metavar="NAME",
        default="",
        help=f"with {URL} in your shell: the namespace of the data streams; the stack is not asked then",
    )


def reached(options: argparse.Namespace) -> Reached:
    """The lines that the options are about; nothing is asked of Elasticsearch yet. Raises CliError."""
    if options.environment:
        if not os.environ.get(URL):
            raise CliError(f"--environment goes with {URL} in your shell; else the stack says what its environment is.")
        return _reached(_from_shell(os.environ), options.environment, None)
    deployed = stack.deployed(options.stack)
    return _reached(cluster(deployed, options.elasticsearch_secret), namespace_of(deployed), deployed)


def cluster(deployed: stack.Deployed, secret: str = "") -> Cluster:
    """The stack's cluster: by the shell's own credentials, by a secret, by the stack's own. Raises CliError.

    secret: ARN or name of one that is used instead of the stack's.
    """
    if os.environ.get(URL):
        return _from_shell(os.environ)
    url = deployed.parameters.get("ElasticsearchUrl", "")
    if not url:
        raise CliError(f"The stack {deployed.name} has no parameter ElasticsearchUrl. Name another one: --stack.")
    own = any(os.environ.get(name) for name in (_KEY, _USER))
    credentials = _credentials(os.environ) if own else _read(secret or deployed.output("ElasticsearchSecret"))
    return _connected(url, credentials)


def namespace_of(deployed: stack.Deployed) -> str:
    """The namespace of a stack's data streams. Raises CliError."""
    found = deployed.parameters.get("Environment", "")
    if not found:
        raise CliError(f"The stack {deployed.name} has no parameter Environment. Name another one: --stack.")
    return found


@contextmanager
def told() -> Iterator[None]:
    """Turn errors of Elasticsearch into CliError, with what to do where that is known."""
    try:
        yield
    except ClusterRefusedError as error:
        raise CliError(refused(error)) from None
    except ClusterUnavailableError as error:
        raise CliError(
            f"{error}. `watchpost doctor` looks for the cause; meanwhile CloudWatch Logs Insights has the lines."
        ) from None


def refused(error: ClusterRefusedError) -> str:
    """What Elasticsearch refused, with what to do where that is known."""
    if error.status == 401:
        return f"{error}. The credentials are wrong or over: check the secret, or ELASTICSEARCH_* in your shell."
    if error.status == 403:
        return f"{error}. Ask for the privilege `read` on logs-watchpost.* and metrics-watchpost.*."
    return str(error)


def _reached(found: Cluster, namespace: str, deployed: stack.Deployed | None) -> Reached:
    where = f"logs-watchpost.*-{namespace}"
    return Reached(Lines(found, namespace), where, deployed, _kibana(deployed) if deployed else None)


def _kibana(deployed: stack.Deployed) -> Kibana | None:
    url = deployed.parameters.get("KibanaUrl", "none")
    parts = deployed.arn.split(":")
    if url in {"", "none"} or len(parts) < 6:
        return None
    view = names.kibana_object(deployed.name, parts[3], parts[4], "logs")
    space = deployed.parameters.get("KibanaSpace", "")
    return Kibana(url, "" if space == "default" else space, view)


def _read(reference: str) -> Secret:
    try:
        text = stack.client("secretsmanager").get_secret_value(SecretId=reference).get("SecretString", "")
        values = json.loads(text)
    except (ClientError, BotoCoreError) as error:
        if code_of(error) in _DENIED:
            ask = f"Ask for secretsmanager:GetSecretValue on it, name one that you may read ({SECRET})"
            raise CliError(
                f"You may not read {reference}. {ask}, or set {URL}, and {_KEY} or {_USER} and {_PASSWORD}."
            ) from None
        raise CliError(f"The secret {reference} cannot be read: {stack.told(error)}") from None
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise CliError(f'The secret {reference} is no JSON object such as {{"api_key": "…"}}. Fill it, see README.')
    return Secret(reference, values)


def _from_shell(environment: Mapping[str, str]) -> Cluster:
    """The cluster that the shell names; the URL may have user and password in it."""
    url = environment[URL]
    if not is_url(url):
        raise CliError(f"{URL} is no URL: {url.rpartition('@')[2]}. Write https://host:port.")
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return _connected(
        bare.rstrip("/"), _credentials(environment, unquote(parts.username or ""), unquote(parts.password or ""))
    )


def _credentials(environment: Mapping[str, str], user: str = "", password: str = "") -> Secret:
    values = {
        "api_key": environment.get(_KEY, ""),
        "username": environment.get(_USER) or user,
        "password": environment.get(_PASSWORD) or password,
    }
    if not (values["api_key"] or (values["username"] and values["password"])):
        raise CliError(f"{URL} or {_USER} is set in your shell without credentials. Set {_KEY}, or {_PASSWORD} too.")
    if environment.get(_CA):
        try:
            values["ca_certificate"] = Path(environment[_CA]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CliError(f"{_CA} names {environment[_CA]}, which cannot be read: {error}") from None
    return Secret("your shell", values)


def _connected(url: str, credentials: Secret) -> Cluster:
    try:
        return Cluster.connect(url, credentials)
    except ConfigurationError as error:
        raise CliError(f"Elasticsearch cannot be reached: {error}") from None
    except ValueError as error:
        raise CliError(f"{url.rpartition('@')[2]} is no URL of Elasticsearch: {error}") from None
