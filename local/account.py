"""The account on one machine: starting it, deploying Watchpost into it, saying what runs, stopping it."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from watchpost.names import COMPONENTS

from local import elasticsearch, emulator, processes, stack
from local.errors import LocalError
from local.progress import step
from local.supervisor import KEEP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.state import State


@dataclass(frozen=True, slots=True)
class Account:
    """A running account with Watchpost deployed."""

    state: State
    endpoint: str
    elasticsearch_url: str  # with credentials
    elasticsearch_ca: str | None = None  # file with the certificate of a private authority

    def elasticsearch(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request to Elasticsearch as its administrator."""
        url = f"{self.elasticsearch_url}/{path}"
        return requests.request(method, url, verify=self.elasticsearch_ca or True, timeout=20, **options)

    def client(self, service: str, region: str = emulator.REGION) -> Any:
        """A boto3 client as the account's root."""
        return emulator.client(self.endpoint, service, region)

    def outputs(self, name: str = stack.STACK, region: str = emulator.REGION) -> dict[str, str]:
        """A stack's outputs by name."""
        described = self.client("cloudformation", region).describe_stacks(StackName=name)
        return {item["OutputKey"]: item["OutputValue"] for item in described["Stacks"][0]["Outputs"]}

    def invoke(self, function: str, event: Mapping[str, Any], region: str = emulator.REGION) -> Any:
        """Invoke a function and return what it returned. Raises LocalError when it failed."""
        answer = self.client("lambda", region).invoke(FunctionName=function, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            message = payload.get("errorMessage", payload) if isinstance(payload, dict) else payload
            raise LocalError(f"{function} failed: {message}", f"Its log group is /aws/lambda/{function}")
        return payload


def running(state: State) -> Account | None:
    """The account that runs already, or None."""
    record = state.read_record()
    if not record.get("ready") or not processes.is_supervisor(record):
        return None
    account = Account(state, record["endpoint"], record["elasticsearch_url"], record.get("elasticsearch_ca"))
    ready = elasticsearch.is_ready(account.elasticsearch_url, account.elasticsearch_ca)
    return account if ready and emulator.is_ready(account.endpoint) else None


def _external_cluster(state: State) -> tuple[str, str | None] | None:
    """The cluster that ELASTICSEARCH_URL asks for, and the file in ELASTICSEARCH_CA.

    None when it asks for none, or for this account's own, from a sourced env file.
    """
    url = os.environ.get("ELASTICSEARCH_URL", "").rstrip("/")
    if not url or url == state.read_record().get("own_elasticsearch_url"):
        return None
    ca = os.environ.get("ELASTICSEARCH_CA") or None
    if ca and not Path(ca).is_file():
        raise LocalError(f"ELASTICSEARCH_CA names {ca}, which is not a file", "Name a PEM certificate, or unset it")
    if not elasticsearch.is_ready(url, ca):
        shown = without_credentials(url)
        remedy = (
            "Start it, correct the URL and its credentials, name its private authority's certificate in "
            "ELASTICSEARCH_CA, or unset ELASTICSEARCH_URL to have one started here"
        )
        raise LocalError(f"ELASTICSEARCH_URL names {shown}, which does not answer", remedy)
    return url, str(Path(ca).resolve()) if ca else None


def without_credentials(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def credentials_of(url: str) -> dict[str, str]:
    """User and password of a URL, as the secret wants them."""
    parts = urlsplit(url)
    if not parts.username or not parts.password:
        remedy = "Write it as http://USER:PASSWORD@HOST:PORT"
        raise LocalError("ELASTICSEARCH_URL has no user and password", remedy)
    return {"username": unquote(parts.username), "password": unquote(parts.password)}


@contextmanager
def started(state: State, *, keep: bool) -> Iterator[Account]:
    """Have an account for the length of a block.

    One that runs already is used and left as it is. One that had to be started is stopped at the end of the block,
    whatever happens, unless the block ended well and keep is set.
    """
    account = running(state)
    if account:
        yield account
        return
    stop(state)
    lifeline = -1
    try:
        account, lifeline = _start(state)
        yield account
        if keep:
            os.write(lifeline, KEEP)
    except BaseException:
        keep = False
        raise
    finally:
        if lifeline >= 0:
            os.close(lifeline)
        if not keep:
            stop(state)


def _start(state: State) -> tuple[Account, int]:
    external = _external_cluster(state)
    shutil.rmtree(state.run, ignore_errors=True)
    shutil.rmtree(state.temporary, ignore_errors=True)
    state.run.mkdir(parents=True)
    state.temporary.mkdir(parents=True)
    endpoint = emulator.endpoint(aws_port := processes.free_port("WATCHPOST_AWS_PORT"))
    wanted = [emulator.process(state, aws_port)]
    url, ca = external or ("", None)
    service_login = credentials_of(url) if external else {}
    if ca:
        service_login["ca_certificate"] = Path(ca).read_text()
    if not external:
        installation = elasticsearch.install(state)
        port = processes.free_port("WATCHPOST_ELASTICSEARCH_PORT")
        wanted.append(elasticsearch.process(installation, port, processes.free_port("WATCHPOST_TRANSPORT_PORT")))
        passwords = installation.passwords
        url = f"http://{elasticsearch.ADMIN}:{passwords[elasticsearch.ADMIN]}@127.0.0.1:{port}"
        service_login = {"username": elasticsearch.SERVICE, "password": passwords[elasticsearch.SERVICE]}
    supervisor, lifeline = processes.supervise(state, wanted)
    record = {"supervisor": supervisor, "endpoint": endpoint, "elasticsearch_url": url, "elasticsearch_ca": ca}
    if not external:
        record["own_elasticsearch_url"] = url
    state.write_record({**record, "ready": False})
    account = Account(state, endpoint, url, ca)
    try:
        _bring_up(account, service_login)
        state.write_record({**record, "ready": True})
    except BaseException:
        os.close(lifeline)
        raise
    return account, lifeline


def _bring_up(account: Account, service_login: dict[str, str]) -> None:
    """Wait for both processes, building meanwhile; then deploy, seed the secret and install the templates."""
    state = account.state
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(stack.build, state)
        with step("Starting the AWS emulator"):
            processes.wait_until("The AWS emulator", lambda: emulator.is_ready(account.endpoint), state)
        own = state.read_record().get("own_elasticsearch_url")
        url = without_credentials(account.elasticsearch_url)
        with step("Starting Elasticsearch" if own else f"Asking for Elasticsearch at {url}"):
            processes.wait_until(
                "Elasticsearch",
                lambda: elasticsearch.is_ready(account.elasticsearch_url, account.elasticsearch_ca),
                state,
            )
        with step("Building functions and layers") as current:
            current.note = "" if building.result() else "nothing has changed"
    with step("Deploying Watchpost"):
        stack.deploy(state, account.endpoint, url)
    with step("Seeding the secret, installing index templates"):
        outputs = account.outputs()
        secret = json.dumps(service_login)
        account.client("secretsmanager").put_secret_value(SecretId=outputs["ElasticsearchSecret"], SecretString=secret)
        account.invoke(outputs["ProvisionerFunction"], {"action": "apply"})
    state.write_env(environment(account, outputs))


def environment(account: Account, outputs: Mapping[str, str]) -> dict[str, str]:
    """What `.local/env` exports."""
    functions = {f"WATCHPOST_{name.upper()}_FUNCTION": outputs[f"{name.capitalize()}Function"] for name in COMPONENTS}
    return {
        **stack.aws_environment(account.endpoint),
        "ELASTICSEARCH_URL": account.elasticsearch_url,
        **({"ELASTICSEARCH_CA": account.elasticsearch_ca} if account.elasticsearch_ca else {}),
        "WATCHPOST_STACK": stack.STACK,
        **functions,
    }


def stop(state: State) -> bool:
    """Stop the account, if it runs, and wait until all its processes are gone. Returns whether there was one."""
    record = state.read_record()
    state.env_file.unlink(missing_ok=True)
    if not processes.is_supervisor(record):
        shutil.rmtree(state.temporary, ignore_errors=True)
        return False
    processes.terminate(record["supervisor"])
    state.write_record({**record, "ready": False, "supervisor": None})
    shutil.rmtree(state.temporary, ignore_errors=True)
    return True
