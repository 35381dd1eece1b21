"""A release as `make package` makes it: put into a bucket, deployed from there, and at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from watchpost import __version__

from local import emulator, package, stack
from local.state import BUILD
from tests.acceptance.region import NOWHERE, Region

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.account import Account

NAME, REGION = "packed", "sa-east-1"
BUCKET = "releases-of-watchpost"


@pytest.fixture(scope="module")
def packaged(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of a release in a bucket."""
    target = package.Target(emulator.runtime(), stack.architecture())
    template = package.assemble(BUILD, tmp_path_factory.mktemp("dist") / "watchpost", target)
    configuration = {"LocationConstraint": REGION}
    account.client("s3", REGION).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=configuration)
    return package.upload(template, BUCKET, stack.aws_environment(account.endpoint, REGION))


@pytest.fixture(scope="module")
def deployed(account: Account, packaged: Path) -> Iterator[Region]:
    """A stack of what lies in the bucket."""
    environment = stack.aws_environment(account.endpoint, REGION)
    stack.deploy_template(packaged, {"ElasticsearchUrl": NOWHERE}, NAME, account.state, environment)
    region = Region(account, NAME, REGION)
    yield region
    region.delete()


def test_the_packaged_template_names_what_lies_in_the_bucket(account: Account, packaged: Path) -> None:
    listed = account.client("s3", REGION).list_objects_v2(Bucket=BUCKET)["Contents"]
    text = packaged.read_text()

    assert all(item["Key"].startswith(f"watchpost/{__version__}/") for item in listed)
    assert all(item["Key"] in text for item in listed)
    assert ".zip" not in text  # sam names what it uploads by its sum
    assert len(listed) == len(list(packaged.parent.glob("*.zip"))) + 2  # README and LICENSE


def test_a_stack_of_it_works_and_tells_its_version(account: Account, deployed: Region) -> None:
    assert deployed.outputs["Version"] == __version__
    assert account.invoke(deployed.outputs["JanitorFunction"], {"dry_run": True}, REGION)["state"] == "finished"
    assert account.invoke(deployed.outputs["SubscriberFunction"], {"action": "sweep"}, REGION)["complete"]
