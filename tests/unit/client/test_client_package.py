"""The package: what it imports and when, what it does then, and what it is built from."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import watchpost_client

LAYER = Path(__file__).parents[3] / "layers" / "client"
SOURCES = sorted((LAYER / "watchpost_client").rglob("*.py"))
PARTS = [name for name in watchpost_client.__all__ if name != "__version__"]

# Prints the modules that came with the code; what it opens, or whom it calls, ends it.
_SCRIPT = """
import json, sys
import boto3, aws_lambda_powertools
from aws_lambda_powertools import Logger
before = set(sys.modules)
def watch(event, arguments):
    if not watching:
        return
    if event.startswith(("socket.", "subprocess.", "urllib.", "os.system", "os.posix_spawn", "shutil.")):
        raise SystemExit(f"{event} {arguments}")
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
        raise SystemExit(f"{event} {arguments}")
watching = True
sys.addaudithook(watch)
%s
watching = False
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def _imported_by(code: str) -> set[str]:
    """The modules that come on top of boto3 and Powertools' Logger in a clean interpreter."""
    # Without site, so that no module of this checkout's environment runs; its packages are on the path all the same.
    path = os.pathsep.join([str(LAYER), *(entry for entry in sys.path if "site-packages" in entry)])
    environment = {"PYTHONPATH": path, "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-SB", "-c", _SCRIPT % code], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == 1, "something was written"
    return set(json.loads(lines[0]))


_NEVER = {
    "requests", "httpx", "urllib3", "watchpost", "orjson", "elasticsearch", "asyncio", "yaml",
    "aws_lambda_powertools.utilities.parameters", "aws_lambda_powertools.metrics.metrics",
    "aws_lambda_powertools.metrics.provider.base", "watchpost_client.provider",
    "watchpost_client.config_source", "watchpost_client.failures", "watchpost_client.secrets_in_text",
}  # fmt: skip  # a list


def test_importing_every_part_reads_writes_and_calls_nothing_and_brings_nothing_of_others() -> None:
    """A service pays for what it uses when it uses it: libraries that it does not have are not looked for."""
    found = _imported_by(f"from watchpost_client import {', '.join(PARTS)}")

    assert {f"watchpost_client.{part}" for part in ("entry", "logs", "passing", "config", "metrics")} <= found
    assert _NEVER & found == set()
    others = {name.split(".")[0] for name in found} - {"watchpost_client"} - set(sys.stdlib_module_names)
    assert others == set()


@pytest.mark.parametrize(
    ("part", "without"),
    [
        ("metrics", {"logs", "entry", "passing", "config", "records", "correlation", "carriers"}),
        ("correlation", {"logs", "entry", "passing", "config", "records", "metrics"}),
        ("config", {"logs", "entry", "passing", "records", "carriers"}),
        ("logger", {"entry", "passing", "config", "records", "carriers"}),
        ("instrument", {"logs", "entry", "config", "records", "metrics"}),
    ],
)
def test_a_part_comes_without_the_others(part: str, without: set[str]) -> None:
    found = _imported_by(f"from watchpost_client import {part}")

    assert {f"watchpost_client.{name}" for name in without} & found == set()


def test_using_what_needs_no_network_brings_no_more() -> None:
    """An invocation with a line, a metric and a value given by a test, of a handler that is not asynchronous."""
    code = """
from watchpost_client import config, handler, logger, metrics
import io
log = logger("shop", stream=io.StringIO())
metrics._buffer._write = lambda lines: None
@handler
def work(event, context):
    log.info("x")
    metrics.count("orders")
with config.override({"a": "1"}):
    work({}, None)
    assert config.get("a") == "1"
"""

    assert _NEVER & _imported_by(code) == set()


def test_a_name_that_is_none_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no_such_part"):
        getattr(watchpost_client, "no_such_part")  # noqa: B009  # as `from … import` does


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_nothing_of_watchpost_and_nothing_undeclared_is_imported(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    allowed = {"watchpost_client", "aws_lambda_powertools", "boto3", "botocore"} | set(sys.stdlib_module_names)
    assert {name.split(".")[0] for name in names} - allowed == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_errors_of_any_kind_are_swallowed_in_one_place_only(source: Path) -> None:
    """A blind `except` that does not raise again stands in guard.py, and where a record of the service failed."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    blind = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]

    assert len(blind) == {"guard.py": 1, "records.py": 1}.get(source.name, 0)


def _project() -> dict[str, Any]:
    return tomllib.loads((LAYER / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_needs_powertools_and_boto3_only_and_has_its_own_version() -> None:
    project = _project()

    needed = {re.split(r"[<>=]", one)[0] for one in project["project"]["dependencies"]}
    assert needed == {"aws-lambda-powertools", "boto3"}
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "watchpost_client.__version__"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", watchpost_client.__version__)


def test_the_layer_has_the_powertools_that_the_tests_run_with_locked_by_hashes() -> None:
    locked = (LAYER / "requirements.txt").read_text(encoding="utf-8")
    core = (LAYER.parent / "core" / "requirements.txt").read_text(encoding="utf-8")

    names = re.findall(r"^([a-z0-9-]+)==(\S+)", locked, re.MULTILINE)
    assert [name for name, _ in names] == ["aws-lambda-powertools", "jmespath", "typing-extensions"]
    assert all(f"{name}=={version} " in core for name, version in names if name in core)
    assert locked.count("--hash=sha256:") >= 2 * len(names)
    assert "://" not in locked


def test_the_layer_is_built_as_the_core_layer_is() -> None:
    """Both makefiles differ in names alone."""

    def recipe(layer: str) -> str:
        return (LAYER.parent / layer / "Makefile").read_text(encoding="utf-8")

    ours = recipe("client").replace("ClientLayer", "CoreLayer").replace("the client layer", "the core layer")
    assert ours.replace("watchpost_client", "watchpost") == recipe("core")
