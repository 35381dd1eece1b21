"""Functions as built: each works with nothing but its package, its layers and boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from watchpost.names import COMPONENTS
from watchpost.settings import Settings

from benchmarks import payloads
from local import built
from local.state import BUILD, CHECKOUT, tool
from tests.integration.faults import signature
from tests.integration.faults.aws import BUCKET, PARAMETER, SECRET, Aws
from tests.integration.faults.scripted import created, faulty_elasticsearch

if TYPE_CHECKING:
    from pathlib import Path

    from local.account import Account

# Packages that a function has no use for: importing them would only make it start slower.
NOT_IMPORTED = {
    "shipper": ("elasticsearch", "yaml", "requests", "botocore.session", "urllib3"),
    "subscriber": ("elasticsearch", "yaml"),
    "provisioner": (),
    "notifier": ("elasticsearch", "yaml", "requests"),
    "replay": ("yaml",),
    "janitor": ("elasticsearch", "yaml", "requests"),
    "canary": ("yaml",),
}


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the Lambda runtime brings along."""
    return built.link_runtime(tmp_path_factory.mktemp("runtime"))


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_built_function_can_be_imported_with_its_layers_and_boto3_only(
    local_account: Account, runtime: Path, component: str
) -> None:
    # when its handler is imported in a clean interpreter, as Lambda does
    script = (
        f"import sys, json, {component}.handler as handler\n"
        "print(json.dumps({'callable': callable(handler.lambda_handler), 'modules': sorted(sys.modules)}))"
    )
    done = built.run(component, runtime, script)

    # then it is there, and what it has no use for was not loaded
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["callable"]
    assert [name for name in NOT_IMPORTED[component] if name in answer["modules"]] == []


_INVOCATION = """
import json, os, sys
os.environ.update({environment!r})
from shipper import handler
class Context:
    aws_request_id, function_name, function_version, memory_limit_in_mb = "request", "watchpost-shipper", "1", 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper:1"
    def get_remaining_time_in_millis(self):
        return 60_000
done = handler.lambda_handler({event!r}, Context())
print(json.dumps({{"done": done, "modules": sorted(sys.modules)}}))
"""


@pytest.mark.parametrize(("status", "delivered", "letters"), [(200, 8, 0), (401, 0, 8)], ids=["well", "refused"])
def test_a_shipper_ships_and_keeps_dead_letters_without_botocore(
    local_account: Account, runtime: Path, status: int, delivered: int, letters: int
) -> None:
    """Promise: what took most of a new environment's time is loaded only where it is needed, and not in need."""
    account = Aws({}, {"username": "u", "password": "p"})
    account.start()
    try:
        with faulty_elasticsearch() as elasticsearch:
            elasticsearch.script = lambda documents, _: (status, created(documents)[1])
            environment = {
                **dict.fromkeys((name.upper() for name in Settings.__slots__), "unused"),
                "ELASTICSEARCH_URL": elasticsearch.url,
                "ELASTICSEARCH_COMPRESSION": "none",
                "ELASTICSEARCH_SECRET": SECRET,
                "CONFIG_PARAMETER": PARAMETER,
                "DEAD_LETTER_BUCKET": BUCKET,
                "URL_SUFFIX": "amazonaws.com",
                "AWS_LAMBDA_FUNCTION_NAME": "watchpost-shipper",
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": signature.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": signature.SECRET_KEY,
                "AWS_SESSION_TOKEN": signature.SESSION_TOKEN,
                "AWS_ENDPOINT_URL": account.url,
            }
            done = built.run("shipper", runtime, _INVOCATION.format(environment=environment, event=payloads.event(10)))
    finally:
        account.stop()

    # then configuration, secret, documents, dead letters and metrics went their ways
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["done"]["LinesReceived"] - answer["done"]["LinesFiltered"] == 8
    assert (answer["done"]["DocumentsDelivered"], answer["done"]["DeadLettered"]) == (delivered, letters)
    assert sum(map(len, account.letters().values())) == letters
    assert answer["done"]["MetricsPublished"] > 0
    assert account.unsigned == []
    assert [name for name in ("botocore.session", "urllib3") if name in answer["modules"]] == []


def test_the_core_layer_carries_bytecode_for_its_python(local_account: Account) -> None:
    layer = BUILD / "CoreLayer" / "python"
    tag = sys.implementation.cache_tag

    assert (layer / "watchpost" / "__pycache__" / f"errors.{tag}.pyc").exists()
    assert (layer / "elasticsearch" / "__pycache__" / f"__init__.{tag}.pyc").exists()
    assert not (layer / "boto3").exists()


@pytest.mark.parametrize(
    ("python", "architecture", "marker"), [("3.14", "arm64", b"\xb7\x00"), ("3.13", "x86_64", b"\x3e\x00")]
)
def test_the_core_layer_can_be_built_for_another_python_and_processor(
    tmp_path: Path, python: str, architecture: str, marker: bytes
) -> None:
    environment = {
        **os.environ,
        "ARTIFACTS_DIR": str(tmp_path),
        "WATCHPOST_PYTHON": python,
        "WATCHPOST_ARCHITECTURE": architecture,
        "PYTHON": tool("project", "python"),
    }

    subprocess.run(["make", "-s", "build-CoreLayer"], cwd=CHECKOUT / "layers" / "core", env=environment, check=True)

    [library] = (tmp_path / "python" / "orjson").glob("*.so")
    assert f"cpython-{python.replace('.', '')}-" in library.name
    assert library.read_bytes()[18:20] == marker  # e_machine of the ELF header: 0xb7 is AArch64, 0x3e is x86-64


def test_the_layers_and_functions_fit_into_lambda(local_account: Account, tmp_path: Path) -> None:
    unpacked = sum(
        path.stat().st_size
        for folder in ("CoreLayer", "DefinitionsLayer", "ShipperFunction")
        for path in (BUILD / folder).rglob("*")
        if path.is_file()
    )
    # 250 MB is Lambda's limit for a function with its layers, unpacked (Lambda quotas).
    assert unpacked < 250 * 1024 * 1024
