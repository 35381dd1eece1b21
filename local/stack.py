"""Building and deploying with the real SAM CLI, against the emulator."""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import re
import subprocess
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import emulator
from local.errors import LocalError
from local.state import BUILD, CHECKOUT, SHARED, lock, tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from local.state import State

STACK = "watchpost"
ENVIRONMENT = "dev"
DEMO_STACK = "watchpost-demo"
BUILT_FROM = ("template.yaml", "samconfig.toml", "functions", "layers", "dashboards")


def architecture() -> str:
    """The processor of this machine, in Lambda's words."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _parameters(values: Mapping[str, str]) -> list[str]:
    return ["--parameter-overrides", *(f"{name}={value}" for name, value in values.items())]


def _runtime_parameters() -> dict[str, str]:
    return {"PythonRuntime": emulator.runtime(), "Architecture": architecture()}


def _sam(arguments: list[str], what: str, log: Path, environment: Mapping[str, str], folder: Path = CHECKOUT) -> None:
    with log.open("w") as stream:
        done = subprocess.run(
            [tool("sam", "sam"), *arguments],
            cwd=folder,
            env={**_clean_environment(), "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5", **environment},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        remedy = f"All of what `sam {arguments[0]}` said is in {log.relative_to(CHECKOUT)}"
        raise LocalError(f"{what} failed: {_telling_line(log.read_text(errors='replace'))}", remedy)


def _clean_environment() -> dict[str, str]:
    """The environment without whatever points to another account of AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "WATCHPOST_"))}


def _telling_line(text: str) -> str:
    """The line of SAM's output that most likely says what went wrong."""
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error") or "Error:" in line]
    return (errors or lines or ["it said nothing"])[-1][:400]


def _of_last_operation(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of CloudFormation's events, newest first: those since a stack was last begun to be created or updated."""
    return list(
        itertools.takewhile(
            lambda event: (
                event["ResourceType"] != "AWS::CloudFormation::Stack"
                or event["ResourceStatus"] not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
            ),
            events,
        )
    )


def reason_of_failure(events: list[dict[str, Any]]) -> str | None:
    """Why a deployment failed, of CloudFormation's events (newest first): its first failure, not what followed."""
    failures = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    told = [event for event in failures if "cancelled" not in event.get("ResourceStatusReason", "cancelled").lower()]
    if not told:
        return None
    return f"{told[0]['LogicalResourceId']}: {told[0]['ResourceStatusReason']}"[:600]


def _deploy(what: str, arguments: list[str], name: str, state: State, environment: Mapping[str, str]) -> None:
    """environment: as of aws_environment."""
    arguments = ["deploy", "--stack-name", name, "--config-file", str(CHECKOUT / "samconfig.toml"), *arguments]
    log = state.run / f"deploy-{name}.log"
    try:
        _sam(arguments, what, log, environment)
    except LocalError as error:
        endpoint, region = environment["AWS_ENDPOINT_URL"], environment["AWS_DEFAULT_REGION"]
        cloudformation = emulator.client(endpoint, "cloudformation", region)
        try:
            pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
            events = _of_last_operation(event for page in pages for event in page["StackEvents"])
        except ClientError:  # it failed before there was a stack
            raise error from None
        reason = reason_of_failure(events)
        raise LocalError(f"{what} failed: {reason}", error.remedy) if reason else error from None


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{emulator.runtime()} {architecture()}".encode())
    for name in BUILT_FROM:
        top = CHECKOUT / name
        files = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        for path in files:
            if "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(CHECKOUT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def is_built() -> bool:
    """Whether what lies in the build folder was made from the files as they are."""
    stamp = BUILD / "fingerprint"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def build(state: State) -> bool:
    """Build functions and layers for this machine's interpreter. Returns whether anything had to be built."""
    with lock(SHARED / "building", wait=True):  # not in the build folder, which is emptied
        return False if is_built() else _build(state)


def _build(state: State) -> bool:
    build_of(CHECKOUT, BUILD, state)
    (BUILD / "fingerprint").write_text(_fingerprint())
    return True


def build_of(folder: Path, target: Path, state: State) -> None:
    """Build what lies in a folder, this checkout or another version of it, into the folder `target`."""
    version = emulator.runtime().removeprefix("python")
    environment = {
        "WATCHPOST_PYTHON": version,
        "WATCHPOST_ARCHITECTURE": architecture(),
        "PYTHON": tool("project", "python"),
        "AWS_DEFAULT_REGION": emulator.REGION,
    }
    arguments = ["build", "--template", "template.yaml", "--build-dir", str(target)]
    arguments += _parameters({"ElasticsearchUrl": "http://127.0.0.1:9200", **_runtime_parameters()})
    _sam(arguments, "Building", state.run / "build.log", environment, folder)


def aws_environment(endpoint: str, region: str = emulator.REGION) -> dict[str, str]:
    """The variables that lead every AWS tool to the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": emulator.SECRET_KEY,
        "AWS_DEFAULT_REGION": region,
    }


def deploy(
    state: State,
    endpoint: str,
    elasticsearch_url: str,
    name: str = STACK,
    region: str = emulator.REGION,
    **parameters: str,
) -> None:
    """Deploy the built stack.

    elasticsearch_url: without credentials. parameters: of the template. Delivery is "drain" unless said otherwise: it
    opens both ways in, because subscription filters of the emulator feed functions only, while its streams feed the
    shipper.
    """
    parameters = {"ElasticsearchUrl": elasticsearch_url, **parameters}
    deploy_built(BUILD, state, name, aws_environment(endpoint, region), parameters)


def deploy_built(
    built: Path, state: State, name: str, environment: Mapping[str, str], parameters: Mapping[str, str]
) -> None:
    """Deploy what was built into a folder, as `deploy` does. environment: as of aws_environment."""
    values = {
        "Environment": ENVIRONMENT,
        "Delivery": "drain",
        "StreamShards": "1",
        **_runtime_parameters(),
        **parameters,
    }
    deploy_template(built / "template.yaml", values, name, state, environment)


def deploy_template(
    template: Path, parameters: Mapping[str, str], name: str, state: State, environment: Mapping[str, str]
) -> None:
    """Deploy a template of Watchpost as it is. environment: as of aws_environment."""
    arguments = ["--template-file", str(template), *_parameters(parameters)]
    _deploy("Deploying Watchpost", arguments, name, state, environment)


def deploy_demo(state: State, endpoint: str, **parameters: str) -> None:
    """Deploy the demo's services, with the client layer of the stack that is there. parameters: of the template."""
    described = emulator.client(endpoint, "cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in described["Outputs"]}
    values = {
        "ClientLayer": outputs["ClientLayer"],
        # Names below that of this machine are not resolved everywhere, so APIs are named in the path.
        "ApiAddress": f"{endpoint}/_aws/execute-api",
        **_runtime_parameters(),
        **parameters,
    }
    template = CHECKOUT / "local" / "demo" / "template.yaml"
    arguments = ["--template-file", str(template), *_parameters(values)]
    _deploy("Deploying the demo services", arguments, DEMO_STACK, state, aws_environment(endpoint))
