"""Deployments of other versions than that of this checkout: with a fault, with a change, and from the past."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from local import account as accounts
from local import emulator, stack
from local.state import BUILD, CHECKOUT, SHARED, lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.acceptance.region import Region


def deploy(world: Region, built: Path = BUILD, **parameters: str) -> None:
    """Deploy a stack that delivers to the account's Elasticsearch. Raises LocalError with CloudFormation's reason."""
    account = world.account
    url = accounts.without_credentials(account.elasticsearch_url)
    environment = stack.aws_environment(account.endpoint, world.region)
    values = {"ElasticsearchUrl": url, **parameters}
    stack.deploy_built(built, account.state, world.name, environment, values)


def fill_secret(world: Region) -> None:
    """Give a stack the credentials that the account's first stack has."""
    of_first = world.account.client("secretsmanager")
    text = of_first.get_secret_value(SecretId=world.account.outputs()["ElasticsearchSecret"])["SecretString"]
    world.account.client("secretsmanager", world.region).put_secret_value(
        SecretId=world.outputs["ElasticsearchSecret"], SecretString=text
    )


def changed(folder: Path, replaced: Mapping[str, tuple[str, str]]) -> Path:
    """What was built, with some files changed: `{"ShipperFunction/shipper/handler.py": (old, new)}`."""
    folder.mkdir()
    for item in BUILD.iterdir():
        (folder / item.name).symlink_to(item)
    for name, (old, new) in replaced.items():
        top = folder / name.split("/", 1)[0]
        if top.is_symlink():
            original = top.resolve()
            top.unlink()
            (shutil.copytree if original.is_dir() else shutil.copy)(original, top)
        text = (folder / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (folder / name).write_text(text.replace(old, new))
    return folder


def previous(commit: str, world: Region) -> Path:
    """Build a version of the past, once, and return the folder that it was built into."""
    shown = subprocess.run(["git", "archive", commit], cwd=CHECKOUT, capture_output=True, check=False)
    if shown.returncode:
        pytest.skip(f"the history of this checkout does not go back to {commit}: {shown.stderr.decode().strip()}")
    folder = SHARED / "releases" / f"{commit}-{emulator.runtime()}-{stack.architecture()}"
    with lock(folder.parent, wait=True):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            source = folder / "source"
            source.mkdir(parents=True)
            with tarfile.open(fileobj=io.BytesIO(shown.stdout)) as archive:
                archive.extractall(source, filter="data")
            stack.build_of(source, folder / "build", world.account.state)
            (folder / "done").write_text(json.dumps({"commit": commit}))
    return folder / "build"
